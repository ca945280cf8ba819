"""Find likely label errors in labelled files, by confident learning on held-out probabilities.

Two opinions on the labels are pooled: one model learns from the bundled texts only, the other from the file's own labels
only. How much each is worth differs from file to file, so the pool learns it from the labels. Which rows are suspect
follows Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of
Artificial Intelligence Research 70, sections 3.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from pipeline.bundled import data_folder
from pipeline.corpus.labelled import Corpus, concatenated, read_labelled
from pipeline.corpus.near import ALIKE, fingerprints, is_near, near_groups, signatures
from pipeline.corpus.split import folds
from pipeline.label.findings import Finding
from pipeline.label.labelled_file import LabelledFile
from pipeline.label.repeats import Repeats
from pipeline.model.calibration import label_proba, softmax
from pipeline.model.fit import LEAST_ROWS, estimator_of, event_logits, fit
from pipeline.model.settings import Settings
from pipeline.stance import LABELS, event_of, quad_of, stance_of, stance_of_quad

FOLDS = 5
_SETTINGS = Settings()
_FLOOR = 1e-9  # of a probability, before its logarithm
_PRIOR = 1e-3  # penalty on the offsets, which keeps that of a class without rows finite
_SAYS = (
    "models that have not seen the text expect another label; review these first (the models agree with {agree:.0%} "
    "of all labels; the lower this share, the more of these are hard texts rather than errors)"
)


def label_errors(files: list[LabelledFile]) -> tuple[list[Finding], list[str]]:
    """Texts whose label is likely wrong, most likely first, and why they could not be checked, if so."""
    rows = Repeats(files)
    corpus = concatenated([one.corpus for one in files]).take(rows.first)
    if len(corpus) < LEAST_ROWS:
        return [], [f"likely label errors: expected at least {LEAST_ROWS} distinct texts, found {len(corpus)}"]
    classes, given, of_label = levels(corpus)
    if len(classes) < 2:
        return [], [f"likely label errors: expected at least two different labels, found only {classes[0]}"]
    proba = held_out_proba(corpus, given, of_label)
    found = suspects(given, proba)
    places = []
    for row, other, margin in zip(found.rows, found.suggested, found.margin):
        place = rows.place(rows.first[row])
        text = place.pop("text")
        places.append({**place, "suggested": classes[other], "margin": round(float(margin), 2), "text": text})
    says = _SAYS.format(agree=(proba.argmax(axis=1) == given).mean())
    return [Finding("likely label error", False, says, places)], []


def levels(corpus: Corpus) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Find the finest kind of label that all rows have.

    Returns
    -------
    classes : its labels.
    given : (n,) int64, the class of each row.
    of_label : (n_labels,) int64, the class of each of `LABELS`; -1 for labels that no row has.
    """
    if (corpus.events != "").all():
        given, of_label = corpus.events, [label if label in corpus.events else event_of(label) for label in LABELS]
    elif (corpus.quads != "").all():
        given, of_label = corpus.quads, [quad_of(label) for label in LABELS]
    elif corpus.follows_plover:
        given, of_label = corpus.stances, [stance_of_quad(quad_of(label)) for label in LABELS]
    else:
        given, of_label = corpus.stances, [stance_of(label) for label in LABELS]
    classes = sorted(set(given))
    number = {label: place for place, label in enumerate(classes)}
    return (
        classes,
        np.array([number[label] for label in given], np.int64),
        np.array([number.get(label, -1) for label in of_label], np.int64),
    )


def held_out_proba(corpus: Corpus, given: np.ndarray, of_label: np.ndarray) -> np.ndarray:
    """(n, n_classes) probabilities of each text, from models that saw neither it nor a near-duplicate; see `levels`."""
    n_classes = int(given.max()) + 1
    prints = fingerprints(corpus.texts)
    groups = near_groups(corpus.texts, ALIKE, prints)
    bundled = read_labelled([data_folder()])
    bundled = bundled.take(~is_near(signatures(prints), bundled.texts))
    ours = bundled_opinion(corpus.texts, bundled, of_label, n_classes)
    return pooled((ours, own_opinion(corpus.texts, given, groups, n_classes)), given)


class Suspects(NamedTuple):
    """The n rows whose label is likely wrong, most likely first: ``rows`` (n,) int64; ``suggested`` (n,) int64, the more
    likely class of each; ``margin`` (n,) float64, the log-odds of the given class, increasing."""

    rows: np.ndarray
    suggested: np.ndarray
    margin: np.ndarray


def thresholds(given: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """(n_classes,) the mean probability of a class among its rows, infinite for an absent class (equation 2)."""
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

    If a label is wrong as often in every class, and any other is then as likely to be given, these odds are those of its
    being right, so that no other order is better. Rows whose class is the likeliest are left out.

    ``given``: (n,) int64, the class that each row is labelled with. ``proba``: (n, n_classes) float64, probabilities
    from models that have not seen the row; rows sum to 1.

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


def bundled_opinion(texts: np.ndarray, bundled: Corpus, of_label: np.ndarray, n_classes: int) -> np.ndarray:
    """(n, n_classes) log-probabilities by a model of the bundled texts.

    ``bundled``: the bundled texts that are not near-duplicates of ``texts``. ``of_label``: (n_labels,) int64, the class
    of each of `pipeline.stance.LABELS`; -1 for none.
    """
    proba = label_proba(event_logits(fit(bundled, _SETTINGS), texts))
    return _logs(proba @ (of_label[:, None] == np.arange(n_classes)))


def own_opinion(texts: np.ndarray, given: np.ndarray, groups: np.ndarray, n_classes: int) -> np.ndarray:
    """(n, n_classes) log-probabilities, each row by a model of the labels of the other folds.

    ``given``: (n,) int64, the class of each text. ``groups``: (n,) near-duplicate groups; a group is in one fold.
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
    """(n, n_classes) probabilities: the logarithmic pool (Genest and Zidek 1986) of (n, n_classes) log-probabilities under
    which the (n,) given classes are likeliest.

    A weight of at least 0 per opinion and an offset per class are fitted. That is so few numbers that no single label
    influences its own probability.

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
