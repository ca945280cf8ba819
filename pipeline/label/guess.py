"""Infer the text column and the label columns of a table, by name and then by content."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from pipeline.corpus.spelling import KINDS, kind_of
from pipeline.errors import InputError
from pipeline.read.tables import NO_TEXT, ONE_COLUMN, TEXT_COLUMNS, column_of
from pipeline.read.tolerant import Table

_TEXT_NAMES = (*TEXT_COLUMNS, "sent", "content", "body", "message", "tweet", "title")
_LABEL_NAMES = (
    *(*KINDS, "label", "labels", "gold_stance", "event_type", "quadclass", "quad_class", "class", "category"),
    *("annotation", "code", "gold", "target", "sentiment", "y", "answer", "choice"),
)
_OPINION = "opinion"  # the model's, in tables that `data pick` writes
_LONG = 25  # mean length in characters from which a column looks like text
_FEW = 60  # distinct values up to which a column looks like labels
_LOOKED_AT = 2_000  # rows
_NAMED = 12  # columns in a message
_WHOLE = re.compile(r"(-?\d+)\.0+")


def mapped(label: str, meant: dict[str, tuple[str, str]]) -> str | None:
    """Return the mapping of ``meant`` that a label matches, None if there is none.

    Neither case nor the ``.0`` of whole numbers counts, unless one matches exactly.

    Examples
    --------
    >>> mapped("hawk", {"Hawk": ("stance", "escalation")}), mapped("1.0", {"1": ("event", "AID")}), mapped("x", {})
    ('Hawk', '1', None)
    """

    def folded(one: str) -> str:
        return _WHOLE.sub(r"\1", one.strip()).casefold()

    return label if label in meant else next((one for one in meant if folded(one) == folded(label)), None)


def meaning(label: str, meant: dict[str, tuple[str, str]]) -> tuple[str, str] | None:
    """Return kind and codebook spelling of a label, as mapped or known: empty if mapped to nothing, None if unknown."""
    found = mapped(label, meant)
    return kind_of(label) if found is None else meant[found]


def given(cell: str, meant: dict[str, tuple[str, str]]) -> str:
    """Return the label of a cell; empty for the spellings of a missing value, unless they are mapped."""
    label = cell.strip()
    return "" if label in NO_TEXT and mapped(label, meant) is None else label


def text_column(table: Table, wanted: str | None) -> str:
    """Find the text column.

    Raises `InputError` if the named column is absent, or no or several columns look like text; the message names them.
    """
    names = list(table.columns)
    if wanted is not None:
        return column_of(names, wanted, (), table.path)
    usual = [name for name in names if name.strip().lower() in _TEXT_NAMES]
    by_rank = sorted(usual, key=lambda name: _TEXT_NAMES.index(name.strip().lower()))
    if by_rank and by_rank[0].strip().lower() in TEXT_COLUMNS:
        return by_rank[0]
    likely = by_rank or [name for name in names if _is_prose(table.columns[name])]
    return _the_one(table, likely, "text", "--text")


def label_columns(table: Table, wanted: str | None, text: str, meant: dict) -> list[str]:
    """Find the label columns, by their names or because the codebook or ``meant`` knows their values.

    They are several only if each holds another kind of label; the finest comes first. The model's opinion is taken
    only if it is named.

    Raises `InputError` if the named column is absent, or no or several columns look like labels; the message names
    them.
    """
    if wanted is not None:
        return [column_of(list(table.columns), wanted, (), table.path)]
    names = [name for name in table.columns if name != text and name.strip().lower() != _OPINION]
    known = [name for name in names if _are_labels(table.columns[name], meant)]
    named = [name for name in names if name.strip().lower() in _LABEL_NAMES]
    for likely in ([name for name in named if name in known], known, named):
        if len(likely) == 1:
            return likely
        if likely:
            kinds = {name: _kind(table.columns[name], meant) for name in likely}
            if len({*kinds.values()}) < len(likely):
                _the_one(table, likely, "label", "--label")
            return sorted(likely, key=lambda name: KINDS.index(kinds[name]))
    few = [name for name in names if 2 <= len(set(table.columns[name][:_LOOKED_AT])) <= _FEW]
    if len(table.columns) == 1:
        raise InputError(
            f"{table.path}: expected a column for the text and one for the label, found only {text!r}{ONE_COLUMN}"
        )
    shown = ", ".join((few or names or list(table.columns))[:_NAMED])
    raise InputError(
        f"{table.path}: which column holds the label? None is known; found {shown}; name it with --label, "
        "and what its values mean with --map"
    )


def _is_prose(cells: np.ndarray) -> bool:
    full = [cell for cell in cells[:_LOOKED_AT] if cell.strip()]
    spaced = sum(" " in cell.strip() for cell in full)
    return bool(full) and sum(map(len, full)) >= _LONG * len(full) and spaced >= 0.8 * len(full)


def _are_labels(cells: np.ndarray, meant: dict) -> bool:
    """Whether most distinct values are labels; numbers are not, unless mapped in ``meant``."""
    values = {given(cell, meant) for cell in cells[:_LOOKED_AT]} - {""}
    return 0 < len(values) <= _FEW and sum(meaning(v, meant) is not None for v in values) >= 0.8 * len(values)


def _kind(cells: np.ndarray, meant: dict) -> str:
    counts = Counter(label for cell in cells[:_LOOKED_AT] if (label := given(cell, meant)))
    kinds: Counter[str] = Counter()
    for label, n in counts.items():
        if (found := meaning(label, meant)) and found[0]:
            kinds[found[0]] += n
    return kinds.most_common(1)[0][0] if kinds else KINDS[-1]


def _the_one(table: Table, likely: list[str], what: str, option: str) -> str:
    if len(likely) == 1:
        return likely[0]
    shown = ", ".join((likely or list(table.columns))[:_NAMED])
    asked = f"{shown} look like it" if likely else f"the file has {shown}"
    hint = ONE_COLUMN if len(table.columns) == 1 else ""
    raise InputError(f"{table.path}: which column holds the {what}? {asked}; name it with {option}{hint}")
