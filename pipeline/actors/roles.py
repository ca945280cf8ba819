"""Source and target actors, from word order, voice and clause structure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from pipeline.actors.gazetteer import PERSON, PLACE, Gazetteer, gazetteer
from pipeline.actors.mentions import Mentions, find_mentions
from pipeline.arrays.arrow import as_strings, booleans
from pipeline.read.cleaning import clean
from pipeline.text import names, scope
from pipeline.text.tokens import Tokens, tokenise

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

_PLACES = frozenset("in at near across throughout inside outside around".split())  # before a name: where, not who
_REACH = 8  # tokens between a passive and its "by"
_GENERIC = "generic"
_BELONGS = 3  # tokens between a name and a generic name that belongs to it
_LAST = 1 << 20  # added to the order of what counts only if there is nothing else


@dataclass(frozen=True)
class Actors:
    """The actors of n texts.

    Attributes
    ----------
    source, target : (n,) int64, codes into ``keys``, -1 if there is none: who acts, who is acted on.
    bounds : (n + 1,) int64, where the actors of each text begin in ``code``.
    code : codes of the distinct actors of each text, in order of mention.
    keys : the keys of the gazetteer.
    """

    source: np.ndarray
    target: np.ndarray
    bounds: np.ndarray
    code: np.ndarray
    keys: tuple[str, ...]

    def of(self, row: int) -> tuple[str, str, list[str]]:
        """Keys of the source, the target and all actors of one text; empty if there is none."""
        named = [*self.keys, ""]
        all_of = [self.keys[code] for code in self.code[self.bounds[row] : self.bounds[row + 1]].tolist()]
        return named[self.source[row]], named[self.target[row]], all_of


def find_actors(texts: Texts) -> Actors:
    """Find the actors of texts, without a loop over them.

    The first actor named acts and the next is acted on, except that

    - after a passive or a noun the one after "by" acts ("was attacked by Kenya");
    - a place comes last ("in Iraq", "Fallujah"), and so do actors in a clause between commas;
    - a generic name does not count beside the name that it belongs to: "Kenyan police", "President Mandela", "the president
      of Kenya".

    ``texts``: a list, Series or Arrow array of n strings.

    Examples
    --------
    >>> found = find_actors(["Kenya accused Uganda.", "In Chad, rebels were attacked by French troops."])
    >>> found.of(0), found.of(1)
    (('KEN', 'UGA', ['KEN', 'UGA']), ('FRA', 'rebels', ['TCD', 'rebels', 'FRA']))
    """
    known = gazetteer()
    tokens = tokenise(clean(texts))
    shape = names.shapes(tokens)
    mentions = _merged(tokens, shape, find_mentions(tokens, known), known)
    order = _order(tokens, shape, mentions)
    source, target = _first_two(mentions, order, _generic(mentions, known), len(tokens.bounds) - 1)
    bounds, code = _distinct(mentions, len(tokens.bounds) - 1)
    return Actors(source, target, bounds, code, known.keys)


def _generic(mentions: Mentions, known: Gazetteer) -> np.ndarray:
    """(n_mentions,) bool: a generic name, such as "rebels"."""
    return np.array([actor.type == _GENERIC for actor in known.actors], bool)[mentions.code]


def _one_of(tokens: Tokens, members: Collection[str], ending: str | None = None) -> np.ndarray:
    """(n_tokens + 1,) bool: the token, in lower case, is one of these, or has the ending; false at the end."""
    lower = pc.utf8_lower(tokens.forms)
    found = booleans(pc.is_in(lower, value_set=as_strings(list(members))))
    if ending:
        found = found | booleans(pc.ends_with(lower, ending))
    return np.append(found[tokens.form], False)


def _merged(tokens: Tokens, shape: names.Shapes, mentions: Mentions, known: Gazetteer) -> Mentions:
    """Mentions without the generic ones that belong to the name before or after them."""
    generic = _generic(mentions, known)
    breaks = np.append(np.cumsum(shape.clause), 0)
    near = mentions.start[1:] - mentions.end[:-1] <= _BELONGS
    beside = near & (breaks[mentions.start[1:]] == breaks[mentions.end[:-1] - 1])
    after = np.append(False, beside & ~generic[:-1])[: len(generic)]
    of = _one_of(tokens, {"of"})[mentions.end[:-1]] & ~generic[1:]
    before = np.append(beside & (of | (mentions.kind[1:] == PERSON)), False)[: len(generic)]
    return mentions.take(~(generic & (after | before)), tokens)


def _order(tokens: Tokens, shape: names.Shapes, mentions: Mentions) -> np.ndarray:
    """(n_mentions,) int64: the actor with the smallest value in a text acts, the next is acted on."""
    by, place, the = (_one_of(tokens, members) for members in ({"by"}, _PLACES, {"the", "a", "an"}))
    participle = _one_of(tokens, _IRREGULAR, ending="ed")
    before = mentions.start - 1
    before = np.where(the[before], before - 1, before)
    inside = before >= tokens.bounds[mentions.text]
    place_of = inside & place[before]
    aside = scope.asides(_one_of(tokens, scope.RELATIVES)[:-1], shape.comma, shape.clause, tokens.bounds)
    last = place_of | (mentions.kind == PLACE) | (aside[mentions.start] if len(mentions.start) else np.zeros(0, bool))
    acts = inside & by[before] & _after_participle(participle, before, tokens.bounds[mentions.text])
    return mentions.start + np.where(last, _LAST, 0) - np.where(acts, 2 * _LAST, 0)


def _after_participle(participle: np.ndarray, by: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """(n,) bool: a participle shortly precedes each "by", in its text."""
    total = np.append(0, np.cumsum(participle[:-1]))
    low = np.maximum(by - _REACH, begin)
    return total[np.maximum(by, 0)] > total[np.minimum(low, np.maximum(by, 0))]


def _first_two(mentions: Mentions, order: np.ndarray, generic: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Source and target of each text: the first in order, and the first other one, named actors before generic ones."""
    text, code = mentions.text, mentions.code
    source, target = np.full((2, n), -1)
    ranked = np.lexsort((order, text))[::-1]  # of several values written to one index the last one stays
    source[text[ranked]] = code[ranked]
    ranked = np.lexsort((order + np.where(generic, _LAST // 2, 0), text))[::-1]
    ranked = ranked[code[ranked] != source[text[ranked]]]
    target[text[ranked]] = code[ranked]
    return source, target


def _distinct(mentions: Mentions, n: int) -> tuple[np.ndarray, np.ndarray]:
    key = mentions.text << 32 | mentions.code
    _, first = np.unique(key, return_index=True)
    first = np.sort(first)
    return np.searchsorted(mentions.text[first], np.arange(n + 1)), mentions.code[first]


_IRREGULAR = frozenset(
    """
    shot hit struck taken held killed beaten driven met sent told given seen led built cut freed sunk torn shaken broken
    stolen won caught fought bought brought sought hurt hung
    """.split()
)
