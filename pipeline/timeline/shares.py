"""How many texts rise and ease, corrected for what the classifier is known to get wrong.

Counting answers, or adding probabilities, pulls shares towards those that the model was calibrated on. Expectation and
maximisation over the posteriors (Saerens, Latinne and Decaestecker 2002, "Adjusting the Outputs of a Classifier to New a
Priori Probabilities") finds the shares under which the texts are likeliest.
"""

from __future__ import annotations

import numpy as np

_STEPS, _CLOSE = 200, 1e-6


def corrected_shares(proba: np.ndarray, priors: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Shares of classes among n texts.

    Parameters
    ----------
    proba : (n, k) posteriors, rows sum to 1.
    priors : (k,) the shares under which they were calibrated.
    weights : (n,) how often each text counts.

    Returns
    -------
    (k,) shares, sum 1; the priors where there is no text.

    Examples
    --------
    >>> proba = np.array([[0.7, 0.3]] * 9 + [[0.3, 0.7]])
    >>> corrected_shares(proba, np.array([0.5, 0.5])).round(2).tolist()
    [1.0, 0.0]
    """
    weights = np.ones(len(proba)) if weights is None else weights
    total = weights.sum()
    if not total:
        return np.array(priors, float)
    shares, ratio = np.array(priors, float), proba / priors
    for _ in range(_STEPS):
        fitted = ratio * shares
        fitted /= np.maximum(fitted.sum(axis=1, keepdims=True), 1e-12)
        found = weights @ fitted / total
        if np.abs(found - shares).max() < _CLOSE:
            return found
        shares = found
    return shares


def resampled_shares(proba: np.ndarray, priors: np.ndarray, times: int, rng: np.random.Generator) -> np.ndarray:
    """(times, k) corrected shares of samples drawn from the texts with replacement, for bootstrap bands (Efron 1979)."""
    n = len(proba)
    draws = rng.multinomial(n, np.full(n, 1 / n), times)
    return np.array([corrected_shares(proba[draw > 0], priors, draw[draw > 0]) for draw in draws])
