"""Arrow strings in, word tokens out: no Python loop over texts or tokens.

A token is a maximal run of word characters, exactly as the regular expression ``\\w+``
finds it in a Python string, on all of Unicode. The work is done on the UTF-8 bytes of the
whole batch at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.text.columns import as_strings, integers

_WORD = bytes(chr(c).isalnum() or chr(c) == "_" for c in range(128)) + bytes(128)
# Prefixes whose hyphen belongs to the word: "de-escalation" must never be read as "escalation".
_HYPHEN_PREFIXES = ("de", "non", "re", "un", "anti", "counter", "cease", "dis")
_HYPHEN = ord("-")


@dataclass(frozen=True)
class Tokens:
    """The tokens of a batch of texts, in reading order.

    Attributes
    ----------
    text : (n_tokens,) int64, the index of the text that holds the token; never falls.
    start, end : (n_tokens,) int64, the token's place in ``data``, in bytes.
    form : (n_tokens,) int32, index into ``forms``.
    forms : the distinct tokens as they are written, an Arrow string array.
    data : (n_bytes,) uint8, the UTF-8 bytes of all texts, one after the other.
    n_texts : the number of texts, those without a token included.
    offsets : (n_texts + 1,) int64, where each text begins in ``data``.
    """

    text: np.ndarray
    start: np.ndarray
    end: np.ndarray
    form: np.ndarray
    forms: pa.Array
    data: np.ndarray
    n_texts: int
    offsets: np.ndarray

    def __len__(self) -> int:
        return len(self.text)


def tokenise(texts, join_hyphens: bool = True) -> Tokens:
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
    strings = as_strings(texts)
    offsets, data = _bytes_of(strings)
    word = _word_bytes(data)
    if join_hyphens:
        _join_hyphens(data, word, offsets)
    start, end = _runs(word, offsets)
    form, forms = _encode(data, word, end - start)
    per_text = np.diff(np.searchsorted(start, offsets))
    text = np.repeat(np.arange(len(strings)), per_text)
    return Tokens(text, start, end, form, forms, data, len(strings), offsets)


def _bytes_of(strings: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (n + 1,) from 0, and the bytes they cut, without a copy."""
    _, offset_buffer, data_buffer = strings.buffers()
    offsets = np.zeros(1, np.int64)
    if len(strings):
        offsets = np.frombuffer(offset_buffer, np.int64)[strings.offset : strings.offset + len(strings) + 1]
    data = np.frombuffer(data_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    return offsets - offsets[0], data


def _word_bytes(data: np.ndarray) -> np.ndarray:
    """(n_bytes,) bool, true where the byte belongs to a word character."""
    word = np.frombuffer(bytearray(data.tobytes().translate(_WORD)), bool)
    lead = np.flatnonzero(data >= 0xC0)
    if len(lead):
        _mark_beyond_ascii(data, word, lead)
    return word


def _mark_beyond_ascii(data: np.ndarray, word: np.ndarray, lead: np.ndarray) -> None:
    """Mark the bytes of word characters outside ASCII; valid UTF-8 is Arrow's promise."""
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
    """Make a hyphen part of the word where a listed prefix stands before it, in the same text."""
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


def _runs(word: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last-plus-one byte of each run of word bytes; no run crosses two texts."""
    begins = word.copy()
    begins[1:] &= ~word[:-1]
    ends = word.copy()
    ends[:-1] &= ~word[1:]
    inner = offsets[1:-1]
    inner = inner[(inner > 0) & (inner < len(word))]
    begins[inner] = word[inner]
    ends[inner - 1] = word[inner - 1]
    return np.flatnonzero(begins), np.flatnonzero(ends) + 1


def _encode(data: np.ndarray, word: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """Token codes and the distinct tokens behind them."""
    packed = data[word]
    cuts = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=cuts[1:])
    column = pa.StringArray.from_buffers(len(lengths), pa.py_buffer(cuts), pa.py_buffer(packed))
    encoded = column.dictionary_encode()
    return integers(encoded.indices), encoded.dictionary
