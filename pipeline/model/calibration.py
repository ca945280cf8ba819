"""Calibrate held-out log-odds: temperature, offsets and relevance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.model.layout import rounded, scale_of
from pipeline.stance import APPEAL, EVENTS, LABELS, OTHER, STANCES, event_of, quad_of, stance_of, stance_of_quad

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

POLITICAL = LABELS[:-1]  # every label but OTHER
STANCE_OF_LABEL = np.array([STANCES.index(stance_of(label)) for label in LABELS])
# In metrics on PLOVER's own files an appeal counts as PLOVER counts it.
PLOVER_STANCE_OF_LABEL = np.array([STANCES.index(stance_of_quad(quad_of(label))) for label in LABELS])
# News is less like the training texts than held-out rows are, so a temperature fitted to these is too low (Gong et al.
# 2021, "Confidence Calibration for Domain Generalization under Covariate Shift"). Measured in `experiments/LOG.md`, 19.
UNFAMILIAR = 1.15
POLITICAL_SHARE = 0.68  # assumed of the news to be scored


@dataclass(frozen=True)
class Calibration:
    """Temperature and an offset per stance (Guo et al. 2017, "On Calibration of Modern Neural Networks"), an offset per
    event type, from `frequencies`, and temperature and offset of relevance (Platt 1999).

    The calibrated log-odds are ``(logits + frequencies) / temperature + offsets[stance of the label]``, for relevance
    ``logit / relevance_temperature + relevance_offset``.
    """

    temperature: float
    offsets: tuple[float, float, float]
    frequencies: tuple[float, ...] = (0.0,) * len(POLITICAL)
    relevance_temperature: float = 1.0
    relevance_offset: float = 0.0

    def apply(self, logits: np.ndarray) -> np.ndarray:
        """(n, n_labels) calibrated log-odds of the political labels, then of relevance."""
        of_stance = np.array(self.offsets)[STANCE_OF_LABEL[:-1]]
        events = (logits[:, :-1] + np.array(self.frequencies)) / self.temperature + of_stance
        relevance = logits[:, -1] / self.relevance_temperature + self.relevance_offset
        return np.column_stack([events, relevance])


def calibrated(pipeline: Pipeline, calibration: Calibration) -> Pipeline:
    """Write the calibration into the classifier of a fitted pipeline and return the pipeline.

    Temperatures and offsets are linear, so the pipeline remains a plain scikit-learn one with a calibrated
    ``predict_proba``. Coefficients are rounded to the precision of the model folder.
    """
    classifier = pipeline[-1]
    offsets = np.array([calibration.offsets[STANCES.index(_stance(c))] for c in classifier.political_])
    own = [calibration.frequencies[POLITICAL.index(c)] if c in POLITICAL else 0.0 for c in classifier.political_]
    coef = classifier.coef_ / calibration.temperature
    relevance = classifier.relevance_coef_ / calibration.relevance_temperature
    scale = scale_of(np.vstack([coef, relevance[: coef.shape[1]]]))  # one for all, as in the model folder
    classifier.coef_, classifier.relevance_coef_ = rounded(coef, scale), rounded(relevance, scale)
    classifier.intercept_ = (classifier.intercept_ + np.array(own)) / calibration.temperature + offsets
    intercept = classifier.relevance_intercept_ / calibration.relevance_temperature + calibration.relevance_offset
    classifier.relevance_intercept_ = float(intercept)
    return pipeline


def _stance(label: str) -> str:
    return label if label in STANCES else stance_of(label)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows of probabilities; -inf becomes 0.

    Summed column by column: `numpy.sum` uses another order for one row than for many, which changes the last bits.
    """
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / sum(shifted.T)[:, None]


