"""Find likely label errors in labelled files, by confident learning on held-out probabilities."""

from __future__ import annotations

import numpy as np

from pipeline.arrays.places import data_folder
from pipeline.corpus.labelled import Corpus, concatenated, read_labelled
from pipeline.corpus.near import ALIKE, fingerprints, near_groups
from pipeline.corpus.signatures import is_near, signatures
from pipeline.label.confident import suspects
from pipeline.label.findings import Finding
from pipeline.label.labelled_file import LabelledFile
from pipeline.label.opinions import bundled_opinion, own_opinion, pooled
from pipeline.label.repeats import Repeats
from pipeline.model.fit import LEAST_ROWS
from pipeline.stance import LABELS, event_of, quad_of, stance_of, stance_of_quad

_SAYS = (
    "models that have not seen the text expect another label; read these first (they agree with {agree:.0%} of all "
    "labels; the fewer, the more of these are hard texts rather than errors)"
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
    return ([Finding("likely label error", False, len(places), says, places)] if places else []), []


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
    """(n, n_classes) probabilities of each text, from models that saw neither it nor a near-duplicate.

    Parameters
    ----------
    given, of_label : see `levels`.
    """
    n_classes = int(given.max()) + 1
    prints = fingerprints(corpus.texts)
    groups = near_groups(corpus.texts, ALIKE, prints)
    bundled = read_labelled([data_folder()])
    bundled = bundled.take(~is_near(signatures(prints), bundled.texts))
    opinions = (
        bundled_opinion(corpus.texts, bundled, of_label, n_classes),
        own_opinion(corpus.texts, given, groups, n_classes),
    )
    return pooled(opinions, given)
