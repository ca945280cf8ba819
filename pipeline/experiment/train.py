"""A training run: labelled snippets to a calibrated model and its held-out metrics."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.labelled_rows import reasons
from pipeline.corpus.near import fingerprints, near_groups, signatures
from pipeline.evaluate.intervals import Figure, measure
from pipeline.evaluate.metrics import Judged, judge
from pipeline.experiment.own_rows import OwnRows, n_rounds, own_rows
from pipeline.model.abstention import threshold_for
from pipeline.model.calibration import (
    Calibration,
    calibrate,
    calibrated,
    label_proba,
    stance_priors,
    stance_proba,
)
from pipeline.model.estimator import Classifier
from pipeline.model.fit import check_enough, cross_fit, fit
from pipeline.model.settings import Abstention, Settings
from pipeline.model.store import save
from pipeline.model.weights import Weights, from_pipeline
from pipeline.score.snippets import from_proba
from pipeline.stance import LABELS, OTHER
from pipeline.text.vocabulary import Knowledge


@dataclass(frozen=True)
class Run:
    """The result of a training run.

    Attributes
    ----------
    corpus : the training snippets.
    settings : every setting.
    pipeline : the fitted, calibrated scikit-learn pipeline.
    weights : the pipeline as plain arrays.
    calibration : temperature and offsets.
    threshold : the least probability of a stance for an answer other than `unclear`.
    held_out : predictions for the snippets by models that had not seen them.
    figures : metrics of these, with intervals.
    seen : signatures of the snippets, to recognise copies later.
    groups : (n,) near-duplicate groups, which are resampled as a whole.
    own : metrics of the rows from outside the bundled corpus, if there are others too.
    """

    corpus: Corpus
    settings: Settings
    pipeline: object
    weights: Weights
    calibration: Calibration
    threshold: float
    held_out: Judged
    figures: dict[str, Figure]
    seen: np.ndarray
    groups: np.ndarray
    own: OwnRows | None = None

    def save(self, folder: str | Path) -> Path:
        """Write the model folder."""
        return save(folder, self.weights, self.card(), Classifier.of(self.pipeline), self.seen)

    def card(self) -> dict:
        """The model card: all that users of the model need to know."""
        return {
            "name": "detente",
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "labels": list(LABELS),
            "settings": asdict(self.settings),
            "threshold": self.threshold,
            "calibration": asdict(self.calibration),
            "priors": list(stance_priors(self.corpus.stances[self.corpus.events != OTHER])),
            "data": {
                "rows": len(self.corpus),
                "sha256": self.corpus.fingerprint(),
                "sources": dict(Counter(self.corpus.sources)),
                "files": list(self.corpus.files),
                "stances": dict(Counter(self.corpus.stances)),
                "events": dict(Counter(filter(None, self.corpus.events))),
                "set_aside": reasons(self.corpus.set_aside),
                "recipe": self.corpus.recipe.card() if self.corpus.recipe else None,
            },
            "terms": len(self.weights.vocabulary),
            "metrics": {name: asdict(figure) for name, figure in self.figures.items()},
            "own_rows": self.own.table() if self.own else None,
            "metrics_from": f"{self.settings.training.folds}-fold cross-fitting, near-copies kept together",
            "versions": {"python": platform.python_version(), **{name: version(name) for name in _VERSIONS}},
        }


RESAMPLES = 1000  # half those of an evaluation, to save training time
_VERSIONS = ("scikit-learn", "numpy", "pyarrow", "PyStemmer")


def train(
    corpus: Corpus, settings: Settings, step: Callable[[str], None] = lambda done: None, curve: bool = False
) -> Run:
    """Split without leaks, fit, calibrate, evaluate, refit on all rows.

    Calibration is fitted to held-out log-odds; for the metrics each fold is calibrated by the
    other folds only. On request a learning curve over rows from outside the bundled corpus is computed (`OwnRows`).
    After each step ``step`` is called with its name. Raises `InputError` if there are too few rows or only one stance.
    """
    check_enough(corpus)
    prints = fingerprints(corpus.texts)
    groups = near_groups(corpus.texts, prints=prints)
    step("near-copies grouped")
    with ThreadPoolExecutor(1) as beside:  # the fit on all rows fills the core that the last fold leaves idle
        whole = beside.submit(fit, corpus, settings)
        logits, fold = cross_fit(corpus, groups, settings, lambda: step("fold fitted"))
    calibration = calibrate(logits, corpus.stances, corpus.events, corpus.own_events)
    proba = calibrated_proba(corpus, logits, fold)
    threshold = threshold_for(stance_proba(proba), corpus.stances, settings.abstention.precision)
    unseen = _judged(corpus, proba)
    step("calibrated")
    figures = measure(unseen, groups, RESAMPLES)
    step("evaluated")
    pipeline = calibrated(whole.result(), calibration)
    step("fitted on all rows")

    def judge_apart(rows: np.ndarray, used: np.ndarray | None) -> Judged:
        if used is None:
            return _judged(corpus.take(rows), proba[rows])
        fitted, fold = cross_fit(corpus, groups, settings, lambda: step("learning curve"), used)
        return _judged(corpus.take(rows), calibrated_proba(corpus, fitted, fold, used)[rows])

    own = own_rows(corpus, judge_apart, groups, curve, RESAMPLES, settings.training.seed)
    weights, seen = from_pipeline(pipeline), signatures(prints)
    return Run(corpus, settings, pipeline, weights, calibration, threshold, unseen, figures, seen, groups, own)


def n_steps(settings: Settings, corpus: Corpus | None = None) -> int:
    """How often `train` calls ``step``, with a learning curve if a corpus is given for it."""
    return settings.training.folds * (1 + (n_rounds(corpus) if corpus is not None else 0)) + 4


def calibrated_proba(
    corpus: Corpus, logits: np.ndarray, fold: np.ndarray, used: np.ndarray | None = None
) -> np.ndarray:
    """(n, n_labels) probabilities of the labels of each fold, calibrated by the other folds, or by their rows ``used``."""
    proba, own_events = np.zeros_like(logits), corpus.own_events
    for number in np.unique(fold):
        here = fold == number
        by = ~here if used is None else ~here & used
        others = calibrate(logits[by], corpus.stances[by], corpus.events[by], own_events[by])
        proba[here] = label_proba(others.apply(logits[here]))
    return proba


def _judged(corpus: Corpus, proba: np.ndarray) -> Judged:
    """Labels and probabilities of held-out rows; the labels determine whether an appeal counts as a request."""
    n = len(corpus)
    known = Knowledge(np.ones(n), np.full(n, np.inf), np.ones(n))
    return judge(corpus, from_proba(proba, known, threshold=0.0, abstention=Abstention()))
