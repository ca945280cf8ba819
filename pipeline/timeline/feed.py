"""Dated texts to the records of a timeline, syndicated copies counted once over the whole feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.actors.roles import find_actors
from pipeline.errors import InputError
from pipeline.model.store import Model
from pipeline.timeline.copies import MANY, first_copies, first_same
from pipeline.timeline.dates import period_of
from pipeline.timeline.gathered import Gathered, gather
from pipeline.timeline.memberships import BY_ACTORS
from pipeline.timeline.pieces import Feed, Piece, read_pieces
from pipeline.timeline.series import Records

_SHOWN = 12  # names of series in a message


@dataclass(frozen=True)
class Counts:
    """What became of the rows: read, left out and why, copies of others, and kept."""

    read: int
    left_out: dict[str, int]
    copies: int
    kept: int


def read_feed(
    paths: list[Path], feed: Feed, model: Model, threads: int = 1, step: Callable[[int], None] = lambda rows: None
) -> tuple[Records, Counts]:
    """Records of dated files.

    Raises
    ------
    InputError
        Where a file or column is missing, dates can be read in two ways, no row has a date, or ``only`` names no series.
    """
    return records_of(read_pieces(paths, feed, model, threads), feed, str(paths[0]), step)


def records_of(
    pieces: Iterable[Piece], feed: Feed, where: str, step: Callable[[int], None] = lambda rows: None
) -> tuple[Records, Counts]:
    """Records of pieces; ``where`` they come from is named in messages."""
    found = gather(pieces, step)
    if not len(found):
        raise InputError(f"{where}: no row has a date that can be read; name the column with --date-column")
    first = _first(found)
    counts = Counts(found.read, found.reasons, int((first != np.arange(len(first))).sum()), 0)
    kept = first[found.row] == found.row  # memberships of texts that are no copies
    if feed.only is not None:
        kept &= found.series == _series(feed, found.names, where)
    row, series = found.row[kept], found.series[kept]
    if not len(row):
        raise InputError(f"{where}: --by {feed.by}: no text belongs to a series")
    period = period_of(found.minutes[row].astype(np.int64) * 60, feed.frequency)
    records = Records(period, series, row, found.cell[row], found.names, found, first)
    return records, Counts(counts.read, counts.left_out, counts.copies, len(row))


def _first(found: Gathered) -> np.ndarray:
    seconds = found.minutes.astype(np.int64) * 60
    if len(found) > MANY:
        return first_same(found.prints, seconds)
    return first_copies(found.texts.all(), seconds)


def _series(feed: Feed, names: tuple[str, ...], where: str) -> int:
    """The number of the series that is asked for; an actor goes by its key or by any name of the gazetteer."""
    wanted = [feed.only]
    if feed.by in BY_ACTORS:
        wanted += find_actors([feed.only]).of(0)[2][:1]
    for name in wanted:
        if name in names:
            return names.index(name)
    known = f"is not in {where}" if len(wanted) > 1 or feed.by not in BY_ACTORS else "is no actor of the gazetteer"
    shown = ", ".join(sorted(names)[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    raise InputError(f"--only {feed.only}: {known}; the feed has {shown}")
