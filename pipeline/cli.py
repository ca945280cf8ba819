"""The skin: commands that make one library call each. Heavy imports wait until a command needs them."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipeline.errors import DetenteError, TrackingError

app = typer.Typer(
    help="Says, sentence by sentence, whether news tells of rising or easing tension, how sure it is, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

MODEL = Path("models/detente")
DATA = Path("data")

ModelOption = Annotated[
    str, typer.Option("--model", "-m", help="Model folder, or an MLflow address such as models:/detente/1.")
]
ModelArgument = Annotated[str, typer.Argument(help="Model folder, or an MLflow address such as models:/detente/1.")]
TextColumn = Annotated[Optional[str], typer.Option(help="Name of the text column, if not text or sentence.")]
EventColumn = Annotated[Optional[str], typer.Option(help="Name of the event type column, if not event.")]
QuadColumn = Annotated[Optional[str], typer.Option(help="Name of the quad class column, if not quad.")]
StanceColumn = Annotated[Optional[str], typer.Option(help="Name of the stance column, if not stance.")]


def main() -> None:
    """Entry point of the `detente` command."""
    gc.set_threshold(50_000)  # imports make many objects and no garbage: looking for it took 4 % of the start-up
    with _one_line_errors():
        app()


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """The project's errors become one line on standard error and exit code 1."""
    try:
        yield
    except DetenteError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except BrokenPipeError:  # the reader of a pipe has gone, as `head` does
        sys.stderr.close()
        raise SystemExit(0) from None


@app.command()
def train(
    data: Annotated[Optional[list[Path]], typer.Option(help="Labelled file or folder; may be repeated.")] = None,
    config: Annotated[Optional[Path], typer.Option(help="TOML file of settings.")] = None,
    out: Annotated[Path, typer.Option(help="Where the model folder is put.")] = MODEL,
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
) -> None:
    """Train a model on labelled snippets, evaluate it, save it and log the run to MLflow."""
    from pipeline import show
    from pipeline.corpus.labelled import Columns, read_labelled
    from pipeline.experiment.train import n_steps, train
    from pipeline.model.settings import Settings, read_settings
    from pipeline.model.store import check_replaceable, remember_run
    from pipeline.tracking import background

    settings = read_settings(config) if config else Settings()
    corpus = read_labelled(data or [DATA], Columns(text_column, event_column, stance_column, quad_column))
    check_replaceable(out)
    tracking = background.prepare()
    with show.progress(n_steps(settings), f"training on {len(corpus):,} snippets") as step:
        run = train(corpus, settings, step)
    run.save(out)
    show.figures(run.figures, f"held-out snippets ({run.card()['metrics_from']})")
    try:
        logged = tracking.log(run, out)
    except TrackingError as error:
        raise TrackingError(f"the model is saved in {out}, but the run could not be logged: {error}") from None
    remember_run(out, logged.run_id)
    show.trained(out, logged)


@app.command()
def evaluate(
    data: Annotated[list[Path], typer.Option(help="Labelled file or folder; may be repeated.")],
    model: ModelOption = str(MODEL),
    compare: Annotated[Optional[str], typer.Option(help="A second model, for paired differences.")] = None,
    report: Annotated[Optional[Path], typer.Option(help="Folder for the report as a page, Markdown and JSON.")] = None,
    text_column: TextColumn = None,
    event_column: EventColumn = None,
    stance_column: StanceColumn = None,
    quad_column: QuadColumn = None,
) -> None:
    """Measure a model on labelled files, with 95 % intervals, without rows near to its training texts."""
    from pipeline import show
    from pipeline.corpus.labelled import Columns, read_labelled
    from pipeline.evaluate.evaluation import evaluate, training_corpus
    from pipeline.model.store import load_seen, run_of
    from pipeline.reader import open_model

    corpus = read_labelled(data, Columns(text_column, event_column, stance_column, quad_column))
    opened = open_model(model)
    done = evaluate(opened, corpus, load_seen(opened), training_corpus(opened))
    show.evaluation(done)
    if compare:
        from pipeline.evaluate.comparison import compare_models

        show.comparison(compare_models(opened, open_model(compare), corpus), model, compare)
    if report:
        from pipeline.evaluate.report import write_report

        name = "-".join(path.stem for path in data)
        show.written(write_report(done, opened, name, report))
        _attach(run_of(opened), report, name)


def _attach(run_id: str | None, report: Path, name: str) -> None:
    """Attach a report to the model's run, where it has one."""
    if run_id is None:
        return
    from pipeline.tracking.runs import attach

    try:
        attach(run_id, report, name)
    except TrackingError as error:
        raise TrackingError(f"the report is in {report}, but could not be attached to run {run_id}: {error}") from None


