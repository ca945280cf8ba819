"""Outbox of unsent runs, stored on disk until MLflow accepts them, so that an outage loses none.

An entry is a folder next to the model, ``unsent/<date>-<key>``. It holds the record, a copy of the model, the artifacts
of the run and, once sending has started, the MLflow run id.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from pipeline.atomic import write_whole
from pipeline.errors import InputError
from pipeline.evaluate.pictures import calibration_picture, confusion_picture
from pipeline.experiment.train import Run
from pipeline.model.folder import FILES
from pipeline.model.store import remember_run
from pipeline.tracking.connection import CARD, alone
from pipeline.tracking.predictions import FOLDER, HELD_OUT, predictions_of, write_predictions
from pipeline.tracking.record import Record, as_json, from_json, sha256
from pipeline.tracking.runs import Logged, log_record

OUTBOX = "unsent"
_RECORD, _MODEL, _FILES, _RUN_ID = "record.json", "model", "files", "run-id"


def outbox_of(folder: Path) -> Path:
    """The outbox of runs whose models are saved in ``folder``."""
    return Path(folder).parent / OUTBOX


def put(run: Run, folder: Path, record: Record) -> Path:
    """Put a run in the outbox and return its entry; the model in ``folder`` may be replaced afterwards."""
    outbox = outbox_of(folder)
    outbox.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".", dir=outbox))
    try:
        _copy(folder, part / _MODEL)
        pictures = part / _FILES / "pictures"
        pictures.mkdir(parents=True)
        confusion_picture(run.held_out).savefig(pictures / "confusion.png")
        calibration_picture(run.held_out).savefig(pictures / "calibration.png")
        write_predictions(
            predictions_of(run.corpus.texts, run.held_out, run.groups), part / _FILES / FOLDER / f"{HELD_OUT}.parquet"
        )
        shutil.copy(folder / FILES.card, part / _FILES / FILES.card)
        if run.own:
            (part / _FILES / "own_rows.json").write_text(json.dumps(run.own.table()), encoding="utf-8")
        (part / _RECORD).write_text(as_json(record), encoding="utf-8")
        when = datetime.fromtimestamp(record.began / 1000).strftime("%Y-%m-%d-%H%M%S")
        entry = outbox / f"{when}-{part.name.strip('.')}"
        os.replace(part, entry)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return entry


def waiting(outbox: Path) -> list[Path]:
    """The entries of an outbox, oldest first."""
    return sorted(path.parent for path in outbox.glob(f"[!.]*/{_RECORD}"))


def model_in(entry: Path) -> Path:
    """The model folder of an entry."""
    return entry / _MODEL


def send(entry: Path) -> Logged:
    """Send an entry to the store and remove it from the outbox once the store has accepted it.

    A partially sent run is deleted and sent again; a completely sent run is not sent twice.

    Raises
    ------
    TrackingError
        If the store does not accept it; the entry stays in the outbox.
    InputError
        If the entry is damaged.
    """
    with alone(entry):
        record = _read(entry)
        known = entry / _RUN_ID
        before = known.read_text().strip() if known.exists() else None
        logged = log_record(record, entry / _MODEL, entry / _FILES, before, partial(write_whole, known))
        folder = Path(record.folder)
        card = folder / FILES.card
        if card.exists() and sha256(card) == record.tags[CARD]:
            remember_run(folder, logged.run_id)
        shutil.rmtree(entry)
    with suppress(OSError):  # other entries are left
        entry.parent.rmdir()
    return logged


def _read(entry: Path) -> Record:
    try:
        return from_json((entry / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{entry}: cannot read {_RECORD}: {error}; if the run was not sent by another process, delete the folder"
        ) from None


def _copy(folder: Path, to: Path) -> None:
    """Copy a model folder, with hard links if possible; its files are only ever replaced, never modified."""

    def link(here: str, there: str) -> None:
        try:
            os.link(here, there)
        except OSError:
            shutil.copy2(here, there)

    shutil.copytree(folder, to, copy_function=link, ignore=shutil.ignore_patterns(FILES.run))
