"""Convert labelled tables and exports of labelling tools to the training format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.atomic import Sheet, write_files
from pipeline.corpus.labelled import OTHER_NAMES
from pipeline.corpus.spelling import KINDS, check_labels, kind_of
from pipeline.errors import InputError, LabelError
from pipeline.label.exchange import Answer, origins, origins_in, read_export, require_one_project
from pipeline.label.guess import given, label_columns, mapped, meaning, text_column
from pipeline.messages import count_of, say
from pipeline.read.rows import SHOWN, Reject
from pipeline.read.source import JSON_SUFFIXES, Written, on_disk
from pipeline.read.tables import NO_TEXT
from pipeline.read.tolerant import Table, read_lines, require_records
from pipeline.stance import LABELS, QUADS, STANCES

_TAKEN = {"text", *KINDS, *sum(OTHER_NAMES.values(), ())}  # columns that training would read
_EXPORT_COLUMNS = ("annotator", "picked", "project")
_SHOWN = 6
_LEFT_OUT = ("", "")  # the meaning of a label whose rows are left out


@dataclass(frozen=True)
class Imported:
    """Rows ready for training.

    Attributes
    ----------
    rows : one dict per row: ``id``, ``text``, then ``event``, ``quad`` and ``stance`` as given, then the file's other columns.
    unlabelled : rows without a text or a label, or with a label that is mapped to nothing.
    rejects : rows that cannot be read, or whose labels contradict each other.
    labels : the original labels, with the interpretation and the number of rows of each.
    text_column, label_column : the columns they were in, several joined by commas; None for an export of a tool.
    """

    rows: list[dict[str, str]]
    unlabelled: int
    rejects: list[Reject]
    labels: dict[str, tuple[str, int]]
    text_column: str | None = None
    label_column: str | None = None


def mapping(given: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Parse mappings such as ``A=escalation``: for each label, its kind and its spelling in the codebook.

    Both are empty for a mapping to nothing (``A=``), which leaves the rows of that label out.

    Raises `LabelError` if there is no ``=``, a label is mapped twice, or the right side is not a label of the codebook.

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
        found = kind_of(right) if right else _LEFT_OUT
        if found is None:
            raise LabelError(
                f"--map {one!r}: unknown label {right!r}; expected one of {', '.join((*STANCES, *QUADS, *LABELS))}"
            )
        if meant.setdefault(left, found) != found:
            raise LabelError(f"--map {one!r}: {left!r} is already {meant[left][1] or 'left out'}; give one meaning")
    return meant


def import_files(
    paths: Sequence[Path],
    text: str | None = None,
    label: str | None = None,
    meant: dict[str, tuple[str, str]] | None = None,
    written: Written = Written(),
    headed: bool = True,
) -> Imported:
    """Read labelled tables or exports of a labelling tool.

    Raises `InputError` if a column cannot be determined, or files are of different projects, and `LabelError` if a
    label is unknown.

    Parameters
    ----------
    text, label : names of the columns, in exports of fields or questions; None to infer them from names and content.
    headed : whether the first line of a CSV or TSV file names its columns.
    meant : meaning of labels that are not in the codebook, see `mapping`.
    """
    meant = meant or {}
    for path in paths:
        if path.suffix.lower() in JSON_SUFFIXES:
            require_records(on_disk(path, written.encoding))
    parts, projects = [], {}
    for path in paths:
        answers = read_export(path, written.encoding, text, label)
        if answers is not None:
            parts.append(_from_export(path, answers, meant))
            projects[path] = origins(answers)
        else:
            table = read_lines(path, written, headed, True, [*filter(None, (text, label))])
            parts.append(_from_table(table, text, label, meant))
            projects[path] = origins_in(table.columns)
    require_one_project(projects, strict=True)
    labels: dict[str, tuple[str, int]] = {}
    for part in parts:
        for name, (taken, n) in part.labels.items():
            labels[name] = (taken, n + labels.get(name, (taken, 0))[1])
    used = {mapped(label, meant) for label in labels}
    if unused := [f"{label}={plain}" for label, (_, plain) in meant.items() if label not in used]:
        say(f"{', '.join(map(str, paths))}: no row has the label of --map {', '.join(unused)}; check the spelling")
    rows = [row for part in parts for row in part.rows]
    rejects = [reject for part in parts for reject in part.rejects]
    if not rows:
        why = f"; row {rejects[0].row}: {rejects[0].reason}" if rejects else ""
        raise InputError(f"{', '.join(map(str, paths))}: expected at least one labelled row, found none{why}")
    unlabelled = sum(part.unlabelled for part in parts)
    return Imported(rows, unlabelled, rejects, labels, parts[0].text_column, parts[0].label_column)


def _from_export(path: Path, answers: list[Answer], meant: dict) -> Imported:
    full = [answer for answer in answers if answer.label and answer.text.strip()]
    counts = Counter(answer.label for answer in full)
    taken = _understood(path, counts, meant)
    rows = []
    for answer in full:
        kind, label = taken[answer.label]
        if kind:
            more = {name: value for name in _EXPORT_COLUMNS if (value := getattr(answer, name))}
            rows.append({"id": answer.id, "text": answer.text, kind: label, **more})
    return Imported(rows, len(answers) - len(rows), [], _counted(taken, counts))


def _from_table(table: Table, text: str | None, wanted: str | None, meant: dict) -> Imported:
    text = text_column(table, text)
    names = label_columns(table, wanted, text, meant)
    if wanted is None and (bad := next((name for name in names if meaning(name.strip(), meant)), None)):
        raise InputError(
            f"{table.path}: {bad!r}, which should name the label column, is itself a label; if a CSV file "
            "has no header, add --no-header, else name the column with --label"
        )
    labels = list(zip(*([given(cell, meant) for cell in table.columns[name]] for name in names)))
    texts = [cell.strip() not in ("", *NO_TEXT) for cell in table.columns[text]]
    full = [row for row, there in enumerate(texts) if there and any(labels[row])]
    counts = Counter(label for row in full for label in labels[row] if label)
    taken = _understood(table.path, counts, meant)
    others = [name for name in table.columns if name not in (text, *names) and name.strip().lower() not in _TAKEN]
    rows, contradictions, left_out = [], [], len(table) - len(full)
    for row in full:
        found = [taken[label] for label in labels[row] if label]
        if _LEFT_OUT in found:
            left_out += 1
        elif why := _contradiction(found):
            contradictions.append(Reject(str(table.path), int(table.rows[row]), why, table.columns[text][row][:SHOWN]))
        else:
            more = {name: table.columns[name][row] for name in others}
            rows.append({"text": table.columns[text][row], **dict(found), **more})
    rejects = sorted([*table.rejects, *contradictions], key=lambda reject: reject.row)
    return Imported(rows, left_out, rejects, _counted(taken, counts), text, ", ".join(names))


def _contradiction(found: list[tuple[str, str]]) -> str:
    """Return how the labels of a row contradict each other, empty if they do not."""
    labels = dict(found)
    if clash := next((pair for pair in found if labels[pair[0]] != pair[1]), None):
        return f"the row says both {clash[1]} and {labels[clash[0]]}; keep one"
    try:
        check_labels(*(labels.get(kind, "") for kind in KINDS))
    except LabelError as error:
        return str(error)
    return ""


def _counted(taken: dict[str, tuple[str, str]], counts: Counter) -> dict[str, tuple[str, int]]:
    return {name: (taken[name][1] or "left out", n) for name, n in counts.most_common()}


def _understood(path: Path, counts: Counter, meant: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The meaning of each label; raises a `LabelError` that lists unknown ones."""
    found = {label: meaning(label, meant) for label in counts}
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
    """Write the rows as CSV, and next to it the list of rows that could not be read, if any.

    Raises `InputError` if the suffix is not ``.csv``, or the files cannot be written.
    """
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
