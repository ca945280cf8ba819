"""Cut a stream into blocks of complete records: lines, or rows whose quoted fields span lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.read.bounds import BLOCK, MARK, RECORD, Readable


def records(stream: Readable, quotes: QuoteCheck | None = None, mark: bytes = MARK) -> Iterator[bytes]:
    """Yield blocks of complete records. The last block may lack a final newline.

    ``quotes``: finds the newlines that belong to a quoted field; None if each newline ends a record. ``mark``: replaces
    each record over the size limit.
    """
    held, rest = b"", b""  # the block to yield next; the incomplete record after it
    skipping, more = False, True  # inside a record over the size limit
    while more:
        chunk = stream.read(BLOCK)
        more = len(chunk) > 0
        known, ends = quotes.follow(chunk) if quotes else (chunk, _line_ends(chunk))
        if skipping:
            if not len(ends):
                continue
            known, ends, skipping = known[ends[0] + 1 :], ends[1:] - ends[0] - 1, False
        data, ends = rest + known, ends + len(rest)
        cut = int(ends[-1]) + 1 if len(ends) else 0
        ready, rest = _marked(data[:cut], ends, mark), data[cut:]
        if len(rest) > RECORD:
            skipping, rest = True, b""
            ready += mark + b"\n"
        if ready:
            if held:
                yield held
            held = ready
    if held or rest:
        yield held + rest


def _line_ends(data: bytes) -> np.ndarray:
    """Return the positions of the first newline and of those that end stretches of lines within the size limit."""
    ends, end = [], data.find(b"\n")
    while end >= 0:
        ends.append(end)
        last = data.rfind(b"\n", end + 1, end + RECORD + 2)
        end = last if last >= 0 else data.find(b"\n", end + 1)
    return np.array(ends, np.int64)


def _marked(block: bytes, ends: np.ndarray, mark: bytes) -> bytes:
    """Return a block of complete records with ``mark`` in place of those over the size limit."""
    starts = np.concatenate([[0], ends[:-1] + 1])
    over = np.flatnonzero(ends - starts > RECORD)
    if not len(over):
        return block
    kept, place = [], 0
    for start, end in zip(starts[over], ends[over]):
        kept += [block[place:start], mark + b"\n"]
        place = end + 1
    return b"".join([*kept, block[place:]])


class Shortened:
    """The output of `records` as a file object for Arrow."""

    closed = False

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks, self._rest = blocks, b""

    def read(self, size: int) -> bytes:
        """Return the next bytes; empty at the end."""
        if not self._rest:
            self._rest = next(self._blocks, b"")
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        """Do nothing: the caller closes the underlying file."""


_QUOTE, _TAB, _LF, _CR = b'"\t\n\r'


class QuoteCheck:
    """The quotation marks of a stream, as Python's csv module, pandas and Arrow read them.

    A mark opens a field if it follows a delimiter or a line end; the next mark closes the field. Doubled marks, and marks
    elsewhere (12" pipe), are text. A mark is unclosed if no mark follows it, or if the next one is on a later line and
    does not end a field.

    ``row``: the line of the first unclosed mark, from 1 on; 0 if there is none. Valid once all is read. ``spans``: some
    quoted field holds a line end. ``tabs``: some quoted field holds a tab; only if that is the delimiter.
    """

    def __init__(self, delimiter: str) -> None:
        self._separates = np.zeros(256, bool)
        self._separates[[ord(delimiter), _LF, _CR]] = True
        self._rest, self._line, self._open = b"\n", 0, 0  # the line of the mark that is open now; 0 if none is
        self.row, self.spans, self.tabs = 0, False, False

    def follow(self, data: bytes) -> tuple[bytes, np.ndarray]:
        """Take the next bytes, empty at the end of the stream.

        Returns the bytes that are understood, which are all but marks at the end that may continue, and (n,) int64 the
        positions in them of the line ends outside quoted fields.
        """
        text = self._rest + (data or b"\n")
        end = len(text) - 1
        while data and end > 0 and text[end - 1] == _QUOTE:
            end -= 1
        self._rest = text[max(end - 1, 0) :]
        codes = np.frombuffer(text, np.uint8, end + 1)  # the first and the last byte are context only
        place, opens, closes = self._marks(codes)
        quoted = self._quoted(opens)
        lines = np.flatnonzero(codes[1:-1] == _LF) + 1
        self._find_unclosed(np.searchsorted(lines, place) + self._line + 1, closes, quoted, not data)
        self._line += len(lines)
        inner = quoted[np.searchsorted(place, lines)]
        self.spans = self.spans or bool(inner.any())
        if self._separates[_TAB] and not self.tabs:
            self.tabs = bool(quoted[np.searchsorted(place, np.flatnonzero(codes == _TAB))].any())
        return text[1:end], lines[~inner] - 1

    def _marks(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (n,) the place of each run of an odd number of marks, and whether it follows and precedes a separator.

        A run of an even number opens and closes nothing.
        """
        marks = np.flatnonzero(codes[1:-1] == _QUOTE) + 1
        first = np.flatnonzero(np.diff(marks, prepend=-1) != 1)
        length = np.diff(first, append=len(marks))
        odd = length % 2 == 1
        place = marks[first[odd]]
        return place, self._separates[codes[place - 1]], self._separates[codes[place + length[odd]]]

    def _quoted(self, opens: np.ndarray) -> np.ndarray:
        """Return (n + 1,) whether text is quoted before the first mark, and after each mark.

        A mark that cannot open a field ends quoted text; each of those that can, after it, opens or closes in turn.
        """
        number = np.arange(1, len(opens) + 1)
        last = np.maximum.accumulate(np.where(opens, 0, number)) if len(opens) else number
        start = self._open > 0
        return np.concatenate([[start], (number - last + (start & (last == 0))) % 2 == 1])

    def _find_unclosed(self, line: np.ndarray, closes: np.ndarray, quoted: np.ndarray, at_end: bool) -> None:
        """Compare each mark that opens a field with the next mark."""
        opened = np.concatenate([[self._open], line])
        lost = np.flatnonzero(quoted[:-1] & ~closes & (line > opened[:-1]))
        self._open = int(opened[-1]) if quoted[-1] else 0
        if not self.row:
            self.row = int(opened[lost[0]]) if len(lost) else self._open * at_end
