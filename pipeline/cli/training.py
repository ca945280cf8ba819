"""Train and evaluate a model: `train`, `evaluate`, `check`, `drift`."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pipeline.atomic import require_other, require_outputs
from pipeline.cli.options import (
    DATA,
    MODEL,
    Delimiter,
    Encoding,
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
from pipeline.messages import say

if TYPE_CHECKING:
    from pipeline.corpus.labelled_rows import SetAside
    from pipeline.experiment.train import Run
    from pipeline.model.store import Model
    from pipeline.tracking.background import Tracking
    from pipeline.tracking.measured import Measured
    from pipeline.tracking.record import Asked
    from pipeline.tracking.runs import Logged

DataOption = Annotated[
    Optional[list[str]],
    typer.Option(
        help="`embedded` (the bundled corpus, default), a public corpus by name, or a labelled file or folder; "
        "may be repeated."
    ),
]
SetAsideOption = Annotated[
    Optional[Path], typer.Option(help="CSV file that lists excluded rows, such as those with contradictory labels.")
]


def train(
    data: DataOption = None,
    config: Annotated[Optional[Path], typer.Option(help="Settings file (TOML).")] = None,
    out: Annotated[Path, typer.Option(help="Model folder to write.")] = MODEL,
    weight: Annotated[
        Optional[list[str]],
        typer.Option(metavar="NAME=W", help="Weight of each row of a data source; may be repeated."),
    ] = None,
    test: Annotated[
        Optional[list[str]],
        typer.Option(help="Test file: its near-copies are excluded from training; may be repeated."),
    ] = None,
    set_aside: SetAsideOption = None,
    curve: Annotated[bool, typer.Option(help="Compute a learning curve over rows outside the bundled corpus.")] = True,
    name: Annotated[Optional[str], typer.Option(help="Name of the run (default: data and date).")] = None,
    experiment: Annotated[str, typer.Option(help="MLflow experiment of the run.")] = "detente",
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
) -> None:
    """Train a model on labelled snippets, evaluate it, save it and log the run to MLflow."""
    from pipeline import show
    from pipeline.corpus.labelled import Columns
    from pipeline.model.settings import Settings, read_settings
    from pipeline.model.store import check_replaceable
    from pipeline.show import own_rows
    from pipeline.sources.mix import EMBEDDED, Recipe, missing_tests, read_mix, weights_from

    began = time.time_ns() // 1_000_000
    settings = read_settings(config) if config else Settings()
    columns = Columns(text_column, event_column, stance_column, quad_column)
    named = tuple(data or [EMBEDDED]), columns, tuple(test or ()), weights_from(weight or ())
    recipe = Recipe(*named, encoding, delimiter)
    if not asked.quiet:
        own_rows.missing(missing_tests(recipe))
    corpus = read_mix(recipe)
    check_replaceable(out)
    tests = [file for name in recipe.tests for file in (Path(name), *Path(name).glob("*"))]
    inputs: list[str | Path] = [*corpus.files, *tests, *filter(None, [config])]
    require_other(out, inputs)
    _list_set_aside(corpus.set_aside, set_aside or out.with_name(f"{out.name}.set_aside.csv"), inputs)
    # scikit-learn and MLflow take seconds to import: bad input is reported before.
    from pipeline.experiment.own_rows import why_no_curve
    from pipeline.experiment.train import n_steps, train
    from pipeline.tracking.background import prepare
    from pipeline.tracking.record import Asked

    tracking = prepare(experiment)
    steps = n_steps(settings, corpus if curve else None)
    with show.progress(steps, f"training on {len(corpus):,} snippets") as step:
        run = train(corpus, settings, step, curve)
    run.save(out)
    show.figures(run.figures, f"held-out snippets ({run.card()['metrics_from']})")
    own_rows.own_rows(run.own, why_no_curve(corpus) if curve else "")
    show.trained(out, _log(tracking, run, out, Asked(began, shlex.join(["detente", *sys.argv[1:]]), name, experiment)))


def _log(tracking: Tracking, run: Run, out: Path, said: Asked) -> Logged:
    """Log a run; if the store does not accept it, keep it next to the model."""
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
        typer.Option(help="Labelled file or folder, or a public corpus (its test file); may be repeated."),
    ],
    model: ModelOption = str(MODEL),
    compare: Annotated[Optional[str], typer.Option(help="A second model, for paired differences.")] = None,
    report: Annotated[Optional[Path], typer.Option(help="Folder for the report (HTML, Markdown and JSON).")] = None,
    log: Log = True,
    set_aside: SetAsideOption = None,
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
) -> None:
    """Evaluate a model on labelled files, with 95 % intervals, excluding near-copies of its training texts."""
    from pipeline import show
    from pipeline.corpus.labelled import Columns
    from pipeline.sources.mix import Recipe, read_tests

    columns = Columns(text_column, event_column, stance_column, quad_column)
    corpus = read_tests(Recipe(tuple(data), columns, encoding=encoding, delimiter=delimiter))
    if report:
        from pipeline.evaluate.report import CARD, JSON, MARKDOWN, PAGE

        require_outputs((report / name for name in (PAGE, MARKDOWN, JSON, CARD)), corpus.files, "--report")
    _list_set_aside(corpus.set_aside, set_aside or (report or Path()) / "set_aside.csv", corpus.files)
    from pipeline.evaluate.evaluation import evaluate, training_corpus
    from pipeline.model.store import load_signatures
    from pipeline.reader import open_model

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


def _list_set_aside(rows: tuple[SetAside, ...], path: Path, inputs: Sequence[str | Path]) -> None:
    """List the excluded rows in a file, if there are any, and print how many."""
    if not rows:
        return
    from pipeline.corpus.labelled_rows import write_set_aside
    from pipeline.show import own_rows

    require_outputs([path], inputs, "--set-aside")
    written = write_set_aside(rows, path)
    own_rows.set_aside(rows, written)


def keep(model: Model, made: Callable[[ModuleType], Measured]) -> None:
    """Log measurements to the model's run, if it has one; a store that does not accept them causes a warning."""
    from pipeline.model.store import run_of

    if run_of(model) is None:
        return
    from pipeline.tracking import measured

    try:
        measured.log_measured(model, made(measured))
    except TrackingError as error:
        say(f"warning: the metrics could not be logged to the model's run: {error}; --no-log skips this")


