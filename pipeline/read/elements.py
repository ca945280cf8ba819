"""The elements of a JSON array, one at a time."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.read.bounds import BLOCK, RECORD, TOO_LONG

if TYPE_CHECKING:
    from pipeline.read.bounds import Readable

_NOT_SPACE = re.compile(r"[^ \t\n\r]")
_DECODER = json.JSONDecoder(strict=False)


def elements(stream: Readable) -> Iterator[object]:
    """Yield the elements of a JSON array.

    Raises `ValueError` if the stream is not one array, not valid JSON or not UTF-8, or an element is over the size
    limit for a row.

    Examples
    --------
    >>> from io import BytesIO
    >>> list(elements(BytesIO(b'[{"text": "Talks resume."}, 2]')))
    [{'text': 'Talks resume.'}, 2]
    """
    window, number = _Window(stream), 1
    window.take("[")
    more = window.following() != "]" or window.take("]") != "]"
    while more:
        try:
            yield window.value()
        except json.JSONDecodeError as error:
            raise ValueError(f"element {number:,}: {error.msg}") from None
        number += 1
        more = window.take(",]") == ","
    if window.following():
        raise ValueError("more data after the array")


class _Window:
    """The part of a stream that is being read."""

    def __init__(self, stream: Readable) -> None:
        self._blocks = codecs.iterdecode(iter(lambda: stream.read(BLOCK), b""), "utf-8")
        self._text, self._place = "", 0

    def _grow(self) -> bool:
        """Read more; returns whether there was more."""
        more = next(self._blocks, "")
        self._text, self._place = self._text[self._place :] + more, 0
        return more != ""

    def following(self) -> str:
        """Return the next character that is no white space; empty at the end."""
        while True:
            if found := _NOT_SPACE.search(self._text, self._place):
                self._place = found.start()
                return found[0]
            self._place = len(self._text)
            if not self._grow():
                return ""

    def take(self, wanted: str) -> str:
        """Go past the next character and return it; raises `ValueError` if it is none of those wanted."""
        if (mark := self.following()) and mark in wanted:
            self._place += 1
            return mark
        raise ValueError(f"expected {' or '.join(wanted)}, found {mark or 'the end'}")

    def value(self) -> object:
        """Go past the next value and return it."""
        more = True
        while True:
            self.following()
            fault = None
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
                following = _NOT_SPACE.search(self._text, end)
                if not more or (following and following[0] in ",]"):  # else a number may go on
                    self._place = end
                    return value
            except json.JSONDecodeError as error:
                fault = error
            long = len(self._text) - self._place > RECORD
            if long and (fault is None or fault.msg.startswith("Unterminated")):
                raise ValueError(TOO_LONG)
            more = not long and self._grow()
            if fault and not more:
                raise fault
