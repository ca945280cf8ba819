"""Fast log-odds: each text as a short list of rows in a precomputed weight table.

A word yields up to three terms: ``word``, and by position ``lead`` and ``main``. A word that occurs once in its text
takes one row, which holds the sum of its terms' weights; a term of another family that occurs once takes a row of its
own. Repeated words and terms are weighted by their counts. The result equals that of the counts in
`pipeline.text.vocabulary`, at two thirds of the cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.text.analysis import Sequence
from pipeline.text.terms import marked
from pipeline.text.vocabulary import SUMMED, Vocabulary

_LEAD, _MAIN = 2, 1  # each symbol has four consecutive rows, selected by these bits


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
    """First word, second word and term of each known term, for each family that is not summed beforehand."""
    return list(vocabulary.found(sequence, [family for family in vocabulary.features.families if family not in SUMMED]))


def rows_of_words(vocabulary: Vocabulary, sequence: Sequence) -> np.ndarray:
    """(n_words,) int64: the table row that sums the terms of each word; meaningless for unknown words."""
    lead, main = (marked(sequence, family, vocabulary.features.lead).view(np.uint8) for family in ("lead", "main"))
    return sequence.symbol << 2 | (lead << np.uint8(1) | main)


def weight_rows(vocabulary: Vocabulary, sequence: Sequence, others: list) -> tuple[WeightRows, WeightRows]:
    """Rows of what occurs once in each text, with factor 1 or 0, and rows of the terms that occur more often.

    Parameters
    ----------
    others : from `other_terms`.
    """
    n_texts, n_symbols = len(sequence.bounds) - 1, len(vocabulary.lexicon)
    bits = (4 * (n_symbols + len(vocabulary)) - 1).bit_length()
    # A text and an item in it as one number. NumPy sorts four-byte numbers at memory speed.
    kind: type[np.unsignedinteger] = np.uint32 if n_texts <= 1 << 32 - bits else np.uint64
    cells = np.concatenate(list(_cells(vocabulary, sequence, others, kind, bits)))
    cells.sort()
    item = cells >> kind(2)  # without the marks of a word, which may differ from place to place
    new = np.ones(len(cells) + 1, bool)
    np.not_equal(item[1:], item[:-1], out=new[1:-1])
    once = new[:-1] & new[1:]
    place = np.flatnonzero(new[:-1])
    first, alone = cells[place], once[place]
    bounds = np.append(np.searchsorted(first, np.arange(n_texts, dtype=kind) << kind(bits)), len(first))
    cell = (first & kind((1 << bits) - 1)).astype(np.int32)
    row = np.where(cell < 4 * n_symbols, cell, (cell >> 2) + np.int32(3 * n_symbols))
    often = np.flatnonzero(~alone)
    more = np.flatnonzero(~once)
    again = _repeated(vocabulary, row[often], cells[more], np.flatnonzero(new[more]))
    return (
        WeightRows(bounds.astype(np.int32), row, alone.astype(float)),
        WeightRows(len(SUMMED) * np.searchsorted(often, bounds).astype(np.int32), *again),
    )


def _cells(
    vocabulary: Vocabulary, sequence: Sequence, others: list, kind: type[np.unsignedinteger], bits: int
) -> Iterator[np.ndarray]:
    """``text << bits | symbol << 2 | marks`` of each known word, ``text << bits | (n_symbols + term) << 2`` of each term of
    the families that are not summed beforehand."""
    text = sequence.text.astype(kind) << kind(bits)
    words = text | rows_of_words(vocabulary, sequence).astype(kind)
    known = sequence.symbol >= 0
    yield words if known.all() else words[known]
    for i, _, term in others:
        yield text[i] | (term + np.int32(len(vocabulary.lexicon))).astype(kind) << kind(2)


def _repeated(vocabulary: Vocabulary, row: np.ndarray, cells: np.ndarray, begin: np.ndarray) -> tuple[np.ndarray, ...]:
    """Rows and factors of what occurs in a text more than once: the terms of one word may have different factors.

    Parameters
    ----------
    row : (n,) the row of each such item.
    cells : the cells of all items, grouped by item, with the marks in the lowest bits.
    begin : (n,) the first cell of each item.
    """
    counts, term = np.zeros((2, len(row), len(SUMMED)), np.int32)
    counts[:, 0] = np.diff(begin, append=len(cells))
    for family, mark in ((1, _LEAD), (2, _MAIN)):
        if len(row):
            counts[:, family] = np.add.reduceat((cells & cells.dtype.type(mark)).astype(np.int32), begin) // mark
    own = row - np.int32(4 * len(vocabulary.lexicon))
    term[:] = vocabulary.terms_of_symbols[:, np.where(own < 0, row >> 2, 0)].T
    term[own >= 0] = -1
    term[own >= 0, 0] = own[own >= 0]
    there = (counts > 0) & (term >= 0)
    times = np.where(there, 1.0 + np.log(np.maximum(counts, 1)), 0.0)
    return (np.maximum(term, 0) + np.int32(4 * len(vocabulary.lexicon))).ravel(), times.ravel()
