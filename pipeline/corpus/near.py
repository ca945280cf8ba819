"""Near-duplicate detection, so that no copy ends up on both sides of a split.

Similarity is the Jaccard index of sets of character 5-grams of the lower-cased words. Candidates come from MinHash
with banding (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, ch. 3) and are then compared
exactly. A model keeps 4-bit MinHash signatures in place of the texts it was trained on. Four bits suffice to estimate
the Jaccard index (Li and König 2010, "b-Bit Minwise Hashing"): the expected share of equal positions is
``J + (1 - J) / 16``.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, int64_column
from pipeline.arrays.ragged import segment_ids
from pipeline.text.tokens import tokenise

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

NEAR = 0.7  # Jaccard index from which two texts count as near-duplicates in training and measuring
ALIKE = 0.5  # the same for `detente data`, where a person sees the pairs, see `pipeline.label.repeats`
SHINGLE = 5
_POSITIONS = 64  # of a signature; the estimate's standard deviation at J = 0.7 is 0.06
SIZE = _POSITIONS // 2  # bytes of a signature: two positions each
ESTIMATED_NEAR = 0.58  # two standard deviations below 0.7, so 98 of 100 near-duplicates at 0.7 are found
_CHANCE, _BAND = 1 / 16, 4  # P(equal) of two different values; positions of a band of a signature
_BANDS, _ROWS = 32, 3  # finds a pair at Jaccard 0.7 with probability 1 - (1 - 0.7**3)**32 > 0.99999
_DEVIATION = 0.05  # of a Jaccard index estimated from a signature: sqrt(J (1 - J) / 96), at most 0.051
_SEEDS = np.random.default_rng(20161).integers(1, 2**63, _BANDS * _ROWS, dtype=np.uint64) | np.uint64(1)
_NONE = np.iinfo(np.uint32).max
_TOGETHER, _THREADS, _PAIRS = 1000, 2, 10_000


def shingles(texts: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Distinct character 5-grams of each text, hashed.

    Returns
    -------
    owner : (n_shingles,) int64, the text, nondecreasing.
    value : (n_shingles,) uint64, hashes, increasing within a text.
    """
    tokens = tokenise(pc.utf8_lower(as_strings(texts)), join_hyphens=False)
    size = tokens.end - tokens.start
    # The words of each text joined by single spaces, padded so that even one short word has a shingle.
    begin = np.cumsum(size + 1) - (size + 1)
    chars = np.full(int((size + 1).sum()) + SHINGLE, ord(" "), np.uint64)
    offset = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    chars[np.repeat(begin, size) + offset] = tokens.data[np.repeat(tokens.start, size) + offset]
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


def fingerprints(texts: Texts) -> np.ndarray:
    """(n_texts, 96) uint32 MinHash signatures of texts; a text without a shingle gets the largest value.

    Computed in blocks that fit the processor's cache; otherwise the cost would grow faster than the number of texts.
    """
    column = as_strings(texts)
    parts = [column.slice(start, _TOGETHER) for start in range(0, len(column), _TOGETHER)]
    with ThreadPoolExecutor(_THREADS) as pool:
        return np.concatenate([np.zeros((0, _BANDS * _ROWS), np.uint32), *pool.map(_fingerprints, parts)])


def _fingerprints(texts: pa.Array) -> np.ndarray:
    owner, value = shingles(texts)
    out = np.full((len(texts), _BANDS * _ROWS), _NONE, np.uint32)
    owners, first = np.unique(owner, return_index=True)
    for k, seed in enumerate(_SEEDS if len(owners) else ()):
        hashed = ((value * seed) >> np.uint64(32)).astype(np.uint32)
        out[owners, k] = np.minimum.reduceat(hashed, first)
    return out


def near_pairs(texts: Texts, floor: float = NEAR, prints: np.ndarray | None = None) -> np.ndarray:
    """(n_pairs, 2) int64: pairs of texts, i < j, whose Jaccard index is at least ``floor``.

    ``prints``: their `fingerprints`, if available.

    Examples
    --------
    >>> near_pairs(["Talks on the truce began on Monday.", "Aid.", "Talks on the truce began on Monday!"]).tolist()
    [[0, 2]]
    """
    column = as_strings(texts)
    prints = fingerprints(column) if prints is None else prints
    pairs = _candidates(prints)
    # Bands let through many dissimilar pairs; whole signatures remove them, with a margin of four standard deviations.
    blocks = (pairs[start : start + _PAIRS] for start in range(0, len(pairs), _PAIRS))
    alike = [(prints[block[:, 0]] == prints[block[:, 1]]).mean(axis=1) for block in blocks]
    pairs = pairs[np.concatenate([np.zeros(0), *alike]) >= floor - 4 * _DEVIATION]
    if not len(pairs):
        return pairs
    rows, place = np.unique(pairs, return_inverse=True)
    owner, value = shingles(column.take(int64_column(rows)))
    cuts = np.searchsorted(owner, np.arange(len(rows) + 1))
    place = place.reshape(pairs.shape)
    blocks = (place[start : start + _PAIRS] for start in range(0, len(place), _PAIRS))
    return pairs[np.concatenate([jaccard(value, cuts, block) for block in blocks]) >= floor]


