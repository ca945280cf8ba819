"""Vectorised contributions: how much each position of a text adds to a weighted sum of its log-odds.

A position is a word, or two words with a gap. The up to three terms of a word share a position and are added, and so do
a pair and a reversal with the same words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.arrays.ragged import segment_ids
from pipeline.model.weights import Weights
from pipeline.text.analysis import Sequence
from pipeline.text.terms import PAIRED
from pipeline.text.vocabulary import SUMMED
from pipeline.text.weight_rows import Cells, Repeats, terms_of

_BLOCK = 2_048  # rows multiplied together: they fit the processor's cache
_MOST_BITS = 20  # of the place of a position in its text, packed with its strength into one number
_FEW = 16  # up to this many positions per text, the strongest are found one after the other


@dataclass(frozen=True)
class Places:
    """Positions of terms and what they add, by kind: a single word, or two words stored at the first or the last.

    Attributes
    ----------
    weight : (n_kinds, n_words) float64, 0 without a known term.
    known : (n_kinds, n_words) bool: a known term is there.
    left, right : for each kind (n_words,) int64, the first and the last word of its positions.
    """

    weight: np.ndarray
    known: np.ndarray
    left: list[np.ndarray]
    right: list[np.ndarray]

    def take(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weight, first and last word of positions, each (n,), by their index in the flat arrays."""
        kind, word = np.divmod(chosen, self.known.shape[1])
        left, right = np.zeros((2, len(chosen)), np.int64)
        for number in range(len(self.known)):
            mine = np.flatnonzero(kind == number)
            left[mine], right[mine] = self.left[number][word[mine]], self.right[number][word[mine]]
        return self.weight.ravel()[chosen], left, right


def contributions(
    weights: Weights, sequence: Sequence, others: list, cells: Cells, repeats: Repeats, slope: np.ndarray
) -> Places:
    """How much each position adds to a weighted sum of log-odds.

    Parameters
    ----------
    others, cells : the terms of the texts, and their words and terms (`pipeline.text.weight_rows`).
    repeats : those that occur in a text more than once.
    slope : (n_texts, n_labels) float64, the weight of each column of `Weights.table`, divided by the length of the text's
        TF-IDF row.
    """
    n_words, names = len(sequence.symbol), [f for f in weights.vocabulary.features.families if f not in SUMMED]
    paired = [family for family in names if family in PAIRED]
    weight, known = np.zeros((1 + len(paired), n_words)), np.zeros((1 + len(paired), n_words), bool)
    places = Places(weight, known, [np.arange(n_words)] * len(weight), [np.arange(n_words)] * len(weight))
    row, word = cells.row.astype(np.int64), np.flatnonzero(sequence.symbol >= 0)
    of_words, *of_terms = np.split(
        _added(weights, cells, row, repeats, slope), np.cumsum([len(word), *(len(term) for *_, term in others)])[:-1]
    )
    weight[0, word], known[0, word] = of_words, weights.known_rows[row[: len(word)]]
    for name, (i, j, _), added in zip(names, others, of_terms):
        if name not in PAIRED:
            weight[0, i] += added
            known[0, i] = True
            continue
        # A pair is stored at its first word, a reversal at the word in its scope: at most one per word.
        at, kind = (j if name == "cue" else i), 1 + paired.index(name)
        weight[kind, at], known[kind, at] = added, True
        for side, ends in ((places.left, np.minimum(i, j)), (places.right, np.maximum(i, j))):
            side[kind] = np.zeros(n_words, np.int64)
            side[kind][at] = ends
    if "cue" in paired:
        _join_cues(places, 1 + paired.index("cue"))
    return places


def _join_cues(places: Places, cue: int) -> None:
    """Add each reversal to the pair in the same position."""
    at = np.flatnonzero(places.known[cue])
    for kind in range(1, cue):
        lead = places.left[cue][at]
        same = places.known[kind, lead] & (places.right[kind][lead] == places.right[cue][at])
        places.weight[kind, lead[same]] += places.weight[cue, at[same]]
        places.weight[cue, at[same]], places.known[cue, at[same]] = 0.0, False
        at = at[~same]


