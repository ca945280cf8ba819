"""Vectorised tokenisation: Arrow strings to word tokens, without a Python loop.

A token is a maximal run of word characters, exactly as the regular expression ``\\w+``
matches in a Python string, for all of Unicode. Tokenisation works on the UTF-8 bytes of the
whole batch at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, int64_column, integers
from pipeline.arrays.ragged import segment_ids

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

# Prefixes whose hyphen belongs to the word: "de-escalation" must never be read as "escalation".
_HYPHEN_PREFIXES = ("de", "non", "re", "un", "anti", "counter", "cease", "dis")
_HYPHEN = ord("-")


@dataclass(frozen=True)
class Tokens:
    """The tokens of a batch of texts, in reading order.

    Attributes
    ----------
    start : (n_tokens,) int64, the first byte of the token in ``data``.
    code : (n_tokens,) int64, index of the token together with the gap after it.
    length, form_of, gap_of : (n_codes,) int64, length of the token in bytes, index into ``forms`` and into ``gaps``. A
        gap may extend beyond the end of its text.
    forms, gaps : the distinct tokens and gaps, in their original spelling: Arrow large_string arrays.
    data : (n_bytes,) uint8, the UTF-8 bytes of all texts, concatenated.
    offsets : (n_texts + 1,) int64, where each text begins in ``data``.
    bounds : (n_texts + 1,) int64, the first token of each text, and the number of tokens.
    """

    start: np.ndarray
    code: np.ndarray
    length: np.ndarray
    form_of: np.ndarray
    gap_of: np.ndarray
    forms: pa.Array
    gaps: pa.Array
    data: np.ndarray
    offsets: np.ndarray
    bounds: np.ndarray

    def __len__(self) -> int:
        return len(self.code)

    @cached_property
    def lower(self) -> pa.Array:
        """The distinct tokens in lower case, one for each of ``forms``."""
        return pc.utf8_lower(self.forms)

    @cached_property
    def form(self) -> np.ndarray:
        """(n_tokens,) int64, index into ``forms``."""
        return self.form_of[self.code]

    @cached_property
    def end(self) -> np.ndarray:
        """(n_tokens,) int64, the byte after the token."""
        return self.start + self.length[self.code]

    @cached_property
    def text(self) -> np.ndarray:
        """(n_tokens,) int64, the index of the token's text, nondecreasing."""
        return segment_ids(self.bounds)


def tokenise(texts: Texts, join_hyphens: bool = True) -> Tokens:
    """Split texts into word tokens.

    Parameters
    ----------
    texts : a list, Series or Arrow array of strings; null counts as empty.
    join_hyphens : keep "de-escalation", "non-proliferation", "cease-fire" as one token.

    Examples
    --------
    >>> tokens = tokenise(["Talks on de-escalation", "", "It's off."])
    >>> tokens.forms.take(pa.array(tokens.form)).to_pylist()
    ['Talks', 'on', 'de-escalation', 'It', 's', 'off']
    >>> tokens.text.tolist()
    [0, 0, 0, 2, 2, 2]
    """
    offsets, data = _bytes_of(as_strings(texts))
    start = _starts(data, offsets, join_hyphens)
    bounds = np.searchsorted(start, offsets)
    # A token is encoded together with the gap after it, in one pass and without copying a byte.
    ends = np.append(start, len(data))
    column = pa.LargeStringArray.from_buffers(len(start), pa.py_buffer(ends), pa.py_buffer(data))
    encoded = column.dictionary_encode()
    code = integers(encoded.indices).astype(np.intp)  # the only type NumPy indexes with
    return Tokens(start, code, *_parted(encoded.dictionary, join_hyphens), data, offsets, bounds)


