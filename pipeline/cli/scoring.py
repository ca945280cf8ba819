"""Score and explain texts with a model: `score`, `explain`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pipeline.atomic import require_outputs
from pipeline.cli.options import (
    MODEL,
    Delimiter,
    Encoding,
    ModelOption,
    Strict,
    TextColumn,
    Threads,
    a_number,
    settings,
)
from pipeline.messages import say

if TYPE_CHECKING:
    from pipeline.model.store import Model
    from pipeline.read.documents import Documents, ReadOptions
    from pipeline.score.documents import OutputOptions
    from pipeline.write.aside import Totals


def score(
    given: Annotated[
        Optional[list[str]],
        typer.Argument(
            metavar="[TEXT | FILE | FOLDER | -]...", help="Texts, files, folders, patterns, or - for standard input."
        ),
    ] = None,
    model: ModelOption = str(MODEL),
    articles: Annotated[bool, typer.Option("--articles", help="Treat each row of a table as an article.")] = False,
    sentences: Annotated[bool, typer.Option("--sentences", help="Output one row per sentence.")] = False,
    evidence: Annotated[int, typer.Option(min=0, max=1000, help="Evidence terms per snippet; 0 for none.")] = 3,
    actors: Annotated[bool, typer.Option("--actors", help="Output who acts and who is acted on.")] = False,
    format: Annotated[Optional[str], typer.Option(help="Output format: table, jsonl, csv or parquet.")] = None,
    out: Annotated[Optional[str], typer.Option(help="Output file; its suffix sets the format.")] = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    columns: Annotated[
        Optional[str], typer.Option(help="Input columns to keep, such as date,link, or none (default: all).")
    ] = None,
    stdin_format: Annotated[
        Optional[str], typer.Option(help="Format of standard input: text, csv, tsv or jsonl (default: detected).")
    ] = None,
    strict: Strict = False,
    threads: Threads = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")] = False,
    max_rejects: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            callback=a_number,
            help="Share of rows that may be rejected; above it the exit code is 5.",
        ),
    ] = 0.01,
    dask: Annotated[
        Optional[str],
        typer.Option(metavar="ADDRESS", help="Score on this Dask cluster, or on `local`; --out is then a folder."),
    ] = None,
) -> None:
    """Score texts, files, folders or standard input."""
    from pipeline.engines.processors import processors
    from pipeline.errors import InputError
    from pipeline.read.documents import ReadOptions
    from pipeline.read.inputs import files_of, read_inputs
    from pipeline.reader import open_model
    from pipeline.score.documents import OutputOptions
    from pipeline.write.output import format_of

    asked = OutputOptions(sentences, evidence, actors)
    kept = (
        None
        if columns is None
        else tuple(filter(None, map(str.strip, columns.split(","))))
        if columns != "none"
        else ()
    )
    reading = ReadOptions(
        encoding, delimiter, text_column, articles or sentences, sentences, not strict, kept, stdin_format=stdin_format
    )
    if dask:
        _score_on_cluster(open_model(model), given or [], reading, asked, out, dask, max_rejects)
        return
    file = Path(out) if out else None
    kind = format_of(format, file, sys.stdout.isatty())
    if resume and (file is None or kind == "table"):
        raise InputError("--resume: only a run with --out to JSONL, CSV or Parquet can be resumed; name the file")
    if file is not None:
        _require_outputs(file, kind, [*files_of(given or []), *Path(model).glob("*")])
    opened = open_model(model)
    if file is None or kind == "table":
        batches = read_inputs(given or [], replace(reading, alike=kind == "csv"))
        _print(opened, batches, asked, file, kind, threads or processors(), max_rejects)
        return
    _score_to_file(opened, given or [], reading, asked, file, kind, threads or processors(), resume, max_rejects)


def _require_outputs(file: Path, kind: str, inputs: list[Path]) -> None:
    """Raise `InputError` if what is written to a file, or beside it, cannot be or is an input."""
    if kind == "table":
        require_outputs([file], inputs)
    else:
        from pipeline.write.journal import Journal

        Journal(file, kind).require_other(inputs)


def _print(
    model: Model,
    batches: Iterator[Documents],
    asked: OutputOptions,
    file: Path | None,
    kind: str,
    threads: int,
    max_rejects: float,
) -> None:
    from pipeline.write.aside import Aside

    aside = Aside()
    if kind == "table":
        from pipeline.show.scores import scores

        scores(model, aside.passed(batches), asked, file)
    else:
        from pipeline.engines.threads import score_in_order
        from pipeline.write.output import print_rows

        print_rows(score_in_order(model, aside.passed(batches), asked, kind, threads), kind)
    _require_few(aside.totals(), max_rejects)


def _score_to_file(
    model: Model,
    given: list[str],
    reading: ReadOptions,
    asked: OutputOptions,
    file: Path,
    kind: str,
    threads: int,
    resume: bool,
    max_rejects: float,
) -> None:
    from pipeline import show
    from pipeline.engines.threads import score_to_file
    from pipeline.read.inputs import total_size

    with show.reading(total_size(given)) as step:
        totals = score_to_file(model, given, reading, asked, file, kind, threads, resume, step)
    _report(totals, max_rejects)


def _report(totals: Totals, max_rejects: float) -> None:
    """Print what a run did; raise `RejectsError` if too many rows were rejected."""
    from pipeline import show

    show.scored(totals, settings.quiet)
    _require_few(totals, max_rejects)


def _require_few(totals: Totals, max_rejects: float) -> None:
    from pipeline.errors import RejectsError

    if totals.rejected_rows > max_rejects * totals.read:
        where = f"; see {totals.rejects}" if totals.rejects else ""
        raise RejectsError(
            f"{totals.rejected_rows:,} of {totals.read:,} rows were rejected, more than --max-rejects {max_rejects:g} allows{where}"
        )


def _score_on_cluster(
    model: Model,
    given: list[str],
    reading: ReadOptions,
    asked: OutputOptions,
    out: str | None,
    dask: str,
    max_rejects: float,
) -> None:
    from pipeline import show
    from pipeline.engines.dask_cluster import score_on_cluster, tasks_of
    from pipeline.errors import InputError

    if out is None:
        raise InputError("--dask: name the folder of the output with --out")
    tasks = tasks_of(given)
    with show.reading(len(tasks)) as step:
        totals = score_on_cluster(model, tasks, reading, asked, out, dask, step)
    _report(totals, max_rejects)


def explain(
    given: Annotated[
        str, typer.Argument(metavar="TEXT | FILE | -", help="A text, a text file, a page, or - for standard input.")
    ],
    model: ModelOption = str(MODEL),
    html: Annotated[Optional[Path], typer.Option(help="Write a self-contained HTML page.")] = None,
) -> None:
    """Show which words move the score of each sentence."""
    from pipeline.explain.explanation import write_page
    from pipeline.explain.text import explain_text
    from pipeline.read.documents import ReadOptions
    from pipeline.read.inputs import files_of, read_inputs
    from pipeline.reader import open_model
    from pipeline.show.explanations import explanation

    if html:
        require_outputs([html], files_of([given]), "--html")
    texts = [text for batch in read_inputs([given], ReadOptions()) for text in batch.texts.to_pylist()]
    found = explain_text(open_model(model), "\n\n".join(texts))
    explanation(found)
    if html:
        say(f"wrote {write_page(found, html, 'What raises and what eases')}", stderr=False)
