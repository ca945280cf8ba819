"""Timeline output: table, JSON, plot and self-contained HTML page."""

from __future__ import annotations

import csv
import json
import math
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.atomic import replacing
from pipeline.messages import plain
from pipeline.timeline.series import Period

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "series period texts relevant tension tension_low tension_high escalation escalation_low escalation_high "
    "de_escalation de_escalation_low de_escalation_high flag outlets thin"
).split()
FILES = ("timeline.csv", "timeline.json", "timeline.png", "timeline.html")
REJECTS = "timeline.rejects.jsonl"
_DRAWN, _ACTORS = 50, 12
_COLOURS = {"rise": "#b2182b", "fall": "#2166ac"}


def rows_of(periods: list[Period]) -> list[dict]:
    """One dict per period, in the order of `COLUMNS`; None for missing values."""
    out = []
    for one in periods:
        row = {"series": one.series, "period": date_of(one), "texts": one.texts, "relevant": one.relevant}
        for name in ("tension", "escalation", "de_escalation"):
            for ending, value in zip(("", "_low", "_high"), getattr(one, name)):
                row[name + ending] = None if math.isnan(value) else round(value, 4)
        out.append(row | {"flag": one.flag, "outlets": one.outlets, "thin": one.thin})
    return out


def date_of(one: Period) -> str:
    """The begin of a period; without the time if that is midnight.

    Examples
    --------
    >>> date_of(Period("all", np.datetime64("2024-03-01T13:00"), 1, 1, 1))
    '2024-03-01 13:00'
    """
    return str(one.period.astype("datetime64[m]")).removesuffix("T00:00").replace("T", " ")


def frame_of(periods: list[Period]) -> pd.DataFrame:
    """Like `rows_of`, as a pandas DataFrame with time stamps, and the texts that moved each period in ``examples``."""
    import pandas as pd

    frame = pd.DataFrame(_with_examples(periods, rows_of(periods)), columns=[*COLUMNS, "examples"])
    frame["period"] = pd.to_datetime(frame["period"], format="mixed")
    numbers = [name for name in COLUMNS if name.startswith(("tension", "escalation", "de_escalation"))]
    frame[numbers] = frame[numbers].astype(float)
    return frame


def write_timeline(periods: list[Period], folder: str | Path, title: str) -> Path:
    """Write the `FILES`, all of them or none, and return the folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = rows_of(periods)
    with ExitStack() as stack:  # on leaving it, all get their names
        parts = {name: stack.enter_context(replacing(folder / name)) for name in FILES}
        whole = json.dumps(_with_examples(periods, rows), ensure_ascii=False, indent=1)
        parts["timeline.json"].write_text(whole, encoding="utf-8")
        with parts["timeline.csv"].open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        _picture(periods, parts["timeline.png"], title)
        parts["timeline.html"].write_text(page(periods, title), encoding="utf-8")
    return folder


def page(periods: list[Period], title: str) -> str:
    """One self-contained page: a line with its band, the flags, and the texts of a period on a click or tap.

    If the series are pairs of actors, it has a matrix of them as well. The fifty series with the most texts are drawn.
    """
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("pipeline.timeline", "."), autoescape=True)
    names = greatest(periods)
    rows_of_name: dict[str, list[dict]] = {}
    for row in _with_examples(periods, rows_of(periods)):
        rows_of_name.setdefault(row["series"], []).append(row)
    series = [{"name": name, "rows": rows_of_name[name]} for name in names[:_DRAWN]]
    more = max(0, len(names) - _DRAWN)
    template = environment.get_template("timeline.html.j2")
    return template.render(title=title, series=series, more=more, matrix=matrix(periods))


def greatest(periods: list[Period]) -> list[str]:
    """Names of the series, those with the most relevant texts first."""
    total: dict[str, int] = {}
    for one in periods:
        total[one.series] = total.get(one.series, 0) + one.relevant
    return sorted(total, key=lambda name: (-total[name], name))


def matrix(periods: list[Period]) -> dict | None:
    """Tension and texts of pairs ``source>target``, for the twelve actors with the most texts; None for other series.

    The tension of a pair is the mean of its periods, weighted by their relevant texts.
    """
    pairs = {name: name.split(">") for name in greatest(periods) if name.count(">") == 1}
    if not pairs or len(pairs) < len({one.series for one in periods}):
        return None
    weight, total = dict.fromkeys(pairs, 0), dict.fromkeys(pairs, 0.0)
    for one in periods:
        if one.relevant:
            weight[one.series] += one.relevant
            total[one.series] += one.relevant * one.tension[0]
    sides = [list(dict.fromkeys(names[side] for names in pairs.values()))[:_ACTORS] for side in (0, 1)]
    cell = {
        tuple(names): {"tension": round(total[name] / weight[name], 2), "texts": weight[name]}
        for name, names in pairs.items()
        if weight[name]
    }
    rows = [{"name": source, "cells": [cell.get((source, target)) for target in sides[1]]} for source in sides[0]]
    return {"targets": sides[1], "rows": rows}


def blocks(values: np.ndarray) -> str:
    """A sparkline for a terminal: values from -1 to 1, a gap as a space.

    Examples
    --------
    >>> blocks(np.array([-1.0, 0.0, 1.0, np.nan]))
    '▁▄█ '
    """
    steps = "▁▂▃▄▅▆▇█"
    return "".join(" " if np.isnan(value) else steps[min(7, int((value + 1) / 2 * 8 - 1e-9))] for value in values)


def _with_examples(periods: list[Period], rows: list[dict]) -> list[dict]:
    keys = ("text", "tension", "outlet", "link")
    return [row | {"examples": [dict(zip(keys, e)) for e in one.examples]} for one, row in zip(periods, rows)]


def _picture(periods: list[Period], path: Path, title: str) -> None:
    from matplotlib.figure import Figure

    names = greatest(periods)[:6]
    figure = Figure(figsize=(10, 2.2 + 1.8 * len(names)), layout="constrained")
    panels = figure.subplots(len(names) + 1, 1, sharex=True, squeeze=False)[:, 0]
    for panel, name in zip(panels, names):
        mine = [one for one in periods if one.series == name]
        when = np.array([one.period for one in mine])
        middle, low, high = np.array([one.tension for one in mine]).T
        panel.fill_between(when, low, high, color="#999999", alpha=0.35, linewidth=0)
        panel.plot(when, middle, color="#222222", linewidth=1.2)
        for flag, mark in (("rise", "^"), ("fall", "v")):
            here = [k for k, one in enumerate(mine) if one.flag == flag]
            panel.plot(when[here], middle[here], mark, color=_COLOURS[flag], markersize=8, label=flag)
        panel.axhline(0, color="#bbbbbb", linewidth=0.8)
        panel.set(ylim=(-1.05, 1.05), ylabel="tension")
        panel.set_title(plain(name if len(names) > 1 else title), parse_math=False)  # a dollar is a dollar
    volume = panels[-1]
    days, which = np.unique([one.period for one in periods], return_inverse=True)
    totals = np.bincount(which, [one.relevant for one in periods])
    volume.bar(days, totals, width=0.9, color="#777777")
    volume.set(ylabel="relevant texts")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in characters that the font lacks
        figure.savefig(path, format="png", dpi=120)
