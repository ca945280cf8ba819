"""Assign texts to series: a single one, one per column value, or one per actor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.actors.roles import find_actors
from pipeline.arrays.arrow import as_strings, integers, string
from pipeline.arrays.ragged import segment_ids

BY_ACTORS = ("source", "target", "actor", "pair")
WHOLE = "all"  # the name of the series if there is only one


@dataclass(frozen=True)
class Named:
    """Memberships in series.

    Attributes
    ----------
    row : (m,) int64, a text; one may be in several series, or in none.
    code : (m,) int64, index into ``names``.
    names : names of the series; an empty name means no series.
    """

    row: np.ndarray
    code: np.ndarray
    names: tuple[str, ...]


def all_of(n: int) -> Named:
    """Assign all texts to one series."""
    return Named(np.arange(n), np.zeros(n, np.int64), (WHOLE,))


def by_column(column: pa.Array) -> Named:
    """A series for each value of a column, or for each element if the values are lists.

    Examples
    --------
    >>> named = by_column(pa.array(["A", "", "B", "A"]))
    >>> named.names, named.row.tolist(), named.code.tolist()
    (('A', '', 'B'), [0, 2, 3], [0, 2, 0])
    """
    if _holds_lists(column):
        return by_elements(column)
    encoded = as_strings(column).dictionary_encode()
    return _without_blank(integers(encoded.indices).astype(np.int64), encoded.dictionary.to_pylist())


def _holds_lists(column: pa.Array) -> bool:
    return pa.types.is_list(column.type) or pa.types.is_large_list(column.type)


def by_actors(columns: dict[str, pa.Array], text: pa.Array | None, by: str) -> Named | None:
    """A series for each source, target, actor or pair ``source>target``.

    From the columns that ``score --actors`` writes if they exist, else from the texts; None without either.
    """
    if {"source", "target", "actors"} <= set(columns):
        source, target = as_strings(columns["source"]), as_strings(columns["target"])
        if by == "actor":
            return by_elements(columns["actors"])
        both = pc.and_(pc.not_equal(source, ""), pc.not_equal(target, ""))
        return by_column(pc.if_else(both, pc.binary_join_element_wise(source, target, string(">")), string("")))
    if text is None:
        return None
    found = find_actors(text)
    keys = [*found.keys, ""]
    if by == "actor":
        return Named(segment_ids(found.bounds), found.code, tuple(keys))
    if by != "pair":
        code = getattr(found, by)
        return _without_blank(np.where(code < 0, len(keys) - 1, code), keys)
    row = np.flatnonzero((found.source >= 0) & (found.target >= 0))
    distinct, code = np.unique(found.source[row] * len(keys) + found.target[row], return_inverse=True)
    names = [f"{keys[one // len(keys)]}>{keys[one % len(keys)]}" for one in distinct.tolist()]
    return Named(row, code, tuple(names))


def by_elements(column: pa.Array) -> Named:
    """A series for each element of a column of lists, or of keys joined by semicolons (CSV) or in brackets (JSONL)."""
    if not _holds_lists(column):
        bare = pc.replace_substring_regex(as_strings(column), r'^\["?|"?\]$', "")
        column = pc.split_pattern_regex(bare, '"?[;,] "?')
    sizes = np.array(pc.fill_null(pc.list_value_length(column), 0).to_pylist(), np.int64)
    encoded = as_strings(column.flatten()).dictionary_encode()
    named = _without_blank(integers(encoded.indices).astype(np.int64), encoded.dictionary.to_pylist())
    return Named(np.repeat(np.arange(len(sizes)), sizes)[named.row], named.code, named.names)


def _without_blank(code: np.ndarray, names: list[str]) -> Named:
    blank = names.index("") if "" in names else -1
    row = np.flatnonzero(code != blank)
    return Named(row, code[row], tuple(names))
