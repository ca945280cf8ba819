"""Syndicated copies: a text published by many outlets counts once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings
from pipeline.corpus.near import linked_groups, near_pairs

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

WITHIN = 3 * 86_400  # seconds between a text and its copies
MANY = 300_000  # number of texts above which only exact copies are found
BEGINNING = 200  # characters compared to find near-duplicates


def first_copies(texts: Texts, seconds: np.ndarray) -> np.ndarray:
    """(n,) int64: for each text the earliest one that it copies, itself if there is none.

    Near-duplicates (Jaccard index of character 5-grams of 0.7 or more over the first 200 characters) within three days
    count as copies; so do copies of copies.

    Parameters
    ----------
    texts : (n,) strings.
    seconds : (n,) dates, seconds since 1970.

    Examples
    --------
    >>> first_copies(["Rebels shelled the town.", "It rained.", "Rebels shelled the town"], np.array([0.0, 0, 60])).tolist()
    [0, 1, 0]
    """
    pairs = near_pairs(pc.utf8_slice_codeunits(as_strings(texts), 0, BEGINNING))
    pairs = pairs[np.abs(seconds[pairs[:, 0]] - seconds[pairs[:, 1]]) <= WITHIN]
    group = linked_groups(pairs, len(seconds))
    order = np.lexsort((seconds, group))
    first = np.empty(group.max(initial=-1) + 1, np.int64)
    first[group[order[::-1]]] = order[::-1]  # the earliest is written last
    return first[group]


def first_same(prints: np.ndarray, minutes: np.ndarray) -> np.ndarray:
    """Like `first_copies`, for exact copies, whose prints are equal, with dates in minutes; (n,) int32.

    Only texts that have a copy are sorted, so ten million texts fit into memory.

    Examples
    --------
    >>> first_same(np.array([7, 8, 7, 7]), np.array([10, 0, 0, 9 * 1440])).tolist()
    [2, 1, 2, 3]
    """
    first = np.arange(len(prints), dtype=np.int32)
    in_order = np.sort(prints)
    several = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
    del in_order
    if not len(several):
        return first
    place = np.minimum(np.searchsorted(several, prints), len(several) - 1).astype(np.int32)
    rows = np.flatnonzero(several[place] == prints).astype(np.int32)
    rows = rows[np.lexsort((minutes[rows], place[rows]))]
    later = np.diff(minutes[rows].astype(np.int64)) * 60 > WITHIN
    new = np.append(True, later | (np.diff(place[rows]) != 0))
    first[rows] = rows[np.flatnonzero(new)][np.cumsum(new) - 1]
    return first
