"""Pictures of a run: confusion matrix, calibration, risk and coverage. Plain functions from arrays to figures."""

from __future__ import annotations

import numpy as np

from pipeline.evaluate.metrics import Judged
from pipeline.evaluate.risk import risk_coverage
from pipeline.stance import STANCES

_BINS = 10


def confusion_picture(rows: Judged):
    """A matplotlib figure: true stances against given ones, as shares of each true stance."""
    from matplotlib.figure import Figure

    matrix = np.zeros((3, 3))
    np.add.at(matrix, (rows.stance, rows.proba.argmax(axis=1)), 1)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(share):
        label = f"{value:.0%}\n{int(matrix[i, j])}"
        axes.text(j, i, label, ha="center", va="center", color="white" if value > 0.55 else "black")
    axes.set_xticks(range(3), STANCES)
    axes.set_yticks(range(3), STANCES)
    axes.set_xlabel("given")
    axes.set_ylabel("true")
    axes.set_title("Stances, held-out snippets")
    return figure


def calibration_picture(rows: Judged):
    """A matplotlib figure: how often the likeliest stance was right, against its probability."""
    from matplotlib.figure import Figure

    confidence = rows.proba.max(axis=1)
    right = rows.proba.argmax(axis=1) == rows.stance
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    filled = count > 0
    said = np.bincount(bins, weights=confidence, minlength=_BINS)[filled] / count[filled]
    was = np.bincount(bins, weights=right, minlength=_BINS)[filled] / count[filled]
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="perfect")
    axes.plot(said, was, marker="o", color="#2166ac", label="model")
    for x, y, n in zip(said, was, count[filled]):
        axes.annotate(str(n), (x, y), textcoords="offset points", xytext=(4, -12), fontsize=8, color="0.35")
    axes.set(xlim=(0.3, 1.02), ylim=(0, 1.02), xlabel="probability of the likeliest stance", ylabel="share right")
    axes.set_title("Calibration (rows of each point)")
    axes.legend(loc="upper left", frameon=False)
    return figure


def risk_picture(rows: Judged):
    """A matplotlib figure: share of wrong answers against the share of snippets answered, the surest first."""
    from matplotlib.figure import Figure

    coverage, risk = risk_coverage(rows)
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(coverage, risk, color="#b2182b")
    axes.set(xlim=(0, 1), ylim=(0, max(0.05, risk.max() * 1.1)), xlabel="share answered", ylabel="share wrong")
    axes.set_title(f"Risk and coverage (area {risk.mean():.3f})")
    return figure
