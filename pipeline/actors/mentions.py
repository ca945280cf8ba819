"""Actor mentions: the longest gazetteer name at each token, for a whole batch at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from pipeline.actors.gazetteer import N_KINDS, Gazetteer
from pipeline.arrays.arrow import booleans
from pipeline.arrays.ragged import segment_ids
from pipeline.text.tokens import Tokens

# Names shared with people, other places or common words. They count unless a neighbouring word shows another meaning.
AMBIGUOUS = frozenset(
    """
    Georgia Jordan Chad Turkey Guinea Washington Wellington Victoria Santiago Kingston Lima Sofia Dominican Congress
    America London Paris Berlin Athens Dublin Wagner Libre Contra Amnesty Commonwealth Nassau Georgetown Hamilton Colombo
    Lebanon Cuba Peru Poland Holland Wales England Jersey Samoa Delhi Lao Dane Swede Finn Pole Scot Israel Chile Mali
    """.split()
)
# Words after an ambiguous name that show it is not an actor.
_AFTER = frozenset(
    """
    governor senator legislature Tech Bulldogs State Atlanta Post Times Street Bridge Redskins Nationals Wizards Capitals
    Hilton Marathon Symphony United Irving Spieth Pickett James Henderson soup breast Monument University Carver dinner
    """.split()
)
# Capitalised words that may precede one without belonging to a name: "President", "In", "The".
_BEFORE = frozenset(
    """
    The In At From To Of And But For With Between Against President Prime Minister King Queen Republic Kingdom North
    South East West Central Former New Old Greater Southern Northern Eastern Western State Secretary General Emir Crown
    """.split()
)
# Words before or after a generic name that show another meaning: "the club president", "top of the Premier League",
# "Labour MPs rebel over cuts".
_NO_STATE = frozenset(
    "association bank club clubs company federation fifa league party's school student team union university vice".split()
)
_OTHERWISE = {
    "president": (_NO_STATE, frozenset()),
    "officials": (_NO_STATE, frozenset()),
    "premier": (frozenset(), frozenset("league inn division".split())),
    "rebel": (frozenset(), frozenset("over against".split())),
}
_JOINS = frozenset((" ", "-", ".", ". ", "'", "’", "' ", "’ ", "\u00a0"))


@dataclass(frozen=True)
class Mentions:
    """Names of actors in a batch, in reading order.

    ``start`` and ``end`` (n,) are the first token of each mention and the token after it, ``code`` is the actor, ``kind``
    the kind of name (`pipeline.actors.gazetteer.NAME`, ``PERSON`` or ``PLACE``), and ``bounds`` (n_texts + 1,) the first
    mention of each text.
    """

    start: np.ndarray
    end: np.ndarray
    code: np.ndarray
    kind: np.ndarray
    bounds: np.ndarray

    @property
    def text(self) -> np.ndarray:
        """(n,) the text of each mention."""
        return segment_ids(self.bounds)

    def take(self, kept: np.ndarray, tokens: Tokens) -> Mentions:
        """Some of the mentions; ``kept`` selects them, (n,) bool or indices."""
        start = self.start[kept]
        bounds = np.searchsorted(start, tokens.bounds)
        return Mentions(start, self.end[kept], self.code[kept], self.kind[kept], bounds)


def find_mentions(tokens: Tokens, names: Gazetteer) -> Mentions:
    """Find the longest actor name at each token; names inside longer ones do not count."""
    forms = tokens.forms.to_pylist()
    number = np.array([names.words.get(form, -1) for form in forms] + [-1], np.int64)[tokens.form]
    joined = np.append(_joins(tokens), False)  # only a joint separates a token from the next
    start = np.flatnonzero(number >= 0)
    node, here, alive = np.zeros(len(start), np.int64), start.copy(), np.arange(len(start))
    end, meaning = start.copy(), np.full(len(start), -1)
    edge_keys, edge_nodes = _sorted(names.edges)
    end_nodes, meanings = _sorted(names.ends)
    for _ in range(names.longest):
        node = _looked_up((node << 20) + number[here], edge_keys, edge_nodes)
        on = node >= 0
        alive, node, here = alive[on], node[on], here[on]
        found = _looked_up(node, end_nodes, meanings)
        hit = found >= 0
        end[alive[hit]], meaning[alive[hit]] = here[hit] + 1, found[hit]
        on = joined[here] & (here + 1 < len(number))
        on[on] = number[here[on] + 1] >= 0
        alive, node, here = alive[on], node[on], here[on] + 1
        if not len(alive):
            break
    mentions = Mentions(start, end, *np.divmod(meaning, N_KINDS), np.searchsorted(start, tokens.bounds))
    mentions = mentions.take((meaning >= 0) & _believed(tokens, forms, start, end), tokens)
    covered = np.maximum.accumulate(np.append(0, mentions.end))[:-1]
    return mentions.take(covered <= mentions.start, tokens)


def _joins(tokens: Tokens) -> np.ndarray:
    """(n_tokens,) bool: only a joint separates the token from the next of its text."""
    joins = np.array([gap in _JOINS for gap in tokens.gaps.to_pylist()], bool)[tokens.gap_of][tokens.code]
    last = tokens.bounds[1:][tokens.bounds[1:] > tokens.bounds[:-1]] - 1
    joins[last] = False
    return joins[:-1] if len(joins) else joins


def _believed(tokens: Tokens, forms: list[str], start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(n,) bool: false for an ambiguous name whose neighbours show that it means something else."""
    ambiguous, following, preceding = (
        np.array([form in members for form in forms] + [False]) for members in (AMBIGUOUS, _AFTER, _BEFORE)
    )
    first = pc.utf8_slice_codeunits(tokens.forms, 0, 1)
    capital = np.append(booleans(pc.not_equal(first, pc.utf8_lower(first))), False)
    form = np.append(tokens.form, len(forms))  # the entry after the last token is of no kind
    spaces = np.array([gap == " " for gap in tokens.gaps.to_pylist()], bool)
    spaced = np.append(spaces[tokens.gap_of][tokens.code], False)
    inside = ~np.isin(start, tokens.bounds[:-1])
    before, after = form[np.maximum(start - 1, 0)], form[np.minimum(end, len(tokens))]
    doubtful = ambiguous[form[start]] & (end == start + 1)
    named = inside & spaced[np.maximum(start - 1, 0)] & capital[before] & ~preceding[before]
    # "of Michael Jordan", not "Kerry in Jordan": a capital right before, unless the word before it begins a sentence.
    doubted = doubtful & (named | (following[after] & spaced[end - 1]))
    return ~(doubted | _otherwise(tokens, np.where(inside, start - 1, -1), start, np.where(spaced[end - 1], end, -1)))


def _otherwise(tokens: Tokens, before: np.ndarray, start: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(n,) bool: a generic name whose neighbours, -1 where there is none, show that it means something else."""
    lower = np.append(np.array(tokens.lower.to_pylist(), object)[tokens.form], "")
    out = np.zeros(len(start), bool)
    for word, (left, right) in _OTHERWISE.items():
        place = np.flatnonzero(lower[start] == word)
        out[place] = [lower[before[k]] in left or lower[after[k]] in right for k in place]
    return out


def _sorted(table: dict[int, int]) -> tuple[np.ndarray, np.ndarray]:
    keys = np.array(sorted(table), np.int64)
    return keys, np.array([table[key] for key in keys.tolist()], np.int64)


def _looked_up(wanted: np.ndarray, keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The value of each key, -1 if there is none."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], -1)
