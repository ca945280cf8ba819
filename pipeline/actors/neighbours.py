"""Tokens around a mention: of which kind they are, and whether an actor only owns or helps the next."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, booleans

if TYPE_CHECKING:
    from pipeline.actors.mentions import Mentions
    from pipeline.text.names import Shapes
    from pipeline.text.tokens import Tokens

NEAR = 3  # tokens from "by" to the actor, or from one actor to the next that belongs to it
# After a hyphen: "Rwanda-backed rebels" are not Rwanda. "US-led forces" are.
_HELPED = frozenset(
    "affiliated aligned allied armed backed based controlled financed friendly funded held linked occupied sponsored supported trained".split()
)
_IRREGULAR = frozenset(
    """
    shot hit struck taken held killed beaten driven met sent told given seen led built cut freed sunk torn shaken broken
    stolen won caught fought bought brought sought hurt hung
    """.split()
)
_PREPOSITIONS = frozenset("against and at by for from in near of on or over to with".split())


def one_of(tokens: Tokens, members: Collection[str], ending: str | None = None) -> np.ndarray:
    """(n_tokens + 1,) bool: the token, in lower case, is one of these, or has the ending; false at the end."""
    found = booleans(pc.is_in(tokens.lower, value_set=as_strings(list(members))))
    if ending:
        found = found | booleans(pc.ends_with(tokens.lower, ending))
    return np.append(found[tokens.form], False)


def last(flags: np.ndarray, here: np.ndarray) -> np.ndarray:
    """(n,) the last flagged token before each of these, -1 if there is none."""
    place = np.append(-1, np.flatnonzero(flags))
    return place[np.searchsorted(place[1:], here)]


def next_of(flags: np.ndarray, here: np.ndarray) -> np.ndarray:
    """(n,) the first flagged token from each of these on; the number of tokens if there is none."""
    place = np.append(np.flatnonzero(flags[:-1]), len(flags) - 1)
    return place[np.searchsorted(place, np.minimum(here, len(flags) - 1))]


def hyphens(tokens: Tokens) -> np.ndarray:
    """(n_tokens,) bool: a hyphen joins the token to the next."""
    return np.array([gap == "-" for gap in tokens.gaps.to_pylist()], bool)[tokens.gap_of][tokens.code]


def verbs(tokens: Tokens) -> np.ndarray:
    """(n_tokens + 1,) bool: a participle or past form."""
    verb = one_of(tokens, _IRREGULAR, ending="ed") & ~one_of(tokens, ("united", "red"))
    verb[1:] &= ~hyphens(tokens)  # "Iran-backed"
    return verb


def possessors(tokens: Tokens, shape: Shapes, mentions: Mentions) -> np.ndarray:
    """(n_mentions,) bool: only says whose another actor is, who follows ("Sudan's RSF", "Rwanda-backed M23 rebels")."""
    following = np.append(mentions.start[1:], len(tokens))
    near = (following - mentions.end <= NEAR) & (following < tokens.bounds[mentions.text + 1])
    breaks = np.append(np.cumsum(shape.clause), -1)
    near &= breaks[following] == breaks[mentions.end - 1]
    # Not "Israel's attack on Lebanon", "Sudan's army bombed RSF camps".
    joined = next_of(one_of(tokens, _PREPOSITIONS) | verbs(tokens), mentions.end) > following
    return near & joined & (one_of(tokens, ("s",))[mentions.end] | helped(tokens, mentions))


def helped(tokens: Tokens, mentions: Mentions) -> np.ndarray:
    """(n_mentions,) bool: a word such as "-backed" follows."""
    return hyphens(tokens)[mentions.end - 1] & one_of(tokens, _HELPED)[mentions.end]
