"""Cached folds for a search: term counts and TF-IDF values are computed once per text setting.

Text analysis dominates the cost of a fit and depends on few settings. Each fold's TF-IDF matrix is a file that trial
processes memory-map.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np

from pipeline.atomic import replacing
from pipeline.corpus.labelled import Corpus
from pipeline.evaluate.intervals import point
from pipeline.evaluate.metrics import Judged, judged
from pipeline.model.calibration import PLOVER_STANCE_OF_LABEL, STANCE_OF_LABEL, event_proba, label_proba, stance_proba
from pipeline.model.classifier import EventClassifier
from pipeline.model.fit import folds_of, own_weights, spread_logits
from pipeline.model.settings import Settings
from pipeline.model.vectorizer import MARKS, MarkedTfidf, TermVectorizer
from pipeline.stance import EVENTS
from pipeline.text.vocabulary import Features

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Folds:
    """A corpus divided into folds, and the folder of its cache.

    Attributes
    ----------
    corpus : rows with a known event type, or a known stance if there are no event types. Others are excluded: their
        effect depends on the model that spreads them.
    fold : (n,) int64, the fold in which each row is held out.
    folder : the cache folder.
    """

    corpus: Corpus
    fold: np.ndarray
    folder: Path


def deal(corpus: Corpus, groups: np.ndarray, settings: Settings, folder: Path) -> Folds:
    """Divide the n rows of a corpus, in (n,) near-duplicate groups, into folds like `pipeline.model.fit.cross_fit`."""
    fold = folds_of(corpus, groups, settings)
    known = corpus.events != ""
    kept = np.flatnonzero(known) if known.any() else np.arange(len(corpus))
    return Folds(corpus.take(kept), fold[kept], folder)


def fold_score(dealt: Folds, number: int, settings: Settings, metric: str) -> float:
    """A metric on one fold of an uncalibrated model of the other folds."""
    return point(fold_judged(dealt, number, settings))[metric]


def fold_judged(dealt: Folds, number: int, settings: Settings) -> Judged:
    """The rows of a fold with the predictions of a model of the other folds."""
    train, held = _tfidf(dealt, number, settings.text)
    learned, corpus = (dealt.corpus.take(np.flatnonzero(rows)) for rows in (dealt.fold != number, dealt.fold == number))
    classifier, own = EventClassifier(marks=len(MARKS)), asdict(settings.training)
    classifier.set_params(**{name: own[name] for name in classifier.get_params() if name in own})
    classifier.fit(train, learned.targets.astype(str), own_weights(learned, settings))
    proba = label_proba(spread_logits(classifier, classifier.decision_function(held)))
    stances = stance_proba(proba, PLOVER_STANCE_OF_LABEL if corpus.follows_plover else STANCE_OF_LABEL)
    return judged(corpus, stances, np.array(EVENTS, object)[event_proba(proba).argmax(axis=1)])


def _tfidf(dealt: Folds, number: int, text: Features) -> tuple[csr_matrix, csr_matrix]:
    """TF-IDF values of the rows outside of a fold and in it, from a file that is created if it is missing.

    Terms are counted without a minimum frequency: a minimum only drops columns.
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
        # As in a fit: fitted in single precision, evaluated in double.
        _write(path, (tfidf.fit_transform(train).astype(np.float32), tfidf.transform(held)))
    return _mapped(path)


def _counts(dealt: Folds, number: int, text: Features) -> tuple[csr_matrix, csr_matrix]:
    vectorizer, held = TermVectorizer(**asdict(text)), dealt.fold == number
    train = vectorizer.fit_transform(dealt.corpus.texts[~held])
    return train.astype(np.float32), vectorizer.transform(dealt.corpus.texts[held]).astype(np.float32)


def _path(folder: Path, number: int, text: Features, kind: str = "tfidf") -> Path:
    digest = hashlib.sha256(json.dumps(asdict(text)).encode()).hexdigest()[:12]
    return folder / f"{kind}-{digest}-{number}.joblib"


def _write(path: Path, value: object) -> None:
    """Write a file atomically: another process may be writing the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        joblib.dump(value, part)


@lru_cache(maxsize=32)
def _mapped(path: Path) -> tuple[csr_matrix, csr_matrix]:
    return joblib.load(path, mmap_mode="r")
