"""Leak-free splits: near-duplicate groups are never divided."""

from __future__ import annotations

import numpy as np


def folds(groups: np.ndarray, labels: np.ndarray, k: int, seed: int) -> np.ndarray:
    """Assign groups to folds, stratified by label; a group of near-duplicates is never divided.

    Returns (n,) int64 in [0, k).

    Parameters
    ----------
    groups : (n,) group labels.
    labels : (n,) strings to stratify by; a group counts with its first row.
    k : number of folds.
    seed : seed of the shuffling.

    Examples
    --------
    >>> fold = folds(np.array([0, 0, 1, 2, 3]), np.array(["a", "a", "a", "b", "b"]), 2, seed=0)
    >>> bool(fold[0] == fold[1]), sorted(np.bincount(fold).tolist())
    (True, [2, 3])
    """
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    chance = np.random.default_rng(seed).random(len(first))
    fold = np.empty(len(first), np.int64)
    fold[np.lexsort((chance, labels[first].astype(str)))] = np.arange(len(first)) % k
    return fold[group]
