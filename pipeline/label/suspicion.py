"""Find likely label errors in labelled files, by confident learning on held-out probabilities."""

from __future__ import annotations

import numpy as np

from pipeline.arrays.places import data_folder
from pipeline.corpus.labelled import Corpus, concatenated, read_labelled
from pipeline.corpus.near import fingerprints, near_groups
from pipeline.corpus.signatures import is_near, signatures
from pipeline.corpus.split import folds
from pipeline.label.confident import suspects
from pipeline.label.findings import Finding
from pipeline.label.labelled_file import LabelledFile
from pipeline.label.repeats import Repeats
from pipeline.model.calibration import calibrate, label_proba
from pipeline.model.fit import LEAST_ROWS, held_out_logits
from pipeline.model.settings import Settings, Training
from pipeline.stance import LABELS, event_of, quad_of, stance_of, stance_of_quad

_FOLDS = 3
# The checked rows count no more than the bundled ones, against which they are checked.
_SETTINGS = Settings(training=Training(own_weight=1.0))
_SAYS = "a model that has not seen the text is sure of another label; read these first"


def label_errors(files: list[LabelledFile]) -> tuple[list[Finding], list[str]]:
    """Texts whose label is likely wrong, most likely first, and why they could not be checked, if so.

    Each text is scored once, by a model of the other folds and of the bundled texts, without near-duplicates of the
    checked texts; near-duplicates among the checked texts share a fold.
    """
    rows = Repeats(files)
    corpus = concatenated([one.corpus for one in files]).take(rows.first)
    if len(corpus) < LEAST_ROWS:
        return [], [f"likely label errors: expected at least {LEAST_ROWS} distinct texts, found {len(corpus)}"]
    classes, given, of_label = levels(corpus)
    proba = held_out_proba(corpus) @ (of_label[:, None] == np.arange(len(classes)))
    found = suspects(given, proba / np.maximum(proba.sum(axis=1, keepdims=True), 1e-12))
    places = []
    for row, other, margin in zip(found.rows, found.suggested, found.margin):
        place = rows.place(rows.first[row])
        text = place.pop("text")
        places.append({**place, "suggested": classes[other], "margin": round(float(margin), 2), "text": text})
    return ([Finding("likely label error", False, len(places), _SAYS, places)] if places else []), []


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


def held_out_proba(corpus: Corpus) -> np.ndarray:
    """(n, n_labels) calibrated probabilities of each text, from a model that saw neither it nor a near-duplicate."""
    prints = fingerprints(corpus.texts)
    groups = near_groups(corpus.texts, prints=prints)
    shipped = read_labelled([data_folder()])
    shipped = shipped.take(~is_near(signatures(prints), shipped.texts))
    whole = concatenated([corpus, shipped])
    fold = folds(groups, corpus.finest, _FOLDS, _SETTINGS.training.seed)
    always = np.ones(len(shipped), bool)
    logits = held_out_logits(corpus.texts, fold, lambda held: whole.take(np.append(~held, always)), _SETTINGS)
    return label_proba(calibrate(logits, corpus.stances, corpus.events, corpus.own_events).apply(logits))
