"""Convert labelled tables and exports of labelling tools to the training format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.corpus.labelled import OTHER_NAMES
from pipeline.corpus.spelling import kind_of
from pipeline.errors import InputError, LabelError
from pipeline.label.exchange import Answer, read_export
from pipeline.label.files import Sheet, write_files
from pipeline.label.guess import label_column, text_column
from pipeline.label.rows import KINDS
from pipeline.plain import count_of
from pipeline.read.rows import Reject
from pipeline.read.tolerant import Table, read_lines
from pipeline.stance import LABELS, QUADS, STANCES

_TAKEN = {
    "text",
    *KINDS,
    *(name for names in OTHER_NAMES.values() for name in names),
}  # columns that training would read
_EXPORT_COLUMNS = ("annotator", "picked", "project")
_SHOWN = 6


@dataclass(frozen=True)
class Imported:
    """Rows ready for training.

    Attributes
    ----------
    rows : one dict per row: ``id``, ``text``, then ``event``, ``quad`` or ``stance``, then the file's other columns.
    unlabelled : rows without a label.
    rejects : rows that cannot be read.
    labels : the original labels, with the interpretation and the number of rows of each.
    text_column, label_column : the columns they were in; None for an export of a tool.
    """

    rows: list[dict[str, str]]
    unlabelled: int
    rejects: list[Reject]
    labels: dict[str, tuple[str, int]]
    text_column: str | None = None
    label_column: str | None = None


def mapping(given: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Parse mappings such as ``A=escalation``: for each label, its kind and its spelling in the codebook.

    Raises
    ------
    LabelError
        If there is no ``=``, a label is mapped twice, or the right side is not a label of the codebook.

    Examples
    --------
    >>> mapping(["1=escalation", "0=De-Escalatory"])
    {'1': ('stance', 'escalation'), '0': ('stance', 'de-escalation')}
    """
    meant: dict[str, tuple[str, str]] = {}
    for one in given:
        left, equals, right = (part.strip() for part in one.rpartition("="))
        if not equals or not left:
            raise LabelError(f"--map {one!r}: expected LABEL=MEANING, such as A=escalation")
        found = kind_of(right)
        if found is None:
            raise LabelError(
                f"--map {one!r}: unknown label {right!r}; expected one of {', '.join((*STANCES, *QUADS, *LABELS))}"
            )
        if meant.setdefault(left, found) != found:
            raise LabelError(f"--map {one!r}: {left!r} is already {meant[left][1]}; give one meaning")
    return meant


def import_files(
    paths: Sequence[Path],
    text: str | None = None,
    label: str | None = None,
    meant: dict[str, tuple[str, str]] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    headed: bool = True,
) -> Imported:
    """Read labelled tables or exports of a labelling tool.

    Parameters
    ----------
    text, label : names of the columns; None to infer them from names and content.
    headed : whether the first line of a CSV or TSV file names its columns.
    meant : meaning of labels that are not in the codebook, see `mapping`.

    Raises
    ------
    InputError
        If a column cannot be determined, or exports are of different projects.
    LabelError
        If a label is unknown.
    """
    meant = meant or {}
    exports = {path: read_export(path, encoding) if text is None and label is None else None for path in paths}
    _same_project(exports)
    parts = [
        _from_export(path, answers, meant)
        if answers is not None
        else _from_table(read_lines(path, encoding, delimiter, headed), text, label, meant)
        for path, answers in exports.items()
    ]
    labels: dict[str, tuple[str, int]] = {}
    for part in parts:
        for name, (taken, n) in part.labels.items():
            labels[name] = (taken, n + labels.get(name, (taken, 0))[1])
    rows = [row for part in parts for row in part.rows]
    if not rows:
        raise InputError(f"{', '.join(map(str, paths))}: expected at least one labelled row, found none")
    rejects = [reject for part in parts for reject in part.rejects]
    unlabelled = sum(part.unlabelled for part in parts)
    return Imported(rows, unlabelled, rejects, labels, parts[0].text_column, parts[0].label_column)


