"""Inter-annotator agreement: Cohen's kappa, Krippendorff's alpha, and the disagreements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np

from pipeline.atomic import Sheet, write_files
from pipeline.corpus.labelled import Columns
from pipeline.corpus.spelling import kind_of
from pipeline.errors import InputError
from pipeline.evaluate.intervals import Figure, bootstrap
from pipeline.label.exchange import Answer, origins, origins_in, read_export, require_one_project
from pipeline.label.labelled_file import LabelledFile, read_labelled_file
from pipeline.read.cleaning import clean
from pipeline.read.source import Written
from pipeline.stance import stance_of, stance_of_quad

RESAMPLES = 1000
LEVELS = ("stance", "event")


@dataclass(frozen=True)
class Pair:
    """Two annotators: the number of texts both labelled, their agreement, and Cohen's kappa (Cohen 1960)."""

    first: str
    second: str
    texts: int
    agree: float
    kappa: Figure


@dataclass(frozen=True)
class Agreement:
    """The agreement of several annotators.

    Attributes
    ----------
    level : ``stance`` or ``event``, what is compared.
    annotators : their names.
    texts : number of texts labelled by at least two of them.
    alpha : Krippendorff's alpha for nominal data (Krippendorff 2018, ch. 12).
    pairs : every two annotators that share texts.
    disagreements : texts with the label of each annotator.
    left_out : number of rows excluded because one annotator gave one text several labels.
    faults : number of rows of each file that cannot be used, for files with such rows.
    """

    level: str
    annotators: list[str]
    texts: int
    alpha: Figure
    pairs: list[Pair]
    disagreements: list[dict]
    left_out: int
    faults: dict[str, int] = field(default_factory=dict)


def read_annotators(
    paths: list[Path],
    by: str | None = None,
    columns: Columns | None = None,
    faults: dict[str, int] | None = None,
    written: Written = Written(),
) -> dict[str, list[tuple]]:
    """Read the labels of each annotator: rows of (text, finest label).

    Raises `InputError` if there are fewer than two annotators, or files are of different projects.

    ``by``: the column that names the annotator; None: ``annotator`` in exports, otherwise one annotator per file.
    ``faults``: receives the number of rows of each table that cannot be used, if there are any.
    """
    said: dict[str, list[tuple]] = {}
    projects: dict[Path, dict[str, set[str]]] = {}
    for path in map(Path, paths):
        answers = read_export(path, written.encoding, text=columns.text if columns else None)
        if answers is not None:
            found = _of_export(path, answers, len(paths) == 1)
            projects[path] = origins(answers)
        else:
            rows = read_labelled_file(path, columns, written)
            found = _of_table(rows, by, len(paths) == 1)
            projects[path] = origins_in({name: cells[rows.kept] for name, cells in rows.table.columns.items()})
            if faults is not None and rows.faults:
                faults[str(path)] = len(rows.faults)
        for annotator, text, label in found:
            said.setdefault(annotator, []).append((text, label))
    require_one_project(projects)
    if len(said) < 2:
        raise InputError(
            f"{', '.join(map(str, paths))}: expected at least two annotators, found {len(said)}; give a file of each, "
            "or name the column that tells them apart with --by"
        )
    return said


def _of_export(path: Path, answers: list[Answer], alone: bool) -> Iterator[tuple[str, str, str]]:
    for answer in (one for one in answers if one.label):
        known = kind_of(answer.label)
        if known is None:
            raise InputError(f"{path}: unknown label {answer.label!r}; bring it into shape with `detente data import`")
        yield (answer.annotator or str(path)) if alone else str(path), clean([answer.text])[0].as_py(), known[1]


def _of_table(rows: LabelledFile, by: str | None, alone: bool) -> Iterator[tuple[str, str, str]]:
    by = by or ("annotator" if alone and "annotator" in rows.table.columns else None)
    if by is not None and by not in rows.table.columns:
        raise InputError(f"{rows.path}: no column {by!r}; the file has {', '.join(rows.table.columns)}")
    names = rows.table.columns[by][rows.kept] if by else [str(rows.path)] * len(rows.kept)
    return zip(names, rows.corpus.texts, rows.labels)


