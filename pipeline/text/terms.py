"""Terms: n-grams, positional terms and reversal terms, encoded as integer keys.

A term is a family and one or two symbols. Its key is family * 2**44 + a * 2**22 + b, with a and b symbols
(b is 0 in families of single words); no valid key is negative.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from pipeline.arrays.ragged import within
from pipeline.text.analysis import Sequence

SYMBOL_BITS = 22
_MASK = (1 << SYMBOL_BITS) - 1
SINGLE = ("word", "lead", "main", "reversed", "modal")
PAIRED = ("pair", "skip", "cue")
Family = Literal["word", "pair", "skip", "lead", "main", "reversed", "cue", "modal"]
FAMILIES: tuple[Family, ...] = get_args(Family)
DEFAULT = tuple(family for family in FAMILIES if family != "skip")  # skip adds nothing to modal


def places(sequence: Sequence, family: str, lead: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the terms of a family: (n,) first and (n,) second word of each, equal for single words.

    ``word`` every word; ``pair`` neighbours; ``skip`` neighbouring content words with function words
    between them; ``lead`` one of the first ``lead`` words of a text, ``main`` a word of the main clause, each if it is
    plain (`Sequence.plain`); ``reversed`` a word in the scope of a reversal; ``cue`` a reversal and a word in its scope;
    ``modal`` a word in the scope of a modal.
    """
    text = sequence.text
    if family == "pair":
        i = np.flatnonzero(text[1:] == text[:-1])
        return i, i + 1
    if family == "skip":
        content = np.flatnonzero(sequence.content)
        i, j = content[:-1], content[1:]
        skipping = (j > i + 1) & (text[i] == text[j])
        return i[skipping], j[skipping]
    if family in ("reversed", "cue"):
        reached = np.flatnonzero(sequence.reversal >= 0)
        return (sequence.reversal[reached] if family == "cue" else reached), reached
    i = np.arange(len(text)) if family == "word" else np.flatnonzero(marked(sequence, family, lead))
    return i, i


def marked(sequence: Sequence, family: str, lead: int) -> np.ndarray:
    """(n_words,) bool: the word has a term of the family ``lead``, ``main`` or ``modal``."""
    if family == "lead":
        bounds = sequence.bounds
        return within(bounds[:-1], np.minimum(bounds[:-1] + lead, bounds[1:]), bounds[-1]) & sequence.plain
    return sequence.main & sequence.plain if family == "main" else sequence.modal


def keys_of(family: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) int64 keys of int64 symbols; negative if a symbol is unknown (-1)."""
    head = np.int64(FAMILIES.index(family)) << (2 * SYMBOL_BITS)
    first = head | a << SYMBOL_BITS
    return first if family in SINGLE else first | b


def decode(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n,) family index, (n,) first and (n,) second symbol of each key."""
    return keys >> (2 * SYMBOL_BITS), (keys >> SYMBOL_BITS) & _MASK, keys & _MASK
