"""Run an experiment file or a search, and log the results to MLflow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import TrackingError
from pipeline.evaluate.metrics import metric_in_words
from pipeline.experiment.config import Experiment, read_experiment, resolve
from pipeline.experiment.gold import read_gold
from pipeline.experiment.study import Trial
from pipeline.experiment.tuning import Search, best_of, check_search, tune
from pipeline.experiment.variants import Result, check_paths, commit, run_variants
from pipeline.model.settings import Settings
from pipeline.tracking.nested import log_result, log_trial, parent_run

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


def run_experiment(path: Path, out: Path, seeds: int = 1, step: Callable[[str], None] = lambda done: None) -> Answered:
    """Run every variant of an experiment file with each seed, and log a parent run with nested runs.

    Failures to log a result are reported at the end; its model and metrics are kept.

    Parameters
    ----------
    out : folder for the models.
    step : called with the name of each variant when it is done.

    Raises
    ------
    ConfigError, InputError, TrackingError
        If the file is invalid, data is missing, or the store cannot be opened.
    """
    experiment = read_experiment(path)
    for one in resolve(experiment, str(path)):
        check_paths(one.data)
    gold, absent = read_gold(experiment.measure.gold)
    results, unlogged = [], ""
    tags = {"git.commit": commit(), "command": f"detente run {path} --seeds {seeds}"}
    with parent_run(path.stem, experiment.question, tags, path) as parent:
        for result, run in run_variants(experiment, str(path), gold, out, seeds, step):
            results.append(result)
            try:
                log_result(parent, result, run)
            except TrackingError as error:
                unlogged = str(error)
    return Answered(experiment, results, absent, parent.run_id, unlogged)


def run_search(
    path: Path, out: Path, trials: int, jobs: int, dask: str | None, seed: int, step: Callable[[int, str], None]
) -> tuple[Search, str]:
    """Search for better settings, and log each trial as a nested run.

    Parameters
    ----------
    step : called after each trial with the number of trials and a description of the best one so far.

    Returns
    -------
    The search, and why trials are missing in MLflow (empty if none are).

    Raises
    ------
    ConfigError, InputError, TrackingError
        If the file is invalid, data is missing, or the store cannot be opened.
    """
    experiment = read_experiment(path)
    check_paths(resolve(experiment, str(path))[0].data)
    check_search(experiment, str(path), out)
    unlogged = []
    tags = {"git.commit": commit(), "command": f"detente tune {path} --trials {trials} --seed {seed}"}
    with parent_run(f"tune {path.stem}", experiment.question, tags, path, out / PARENT) as parent:

        def each(trials: list[Trial], settings: Settings) -> None:
            trial = trials[-1]
            step(len(trials), in_words(experiment.tune.metric, trials))
            try:
                log_trial(parent, trial.number, settings.flat(), trial.scores, experiment.tune.metric, trial.pruned)
            except TrackingError as error:
                unlogged.append(str(error))

        found = tune(experiment, str(path), out, trials, jobs, dask, seed, each)
    return found, next(iter(unlogged), "")


def in_words(metric: str, trials: list[Trial]) -> str:
    """The best trial so far, such as ``three stances, macro-F1 0.812 (trial 7)``."""
    whole = [one for one in trials if not one.pruned]
    return f"{metric_in_words(metric)} {best_of(whole).score:.4f} (trial {best_of(whole).number})" if whole else ""


def n_runs(path: Path, seeds: int) -> int:
    """Number of training runs of `run_experiment` for a file."""
    return len(read_experiment(path).variant) * seeds
