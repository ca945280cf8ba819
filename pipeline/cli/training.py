"""Train and evaluate a model: `train`, `evaluate`, `check`, `drift`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

from typer import Exit, Option

from pipeline import show
from pipeline.atomic import require_other, require_outputs
from pipeline.cli import options
from pipeline.errors import DRIFT, FLOOR, TrackingError
from pipeline.messages import say, terminal

if TYPE_CHECKING:
    from pipeline.corpus.labelled_rows import SetAside
    from pipeline.model.store import Model
    from pipeline.tracking.measured import Measured

DataOption = Annotated[
    list[str] | None,
    Option(
        help="`embedded` (the bundled corpus, default), a public corpus by name, or a labelled file or folder; "
        "may be repeated."
    ),
]
SetAsideOption = Annotated[
    Path | None, Option(help="CSV file that lists excluded rows, such as those with contradictory labels.")
]


def train(
    data: DataOption = None,
    config: Annotated[Path | None, Option(help="Settings file (TOML).")] = None,
    out: Annotated[Path, Option(help="Model folder to write.")] = options.MODEL,
    weight: Annotated[
        list[str] | None, Option(metavar="NAME=W", help="Weight of each row of a data source; may be repeated.")
    ] = None,
    test: Annotated[
        list[str] | None, Option(help="Test file: its near-copies are excluded from training; may be repeated.")
    ] = None,
    set_aside: SetAsideOption = None,
    curve: Annotated[bool, Option(help="Compute a learning curve over rows outside the bundled corpus.")] = True,
    name: Annotated[str | None, Option(help="Name of the run (default: data and date).")] = None,
    experiment: Annotated[str, Option(help="MLflow experiment of the run.")] = "detente",
    text_column: options.TextColumn = None,
    event_column: options.EventColumn = None,
    stance_column: options.StanceColumn = None,
    quad_column: options.QuadColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
) -> None:
    """Train a model on labelled snippets, evaluate it, save it and log the run to MLflow."""
    from pipeline.corpus.labelled import Columns
    from pipeline.model.settings import Settings, read_settings
    from pipeline.model.store import check_replaceable
    from pipeline.show import labelling
    from pipeline.sources.mix import EMBEDDED, Recipe, missing_tests, read_mix, weights_from

    began = time.time_ns() // 1_000_000
    settings = read_settings(config) if config else Settings()
    columns = Columns(text_column, event_column, stance_column, quad_column)
    named = tuple(data or [EMBEDDED]), columns, tuple(test or ()), weights_from(weight or ())
    recipe = Recipe(*named, encoding, delimiter)
    if not terminal.quiet:
        labelling.missing(missing_tests(recipe))
    corpus = read_mix(recipe)
    check_replaceable(out)
    tests = [file for name in recipe.tests for file in (Path(name), *Path(name).glob("*"))]
    inputs: list[str | Path] = [*corpus.files, *tests, *filter(None, [config])]
    require_other(out, inputs)
    _list_set_aside(corpus.set_aside, set_aside or out.with_name(f"{out.name}.set_aside.csv"), inputs)
    # scikit-learn and MLflow take seconds to import: bad input is reported before.
    from pipeline.experiment.own_rows import why_no_curve
    from pipeline.experiment.train import n_steps, train
    from pipeline.tracking.outbox import Tracking
    from pipeline.tracking.record import record_of

    tracking = Tracking(experiment)
    steps = n_steps(settings, corpus if curve else None)
    with show.progress(steps, f"training on {len(corpus):,} snippets") as step:
        run = train(corpus, settings, step, curve)
    run.save(out)
    show.figures(run.figures, f"held-out snippets ({run.card()['metrics_from']})")
    labelling.own_rows(run.own, why_no_curve(corpus) if curve else "")
    record = record_of(run, out, began, options.typed(), name, experiment)
    show.trained(out, tracking.log(run, out, record))


def evaluate(
    data: Annotated[
        list[str], Option(help="Labelled file or folder, or a public corpus (its test file); may be repeated.")
    ],
    model: options.ModelOption = str(options.MODEL),
    compare: Annotated[str | None, Option(help="A second model, for paired differences.")] = None,
    report: Annotated[Path | None, Option(help="Folder for the report (HTML, Markdown and JSON).")] = None,
    log: options.Log = True,
    set_aside: SetAsideOption = None,
    text_column: options.TextColumn = None,
    event_column: options.EventColumn = None,
    stance_column: options.StanceColumn = None,
    quad_column: options.QuadColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
) -> None:
    """Evaluate a model on labelled files, with 95 % intervals, excluding near-copies of its training texts."""
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

        show.comparison(compare_models(opened, open_model(compare), corpus), f"{model} minus {compare}")
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
    from pipeline.show import labelling

    require_outputs([path], inputs, "--set-aside")
    labelling.set_aside(rows, write_set_aside(rows, path))


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
    model: options.ModelOption = str(options.MODEL),
    checks: Annotated[Path, Option(help="Folder of behavioural checks.")] = options.DATA / "checks",
    failed: Annotated[bool, Option("--failed", help="Show the failed cases.")] = False,
    log: options.Log = True,
) -> None:
    """Run behavioural checks of a model; the exit code is 4 if a kind falls below its floor."""
    from pipeline.evaluate.behaviour import check
    from pipeline.reader import open_model

    opened = open_model(model)
    outcomes = check(opened, checks)
    show.checks(outcomes, failed)
    if log:
        keep(opened, lambda measured: measured.of_checks(outcomes, checks))
    if not all(outcome.holds for outcome in outcomes):
        raise Exit(FLOOR)


def drift(
    baseline: Annotated[str, Option(help="Scored file, folder or pattern of the reference period.")],
    current: Annotated[str, Option(help="Scored file, folder or pattern to compare with it.")],
    model: options.ModelOption = str(options.MODEL),
    log: options.Log = True,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
) -> None:
    """Detect drift between two scored files; the exit code is 3 if a limit is exceeded."""
    from pipeline.evaluate.drift import drift, read_scored
    from pipeline.read.source import Written
    from pipeline.reader import open_model

    opened = open_model(model)
    before, now = (read_scored(path, Written(encoding, delimiter)) for path in (baseline, current))
    for path, columns in ((baseline, before), (current, now)):
        if "text" not in columns:
            say(f"{path}: no text column, such as text or headline, so new words are not compared")
    found = drift(before, now, frozenset(opened.weights.vocabulary.lexicon.words.to_pylist()))
    show.drift(found)
    if log:
        keep(opened, lambda measured: measured.of_drift(found, len(now["tension"]), Path(current), Path(baseline)))
    if found.moved:
        raise Exit(DRIFT)
