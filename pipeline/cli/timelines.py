"""Tension over time: `timeline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pipeline.cli.options import MODEL, ModelOption, settings
from pipeline.errors import ALERT


def timeline(
    files: Annotated[list[Path], typer.Argument(help="Dated tables: texts, or rows that `score` wrote.")],
    model: ModelOption = str(MODEL),
    date_column: Annotated[
        Optional[str], typer.Option(help="Name of the date column, if not date or published.")
    ] = None,
    date_format: Annotated[
        Optional[str], typer.Option(help="How dates are written that can be read in two ways, such as %d/%m/%Y.")
    ] = None,
    by: Annotated[
        Optional[str], typer.Option(help="Series: source, target, actor or pair, or the values of a column.")
    ] = None,
    only: Annotated[Optional[str], typer.Option(help="Keep this series alone.")] = None,
    freq: Annotated[str, typer.Option(help="H, D, W or M: hours, days, weeks or months.")] = "D",
    articles: Annotated[bool, typer.Option("--articles", help="The texts are articles.")] = False,
    out: Annotated[Optional[Path], typer.Option(help="Folder for timeline.csv, .json, .png and .html.")] = None,
    alert: Annotated[
        bool, typer.Option("--alert", help="End with exit code 6 where the last period is flagged.")
    ] = False,
) -> None:
    """Tension over time from dated texts or scored files, with bands, volumes and turns."""
    import numpy as np

    from pipeline.errors import InputError
    from pipeline.reader import open_model
    from pipeline.show import timelines as show
    from pipeline.timeline.dates import FREQUENCIES
    from pipeline.timeline.feed import read_feed
    from pipeline.timeline.output import write_timeline
    from pipeline.timeline.pieces import Feed
    from pipeline.timeline.series import timeline as series_of

    if freq not in FREQUENCIES:
        raise InputError(f"--freq {freq}: expected one of {', '.join(FREQUENCIES)}")
    opened = open_model(model)
    records, counts = read_feed(files, Feed(date_column, date_format, by, only, freq, articles), opened)
    periods = series_of(records, freq, np.array(opened.priors))
    if not settings.quiet:
        show.timeline(periods, counts)
    if out:
        title = f"Tension in {', '.join(path.name for path in files)}"
        print(f"wrote {write_timeline(periods, out, title)}/timeline.csv, .json, .png and .html")
    last = max(one.period for one in periods)
    if alert and any(one.flag and one.period == last for one in periods):
        raise typer.Exit(ALERT)
