"""The threshold below which an answer is `unclear`."""

from __future__ import annotations

import numpy as np

from pipeline.stance import STANCES

_CONFIDENCE = 0.95  # of the bound on precision
_THRESHOLDS = np.arange(99, 33, -1) / 100


def threshold_for(proba: np.ndarray, stances: np.ndarray, precision: float) -> float:
    """The lowest probability above which answers that take a side reach the given precision.

    Thresholds are tested from .99 downwards in steps of .01 until the first at which the lower end of the one-sided 95 %
    interval of the precision (Clopper and Pearson 1934) is too low. Testing in a fixed order keeps the guarantee for the
    threshold that is chosen, without a correction for their number (fixed-sequence testing; Angelopoulos et al. 2021,
    "Learn then Test"). Thresholds with too few answers to reach the precision even if all were right are skipped; this
    depends on no label. Answers of `neutral` do not count: text without politics would make them look better than they
    are.

    Parameters
    ----------
    proba : (n, 3) held-out probabilities of the stances.
    stances : (n,) true stances.
    precision : wanted share of right answers, in [0, 1].

    Returns
    -------
    float
        One of the thresholds; if none reaches the precision, the largest probability seen.
    """
    from scipy.stats import beta

    guess, top = proba.argmax(axis=1), proba.max(axis=1)
    takes_side = guess < 2
    if not takes_side.any():
        return float(top.max())
    right = (np.array(STANCES, object)[guess] == stances)[takes_side]
    top = top[takes_side]
    above = top >= _THRESHOLDS[:, None]
    n, hits = above.sum(axis=1), (above & right).sum(axis=1)
    enough = beta.ppf(1 - _CONFIDENCE, n, 1) >= precision  # NaN without answers
    good = beta.ppf(1 - _CONFIDENCE, hits, n - hits + 1)[enough] >= precision  # NaN if nothing was right
    passed = _THRESHOLDS[enough][np.logical_and.accumulate(good)]
    return float(passed[-1]) if len(passed) else float(top.max())
