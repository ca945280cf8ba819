"""Cut a stream into blocks of complete records: lines, or rows whose quoted fields span lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.read.bounds import BLOCK, MARK, RECORD, Readable
from pipeline.read.quotes import QuoteCheck


def records(stream: Readable, quotes: QuoteCheck | None = None, mark: bytes = MARK) -> Iterator[bytes]:
    """Yield blocks of complete records. The last block may lack a final newline.

    Parameters
    ----------
    quotes : finds the newlines that belong to a quoted field; None if each newline ends a record.
    mark : replaces each record over the size limit.
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