def sigmoid(logit: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds; infinity becomes 1."""
    return 1.0 / (1.0 + np.exp(-logit))


def label_proba(logits: np.ndarray) -> np.ndarray:
    """Probabilities of labels from log-odds: P(event) = P(political) * P(event | political).

    Parameters
    ----------
    logits : (n, k + 1), log-odds of k political labels, then of being political.

    Returns
    -------
    (n, k + 1) probabilities of the k labels, then of OTHER; rows sum to 1.
    """
    relevance = sigmoid(logits[:, -1])
    return np.column_stack([softmax(logits[:, :-1]) * relevance[:, None], 1.0 - relevance])


def stance_proba(proba: np.ndarray, stance_of_label: np.ndarray = STANCE_OF_LABEL) -> np.ndarray:
    """(n, 3) probabilities of the stances: sums of (n, n_labels) over each stance's labels."""
    columns = proba.T
    return np.array([sum(columns[stance == stance_of_label]) for stance in range(len(STANCES))]).T


def event_proba(proba: np.ndarray) -> np.ndarray:
    """(n, n_events) probabilities of event types from (n, n_labels): an appeal is a REQUEST, OTHER is NEUTRAL."""
    out = proba[:, : len(EVENTS)].copy()
    for label in (APPEAL, OTHER):
        out[:, EVENTS.index(event_of(label))] += proba[:, LABELS.index(label)]
    return out


def frequencies(logits: np.ndarray, events: np.ndarray) -> np.ndarray:
    """(n_labels - 1,) offsets that make each event type as frequent within its stance as in the user's own labels.

    The bundled snippets were composed, so their event frequencies carry no information. Fitted
    by the log loss of event types given their stance, each offset with a normal prior of standard deviation 0.7, so
    few labels change little.

    Parameters
    ----------
    logits : (n, n_labels), held out.
    events : (n,) labels of the user's rows, empty for rows without one and for other rows.
    """
    from scipy.optimize import minimize

    rows = np.flatnonzero((events != "") & (events != OTHER))
    truth = np.array([POLITICAL.index(event) for event in events[rows]], int)
    of_label = STANCE_OF_LABEL[:-1]
    same = of_label[truth][:, None] == of_label
    events_of = logits[rows, :-1]
    within = np.where(same & np.isfinite(events_of), events_of, -1e9)
    here = np.arange(len(rows)), truth
    seen = np.bincount(truth, minlength=len(POLITICAL))

    def loss(offsets: np.ndarray) -> tuple[float, np.ndarray]:
        proba = softmax(within + offsets)
        value = (offsets**2).sum() - np.log(np.maximum(proba[here], 1e-12)).sum()
        return value, 2 * offsets + proba.sum(axis=0) - seen

    start = np.zeros(len(POLITICAL))
    return minimize(loss, start, jac=True, method="L-BFGS-B").x if len(rows) else start


def calibrate(logits: np.ndarray, stances: np.ndarray, labels: np.ndarray, own_labels: np.ndarray) -> Calibration:
    """Fit temperatures and offsets to held-out log-odds by the log loss of the stances and of relevance.

    Escalation and de-escalation have equal weight, and political rows have that of `POLITICAL_SHARE`, whatever their
    shares: those in the training texts carry no information about the news to be scored. The temperature of the stances
    is `UNFAMILIAR` times the fitted one; their offsets suit it.

    Parameters
    ----------
    logits : (n, n_labels), held out.
    stances : (n,) stance names.
    labels : (n,) labels, empty if only the stance is known.
    own_labels : (n,) see `frequencies`.
    """
    own = frequencies(logits, own_labels)
    other = labels == OTHER
    temperature, offsets = _fit_stances(logits[~other], stances[~other], own)
    return Calibration(temperature, offsets, tuple(own.tolist()), *_fit_relevance(logits[:, -1], ~other))


def _fit_stances(logits: np.ndarray, stances: np.ndarray, own: np.ndarray) -> tuple[float, tuple[float, float, float]]:
    """Temperature and offsets of the stances, given that the text is political."""
    from scipy.optimize import minimize

    truth = np.array([STANCES.index(s) for s in stances])
    rows = np.arange(len(truth))
    n = np.bincount(truth, minlength=len(STANCES))
    alike = np.where(truth < 2, n[:2].mean() / np.maximum(n, 1)[truth], 1.0) if all(n[:2]) else np.ones(len(truth))
    of_label = STANCE_OF_LABEL[:-1]
    events_of = np.maximum(logits[:, :-1] + own, -1e9)  # finite, for 0 * -inf is NaN
    same = truth[:, None] == of_label

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """With its gradient: of a label's log-odds, its probability minus that given the true stance."""
        scaled = events_of * math.exp(-parameters[0])
        proba = softmax(scaled + np.append(parameters[1:], 0.0)[of_label])
        right = np.maximum(stance_proba(proba, of_label)[rows, truth], 1e-12)
        slope = (alike / len(rows))[:, None] * (proba - np.where(same, proba / right[:, None], 0.0))
        of_offset = [slope[:, of_label == stance].sum() for stance in (0, 1)]
        # The small penalty keeps offsets finite if a stance never occurs.
        value = -(alike * np.log(right)).mean() + 1e-4 * (parameters**2).sum()
        return value, np.array([-(slope * scaled).sum(), *of_offset]) + 2e-4 * parameters

    def loss_of_offsets(offsets: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = loss(np.append(fitted, offsets))
        return value, gradient[1:]

    fitted = minimize(loss, np.zeros(3), jac=True, method="L-BFGS-B").x[0] + math.log(UNFAMILIAR)
    up, down = minimize(loss_of_offsets, np.zeros(2), jac=True, method="L-BFGS-B").x.tolist()
    return math.exp(fitted), (up, down, 0.0)


def stance_priors(stances: np.ndarray) -> tuple[float, float, float]:
    """Shares of the stances among political texts that the calibration assumes: equal for both poles."""
    n = np.array([(stances == stance).sum() for stance in STANCES], float)
    if n[:2].all():
        n[:2] = n[:2].mean()
    return tuple((n / n.sum()).tolist())


def _fit_relevance(logit: np.ndarray, political: np.ndarray) -> tuple[float, float]:
    """Temperature and offset of relevance, political rows weighted by their assumed share; 1 and 0 without other rows."""
    from scipy.optimize import minimize

    if political.all() or not np.isfinite(logit).all():
        return 1.0, 0.0
    weights = np.where(political, POLITICAL_SHARE / political.sum(), (1 - POLITICAL_SHARE) / (~political).sum())
    sign = np.where(political, -1.0, 1.0)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        scaled = logit * math.exp(-parameters[0])
        margin = sign * (scaled + parameters[1])
        slope = weights * sign * sigmoid(margin)
        return weights @ np.logaddexp(0.0, margin), np.array([-slope @ scaled, slope.sum()])

    temperature, offset = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B").x.tolist()
    return math.exp(temperature), offset
