"""Find unclosed quotation marks in separated values, which would merge the rows after them into one text."""

from __future__ import annotations

import numpy as np

from pipeline.read.bounds import Readable

_QUOTE, _LF, _CR = b'"\n\r'
_INNER, _OPENS, _CLOSES = range(3)  # their sum: a mark between two delimiters, which may do either


class QuoteCheck:
    """A stream that checks the quotation marks of what is read from it.

    A mark opens a field if it follows a delimiter or a line end, and closes one if it precedes either; doubled marks are
    text. A mark that opens a field is unclosed if the next mark is on a later line and does not close a field, or if
    there is none.

    Attributes
    ----------
    row : the line of the first unclosed mark, from 1 on; 0 if there is none. Valid once all is read.
    inner_row : the line of the first single mark within a field, 0 if there is none.
    quotes : how many marks have been read.
    """

    def __init__(self, stream: Readable, delimiter: str) -> None:
        self._stream, self._separators = stream, (ord(delimiter), _LF, _CR)
        self._rest, self._line, self._open = b"\n", 0, 0
        self.row = self.inner_row = self.quotes = 0

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        data = self._stream.read(size)
        self.quotes += data.count(b'"')
        if not self.row:
            self._check(data)
        return data

    def _check(self, data: bytes) -> None:
        """Check all marks whose neighbours are known; the others wait for the next chunk."""
        text = self._rest + (data or b"\n\n")
        end = len(text) - 1
        while data and end > 0 and text[end - 1] == _QUOTE:
            end -= 1  # a run of marks that may continue
        now, self._rest = text[: end + 1], text[max(end - 1, 0) :]
        bytes_ = np.frombuffer(now, np.uint8)
        place, line = _odd_runs(bytes_)
        role = np.isin(bytes_[place], self._separators) @ np.array([_OPENS, _CLOSES])
        self._follow(role, line + self._line)
        inner = np.flatnonzero(role == _INNER)
        if len(inner) and not self.inner_row:
            self.inner_row = int(line[inner[0]]) + self._line
        self._line += int(np.count_nonzero(bytes_[1:-1] == _LF))
        if not data and not self.row:
            self.row = self._open

    def _follow(self, role: np.ndarray, line: np.ndarray) -> None:
        """Compare each mark that opens a field with the next mark."""
        if not len(role):
            return
        if self._open and role[0] < _CLOSES and line[0] > self._open:
            self.row = self._open
            return
        lost = (role[:-1] == _OPENS) & (role[1:] < _CLOSES) & (line[1:] > line[:-1])
        self.row = int(line[np.flatnonzero(lost)[0]]) if lost.any() else 0
        self._open = int(line[-1]) if role[-1] == _OPENS else 0


def _odd_runs(data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) the bytes before and after each run of an odd number of marks, and its line, (n,), from 1 on.

    The first and the last byte are context only.
    """
    marks = np.flatnonzero(data[1:-1] == _QUOTE) + 1
    first = np.flatnonzero(np.diff(marks, prepend=-1) != 1)
    length = np.diff(first, append=len(marks))
    odd = length % 2 == 1
    begin = marks[first[odd]]
    line = np.searchsorted(np.flatnonzero(data[1:-1] == _LF) + 1, begin) + 1
    return np.column_stack([begin - 1, begin + length[odd]]), line
