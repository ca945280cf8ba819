"""Behavioural tests, which every model must pass whatever its training data.

After CheckList (Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList"):
each kind of test is a file of cases and a rule that each case passes or fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.evaluate.spoiled import spoiled
from pipeline.model.store import Model
from pipeline.read.tables import read_table
from pipeline.score.snippets import Scores, score
from pipeline.stance import STANCES, UNCLEAR

STILL = 0.02  # tension may change by less than this if only the actors change
APART = 0.1  # the two halves of a reversal must differ in tension by at least this
RISES, EASES, _ = STANCES


@dataclass(frozen=True)
class Kind:
    """A kind of behavioural test.

    Attributes
    ----------
    name : its name, and that of its file, ``<name>.csv``.
    asks : what a case must show, in words.
    columns : the text columns of its file.
    floor : least share of the cases that must pass.
    passes : function from the scores of each column to (n,) bool.
    variants : function from the texts of the first column to further columns to score, if they are not in the file.
    labels : a column of its file that is not scored but passed to ``passes`` unchanged.
    files : the names of other kinds with whose texts, `spoiled`, this one compares the texts themselves; each pair is
        one case.
    """

    name: str
    asks: str
    columns: tuple[str, ...]
    floor: float
    passes: Callable[..., np.ndarray]
    variants: tuple[Callable[[str], str], ...] = ()
    labels: str | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """The result of one kind of test: ``failed`` holds the texts of the failed cases."""

    kind: Kind
    cases: int
    failed: list[tuple[str, ...]]

    @property
    def rate(self) -> float:
        """Share of the cases that pass, in [0, 1]."""
        return 1 - len(self.failed) / self.cases

    @property
    def holds(self) -> bool:
        """Whether the pass rate reaches the floor."""
        return self.rate >= self.kind.floor


def _same_tension(one: Scores, other: Scores) -> np.ndarray:
    return (one.stance == other.stance) & (np.abs(one.tension - other.tension) < STILL)


def _same_stance(one: Scores, *others: Scores) -> np.ndarray:
    return np.all([one.stance == other.stance for other in others], axis=0)


def _apart(easing: Scores, rising: Scores) -> np.ndarray:
    return rising.tension - easing.tension >= APART


def _takes_no_side(one: Scores) -> np.ndarray:
    return ~np.isin(one.stance, (RISES, EASES))


def _never_flips(once: Scores, twice: Scores) -> np.ndarray:
    sides = {frozenset((RISES, EASES))}
    return np.array([frozenset(pair) not in sides for pair in zip(once.stance, twice.stance)])


def as_wanted(stances: Iterable[str], wanted: Iterable[str]) -> np.ndarray:
    """(n,) bool: whether the stance is the wanted one, or any other after "not"; `unclear` counts as `neutral`."""
    pairs = zip(stances, wanted)
    return np.array(
        [s != w[4:] if w.startswith("not ") else s == w or (s, w) == (UNCLEAR, "neutral") for s, w in pairs]
    )


def _as_labelled(found: Scores, wanted: np.ndarray) -> np.ndarray:
    return as_wanted(found.stance, wanted)


PLAIN = ("case", "de-escalation", "clauses")  # kinds with plain texts of all three stances
KINDS = (
    Kind("actors", "other actors: same stance, tension moves less than 0.02", ("text", "other"), 0.99, _same_tension),
    Kind(
        "case",
        "upper, title and lower case keep the stance",
        ("text",),
        0.95,
        _same_stance,
        (str.upper, str.title, str.lower),
    ),
    Kind("de-escalation", "never read as escalation", ("text",), 1.0, lambda one: one.stance != RISES),
    Kind("reversals", "tension at least 0.1 apart, the right way round", ("easing", "rising"), 0.90, _apart),
    Kind("idioms", "not read as escalation", ("text",), 0.85, lambda one: one.stance != RISES),
    Kind("unclear", "foreign, empty and random text is unclear", ("text",), 0.99, lambda one: one.stance == UNCLEAR),
    Kind("other_news", "no stance for text without politics", ("text",), 0.95, _takes_no_side),
    Kind("clauses", "asides, negations, questions and reversals", ("text",), 0.90, _as_labelled, labels="stance"),
    Kind("edges", "edges and broken characters keep the stance", ("text",), 0.98, _same_stance, files=PLAIN),
    Kind("turned", "edges and broken characters never turn it round", ("text",), 1.0, _never_flips, files=PLAIN),
    Kind("repeats", "stated twice, never flips", ("text",), 1.0, _never_flips, (lambda text: f"{text} {text}",)),
)


def check(model: Model, folder: str | Path) -> list[Outcome]:
    """Run every kind of behavioural test on a model, with the files of `KINDS` in the folder, ``<kind>.csv`` each.

    Raises `InputError` if a file or a column is missing.
    """
    read = cache(lambda texts: score(model, texts))  # two kinds have the same texts
    return [_check(read, kind, Path(folder)) for kind in KINDS]


def _check(read: Callable[[tuple[str, ...]], Scores], kind: Kind, folder: Path) -> Outcome:
    tables = [_columns(folder / f"{name}.csv", kind) for name in kind.files or (kind.name,)]
    columns = [[text for table in tables for text in table[name]] for name in kind.columns]
    if kind.files:
        pairs = [(text, other) for text in columns[0] for other in spoiled(text).values()]
        columns = [[pair[side] for pair in pairs] for side in range(2)]
    columns += [[vary(text) for text in columns[0]] for vary in kind.variants]
    given: list[Scores | np.ndarray] = [read(tuple(texts)) for texts in columns]
    if kind.labels:
        given.append(np.array(tables[0][kind.labels], object))
    passed = kind.passes(*given)
    cases = list(zip(*columns))
    return Outcome(kind, len(cases), [cases[row] for row in np.flatnonzero(~passed)])


def _columns(path: Path, kind: Kind) -> dict[str, list[str]]:
    table = read_table(path)
    needed = (*kind.columns, *filter(None, [kind.labels]))
    if any(name not in table.column_names for name in needed):
        raise InputError(f"{path}: expected columns {', '.join(needed)}, found {', '.join(table.column_names)}")
    return {name: as_strings(table.column(name)).to_pylist() for name in needed}
