"""Which project or pool labels come from: labels of different ones may not mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path

from pipeline.errors import InputError
from pipeline.label.exchange import Answer

_ORIGINS = ("project", "pool")  # of answers, and columns of tables


def origins(answers: Iterable[Answer]) -> dict[str, set[str]]:
    """The projects and the pools of answers, for `require_one_project`."""
    return {kind: {getattr(answer, kind) for answer in answers} - {""} for kind in _ORIGINS}


def origins_in(columns: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """The projects and the pools in the columns of a table, for `require_one_project`."""
    of = {kind: [cells for name, cells in columns.items() if name.strip().lower() == kind] for kind in _ORIGINS}
    return {kind: {cell.strip() for cells in found for cell in cells} - {""} for kind, found in of.items()}


def require_one_project(named: Mapping[Path, Mapping[str, set[str]]], strict: bool = False) -> None:
    """Raise `InputError` if two files are of different projects or pools, since their labels may not mean the same.

    Parameters
    ----------
    named : the `origins` of each file.
    strict : two projects with texts of one pool are different too; otherwise the pool is enough.
    """
    for (one, first), (other, second) in combinations(named.items(), 2):
        kind = next((kind for kind in _ORIGINS if first[kind] and second[kind]), None)
        common = set().union(*first.values()) & set().union(*second.values())
        if strict and all(of["project"] - of["pool"] for of in (first, second)):
            common -= first["pool"] & second["pool"]
        if kind and not common:
            said = [
                f"{path} is of {kind} {', '.join(sorted(of[kind]))}" for path, of in ((one, first), (other, second))
            ]
            raise InputError(
                f"{', '.join(said)}; their labels may not mean the same; give files of one project at a time"
            )
