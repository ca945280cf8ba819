"""The terms a model knows, and how texts are counted in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text import lexicon as lexicons
from pipeline.text.analysis import Sequence, read
from pipeline.text.columns import int64_column, integers
from pipeline.text.lexicon import Lexicon
from pipeline.text.terms import FAMILIES, Occurrences, decode, occurrences
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
    families: tuple[str, ...] = FAMILIES
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
class Vocabulary:
    """A lexicon, the sorted keys of the terms in use, and the settings they were made with."""

    lexicon: Lexicon
    keys: np.ndarray
    features: Features

    def __len__(self) -> int:
        return len(self.keys)

    def locate(self, texts) -> tuple[Tokens, Sequence, Occurrences, np.ndarray]:
        """Every term occurrence in the texts and its index in the vocabulary, -1 where unknown."""
        tokens, sequence = read(texts, self.lexicon, self.features.masks)
        found = occurrences(sequence, self.features.families, self.features.lead)
        return tokens, sequence, found, self._index(found.key)

    def count(self, texts) -> Counted:
        """Count the known terms of each text."""
        _, sequence, found, term = self.locate(texts)
        known = term >= 0
        indptr, indices, counts = _tallied(found.text[known], term[known], sequence.n_texts)
        return Counted(indptr, indices, counts, self.coverage(sequence))

    def coverage(self, sequence: Sequence) -> np.ndarray:
        """(n_texts,) share of a text's words, names and numbers left out, whose stem is known; 0 where it has none."""
        word = (sequence.symbol < 0) | (sequence.symbol >= lexicons.N_SPECIAL)
        words = np.bincount(sequence.text[word], minlength=sequence.n_texts)
        known = np.bincount(sequence.text[word & (sequence.symbol >= 0)], minlength=sequence.n_texts)
        return known / np.maximum(words, 1)

    def names(self) -> np.ndarray:
        """(n_terms,) object: every term in writing, such as ``skip:halt aid``."""
        symbols = np.array(self.lexicon.symbols.to_pylist(), object)
        family, a, b = decode(self.keys)
        single = b == 0
        pairs = np.where(single, symbols[a], symbols[a] + " " + symbols[b]) if len(self) else symbols[:0]
        return np.array([f"{FAMILIES[f]}:{pair}" for f, pair in zip(family, pairs)], object)

    def _index(self, key: np.ndarray) -> np.ndarray:
        """(n,) int32 index of each key, -1 where unknown; Arrow's hash table is ten times as fast as a binary search."""
        return integers(pc.index_in(int64_column(key), value_set=int64_column(self.keys)))


def learn(texts: pa.Array, features: Features) -> Vocabulary:
    """The vocabulary of the training texts."""
    lexicon = lexicons.learn(texts, features.stems, features.masks)
    _, sequence = read(texts, lexicon, features.masks)
    found = occurrences(sequence, features.families, features.lead)
    keys, seen = _run_lengths(np.sort(found.key))
    return Vocabulary(lexicon, keys[seen >= features.min_df], features)


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


def _run_lengths(ordered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values of a sorted array and how often each stands there."""
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(ordered) else np.zeros(0, np.int64)
    return ordered[first], np.diff(np.append(first, len(ordered)))