def agreement(said: dict[str, list[tuple]], level: str | None = None) -> Agreement:
    """Measure agreement over the texts labelled by at least two annotators.

    Raises `InputError` if no two annotators share a text.

    ``said``: rows of (text, label) of each annotator. ``level``: ``stance`` or ``event``; None: events if all labels
    are event types, else stances.
    """
    kinds = {(kind_of(label) or ("",))[0] for rows in said.values() for _, label in rows}
    level = level or ("event" if kinds <= {"event"} else "stance")
    if level not in LEVELS:
        raise InputError(f"unknown level {level!r}; expected one of {', '.join(LEVELS)}")
    annotators = list(said)
    given, left_out = zip(*(_distinct([(text, _at(label, level)) for text, label in said[one]]) for one in annotators))
    shared = [text for text, n in Counter(text for one in given for text in one).items() if n > 1]
    if not shared:
        raise InputError(
            f"{' and '.join(annotators)}: no text was labelled by two of them; compare files of the same texts"
        )
    labels = sorted({one[text] for one in given for text in shared if text in one})
    table = np.array([[labels.index(one[text]) if text in one else -1 for text in shared] for one in given])
    pairs = [pair for a, b in combinations(range(len(annotators)), 2) if (pair := _pair(annotators, table, a, b))]
    disagreements = [
        {"text": text, **{who: labels[code] for who, code in zip(annotators, codes) if code >= 0}}
        for text, codes in zip(shared, table.T)
        if len({*codes} - {-1}) > 1
    ]
    return Agreement(level, annotators, len(shared), _alpha(table), pairs, disagreements, sum(left_out))


def _at(label: str, level: str) -> str:
    """A label as an event type or as its stance."""
    kind, label = kind_of(label) or ("", label)
    if level == "event":
        if kind != "event":
            raise InputError(f"label {label!r} is not an event type; compare stances with --level stance")
        return label
    return stance_of(label) if kind == "event" else stance_of_quad(label) if kind == "quad" else label


def _distinct(rows: list[tuple[str, str]]) -> tuple[dict[str, str], int]:
    """The label of each text, without texts given several labels by one annotator, and how many rows those are."""
    labels: dict[str, set[str]] = {}
    for text, label in rows:
        labels.setdefault(text, set()).add(label)
    single = {text: next(iter(given)) for text, given in labels.items() if len(given) == 1}
    return single, sum(text not in single for text, _ in rows)


def _pair(annotators: list[str], table: np.ndarray, a: int, b: int) -> Pair | None:
    both = np.flatnonzero((table[a] >= 0) & (table[b] >= 0))
    if not len(both):
        return None
    one, other = table[a, both], table[b, both]
    figure = bootstrap(lambda rows: kappa(one[rows], other[rows]), len(both), RESAMPLES)
    return Pair(annotators[a], annotators[b], len(both), float((one == other).mean()), figure)


def kappa(one: np.ndarray, other: np.ndarray) -> float:
    """Cohen's kappa (Cohen 1960) of two (n,) int64 arrays of codes from 0; NaN if both used only one and the same label.

    Equals scikit-learn's, which takes milliseconds to check its input: too long for each of a thousand resamples.

    Examples
    --------
    >>> kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    0.5
    """
    k, n = int(max(one.max(), other.max())) + 1, len(one)
    both = np.bincount(one * k + other, minlength=k * k).reshape(k, k)
    by_chance = int(both.sum(axis=0) @ both.sum(axis=1))  # times n², as the agreement
    return (n * int(both.trace()) - by_chance) / (n * n - by_chance) if by_chance < n * n else float("nan")


def _alpha(table: np.ndarray) -> Figure:
    """Krippendorff's alpha over the columns of an (n_annotators, n_texts) table of codes, -1 if missing."""
    import krippendorff

    counts = np.stack([(table == code).sum(axis=0) for code in range(table.max() + 1)], axis=1)

    def alpha(rows: np.ndarray) -> float:
        if (counts[rows].sum(axis=0) > 0).sum() < 2:
            return float("nan")
        return float(krippendorff.alpha(value_counts=counts[rows], level_of_measurement="nominal"))

    return bootstrap(alpha, len(counts), RESAMPLES)


def write_disagreements(found: Agreement, out: Path) -> Path:
    """Write the texts on which annotators disagree as CSV, one column per annotator."""
    header = ["text", *found.annotators]
    rows = ([one.get(name, "") for name in header] for one in found.disagreements)
    return write_files({out: Sheet(header, rows)})[0]
