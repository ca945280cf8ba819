"""Ragged arrays: rows of unequal length in one flat array, with the start offset of each row."""

from __future__ import annotations

import numpy as np


def segment_ids(bounds: np.ndarray) -> np.ndarray:
    """(bounds[-1],) int64: the row of each element, for rows that begin at ``bounds``.

    Computed as a cumulative sum, because `numpy.repeat` holds the GIL, as do sums that convert the type.
    """
    full = np.flatnonzero(bounds[1:] > bounds[:-1])
    step = np.zeros(bounds[-1], np.int64)
    step[bounds[full]] = np.diff(full, prepend=0)
    return np.cumsum(step)


def within(begin: np.ndarray, end: np.ndarray, n: int) -> np.ndarray:
    """(n,) bool: whether each index is in one of the half-open ranges, which are sorted and do not overlap."""
    full = np.flatnonzero(begin < end)
    step = np.zeros(n + 1, np.int8)
    step[begin[full]] = 1
    step[end[full]] -= 1
    return np.cumsum(step[:-1], dtype=np.int8).view(bool)


def segment_sums(bounds: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(n_rows,) the sum of the values in each row, for rows that begin at ``bounds``."""
    out = np.zeros(len(bounds) - 1, values.dtype)
    full = np.flatnonzero(bounds[1:] > bounds[:-1])
    if len(full):
        out[full] = np.add.reduceat(values, bounds[full])
    return out


def segment_counts(bounds: np.ndarray, flags: np.ndarray) -> np.ndarray:
    """(n_rows,) int32: the number of flags set in each row, for rows that begin at ``bounds``."""
    return segment_sums(bounds, flags.astype(np.int32))
