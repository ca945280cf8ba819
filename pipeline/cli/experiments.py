"""Inspect runs, choose between models, run experiments, search for better settings: `runs`, `promote`, `run`, `tune`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from pipeline import show
from pipeline.atomic import require_outputs
from pipeline.cli import options
from pipeline.errors import InputError, RefusedError, TrackingError
from pipeline.messages import count_of, say

_OUT = Path("models/experiments")  # one folder per experiment file


def runs(
    given: Annotated[
        list[str] | None,
        Argument(
            metavar="[RUN RUN | push [FOLDER]...]",
            help="Two runs to compare: ids, names, model folders or models:/ addresses; or `push`, to send unsent runs.",
        ),
    ] = None,
    experiment: Annotated[str | None, Option(help="List only the runs of this MLflow experiment.")] = None,
) -> None:
    """List runs, compare two of them, or send runs that could not be logged."""
    from pipeline.show import experiments
    from pipeline.tracking.catalogue import compare_runs, list_runs
    from pipeline.tracking.outbox import outbox_of, send, waiting

    on_terminal = sys.stdout.isatty()
    if not given:
        (experiments.run_table if on_terminal else experiments.run_lines)(list_runs(experiment))
        if kept := waiting(outbox_of(options.MODEL)):
            say(f"{count_of(len(kept), 'unsent run')} in {outbox_of(options.MODEL)}; send with `detente runs push`")
    elif given[0] == "push":
        outboxes = [Path(folder) for folder in given[1:]] or [outbox_of(options.MODEL)]
        entries = [entry for outbox in outboxes for entry in waiting(outbox)]
        if not entries:
            say(f"no unsent runs in {', '.join(map(str, outboxes))}", stderr=False)
        for entry in entries:
            logged = send(entry)
            where = f"registered as {logged.name}, version {logged.version}"
            say(f"sent {logged.run_name} ({logged.run_id}), {where}", stderr=False)
    elif len(given) == 2:
        (experiments.versus_tables if on_terminal else experiments.versus_lines)(compare_runs(*given))
    else:
        raise InputError(f"runs: expected no run, two runs or `push`, got {' '.join(given)}")


def promote(
    model: Annotated[str, Argument(metavar="RUN | MODEL", help="Run id or name, model folder or models:/ address.")],
    on: Annotated[
        list[str], Option(help="Labelled file to compare on, or a public corpus (its test file); may be repeated.")
    ],
    alias: Annotated[str, Option(help="Alias to assign, as in models:/detente@champion.")] = "champion",
    why: Annotated[str, Option(help="Your reason, recorded with the model.")] = "",
    force: Annotated[
        bool, Option("--force", help="Promote even if the model is not better; this is recorded.")
    ] = False,
    text_column: options.TextColumn = None,
    event_column: options.EventColumn = None,
    stance_column: options.StanceColumn = None,
    quad_column: options.QuadColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
) -> None:
    """Promote a model to champion if a paired comparison shows that it is better."""
    from pipeline.corpus.labelled import Columns
    from pipeline.show.experiments import decision_line, decision_table
    from pipeline.sources.mix import Recipe, read_tests
    from pipeline.tracking.promotion import give_alias, weigh

    columns = Columns(text_column, event_column, stance_column, quad_column)
    corpus = read_tests(Recipe(tuple(on), columns, encoding=encoding, delimiter=delimiter))
    found = weigh(model, alias, corpus, force)
    if found.allowed or force:
        give_alias(found, why)
    (decision_table if sys.stdout.isatty() else decision_line)(found, force)
    if not (found.allowed or force):
        raise RefusedError(f"{found.reason}; not promoted, --force promotes it anyway")


def run(
    file: Annotated[Path, Argument(help="Experiment file (TOML), such as experiments/families.toml.")],
    seeds: Annotated[int, Option(min=1, max=1000, help="Runs per variant, each with different folds.")] = 1,
    out: Annotated[Path | None, Option(help="Folder for the models.")] = None,
) -> None:
    """Run an experiment file: train every variant, measure all on the same rows, log them to MLflow."""
    from pipeline.experiment.config import read_experiment
    from pipeline.show import experiments
    from pipeline.tracking.experiments import run_experiment

    out = out or _OUT / file.stem
    with show.progress(len(read_experiment(file).variant) * seeds, file.stem) as step:
        answered = run_experiment(file, out, seeds, step, options.typed())
    experiments.experiment(answered)
    if answered.unlogged:
        raise TrackingError(f"the models are in {out}, but: {answered.unlogged}")


def tune(
    config: Annotated[Path, Argument(help="Experiment file (TOML): data, folds, initial settings.")],
    trials: Annotated[
        int, Option(min=1, max=100_000, help="Total number of trials, including those of an earlier run.")
    ] = 60,
    jobs: Annotated[int, Option(min=1, max=1000, help="Parallel trials, one process each.")] = 2,
    dask: Annotated[str | None, Option(help="Address of a Dask scheduler whose workers can access --out.")] = None,
    seed: options.Seed = 0,
    out: Annotated[Path | None, Option(help="Folder of the search; an existing search is continued.")] = None,
) -> None:
    """Search for better settings by cross-validation; every trial is logged to MLflow."""
    from pipeline.experiment.tuning import BEST, STUDY
    from pipeline.show import experiments
    from pipeline.tracking.experiments import run_search

    out = out or _OUT / f"tune-{config.stem}"
    require_outputs((out / BEST, out / STUDY), [config])
    with experiments.searching(trials) as step:
        found, unlogged = run_search(config, out, trials, jobs, dask, seed, step, options.typed())
    experiments.search(found)
    if unlogged:
        raise TrackingError(f"the search is in {out}, but: {unlogged}")
