"""What a check of labelled files found: kinds of trouble, each with its places."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Finding:
    """One kind of trouble.

    Attributes
    ----------
    kind : its name.
    serious : whether training or measuring on the files would go wrong by it.
    count : how many rows, or groups of rows, it concerns.
    says : what that means and what to do, in one sentence.
    places : each of them, with ``file`` and ``row`` and what else there is to say.
    """

    kind: str
    serious: bool
    count: int
    says: str
    places: list[dict] = field(default_factory=list, repr=False)


@dataclass(frozen=True)
class FileSummary:
    """A file and what it holds: rows that can be taken, rows that cannot, how many rows each label has."""

    file: str
    rows: int
    faulty: int
    columns: dict[str, str]
    labels: dict[str, int]
    stances: dict[str, int]
    actors: dict[str, int]


@dataclass(frozen=True)
class Checked:
    """The files that were checked, what was found, the most serious first, and what could not be looked at."""

    files: list[FileSummary]
    findings: list[Finding]
    skipped: list[str]

    @property
    def serious(self) -> bool:
        """Whether anything serious was found."""
        return any(one.serious for one in self.findings)

    def finding(self, kind: str) -> Finding | None:
        """The finding of a kind, None where there is nothing of it."""
        return next((one for one in self.findings if one.kind == kind), None)
