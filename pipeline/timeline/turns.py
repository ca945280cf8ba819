"""Change-point detection: each period against the series' own past.

A jump is a value further from the median of the last `WINDOW` periods than `JUMP` robust standard deviations (median
absolute deviation, Hampel 1974; or the period's or usual standard error if larger). A slow drift is
found by a cumulative sum of what exceeds half a deviation (Page 1954, "Continuous Inspection Schemes"). With limits of 4 and
5 a series without a turn is flagged about once in 450 periods (`tests/test_timeline.py` simulates it, and
`experiments/timeline.py` with sentences). A single text is never a turn.
"""

from __future__ import annotations

import numpy as np

WINDOW, LEAST = 28, 8  # past periods considered, and needed
LEAST_TEXTS = 2
JUMP, SLACK, CLIMB = 4.0, 0.5, 5.0
RISE, FALL, NONE = "rise", "fall", ""
_SMALLEST = 0.02  # of tension: a smaller change is irrelevant however quiet the past was
_MEDIAN_TO_DEVIATION = 1.4826


def turns(values: np.ndarray, errors: np.ndarray, texts: np.ndarray | None = None) -> list[str]:
    """Detect turns: ``rise``, ``fall`` or the empty string for each period of a series.

    Parameters
    ----------
    values : (n,) the series, NaN for gaps.
    errors : (n,) standard errors of the values.
    texts : (n,) number of texts of each value; a period with fewer than two is never flagged.

    Examples
    --------
    >>> quiet = np.tile([0.0, 0.02, -0.02, 0.01], 5)
    >>> turns(np.append(quiet, 0.6), np.full(21, 0.03))[-1]
    'rise'
    """
    flags = [NONE] * len(values)
    past: list[float] = []
    past_errors: list[float] = []
    up = down = 0.0
    texts = np.full(len(values), LEAST_TEXTS) if texts is None else texts
    for place, (value, error, n) in enumerate(zip(values.tolist(), errors.tolist(), texts.tolist())):
        if np.isnan(value):
            continue
        if len(past) >= LEAST:
            recent = np.array(past[-WINDOW:])
            middle = float(np.median(recent))
            spread = _MEDIAN_TO_DEVIATION * float(np.median(np.abs(recent - middle)))
            usual = float(np.median(past_errors[-WINDOW:]))
            score = (value - middle) / max(spread, error, usual, _SMALLEST)
            up, down = max(0.0, up + score - SLACK), max(0.0, down - score - SLACK)
            if n >= LEAST_TEXTS and (score > JUMP or up > CLIMB):
                flags[place] = RISE
            elif n >= LEAST_TEXTS and (score < -JUMP or down > CLIMB):
                flags[place] = FALL
            if flags[place]:  # later periods are compared with the new level, once there are enough of them
                up = down = 0.0
                past, past_errors = [], []
        past.append(value)
        past_errors.append(error)
    return flags
