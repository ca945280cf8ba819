"""Infer the text column and the label column of a table, by name and then by content."""

from __future__ import annotations

import numpy as np

from pipeline.corpus.spelling import kind_of
from pipeline.errors import InputError
from pipeline.label.rows import KINDS
from pipeline.read.tables import TEXT_COLUMNS, column_of
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


def text_column(table: Table, wanted: str | None) -> str:
    """Find the text column.

    Raises
    ------
    InputError
        If the named column is absent, or no or several columns look like text; the message names them.
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


def label_column(table: Table, wanted: str | None, text: str, meant: dict) -> str:
    """Find the label column, by its name or because the codebook or ``meant`` knows its values.

    The model's opinion is taken only if it is named.

    Raises
    ------
    InputError
        If the named column is absent, or no or several columns look like labels; the message names them.
    """
    if wanted is not None:
        return column_of(list(table.columns), wanted, (), table.path)
    names = [name for name in table.columns if name != text and name.strip().lower() != _OPINION]
    known = [name for name in names if _are_labels(table.columns[name], meant)]
    named = [name for name in names if name.strip().lower() in _LABEL_NAMES]
    for likely in ([name for name in named if name in known], known, named):
        if len(likely) == 1:
            return likely[0]
        if likely:
            return _finest(table, likely, meant) or _the_one(table, likely, "label", "--label")
    few = [name for name in names if 2 <= len(set(table.columns[name][:_LOOKED_AT])) <= _FEW]
    raise InputError(
        f"{table.path}: which column holds the label? None is known; {_columns(few or names)}; name it with --label, "
        "and what its values mean with --map"
    )


def _is_prose(cells: np.ndarray) -> bool:
    full = [cell for cell in cells[:_LOOKED_AT] if cell.strip()]
    spaced = sum(" " in cell.strip() for cell in full)
    return bool(full) and sum(map(len, full)) >= _LONG * len(full) and spaced >= 0.8 * len(full)


def _are_labels(cells: np.ndarray, meant: dict) -> bool:
    """Whether most distinct values are labels; numbers are not, unless mapped in ``meant``."""
    values = {cell.strip() for cell in cells[:_LOOKED_AT]} - {""}
    return 0 < len(values) <= _FEW and sum(v in meant or kind_of(v) is not None for v in values) >= 0.8 * len(values)


def _finest(table: Table, names: list[str], meant: dict) -> str | None:
    """Of label columns that agree at different levels, the one with the most kinds, an event type before a stance."""
    kinds = {name: _kind(table.columns[name], meant) for name in names}
    if len(set(kinds.values())) < len(names):
        return None
    return min(names, key=lambda name: KINDS.index(kinds[name]))


def _kind(cells: np.ndarray, meant: dict) -> str:
    found = [meant.get(cell.strip()) or kind_of(cell) for cell in cells[:_LOOKED_AT] if cell.strip()]
    kinds = [pair[0] for pair in found if pair]
    return max(set(kinds), key=kinds.count) if kinds else KINDS[-1]


def _the_one(table: Table, likely: list[str], what: str, option: str) -> str:
    if len(likely) == 1:
        return likely[0]
    asked = f"{_columns(likely)} look like it" if likely else f"the file has {_columns(list(table.columns))}"
    raise InputError(f"{table.path}: which column holds the {what}? {asked}; name it with {option}")


def _columns(names: list[str]) -> str:
    return ", ".join(names[:12])
