"""The tracking store and how it is reached: its address, one writer at a time, what its failures mean."""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from types import ModuleType

from pipeline.errors import DetenteError, TrackingError
from pipeline.sources.download import cache_folder

EXPERIMENT = REGISTERED = "detente"
CARD = "card.sha256"  # the tag by which a fetched model is verified
KIND_TAG, KIND = "mlflow.experimentKind", "custom_model_development"  # else the UI may open in its GenAI mode
_SECONDS = "10"  # how long an unreachable server is waited for, in all
_PATIENCE = 180  # seconds that a run waits for others to have written theirs to a SQLite file

# What a part of MLflow's message means, and what to do, in the order in which they are looked for.
_MEANINGS = (
    ("out-of-date database schema", "its schema is of another MLflow; keep a copy, then run `mlflow db upgrade {uri}`"),
    ("Can't locate revision", "its schema is of a newer MLflow; install that version, or name another store"),
    ("database is locked", "another process holds it; wait until it has ended and try again"),
    ("file is not a database", "the file is no SQLite database; name another one in MLFLOW_TRACKING_URI"),
    ("unable to open database file", "the folder is missing or may not be written to; correct MLFLOW_TRACKING_URI"),
    ("readonly database", "the file may not be written to; change its permissions or name another store"),
    ("maintenance mode", "MLflow no longer keeps runs in plain folders; set MLFLOW_TRACKING_URI=sqlite:///mlflow.db"),
    ("unsupported URI", "no kind of store that MLflow knows; set MLFLOW_TRACKING_URI=sqlite:///mlflow.db"),
    ("ModuleNotFoundError", "this kind of store needs another package: {error}; install it"),
    ("Max retries exceeded", "no answer; start the server or correct MLFLOW_TRACKING_URI"),
    ("ConnectionError", "no answer; start the server or correct MLFLOW_TRACKING_URI"),
    ("Connection aborted", "no answer; start the server or correct MLFLOW_TRACKING_URI"),
    ("timed out", "no answer in time; look after the server, then try again"),
    ("error code 401", "it asks who you are; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"),
    ("error code 403", "it does not allow this; ask for the right, or name another store"),
    ("error code 404", "what answers there is no MLflow server; correct MLFLOW_TRACKING_URI"),
    ("error code 50", "it answers, but fails; look into the server's log, or correct MLFLOW_TRACKING_URI"),
    ("No such file or directory", "its files are not where it says; if they were moved, move them back: {error}"),
)


def store_uri() -> str:
    """The tracking store: what ``MLFLOW_TRACKING_URI`` names, else a local SQLite file."""
    return os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"


def open_store(experiment: str = EXPERIMENT) -> None:
    """Open the store, which a local one may first have to make; raises `TrackingError`."""
    with session(writes=True) as mlflow:
        experiment_id(mlflow, experiment)


def experiment_id(mlflow: ModuleType, name: str) -> str:
    """The id of an experiment, made and marked as model training where there is none."""
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            client.create_experiment(name, tags={KIND_TAG: KIND})
        except mlflow.MlflowException:  # another process made it meanwhile
            if client.get_experiment_by_name(name) is None:
                raise
        found = client.get_experiment_by_name(name)
    if found.lifecycle_stage == "deleted":
        raise TrackingError(
            f"experiment {name!r} was deleted; restore it with `mlflow experiments restore`, or name another"
        )
    if KIND_TAG not in found.tags:
        client.set_experiment_tag(found.experiment_id, KIND_TAG, KIND)
    return found.experiment_id


def import_mlflow() -> ModuleType:
    """MLflow, told to be quiet and not to wait long; with IPython, where there is one, which it imports later else."""
    for name, value in (
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", _SECONDS),
        ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
    ):
        os.environ.setdefault(name, value)
    import mlflow

    with suppress(ImportError):
        importlib.import_module("IPython")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow


@contextmanager
def session(writes: bool = False) -> Iterator:
    """MLflow, quiet, pointed at the store.

    Parameters
    ----------
    writes : make a local store that is not there, and write to it alone. SQLite's own lock gives up after
        seconds, and two processes that both make the tables fail.

    Raises
    ------
    TrackingError
        In place of whatever MLflow raises, saying what to do.
    """
    uri = store_uri()
    file = local_file(uri)
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
    except (DetenteError, AttributeError, TypeError, NameError):  # the last three are faults of Detente itself
        raise
    except Exception as error:
        raise TrackingError(f"MLflow store {uri}: {_meaning(error, uri)}") from error


def local_file(uri: str) -> Path | None:
    """The file of a SQLite store, None for any other."""
    if not uri.startswith("sqlite:///"):
        return None
    return Path(uri.removeprefix("sqlite:///").split("?")[0])


def _make(file: Path) -> None:
    """Make the tables of a SQLite store beside its place, and move it there once all are made.

    MLflow makes them in place and one by one: killed meanwhile, it leaves a store that no MLflow opens any more.
    """
    from mlflow.store.db.utils import _initialize_tables
    from sqlalchemy import create_engine

    part = file.with_name(f".{file.name}.new")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{part}")
    try:
        _initialize_tables(engine)  # type: ignore[no-untyped-call]  # of MLflow, without types
    finally:
        engine.dispose()
    os.replace(part, file)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other process of this user works on a SQLite store or a waiting run; raises `TrackingError`."""
    from filelock import FileLock, Timeout

    place = cache_folder() / "locks"
    place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16], timeout=_PATIENCE)
    try:
        lock.acquire()
    except Timeout:
        raise TrackingError(f"{path}: other runs have been at work on it for {_PATIENCE} s; try again") from None
    try:
        yield
    finally:
        lock.release()


def _meaning(error: Exception, uri: str) -> str:
    """A failure in one line: MLflow's own words where they are not known here."""
    said = f"{type(error).__name__}: {error}"
    first = (str(error).splitlines() or [""])[0][:200]
    for part, meaning in _MEANINGS:
        if part in said:
            return meaning.format(uri=uri, error=first)
    return f"{type(error).__name__}: {first}"
