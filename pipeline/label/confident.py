"""Confident learning: which labels of a data set are likely wrong, from out-of-fold probabilities.

After Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of
Artificial Intelligence Research 70, sections 3.1 and 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Suspects:
    """Rows whose label is likely wrong, most likely first.

    Attributes
    ----------
    rows : (n_suspects,) int64.
    suggested : (n_suspects,) int64, the more likely class of each.
    margin : (n_suspects,) float64, the log-odds of the given class, increasing.
    """

    rows: np.ndarray
    suggested: np.ndarray
    margin: np.ndarray


def thresholds(given: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """(n_classes,) the mean probability of a class among the rows labelled with it; infinite for an absent class.

    Equation 2 of the paper: a row confidently belongs to a class if the class has at least this probability.
    """
    n = proba.shape[1]
    counts = np.bincount(given, minlength=n)
    total = np.bincount(given, proba[np.arange(len(given)), given], minlength=n)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.inf)


def confident_classes(given: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """(n,) int64, the likeliest of the classes that reach their threshold; -1 if none does."""
    reached = proba >= thresholds(given, proba)
    found = np.where(reached, proba, -1.0).argmax(axis=1)
    return np.where(reached.any(axis=1), found, -1)


def confident_joint(given: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """(n_classes, n_classes) int64: number of rows labelled i that confidently belong to class j (equation 1)."""
    found, n = confident_classes(given, proba), proba.shape[1]
    sure = found >= 0
    return np.bincount(given[sure] * n + found[sure], minlength=n * n).reshape(n, n)


def suspects(given: np.ndarray, proba: np.ndarray) -> Suspects:
    """For each class, as many rows as the confident joint has off its diagonal: those with the smallest odds of their class.

    The paper also prunes by class and ranks by P(given) or by the margin of probabilities. If a label is wrong as often
    in every class, and any other is then as likely to be given, these odds are those of its being right, so that no
    other order is better. Rows whose class is the likeliest are left out.

    Parameters
    ----------
    given : (n,) int64, the class that each row is labelled with.
    proba : (n, n_classes) float64, probabilities from models that have not seen the row; rows sum to 1.

    Examples
    --------
    >>> proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.95, 0.05], [0.3, 0.7], [0.1, 0.9]])
    >>> found = suspects(np.array([0, 0, 1, 1, 1]), proba)
    >>> found.rows.tolist(), found.suggested.tolist(), found.margin.round(2).tolist()
    ([2], [0], [-2.94])
    """
    every = np.arange(len(given))
    suggested = proba.argmax(axis=1)
    own, tiny = proba[every, given], np.finfo(float).tiny
    margin = np.log(np.maximum(own, tiny)) - np.log(np.maximum(proba.sum(axis=1) - own, tiny))
    joint = confident_joint(given, proba)
    wrong = joint.sum(axis=1) - np.diag(joint)
    order = np.argsort(margin, kind="stable")
    rank = np.empty(len(given), np.int64)  # of each row within its class
    for label in range(proba.shape[1]):
        mine = order[given[order] == label]
        rank[mine] = np.arange(len(mine))
    rows = order[(rank < wrong[given])[order] & (suggested != given)[order]]
    return Suspects(rows, suggested[rows], margin[rows])
