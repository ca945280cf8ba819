"""The mean slope of the log-odds between the empty text and a text, over columns: Gauss-Legendre quadrature."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.model.calibration import STANCE_OF_LABEL
from pipeline.model.weights import Weights

_ERROR = 1e-6  # of a contribution, two digits beyond those shown
_RULES = {n: np.polynomial.legendre.leggauss(n) for n in (6, 8, 12, 16, 24, 48)}
_TOGETHER = 12_288  # nodes of texts whose slopes are computed together: they fit the processor's cache
_LEAST_MOVE = 1e-3  # of log-odds against each other, below which nothing is left to correct
_SIDES = tuple(np.flatnonzero(side == STANCE_OF_LABEL) for side in (0, 1))


def slopes(weights: Weights, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The slope of the log-odds of escalation against de-escalation in each event's log-odds.

    Parameters
    ----------
    logits : (n_texts, n_labels) log-odds.

    Returns
    -------
    slope : (n_texts, n_events) float64, the mean on the straight path from the empty text to the text.
    whole : (n_texts,) float64, the log-odds themselves.
    base : those of the empty text.
    """
    start = weights.intercept[:-1]
    slope = np.zeros((len(start), len(logits)))
    whole, base = np.zeros(len(logits)), 0.0
    for side, sign in zip(_SIDES, (1, -1)):
        events = side[np.isfinite(start[side])]
        begin, end = start[events, None], np.ascontiguousarray(logits[:, events].T)
        total, total_of_none = _log_sum(end), _log_sum(begin)
        for n_nodes, texts in _blocks(end - begin):
            # An index such as end[:, texts] would store the result text by text, and all that follows took twice as long.
            mean = mean_softmax(begin, end.take(texts, axis=1), total[texts] - total_of_none, n_nodes)
            slope[np.ix_(events, texts)] = sign * mean
        whole += sign * total
        base += sign * float(total_of_none[0])
    return slope.T, whole, base


def mean_softmax(start: np.ndarray, end: np.ndarray, rise: np.ndarray, n_nodes: int) -> np.ndarray:
    """(n_events, n_texts) the softmax over events, averaged over the straight path from ``start`` to ``end``.

    Computed in single precision, which takes a quarter of the time, then corrected along the path, so that its product
    with the step is ``rise``: (n_texts,) the difference of ln(sum(exp)) between the two ends.
    """
    step = end - start
    origin = (start - np.maximum(start, end).max(axis=0)).astype(np.float32)  # so nothing on the path is above 0
    node, node_weight = (part.astype(np.float32)[:, None, None] / 2 for part in _RULES[n_nodes])
    shown = step.astype(np.float32) * (node + np.float32(0.5))  # (n_nodes, n_events, n_texts)
    shown += origin
    np.exp(shown, out=shown)
    shown *= node_weight / shown.sum(axis=1, keepdims=True)
    out = shown.sum(axis=0)
    mean = out / out.sum(axis=0, dtype=float)
    across = step - step.mean(axis=0)  # along it the sum of the mean stays 1
    size = (across * across).sum(axis=0)
    missing = rise - (mean * step).sum(axis=0)
    mean += across * (missing / np.where(size > _LEAST_MOVE**2, size, np.inf))
    return mean


def _log_sum(values: np.ndarray) -> np.ndarray:
    """ln(sum(exp)) over the rows of (n_events, n_texts)."""
    most = values.max(axis=0)
    return most + np.log(np.exp(values - most).sum(axis=0))


def nodes_for(span: np.ndarray) -> np.ndarray:
    """How many nodes bring the error below `_ERROR`, by the largest less the smallest step of a text's log-odds.

    The poles of a softmax on the path [-1, 1] are at least ``d = 2 pi / span`` away from it, so the error of n nodes falls
    like ``rho ** (-2 n)`` with ``rho = d + sqrt(1 + d ** 2)`` (Trefethen 2008, "Is Gauss Quadrature Better than
    Clenshaw-Curtis?", theorem 4.5).

    Examples
    --------
    >>> nodes_for(np.array([0.0, 4.0, 11.0, 30.0])).tolist()
    [6, 6, 16, 48]
    """
    nearest = 2 * np.pi / np.maximum(span, 1e-9)
    wanted = -np.log(_ERROR) / 2 / np.arcsinh(nearest)  # which is ln(rho)
    rules = np.array([*_RULES])
    return rules[np.minimum(np.searchsorted(rules, wanted), len(rules) - 1)]


def _blocks(step: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Texts that need equally many nodes, as indices, with at most `_TOGETHER` nodes in all."""
    wanted = nodes_for(step.max(axis=0) - step.min(axis=0)) if len(step) else np.full(step.shape[1], min(_RULES))
    for n_nodes in _RULES:
        texts = np.flatnonzero(wanted == n_nodes)
        most = _TOGETHER // n_nodes
        yield from ((n_nodes, texts[begin : begin + most]) for begin in range(0, len(texts), most))
