"""Outbox of unsent runs, stored on disk until MLflow accepts them, so that an outage loses none.

An entry is a folder next to the model, ``unsent/<date>-<key>``. It holds the record, a copy of the model, the artifacts
of the run and, once sending has started, the MLflow run id.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.atomic import write_whole
from pipeline.errors import InputError, TrackingError
from pipeline.evaluate.pictures import calibration_picture, confusion_picture
from pipeline.model.folder import FILES
from pipeline.model.store import remember_run
from pipeline.tracking.connection import CARD, EXPERIMENT, alone, import_mlflow, open_store
from pipeline.tracking.measured import FOLDER, HELD_OUT, predictions_of, write_predictions
from pipeline.tracking.record import Data, Record, sha256
from pipeline.tracking.runs import Logged, log_record

if TYPE_CHECKING:
    from pipeline.experiment.train import Run

_RECORD, MODEL, _FILES, _RUN_ID = "record.json", "model", "files", "run-id"


class Tracking:
    """A store that another thread opens during training; importing MLflow and opening a store take seconds."""

    def __init__(self, experiment: str = EXPERIMENT) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mlflow")
        self._imported = self._pool.submit(import_mlflow)
        self._ready = self._pool.submit(open_store, experiment)

    def log(self, run: Run, folder: Path, record: Record) -> Logged:
        """Put a run in the outbox and send it; it stays there if the store does not accept it: raises `TrackingError`."""
        self._imported.result()  # Matplotlib fails on a partially imported IPython
        unsent = put(run, folder, record)
        try:
            self._ready.result()
            return send(unsent)
        except TrackingError as error:
            raise TrackingError(
                f"the model is saved in {folder}, but the run could not be logged: {error}; "
                f"`detente runs push {unsent.parent}` sends it later"
            ) from None
        finally:
            self._pool.shutdown(wait=False)


def outbox_of(folder: Path) -> Path:
    """The outbox of runs whose models are saved in ``folder``."""
    return Path(folder).parent / "unsent"


def put(run: Run, folder: Path, record: Record) -> Path:
    """Put a run in the outbox and return its entry; the model in ``folder`` may be replaced afterwards."""
    outbox = outbox_of(folder)
    outbox.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=outbox, ignore_cleanup_errors=True) as made:
        part = Path(made)
        _copy(folder, part / MODEL)
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
        (part / _RECORD).write_text(json.dumps(asdict(record), indent=2, ensure_ascii=False), encoding="utf-8")
        when = datetime.fromtimestamp(record.began / 1000).strftime("%Y-%m-%d-%H%M%S")
        entry = outbox / f"{when}-{part.name.strip('.')}"
        os.replace(part, entry)
    return entry


def waiting(outbox: Path) -> list[Path]:
    """The entries of an outbox, oldest first."""
    return sorted(path.parent for path in outbox.glob(f"[!.]*/{_RECORD}"))


def send(entry: Path) -> Logged:
    """Send an entry to the store and remove it from the outbox once the store has accepted it.

    A partially sent run is deleted and sent again; a completely sent run is not sent twice.

    Raises `TrackingError` if the store does not accept it; the entry stays in the outbox, and `InputError` if the
    entry is damaged.
    """
    with alone(entry):
        record = _read(entry)
        known = entry / _RUN_ID
        before = known.read_text().strip() if known.exists() else None
        logged = log_record(record, entry / MODEL, entry / _FILES, before, partial(write_whole, known))
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
        values = json.loads((entry / _RECORD).read_text(encoding="utf-8"))
        fields = {name: values[name] for name in Record.__dataclass_fields__}  # an older version wrote more
        return Record(**fields | {"data": Data(**values["data"])})
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
