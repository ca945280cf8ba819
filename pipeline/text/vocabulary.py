"""The terms a model knows, and how texts are counted in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import numpy as np
import pyarrow as pa
from msgspec import Meta

from pipeline.arrays.hash_index import HashIndex, hash_index
from pipeline.arrays.ragged import segment_sums
from pipeline.text import lexicon as lexicons
from pipeline.text.analysis import Sequence, read
from pipeline.text.lexicon import Lexicon
from pipeline.text.terms import DEFAULT, FAMILIES, PAIRED, SINGLE, Family, decode, keys_of, places

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

_LOW = 0xFFFFFFFF
SUMMED = ("word", "lead", "main")  # families of single words, summed beforehand in the weight table


@dataclass(frozen=True)
class Features:
    """Feature settings.

    Attributes
    ----------
    masks : mask names and numbers.
    stems : reduce words to Snowball English stems.
    families : kinds of terms, of `pipeline.text.terms.FAMILIES`.
    lead : how many words at the beginning of a text are marked as such.
    clauses : turn negated words into words of their own and leave out clauses that modify a noun.
    actors : mark whether a text names political actors; affects relevance only.
    min_df : the number of occurrences a term needs in the training texts.
    """

    masks: bool = True
    stems: bool = True
    families: Annotated[tuple[Family, ...], Meta(min_length=1)] = DEFAULT
    lead: Annotated[int, Meta(ge=0, le=10_000)] = 12
    clauses: bool = True
    actors: bool = True
    min_df: Annotated[int, Meta(ge=1, le=1_000_000)] = 2


@dataclass(frozen=True)
class Counted:
    """Term counts of a batch, as the three arrays of a sparse row matrix.

    ``indptr`` (n_texts + 1,) and ``indices`` (n_terms_found,) int32, increasing within a row;
    ``counts`` (n_terms_found,) int32.
    """

    indptr: np.ndarray
    indices: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Knowledge:
    """How well a model knows the words of each of n texts.

    Attributes
    ----------
    coverage : (n,) float64 in [0, 1], share of the words, names and numbers excluded, whose stem is known; 0 if there
        are none.
    telling : (n,) int64, known words and names that are neither function words nor fillers; 0 if none is a word.
    small : (n,) float64 in [0, 1], share of known function words and fillers among all words.
    """

    coverage: np.ndarray
    telling: np.ndarray
    small: np.ndarray


@dataclass(frozen=True)
class Vocabulary:
    """A lexicon, the sorted keys of the terms in use, and the feature settings."""

    lexicon: Lexicon
    keys: np.ndarray
    features: Features

    def __len__(self) -> int:
        return len(self.keys)

    def count(self, texts: Texts) -> tuple[Counted, np.ndarray]:
        """Count the known terms of each text, and mark the kinds of political actor it names (`Sequence.marks`)."""
        sequence = self.read(texts)
        found = ((i, term) for i, _, term in self.found(sequence, self.features.families))
        return self._tallied(sequence, found), sequence.marks

    def read(self, texts: Texts) -> Sequence:
        """Analyse texts."""
        return read(texts, self.lexicon, self.features.masks, self.features.clauses)[1]

    def _tallied(self, sequence: Sequence, found: Iterable[tuple[np.ndarray, np.ndarray]]) -> Counted:
        """Count terms by the text of their first word."""
        n_texts, bits = len(sequence.bounds) - 1, max(len(self) - 1, 1).bit_length()
        # A text and a term as one number. NumPy sorts four-byte numbers at memory speed: by far the fastest grouping.
        kind = np.dtype(np.uint32 if n_texts << bits < 1 << 32 else np.uint64)
        row = sequence.text.astype(kind) << kind.type(bits)
        cells = np.concatenate([row[i] | term.view(np.uint32) for i, term in found])
        return Counted(*_tallied(cells, n_texts, bits))

    def knowledge(self, sequence: Sequence) -> Knowledge:
        """How well the model knows the words of each text."""
        known, unknown = sequence.stem >= lexicons.N_SPECIAL, sequence.stem < 0
        telling = sequence.telling & (known | (sequence.stem == lexicons.NAME) | (sequence.stem == lexicons.ACTOR))
        # Two sums at the cost of one.
        words = segment_sums(sequence.bounds, known + (unknown.astype(np.int64) << 32))
        tells = segment_sums(sequence.bounds, telling + ((sequence.telling & known).astype(np.int64) << 32))
        n_known, n_unknown, n_telling, told = words & _LOW, words >> 32, tells & _LOW, tells >> 32
        total = np.maximum(n_known + n_unknown, 1)
        return Knowledge(n_known / total, np.where(told > 0, n_telling, 0), (n_known - told) / total)

    def found(self, sequence: Sequence, families: Iterable[str]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """For each family, first word, second word and known term, each (n_found,), in reading order."""
        for family in families:
            i, j = places(sequence, family, self.features.lead)
            term = self._terms(family, sequence.symbol, i, j)
            known = np.flatnonzero(term >= 0)
            i, term = i[known], term[known]
            yield i, i if family in SINGLE else j[known], term

    def names(self) -> np.ndarray:
        """(n_terms,) object: every term as text, such as ``skip:halt aid``."""
        symbols = self.lexicon.symbols.to_pylist()
        found = zip(*(part.tolist() for part in decode(self.keys)))
        written = (
            (FAMILIES[f], [symbols[a]] if FAMILIES[f] in SINGLE else [symbols[a], symbols[b]]) for f, a, b in found
        )
        return np.array([f"{family}:{' '.join(words)}" for family, words in written], object)

    def _terms(self, family: str, symbol: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """(n,) int32 index of each term, -1 if unknown."""
        if family in SINGLE:
            return self._tables[family][symbol[i]]
        index, begin = self._pairs[family]
        term = index(keys_of(family, symbol[i], symbol[j]))
        return np.where(term < 0, term, term + begin)

    @cached_property
    def _pairs(self) -> dict[str, tuple[HashIndex, np.int32]]:
        """For each family of two words, an index of its keys and the first term: one index for all is too large a table for
        the cache."""
        families, _, _ = decode(self.keys)
        ends = {
            family: np.searchsorted(families, [FAMILIES.index(family), FAMILIES.index(family) + 1]) for family in PAIRED
        }
        return {family: (hash_index(self.keys[begin:end]), np.int32(begin)) for family, (begin, end) in ends.items()}

    @cached_property
    def _tables(self) -> dict[str, np.ndarray]:
        """For each family of single words, the term of each symbol; the last entry, which index -1 selects, is -1."""
        families, a, _ = decode(self.keys)
        tables = {}
        for family in SINGLE:
            mine = np.flatnonzero(families == FAMILIES.index(family))
            tables[family] = np.full(len(self.lexicon) + 1, -1, np.int32)
            tables[family][a[mine]] = mine
        return tables

    @cached_property
    def terms_of_symbols(self) -> np.ndarray:
        """(3, n_symbols) int32: the term of each symbol in each of the families `SUMMED`, -1 if it has none."""
        return np.stack([self._tables[family][:-1] for family in SUMMED])


def learn(texts: pa.Array, features: Features, actors: tuple = lexicons.NO_ACTORS) -> Vocabulary:
    """Learn the vocabulary of training texts; ``actors`` are the words of `pipeline.actors.gazetteer.actor_words`."""
    lexicon = lexicons.learn(texts, features.stems, features.masks, actors if features.actors else lexicons.NO_ACTORS)
    _, sequence = read(texts, lexicon, features.masks, features.clauses)
    if features.clauses:
        stems = sequence.stem[sequence.negated & (sequence.stem >= 0)]
        lexicon = lexicon.with_twins(np.bincount(stems, minlength=len(lexicon)))
        symbol = np.where(sequence.negated, lexicon.negated_twin(sequence.stem), sequence.stem)
        sequence = replace(sequence, symbol=symbol)
    kept = []
    for family in features.families:
        i, j = places(sequence, family, features.lead)
        keys, seen = np.unique(keys_of(family, sequence.symbol[i], sequence.symbol[j]), return_counts=True)
        kept.append(keys[(seen >= features.min_df) & (keys >= 0)])
    return Vocabulary(lexicon, np.sort(np.concatenate(kept)), features)


def _tallied(cells: np.ndarray, n_texts: int, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Occurrences, ``text << bits | term``, as the arrays of a sparse matrix: row ends, terms of each row, counts."""
    cells.sort()
    new = np.ones(len(cells), bool)
    np.not_equal(cells[1:], cells[:-1], out=new[1:])
    place = np.flatnonzero(new)
    distinct = cells[place]
    ends = np.append(place.astype(np.int32), np.int32(len(cells)))
    counts = ends[1:] - ends[:-1]
    kind = cells.dtype.type
    begin = np.searchsorted(distinct, np.arange(n_texts, dtype=kind) << kind(bits))
    terms = distinct & kind((1 << bits) - 1)
    terms = terms.view(np.int32) if terms.itemsize == 4 else terms.astype(np.int32)
    return np.append(begin, len(distinct)).astype(np.int32), terms, counts
