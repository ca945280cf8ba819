"""Folds of a corpus, read and counted once for all trials of a search.

Most of a fit is the analysis of the text. It depends on few settings, so that trials which share these share its result:
a fold's TF-IDF values lie in a file each, which processes map into memory instead of copying.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.split import folds
from pipeline.evaluate.intervals import point
from pipeline.evaluate.metrics import Judged, judged
from pipeline.model.calibration import PLOVER_STANCE_OF_LABEL, STANCE_OF_LABEL, event_proba, label_proba, stance_proba
from pipeline.model.classifier import EventClassifier
from pipeline.model.fit import own_weights, spread_logits
from pipeline.model.settings import Settings
from pipeline.model.vectorizer import MARKS, MarkedTfidf, TermVectorizer
from pipeline.stance import EVENTS
from pipeline.text.vocabulary import Features

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Folds:
    """A corpus dealt to folds, and the folder in which what is read of it is kept.

    Attributes
    ----------
    corpus : rows whose event type is known, or whose stance is known where no event type is. Others are left out: what
        they teach depends on the model that spreads them.
    fold : (n,) int64, the fold in which each row is held out.
    folder : for the files.
    """

    corpus: Corpus
    fold: np.ndarray
    folder: Path

    @property
    def labels(self) -> np.ndarray:
        """(n,) str, what the classifier learns."""
        events = self.corpus.events
        return np.where(events == "", self.corpus.stances, events).astype(str)


def deal(corpus: Corpus, groups: np.ndarray, settings: Settings, folder: Path) -> Folds:
    """Deal the rows of a corpus to folds as `pipeline.model.fit.cross_fit` does."""
    labels = np.where(corpus.events == "", corpus.stances, corpus.events)
    fold = folds(groups, labels, settings.training.folds, settings.training.seed)
    known = corpus.events != ""
    kept = np.flatnonzero(known) if known.any() else np.arange(len(corpus))
    return Folds(corpus.take(kept), fold[kept], folder)


def fold_score(dealt: Folds, number: int, settings: Settings, metric: str) -> float:
    """A metric of what a model of the other folds says of one fold, uncalibrated."""
    return point(fold_judged(dealt, number, settings))[metric]


def fold_judged(dealt: Folds, number: int, settings: Settings) -> Judged:
    """The rows of a fold, and what a model of the other folds says of them."""
    held = np.flatnonzero(dealt.fold == number)
    classifier, decision = _fitted(dealt, number, settings)
    proba = label_proba(spread_logits(classifier, decision))
    corpus = dealt.corpus.take(held)
    stances = stance_proba(proba, PLOVER_STANCE_OF_LABEL if corpus.follows_plover else STANCE_OF_LABEL)
    return judged(corpus, stances, np.array(EVENTS, object)[event_proba(proba).argmax(axis=1)])


def _fitted(dealt: Folds, number: int, settings: Settings) -> tuple[EventClassifier, np.ndarray]:
    """A classifier of the other folds, and its log-odds of the rows of one fold."""
    train, held = _tfidf(dealt, number, settings.text)
    rows = np.flatnonzero(dealt.fold != number)
    asked = {name: value for name, value in asdict(settings.training).items() if name in _ASKED}
    classifier = EventClassifier(marks=len(MARKS), **asked)
    classifier.fit(train, dealt.labels[rows], own_weights(dealt.corpus.take(rows), settings))
    return classifier, classifier.decision_function(held)


_ASKED = frozenset(EventClassifier().get_params()) - {"marks"}


def _tfidf(dealt: Folds, number: int, text: Features) -> tuple[csr_matrix, csr_matrix]:
    """TF-IDF values of the rows outside of a fold and in it, from a file that is made where it is missing.

    Terms are counted without a limit on how rare they are: a limit only leaves out columns.
    """
    path = _path(dealt.folder, number, text)
    if not path.exists():
        counted = replace(text, min_df=1)
        source = _path(dealt.folder, number, counted, "counts")
        if not source.exists():
            _write(source, _counts(dealt, number, counted))
        train, held = _mapped(source)
        kept = np.asarray(train.sum(axis=0)).ravel() >= text.min_df
        kept[-len(MARKS) :] = True
        tfidf = MarkedTfidf()
        train, held = train[:, kept].astype(float), held[:, kept].astype(float)
        # As in a fit: learned in single precision, judged in double.
        _write(path, (tfidf.fit_transform(train).astype(np.float32), tfidf.transform(held)))
    return _mapped(path)


def _counts(dealt: Folds, number: int, text: Features) -> tuple[csr_matrix, csr_matrix]:
    """Counts of every term of the rows outside of a fold, in these and in the rows of the fold."""
    vectorizer = TermVectorizer(**asdict(text))
    held = dealt.fold == number
    train = vectorizer.fit_transform(dealt.corpus.texts[~held])
    return train.astype(np.float32), vectorizer.transform(dealt.corpus.texts[held]).astype(np.float32)


def _path(folder: Path, number: int, text: Features, kind: str = "tfidf") -> Path:
    digest = hashlib.sha256(json.dumps(asdict(text)).encode()).hexdigest()[:12]
    return folder / f"{kind}-{digest}-{number}.joblib"


def _write(path: Path, value: object) -> None:
    """Write a file whole or not at all: another process may be making the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    os.close(handle)
    joblib.dump(value, name)
    os.replace(name, path)


@lru_cache(maxsize=32)
def _mapped(path: Path) -> tuple[csr_matrix, csr_matrix]:
    return joblib.load(path, mmap_mode="r")
