"""Log a training run to MLflow: settings, data, metrics, artifacts, and the model, which is registered."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.actors import gazetteer
from pipeline.model.store import load
from pipeline.score.snippets import score
from pipeline.tracking.connection import CARD, REGISTERED, SOURCE, experiment_id, is_there, session, store_uri
from pipeline.tracking.record import Data, Record, now

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models.model import ModelInfo

TABLE = "metrics.json"
_COLUMNS = ("metric", "in words", "value", "low", "high")
_REQUIREMENTS = "scikit-learn numpy scipy pyarrow PyStemmer ftfy pandas joblib msgspec safetensors mlflow".split()
_ABOUT = "Classifies news, sentence by sentence, by rising or easing tension between political actors."
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
    model: Path,
    files: Path,
    before: str | None = None,
    begun: Callable[[str], object] = lambda run_id: None,
) -> Logged:
    """Log a run with its settings, data, metrics, artifacts and model, and register the model.

    Raises `TrackingError` if the store cannot be reached or rejects the run.

    Parameters
    ----------
    model : model folder.
    files : folder of artifacts.
    before : id of an earlier, interrupted attempt, None if there was none.
    begun : called with the run id as soon as the run is created.
    """
    # MLflow prints registrations to standard error at any logging level.
    with session(writes=True) as mlflow, redirect_stderr(io.StringIO()):
        client = mlflow.MlflowClient()
        experiment = experiment_id(mlflow, record.experiment)
        number = _arrived(client, before) if before else None
        if before and number:
            run_id = before
        else:
            tags = {"mlflow.note.content": record.description, **SOURCE}
            run_id = client.create_run(experiment, record.began, record.tags | tags, record.name).info.run_id
        begun(run_id)
        number = number or _fill(mlflow, run_id, record, model, files)
        client.set_terminated(run_id, "FINISHED", record.ended)
        return Logged(run_id, record.name, REGISTERED, number, store_uri())


def _arrived(client: MlflowClient, run_id: str) -> str | None:
    """The version registered by an earlier attempt; without one, the attempt is incomplete and its run is deleted."""
    found = client.search_model_versions(f"run_id='{run_id}'")
    if found:
        return str(found[0].version)
    if is_there(client, run_id):  # a store recreated in the meantime does not have the run
        client.delete_run(run_id)
    return None


def _fill(mlflow: ModuleType, run_id: str, record: Record, model: Path, files: Path) -> str:
    """Log everything to the run, registering the model last; returns the version."""
    client = mlflow.MlflowClient()
    client.log_batch(run_id, params=[mlflow.entities.Param(name, str(value)) for name, value in record.params.items()])
    log_data(client, run_id, record.data)
    client.log_artifacts(run_id, str(files))
    log_table(client, run_id, record.table, TABLE)
    with mlflow.start_run(run_id):
        info = log_model(mlflow, model)
    client.set_tag(run_id, MODEL_ID, info.model_id)
    log_metrics(client, run_id, record.metrics, record.data, info.model_id)
    return _register(mlflow, record, info)


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


def log_model(mlflow: ModuleType, folder: Path) -> ModelInfo:
    """Log a model folder to the active run as a pyfunc; returns MLflow's `ModelInfo`."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

    from pipeline.tracking import served

    columns = score(load(folder), [""]).columns()
    out: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.double if column.dtype == float else DataType.string, name) for name, column in columns.items()
    ]
    params = ParamSchema([ParamSpec("evidence", DataType.long, 0), ParamSpec("actors", DataType.boolean, False)])
    # No input schema: MLflow would drop all columns but ``text`` and reject lists. The model checks its own input.
    signature = ModelSignature(None, Schema(out), params)
    with tempfile.TemporaryDirectory() as made:
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=served.__file__,
            artifacts={"model": str(folder)},
            code_paths=[str(_code(Path(made)))],
            signature=signature,
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
        )


def _code(to: Path) -> Path:
    """Copy the package with the gazetteer, which actor extraction needs, and without the corpus."""
    package = Path(__file__).parents[1]
    copy = to / package.name

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name == "__pycache__" or (name == "data" and Path(folder) == package)}

    shutil.copytree(package, copy, ignore=left_out)
    (copy / "data").mkdir()
    shutil.copy(gazetteer.PATH, copy / "data")
    return copy


def _register(mlflow: ModuleType, record: Record, info: ModelInfo) -> str:
    """Register the model of a run with a description and tags; returns the version."""
    client = mlflow.MlflowClient()
    if not client.search_registered_models(f"name='{REGISTERED}'"):
        try:
            client.create_registered_model(REGISTERED, description=_ABOUT)
        except mlflow.MlflowException as error:  # created by another process in the meantime
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    tags = {"data": record.data.name, "data.sha256": record.tags["data.sha256"], CARD: record.tags[CARD]}
    tags |= {row[0]: f"{row[2]:.3f} [{row[3]:.3f}, {row[4]:.3f}]" for row in record.table if row[0] in record.metrics}
    made = mlflow.register_model(info.model_uri, REGISTERED, tags=tags)
    client.update_model_version(REGISTERED, made.version, record.description)
    return str(made.version)
