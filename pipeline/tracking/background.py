"""Opens the MLflow store in the background during training; importing MLflow and opening a store take seconds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.tracking.connection import EXPERIMENT, import_mlflow, open_store

if TYPE_CHECKING:
    from pipeline.experiment.train import Run
    from pipeline.tracking.record import Record
    from pipeline.tracking.runs import Logged


class Tracking:
    """A store that another thread is opening."""

    def __init__(self, experiment: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mlflow")
        self._imported = self._pool.submit(import_mlflow)
        self._ready = self._pool.submit(open_store, experiment)

    def keep(self, run: Run, folder: Path, record: Record) -> Path:
        """Put a run in the outbox without waiting for the store; returns the outbox entry."""
        from pipeline.tracking.outbox import put

        self._imported.result()  # Matplotlib fails on a partially imported IPython
        return put(run, folder, record)

    def log(self, unsent: Path) -> Logged:
        """Send an outbox entry; if it raises `TrackingError`, the entry stays in the outbox."""
        from pipeline.tracking.outbox import send

        try:
            self._ready.result()
            return send(unsent)
        finally:
            self._pool.shutdown(wait=False)


def prepare(experiment: str = EXPERIMENT) -> Tracking:
    """Start opening the tracking store."""
    return Tracking(experiment)
