"""A cleaned copy of labelled files, and a list of every change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.atomic import Sheet, require_outputs, write_files
from pipeline.corpus.near import ALIKE, near_pairs
from pipeline.corpus.spelling import KINDS
from pipeline.errors import InputError
from pipeline.label.labelled_file import LabelledFile
from pipeline.label.repeats import Repeats

CHANGES = ("file", "row", "change", "column", "before", "after")


def fixed(files: list[LabelledFile], out: Path) -> list[Path]:
    """Write cleaned copies without faulty rows, duplicates, contradictions and copies of an earlier file's texts.

    Texts are cleaned and labels spelled as in the codebook. Likely label errors are kept: they need human review.

    ``out``: the CSV file to write; for several files a folder, in which each keeps its name. Raises `InputError` if no
    row of a file would be left, an output is an input, or it cannot be written.

    Returns the files written, the list of changes last.
    """
    targets = _targets(files, out)
    rows = Repeats(files)
    dropped = _dropped(rows)
    changes: list[tuple] = []
    contents: dict[Path, Sheet | str] = {}
    for number, (one, target) in enumerate(zip(files, targets)):
        begin = int(np.searchsorted(rows.file, number))
        reasons = {row - begin: why for row, why in dropped.items() if rows.file[row] == number}
        if len(reasons) == len(one.kept):  # its copy would be a header alone
            raise InputError(
                f"{one.path}: --fix would leave no row of it, so nothing was written; row {one.lines[0]}: {reasons[0]}; "
                "correct the labels, or leave the file out"
            )
        contents[target] = Sheet(list(one.table.columns), _kept(one, reasons))
        changes += _changes(one, reasons)
    listed = out / "changes.csv" if len(files) > 1 else out.with_suffix(".changes.csv")
    contents[listed] = Sheet(CHANGES, changes)
    require_outputs(contents, (one.path for one in files), "--fix")
    return write_files(contents)


def _targets(files: list[LabelledFile], out: Path) -> list[Path]:
    if len(files) > 1 and out.is_file():
        raise InputError(f"{out}: several files were given, so --fix must name a folder; this is a file")
    named = len(files) == 1 and not out.is_dir()
    targets = [out if named else out / one.path.with_suffix(".csv").name for one in files]
    if len(set(targets)) < len(targets):
        raise InputError(f"{out}: two of the files have the same name; fix them one at a time")
    for target in targets:
        if target.suffix.lower() != ".csv":
            raise InputError(f"{target}: the cleaned copy is a CSV file; give it that suffix")
    return targets


def _dropped(rows: Repeats) -> dict[int, str]:
    """Excluded rows, with the reason."""
    out: dict[int, str] = {}
    for group in rows.groups():
        if rows.contradict(group):
            out |= dict.fromkeys(group.tolist(), "left out: one text under several labels")
        else:
            why = "left out: the same text and label as {file}, row {row}".format(**rows.place(group[0]))
            out |= dict.fromkeys(group[1:].tolist(), why)
    for a, b in near_pairs(rows.distinct, ALIKE).tolist() if len(rows.files) > 1 else ():
        first, later = sorted((rows.first[a], rows.first[b]))
        if rows.file[first] < rows.file[later] and first not in out:
            out.setdefault(int(later), "left out: a near-copy of {file}, row {row}".format(**rows.place(first)))
    return out


def _cleaned(one: LabelledFile, row: int) -> dict[str, str]:
    """The cleaned text and labels of a row, by column; a label column keeps its own level only."""
    found = {one.text_column: one.corpus.texts[row]}
    for kind in KINDS:
        name = one.label_columns.get(kind)
        if name and one.table.columns[name][one.kept[row]].strip():
            found[name] = getattr(one.corpus, f"{kind}s")[row]
    return found


def _kept(one: LabelledFile, dropped: dict[int, str]) -> Iterator[list[str]]:
    columns = one.table.columns
    for row, place in enumerate(one.kept.tolist()):
        if row not in dropped:
            clean = _cleaned(one, row)
            yield [clean.get(name, cells[place]) for name, cells in columns.items()]


def _changes(one: LabelledFile, dropped: dict[int, str]) -> list[tuple]:
    name = str(one.path)
    changes = [(name, fault.row, f"left out: {fault.reason}", "", fault.text, "") for fault in one.faults]
    for row, (place, line) in enumerate(zip(one.kept.tolist(), one.lines.tolist())):
        if row in dropped:
            changes.append((name, line, dropped[row], "", one.corpus.texts[row], ""))
            continue
        for column, after in _cleaned(one, row).items():
            before = one.table.columns[column][place]
            if before != after:
                changes.append((name, line, "rewritten", column, before, after))
    return sorted(changes, key=lambda change: change[1])
