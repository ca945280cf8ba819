"""The terms a model knows, and how texts are counted in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text import lexicon as lexicons
from pipeline.text.analysis import Sequence, read
from pipeline.text.columns import int64_column, integers
from pipeline.text.lexicon import Lexicon
from pipeline.text.terms import DEFAULT, FAMILIES, SINGLE, decode, keys_of, places
from pipeline.text.tokens import Tokens


@dataclass(frozen=True)
class Features:
    """What of a text becomes terms.

    Attributes
    ----------
    masks : mask names and numbers.
    stems : reduce words to Snowball English stems.
    families : kinds of terms, of `pipeline.text.terms.FAMILIES`.
    lead : how many words at the head of a text are marked as such.
    min_df : the number of places a term needs in the training texts.
    """

    masks: bool = True
    stems: bool = True
    families: tuple[str, ...] = DEFAULT
    lead: int = 12
    min_df: int = 2


@dataclass(frozen=True)
class Counted:
    """Term counts of a batch, as the three arrays of a sparse row matrix, and how much of each text was known.

    ``indptr`` (n_texts + 1,) and ``indices`` (n_terms_found,) int32, rising within a row;
    ``counts`` (n_terms_found,) int64; ``coverage`` (n_texts,) in [0, 1].
    """

    indptr: np.ndarray
    indices: np.ndarray
    counts: np.ndarray
    coverage: np.ndarray


@dataclass(frozen=True)
class Located:
    """Known terms where they stand: the first and the second word of each (the same for single words), and the term."""

    tokens: Tokens
    sequence: Sequence
    i: np.ndarray
    j: np.ndarray
    term: np.ndarray

    @property
    def text(self) -> np.ndarray:
        """(n_found,) the text of each."""
        return self.sequence.text[self.i]


@dataclass(frozen=True)
class Vocabulary:
    """A lexicon, the sorted keys of the terms in use, and the settings they were made with."""

    lexicon: Lexicon
    keys: np.ndarray
    features: Features

    def __len__(self) -> int:
        return len(self.keys)

    def locate(self, texts) -> Located:
        """Every known term in the texts, with repeats."""
        tokens, sequence = read(texts, self.lexicon, self.features.masks)
        parts = []
        for family in self.features.families:
            i, j = places(sequence, family, self.features.lead)
            term = self._terms(family, sequence.symbol[i], sequence.symbol[j])
            known = np.flatnonzero(term >= 0)
            parts.append((i[known], j[known], term[known]))
        return Located(tokens, sequence, *(np.concatenate(part) for part in zip(*parts)))

    def count(self, texts) -> Counted:
        """Count the known terms of each text."""
        found = self.locate(texts)
        indptr, indices, counts = _tallied(found.text, found.term, found.sequence.n_texts)
        return Counted(indptr, indices, counts, self.coverage(found.sequence))

    def coverage(self, sequence: Sequence) -> np.ndarray:
        """(n_texts,) share of a text's words, names and numbers left out, whose stem is known; 0 where it has none."""
        word = (sequence.symbol < 0) | (sequence.symbol >= lexicons.N_SPECIAL)
        words = np.bincount(sequence.text[word], minlength=sequence.n_texts)
        known = np.bincount(sequence.text[word & (sequence.symbol >= 0)], minlength=sequence.n_texts)
        return known / np.maximum(words, 1)

    def names(self) -> np.ndarray:
        """(n_terms,) object: every term in writing, such as ``skip:halt aid``."""
        symbols = self.lexicon.symbols.to_pylist()
        found = zip(*(part.tolist() for part in decode(self.keys)))
        written = (
            (FAMILIES[f], [symbols[a]] if FAMILIES[f] in SINGLE else [symbols[a], symbols[b]]) for f, a, b in found
        )
        return np.array([f"{family}:{' '.join(words)}" for family, words in written], object)

    def _terms(self, family: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(n,) int32 index of each term, -1 where unknown: looked up for single words, hashed by Arrow for pairs."""
        if family in SINGLE:
            return self._tables[family][a]
        return integers(pc.index_in(int64_column(keys_of(family, a, b)), value_set=int64_column(self.keys)))

    @cached_property
    def _tables(self) -> dict[str, np.ndarray]:
        """For each family of single words, the term of each symbol; the last entry, where -1 leads, is -1."""
        families, a, _ = decode(self.keys)
        tables = {}
        for family in SINGLE:
            mine = np.flatnonzero(families == FAMILIES.index(family))
            tables[family] = np.full(len(self.lexicon) + 1, -1, np.int32)
            tables[family][a[mine]] = mine
        return tables


def learn(texts: pa.Array, features: Features) -> Vocabulary:
    """The vocabulary of the training texts."""
    lexicon = lexicons.learn(texts, features.stems, features.masks)
    _, sequence = read(texts, lexicon, features.masks)
    kept = []
    for family in features.families:
        i, j = places(sequence, family, features.lead)
        keys, seen = np.unique(keys_of(family, sequence.symbol[i], sequence.symbol[j]), return_counts=True)
        kept.append(keys[(seen >= features.min_df) & (keys >= 0)])
    return Vocabulary(lexicon, np.sort(np.concatenate(kept)), features)


def _tallied(text: np.ndarray, term: np.ndarray, n_texts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Term occurrences as the arrays of a sparse matrix: row ends, sorted distinct terms of each row, counts."""
    length = np.bincount(text, minlength=n_texts)
    row = np.repeat(np.arange(n_texts), length)
    term = _sorted_rows(term[np.argsort(text, kind="stable")], length)
    first = np.ones(len(term), bool)
    first[1:] = (term[1:] != term[:-1]) | (row[1:] != row[:-1])
    place = np.flatnonzero(first)
    indptr = np.append(0, np.cumsum(np.bincount(row[place], minlength=n_texts))).astype(np.int32)
    return indptr, term[place], np.diff(np.append(place, len(term)))


def _sorted_rows(values: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Sort each row of a ragged array. Rows of like length are sorted as one block, which NumPy does far faster."""
    out = np.empty(len(values), np.int32)
    start = np.cumsum(length) - length
    size = 1
    while size < 2 * length.max(initial=1):
        rows = np.flatnonzero((length > size // 2) & (length <= size))
        if len(rows):
            column = np.arange(size)
            inside = column < length[rows, None]
            place = (start[rows, None] + column)[inside]
            block = np.full((len(rows), size), np.iinfo(np.int32).max, np.int32)
            block[inside] = values[place]
            block.sort(axis=1)
            out[place] = block[inside]
        size *= 2
    return out
