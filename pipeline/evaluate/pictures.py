"""Plots of a run: confusion matrix, calibration, risk and coverage. Plain functions from arrays to figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.evaluate.intervals import share
from pipeline.evaluate.metrics import Judged
from pipeline.stance import EVENTS, STANCES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS = 10
_SMALL = (5, 4.2)  # inches


def confusion_picture(rows: Judged) -> Figure:
    """A matplotlib figure: true against predicted stances, as shares of each true stance."""
    matrix = np.zeros((3, 3), int)
    np.add.at(matrix, (rows.stance, rows.proba.argmax(axis=1)), 1)
    return _heat_map(matrix, STANCES, "Stances", _SMALL)


def events_picture(rows: Judged) -> Figure | None:
    """A matplotlib figure: true against predicted event types, for rows with a known type; None if there are none."""
    known = (rows.event >= 0) & (rows.event_guess >= 0)
    if not known.any():
        return None
    matrix = np.zeros((len(EVENTS), len(EVENTS)), int)
    np.add.at(matrix, (rows.event[known], rows.event_guess[known]), 1)
    used = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    return _heat_map(matrix[np.ix_(used, used)], [EVENTS[k] for k in used], "Event types", (7.2, 6.4), small=True)


def _panel(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _heat_map(
    matrix: np.ndarray, names: Sequence[str], title: str, size: tuple[float, float], small: bool = False
) -> Figure:
    """True against predicted classes, coloured by the share of each true class; small cells hold counts alone."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure, axes = _panel(*size)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    font: dict[str, Any] = {"fontsize": 8} if small else {}
    turned: dict[str, Any] = {"rotation": 60, "ha": "right"} if small else {}
    for (i, j), value in np.ndenumerate(shares):
        label = str(matrix[i, j] or "") if small else f"{value:.0%}\n{matrix[i, j]}"
        axes.text(j, i, label, ha="center", va="center", color="white" if value > 0.55 else "black", **font)
    axes.set_xticks(range(len(names)), names, **turned, **font)
    axes.set_yticks(range(len(names)), names, **font)
    axes.set(xlabel="given", ylabel="true", title=f"{title}, held-out snippets")
    return figure


def calibration_picture(rows: Judged) -> Figure:
    """A matplotlib figure: how often the likeliest stance was right, against its probability.

    Each point has its 95 % interval (Wilson 1927) and the number of rows behind it.
    """
    confidence = rows.proba.max(axis=1)
    right = rows.proba.argmax(axis=1) == rows.stance
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    filled = np.flatnonzero(count)
    said = np.bincount(bins, weights=confidence, minlength=_BINS)[filled] / count[filled]
    hits = np.bincount(bins, weights=right, minlength=_BINS)[filled].astype(int)
    figure, axes = _panel(*_SMALL)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="perfect")
    axes.plot(said, hits / count[filled], marker="o", color="#2166ac", label="model")
    for x, k, n in zip(said.tolist(), hits.tolist(), count[filled].tolist()):
        interval = share(k, n)
        axes.plot([x, x], [interval.low, interval.high], color="#2166ac", linewidth=1, alpha=0.6)
        axes.annotate(f"{n:,}", (x, 0.03), ha="center", fontsize=9, color="0.25")
    axes.text(0.31, 0.1, "rows behind each point:", fontsize=9, color="0.25")
    axes.set(xlim=(0.3, 1.03), ylim=(0, 1.04), xlabel="probability of the likeliest stance", ylabel="share right")
    axes.set_title("Calibration, with 95 % intervals")
    axes.legend(loc="upper left", frameon=False)
    return figure


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


def risk_picture(rows: Judged) -> Figure:
    """A matplotlib figure: share of wrong answers against the share of snippets answered, most confident first."""
    coverage, risk = risk_coverage(rows)
    figure, axes = _panel(*_SMALL)
    axes.plot(coverage, risk, color="#b2182b")
    axes.set(xlim=(0, 1), ylim=(0, max(0.05, risk.max() * 1.1)), xlabel="share answered", ylabel="share wrong")
    axes.set_title(f"Risk and coverage (area {risk.mean():.3f})")
    return figure
