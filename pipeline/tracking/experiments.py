"""Run an experiment file or a search, and log it to MLflow: a parent run with a nested run for each result."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

from pipeline.atomic import write_whole
from pipeline.errors import TrackingError
from pipeline.evaluate.metrics import HEADLINES, metric_in_words
from pipeline.evaluate.pictures import calibration_picture, confusion_picture
from pipeline.experiment.config import Experiment, read_experiment, resolve
from pipeline.experiment.gold import read_gold
from pipeline.experiment.study import Trial
from pipeline.experiment.train import Run
from pipeline.experiment.tuning import Search, best_of, check_search, tune
from pipeline.experiment.variants import RIGHT_SIDE, TAKES_SIDE, Result, check_paths, run_variants
from pipeline.model.settings import Settings
from pipeline.tracking.connection import SOURCE, experiment_id, is_there, session
from pipeline.tracking.record import commit, headline_metrics, now, plain

EXPERIMENT = "detente experiments"
PARENT = "run.json"  # in the folder of a search: the parent run of its trials


@dataclass(frozen=True)
class Answered:
    """An experiment and its results.

    Attributes
    ----------
    results : one per variant and seed, in the order of the file.
    absent : paths of missing gold files.
    run_id : id of the parent run.
    unlogged : why results are missing in MLflow, empty if none are.
    """

    experiment: Experiment
    results: list[Result]
    absent: list[str]
    run_id: str
    unlogged: str = ""


def run_experiment(
    path: Path, out: Path, seeds: int = 1, step: Callable[[str], None] = lambda done: None, command: str = ""
) -> Answered:
    """Run every variant of an experiment file with each seed, and log a parent run with nested runs.

    The models are saved under ``out``. After each variant ``step`` is called with its name. ``command``: what was typed,
    recorded with the parent run. Failures to log a result are reported at the end; its model and metrics are kept.

    Raises `ConfigError`, `InputError` or `TrackingError` if the file is invalid, data is missing, or the store cannot
    be opened.
    """
    experiment = read_experiment(path)
    for one in resolve(experiment, str(path)):
        check_paths(one.data)
    gold, absent = read_gold(experiment.measure.gold)
    results, unlogged = [], ""
    with parent_run(path.stem, experiment.question, command, path) as parent:
        for result, run in run_variants(experiment, str(path), gold, out, seeds, step):
            results.append(result)
            try:
                log_result(parent, result, run)
            except TrackingError as error:
                unlogged = str(error)
    return Answered(experiment, results, absent, parent.run_id, unlogged)


def run_search(
    path: Path,
    out: Path,
    trials: int,
    jobs: int,
    dask: str | None,
    seed: int,
    step: Callable[[int, str], None],
    command: str = "",
) -> tuple[Search, str]:
    """Search for better settings, and log each trial as a nested run; raises as `run_experiment` does.

    After each trial ``step`` is called with the number of trials and a description of the best one so far. Returns the
    search, and why trials are missing in MLflow (empty if none are).
    """
    experiment = read_experiment(path)
    check_paths(resolve(experiment, str(path))[0].data)
    check_search(experiment, str(path), out)
    unlogged = []
    with parent_run(f"tune {path.stem}", experiment.question, command, path, out / PARENT) as parent:

        def each(trials: list[Trial], settings: Settings) -> None:
            step(len(trials), _in_words(experiment.tune.metric, trials))
            try:
                log_trial(parent, trials[-1], settings, experiment.tune.metric)
            except TrackingError as error:
                unlogged.append(str(error))

        found = tune(experiment, str(path), out, trials, jobs, dask, seed, each)
    return found, next(iter(unlogged), "")


def _in_words(metric: str, trials: list[Trial]) -> str:
    whole = [one for one in trials if not one.pruned]
    return f"{metric_in_words(metric)} {best_of(whole).score:.4f} (trial {best_of(whole).number})" if whole else ""


@dataclass(frozen=True)
class Parent:
    """A parent run."""

    run_id: str
    experiment_id: str


def _begin(name: str, question: str, command: str, file: Path) -> Parent:
    with session(writes=True) as mlflow:
        client, experiment = mlflow.MlflowClient(), experiment_id(mlflow, EXPERIMENT)
        tags = {"mlflow.note.content": question, "git.commit": commit(), "command": command, **SOURCE}
        run = client.create_run(experiment, tags=tags, run_name=name)
        client.log_artifact(run.info.run_id, str(file))
        return Parent(run.info.run_id, experiment)


def _end(parent: Parent, status: str) -> None:
    with session(writes=True) as mlflow:
        mlflow.MlflowClient().set_terminated(parent.run_id, status)


def _again(remembered: Path) -> Parent | None:
    """The parent run recorded in a file, None if there is no file or the store does not have the run."""
    if not remembered.exists():
        return None
    parent = Parent(**json.loads(remembered.read_text(encoding="utf-8")))
    with session(writes=True) as mlflow:
        return parent if is_there(mlflow.MlflowClient(), parent.run_id) else None


@contextmanager
def parent_run(name: str, question: str, command: str, file: Path, remembered: Path | None = None) -> Iterator[Parent]:
    """Yield a parent run that ends with the block: as finished, or as killed if the block raises; raises `TrackingError`.

    The experiment file is logged as an artifact. The file ``remembered`` records the run, which is continued if the
    store still has it.
    """
    parent = _again(remembered) if remembered else None
    if parent is None:
        parent = _begin(name, question, command, file)
        if remembered:
            remembered.parent.mkdir(parents=True, exist_ok=True)
            write_whole(remembered, json.dumps(asdict(parent)))
    try:
        yield parent
    except BaseException:
        _end(parent, "KILLED")
        raise
    _end(parent, "FINISHED")


def log_result(parent: Parent, result: Result, run: Run) -> None:
    """Log a variant: settings, data, metrics by fold and with intervals, plots, model; raises `TrackingError`."""
    params = result.settings | {f"data.{key}": value for key, value in result.data.items()}
    tags = {"data.sha256": result.fingerprint, "data.rows": str(result.rows), "seed": str(result.seed)}
    with session(writes=True) as mlflow:
        client = mlflow.MlflowClient()
        run_id = _nested(mlflow, parent, f"{result.variant}, seed {result.seed}", params, _metrics(result), tags)
        client.log_dict(run_id, result.row(), "result.json")
        client.log_figure(run_id, confusion_picture(run.held_out), "pictures/confusion.png")
        client.log_figure(run_id, calibration_picture(run.held_out), "pictures/calibration.png")
        client.log_artifacts(run_id, result.folder, "model")
        client.set_terminated(run_id)


def log_trial(parent: Parent, trial: Trial, settings: Settings, metric: str) -> None:
    """Log a trial of a search with its scores by fold; raises `TrackingError`."""
    metrics = [(f"fold.{metric}", score, fold) for fold, score in enumerate(trial.scores)]
    metrics.append((metric, sum(trial.scores) / len(trial.scores), 0))
    state = {"state": "pruned" if trial.pruned else "complete"}
    with session(writes=True) as mlflow:
        run_id = _nested(mlflow, parent, f"trial {trial.number}", settings.flat(), metrics, state)
        mlflow.MlflowClient().set_terminated(run_id)


def _nested(
    mlflow: ModuleType, parent: Parent, name: str, params: dict, metrics: list[tuple], tags: dict[str, str]
) -> str:
    client = mlflow.MlflowClient()
    tags = {"mlflow.parentRunId": parent.run_id, "mlflow.source.name": "detente", **tags}
    run_id = client.create_run(parent.experiment_id, tags=tags, run_name=name).info.run_id
    client.log_batch(
        run_id,
        [mlflow.entities.Metric(plain(key), value, now(), step) for key, value, step in metrics if value == value],
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
