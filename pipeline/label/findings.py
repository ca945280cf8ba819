"""Findings of a check of labelled files, each kind with the affected rows."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One kind of problem: whether it would invalidate training or measuring on the files, its number of places, what it
    means and what to do, and each row, or group of rows, affected, with ``file``, ``row`` and further details."""

    kind: str
    serious: bool
    count: int = field(init=False)
    says: str
    places: list[dict] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", len(self.places))


@dataclass(frozen=True)
class FileSummary:
    """A file and its content: usable rows, unusable rows, and the number of rows of each label."""

    file: str
    rows: int
    faulty: int
    columns: dict[str, str]
    labels: dict[str, int]
    stances: dict[str, int]
    actors: dict[str, int]


@dataclass(frozen=True)
class Checked:
    """The checked files, the findings that have places, most serious first, and what could not be checked."""

    files: list[FileSummary]
    findings: list[Finding]
    skipped: list[str]

    @property
    def serious(self) -> bool:
        """Whether anything serious was found."""
        return any(one.serious for one in self.findings)

    def finding(self, kind: str) -> Finding | None:
        """The finding of a kind, None if there is none."""
        return next((one for one in self.findings if one.kind == kind), None)
