"""What a run did, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Totals:
    """What a run did: rows of the output, texts scored, rows and whole files set aside, rows read, where the two files are,
    and how many of those set aside are whole files."""

    rows: int
    scored: int
    rejected: int
    read: int
    out: Path | str
    rejects: Path | str
    files: int = 0
