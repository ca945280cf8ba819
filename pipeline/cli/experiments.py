"""Run experiments and search for better settings: `run`, `tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pipeline.atomic import require_outputs
from pipeline.cli.options import Seed
from pipeline.errors import TrackingError

_OUT = Path("models/experiments")  # one folder per experiment file


def run(
    file: Annotated[Path, typer.Argument(help="Experiment file (TOML), such as experiments/families.toml.")],
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Runs per variant, each with different folds.")] = 1,
    out: Annotated[Optional[Path], typer.Option(help="Folder for the models.")] = None,
) -> None:
    """Run an experiment file: train every variant, measure all on the same rows, log them to MLflow."""
    from pipeline import show
    from pipeline.show import experiments
    from pipeline.tracking.experiments import n_runs, run_experiment

    with show.progress(n_runs(file, seeds), file.stem) as step:
        answered = run_experiment(file, out or _OUT / file.stem, seeds, step)
    experiments.experiment(answered)
    if answered.unlogged:
        raise TrackingError(f"the models are in {out or _OUT / file.stem}, but: {answered.unlogged}")


def tune(
    config: Annotated[Path, typer.Argument(help="Experiment file (TOML): data, folds, initial settings.")],
    trials: Annotated[
        int, typer.Option(min=1, max=100_000, help="Total number of trials, including those of an earlier run.")
    ] = 60,
    jobs: Annotated[int, typer.Option(min=1, max=1000, help="Parallel trials, one process each.")] = 2,
    dask: Annotated[
        Optional[str], typer.Option(help="Address of a Dask scheduler whose workers can access --out.")
    ] = None,
    seed: Seed = 0,
    out: Annotated[Optional[Path], typer.Option(help="Folder of the search; an existing search is continued.")] = None,
) -> None:
    """Search for better settings by cross-validation; every trial is logged to MLflow."""
    from pipeline.experiment.tuning import BEST, STUDY
    from pipeline.show import experiments
    from pipeline.tracking.experiments import run_search

    out = out or _OUT / f"tune-{config.stem}"
    require_outputs((out / BEST, out / STUDY), [config])
    with experiments.searching(trials) as step:
        found, unlogged = run_search(config, out, trials, jobs, dask, seed, step)
    experiments.search(found)
    if unlogged:
        raise TrackingError(f"the search is in {out}, but: {unlogged}")