def _same_project(exports: dict[Path, list[Answer] | None]) -> None:
    """Raise `InputError` if answers belong to several projects, whose labels may mean different things."""
    projects: dict[str, Path] = {}
    for path, answers in exports.items():
        for answer in answers or ():
            if answer.project:
                projects.setdefault(answer.project, path)
    if len(projects) > 1:
        (one, first), (other, second) = list(projects.items())[:2]
        raise InputError(
            f"{first} is of project {one}, {second} of project {other}; their labels may not mean the same, "
            "import each by itself"
        )


def _from_export(path: Path, answers: list[Answer], meant: dict) -> Imported:
    given = [answer for answer in answers if answer.label and answer.text.strip()]
    taken = _understood(path, Counter(answer.label for answer in given), meant)
    rows = []
    for answer in given:
        kind, label = taken[answer.label]
        more = {name: value for name in _EXPORT_COLUMNS if (value := getattr(answer, name))}
        rows.append({"id": answer.id, "text": answer.text, kind: label, **more})
    return Imported(rows, len(answers) - len(given), [], _counted(taken, [answer.label for answer in given]))


def _from_table(table: Table, text: str | None, label: str | None, meant: dict) -> Imported:
    text = text_column(table, text)
    named, label = label, label_column(table, label, text, meant)
    if named is None and (label.strip() in meant or kind_of(label)):
        raise InputError(
            f"{table.path}: {label!r}, which should name the label column, is itself a label; if a CSV file "
            "has no header, add --no-header, else name the column with --label"
        )
    labels = np.array([cell.strip() for cell in table.columns[label]], object)
    full = np.array([bool(cell.strip()) for cell in table.columns[text]]) & (labels != "")
    taken = _understood(table.path, Counter(labels[full].tolist()), meant)
    others = [name for name in table.columns if name not in (text, label) and name.strip().lower() not in _TAKEN]
    rows = []
    for row in np.flatnonzero(full):
        kind, plain = taken[labels[row]]
        more = {name: table.columns[name][row] for name in others}
        rows.append({"text": table.columns[text][row], kind: plain, **more})
    return Imported(rows, int((~full).sum()), table.rejects, _counted(taken, labels[full].tolist()), text, label)


def _counted(taken: dict[str, tuple[str, str]], labels: list[str]) -> dict[str, tuple[str, int]]:
    return {name: (taken[name][1], n) for name, n in Counter(labels).most_common()}


def _understood(path: Path, counts: Counter, meant: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The meaning of each label; raises a `LabelError` that lists unknown ones."""
    found = {label: meant.get(label) or kind_of(label) for label in counts}
    unknown = [(label, n) for label, n in counts.most_common() if not found[label]]
    if unknown:
        shown = ", ".join(f"{label!r} ({count_of(n, 'row')})" for label, n in unknown[:_SHOWN])
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        raise LabelError(
            f"{path}: unknown labels {shown}{more}; say what they mean, such as --map {unknown[0][0]!r}=LABEL "
            f"(LABEL is one of {', '.join(STANCES)}, a quad class or an event type)"
        )
    return {label: taken for label, taken in found.items() if taken}


def write_imported(found: Imported, out: Path) -> list[Path]:
    """Write the rows as CSV, and next to it the list of rows that could not be read, if any."""
    if out.suffix.lower() != ".csv":
        raise InputError(f"{out}: a labelled file is written as CSV; give it that suffix")
    used = dict.fromkeys(name for row in found.rows for name in row)
    first = [name for name in ("id", "text", *KINDS) if name in used]
    header = [*first, *(name for name in used if name not in first)]
    contents = {out: Sheet(header, ([row.get(name, "") for name in header] for row in found.rows))}
    if found.rejects:
        listed = ((one.file, one.row, one.reason, one.text) for one in found.rejects)
        contents[out.with_suffix(".rejects.csv")] = Sheet(("file", "row", "reason", "text"), listed)
    return write_files(contents)
