"""MLflow made ready while the model is fitted: importing it and opening a store take seconds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

REGISTERED = "detente"


@dataclass(frozen=True)
class Logged:
    """A run as MLflow knows it."""

    run_id: str
    name: str
    version: str
    uri: str

    @property
    def ui_command(self) -> str:
        """The line that shows the run in a browser."""
        return f"open {self.uri}" if self.uri.startswith("http") else f"mlflow ui --backend-store-uri {self.uri}"


class Tracking:
    """A store that is being opened in another thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="mlflow")
        self._ready = self._pool.submit(_open_store)

    def log(self, run, folder: Path) -> Logged:
        """Log a run and register its model; raises `TrackingError`."""
        from pipeline.tracking.runs import log_run, store_uri

        try:
            self._ready.result()
            run_id, version = log_run(run, folder)
        finally:
            self._pool.shutdown(wait=False)
        return Logged(run_id, REGISTERED, version, store_uri())


def prepare() -> Tracking:
    """Begin to open the tracking store."""
    return Tracking()


def _open_store() -> None:
    from pipeline.tracking.runs import open_store

    open_store()