def check(
    given: ModelArgument = None,
    model: ModelOption = str(MODEL),
    checks: Annotated[Path, typer.Option(help="Folder of behavioural checks.")] = DATA / "checks",
    failed: Annotated[bool, typer.Option("--failed", help="Show the failed cases.")] = False,
    log: Log = True,
) -> None:
    """Run behavioural checks of a model; the exit code is 4 if a kind falls below its floor."""
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
    baseline: Annotated[str, typer.Option(help="Scored file, folder or pattern of the reference period.")],
    current: Annotated[str, typer.Option(help="Scored file, folder or pattern to compare with it.")],
    given: ModelArgument = None,
    model: ModelOption = str(MODEL),
    log: Log = True,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
) -> None:
    """Detect drift between two scored files; the exit code is 3 if a limit is exceeded."""
    from pipeline import show
    from pipeline.evaluate.drift import drift, known_words, read_scored
    from pipeline.read.source import Written
    from pipeline.reader import open_model

    opened = open_model(given or model)
    before, now = (read_scored(path, Written(encoding, delimiter)) for path in (baseline, current))
    for path, columns in ((baseline, before), (current, now)):
        if "text" not in columns:
            say(f"{path}: no text column, such as text or headline, so new words are not compared")
    found = drift(before, now, known_words(opened))
    show.drift(found)
    if log:
        keep(opened, lambda measured: measured.of_drift(found, len(now["tension"]), Path(current), Path(baseline)))
    if found.moved:
        raise typer.Exit(DRIFT)
