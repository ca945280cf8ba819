"""Gold files of an experiment, with any column names and label spellings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.corpus.labelled import Corpus, read_labelled
from pipeline.corpus.near import is_near, signatures_of
from pipeline.corpus.spelling import plain_label
from pipeline.errors import InputError, LabelError
from pipeline.experiment.config import GoldFile
from pipeline.read.tables import texts_of
from pipeline.read.tolerant import Table, column_name, read_lines
from pipeline.stance import LABELS, QUADS, STANCES, quad_of, stance_of, stance_of_quad


def read_gold(files: tuple[GoldFile, ...]) -> tuple[dict[str, Corpus], list[str]]:
    """Read the existing files, by name; also return the paths of the missing ones.

    Raises `InputError` or `LabelError` if a file cannot be read, a column or the meaning of a label is missing, or an
    event type is unknown.
    """
    there = [file for file in files if Path(file.path).exists()]
    return {file.name: read_file(file) for file in there}, [file.path for file in files if file not in there]


def unseen(gold: dict[str, Corpus], learned: Iterable[Corpus]) -> dict[str, Corpus]:
    """The rows neither in nor near any variant's training data, the same for every variant.

    Raises `InputError` if nothing is left of a file.
    """
    out = dict(gold)
    for corpus in learned:
        seen = signatures_of(corpus.texts)
        for name, rows in out.items():
            out[name] = rows.take(~is_near(seen, rows.texts))
            if not len(out[name]):
                raise InputError(f"{name}: every row is in or near the training texts; leave it out of [measure]")
    return out


def read_file(file: GoldFile) -> Corpus:
    """Read the distinct texts of one file, with its name as their source; raises like `read_gold`."""
    if file.label is None and file.always is None:
        corpus = read_labelled([file.path])
        return replace(corpus, sources=np.full(len(corpus), file.name, object))
    table = read_lines(file.path, headed=file.header)
    if table.rejects:
        raise InputError(f"{file.path}, row {table.rejects[0].row}: {table.rejects[0].reason}; correct it")
    texts = np.array(texts_of(_column(table, file, file.text).tolist()).to_pylist(), object)
    first = np.sort(np.unique(texts, return_index=True)[1])
    kept = first[texts[first] != ""]
    if not len(kept):
        raise InputError(f"{file.path}: expected at least one text in column {file.text!r}, found none")
    labels = [file.always] * len(kept) if file.always else _column(table, file, file.label)[kept].tolist()
    events, quads, stances = (np.array(column, object) for column in zip(*(_meaning(file, label) for label in labels)))
    if file.event is not None:
        events = np.array([_event(file, event) for event in _column(table, file, file.event)[kept]], object)
    sources = np.full(len(kept), file.name, object)
    return Corpus(texts[kept], events, stances, sources, quads, rows=table.rows[kept], files=(file.path,))


def _column(table: Table, file: GoldFile, wanted: str | int | None) -> np.ndarray:
    name = column_name("" if wanted is None else wanted, file.header)
    if name not in table.columns:
        found = ", ".join(table.columns)
        raise InputError(f"{file.path}: expected a column {wanted!r}, found {found}; correct [[measure.gold]]")
    return table.columns[name]


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
