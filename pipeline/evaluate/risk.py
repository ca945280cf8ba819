"""Risk-coverage curve: the error rate if the model may abstain on the least confident snippets."""

from __future__ import annotations

import numpy as np

from pipeline.evaluate.metrics import Judged


def risk_coverage(rows: Judged) -> tuple[np.ndarray, np.ndarray]:
    """The error rate among the answered snippets, most confident first.

    Returns
    -------
    coverage : (n,) increasing to 1, share of the snippets answered.
    risk : (n,) share of wrong stances among them.
    """
    order = np.argsort(-rows.proba.max(axis=1), kind="stable")
    wrong = (rows.proba.argmax(axis=1) != rows.stance)[order]
    answered = np.arange(1, len(order) + 1)
    return answered / len(order), np.cumsum(wrong) / answered