@app.command()
def check(
    model: ModelArgument = str(MODEL),
    checks: Annotated[Path, typer.Option(help="Folder of behavioural checks.")] = DATA / "checks",
    failed: Annotated[bool, typer.Option("--failed", help="Show the cases that failed.")] = False,
) -> None:
    """Try a model on behavioural checks; exit code 1 where a kind falls below its floor."""
    from pipeline import show
    from pipeline.evaluate.behaviour import check
    from pipeline.reader import open_model

    outcomes = check(open_model(model), checks)
    show.checks(outcomes, failed)
    if not all(outcome.holds for outcome in outcomes):
        raise typer.Exit(1)


@app.command()
def drift(
    baseline: Annotated[Path, typer.Option(help="Scored file of a time when all was well.")],
    current: Annotated[Path, typer.Option(help="Scored file of today.")],
    model: ModelArgument = str(MODEL),
) -> None:
    """Compare two scored files; exit code 3 where the feed has moved beyond a limit."""
    from pipeline import show
    from pipeline.evaluate.drift import drift, known_words, read_scored
    from pipeline.reader import open_model

    words = known_words(open_model(model))
    found = drift(read_scored(baseline), read_scored(current), words)
    show.drift(found)
    if found.moved:
        raise typer.Exit(3)


@app.command()
def score(
    given: Annotated[
        Optional[list[str]], typer.Argument(metavar="[TEXT | FILE | FOLDER | -]...", help="What to score.")
    ] = None,
    model: ModelOption = str(MODEL),
    articles: Annotated[bool, typer.Option("--articles", help="Rows of tables are articles.")] = False,
    sentences: Annotated[bool, typer.Option("--sentences", help="One row a sentence of an article.")] = False,
    evidence: Annotated[int, typer.Option(min=0, help="Terms of evidence a snippet; 0 for none.")] = 3,
    format: Annotated[Optional[str], typer.Option(help="table, jsonl, csv or parquet.")] = None,
    out: Annotated[Optional[str], typer.Option(help="File to write; its suffix gives the format.")] = None,
    text_column: TextColumn = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads that score; 0 for one a processor.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    dask: Annotated[
        Optional[str], typer.Option(metavar="ADDRESS", help="Score on a Dask cluster, or local; --out is a folder.")
    ] = None,
) -> None:
    """Score texts, files, pages, tables, folders, patterns or standard input."""
    from pipeline.errors import InputError
    from pipeline.reader import open_model
    from pipeline.score.inputs import Reading, read_inputs
    from pipeline.score.output import format_of, print_tables
    from pipeline.score.rows import Asked, score_batch

    asked = Asked(sentences, evidence)
    if dask:
        _score_on_cluster(open_model(model), given or [], Reading(text_column, articles, True), asked, out, dask)
        return
    file = Path(out) if out else None
    kind = format_of(format, file, sys.stdout.isatty())
    if resume and (file is None or kind == "table"):
        raise InputError("--resume: only a run with --out to JSONL, CSV or Parquet can be resumed; name the file")
    opened = open_model(model)
    if file is None or kind == "table":
        batches = read_inputs(given or [], Reading(text_column, articles))
        if kind != "table":
            print_tables((score_batch(opened, batch, asked) for batch in batches), kind)
            return
        from pipeline import show

        show.scores(opened, batches, asked, file)
        return
    reading = Reading(text_column, articles, set_aside=True)
    _score_to_file(opened, given or [], reading, asked, file, kind, threads or os.cpu_count() or 1, resume)


def _score_to_file(model, given, reading, asked, file: Path, kind: str, threads: int, resume: bool) -> None:
    from pipeline import show
    from pipeline.score.engine import score_to_file
    from pipeline.score.inputs import files_of

    with show.reading(sum(path.stat().st_size for path in files_of(given))) as step:
        totals = score_to_file(model, given, reading, asked, file, kind, threads, resume, step)
    show.scored(totals)


def _score_on_cluster(model, given, reading, asked, out: str | None, dask: str) -> None:
    from pipeline import show
    from pipeline.errors import InputError
    from pipeline.score.cluster import score_on_cluster, tasks_of

    if out is None:
        raise InputError("--dask: name the folder of the output with --out")
    tasks = tasks_of(given)
    with show.reading(len(tasks)) as step:
        totals = score_on_cluster(model, tasks, reading, asked, out, dask, step)
    show.scored(totals)


if __name__ == "__main__":
    main()
