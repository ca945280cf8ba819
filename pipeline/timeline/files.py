"""Dated texts from files: tables, feeds, pages and mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.model.store import Model
from pipeline.read.rows import refusal, whole_file
from pipeline.read.source import on_disk, printable, suffix_of, watched
from pipeline.read.tables import FEED_SUFFIXES, is_table, read_rows
from pipeline.timeline.dated_texts import DatedTexts, FeedOptions, columns_to_read, scored_texts
from pipeline.timeline.dates import AmbiguousDateError
from pipeline.timeline.pages import read_page
from pipeline.write.aside import Aside


def read_dated_texts(
    paths: list[Path], feed: FeedOptions, model: Model, threads: int, aside: Aside
) -> Iterator[DatedTexts]:
    """Read the dated texts of files, in order; rows, and files among several, that cannot be used go to ``aside``.

    Raises
    ------
    InputError
        If none of the files has texts, dates and the requested columns, or dates are ambiguous.
    """
    failed = 0
    for path in paths:
        try:
            with watched(path, feed.strict):
                for batch, numbers in _file(path, feed, model, threads):
                    rejects = batch.rejects(printable(path), numbers)
                    if rejects and feed.strict:
                        raise refusal(rejects[0])
                    aside.take(rejects, batch.read - len(rejects), batch.read)
                    yield batch
        except AmbiguousDateError:
            raise
        except InputError as error:
            if feed.strict or len(paths) == 1:
                raise
            failed += 1
            aside.take([whole_file(printable(path), error)], 0, 1)
    if failed == len(paths):
        aside.require_scored()


def _file(path: Path, feed: FeedOptions, model: Model, threads: int) -> Iterator[tuple[DatedTexts, np.ndarray]]:
    """Yield the batches of a file with their row numbers; the number of a page or mail is 0."""
    if is_table(path) or suffix_of(path) in FEED_SUFFIXES:
        yield from _table(path, feed, model, threads)
        return
    text, date = read_page(path)
    columns = {"text": as_strings([text]), "date": as_strings([date]), "file": as_strings([path.name])}
    yield (
        scored_texts(columns, FeedOptions(None, feed.date_format, feed.by, articles=True), model, str(path), threads),
        np.zeros(1),
    )


def _table(path: Path, feed: FeedOptions, model: Model, threads: int) -> Iterator[tuple[DatedTexts, np.ndarray]]:
    if suffix_of(path) in FEED_SUFFIXES:
        feed = replace(feed, articles=True)
    for rows in read_rows(on_disk(path), lambda names: columns_to_read(names, feed, path)):
        batch = scored_texts(rows.columns, feed, model, str(path), threads)
        yield replace(batch, unread=rows.rejects), rows.numbers
