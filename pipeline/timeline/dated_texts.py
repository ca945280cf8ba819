"""Batches of dated texts, scored if necessary, from tables, feeds, pages and mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, column_called, from_pandas
from pipeline.arrays.ragged import segment_ids
from pipeline.errors import InputError, first_line
from pipeline.model.store import Model
from pipeline.read.documents import ARTICLE_COLUMNS
from pipeline.read.rows import SHOWN, Reject
from pipeline.read.source import Written
from pipeline.read.tables import TEXT_COLUMNS, column_of, plain_names, texts_of
from pipeline.score.articles import score_articles
from pipeline.score.snippets import score
from pipeline.timeline.dates import NO_DATE, date_columns, seconds_of
from pipeline.timeline.memberships import BY_ACTORS, Named, all_of, by_actors, by_column, by_elements

if TYPE_CHECKING:
    import pandas as pd

_OUTLETS = ("outlet", "source_name", "publisher", "feed", "domain", "file")
_LINKS = ("link", "url", "href")
_SCORED = ("p_escalation", "p_de_escalation", "p_neutral")
_ARTICLES = 500  # scored together
UNREAD = "bytes or columns that cannot be read"
TOP = 50  # series: a year of news has thousands of pairs, most of them with one or two texts


@dataclass(frozen=True)
class FeedOptions(Written):
    """How dated texts are read, besides their encoding and delimiter (`Written`).

    Attributes
    ----------
    date_column, date_format : name of the date column, and the format of ambiguous dates; None for the usual ones.
    by : the column whose values are series, or `source`, `target`, `actor` or `pair`; None for one series.
    only : keep only the series of this name.
    frequency : ``H``, ``D``, ``W`` or ``M``.
    articles : the texts are articles, whose sentences are scored.
    text_column : name of the text column; None for the usual ones.
    top : number of series to keep, those with the most relevant texts; 0 for all.
    strict : the first row or file that cannot be read or dated raises `InputError`; otherwise it is set aside.
    """

    date_column: str | None = None
    date_format: str | None = None
    by: str | None = None
    only: str | None = None
    frequency: str = "D"
    articles: bool = False
    text_column: str | None = None
    top: int = TOP
    strict: bool = False


@dataclass(frozen=True)
class DatedTexts:
    """A batch of dated texts.

    Attributes
    ----------
    seconds : (n,) float64 since 1970, NaN where there is no valid date.
    proba : (n, 3) stance probabilities.
    relevance : (n,) in [0, 1].
    named : the series of each text.
    text, shown, outlet, link : (n,) ``large_string``, empty if unknown; of an article its strongest sentence is shown.
    left_out : indices of the rows without a valid date or without scores, by reason.
    unread : rows that cannot be read, which are not among the n.
    """

    seconds: np.ndarray
    proba: np.ndarray
    relevance: np.ndarray
    named: Named
    text: pa.Array = field(repr=False)
    shown: pa.Array = field(repr=False)
    outlet: pa.Array = field(repr=False)
    link: pa.Array = field(repr=False)
    left_out: dict[str, list[int]] = field(default_factory=dict)
    unread: Sequence[Reject] = ()

    @property
    def read(self) -> int:
        """Number of rows, including those that cannot be read."""
        return len(self.seconds) + len(self.unread)

    def rejects(self, file: str, numbers: np.ndarray) -> list[Reject]:
        """The rows that cannot be read or are left out, given the file and the (n,) row numbers."""
        out = [
            Reject(file, int(numbers[row]), why, self.shown[row].as_py()[:SHOWN])
            for why, rows in self.left_out.items()
            for row in rows
        ]
        return sorted([*self.unread, *out], key=lambda reject: reject.row)


def dated_texts_of(frame: pd.DataFrame, feed: FeedOptions, model: Model) -> DatedTexts:
    """The dated texts of a pandas DataFrame."""
    where = "the DataFrame"
    wanted = columns_to_read(list(map(str, frame.columns)), feed, where)
    columns = {name: from_pandas(column_called(frame, name, where)) for name in wanted}
    return scored_texts(columns, feed, model, where, threads=1)


def _text_column(names: list[str], feed: FeedOptions, path: str | Path) -> str | None:
    usual = ARTICLE_COLUMNS if feed.articles else (*TEXT_COLUMNS, "body", "article", "content", "title")
    if feed.text_column is None and not plain_names(names).keys() & set(usual):
        if set(_SCORED) <= set(names):
            return None
        expected = " or ".join(TEXT_COLUMNS)
        raise InputError(f"{path}: expected texts ({expected}) or scores, found {', '.join(names)}")
    return column_of(names, feed.text_column, usual, path)


def columns_to_read(names: list[str], feed: FeedOptions, path: str | Path) -> list[str]:
    """The columns to read, without duplicates; raises `InputError` if there are no dates, or neither texts nor scores."""
    wanted = [*date_columns(names, feed.date_column, path), _text_column(names, feed, path), *_beside(names)]
    wanted += [name for name in (*_SCORED, "relevance", *BY_ACTORS, "actors", feed.by) if name in names]
    return [name for name in dict.fromkeys(wanted) if name is not None]


def _dates(columns: dict[str, pa.Array], feed: FeedOptions, path: str) -> tuple[np.ndarray, dict[str, list[int]]]:
    """`seconds_of` the first column of dates; where it has none, of the next."""
    first, *others = date_columns(list(columns), feed.date_column, path)
    with _in_column(path, first):
        seconds, left_out = seconds_of(columns[first], feed.date_format)
    for name in others:
        if without := left_out.get(NO_DATE):
            with _in_column(path, name):
                found, reasons = seconds_of(columns[name].take(pa.array(without)), feed.date_format)
            seconds[without] = found
            del left_out[NO_DATE]
            for why, places in reasons.items():
                left_out[why] = sorted([*left_out.get(why, []), *(without[place] for place in places)])
    return seconds, left_out


def _beside(names: list[str]) -> list[str | None]:
    """The columns of outlets and of links, None for one that is missing."""
    return [next((name for name in usual if name in names), None) for usual in (_OUTLETS, _LINKS)]


def scored_texts(columns: dict[str, pa.Array], feed: FeedOptions, model: Model, path: str, threads: int) -> DatedTexts:
    """The dated texts of columns, scored unless the columns hold scores.

    Raises `InputError`, which names the ``path``, if a column cannot be used or dates are ambiguous.
    """
    names = list(columns)
    seconds, left_out = _dates(columns, feed, path)
    blank, name = as_strings([""] * len(seconds)), _text_column(names, feed, path)
    with _in_column(path, name):
        text = shown = blank if name is None else texts_of(columns[name])
    if set(_SCORED) <= set(names):
        proba = np.column_stack([_numbers(columns[name], path, name) for name in _SCORED])
        relevance = _numbers(columns["relevance"], path, "relevance") if "relevance" in names else np.ones(len(proba))
    else:
        proba, relevance, shown = _scored(text, feed, model, threads)
    beside = []
    for one in _beside(names):
        with _in_column(path, one):
            beside.append(blank if one is None else as_strings(columns[one]))
    outlet, link = beside
    named = _named(columns, None if name is None else text, feed, path)
    scored = np.isfinite(proba).all(axis=1) & np.isfinite(relevance)
    if missing := np.flatnonzero(~np.isnan(seconds) & ~scored).tolist():
        left_out["no scores"] = missing
    return DatedTexts(seconds, proba, relevance, named, text, shown, outlet, link, left_out)


@contextmanager
def _in_column(path: str, name: str | None) -> Iterator[None]:
    """Name the place in an `InputError` of the block."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{path}, column {name}: {error}") from None


