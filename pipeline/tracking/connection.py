"""Connection to the MLflow tracking store: address, lock for writers, clear error messages."""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.errors import DetenteError, TrackingError
from pipeline.sources.download import cache_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = REGISTERED = "detente"
CARD = "card.sha256"  # tag that verifies a downloaded model
KIND_TAG, KIND = "mlflow.experimentKind", "custom_model_development"  # without this tag the UI may open in GenAI mode
SOURCE = {"mlflow.source.name": "detente", "mlflow.source.type": "LOCAL"}  # tags
_PATIENCE = 180  # seconds to wait for a lock

# Patterns in MLflow's error messages, with our message. The first match wins.
_MEANINGS = (
    (
        "out-of-date database schema",
        "its schema is from another MLflow version; back it up, then run `mlflow db upgrade {uri}`",
    ),
    ("Can't locate revision", "its schema is from a newer MLflow version; install that version or use another store"),
    ("database is locked", "locked by another process; wait until it ends, then try again"),
    ("file is not a database", "not a SQLite database; correct MLFLOW_TRACKING_URI"),
    ("unable to open database file", "the folder does not exist or is not writable; correct MLFLOW_TRACKING_URI"),
    ("readonly database", "the file is read-only; change its permissions or use another store"),
    ("maintenance mode", "MLflow no longer supports plain folders; set MLFLOW_TRACKING_URI=sqlite:///mlflow.db"),
    ("unsupported URI", "MLflow does not support this kind of store; set MLFLOW_TRACKING_URI=sqlite:///mlflow.db"),
    ("ModuleNotFoundError", "this kind of store needs another package: {error}; install it"),
    (
        "Max retries exceeded|ConnectionError|Connection aborted",
        "no response; start the server or correct MLFLOW_TRACKING_URI",
    ),
    ("timed out", "timed out; check the server, then try again"),
    ("error code 401", "authentication required; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"),
    ("error code 403", "permission denied; request access or use another store"),
    ("error code 404", "not an MLflow server; correct MLFLOW_TRACKING_URI"),
    ("error code 50", "server error; check the server's log or correct MLFLOW_TRACKING_URI"),
    ("No such file or directory", "its files are missing; if they were moved, move them back: {error}"),
)


def store_uri() -> str:
    """URI of the tracking store: ``MLFLOW_TRACKING_URI``, by default a local SQLite file."""
    return os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"


def open_store(experiment: str = EXPERIMENT) -> None:
    """Open the store, creating a local one if needed; raises `TrackingError`."""
    with session(writes=True) as mlflow:
        experiment_id(mlflow, experiment)


def experiment_id(mlflow: ModuleType, name: str) -> str:
    """The id of an experiment, created if missing, and tagged as model training; raises `TrackingError` if deleted."""
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            client.create_experiment(name, tags={KIND_TAG: KIND})
        except mlflow.MlflowException:  # created by another process in the meantime
            if client.get_experiment_by_name(name) is None:
                raise
        found = client.get_experiment_by_name(name)
    if found.lifecycle_stage == "deleted":
        raise TrackingError(
            f"experiment {name!r} was deleted; restore it with `mlflow experiments restore` or use another name"
        )
    if KIND_TAG not in found.tags:
        client.set_experiment_tag(found.experiment_id, KIND_TAG, KIND)
    return found.experiment_id


def is_there(client: MlflowClient, run_id: str) -> bool:
    """Whether the store has a run, in an experiment that was not deleted."""
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return bool(client.search_runs(experiments, f"run_id = '{run_id}'"))


def import_mlflow() -> ModuleType:
    """Import MLflow, without its output and with short timeouts, and IPython if installed, which MLflow imports later."""
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
    fast = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}  # seconds
    for name, value in (quiet | fast).items():
        os.environ.setdefault(name, value)
    import mlflow

    with suppress(ImportError):
        importlib.import_module("IPython")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow


@contextmanager
def session(writes: bool = False) -> Iterator:
    """Yield MLflow, with its tracking URI set to the store and its warnings off.

    To write, a local store is created if missing, and its lock is held: SQLite's own lock times out within seconds, and
    two processes that create the tables at once fail. Raises `TrackingError` for any MLflow error, with advice.
    """
    uri = store_uri()
    file = Path(uri.removeprefix("sqlite:///").split("?")[0]) if uri.startswith("sqlite:///") else None
    if file is not None and not writes and not file.exists():
        raise TrackingError(f"MLflow store {uri}: no such file; train a model here, or correct MLFLOW_TRACKING_URI")
    try:
        with alone(file) if file is not None and writes else nullcontext():
            mlflow = import_mlflow()
            if file is not None and writes and not file.exists():
                _make(file)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                mlflow.set_tracking_uri(uri)
                yield mlflow
    except (DetenteError, AttributeError, TypeError, NameError):  # the last three are bugs in Detente
        raise
    except Exception as error:
        raise TrackingError(f"MLflow store {uri}: {_meaning(error, uri)}") from error


def _make(file: Path) -> None:
    """Create the tables of a SQLite store in a temporary file, then move it into place.

    MLflow creates them in place, one by one; if killed midway, it leaves a store that it can no longer open.
    """
    from mlflow.store.db.utils import _initialize_tables
    from sqlalchemy import create_engine

    part = file.with_name(f".{file.name}.new")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{part}")
    try:
        _initialize_tables(engine)  # type: ignore[no-untyped-call]  # untyped in MLflow
    finally:
        engine.dispose()
    os.replace(part, file)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Lock a SQLite store or an unsent run against other processes of this user; raises `TrackingError`."""
    from filelock import FileLock, Timeout

    place = cache_folder() / "locks"
    place.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    try:
        with FileLock(place / name, timeout=_PATIENCE):
            yield
    except Timeout:
        raise TrackingError(f"{path}: locked by other runs for {_PATIENCE} s; try again later") from None


def _meaning(error: Exception, uri: str) -> str:
    """One line that describes an error; MLflow's own message if it is not in `_MEANINGS`."""
    said = f"{type(error).__name__}: {error}"
    first = (str(error).splitlines() or [""])[0][:200]
    for part, meaning in _MEANINGS:
        if re.search(part, said):
            return meaning.format(uri=uri, error=first)
    return f"{type(error).__name__}: {first}"
