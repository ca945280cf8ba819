"""Train/test splits: grouped, stratified or by time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.atomic import Sheet, require_outputs, write_files
from pipeline.corpus.near import ALIKE, near_groups
from pipeline.errors import InputError
from pipeline.label.labelled_file import LabelledFile
from pipeline.read.tables import column_of
from pipeline.timeline.dates import seconds_of

NEAR_COPIES = "near-copies"


@dataclass(frozen=True)
class Split:
    """A split of n rows: (n,) bool, the test rows; (n,) int64, the groups of rows that had to stay together; and (n,) bool,
    the rows that belong to neither side, such as those without a date."""

    test: np.ndarray
    groups: np.ndarray
    left_out: np.ndarray


def split_rows(
    rows: LabelledFile,
    share: float = 0.2,
    group: str | None = NEAR_COPIES,
    stratify: bool = False,
    time: str | None = None,
    date_format: str | None = None,
    seed: int = 0,
) -> Split:
    """Split the rows of a file.

    Raises `InputError` if a column is absent, options are incompatible, or one side would be empty.

    Parameters
    ----------
    share : share of test rows, in (0, 1).
    group : the column whose equal values stay together, ``near-copies`` for near-duplicate texts, or None.
    stratify : whether each label has the same share of test rows; a group counts with its first row.
    time : the column of dates: the newest rows are for testing. A group goes where its oldest row goes, and its rows
        newer than the first test row are left out.
    seed : seed of the shuffling.
    """
    if not 0 < share < 1:
        raise InputError(f"--test {share:g}: expected a share between 0 and 1")
    if time and stratify:
        raise InputError(
            "--time and --stratify cannot be combined: a split by time cannot also balance the labels; omit one"
        )
    groups = _groups(rows, group)
    if time:
        split = _by_time(_dates(rows, time, date_format), groups, share)
    else:
        labels = rows.labels if stratify else np.full(len(rows.kept), "", object)
        none = np.zeros(len(rows.kept), bool)
        split = Split(deal(groups, labels, share, seed), groups, none)
    if not split.test.any() or (split.test | split.left_out).all():
        n = len(np.unique(groups))
        raise InputError(
            f"{rows.path}: {n:,} groups of rows cannot be split at {share:g}: one side would be empty; "
            "choose another share with --test, or other groups with --group"
        )
    return split


def deal(groups: np.ndarray, labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """(n,) bool: for each label, random whole groups with as close to the given share of its rows as possible.

    Examples
    --------
    >>> test = deal(np.array([0, 0, 1, 2, 3, 4]), np.array(["a", "a", "a", "a", "b", "b"]), 0.5, seed=0)
    >>> bool(test[0] == test[1]), int(test[:4].sum()), int(test[4:].sum())
    (True, 2, 1)
    """
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    sizes = np.bincount(group)
    chosen = np.zeros(len(first), bool)
    order = np.random.default_rng(seed).permutation(len(first))
    of_group = labels[first].astype(str)
    for label in np.unique(of_group):
        mine = order[of_group[order] == label]
        wanted, taken = share * sizes[mine].sum(), 0
        for one in mine:
            if abs(taken + sizes[one] - wanted) < abs(taken - wanted):
                chosen[one], taken = True, taken + sizes[one]
    return chosen[group]


def _groups(rows: LabelledFile, group: str | None) -> np.ndarray:
    if group is None:
        return np.arange(len(rows.kept))
    if group == NEAR_COPIES:
        return near_groups(rows.corpus.texts, ALIKE)
    name, cells = _column(rows, group)
    if (empty := int(sum(not cell.strip() for cell in cells))) > 0:
        raise InputError(f"{rows.path}: {empty:,} rows have no {name}; fill it, or group by another column")
    return np.unique(cells.astype(str), return_inverse=True)[1]


def _column(rows: LabelledFile, wanted: str) -> tuple[str, np.ndarray]:
    name = column_of(list(rows.table.columns), wanted, (), rows.path)
    return name, rows.table.columns[name][rows.kept]


def _dates(rows: LabelledFile, time: str, date_format: str | None) -> np.ndarray:
    name, cells = _column(rows, time)
    seconds, _ = seconds_of(as_strings(cells.tolist()), date_format)
    if np.isnan(seconds).all():
        raise InputError(f"{rows.path}: no date in column {name} can be read; say how with --date-format")
    return seconds


def _by_time(seconds: np.ndarray, groups: np.ndarray, share: float) -> Split:
    """The newest rows for testing; rows with equal dates stay on one side."""
    dated = np.flatnonzero(~np.isnan(seconds))
    begin = np.sort(seconds[dated])[len(dated) - max(1, round(share * len(dated)))]
    oldest = np.full(groups.max() + 1, np.inf)
    np.minimum.at(oldest, groups[dated], seconds[dated])
    new = seconds >= begin
    test = new & (oldest[groups] >= begin)
    return Split(test, groups, np.isnan(seconds) | (new & ~test))


def write_split(rows: LabelledFile, split: Split, folder: Path) -> list[Path]:
    """Write ``train.csv`` and ``test.csv`` with all columns of the file, both or neither."""
    header, contents = list(rows.table.columns), {}
    for name, mine in (("train", ~split.test & ~split.left_out), ("test", split.test)):
        cells = [rows.table.columns[column][rows.kept[mine]] for column in header]
        contents[folder / f"{name}.csv"] = Sheet(header, zip(*cells))
    require_outputs(contents, [rows.path])
    return write_files(contents)
