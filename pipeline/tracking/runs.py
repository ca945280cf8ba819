"""Log a training run to MLflow: settings, data, metrics, artifacts and model."""

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
MODEL_ID = "detente.model_id"  # tag with the id of the logged model, to which later metrics are linked


@dataclass(frozen=True)
class Logged:
    """A run logged to MLflow."""

    run_id: str
    run_name: str
    name: str
    version: str
    uri: str

    @property
    def ui_command(self) -> str:
        """The command that opens the MLflow UI."""
        return f"open {self.uri}" if self.uri.startswith("http") else f"mlflow ui --backend-store-uri {self.uri}"


def log_record(
    record: Record,
    model: Path | None,
    files: Path,
    before: str | None = None,
    begun: Callable[[str], object] = lambda run_id: None,
) -> Logged:
    """Log a run with its settings, data, metrics, artifacts and model, and register the model.

    Parameters
    ----------
    model : model folder, None for a run without a model.
    files : folder of artifacts.
    before : id of an earlier, interrupted attempt, None if there was none.
    begun : called with the run id as soon as the run is created.

    Raises
    ------
    TrackingError
        If the store cannot be reached or rejects the run.
    """
    # MLflow prints registrations to standard error at any logging level.
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
    """The version registered by an earlier attempt; without one, the attempt is incomplete and its run is deleted."""
    found = client.search_model_versions(f"run_id='{run_id}'")
    if found:
        return str(found[0].version)
    # A store recreated in the meantime does not have the run.
    if any(run.info.run_id == run_id for run in client.search_runs(_experiments(client), f"run_id = '{run_id}'")):
        client.delete_run(run_id)
    return None


def _experiments(client: MlflowClient) -> list[str]:
    return [experiment.experiment_id for experiment in client.search_experiments()]


def _fill(mlflow: ModuleType, run_id: str, record: Record, model: Path | None, files: Path) -> str:
    """Log everything to the run, registering the model last; returns the version, empty if not registered."""
    from mlflow.entities import Param

    client = mlflow.MlflowClient()
    client.log_batch(run_id, params=[Param(name, str(value)) for name, value in record.params.items()])
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
    """Log metrics to the run and its model, linked to the data set they were measured on."""
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
    except MlflowException as error:  # two runs added the same new data set at once
        if error.error_code != "BAD_REQUEST":
            raise
        client.log_inputs(run_id, inputs)


def log_table(client: MlflowClient, run_id: str, table: list[list], file: str) -> None:
    """Log a `metric_table` as an artifact that the UI shows as a table."""
    client.log_table(run_id, {name: [row[k] for row in table] for k, name in enumerate(_COLUMNS)}, file)