def _named(columns: dict[str, pa.Array], text: pa.Array | None, feed: FeedOptions, path: str) -> Named:
    if feed.by is None:
        return all_of(len(next(iter(columns.values()))))
    if feed.by in columns:
        with _in_column(path, feed.by):
            return (by_elements if feed.by == "actors" else by_column)(columns[feed.by])
    if feed.by in BY_ACTORS:
        found = by_actors(columns, text, feed.by)
        if found is not None:
            return found
    raise InputError(
        f"{path}: --by {feed.by}: no such column; the file has {', '.join(columns)}"
        + ("" if feed.by in BY_ACTORS else f"; {', '.join(BY_ACTORS)} are read from the texts")
    )


def _numbers(column: pa.Array, path: str, name: str) -> np.ndarray:
    """A column of probabilities, NaN where missing."""
    if pa.types.is_large_string(column.type):
        column = pc.if_else(pc.equal(column, ""), None, column)
    try:
        return column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}, column {name}: expected numbers; {first_line(error, 120)}") from None


def _scored(text: pa.Array, feed: FeedOptions, model: Model, threads: int) -> tuple[np.ndarray, np.ndarray, pa.Array]:
    """Probabilities and relevance of texts, and their displayed form."""
    if not feed.articles:
        scores = score(model, text, threads)
        return scores.proba, scores.relevance, text
    parts = [text.slice(start, _ARTICLES) for start in range(0, len(text), _ARTICLES)]
    if not parts:
        return np.zeros((0, 3)), np.zeros(0), text
    with ThreadPoolExecutor(threads) as pool:
        proba, relevance, shown = zip(*pool.map(lambda part: _articles(model, part), parts))
    return np.concatenate(proba), np.concatenate(relevance), as_strings([one for part in shown for one in part])


def _articles(model: Model, texts: pa.Array) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """For each article the means over its sentences, weighted by relevance, and its strongest sentence."""
    scored = score_articles(model, texts)
    weight, proba, n = scored.scores.relevance, scored.scores.proba, len(texts)
    article = segment_ids(scored.bounds)
    total = np.bincount(article, weight, n)
    mean = (
        np.column_stack([np.bincount(article, weight * side, n) for side in proba.T])
        / np.maximum(total, 1e-12)[:, None]
    )
    mean[total == 0] = (0.0, 0.0, 1.0)
    relevance = np.zeros(n)
    np.maximum.at(relevance, article, weight)
    order = np.lexsort((-np.abs(scored.scores.tension), article))
    first = order[np.minimum(scored.bounds[:-1], max(len(order) - 1, 0))] if len(order) else []
    shown = [scored.texts[k] if size else "" for k, size in zip(first, np.diff(scored.bounds).tolist())]
    return mean, relevance, shown or [""] * n
