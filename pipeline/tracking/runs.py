"""The one room that knows MLflow: runs, the registry, models by address."""

from __future__ import annotations

import io
import logging
import os
import warnings
from contextlib import contextmanager, redirect_stderr
from importlib.metadata import version
from pathlib import Path

from pipeline.errors import ModelError, TrackingError
from pipeline.evaluate.pictures import calibration_picture, confusion_picture
from pipeline.experiment.train import Run
from pipeline.model.store import FILES
from pipeline.tracking.background import REGISTERED

EXPERIMENT = "detente"
_REQUIREMENTS = ("scikit-learn", "numpy", "scipy", "pyarrow", "PyStemmer", "pandas", "joblib", "mlflow")
_SECONDS = "10"  # how long an unreachable server is waited for, in all


def store_uri() -> str:
    """The tracking store: what ``MLFLOW_TRACKING_URI`` names, else a local SQLite file."""
    return os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"


def open_store() -> None:
    """Open the store, which a local one may first have to make; raises `TrackingError`."""
    with _mlflow() as mlflow:
        mlflow.set_experiment(EXPERIMENT)


def log_run(run: Run, folder: Path) -> tuple[str, str]:
    """Log a run with its settings, data, metrics, pictures and model, and register the model.

    Parameters
    ----------
    folder : the saved model folder.

    Returns
    -------
    run id, version of the registered model.

    Raises
    ------
    TrackingError
        Where the store does not answer or refuses.
    """
    # MLflow writes what it registers to standard error whatever its logging level.
    with _mlflow() as mlflow, redirect_stderr(io.StringIO()):
        mlflow.set_experiment(EXPERIMENT)
        with mlflow.start_run() as active:
            mlflow.log_params(run.settings.flat())
            mlflow.log_metrics(_metrics(run))
            mlflow.set_tags({"data.sha256": run.corpus.fingerprint(), "terms": len(run.weights.vocabulary)})
            mlflow.log_input(_dataset(mlflow, run), context="training")
            mlflow.log_figure(confusion_picture(run.held_out), "pictures/confusion.png")
            mlflow.log_figure(calibration_picture(run.held_out), "pictures/calibration.png")
            mlflow.log_artifact(str(folder / FILES.card))
            if run.own:
                mlflow.log_dict(run.own.table(), "own_rows.json")
            info = _log_model(mlflow, run, folder)
            return active.info.run_id, str(info.registered_model_version)


def attach(run_id: str, folder: Path, name: str) -> None:
    """Attach the files of a report to a run, under ``evaluation/<name>``; raises `TrackingError`."""
    with _mlflow() as mlflow, redirect_stderr(io.StringIO()):
        mlflow.MlflowClient().log_artifacts(run_id, str(folder), f"evaluation/{name}")


def model_folder(address: str) -> Path:
    """Download a model by its MLflow address (``models:/detente/3``, ``runs:/…/model``) and return its folder."""
    with _mlflow() as mlflow:
        place = Path(mlflow.artifacts.download_artifacts(artifact_uri=address))
    found = sorted(place.rglob(FILES.card))
    if not found:
        raise ModelError(f"{address}: holds no Detente model; expected {FILES.card} in it")
    return found[0].parent


def _log_model(mlflow, run: Run, folder: Path):
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

    from pipeline.tracking import served

    out = [ColSpec(DataType.string, "stance"), ColSpec(DataType.string, "event")]
    out += [ColSpec(DataType.double, name) for name in served.ServedModel.numbers]
    out.append(ColSpec(DataType.string, "reason"))
    params = ParamSchema([ParamSpec("evidence", DataType.long, 0), ParamSpec("actors", DataType.boolean, False)])
    # No schema of the input: MLflow would drop the columns beside ``text``, and take no lists. The model itself asks for it.
    signature = ModelSignature(None, Schema(out), params)
    return mlflow.pyfunc.log_model(
        name="model",
        python_model=served.__file__,
        artifacts={"model": str(folder)},
        code_paths=[str(Path(__file__).parents[1])],
        signature=signature,
        pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
        registered_model_name=REGISTERED,
    )


def _metrics(run: Run) -> dict[str, float]:
    """Metric names as MLflow takes them, each with the ends of its interval."""
    out = {"threshold": run.threshold, "calibration.temperature": run.calibration.temperature}
    for name, figure in run.figures.items():
        key = name.replace(" ", "_")
        out |= {key: figure.value, f"{key}.low": figure.low, f"{key}.high": figure.high}
    return out


def _dataset(mlflow, run: Run):
    import pandas as pd

    frame = pd.DataFrame({"text": run.corpus.texts, "event": run.corpus.events, "stance": run.corpus.stances})
    digest = run.corpus.fingerprint()[:32]
    return mlflow.data.from_pandas(frame.astype(object), targets="stance", name="labelled snippets", digest=digest)


@contextmanager
def _mlflow():
    """MLflow, quiet, pointed at the store; whatever it raises becomes a `TrackingError`."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", _SECONDS)
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    uri = store_uri()
    try:
        import mlflow

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.set_tracking_uri(uri)
            yield mlflow
    except (ModelError, TrackingError):
        raise
    except Exception as error:
        first = (str(error).splitlines() or [""])[0][:200]
        raise TrackingError(
            f"MLflow store {uri}: {type(error).__name__}: {first}; start the server or correct MLFLOW_TRACKING_URI"
        ) from error
