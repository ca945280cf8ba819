"""Log models to MLflow and register them with a description and tags."""

from __future__ import annotations

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.actors import gazetteer
from pipeline.model.store import load
from pipeline.score.snippets import score
from pipeline.tracking.connection import CARD, REGISTERED
from pipeline.tracking.record import Record

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models.model import ModelInfo

_REQUIREMENTS = (
    "scikit-learn",
    "numpy",
    "scipy",
    "pyarrow",
    "PyStemmer",
    "ftfy",
    "pandas",
    "joblib",
    "msgspec",
    "safetensors",
    "mlflow",
)
_ABOUT = "Classifies news, sentence by sentence, by rising or easing tension between political actors."


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


def register(mlflow: ModuleType, record: Record, info: ModelInfo) -> str:
    """Register the model of a run with a description and tags; returns the version."""
    client = mlflow.MlflowClient()
    _ensure_registered(client)
    tags = {"data": record.data.name, "data.sha256": record.tags["data.sha256"], CARD: record.tags[CARD]}
    tags |= {row[0]: f"{row[2]:.3f} [{row[3]:.3f}, {row[4]:.3f}]" for row in record.table if row[0] in record.metrics}
    made = mlflow.register_model(info.model_uri, REGISTERED, tags=tags)
    client.update_model_version(REGISTERED, made.version, record.description)
    return str(made.version)


def _ensure_registered(client: MlflowClient) -> None:
    """Create the registered model if it does not exist."""
    if any(model.name == REGISTERED for model in client.search_registered_models(f"name='{REGISTERED}'")):
        return
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(REGISTERED, description=_ABOUT)
    except MlflowException as error:  # created by another process in the meantime
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
