"""Risk and coverage: how often the model errs when it may leave the hardest snippets unanswered."""

from __future__ import annotations

import numpy as np

from pipeline.evaluate.metrics import Judged


def risk_coverage(rows: Judged) -> tuple[np.ndarray, np.ndarray]:
    """The error among the answered snippets, the surest answered first.

    Returns
    -------
    coverage : (n,) rising to 1, share of the snippets answered.
    risk : (n,) share of wrong stances among them.
    """
    order = np.argsort(-rows.proba.max(axis=1), kind="stable")
    wrong = (rows.proba.argmax(axis=1) != rows.stance)[order]
    answered = np.arange(1, len(order) + 1)
    return answered / len(order), np.cumsum(wrong) / answered
