"""Near-duplicates: which texts are almost the same, so that no copy sits on both sides of a split.

Nearness is the Jaccard index of sets of character 5-grams of the lower-cased words. Candidates
come from MinHash with banding (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive
Datasets, ch. 3) and are then compared exactly.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from pipeline.text.columns import as_strings
from pipeline.text.tokens import tokenise

NEAR = 0.7  # Jaccard index from which two texts count as near-copies
SHINGLE = 5
_BANDS, _ROWS = 32, 3  # finds a pair at Jaccard 0.7 with probability 1 - (1 - 0.7**3)**32 > 0.99999
_SEED = 20161


def shingles(texts) -> tuple[np.ndarray, np.ndarray]:
    """Distinct character 5-grams of each text, hashed.

    Returns
    -------
    owner : (n_shingles,) int64, the text, never falls.
    value : (n_shingles,) uint64, hashes, rising within a text.
    """
    tokens = tokenise(pc.utf8_lower(as_strings(texts)), join_hyphens=False)
    size = tokens.end - tokens.start
    # The words of each text joined by single spaces, padded so that a text of one short word has a shingle.
    begin = np.cumsum(size + 1) - (size + 1)
    chars = np.full(int((size + 1).sum()) + SHINGLE, ord(" "), np.uint64)
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    chars[np.repeat(begin, size) + within] = tokens.data[np.repeat(tokens.start, size) + within]
    owner = np.repeat(tokens.text, size + 1)
    rolled = np.zeros(len(owner), np.uint64)
    for step in range(SHINGLE):
        rolled = (rolled << np.uint64(8)) | chars[step : step + len(owner)]
    inside = np.append(owner, np.full(SHINGLE, -1))[SHINGLE - 1 : SHINGLE - 1 + len(owner)] == owner
    inside |= np.append(True, owner[1:] != owner[:-1]) if len(owner) else inside
    owner, rolled = owner[inside], _mix(rolled[inside])
    order = np.lexsort((rolled, owner))
    owner, rolled = owner[order], rolled[order]
    fresh = np.ones(len(owner), bool)
    fresh[1:] = (owner[1:] != owner[:-1]) | (rolled[1:] != rolled[:-1])
    return owner[fresh], rolled[fresh]


def fingerprints(owner: np.ndarray, value: np.ndarray, n_texts: int, size: int = _BANDS * _ROWS) -> np.ndarray:
    """(n_texts, size) uint32 MinHash signatures; texts without a shingle get the largest value."""
    seeds = np.random.default_rng(_SEED).integers(1, 2**63, size, dtype=np.uint64) | np.uint64(1)
    out = np.full((n_texts, size), np.iinfo(np.uint32).max, np.uint32)
    texts, first = np.unique(owner, return_index=True)
    for k, seed in enumerate(seeds):
        hashed = ((value * seed) >> np.uint64(32)).astype(np.uint32)
        if len(texts):
            out[texts, k] = np.minimum.reduceat(hashed, first)
    return out


def near_pairs(texts, floor: float = NEAR) -> np.ndarray:
    """(n_pairs, 2) int64: pairs of texts, i < j, whose Jaccard index is at least ``floor``.

    Examples
    --------
    >>> near_pairs(["Talks on the truce began on Monday.", "Aid.", "Talks on the truce began on Monday!"]).tolist()
    [[0, 2]]
    """
    owner, value = shingles(texts)
    n = len(texts)
    pairs = _candidates(fingerprints(owner, value, n))
    cuts = np.searchsorted(owner, np.arange(n + 1))
    sets = [value[cuts[i] : cuts[i + 1]] for i in range(n)] if len(pairs) else []
    close = [jaccard(sets[i], sets[j]) >= floor for i, j in pairs]
    return pairs[np.array(close, bool)]


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """Jaccard index of two sorted arrays of distinct values; 0 where either is empty."""
    if not len(a) or not len(b):
        return 0.0
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / (len(a) + len(b) - both)


def near_groups(texts, floor: float = NEAR) -> np.ndarray:
    """(n,) int64 group labels: texts joined by a chain of near-copies share one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = near_pairs(texts, floor)
    n = len(texts)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _candidates(signatures: np.ndarray) -> np.ndarray:
    """Pairs that agree in at least one band; within a bucket each is paired with its neighbour and the first."""
    found = []
    filled = np.flatnonzero((signatures != np.iinfo(np.uint32).max).any(axis=1))
    for band in range(_BANDS):
        rows = np.ascontiguousarray(signatures[filled, band * _ROWS : (band + 1) * _ROWS])
        keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * _ROWS))).ravel()
        _, bucket = np.unique(keys, return_inverse=True)
        order = np.argsort(bucket, kind="stable")
        sorted_bucket, members = bucket[order], filled[order]
        start = np.flatnonzero(np.append(True, sorted_bucket[1:] != sorted_bucket[:-1])) if len(members) else []
        leader = np.repeat(members[start], np.diff(np.append(start, len(members)))) if len(members) else members
        same = sorted_bucket[1:] == sorted_bucket[:-1]
        found.append(np.column_stack([members[:-1][same], members[1:][same]]))
        found.append(np.column_stack([leader, members])[leader != members])
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0) if found else np.zeros((0, 2), np.int64)


def _mix(values: np.ndarray) -> np.ndarray:
    """Scatter 64-bit integers (the finaliser of SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
