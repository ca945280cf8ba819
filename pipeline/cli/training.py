"""Train a model and measure it: `train`, `evaluate`, `check`, `drift`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pipeline.cli.options import (
    DATA,
    MODEL,
    EventColumn,
    Log,
    ModelArgument,
    ModelOption,
    QuadColumn,
    StanceColumn,
    TextColumn,
)
from pipeline.cli.options import settings as asked
from pipeline.errors import DRIFT, FLOOR, TrackingError
from pipeline.plain import say

if TYPE_CHECKING:
    from pipeline.corpus.contradictions import SetAside
    from pipeline.experiment.train import Run
    from pipeline.model.store import Model
    from pipeline.tracking.background import Tracking
    from pipeline.tracking.measured import Measured
    from pipeline.tracking.record import Asked
    from pipeline.tracking.runs import Logged

DataOption = Annotated[
    Optional[list[str]],
    typer.Option(
        help="`embedded` (what comes with Detente, the default), a public corpus by name, or a labelled file or folder; "
        "may be repeated."
    ),
]
SetAsideOption = Annotated[
    Optional[Path], typer.Option(help="Where rows are listed that contradict each other or were left out otherwise.")
]


def train(
    data: DataOption = None,
    config: Annotated[Optional[Path], typer.Option(help="TOML file of settings.")] = None,
    out: Annotated[Path, typer.Option(help="Where the model folder is put.")] = MODEL,
    weight: Annotated[
        Optional[list[str]],
        typer.Option(metavar="NAME=W", help="How many times each row of one of the data counts; may be repeated."),
    ] = None,
    test: Annotated[
        Optional[list[str]],
        typer.Option(help="Labelled file that will be tested on: rows near to it are left out; may be repeated."),
    ] = None,
    set_aside: SetAsideOption = None,
    curve: Annotated[bool, typer.Option(help="Draw a learning curve over rows that do not come with Detente.")] = True,
    name: Annotated[Optional[str], typer.Option(help="Name of the run; by default data and date.")] = None,
    experiment: Annotated[str, typer.Option(help="MLflow experiment that the run belongs to.")] = "detente",
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
) -> None:
    """Train a model on labelled snippets, evaluate it, save it and log the run to MLflow."""
    from pipeline import show
    from pipeline.corpus.labelled import Columns
    from pipeline.experiment.train import n_steps, train
    from pipeline.model.settings import Settings, read_settings
    from pipeline.model.store import check_replaceable
    from pipeline.show import own_rows
    from pipeline.sources.mix import EMBEDDED, Recipe, missing_tests, read_mix, weights_from
    from pipeline.tracking.background import prepare
    from pipeline.tracking.record import Asked, now

    began = now()
    settings = read_settings(config) if config else Settings()
    columns = Columns(text_column, event_column, stance_column, quad_column)
    recipe = Recipe(tuple(data or [EMBEDDED]), columns, tuple(test or ()), weights_from(weight or ()))
    if not asked.quiet:
        own_rows.missing(missing_tests(recipe))
    corpus = read_mix(recipe)
    check_replaceable(out)
    _list_set_aside(corpus.set_aside, set_aside or out.with_name(f"{out.name}.set_aside.csv"))
    tracking = prepare(experiment)
    steps = n_steps(settings, corpus if curve else None)
    with show.progress(steps, f"training on {len(corpus):,} snippets") as step:
        run = train(corpus, settings, step, curve)
    run.save(out)
    show.figures(run.figures, f"held-out snippets ({run.card()['metrics_from']})")
    if run.own:
        own_rows.own_rows(run.own)
    show.trained(out, _log(tracking, run, out, Asked(began, shlex.join(["detente", *sys.argv[1:]]), name, experiment)))


def _log(tracking: Tracking, run: Run, out: Path, said: Asked) -> Logged:
    """Log a run; where the store does not take it, it waits beside the model."""
    from pipeline.tracking.record import record_of

    unsent = tracking.keep(run, out, record_of(run, out, said))
    try:
        return tracking.log(unsent)
    except TrackingError as error:
        raise TrackingError(
            f"the model is saved in {out}, but the run could not be logged: {error}; "
            f"`detente runs push {unsent.parent}` sends it later"
        ) from None


def evaluate(
    data: Annotated[
        list[str],
        typer.Option(help="Labelled file or folder, or a public corpus, of which the test file; may be repeated."),
    ],
    model: ModelOption = str(MODEL),
    compare: Annotated[Optional[str], typer.Option(help="A second model, for paired differences.")] = None,
    report: Annotated[Optional[Path], typer.Option(help="Folder for the report as a page, Markdown and JSON.")] = None,
    log: Log = True,
    set_aside: SetAsideOption = None,
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
) -> None:
    """Measure a model on labelled files, with 95 % intervals, without rows near to its training texts."""
    from pipeline import show
    from pipeline.corpus.labelled import Columns
    from pipeline.evaluate.evaluation import evaluate, training_corpus
    from pipeline.model.store import load_signatures
    from pipeline.reader import open_model
    from pipeline.sources.mix import Recipe, read_tests

    corpus = read_tests(Recipe(tuple(data), Columns(text_column, event_column, stance_column, quad_column)))
    _list_set_aside(corpus.set_aside, set_aside or (report or Path()) / "set_aside.csv")
    opened = open_model(model)
    done = evaluate(opened, corpus, load_signatures(opened), training_corpus(opened))
    show.evaluation(done)
    if compare:
        from pipeline.evaluate.comparison import compare_models

        show.comparison(compare_models(opened, open_model(compare), corpus), model, compare)
    if report:
        from pipeline.evaluate.report import write_report

        show.written(write_report(done, opened, "-".join(Path(given).stem for given in data), report))
    if log:
        keep(opened, lambda measured: measured.of_evaluation(done, corpus, report))


def _list_set_aside(rows: tuple[SetAside, ...], path: Path) -> None:
    """Write down the rows that were left out, where there are any, and say how many."""
    if not rows:
        return
    from pipeline.corpus.contradictions import write_set_aside
    from pipeline.show import own_rows

    written = write_set_aside(rows, path)
    if not asked.quiet:
        own_rows.set_aside(rows, written)


def keep(model: Model, made: Callable[[ModuleType], Measured]) -> None:
    """Log what was measured to the run of the model, where it has one; a store that does not take it is a warning."""
    from pipeline.model.store import run_of

    if run_of(model) is None:
        return
    from pipeline.tracking import measured

    try:
        measured.log_measured(model, made(measured))
    except TrackingError as error:
        say(f"warning: the figures are not in the model's run: {error}; --no-log leaves this out")


def check(
    given: ModelArgument = None,
    model: ModelOption = str(MODEL),
    checks: Annotated[Path, typer.Option(help="Folder of behavioural checks.")] = DATA / "checks",
    failed: Annotated[bool, typer.Option("--failed", help="Show the cases that failed.")] = False,
    log: Log = True,
) -> None:
    """Try a model on behavioural checks; exit code 4 where a kind falls below its floor."""
    from pipeline import show
    from pipeline.evaluate.behaviour import check
    from pipeline.reader import open_model

    opened = open_model(given or model)
    outcomes = check(opened, checks)
    show.checks(outcomes, failed)
    if log:
        keep(opened, lambda measured: measured.of_checks(outcomes, checks))
    if not all(outcome.holds for outcome in outcomes):
        raise typer.Exit(FLOOR)


def drift(
    baseline: Annotated[Path, typer.Option(help="Scored file of a time when all was well.")],
    current: Annotated[Path, typer.Option(help="Scored file of today.")],
    given: ModelArgument = None,
    model: ModelOption = str(MODEL),
    log: Log = True,
) -> None:
    """Compare two scored files; exit code 3 where the feed has moved beyond a limit."""
    from pipeline import show
    from pipeline.evaluate.drift import drift, known_words, read_scored
    from pipeline.reader import open_model

    opened = open_model(given or model)
    files = {path: read_scored(path) for path in (baseline, current)}
    for path, columns in files.items():
        if "text" not in columns:
            say(f"{path}: no column with texts, such as text or headline, so new words are not compared")
    found = drift(files[baseline], files[current], known_words(opened))
    show.drift(found)
    if log:
        keep(opened, lambda measured: measured.of_drift(found, len(files[current]["tension"]), current, baseline))
    if found.moved:
        raise typer.Exit(DRIFT)