def _added(weights: Weights, cells: Cells, row: np.ndarray, repeats: Repeats, slope: np.ndarray) -> np.ndarray:
    """(n,) what each word or term adds; ``row`` is its row of the weight table."""
    text = cells.text
    out = _dots(weights.table, row, slope, text)
    again, group = repeats.among(cells)
    counts = repeats.counts[group]
    share = (1.0 + np.log(np.maximum(counts, 1))) / np.maximum(counts, 1)
    # If a word has the same marks at each place, all of its terms have the same count.
    alike = ((counts == 0) | (counts == counts[:, :1])).all(axis=1)
    out[again[alike]] *= share[alike, 0]
    again, share = again[~alike], share[~alike]
    added = np.zeros(len(again))
    for family, term in enumerate(terms_of(weights.vocabulary, row[again])):
        there = np.flatnonzero(term >= 0)
        own = term[there] + 4 * len(weights.vocabulary.lexicon)
        added[there] += _dots(weights.table, own, slope, text[again[there]]) * share[there, family]
    out[again] = added
    return out


def _dots(table: np.ndarray, row: np.ndarray, slope: np.ndarray, text: np.ndarray) -> np.ndarray:
    """(n,) products of rows of the table with the slopes of their texts."""
    out, (left, right) = np.empty(len(row)), np.empty((2, _BLOCK, table.shape[1]))
    for begin in range(0, len(row), _BLOCK):
        here = slice(begin, begin + _BLOCK)
        n = len(row[here])
        # Into the same arrays each time, which stay in the cache; NumPy avoids a copy if it need not check indices.
        np.take(table, row[here], axis=0, out=left[:n], mode="clip")
        np.take(slope, text[here], axis=0, out=right[:n], mode="clip")
        np.einsum("ij,ij->i", left[:n], right[:n], out=out[here])
    return out


def strongest(places: Places, bounds: np.ndarray, top: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Indices into the flat arrays: the ``top`` positions of each text, strongest first; and where each text begins.

    Parameters
    ----------
    bounds : (n_texts + 1,) the first word of each text.
    """
    n_kinds, n_words = places.known.shape
    full = np.flatnonzero(np.diff(bounds))
    begin = bounds[full]
    bits = (n_kinds * int(np.diff(bounds).max(initial=0))).bit_length()
    if top is None or top > _FEW or bits > _MOST_BITS:
        return _ranked(places, bounds, top)
    if not len(full) or not top:
        return np.zeros(0, np.int64), np.zeros(len(bounds), np.int64)
    last = np.uint64((1 << bits) - 1)
    keys = _packed(places, begin, bits)
    of_word = keys.max(axis=0)
    chosen = np.full((len(full), top), -1)
    for rank in range(top):
        best = np.maximum.reduceat(of_word, begin)
        there = np.flatnonzero(best > last)
        word, kind = np.divmod((last - (best[there] & last)).view(np.int64), n_kinds)
        word += begin[there]
        chosen[there, rank] = kind * n_words + word
        keys[kind, word] = 0
        of_word[word] = keys.take(word, axis=1).max(axis=0)
    counts = np.zeros(len(bounds) - 1, np.int64)
    counts[full] = (chosen >= 0).sum(axis=1)
    return chosen[chosen >= 0], np.append(0, np.cumsum(counts))


def _packed(places: Places, begin: np.ndarray, bits: int) -> np.ndarray:
    """(n_kinds, n_words) uint64: the strength of a position in the upper bits and its place in the text in the lower, so
    one maximum finds both.

    Non-negative floats are ordered like their bits (IEEE 754); at least 32 of the 52 bits of the fraction remain. Among
    equals the first is the largest. The upper bits are 0 without a known term.
    """
    n_kinds, n_words = places.known.shape
    place = (np.arange(n_words) - begin[segment_ids(np.append(begin, n_words))]) * n_kinds
    keys = np.abs(places.weight).view(np.uint64)
    keys >>= np.uint64(bits)
    keys += places.known  # ranks a known term of zero weight above an empty position
    keys <<= np.uint64(bits)
    for kind in range(n_kinds):
        keys[kind] |= ((1 << bits) - 1 - kind - place).view(np.uint64)
    return keys


def _ranked(places: Places, bounds: np.ndarray, top: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Like `strongest`, by sorting all positions."""
    word, kind = np.nonzero(places.known.T)  # word by word
    text = np.searchsorted(bounds, word, side="right") - 1
    order = np.lexsort((-np.abs(places.weight[kind, word]), text))
    counts = np.bincount(text, minlength=len(bounds) - 1)
    if top is not None:
        begin = np.append(0, np.cumsum(counts))
        order = order[np.arange(len(order)) - begin[text] < top]
        counts = np.minimum(counts, top)
    return (kind * places.known.shape[1] + word)[order], np.append(0, np.cumsum(counts))
