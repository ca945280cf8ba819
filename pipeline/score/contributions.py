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
from pipeline.text.weight_rows import rows_of_words, terms_of

_BLOCK = 2_048  # rows multiplied together: they fit the processor's cache
_FILTER = 1 << 22  # slots of the filter for repeated keys
ABSENT = -1.0  # the strength of a position without a known term
_MOST_BITS = 20  # of the position of a word in its text, packed with its strength into one number
_FEW = 16  # up to this many positions per text, the strongest are found one after the other


@dataclass(frozen=True)
class Places:
    """Positions of terms and what they add, by kind: a single word, or two words stored at the first or the last.

    Attributes
    ----------
    weight : (n_kinds, n_words) float64.
    known : (n_kinds, n_words) bool: a known term is there.
    left, right : for each kind (n_words,) int64, the first and the last word of its positions.
    """

    weight: np.ndarray
    known: np.ndarray
    left: list[np.ndarray]
    right: list[np.ndarray]

    def take(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weight, first and last word of positions, by their index in the flat arrays."""
        kind, word = np.divmod(chosen, self.known.shape[1])
        left, right = np.zeros((2, len(chosen)), np.int64)
        for number in range(len(self.known)):
            mine = np.flatnonzero(kind == number)
            left[mine], right[mine] = self.left[number][word[mine]], self.right[number][word[mine]]
        return self.weight.ravel()[chosen], left, right


def contributions(weights: Weights, sequence: Sequence, others: list, table: np.ndarray, slope: np.ndarray) -> Places:
    """How much each position adds to a weighted sum of log-odds.

    Parameters
    ----------
    others : terms of the families that are not summed beforehand (`pipeline.text.weight_rows.other_terms`).
    table : (n_rows, k) float64, what each row of the weight table adds to k log-odds.
    slope : (n_texts, k) float64, the weight of each of them divided by the length of the text's TF-IDF row.
    """
    slope = np.ascontiguousarray(slope)
    n_words, names = len(sequence.symbol), [f for f in weights.vocabulary.features.families if f not in SUMMED]
    paired = [family for family in names if family in PAIRED]
    word = np.arange(n_words)
    weight, known = np.zeros((1 + len(paired), n_words)), np.zeros((1 + len(paired), n_words), bool)
    places = Places(weight, known, [word] * len(weight), [word] * len(weight))
    row = np.where(sequence.symbol >= 0, rows_of_words(weights.vocabulary, sequence), 0)
    known[0] = (sequence.symbol >= 0) & weights.known_rows[row]
    weight[0] = _of_words(weights, sequence, row, table, slope)
    for name, (i, j, _), added in zip(names, others, _of_terms(weights, sequence, others, table, slope)):
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
        places.known[cue, at[same]] = False
        at = at[~same]


def _of_words(
    weights: Weights, sequence: Sequence, row: np.ndarray, table: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """(n_words,) what the terms of each word add, 0 if it is unknown."""
    vocabulary, text = weights.vocabulary, sequence.text
    out = _dots(table, row, slope, text)
    out[sequence.symbol < 0] = 0.0
    width = len(vocabulary.lexicon)
    again, group = _repeated(text * width + sequence.symbol, sequence.symbol >= 0, len(slope) * width)
    if len(again):
        # If a word has the same marks at each position, all of its terms have the same count.
        marks, times = row[again] & 3, np.bincount(group)
        alike = (times * np.bincount(group, marks * marks) == np.bincount(group, marks) ** 2)[group]
        out[again[alike]] *= (1.0 + np.log(times[group[alike]])) / times[group[alike]]
        again, group = again[~alike], group[~alike]
    if len(again):
        added = np.zeros(len(again))
        for term in terms_of(vocabulary, row[again]):
            there = np.flatnonzero(term >= 0)
            times = np.bincount(group[there], minlength=group.max() + 1)[group[there]]
            own = term[there] + 4 * len(vocabulary.lexicon)
            one = _dots(table, own, slope, text[again[there]])
            added[there] += one * (1.0 + np.log(times)) / times
        out[again] = added
    return out


def _of_terms(
    weights: Weights, sequence: Sequence, others: list, table: np.ndarray, slope: np.ndarray
) -> list[np.ndarray]:
    """What each term adds at each of its positions, by family."""
    if not others:
        return []
    text = np.concatenate([sequence.text[i] for i, _, _ in others])
    term = np.concatenate([term for _, _, term in others]).astype(np.int64)
    out = _dots(table, term + 4 * len(weights.vocabulary.lexicon), slope, text)
    width = len(weights.vocabulary)
    again, group = _repeated(text * width + term, np.ones(len(term), bool), len(slope) * width)
    if len(again):
        times = np.bincount(group)[group]
        out[again] *= (1.0 + np.log(times)) / times
    return np.split(out, np.cumsum([len(term) for _, _, term in others])[:-1])


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


def _repeated(key: np.ndarray, valid: np.ndarray, n_keys: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the valid keys that occur more than once, and the number of the group of each."""
    if n_keys < 1 << 32:  # NumPy sorts four-byte numbers at memory speed
        key = key.astype(np.uint32)
    ordered = np.sort(key[valid])
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    twice = twice[np.append(True, twice[1:] != twice[:-1])[: len(twice)]]
    maybe = np.zeros(_FILTER, bool)
    maybe[twice & (_FILTER - 1)] = True
    candidate = np.flatnonzero(maybe[key & (_FILTER - 1)] & valid)
    group = np.searchsorted(twice, key[candidate])
    found = np.flatnonzero(twice[np.minimum(group, len(twice) - 1)] == key[candidate]) if len(twice) else group[:0]
    return candidate[found], group[found]


def strongest(places: Places, bounds: np.ndarray, top: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Indices into the flat arrays: the ``top`` positions of each text, strongest first; and where each text begins.

    Parameters
    ----------
    bounds : (n_texts + 1,) the first word of each text.
    """
    n_words = places.known.shape[1]
    strength = np.abs(places.weight)
    strength[~places.known] = ABSENT
    full = np.flatnonzero(np.diff(bounds))
    begin = bounds[full]
    bits = int(np.diff(bounds).max(initial=0)).bit_length()
    if top is None or top > _FEW or bits > _MOST_BITS:
        return _ranked(strength, bounds, top)
    if not len(full) or not top:
        return np.zeros(0, np.int64), np.zeros(len(bounds), np.int64)
    from_end = (1 << bits) - 1 - (np.arange(n_words) - begin[segment_ids(np.append(begin, n_words))])
    keys = _packed(strength.max(axis=0), from_end, bits)
    chosen = np.full((len(full), top), -1)
    for place in range(top):
        best = np.maximum.reduceat(keys, begin)
        there = np.flatnonzero(best)
        word = begin[there] + (1 << bits) - 1 - (best[there] & np.uint64((1 << bits) - 1)).view(np.int64)
        kind = strength[:, word].argmax(axis=0)
        chosen[there, place] = kind * n_words + word
        strength[kind, word] = ABSENT
        keys[word] = _packed(strength[:, word].max(axis=0), from_end[word], bits)
    counts = np.zeros(len(bounds) - 1, np.int64)
    counts[full] = (chosen >= 0).sum(axis=1)
    return chosen[chosen >= 0], np.append(0, np.cumsum(counts))


def _packed(strength: np.ndarray, from_end: np.ndarray, bits: int) -> np.ndarray:
    """(n,) uint64: the strength of a word in the upper bits and its position in the lower, so one maximum finds both.

    Non-negative floats are ordered like their bits (IEEE 754); at least 32 of the 52 bits of the fraction remain. Among
    equals the first is the largest. 0 for an empty position.
    """
    low = np.uint64(bits)
    upper = (np.maximum(strength, 0.0).view(np.uint64) >> low) + np.uint64(
        1
    )  # ranks a known term of zero weight above an empty position
    return np.where(strength < 0, np.uint64(0), upper << low | from_end.view(np.uint64))


def _ranked(strength: np.ndarray, bounds: np.ndarray, top: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Like `strongest`, by sorting all positions."""
    known = np.flatnonzero(strength.T >= 0)  # word by word
    word, kind = np.divmod(known, len(strength))
    text = np.searchsorted(bounds, word, side="right") - 1
    order = np.lexsort((-strength[kind, word], text))
    counts = np.bincount(text, minlength=len(bounds) - 1)
    if top is not None:
        begin = np.append(0, np.cumsum(counts))
        order = order[np.arange(len(order)) - begin[text] < top]
        counts = np.minimum(counts, top)
    return (kind * strength.shape[1] + word)[order], np.append(0, np.cumsum(counts))