def jaccard(value: np.ndarray, cuts: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """(n_pairs,) Jaccard index of each pair of sets; 0 where either is empty.

    Parameters
    ----------
    value : uint64, the distinct values of all sets, concatenated.
    cuts : (n_sets + 1,) where each set begins, and the end.
    pairs : (n_pairs, 2) int, two sets each.
    """
    sizes = np.diff(cuts)[pairs]
    bounds = np.append(0, np.cumsum(sizes.ravel()))
    part = segment_ids(bounds)
    taken = value[np.arange(bounds[-1]) + (cuts[pairs.ravel()] - bounds[:-1])[part]]
    pair = part // 2
    # A value in both sets of a pair occurs twice; other pairs' values are scattered elsewhere.
    key = _mix(taken + pair.astype(np.uint64) * _SEEDS[0])
    order = np.argsort(key)
    key = key[order]
    both = np.bincount(pair[order][1:][key[1:] == key[:-1]], minlength=len(pairs))
    return both / np.maximum(sizes.sum(axis=1) - both, 1)


def near_groups(texts: Texts, floor: float = NEAR, prints: np.ndarray | None = None) -> np.ndarray:
    """(n,) int64 group labels: texts linked by a chain of near-duplicates share one."""
    return linked_groups(near_pairs(texts, floor, prints), len(texts))


def linked_groups(pairs: np.ndarray, n: int) -> np.ndarray:
    """(n,) int64 group labels: what a chain of the (n_pairs, 2) ``pairs`` links shares one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _candidates(prints: np.ndarray) -> np.ndarray:
    """Pairs that agree in at least one band; within a bucket each is paired with its neighbour and the first."""
    found = [np.zeros((0, 2), np.int64)]
    filled = np.flatnonzero((prints != _NONE).any(axis=1))
    for band in range(0, prints.shape[1], _ROWS):
        # A band as one number: a collision is as unlikely as one of two hashes.
        key = _mix(prints[filled, band].astype(np.uint64) << np.uint64(32) | prints[filled, band + 1])
        key = _mix(key ^ prints[filled, band + 2])
        order = np.argsort(key, kind="stable")
        key, members = key[order], filled[order]
        same = np.append(False, key[1:] == key[:-1])[: len(key)]
        start = np.maximum.accumulate(np.where(same, 0, np.arange(len(key))))
        befores = (np.flatnonzero(same) - 1, start[same])
        found.extend(np.column_stack([members[before], members[same]]) for before in befores)
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _mix(values: np.ndarray) -> np.ndarray:
    """Scatter 64-bit integers (the finaliser of SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def signatures(prints: np.ndarray) -> np.ndarray:
    """(n_texts, 32) uint8 signatures of texts, from their `fingerprints`."""
    values = (prints[:, :_POSITIONS] & 0xF).astype(np.uint8)
    return values[:, ::2] << 4 | values[:, 1::2]


def signatures_of(texts: Texts) -> np.ndarray:
    """(n_texts, 32) uint8 signatures of texts."""
    return signatures(fingerprints(texts))


def is_near(seen: np.ndarray, texts: Texts) -> np.ndarray:
    """(n,) bool: whether each text is, by estimate, equal or near to one of those with the signatures ``seen``."""
    return nearest_signature(seen, texts) >= ESTIMATED_NEAR


def nearest_signature(seen: np.ndarray, texts: Texts) -> np.ndarray:
    """The estimated Jaccard index of each text with the nearest text of ``seen``.

    ``seen``: (n_seen, 32) uint8 signatures of the texts trained on. ``texts``: n texts. Returns (n,) float64 in [0, 1];
    0 if no text shares a band of its signature.

    Examples
    --------
    >>> seen = signatures_of(["The two sides signed a truce in Nairobi on Monday."])
    >>> nearest_signature(seen, ["The two sides signed a truce in Nairobi on Monday!", "Rain fell."]).tolist()
    [1.0, 0.0]
    """
    mine, seen = _positions(signatures_of(texts)), _positions(seen)
    best = np.zeros(len(mine))
    if not len(seen) or not len(mine):
        return best
    for band in range(0, _POSITIONS, _BAND):
        columns = slice(band, band + _BAND)
        rows, others = _joined(_band_keys(mine[:, columns]), _band_keys(seen[:, columns]))
        equal = (mine[rows] == seen[others]).mean(axis=1)
        np.maximum.at(best, rows, np.clip((equal - _CHANCE) / (1 - _CHANCE), 0, 1))
    return best


def _positions(signatures: np.ndarray) -> np.ndarray:
    """(n, 64) uint8 in [0, 15]: the values of a signature."""
    return np.stack([signatures >> 4, signatures & 0xF], axis=2).reshape(-1, _POSITIONS)


def _band_keys(band: np.ndarray) -> np.ndarray:
    """(n,) int64: the values of a band as one number."""
    return band.astype(np.int64) @ (16 ** np.arange(_BAND))


def _joined(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (i, j) with ``left[i] == right[j]``."""
    order = np.argsort(right, kind="stable")
    low, high = np.searchsorted(right[order], left), np.searchsorted(right[order], left, side="right")
    count = high - low
    rows = np.repeat(np.arange(len(left)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return rows, order[np.repeat(low, count) + within]
