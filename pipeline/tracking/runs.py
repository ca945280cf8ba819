"""A training run in MLflow: settings, data, metrics, files and model."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.tracking.connection import REGISTERED, experiment_id, session, store_uri
from pipeline.tracking.record import Data, Record, now
from pipeline.tracking.registry import log_model, register

if TYPE_CHECKING:
    from mlflow import MlflowClient

TABLE = "metrics.json"
_COLUMNS = ("metric", "in words", "value", "low", "high")
MODEL_ID = "detente.model_id"  # of the logged model, so that later metrics can be shown beside it


@dataclass(frozen=True)
class Logged:
    """A run as MLflow knows it."""

    run_id: str
    run_name: str
    name: str
    version: str
    uri: str

    @property
    def ui_command(self) -> str:
        """The line that shows the run in a browser."""
        return f"open {self.uri}" if self.uri.startswith("http") else f"mlflow ui --backend-store-uri {self.uri}"


def log_record(
    record: Record,
    model: Path | None,
    files: Path,
    before: str | None = None,
    begun: Callable[[str], object] = lambda run_id: None,
) -> Logged:
    """Log a run with its settings, data, metrics, files and model, and register the model.

    Parameters
    ----------
    model, files : folders: the model, None for a run without one, and what becomes the artifacts of the run.
    before : the id under which it was begun before, where it was.
    begun : called with the id of the run as soon as there is one.

    Raises
    ------
    TrackingError
        Where the store does not answer or refuses.
    """
    # MLflow writes what it registers to standard error whatever its logging level.
    with session(writes=True) as mlflow, redirect_stderr(io.StringIO()):
        client = mlflow.MlflowClient()
        experiment = experiment_id(mlflow, record.experiment)
        if before and (version := _arrived(client, before)):
            run_id = before
            begun(run_id)
        else:
            run_id = _begin(client, experiment, record)
            begun(run_id)
            version = _fill(mlflow, run_id, record, model, files)
        client.set_terminated(run_id, "FINISHED", record.ended)
        return Logged(run_id, record.name, REGISTERED, version, store_uri())


def _begin(client: MlflowClient, experiment: str, record: Record) -> str:
    tags = {**record.tags, "mlflow.note.content": record.description, "mlflow.source.type": "LOCAL"}
    tags["mlflow.source.name"] = "detente"
    return client.create_run(experiment, record.began, tags, record.name).info.run_id


def _arrived(client: MlflowClient, run_id: str) -> str | None:
    """The version that a run begun before has registered; one that has none is taken away, since it is half."""
    found = client.search_model_versions(f"run_id='{run_id}'")
    if found:
        return str(found[0].version)
    # A local store that was made anew meanwhile does not know the run, and there is nothing to take away.
    if any(run.info.run_id == run_id for run in client.search_runs(_experiments(client), f"run_id = '{run_id}'")):
        client.delete_run(run_id)
    return None


def _experiments(client: MlflowClient) -> list[str]:
    return [experiment.experiment_id for experiment in client.search_experiments()]


def _fill(mlflow: ModuleType, run_id: str, record: Record, model: Path | None, files: Path) -> str:
    """Everything that a run holds, its model registered last; returns the version, empty where there is none."""
    client = mlflow.MlflowClient()
    for name, value in record.params.items():
        client.log_param(run_id, name, value)
    log_data(client, run_id, record.data)
    client.log_artifacts(run_id, str(files))
    log_table(client, run_id, record.table, TABLE)
    if model is None:
        log_metrics(client, run_id, record.metrics, record.data, None)
        return ""
    with mlflow.start_run(run_id):
        info = log_model(mlflow, model)
    client.set_tag(run_id, MODEL_ID, info.model_id)
    log_metrics(client, run_id, record.metrics, record.data, info.model_id)
    return register(mlflow, record, info) if record.registered else ""


def log_metrics(client: MlflowClient, run_id: str, metrics: dict[str, float], data: Data, model_id: str | None) -> None:
    """Log metrics under the data set they were measured on, for the run and its model."""
    from mlflow.entities import Metric

    when = now()
    found = {"model_id": model_id, "dataset_name": data.name, "dataset_digest": data.digest, "run_id": run_id}
    client.log_batch(run_id, [Metric(key, float(value), when, 0, **found) for key, value in metrics.items()])


def log_data(client: MlflowClient, run_id: str, data: Data) -> None:
    """Log a data set as an input of a run."""
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.exceptions import MlflowException

    profile = f'{{"num_rows": {data.rows}}}'
    dataset = Dataset(data.name, data.digest, "local", data.source, profile=profile)
    inputs = [DatasetInput(dataset, [InputTag("mlflow.data.context", data.context)])]
    try:
        client.log_inputs(run_id, inputs)
    except MlflowException as error:  # a store refuses one of two runs that bring it the same new data set at once
        if error.error_code != "BAD_REQUEST":
            raise
        client.log_inputs(run_id, inputs)


def log_table(client: MlflowClient, run_id: str, table: list[list], file: str) -> None:
    """Log a `metric_table` as an artifact that the UI shows as a table."""
    client.log_table(run_id, {name: [row[k] for row in table] for k, name in enumerate(_COLUMNS)}, file)
