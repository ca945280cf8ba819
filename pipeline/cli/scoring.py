"""Score and explain texts with a model, and show tension over time: `score`, `explain`, `timeline`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from pipeline import show
from pipeline.atomic import require_no_file, require_other_than_stdout, require_outputs
from pipeline.cli import options
from pipeline.errors import ALERT, InputError
from pipeline.messages import say, terminal

if TYPE_CHECKING:
    from pipeline.model.store import Model
    from pipeline.read.documents import Documents, ReadOptions
    from pipeline.score.documents import OutputOptions
    from pipeline.write.aside import Totals


def score(
    given: Annotated[
        list[str] | None,
        Argument(
            metavar="[TEXT | FILE | FOLDER | -]...", help="Texts, files, folders, patterns, or - for standard input."
        ),
    ] = None,
    model: options.ModelOption = str(options.MODEL),
    articles: Annotated[bool, Option("--articles", help="Treat each row of a table as an article.")] = False,
    sentences: Annotated[bool, Option("--sentences", help="Output one row per sentence.")] = False,
    evidence: Annotated[int, Option(min=0, max=1000, help="Evidence terms per snippet; 0 for none.")] = 3,
    actors: Annotated[bool, Option("--actors", help="Output who acts and who is acted on.")] = False,
    format: Annotated[str | None, Option(help="Output format: table, jsonl, csv or parquet.")] = None,
    out: Annotated[str | None, Option(help="Output file; its suffix sets the format.")] = None,
    text_column: options.TextColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
    columns: Annotated[
        str | None, Option(help="Input columns to keep, such as date,link, or none (default: all).")
    ] = None,
    stdin_format: Annotated[
        str | None, Option(help="Format of standard input: text, csv, tsv or jsonl (default: detected).")
    ] = None,
    strict: options.Strict = False,
    threads: options.Threads = 0,
    resume: Annotated[bool, Option("--resume", help="Continue an interrupted run.")] = False,
    max_rejects: Annotated[
        float,
        Option(
            min=0,
            max=1,
            callback=options.a_number,
            help="Share of rows that may be rejected; above it the exit code is 5.",
        ),
    ] = 0.01,
    dask: Annotated[
        str | None, Option(metavar="ADDRESS", help="Score on this Dask cluster, or on `local`; --out is then a folder.")
    ] = None,
) -> None:
    """Score texts, files, folders or standard input."""
    from pipeline.engines.processors import processors
    from pipeline.engines.threads import score_to_file
    from pipeline.read.documents import ReadOptions
    from pipeline.read.inputs import files_of, read_inputs, total_size
    from pipeline.reader import open_model
    from pipeline.score.documents import OutputOptions
    from pipeline.write.output import format_of

    asked = OutputOptions(sentences, evidence, actors)
    kept = None if columns is None else tuple(filter(None, map(str.strip, columns.split(","))))
    kept = () if columns == "none" else kept
    whole = articles or sentences
    reading = ReadOptions(encoding, delimiter, text_column, whole, sentences, not strict, kept, False, stdin_format)
    given = given or []
    if dask:
        totals = _score_on_cluster(open_model(model), given, reading, asked, out, dask)
    else:
        file = Path(out) if out else None
        kind = format_of(format, file, sys.stdout.isatty())
        if resume and (file is None or kind == "table"):
            raise InputError("--resume: only a run with --out to JSONL, CSV or Parquet can be resumed; name the file")
        if file is not None:
            _require_outputs(file, kind, [*files_of(given), *Path(model).glob("*")])
        opened, threads = open_model(model), threads or processors()
        if file is None or kind == "table":
            require_other_than_stdout(files_of(given))
            batches = read_inputs(given, replace(reading, alike=kind == "csv"))
            totals = _print(opened, batches, asked, file, kind, threads)
        else:
            with show.reading(total_size(given)) as step:
                totals = score_to_file(opened, given, reading, asked, file, kind, threads, resume, step)
    if totals.out:
        if not terminal.quiet:
            say(f"{totals.rows:,} rows written to {totals.out}")
        show.rejected(totals)
    totals.require_few(max_rejects)


def _require_outputs(file: Path, kind: str, inputs: list[Path]) -> None:
    """Raise `InputError` if what is written to a file, or beside it, cannot be or is an input."""
    if kind == "table":
        require_outputs([file], inputs)
    else:
        from pipeline.write.journal import Journal

        Journal(file, kind).require_other(inputs)


def _print(
    model: Model, batches: Iterator[Documents], asked: OutputOptions, file: Path | None, kind: str, threads: int
) -> Totals:
    from pipeline.write.aside import Aside

    aside = Aside()
    if kind == "table":
        from pipeline.show.scores import scores

        scores(model, aside.passed(batches), asked, file)
    else:
        from pipeline.engines.threads import score_in_order
        from pipeline.write.output import print_rows

        print_rows(score_in_order(model, aside.passed(batches), asked, kind, threads), kind)
    return aside.totals(advice="`score --out FILE` lists all")


def _score_on_cluster(
    model: Model, given: list[str], reading: ReadOptions, asked: OutputOptions, out: str | None, dask: str
) -> Totals:
    from pipeline.engines.dask_cluster import score_on_cluster, tasks_of

    if out is None:
        raise InputError("--dask: name the folder of the output with --out")
    tasks = tasks_of(given)
    with show.reading(len(tasks)) as step:
        return score_on_cluster(model, tasks, reading, asked, out, dask, step)


def explain(
    given: Annotated[
        str, Argument(metavar="TEXT | FILE | -", help="A text, a text file, a page, or - for standard input.")
    ],
    model: options.ModelOption = str(options.MODEL),
    text_column: options.TextColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
    html: Annotated[Path | None, Option(help="Write a self-contained HTML page.")] = None,
    format: Annotated[str, Option(help="Output format: table, or jsonl: a line per sentence, with places.")] = "table",
) -> None:
    """Show which words move the score of each sentence, in the text as given."""

    from pipeline.explain.explanation import explain_text, write_page
    from pipeline.read.documents import ReadOptions
    from pipeline.read.inputs import files_of, read_inputs
    from pipeline.reader import open_model
    from pipeline.show.scores import explanation, explanation_rows
    from pipeline.write.aside import Aside

    if format not in ("table", "jsonl"):
        raise InputError(f"unknown output format {format!r}; expected table or jsonl (--format)")
    if html:
        require_outputs([html], files_of([given]), "--html")
    reading, aside = ReadOptions(encoding, delimiter, text_column, set_aside=True), Aside()
    texts = [text for batch in aside.passed(read_inputs([given], reading)) for text in batch.texts.to_pylist()]
    aside.totals()
    found = explain_text(open_model(model), "\n\n".join(texts))
    rows = format == "jsonl"
    explanation_rows(found) if rows else explanation(found)
    if html:
        say(f"wrote {write_page(found, html, 'What raises and what eases')}", stderr=rows)


def timeline(
    files: Annotated[
        list[str], Argument(help="Dated texts, or output of `score`: tables, feeds, e-mail, pages, folders.")
    ],
    model: options.ModelOption = str(options.MODEL),
    date_column: Annotated[str | None, Option(help="Name of the date column, if not date or published.")] = None,
    date_format: Annotated[str | None, Option(help="Format of ambiguous dates, such as %d/%m/%Y.")] = None,
    text_column: options.TextColumn = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
    by: Annotated[
        str | None, Option(help="Split into series by source, target, actor or pair, or by a column.")
    ] = None,
    only: Annotated[str | None, Option(help="Keep only this series; actors by key or name (RUS, Kremlin).")] = None,
    top: Annotated[int, Option(min=0, help="Series to keep, those with the most texts; 0 for all.")] = 50,
    freq: Annotated[str, Option(help="Period: H, D, W or M (hour, day, week or month).")] = "D",
    articles: Annotated[bool, Option("--articles", help="Treat each text as an article.")] = False,
    out: Annotated[Path | None, Option(help="Folder for timeline.csv, .json, .png and .html.")] = None,
    alert: Annotated[bool, Option("--alert", help="Exit with code 6 if the last period is flagged.")] = False,
    strict: options.Strict = False,
    threads: options.Threads = 0,
) -> None:
    """Show tension over time from dated texts or scored files, with confidence bands and turns."""
    import tempfile

    import numpy as np

    from pipeline.engines.processors import processors
    from pipeline.reader import open_model
    from pipeline.show.scores import timeline
    from pipeline.timeline.dated_texts import FeedOptions
    from pipeline.timeline.dates import FREQUENCIES
    from pipeline.timeline.feed import dated_files, is_flagged_last, read_feed
    from pipeline.timeline.output import FILES, REJECTS, write_timeline
    from pipeline.timeline.series import timeline as series_of
    from pipeline.write.aside import Aside

    paths = dated_files(files)
    if out:
        require_no_file(out)
        require_outputs((out / name for name in (*FILES, REJECTS)), paths)
    feed = FeedOptions(
        encoding, delimiter, date_column, date_format, by, only, freq, articles, text_column, top, strict
    )
    opened = open_model(model)
    with tempfile.TemporaryFile() as file:
        aside = Aside(file if out else None)
        with show.reading(0) as step:
            records, counts = read_feed(paths, feed, opened, threads or processors(), lambda rows: step(rows, 0), aside)
        periods = series_of(records, freq, np.array(opened.priors))
        if not (terminal.quiet and out):
            timeline(periods, counts)
        if out:
            named = f"{', '.join(path.name for path in paths[:3])}{' …' if len(paths) > 3 else ''}"
            title = f"Tension in {named} by {FREQUENCIES[freq]}"
            written = write_timeline(periods, out, title)
            if not terminal.quiet:
                say(f"wrote {written}/timeline.csv, .json, .png and .html", stderr=False)
            show.rejected(aside.keep(out / REJECTS))
        else:
            aside.totals(advice="`timeline --out FOLDER` lists all")
    if alert and is_flagged_last(periods):
        raise Exit(ALERT)
