"""Fast log-odds: each text as a short list of rows in a precomputed weight table.

A word yields up to three terms: ``word``, and by position ``lead`` and ``main`` if it is plain (`Sequence.plain`). A word
that occurs once in its text takes one row, which holds the sum of its terms' weights; a term of another family that
occurs once takes a row of its own. Repeated words and terms are weighted by their counts. The result equals that of the
counts in `pipeline.text.vocabulary`, at two thirds of the cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.text.analysis import Sequence
from pipeline.text.terms import marked
from pipeline.text.vocabulary import SUMMED, Vocabulary

_LEAD, _MAIN = 2, 1  # each symbol has four consecutive rows, selected by these bits
_SLOT_BITS = 19  # of the table that tells which items are not repeated: half a megabyte, so that it fits the cache


@dataclass(frozen=True)
class Cells:
    """The known words of a batch, then the known terms of each family that is not summed beforehand, in reading order.

    Attributes
    ----------
    number : (n,) uint32 or uint64, ``text << bits | row``.
    bits : of the row of the weight table: of a word with its marks, or of a term; see `terms_of`.
    n_words : number of rows of words.
    """

    number: np.ndarray
    bits: int
    n_words: int

    @property
    def text(self) -> np.ndarray:
        """(n,) int64, the text of each."""
        return (self.number >> self.number.dtype.type(self.bits)).astype(np.int64)

    @property
    def row(self) -> np.ndarray:
        """(n,) int32, the row of each."""
        return (self.number & self.number.dtype.type((1 << self.bits) - 1)).astype(np.int32)

    @property
    def item(self) -> np.ndarray:
        """(n,) like ``number``, without the marks of a word, which may differ from place to place."""
        marks = np.where(self.row < self.n_words, self.number.dtype.type(3), self.number.dtype.type(0))
        return self.number & ~marks


@dataclass(frozen=True)
class WeightRows:
    """Rows of the weight table, and the factor of each.

    Attributes
    ----------
    bounds : (n_texts + 1,) int32, where the rows of each text begin, and their number.
    row : (n,) int32, the row: of a word with its marks, or of a term; see `terms_of`.
    times : (n,) float64, 1 + ln of the count (sublinear counts), 0 if nothing is to be added.
    """

    bounds: np.ndarray
    row: np.ndarray
    times: np.ndarray

    def __len__(self) -> int:
        return len(self.bounds) - 1


@dataclass(frozen=True)
class Repeats:
    """What occurs in a text more than once.

    Attributes
    ----------
    item : (n,) increasing, as in `Cells`.
    counts : (n, 3) int32, the count of the item, and of its places with the mark of each further family in `SUMMED`.
    """

    item: np.ndarray
    counts: np.ndarray

    def among(self, cells: Cells) -> tuple[np.ndarray, np.ndarray]:
        """(n,) indices of the cells that are repeated, and (n,) the index of the item of each."""
        item = cells.item
        maybe = np.zeros(1 << _SLOT_BITS, bool)
        maybe[_slots(self.item)] = True
        candidate = np.flatnonzero(maybe[_slots(item)])
        group = np.searchsorted(self.item, item[candidate])
        same = self.item[np.minimum(group, len(self.item) - 1)] == item[candidate] if len(self.item) else group > 0
        found = np.flatnonzero(same)
        return candidate[found], group[found]


def n_rows(vocabulary: Vocabulary) -> int:
    """The number of rows of the table: four per symbol, one per term."""
    return 4 * len(vocabulary.lexicon) + len(vocabulary)


def terms_of(vocabulary: Vocabulary, row: np.ndarray) -> np.ndarray:
    """(3, n) int32: the terms whose weights each row sums; -1 for none."""
    term = row - 4 * len(vocabulary.lexicon)
    out = np.full((len(SUMMED), len(row)), -1, np.int32)
    out[0] = np.where(term >= 0, term, -1)
    words = np.flatnonzero(term < 0)
    symbol, marks = row[words] >> 2, row[words] & 3
    for place, on in enumerate((marks >= 0, marks & _LEAD != 0, marks & _MAIN != 0)):
        out[place, words] = np.where(on, vocabulary.terms_of_symbols[place, symbol], -1)
    return out


def other_terms(vocabulary: Vocabulary, sequence: Sequence) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """First word, second word and known term, each (n_found,), for each family that is not summed beforehand."""
    return list(vocabulary.found(sequence, [family for family in vocabulary.features.families if family not in SUMMED]))


def cells_of(vocabulary: Vocabulary, sequence: Sequence, others: list) -> Cells:
    """The words and terms of a batch as numbers; ``others`` are from `other_terms`."""
    n_texts, n_words = len(sequence.bounds) - 1, 4 * len(vocabulary.lexicon)
    bits = (n_rows(vocabulary) - 1).bit_length()
    # NumPy sorts four-byte numbers at memory speed.
    kind: type[np.unsignedinteger] = np.uint32 if n_texts <= 1 << 32 - bits else np.uint64
    text = sequence.text.astype(kind) << kind(bits)
    lead, main = (marked(sequence, family, vocabulary.features.lead).view(np.uint8) for family in ("lead", "main"))
    words = text | (sequence.symbol << 2 | (lead << np.uint8(1) | main)).astype(kind)
    known = sequence.symbol >= 0
    terms = [text[i] | (term + np.int32(n_words)).astype(kind) for i, _, term in others]
    return Cells(np.concatenate([words if known.all() else words[known], *terms]), bits, n_words)


def weight_rows(vocabulary: Vocabulary, cells: Cells, n_texts: int) -> tuple[WeightRows, WeightRows, Repeats]:
    """Rows of what occurs once in each text, with factor 1 or 0; rows of the terms that occur more often; their counts."""
    ordered = replace(cells, number=np.sort(cells.number))
    item, kind = ordered.item, ordered.number.dtype.type
    new = np.ones(len(item) + 1, bool)
    np.not_equal(item[1:], item[:-1], out=new[1:-1])
    once = new[:-1] & new[1:]
    place = np.flatnonzero(new[:-1])
    first, alone = item[place], once[place]
    bounds = np.append(np.searchsorted(first, np.arange(n_texts, dtype=kind) << kind(cells.bits)), len(first))
    row = ordered.row[place]
    often, more = np.flatnonzero(~alone), np.flatnonzero(~once)
    marks = (ordered.number[more] ^ item[more]).astype(np.int32)
    repeats = Repeats(first[often], _counts(marks, np.flatnonzero(new[more])))
    again = _repeated(vocabulary, row[often], repeats.counts)
    return (
        WeightRows(bounds.astype(np.int32), row, alone.astype(float)),
        WeightRows(len(SUMMED) * np.searchsorted(often, bounds).astype(np.int32), *again),
        repeats,
    )


def _counts(marks: np.ndarray, begin: np.ndarray) -> np.ndarray:
    """(n, 3) int32: the counts of `Repeats`, from the marks of all places grouped by item, and the first of each item."""
    counts = np.zeros((len(begin), len(SUMMED)), np.int32)
    counts[:, 0] = np.diff(begin, append=len(marks))
    for family, mark in ((1, _LEAD), (2, _MAIN)):
        if len(begin):
            counts[:, family] = np.add.reduceat(marks & np.int32(mark), begin) // mark
    return counts


def _repeated(vocabulary: Vocabulary, row: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and factors of items that are repeated: the terms of one word may have different factors."""
    own = row - np.int32(4 * len(vocabulary.lexicon))
    term = vocabulary.terms_of_symbols[:, np.where(own < 0, row >> 2, 0)].T.copy()
    term[own >= 0] = -1
    term[own >= 0, 0] = own[own >= 0]
    there = (counts > 0) & (term >= 0)
    times = np.where(there, 1.0 + np.log(np.maximum(counts, 1)), 0.0)
    return (np.maximum(term, 0) + np.int32(4 * len(vocabulary.lexicon))).ravel(), times.ravel()


def _slots(item: np.ndarray) -> np.ndarray:
    """(n,) int64 in [0, 2**_SLOT_BITS), by multiplicative hashing as in `pipeline.arrays.hash_index`."""
    width = 8 * item.itemsize
    kind = item.dtype.type
    return (item * kind(0x9E3779B9) >> kind(width - _SLOT_BITS)).astype(np.int64)
