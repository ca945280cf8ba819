"""Class shares corrected for classification error (prior-shift adjustment, or quantification).

Counting predictions or summing probabilities biases shares towards those of the calibration. Expectation-maximisation
over the posteriors (Saerens, Latinne and Decaestecker 2002, "Adjusting the Outputs of a Classifier to New a
Priori Probabilities") finds the maximum-likelihood shares. Bands are bootstrap bands over texts (Efron
1979), each resample also with randomly perturbed class densities, since the error rates are themselves
only estimated (`experiments/timeline.py` measures how often the bands hold).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

RESAMPLES = 200
PSEUDO = 3  # texts of the usual mix that are added, so few texts are shrunk towards it
DOUBT = 0.05  # standard deviation of the logarithm of each class's density, relative to the others
_STEPS, _CLOSE = 200, 1e-4


def mixtures(
    ratio: np.ndarray, weights: np.ndarray, pseudo: np.ndarray, start: np.ndarray, doubt: np.ndarray | None = None
) -> np.ndarray:
    """(..., B, k) maximum-likelihood shares of k classes for each of B weightings of n texts.

    Parameters
    ----------
    ratio : (..., n, k) posteriors divided by priors: the density of each text in each class, up to a factor.
    weights : (..., B, n) how often each text counts.
    pseudo : (k,) or (..., B, k) texts of each class that are added.
    start : (k,) or (..., 1, k) initial shares, all above 0.
    doubt : (..., B, k) factors on the densities of the classes; None for 1.

    Examples
    --------
    >>> proba, even = np.array([[0.7, 0.3]] * 9 + [[0.3, 0.7]]), np.array([0.5, 0.5])
    >>> mixtures(proba / even, np.ones((1, 10)), np.zeros(2), even).round(2).tolist()
    [[1.0, 0.0]]
    """
    shares = np.broadcast_to(start, (*weights.shape[:-1], ratio.shape[-1]))
    doubt = np.ones(shares.shape) if doubt is None else doubt
    across = np.swapaxes(ratio, -1, -2)
    for _ in range(_STEPS):
        fitted = shares * doubt
        found = fitted * ((weights / np.maximum(fitted @ across, 1e-12)) @ ratio) + pseudo
        found /= found.sum(axis=-1, keepdims=True)
        if np.abs(found - shares).max() < _CLOSE:
            return found
        shares = found
    return shares


class Shares(NamedTuple):
    """Shares of escalation and de-escalation among the political texts of a period, and their difference, the tension.

    Each of the three is (value, low, high), a 95 % band.
    """

    tension: tuple[float, float, float]
    escalation: tuple[float, float, float]
    de_escalation: tuple[float, float, float]


def banded(ratio: np.ndarray, counts: np.ndarray, usual: np.ndarray, rng: np.random.Generator) -> list[Shares]:
    """Shares of P periods with their bands.

    Parameters
    ----------
    ratio : (P, n, 4) densities of the distinct texts: escalation, de-escalation, other political, other news.
    counts : (P, n) how often each occurs.
    usual : (4,) the usual mix, towards which few texts are shrunk; resamples draw the added texts from it too, so two
        texts that happen to agree do not get a narrow band.
    """
    total, periods = counts.sum(axis=1), len(counts)
    here = mixtures(ratio, counts[:, None].astype(float), PSEUDO * usual, usual)
    drawn = rng.multinomial(total, counts / total[:, None], (RESAMPLES, periods))
    pseudo = rng.multinomial(PSEUDO, usual, (periods, RESAMPLES))
    doubt = np.exp(rng.normal(0.0, DOUBT, (periods, RESAMPLES, 4)))
    start = np.maximum(here, 1e-6)  # close to the result of the resamples, so few steps are needed
    resampled = mixtures(ratio, drawn.swapaxes(0, 1).astype(float), pseudo, start, doubt)
    found = np.concatenate([here, resampled], axis=1)
    political = np.maximum(1 - found[..., 3], 1e-9)
    up, down = found[..., 0] / political, found[..., 1] / political
    return [Shares(*bands) for bands in zip(_bands(up - down), _bands(up), _bands(down))]


def _bands(values: np.ndarray) -> list[tuple[float, float, float]]:
    """For each row, the first value with the band given by the others."""
    low, high = np.quantile(values[:, 1:], (0.025, 0.975), axis=1)
    first = values[:, 0]
    return list(zip(first.tolist(), np.minimum(first, low).tolist(), np.maximum(first, high).tolist()))
