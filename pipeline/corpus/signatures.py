"""Fingerprints of the training texts, stored with the model in place of the texts: 8-bit MinHash signatures.

Eight bits of each MinHash suffice to estimate the Jaccard index of two texts (Li and König 2010, "b-Bit
Minwise Hashing"): the expected share of equal positions is ``J + (1 - J) / 256``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.corpus.near import fingerprints

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

SIZE = 64  # length of a signature; the estimate's standard deviation at J = 0.7 is 0.057
ESTIMATED_NEAR = 0.585  # two standard deviations below 0.7, so 98 of 100 near-duplicates at 0.7 are found
_ROWS = 3
_BANDS = SIZE // _ROWS


def signatures(prints: np.ndarray) -> np.ndarray:
    """(n_texts, 64) uint8 signatures of texts, from their `pipeline.corpus.near.fingerprints`."""
    return (prints[:, :SIZE] & 0xFF).astype(np.uint8)


def signatures_of(texts: Texts) -> np.ndarray:
    """(n_texts, 64) uint8 signatures of texts."""
    return signatures(fingerprints(texts))


def is_near(seen: np.ndarray, texts: Texts) -> np.ndarray:
    """(n,) bool: whether each text is, by estimate, equal or near to one of those with the signatures ``seen``."""
    return nearest_signature(seen, texts) >= ESTIMATED_NEAR


def nearest_signature(seen: np.ndarray, texts: Texts) -> np.ndarray:
    """The estimated Jaccard index of each text with the nearest text of ``seen``.

    Parameters
    ----------
    seen : (n_seen, 64) uint8 signatures of the texts trained on.
    texts : n texts.

    Returns
    -------
    (n,) float64 in [0, 1]; 0 if no text shares a band of its signature.

    Examples
    --------
    >>> seen = signatures_of(["The two sides signed a truce in Nairobi on Monday."])
    >>> nearest_signature(seen, ["The two sides signed a truce in Nairobi on Monday!", "Rain fell."]).tolist()
    [1.0, 0.0]
    """
    mine = signatures_of(texts)
    best = np.zeros(len(mine))
    if not len(seen) or not len(mine):
        return best
    for band in range(_BANDS):
        columns = slice(band * _ROWS, (band + 1) * _ROWS)
        rows, others = _joined(_band_keys(mine[:, columns]), _band_keys(seen[:, columns]))
        equal = (mine[rows] == seen[others]).mean(axis=1)
        np.maximum.at(best, rows, np.clip((equal - 1 / 256) / (1 - 1 / 256), 0, 1))
    return best


def _band_keys(band: np.ndarray) -> np.ndarray:
    """(n,) int64: the bytes of a band as one number."""
    return band.astype(np.int64) @ (256 ** np.arange(_ROWS))


def _joined(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (i, j) with ``left[i] == right[j]``."""
    order = np.argsort(right, kind="stable")
    low, high = np.searchsorted(right[order], left), np.searchsorted(right[order], left, side="right")
    count = high - low
    rows = np.repeat(np.arange(len(left)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return rows, order[np.repeat(low, count) + within]
