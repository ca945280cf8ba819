"""Totals of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Totals:
    """Counts of output rows, scored texts, rejects (rows, lines of articles and whole files) and rows read; the paths of
    the output and of the list of rejects; and how many of the rejects are rows."""

    rows: int
    scored: int
    rejected: int
    read: int
    out: Path | str
    rejects: Path | str
    rejected_rows: int = 0
