"""What a run has found out about words, so that it looks up each word once and not once per batch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from threading import Lock

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import int64_column

MOST = 100_000  # words from which all are forgotten, so that memory does not grow with the input

LookUp = Callable[[pa.Array], tuple[np.ndarray, ...]]


class Memory:
    """Facts of words, by their spelling. Several threads may use it; copies and pickles are empty.

    Examples
    --------
    >>> from pipeline.arrays.arrow import as_strings
    >>> memory = Memory()
    >>> lengths = lambda words: (np.array([len(word) for word in words.to_pylist()]),)
    >>> memory(as_strings(["aid", "truce"]), lengths)[0].tolist()
    [3, 5]
    >>> memory(as_strings(["truce"]), lambda words: (np.zeros(len(words), int),))[0].tolist()
    [5]
    """

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._facts: tuple[np.ndarray, ...] = ()
        self._lock = Lock()

    def __call__(self, words: pa.Array, look_up: LookUp) -> tuple[np.ndarray, ...]:
        """The facts of n distinct words, as arrays of n; ``look_up`` finds those of words that are new."""
        written = words.to_pylist()
        with self._lock:
            if len(self._place) > MOST:
                self._place, self._facts = {}, ()
            place = np.fromiter(map(self._place.get, written, repeat(-1)), np.int64, len(written))
            new = np.flatnonzero(place < 0)
            if len(new) or not self._facts:
                found = look_up(words.take(int64_column(new)))
                known = self._facts or tuple(part[:0] for part in found)
                place[new] = np.arange(len(known[0]), len(known[0]) + len(new))
                self._facts = tuple(map(np.concatenate, zip(known, found)))
                self._place.update(zip((written[row] for row in new.tolist()), place[new].tolist()))
            facts = self._facts
        return tuple(part[place] for part in facts)

    def __reduce__(self) -> tuple[type[Memory], tuple[()]]:
        return Memory, ()
