"""Parent runs with nested runs: the variants of an experiment, the trials of a search."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.atomic import write_whole
from pipeline.evaluate.metrics import HEADLINES
from pipeline.experiment.variants import RIGHT_SIDE, TAKES_SIDE, Result
from pipeline.tracking.connection import experiment_id, session
from pipeline.tracking.record import headline_metrics, plain

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from pipeline.experiment.train import Run


EXPERIMENT = "detente experiments"


@dataclass(frozen=True)
class Parent:
    """A parent run."""

    run_id: str
    experiment_id: str


def begin(name: str, question: str, tags: dict[str, str], file: Path) -> Parent:
    """Start a parent run; raises `TrackingError`."""
    with session(writes=True) as mlflow:
        client, experiment = mlflow.MlflowClient(), experiment_id(mlflow, EXPERIMENT)
        tags = {"mlflow.note.content": question, "mlflow.source.name": "detente", "mlflow.source.type": "LOCAL"} | tags
        run = client.create_run(experiment, tags=tags, run_name=name)
        client.log_artifact(run.info.run_id, str(file))
        return Parent(run.info.run_id, experiment)


def end(parent: Parent, whole: bool) -> None:
    """End a parent run as finished if ``whole``, otherwise as killed; raises `TrackingError`."""
    with session(writes=True) as mlflow:
        mlflow.MlflowClient().set_terminated(parent.run_id, "FINISHED" if whole else "KILLED")


def _again(remembered: Path) -> Parent | None:
    """The parent run recorded in a file, None if the store does not have it."""
    parent = Parent(**json.loads(remembered.read_text(encoding="utf-8")))
    with session(writes=True) as mlflow:
        client = mlflow.MlflowClient()
        found = (
            client.search_runs([parent.experiment_id], f"run_id = '{parent.run_id}'") if _there(client, parent) else []
        )
    return parent if found else None


def _there(client: MlflowClient, parent: Parent) -> bool:
    return parent.experiment_id in {one.experiment_id for one in client.search_experiments()}


@contextmanager
def parent_run(
    name: str, question: str, tags: dict[str, str], file: Path, remembered: Path | None = None
) -> Iterator[Parent]:
    """Yield a parent run that ends with the block: as finished, or as killed if the block raises.

    Parameters
    ----------
    file : the experiment file, logged as an artifact.
    remembered : a file that records the run to continue if the store still has it; written for a new run.
    """
    parent = _again(remembered) if remembered and remembered.exists() else None
    if parent is None:
        parent = begin(name, question, tags, file)
        if remembered:
            remembered.parent.mkdir(parents=True, exist_ok=True)
            write_whole(remembered, json.dumps(asdict(parent)))
    try:
        yield parent
    except BaseException:
        end(parent, whole=False)
        raise
    end(parent, whole=True)


def log_result(parent: Parent, result: Result, run: Run) -> str:
    """Log a variant: settings, data, metrics by fold and with intervals, plots, model. Returns the run id.

    Raises
    ------
    TrackingError
        If the store cannot be reached or rejects the run.
    """
    from pipeline.evaluate.pictures import calibration_picture, confusion_picture

    tags = {"data.sha256": result.fingerprint, "data.rows": str(result.rows), "seed": str(result.seed)}
    with session(writes=True) as mlflow:
        client = mlflow.MlflowClient()
        params = result.settings | {f"data.{key}": value for key, value in result.data.items()}
        run_id = _nested(
            mlflow, client, parent, f"{result.variant}, seed {result.seed}", params, _metrics(result), tags
        )
        client.log_dict(run_id, result.row(), "result.json")
        client.log_figure(run_id, confusion_picture(run.held_out), "pictures/confusion.png")
        client.log_figure(run_id, calibration_picture(run.held_out), "pictures/calibration.png")
        client.log_artifacts(run_id, result.folder, "model")
        client.set_terminated(run_id)
        return run_id


def log_trial(
    parent: Parent, number: int, settings: dict[str, object], scores: Sequence[float], metric: str, pruned: bool
) -> None:
    """Log a trial of a search with its scores by fold; raises `TrackingError`."""
    metrics = [(f"fold.{metric}", score, fold) for fold, score in enumerate(scores)]
    metrics.append((metric, sum(scores) / len(scores), 0))
    with session(writes=True) as mlflow:
        client = mlflow.MlflowClient()
        run_id = _nested(
            mlflow, client, parent, f"trial {number}", settings, metrics, {"state": "pruned" if pruned else "complete"}
        )
        client.set_terminated(run_id)


def _nested(
    mlflow: ModuleType,
    client: MlflowClient,
    parent: Parent,
    name: str,
    params: dict,
    metrics: list[tuple],
    tags: dict[str, str],
) -> str:
    tags = {"mlflow.parentRunId": parent.run_id, "mlflow.source.name": "detente", **tags}
    run_id = client.create_run(parent.experiment_id, tags=tags, run_name=name).info.run_id
    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        [mlflow.entities.Metric(plain(key), value, now, step) for key, value, step in metrics if value == value],
        [mlflow.entities.Param(key, str(value)) for key, value in params.items()],
    )
    return run_id


def _metrics(result: Result) -> list[tuple[str, float, int]]:
    """Headline metrics: for each data set with interval bounds, for each fold as steps."""
    out = [("threshold", result.threshold, 0)]
    for name, figures in result.figures.items():
        measured = headline_metrics(figures, f"{name}/", (*HEADLINES, TAKES_SIDE, RIGHT_SIDE))
        out += [(key, value, 0) for key, value in measured.items()]
    for fold, metrics in enumerate(result.folds):
        out += [(f"fold/{key}", metrics[key], fold) for key in HEADLINES if key in metrics]
    return out
