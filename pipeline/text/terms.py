"""Sequences to terms: n-grams, marks of position and of reversal, as integer keys.

A term's key is family * 2**44 + a * 2**22 + b, with a and b symbols (b is 0 for single words).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.text.analysis import Sequence

_BITS = 22
_MASK = (1 << _BITS) - 1
FAMILIES = ("word", "pair", "skip", "lead", "main", "reversed", "cue")


@dataclass(frozen=True)
class Occurrences:
    """Where terms stand. All (n_occurrences,): text index, key, and the first and last word of the sequence."""

    text: np.ndarray
    key: np.ndarray
    i: np.ndarray
    j: np.ndarray


def occurrences(sequence: Sequence, families=FAMILIES, lead: int = 12) -> Occurrences:
    """Every term of the given families; words with an unknown symbol take part in none."""
    makers = {
        "word": _words,
        "pair": _pairs,
        "skip": _skips,
        "lead": lambda s: _leads(s, lead),
        "main": lambda s: _where(s, s.main),
        "reversed": lambda s: _where(s, s.reversal >= 0),
        "cue": _cues,
    }
    parts = []
    for family in families:
        i, j = makers[family](sequence)
        single = family not in ("pair", "skip", "cue")
        known = (sequence.symbol[i] >= 0) & (sequence.symbol[j] >= 0)
        i, j = i[known], j[known]
        b = 0 if single else sequence.symbol[j].astype(np.int64)
        key = (np.int64(FAMILIES.index(family)) << (2 * _BITS)) | (sequence.symbol[i].astype(np.int64) << _BITS) | b
        parts.append((sequence.text[i], key, i, j))
    return Occurrences(*(np.concatenate(part) for part in zip(*parts)))


def decode(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Family index, first and second symbol of each key."""
    return keys >> (2 * _BITS), (keys >> _BITS) & _MASK, keys & _MASK


def _words(s: Sequence):
    index = np.arange(len(s.text))
    return index, index


def _where(s: Sequence, chosen: np.ndarray):
    index = np.flatnonzero(chosen)
    return index, index


def _pairs(s: Sequence):
    index = np.flatnonzero(s.text[1:] == s.text[:-1])
    return index, index + 1


def _skips(s: Sequence):
    """Neighbouring content words with at least one function word between them."""
    content = np.flatnonzero(s.content)
    i, j = content[:-1], content[1:]
    skipping = (s.text[i] == s.text[j]) & (j > i + 1)
    return i[skipping], j[skipping]


def _leads(s: Sequence, lead: int):
    starts = np.searchsorted(s.text, np.arange(s.n_texts))
    return _where(s, np.arange(len(s.text)) - starts[s.text] < lead)


def _cues(s: Sequence):
    """A reversal with each word in its reach, the reversal first."""
    reached = np.flatnonzero(s.reversal >= 0)
    return s.reversal[reached], reached
