"""Two opinions on the labels of a file, and their pool: neither comes from a model that has seen the text.

One model learns from the bundled texts only, the other from the file's own labels only. How much each is worth differs
from file to file, so the pool learns it from the labels: a file whose labels are those of the bundled texts is judged by
the former, a file with a codebook or a kind of text of its own by the latter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.split import folds
from pipeline.model.calibration import label_proba, softmax
from pipeline.model.fit import estimator_of, event_logits, fit
from pipeline.model.settings import Settings

FOLDS = 5
_SETTINGS = Settings()
_FLOOR = 1e-9  # of a probability, before its logarithm
_PRIOR = 1e-3  # penalty on the offsets, which keeps that of a class without rows finite


def bundled_opinion(texts: np.ndarray, bundled: Corpus, of_label: np.ndarray, n_classes: int) -> np.ndarray:
    """(n, n_classes) log-probabilities by a model of the bundled texts.

    Parameters
    ----------
    bundled : the bundled texts that are not near-duplicates of ``texts``.
    of_label : (n_labels,) int64, the class of each of `pipeline.stance.LABELS`; -1 for none.
    """
    proba = label_proba(event_logits(fit(bundled, _SETTINGS), texts))
    return _logs(proba @ (of_label[:, None] == np.arange(n_classes)))


def own_opinion(texts: np.ndarray, given: np.ndarray, groups: np.ndarray, n_classes: int) -> np.ndarray:
    """(n, n_classes) log-probabilities, each row by a model of the labels of the other folds.

    Parameters
    ----------
    given : (n,) int64, the class of each text.
    groups : (n,) near-duplicate groups; a group is in one fold.
    """
    labels = given.astype(str)
    fold = folds(groups, labels, FOLDS, _SETTINGS.training.seed)

    def of_fold(number: int) -> tuple[np.ndarray, np.ndarray]:
        held = fold == number
        proba = np.zeros((held.sum(), n_classes))
        known = np.unique(labels[~held])
        if len(known) == 1:  # nothing to learn
            proba[:, int(known[0])] = 1.0
        elif len(known):
            model = estimator_of(_SETTINGS).fit(texts[~held], labels[~held])
            proba[:, model.classes_.astype(int)] = model.predict_proba(texts[held])
        return held, proba

    out = np.zeros((len(texts), n_classes))
    for held, proba in Parallel(2, backend="threading")(delayed(of_fold)(number) for number in np.unique(fold)):
        out[held] = proba
    return _logs(out)


def pooled(opinions: Sequence[np.ndarray], given: np.ndarray) -> np.ndarray:
    """(n, n_classes) probabilities: the logarithmic pool of opinions (Genest and Zidek 1986) under which labels are likeliest.

    A weight of at least 0 per opinion and an offset per class are fitted. That is so few numbers that no single label
    influences its own probability.

    Parameters
    ----------
    opinions : (n, n_classes) log-probabilities each.
    given : (n,) int64, the class that each row is labelled with.

    Examples
    --------
    >>> knows, guesses = np.log([[0.8, 0.2], [0.8, 0.2], [0.2, 0.8], [0.2, 0.8]]), np.log(np.full((4, 2), 0.5))
    >>> pooled([knows, guesses], np.array([0, 0, 1, 1])).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """
    from scipy.optimize import minimize

    n_opinions, n_classes = len(opinions), opinions[0].shape[1]
    wanted = np.eye(n_classes)[given]

    def mixed(parameters: np.ndarray) -> np.ndarray:
        weighted = sum(weight * opinion for weight, opinion in zip(parameters, opinions))
        return softmax(weighted + parameters[n_opinions:])

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        proba, offsets = mixed(parameters), parameters[n_opinions:]
        value = -np.log(np.maximum((proba * wanted).sum(axis=1), _FLOOR)).mean() + _PRIOR * (offsets**2).sum()
        off = (proba - wanted) / len(given)
        slopes = [(off * opinion).sum() for opinion in opinions]
        return value, np.append(slopes, off.sum(axis=0) + 2 * _PRIOR * offsets)

    start = np.append(np.full(n_opinions, 1 / n_opinions), np.zeros(n_classes))
    bounds = [(0.0, None)] * n_opinions + [(None, None)] * n_classes
    return mixed(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _logs(proba: np.ndarray) -> np.ndarray:
    """Logarithms of rows of probabilities that need not sum to 1."""
    proba = np.maximum(proba, _FLOOR)
    return np.log(proba / proba.sum(axis=1, keepdims=True))
