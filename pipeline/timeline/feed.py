"""Files of dated texts to the records of a timeline, with syndicated copies counted once over the whole feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.actors.roles import find_actors
from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.model.store import Model
from pipeline.read.inputs import files_of
from pipeline.read.mail import message_of
from pipeline.read.pages import HTML_SUFFIXES, article_bytes, read_article
from pipeline.read.rows import refusal, whole_file
from pipeline.read.source import decoded, on_disk, printable, suffix_of, watched
from pipeline.read.tables import FEED_SUFFIXES, is_table, read_rows
from pipeline.timeline.copies import MANY, first_copies, first_same
from pipeline.timeline.dated_texts import DatedTexts, FeedOptions, columns_to_read, scored_texts
from pipeline.timeline.dates import FREQUENCIES, AmbiguousDateError
from pipeline.timeline.gathered import gather, is_relevant
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

    Raises `InputError` if an argument is not a file, or is standard input: finding near-duplicates requires files.
    """
    for one in given:
        if one == "-":
            raise InputError("timeline: expected files, found standard input; save it to a file")
        if not files_of([one]):
            raise InputError(f"{one}: no such file; check the path")
    return files_of(given)


def _dated_texts(
    paths: list[Path], feed: FeedOptions, model: Model, threads: int, aside: Aside
) -> Iterator[DatedTexts]:
    """Read the dated texts of files, in order; rows, and files among several, that cannot be used go to ``aside``.

    Raises `InputError` if none of the files has texts, dates and the requested columns, or dates are ambiguous.
    """
    failed, seen = 0, 0
    for path in paths:
        try:
            with watched(path, feed.strict):
                for batch, numbers in _file(path, feed, model, threads):
                    rejects = batch.rejects(printable(path), numbers)
                    if rejects and feed.strict:
                        raise refusal(rejects[0])
                    aside.take(rejects, batch.read - len(rejects), batch.read)
                    seen += len(batch.seconds)
                    yield batch
        except AmbiguousDateError:
            raise
        except InputError as error:
            if feed.strict or len(paths) == 1:
                raise
            failed += 1
            aside.take([whole_file(printable(path), error)], 0, 1)
    if failed == len(paths) or not seen:
        aside.require_scored()


def _file(path: Path, feed: FeedOptions, model: Model, threads: int) -> Iterator[tuple[DatedTexts, np.ndarray]]:
    """Yield the batches of a file with their row numbers; the number of a page or mail is 0."""
    is_feed = suffix_of(path) in FEED_SUFFIXES
    if not (is_feed or is_table(path)):
        text, date = read_page(path, feed.encoding)
        columns = {"text": as_strings([text]), "date": as_strings([date]), "file": as_strings([path.name])}
        feed = replace(feed, date_column=None, text_column=None, articles=True)
        yield scored_texts(columns, feed, model, str(path), threads), np.zeros(1)
        return
    feed = replace(feed, articles=True) if is_feed else feed
    for rows in read_rows(
        on_disk(path, feed.encoding), lambda names: columns_to_read(names, feed, path), feed.delimiter
    ):
        batch = scored_texts(rows.columns, feed, model, str(path), threads)
        yield replace(batch, unread=rows.rejects), rows.numbers


def read_page(path: Path, encoding: str | None = None) -> tuple[str, str]:
    """The text of a page or mail, and its date as written, empty if there is none.

    Raises `InputError` if there is no such file, its type holds no date, or `htmldate` is not installed.
    """
    source = on_disk(path, encoding)
    text = read_article(source)[0]
    suffix = source.suffix
    if suffix == ".eml":
        return text, message_of(article_bytes(source))["date"] or ""
    if suffix not in HTML_SUFFIXES:
        raise InputError(
            f"{path}: a {suffix or 'plain'} file has no date; put texts and dates into a table with a column `date`"
        )
    try:
        from htmldate import find_date
    except ImportError:
        raise InputError(f"{path}: the dates of pages need htmldate; install it with: pip install htmldate") from None
    page = decoded(article_bytes(source), path, encoding, declares=True)
    try:  # the original date, as YYYY-MM-DD
        return text, find_date(page, original_date=True, extensive_search=False) or ""
    except (ValueError, TypeError):
        return text, ""


def read_feed(
    paths: list[Path],
    feed: FeedOptions,
    model: Model,
    threads: int = 1,
    step: Callable[[int], None] = lambda rows: None,
    aside: Aside | None = None,
) -> tuple[Records, Counts]:
    """Read the records of dated files; ``aside`` reports what cannot be used, on standard error by default.

    Raises `InputError` if a file or column is missing, dates are ambiguous, no row has a date, ``only`` names no
    series, or a row or file cannot be used and ``feed.strict`` is set.
    """
    return records_of(_dated_texts(paths, feed, model, threads, aside or Aside()), feed, str(paths[0]), step)


def records_of(
    batches: Iterable[DatedTexts], feed: FeedOptions, where: str, step: Callable[[int], None] = lambda rows: None
) -> tuple[Records, Counts]:
    """The records of batches; raises as `read_feed` does, with messages that name ``where`` the batches come from."""
    if feed.frequency not in FREQUENCIES:
        raise InputError(f"--freq {feed.frequency}: expected H, D, W or M, for hours, days, weeks or months")
    found = gather(batches, feed.frequency, step)
    if not len(found):
        raise InputError(f"{where}: no row has a date that can be read; name the column with --date-column")
    if len(found) > MANY:
        first = first_same(found.prints, found.minutes)
    else:
        first = first_copies(found.texts.all(), found.minutes.astype(np.int64) * 60).astype(np.int32)
    found = replace(found, prints=np.empty(0, np.int64), minutes=np.empty(0, np.int32))  # a third of all memory
    copies = int(np.count_nonzero(first != np.arange(len(first), dtype=np.int32)))
    row, series, left_out = found.row, found.series, 0
    kept = first[row] == row if copies else np.ones(len(row), bool)  # memberships of texts that are not copies
    if feed.only is not None:
        kept &= series == _series(feed, found.names, where)
    if not kept.all():
        row, series = row[kept], series[kept]
    if not len(row):
        raise InputError(f"{where}: --by {feed.by}: no text belongs to a series")
    if 0 < feed.top < len(found.names):  # those with the most relevant texts stay
        here, own = np.unique(series, return_inverse=True)
        order = np.lexsort((-np.bincount(own), -np.bincount(own, is_relevant(found.cell[row]))))
        largest, left_out = np.isin(own, order[: feed.top]), max(0, len(here) - feed.top)
        row, series = row[largest], series[largest]
    counts = Counts(found.read, found.reasons, copies, len(row), left_out)
    return Records(series, row, found.names, found, first), counts


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
    known = f"is not in {where}" if len(wanted) > 1 or feed.by not in BY_ACTORS else "is not an actor in the gazetteer"
    shown = ", ".join(sorted(names)[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    raise InputError(f"--only {feed.only}: {known}; the feed has {shown}{'' if feed.by else '; divide it with --by'}")