def _bytes_of(strings: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (n + 1,) from 0, and the bytes they cut, without a copy."""
    _, offset_buffer, data_buffer = strings.buffers()
    offsets = np.zeros(1, np.int64)
    if len(strings):
        offsets = np.frombuffer(offset_buffer, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    return offsets - offsets[0], data


def _word_bytes(data: np.ndarray, offsets: np.ndarray, join_hyphens: bool) -> np.ndarray:
    """(n_bytes,) bool, true where the byte belongs to a word."""
    # Differences of unsigned bytes wrap around, so each range takes one comparison.
    word = ((data | 0x20) - ord("a") < 26) | (data - ord("0") < 10) | (data == ord("_"))
    lead = np.flatnonzero(data >= 0xC0)
    if len(lead):
        _mark_beyond_ascii(data, word, lead)
    if join_hyphens:
        _join_hyphens(data, word, offsets)
    return word


def _mark_beyond_ascii(data: np.ndarray, word: np.ndarray, lead: np.ndarray) -> None:
    """Mark the bytes of word characters outside ASCII; Arrow guarantees valid UTF-8."""
    first = data[lead].astype(np.int64)
    length = 2 + (first >= 0xE0) + (first >= 0xF0)
    code = first & np.array([0, 0, 0x1F, 0x0F, 0x07])[length]
    for step in (1, 2, 3):
        more = length > step
        code[more] = code[more] << 6 | (data[lead[more] + step] & 0x3F)
    distinct, which = np.unique(code, return_inverse=True)
    is_word = np.array([chr(c).isalnum() for c in distinct], bool)[which]
    for step in range(4):
        inside = is_word & (length > step)
        word[lead[inside] + step] = True


def _join_hyphens(data: np.ndarray, word: np.ndarray, offsets: np.ndarray) -> None:
    """Make a hyphen part of the word if it follows a listed prefix, in the same text."""
    hyphens = np.flatnonzero(data == _HYPHEN)
    text = np.searchsorted(offsets, hyphens, side="right") - 1
    begin, end = offsets[text], offsets[np.minimum(text + 1, len(offsets) - 1)]
    inside = hyphens + 1 < end
    hyphens, begin = hyphens[inside], begin[inside]
    followed = word[hyphens + 1]
    hyphens, begin = hyphens[followed], begin[followed]
    for prefix in _HYPHEN_PREFIXES:
        n = len(prefix)
        there = hyphens - n >= begin
        place, start = hyphens[there], begin[there]
        fits = (place - n == start) | ~word[place - n - 1]
        for i, char in enumerate(prefix.encode()):
            fits &= (data[place - n + i] | 0x20) == char
        word[place[fits]] = True


def _starts(data: np.ndarray, offsets: np.ndarray, join_hyphens: bool) -> np.ndarray:
    """(n_tokens,) int64: the first byte of each run of word bytes; no run crosses two texts."""
    word = _word_bytes(data, offsets, join_hyphens)
    starts = word.copy()
    starts[1:] &= ~word[:-1]
    inner = offsets[1:-1]
    inner = inner[inner < len(word)]
    starts[inner] = word[inner]
    return np.flatnonzero(starts)


def _parted(written: pa.Array, join_hyphens: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, pa.Array, pa.Array]:
    """Distinct tokens and the gaps after them, split: ``length``, ``form_of``, ``gap_of``, ``forms``, ``gaps``."""
    offsets, data = _bytes_of(written)
    inside = np.append(_word_bytes(data, offsets, join_hyphens), False)
    outside = np.flatnonzero(~inside)
    end = np.minimum(outside[np.searchsorted(outside, offsets[:-1])], offsets[1:])
    cuts = np.append(np.column_stack([offsets[:-1], end]).ravel(), len(data))
    both = pa.LargeStringArray.from_buffers(len(cuts) - 1, pa.py_buffer(cuts), pa.py_buffer(data))
    forms, gaps = (both.take(int64_column(np.arange(part, len(both), 2))).dictionary_encode() for part in (0, 1))
    form_of, gap_of = (integers(part.indices).astype(np.intp) for part in (forms, gaps))
    return end - offsets[:-1], form_of, gap_of, forms.dictionary, gaps.dictionary
