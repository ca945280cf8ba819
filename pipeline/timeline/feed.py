"""Dated tables, scored already or not, to the records of a timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.actors.roles import find_actors
from pipeline.errors import InputError
from pipeline.model.store import Model
from pipeline.read.tables import TEXT_COLUMNS, column_of, read_table, strings
from pipeline.score.articles import score_articles
from pipeline.score.snippets import score
from pipeline.timeline.copies import first_copies
from pipeline.timeline.dates import days_of, period_of
from pipeline.timeline.series import Records

DATE_COLUMNS = ("date", "published", "pubdate", "published_at", "datetime", "timestamp", "time", "day")
_OUTLETS = ("outlet", "source_name", "publisher", "feed", "domain", "file")
_LINKS = ("link", "url", "href")
_SCORED = ("p_escalation", "p_de_escalation", "p_neutral")
BY_ACTORS = ("source", "target", "actor", "pair")
_WHOLE = "all"  # the name of the only series where nothing tells them apart


@dataclass(frozen=True)
class Feed:
    """How dated tables are read.

    Attributes
    ----------
    date_column, date_format : name of the date column, and how ambiguous dates are written; None for the usual ones.
    by : the column whose values are series, or `source`, `target`, `actor` or `pair`; None for one series.
    only : keep the series of this name alone.
    frequency : ``H``, ``D``, ``W`` or ``M``.
    articles : the texts are articles, whose sentences are scored.
    """

    date_column: str | None = None
    date_format: str | None = None
    by: str | None = None
    only: str | None = None
    frequency: str = "D"
    articles: bool = False


@dataclass(frozen=True)
class Counts:
    """What became of the rows: read, without a date, copies of others, and kept."""

    read: int
    undated: dict[str, int]
    copies: int
    kept: int


def read_feed(paths: list[Path], feed: Feed, model: Model, threads: int = 1) -> tuple[Records, Counts]:
    """Records of dated tables, syndicated copies counted once over the whole feed.

    Raises
    ------
    InputError
        Where a file or column is missing, dates can be read in two ways, or no row has a date.
    """
    parts = [_read_one(path, feed, model, threads) for path in paths]
    names = ("seconds", "series", "text", "outlet", "link", "proba", "relevance")
    seconds, series, text, outlet, link, proba, relevance = (
        np.concatenate([part[name] for part in parts]) for name in names
    )
    undated: dict[str, int] = {}
    for part in parts:
        for why, n in part["reasons"].items():
            undated[why] = undated.get(why, 0) + n
    dated = np.flatnonzero(~np.isnan(seconds))
    if not len(dated):
        raise InputError(f"{paths[0]}: no row has a date that can be read; name the column with --date-column")
    first = dated[first_copies(text[dated].tolist(), seconds[dated])]
    kept = np.unique(first)
    outlets = _outlets(outlet[dated], first, len(text))
    period = period_of(seconds[kept], feed.frequency)
    records = Records(period, series[kept], proba[kept], relevance[kept], text[kept], outlets[kept], link[kept])
    records = _one_series_a_row(records)
    if feed.only is not None:
        records = records.take(records.series == feed.only)
        if not len(records.period):
            raise InputError(f"--only {feed.only}: no such series; the feed has {', '.join(sorted(set(series))[:12])}")
    return records, Counts(len(seconds), undated, len(dated) - len(kept), len(records.period))


def _one_series_a_row(records: Records) -> Records:
    """Rows of several series once for each; rows of none are left out."""
    names = [name.split("\n") for name in records.series.tolist()]
    rows = np.repeat(np.arange(len(names)), [len(each) for each in names])
    each = np.array([name for several in names for name in several], object)
    return replace(records.take(rows), series=each).take(each != "")


def _read_one(path: Path, feed: Feed, model: Model, threads: int) -> dict[str, np.ndarray]:
    table = read_table(path)
    names = table.column_names
    dates = column_of(names, feed.date_column, DATE_COLUMNS, path)
    column = table.column(dates).combine_chunks()
    column = column if pa.types.is_temporal(column.type) else strings(table, dates)
    try:
        seconds, reasons = days_of(column, feed.date_format)
    except InputError as error:
        raise InputError(f"{path}, column {dates}: {error}") from None
    text = _column(table, TEXT_COLUMNS + ("body", "article", "content"), path)
    if text is None and not set(_SCORED) <= set(names):
        raise InputError(f"{path}: expected texts ({' or '.join(TEXT_COLUMNS)}) or scores, found {', '.join(names)}")
    if set(_SCORED) <= set(names):
        proba = np.column_stack([_numbers(table, name) for name in _SCORED])
        relevance = _numbers(table, "relevance") if "relevance" in names else np.ones(len(proba), np.float32)
    else:
        proba, relevance = _scored(text, feed, model, threads)
    n = len(proba)
    series = _series(table, text, n, feed, path)
    blank = np.full(n, "", object)
    columns = {"text": text, "outlet": _column(table, _OUTLETS, path), "link": _column(table, _LINKS, path)}
    given = {name: blank if column is None else column for name, column in columns.items()}
    if text is None:
        given["text"] = np.array([f"row {row}" for row in range(1, n + 1)], object)
    return {**given, "seconds": seconds, "reasons": reasons, "series": series, "proba": proba, "relevance": relevance}


def _series(table: pa.Table, text: np.ndarray | None, n: int, feed: Feed, path: Path) -> np.ndarray:
    """(n,) object: the series of each row; several, one a line, where a text names several actors."""
    if feed.by is None:
        return np.full(n, _WHOLE, object)
    column = _column(table, (feed.by,), path) if feed.by not in BY_ACTORS or feed.by in table.column_names else None
    if column is not None:
        return column
    if feed.by not in BY_ACTORS or text is None:
        raise InputError(
            f"{path}: --by {feed.by}: no such column; the file has {', '.join(table.column_names)}"
            + ("" if feed.by in BY_ACTORS else f"; {', '.join(BY_ACTORS)} are read from the texts")
        )
    found = find_actors(text.tolist())
    out = []
    for row in range(n):
        source, target, every = found.of(row)
        pair = f"{source}>{target}" if source and target else ""
        out.append({"source": source, "target": target, "pair": pair, "actor": "\n".join(every)}[feed.by])
    return np.array(out, object)


def _scored(text: np.ndarray, feed: Feed, model: Model, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and relevance of texts; of an article, those of its sentences weighed by their relevance."""
    if not feed.articles:
        scores = score(model, text.tolist(), threads)
        return scores.proba.astype(np.float32), scores.relevance.astype(np.float32)
    scored = score_articles(model, text.tolist())
    bounds, weight = scored.bounds, scored.scores.relevance
    proba = np.zeros((len(text), 3), np.float32)
    for row, (begin, end) in enumerate(zip(bounds[:-1], bounds[1:])):
        here = slice(begin, end)
        total = weight[here].sum()
        proba[row] = weight[here] @ scored.scores.proba[here] / total if total else (0, 0, 1)
    relevant = np.maximum.reduceat(np.append(weight, 0.0), np.minimum(bounds[:-1], len(weight)))
    return proba, relevant.astype(np.float32)


def _column(table: pa.Table, usual: tuple[str, ...], path: Path) -> np.ndarray | None:
    name = next((name for name in usual if name in table.column_names), None)
    return None if name is None else np.array(strings(table, name).to_pylist(), object)


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.array(table.column(name).cast(pa.float64()).to_pylist(), np.float32)


def _outlets(outlet: np.ndarray, first: np.ndarray, n: int) -> np.ndarray:
    """(n,) object: of each kept text, the outlets that printed it."""
    found: dict[int, dict] = {}
    for name, row in zip(outlet.tolist(), first.tolist()):
        found.setdefault(row, {})[name] = None
    out = np.full(n, "", object)
    for row, names in found.items():
        out[row] = ", ".join(filter(None, names))
    return out
