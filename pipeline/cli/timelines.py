"""Tension over time: `timeline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pipeline.cli.options import MODEL, ModelOption, Strict, TextColumn, Threads, settings
from pipeline.errors import ALERT
from pipeline.messages import say


def timeline(
    files: Annotated[
        list[str], typer.Argument(help="Dated texts, or output of `score`: tables, feeds, e-mail, pages, folders.")
    ],
    model: ModelOption = str(MODEL),
    date_column: Annotated[
        Optional[str], typer.Option(help="Name of the date column, if not date or published.")
    ] = None,
    date_format: Annotated[Optional[str], typer.Option(help="Format of ambiguous dates, such as %d/%m/%Y.")] = None,
    text_column: TextColumn = None,
    by: Annotated[
        Optional[str], typer.Option(help="Split into series by source, target, actor or pair, or by a column.")
    ] = None,
    only: Annotated[
        Optional[str], typer.Option(help="Keep only this series; actors by key or name (RUS, Kremlin).")
    ] = None,
    top: Annotated[int, typer.Option(min=0, help="Series to keep, those with the most texts; 0 for all.")] = 50,
    freq: Annotated[str, typer.Option(help="Period: H, D, W or M (hour, day, week or month).")] = "D",
    articles: Annotated[bool, typer.Option("--articles", help="Treat each text as an article.")] = False,
    out: Annotated[Optional[Path], typer.Option(help="Folder for timeline.csv, .json, .png and .html.")] = None,
    alert: Annotated[bool, typer.Option("--alert", help="Exit with code 6 if the last period is flagged.")] = False,
    strict: Strict = False,
    threads: Threads = 0,
) -> None:
    """Show tension over time from dated texts or scored files, with confidence bands and turns."""
    import tempfile

    import numpy as np

    from pipeline import show as shown
    from pipeline.atomic import require_outputs
    from pipeline.engines.processors import processors
    from pipeline.reader import open_model
    from pipeline.show import timelines as show
    from pipeline.timeline.dated_texts import FeedOptions
    from pipeline.timeline.feed import dated_files, is_flagged_last, read_feed
    from pipeline.timeline.output import FILES, REJECTS, write_timeline
    from pipeline.timeline.series import timeline as series_of
    from pipeline.write.aside import Aside

    paths = dated_files(files)
    if out:
        require_outputs((out / name for name in (*FILES, REJECTS)), paths)
    feed = FeedOptions(date_column, date_format, by, only, freq, articles, text_column, top, strict)
    opened = open_model(model)
    with tempfile.TemporaryFile() as file:
        aside = Aside(file if out else None)
        with shown.reading(0) as step:
            records, counts = read_feed(paths, feed, opened, threads or processors(), lambda rows: step(rows, 0), aside)
        periods = series_of(records, freq, np.array(opened.priors))
        if not settings.quiet:
            show.timeline(periods, counts)
        if out:
            title = f"Tension in {', '.join(path.name for path in paths[:3])}{' …' if len(paths) > 3 else ''}"
            say(f"wrote {write_timeline(periods, out, title)}/timeline.csv, .json, .png and .html", stderr=False)
            shown.rejected(aside.keep(out / REJECTS))
        else:
            aside.totals()
    if alert and is_flagged_last(periods):
        raise typer.Exit(ALERT)
