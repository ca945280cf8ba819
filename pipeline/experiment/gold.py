"""Gold files of an experiment, with any column names and label spellings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.corpus.labelled import Corpus, read_labelled
from pipeline.corpus.signatures import is_near, signatures_of
from pipeline.corpus.spelling import plain_label
from pipeline.errors import InputError, LabelError, first_line
from pipeline.experiment.config import GoldFile
from pipeline.stance import LABELS, QUADS, STANCES, quad_of, stance_of, stance_of_quad

if TYPE_CHECKING:
    import pandas as pd


def read_gold(files: tuple[GoldFile, ...]) -> tuple[dict[str, Corpus], list[str]]:
    """Read the existing files, by name; also return the paths of the missing ones.

    Raises
    ------
    InputError, LabelError
        If a file cannot be read, a column or the meaning of a label is missing, or an event type is unknown.
    """
    there = [file for file in files if Path(file.path).exists()]
    return {file.name: read_file(file) for file in there}, [file.path for file in files if file not in there]


def unseen(gold: dict[str, Corpus], learned: Iterable[Corpus]) -> dict[str, Corpus]:
    """The rows neither in nor near any variant's training data, the same for every variant.

    Raises
    ------
    InputError
        If nothing is left of a file.
    """
    out = dict(gold)
    for corpus in learned:
        seen = signatures_of(corpus.texts)
        for name, rows in out.items():
            out[name] = rows.take(~is_near(seen, rows.texts))
            if not len(out[name]):
                raise InputError(f"{name}: every row is in or near to the training texts; leave it out of [measure]")
    return out


def read_file(file: GoldFile) -> Corpus:
    """Read the distinct texts of one file, with its name as their source; raises like `read_gold`."""
    if file.label is None and file.always is None:
        corpus = read_labelled([file.path])
        return replace(corpus, sources=np.full(len(corpus), file.name, object))
    frame = _table(file)
    for column in (file.text, file.label, file.event):
        if column is not None and column not in frame.columns:
            found = ", ".join(map(str, frame.columns))
            raise InputError(f"{file.path}: expected a column {column!r}, found {found}; correct [[measure.gold]]")
    frame = frame.dropna(subset=[file.text]).drop_duplicates(file.text)
    labels = [file.always] * len(frame) if file.always else frame[file.label].astype(str).tolist()
    if not labels:
        raise InputError(f"{file.path}: expected at least one text in column {file.text!r}, found none")
    meant = [_meaning(file, label) for label in labels]
    events, quads, stances = (np.array(column, object) for column in zip(*meant))
    if file.event is not None:
        events = np.array([_event(file, event) for event in frame[file.event].fillna("").astype(str)], object)
    texts = np.array(frame[file.text].astype(str).tolist(), object)
    return Corpus(texts, events, stances, np.full(len(frame), file.name, object), quads, files=(file.path,))


def _table(file: GoldFile) -> pd.DataFrame:
    import pandas as pd

    # Quotation marks in tab-separated files are literal.
    options = {"sep": "\t", "quoting": 3} if file.path.endswith(".tsv") else {}
    try:
        return pd.read_csv(file.path, header=0 if file.header else None, **options)
    except Exception as error:  # noqa: BLE001  whatever pandas and what unpacks raise: ParserError, BadZipFile, zlib.error
        raise InputError(f"{file.path}: cannot be read as a table: {first_line(error)}; expected UTF-8 CSV") from None


def _event(file: GoldFile, given: str) -> str:
    """An event type in the codebook's spelling, empty if there is none; raises `LabelError` for an unknown one."""
    event = plain_label(given, "event")
    if event and event not in LABELS:
        raise LabelError(f"{file.path}: unknown event type {given!r}; expected one of {', '.join(LABELS)}")
    return event


def _meaning(file: GoldFile, label: str) -> tuple[str, str, str]:
    """Event type, quad class and stance of a label; empty where it does not determine them."""
    said = file.labels.get(label, label)
    if said in LABELS:
        return said, quad_of(said), stance_of(said)
    if said in (*QUADS, "neutral"):
        return "", said, stance_of_quad(said)
    if said in STANCES:
        return "", "", said
    known = ", ".join((*QUADS, *STANCES))
    raise InputError(
        f"{file.path}: label {label!r} means nothing here; expected labels = {{{label} = …}}, one of {known}"
    )
