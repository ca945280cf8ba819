"""A reusable hash index from integer keys to their positions, for millions of lookups at a time.

Arrow's ``index_in`` rebuilds its hash table on every call, and a binary search misses the cache at every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_NO_KEY = np.iinfo(np.int64).min
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: Knuth's multiplicative hashing


@dataclass(frozen=True)
class HashIndex:
    """A hash table with open addressing (Knuth, The Art of Computer Programming 3, 6.4).

    Attributes
    ----------
    keys : (n + 1,) int64, the keys, then a sentinel that equals no key.
    slots : (2**bits,) of the smallest sufficient unsigned type (a table that fits the cache is twice as fast): the
        position of the key in each slot, n if the slot is empty. At most one slot in eight is used.
    bits : log2 of the number of slots.
    """

    keys: np.ndarray
    slots: np.ndarray
    bits: int

    def __call__(self, queries: np.ndarray) -> np.ndarray:
        """(n,) int32: the position of each int64 key, -1 if absent (negative keys always are)."""
        empty = len(self.keys) - 1
        slot = _first_slot(queries, self.bits)
        found = self.slots[slot].astype(np.int32)
        left = np.flatnonzero(self.keys[found] != queries)
        candidate, slot, queries = found[left], slot[left], queries[left]
        found[left] = -1
        while len(occupied := np.flatnonzero(candidate != empty)):
            left, queries = left[occupied], queries[occupied]
            slot = slot[occupied] + 1 & (1 << self.bits) - 1
            candidate = self.slots[slot]
            hit = np.flatnonzero(self.keys[candidate] == queries)
            found[left[hit]] = candidate[hit]
            candidate[hit] = empty
        return found


def hash_index(keys: np.ndarray) -> HashIndex:
    """Build the index of distinct, non-negative int64 keys.

    Examples
    --------
    >>> hash_index(np.array([70, 5]))(np.array([5, 6, 70, -1])).tolist()
    [1, -1, 0, -1]
    """
    bits, empty = (8 * len(keys) + 1).bit_length(), len(keys)
    slots = np.full(1 << bits, empty, np.min_scalar_type(empty))
    left, slot = np.arange(empty), _first_slot(keys, bits)
    while len(left):
        free = slots[slot] == empty
        slots[slot[free]] = left[free]  # if several keys share a slot, the last one is stored
        unplaced = slots[slot] != left
        left, slot = left[unplaced], slot[unplaced] + 1 & (1 << bits) - 1
    return HashIndex(np.append(keys, _NO_KEY), slots, bits)


def _first_slot(keys: np.ndarray, bits: int) -> np.ndarray:
    """(n,) int64: the slot where probing begins for each key."""
    return (keys.view(np.uint64) * _MULTIPLIER >> np.uint64(64 - bits)).view(np.int64)
