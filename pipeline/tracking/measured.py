"""Metrics measured after training, logged to the model's run under the name of the data set."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.corpus.labelled import Corpus
from pipeline.errors import TrackingError
from pipeline.evaluate.behaviour import Outcome
from pipeline.evaluate.drift import Drift
from pipeline.evaluate.evaluation import Evaluation
from pipeline.evaluate.intervals import Figure
from pipeline.model.store import Model, run_of
from pipeline.tracking.connection import session, store_uri
from pipeline.tracking.predictions import FOLDER, Predictions, predictions_of, write_predictions
from pipeline.tracking.record import Data, data_of, headline_metrics, metric_table, plain, sha256, source_of
from pipeline.tracking.runs import MODEL_ID, TABLE, log_data, log_metrics, log_table

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


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
    """Log metrics to the model's run.

    Returns
    -------
    False if the model was never logged.

    Raises
    ------
    TrackingError
        If the store cannot be reached or does not have the run.
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
