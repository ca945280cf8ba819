"""What is measured on a data set: metrics, logged to the model's run, and each row's predictions, compared in pairs."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.corpus.labelled import Corpus
from pipeline.errors import TrackingError
from pipeline.evaluate.comparison import Comparison, compare
from pipeline.evaluate.intervals import Figure
from pipeline.evaluate.metrics import Judged
from pipeline.model.store import Model, run_of
from pipeline.tracking.connection import session, store_uri
from pipeline.tracking.record import Data, data_of, headline_metrics, metric_table, plain, sha256, source_of
from pipeline.tracking.runs import MODEL_ID, TABLE, log_data, log_metrics, log_table

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from pipeline.evaluate.behaviour import Outcome
    from pipeline.evaluate.drift import Drift
    from pipeline.evaluate.evaluation import Evaluation

FOLDER = "rows"  # artifact folder of a run
HELD_OUT = "held-out"  # out-of-fold predictions of cross-fitting
LEAST = 10  # minimum number of shared rows for a comparison
_LABELS = ("stance", "event", "quad", "event_guess")
_PROBA = ("p_escalation", "p_de_escalation", "p_neutral")


@dataclass(frozen=True)
class Predictions:
    """Predictions of a model on n labelled texts.

    Attributes
    ----------
    keys : (n,) object, a hash of each text; the texts themselves are not stored.
    judged : labels and probabilities of the n texts.
    groups : (n,) int64, near-duplicate groups.
    """

    keys: np.ndarray
    judged: Judged
    groups: np.ndarray


def predictions_of(texts: Iterable[str], judged: Judged, groups: np.ndarray) -> Predictions:
    """The `Predictions` of n texts in (n,) near-duplicate groups."""
    keys = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    return Predictions(np.array(keys, object), judged, np.asarray(groups, np.int64))


def write_predictions(rows: Predictions, path: Path) -> None:
    """Write predictions as Parquet, with probabilities in single precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {"key": pa.array(rows.keys, pa.string()), "group": rows.groups}
    columns |= {name: getattr(rows.judged, name).astype(np.int8) for name in _LABELS}
    columns |= {name: rows.judged.proba[:, k].astype(np.float32) for k, name in enumerate(_PROBA)}
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_predictions(path: Path) -> Predictions:
    """Read predictions that `write_predictions` wrote."""
    table = pq.read_table(path)
    labels = {name: table[name].to_numpy().astype(np.int64) for name in _LABELS}
    proba = np.column_stack([table[name].to_numpy().astype(float) for name in _PROBA])
    keys = np.array(table["key"].to_pylist(), object)
    return Predictions(keys, Judged(proba=proba, **labels), table["group"].to_numpy())


def compare_predictions(first: Predictions, second: Predictions) -> tuple[int, Comparison] | None:
    """Number of shared texts with the same label, and the paired comparison on them; None if fewer than `LEAST`."""
    place = {key: row for row, key in enumerate(second.keys)}
    here = np.array([row for row, key in enumerate(first.keys) if key in place], np.int64)
    there = np.array([place[first.keys[row]] for row in here], np.int64)
    same = first.judged.stance[here] == second.judged.stance[there]
    here, there = here[same], there[same]
    if len(here) < LEAST:
        return None
    return len(here), compare(first.judged.take(here), second.judged.take(there), first.groups[here])


@dataclass(frozen=True)
class Measured:
    """Metrics of a model on one data set.

    Attributes
    ----------
    data : the data set; its name prefixes the metric names.
    figures : metrics with intervals; headline metrics are logged, all of them are in a table.
    values : further metrics, without intervals.
    rows : labels and probabilities of each row, if available.
    report : folder of the report, if one was written.
    """

    data: Data
    figures: dict[str, Figure] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    rows: Predictions | None = None
    report: Path | None = None


def of_evaluation(done: Evaluation, corpus: Corpus, report: Path | None = None) -> Measured:
    """Metrics of an evaluation on a labelled corpus."""
    data = replace(data_of(corpus, "evaluation"), rows=done.rows)
    values = {"rows": done.rows, "leaked": done.leaked, "unclear": done.unclear}
    return Measured(data, done.figures, values, predictions_of(done.texts, done.judged, done.groups), report)


def of_checks(outcomes: Sequence[Outcome], folder: Path) -> Measured:
    """Pass rates of behavioural checks, and the share of kinds that reach their floor."""
    files = sorted(Path(folder).glob("*.csv"))
    values = {plain(one.kind.name): one.rate for one in outcomes}
    values["kinds that hold"] = sum(one.holds for one in outcomes) / len(outcomes)
    rows = sum(one.cases for one in outcomes)
    return Measured(
        Data(plain(Path(folder).resolve().name), _digest(files), source_of([folder]), rows, "check"), values=values
    )


def of_drift(found: Drift, rows: int, current: Path, baseline: Path) -> Measured:
    """Drift of a scored file against a baseline."""
    name = plain(f"{current.stem} against {baseline.stem}")
    data = Data(name, _digest([baseline, current]), source_of([baseline, current]), rows, "drift")
    values = {plain(shift.what.replace(", ", " ")): shift.value for shift in found.shifts}
    return Measured(data, values=values | {"moved": float(found.moved)})


def log_measured(model: Model, measured: Measured) -> bool:
    """Log metrics to the model's run; returns False if the model was never logged.

    Raises `TrackingError` if the store cannot be reached or does not have the run.
    """
    run_id = run_of(model)
    if run_id is None:
        return False
    data = measured.data
    place = f"evaluation/{data.name}"
    with session() as mlflow, redirect_stderr(io.StringIO()), tempfile.TemporaryDirectory() as made:
        client = mlflow.MlflowClient()
        model_id = _run(client, run_id).data.tags.get(MODEL_ID)
        log_data(client, run_id, data)
        metrics = headline_metrics(measured.figures) | measured.values
        log_metrics(client, run_id, {f"{data.name}/{key}": value for key, value in metrics.items()}, data, model_id)
        if measured.figures:
            log_table(client, run_id, metric_table(measured.figures), f"{place}/{TABLE}")
        if measured.rows:
            path = Path(made) / f"{data.name}.parquet"
            write_predictions(measured.rows, path)
            client.log_artifact(run_id, str(path), FOLDER)
        if measured.report:
            client.log_artifacts(run_id, str(measured.report), place)
    return True


def _run(client: MlflowClient, run_id: str) -> Run:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    raise TrackingError(
        f"MLflow store {store_uri()}: no run {run_id}, which created the model; "
        "set MLFLOW_TRACKING_URI to the store that has it"
    )


def _digest(files: Sequence[Path]) -> str:
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()[:32]
