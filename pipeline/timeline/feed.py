"""Dated texts to the records of a timeline, with syndicated copies counted once over the whole feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.actors.roles import find_actors
from pipeline.errors import InputError
from pipeline.model.store import Model
from pipeline.read.inputs import files_of
from pipeline.timeline.copies import MANY, first_copies, first_same
from pipeline.timeline.dated_texts import DatedTexts, FeedOptions
from pipeline.timeline.dates import FREQUENCIES
from pipeline.timeline.files import read_dated_texts
from pipeline.timeline.gathered import Gathered, gather, is_relevant
from pipeline.timeline.memberships import BY_ACTORS
from pipeline.timeline.series import Period, Records
from pipeline.write.aside import Aside

_SHOWN = 12  # number of series named in a message


@dataclass(frozen=True)
class Counts:
    """Number of rows read, left out (by reason), copied from others, and kept; and of series left out."""

    read: int
    left_out: dict[str, int]
    copies: int
    kept: int
    series_left_out: int = 0


def dated_files(given: list[str]) -> list[Path]:
    """Expand arguments to files: files, folders and patterns.

    Raises
    ------
    InputError
        If an argument is not a file, or is standard input: finding near-duplicates requires files.
    """
    for one in given:
        if one == "-":
            raise InputError("timeline: standard input cannot be dated as a whole; save it to a file")
        if not files_of([one]):
            raise InputError(f"{one}: no such file; check the path")
    return files_of(given)


def read_feed(
    paths: list[Path],
    feed: FeedOptions,
    model: Model,
    threads: int = 1,
    step: Callable[[int], None] = lambda rows: None,
    aside: Aside | None = None,
) -> tuple[Records, Counts]:
    """Read the records of dated files; ``aside`` reports what cannot be used, on standard error by default.

    Raises
    ------
    InputError
        If a file or column is missing, dates are ambiguous, no row has a date, ``only`` names no series, or a row or
        file cannot be used and ``feed.strict`` is set.
    """
    return records_of(read_dated_texts(paths, feed, model, threads, aside or Aside()), feed, str(paths[0]), step)


def records_of(
    batches: Iterable[DatedTexts], feed: FeedOptions, where: str, step: Callable[[int], None] = lambda rows: None
) -> tuple[Records, Counts]:
    """The records of batches; messages name ``where`` they come from."""
    if feed.frequency not in FREQUENCIES:
        raise InputError(f"--freq {feed.frequency}: expected H, D, W or M, for hours, days, weeks or months")
    found = gather(batches, feed.frequency, step)
    if not len(found):
        raise InputError(f"{where}: no row has a date that can be read; name the column with --date-column")
    first = _first(found)
    found = replace(found, prints=found.prints[:0], minutes=found.minutes[:0])  # a third of all memory
    copies = int(np.count_nonzero(first != np.arange(len(first), dtype=np.int32)))
    row, series = found.row, found.series
    kept = first[row] == row if copies else np.ones(len(row), bool)  # memberships of texts that are not copies
    if feed.only is not None:
        kept &= series == _series(feed, found.names, where)
    if not kept.all():
        row, series = row[kept], series[kept]
    if not len(row):
        raise InputError(f"{where}: --by {feed.by}: no text belongs to a series")
    left_out = 0
    if 0 < feed.top < len(found.names):
        largest, left_out = _largest(series, is_relevant(found.cell[row]), feed.top)
        row, series = row[largest], series[largest]
    return Records(series, row, found.names, found, first), Counts(
        found.read, found.reasons, copies, len(row), left_out
    )


def _largest(series: np.ndarray, relevant: np.ndarray, top: int) -> tuple[np.ndarray, int]:
    """Which memberships belong to the ``top`` series with the most relevant texts, and how many series are dropped."""
    here, own = np.unique(series, return_inverse=True)
    order = np.lexsort((-np.bincount(own), -np.bincount(own, relevant)))
    return np.isin(own, order[:top]), max(0, len(here) - top)


def _first(found: Gathered) -> np.ndarray:
    if len(found) > MANY:
        return first_same(found.prints, found.minutes)
    return first_copies(found.texts.all(), found.minutes.astype(np.int64) * 60).astype(np.int32)


def is_flagged_last(periods: list[Period]) -> bool:
    """Whether any series turns in the last period of all."""
    last = max(one.period for one in periods)
    return any(one.flag and one.period == last for one in periods)


def _series(feed: FeedOptions, names: tuple[str, ...], where: str) -> int:
    """The number of the requested series; an actor is given by its key or by any name in the gazetteer."""
    wanted = [feed.only]
    if feed.by in BY_ACTORS:
        wanted += find_actors([feed.only]).of(0)[2][:1]
    for name in wanted:
        if name in names:
            return names.index(name)
    known = f"is not in {where}" if len(wanted) > 1 or feed.by not in BY_ACTORS else "is no actor of the gazetteer"
    shown = ", ".join(sorted(names)[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    raise InputError(f"--only {feed.only}: {known}; the feed has {shown}")
