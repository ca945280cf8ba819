"""From log-odds to probabilities that mean what they say, and when to abstain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.stance import EVENTS, STANCES, stance_of

STANCE_OF_EVENT = np.array([STANCES.index(stance_of(event)) for event in EVENTS])
_EVENTS_OF_STANCES = [np.flatnonzero(stance == STANCE_OF_EVENT) for stance in range(len(STANCES))]


@dataclass(frozen=True)
class Calibration:
    """Temperature and one offset a stance (Guo et al. 2017, "On Calibration of Modern Neural Networks"), and one an event
    type, from `frequencies`.

    The calibrated log-odds are ``(logits + frequencies) / temperature + offsets[stance of the event]``.
    """

    temperature: float
    offsets: tuple[float, float, float]
    frequencies: tuple[float, ...] = (0.0,) * len(EVENTS)

    def apply(self, logits: np.ndarray) -> np.ndarray:
        """(n, n_events) calibrated log-odds."""
        return (logits + np.array(self.frequencies)) / self.temperature + np.array(self.offsets)[STANCE_OF_EVENT]


def calibrated(pipeline, calibration: Calibration):
    """Write the calibration into the classifier of a fitted pipeline and return the pipeline.

    Temperature and offsets are linear, so the pipeline stays a plain scikit-learn one and its
    ``predict_proba`` is calibrated. Coefficients are rounded to what the model folder stores.
    """
    classifier = pipeline[-1]
    coef, intercept = classifier.coef_, classifier.intercept_
    if len(coef) == 1:  # two classes: write both rows out
        coef, intercept = np.vstack([np.zeros_like(coef), coef]), np.append(0.0, intercept)
    offsets = np.array([calibration.offsets[STANCES.index(_stance(c))] for c in classifier.classes_])
    own = [calibration.frequencies[EVENTS.index(c)] if c in EVENTS else 0.0 for c in classifier.classes_]
    coef = coef / calibration.temperature
    classifier.coef_ = (np.round(coef * scale_of(coef)) / scale_of(coef)).astype(np.float32)
    classifier.intercept_ = (intercept + np.array(own)) / calibration.temperature + offsets
    return pipeline


def scale_of(coef: np.ndarray) -> float:
    """The power of two by which coefficients become whole numbers of 16 bits without losing more than they must."""
    return 2.0 ** (14 - np.ceil(np.log2(max(np.abs(coef).max(initial=0), 1.0))))


def _stance(label: str) -> str:
    return label if label in STANCES else stance_of(label)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Rows of probabilities; -inf becomes 0.

    Added up column by column: `numpy.sum` takes another order for one row than for many, and other bits come out.
    """
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / sum(shifted.T)[:, None]


def stance_proba(event_proba: np.ndarray) -> np.ndarray:
    """(n, 3) probabilities of the stances, from (n, n_events): sums over each stance's event types."""
    return np.array([sum(event_proba.T[events]) for events in _EVENTS_OF_STANCES]).T


def frequencies(logits: np.ndarray, events: np.ndarray) -> np.ndarray:
    """(n_events,) offsets by which each event type is as frequent among those of its stance as in a user's own labels.

    The snippets that come with Detente were composed, as many of a type as it took, and say nothing of frequency. Fitted
    by the log loss of event types given their stance, each offset with a normal prior of standard deviation 0.7, so
    that few labels move little.

    Parameters
    ----------
    logits : (n, n_events), held out.
    events : (n,) event types of the user's rows, empty where there is none or the row is no user's.
    """
    from scipy.optimize import minimize

    rows = np.flatnonzero(events != "")
    truth = np.array([EVENTS.index(event) for event in events[rows]], int)
    same = STANCE_OF_EVENT[truth][:, None] == STANCE_OF_EVENT
    within = np.where(same & np.isfinite(logits[rows]), logits[rows], -1e9)
    here = np.arange(len(rows)), truth
    seen = np.bincount(truth, minlength=len(EVENTS))

    def loss(offsets):
        proba = softmax(within + offsets)
        value = (offsets**2).sum() - np.log(np.maximum(proba[here], 1e-12)).sum()
        return value, 2 * offsets + proba.sum(axis=0) - seen

    return minimize(loss, np.zeros(len(EVENTS)), jac=True, method="L-BFGS-B").x if len(rows) else np.zeros(len(EVENTS))


def calibrate(logits: np.ndarray, stances: np.ndarray, events: np.ndarray | None = None) -> Calibration:
    """Fit temperature and offsets to held-out log-odds by the log loss of the stances.

    Escalation and de-escalation weigh alike, whatever their shares of the rows: the training texts' shares say nothing
    of the news that will be read.

    Parameters
    ----------
    logits : (n, n_events), held out.
    stances : (n,) stance names.
    events : see `frequencies`; None takes the event types as they are.
    """
    from scipy.optimize import minimize

    own = np.zeros(len(EVENTS)) if events is None else frequencies(logits, events)
    truth = np.array([STANCES.index(s) for s in stances])
    rows = np.arange(len(truth))
    n = np.bincount(truth, minlength=len(STANCES))
    alike = np.where(truth < 2, n[:2].mean() / np.maximum(n, 1)[truth], 1.0) if all(n[:2]) else np.ones(len(truth))

    def loss(parameters):
        proba = stance_proba(softmax(_unpack(parameters, own).apply(logits)))
        # The small penalty keeps offsets finite where a stance never occurs.
        return -(alike * np.log(np.maximum(proba[rows, truth], 1e-12))).mean() + 1e-4 * (parameters**2).sum()

    return _unpack(minimize(loss, np.zeros(3), method="L-BFGS-B").x, own)


def _unpack(parameters: np.ndarray, own: np.ndarray) -> Calibration:
    temperature, up, down = parameters.tolist()
    return Calibration(math.exp(temperature), (up, down, 0.0), tuple(own.tolist()))


def threshold_for(proba: np.ndarray, stances: np.ndarray, precision: float) -> float:
    """The lowest probability from which on answers were right with the given frequency.

    Parameters
    ----------
    proba : (n, 3) held-out probabilities of the stances.
    stances : (n,) true stances.
    precision : wanted share of right answers, in [0, 1].

    Returns
    -------
    float
        In [1/3, 1]. Where no threshold reaches the precision, the largest probability seen.
    """
    top = proba.max(axis=1)
    right = np.array(STANCES, object)[proba.argmax(axis=1)] == stances
    order = np.argsort(-top, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(top) + 1)
    good = np.flatnonzero(share >= precision)
    return float(top[order][good[-1]]) if len(good) else float(top.max())
