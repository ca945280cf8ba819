"""Report rejected rows and files: in a list beside the output, or on standard error if there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from pipeline.atomic import replacing, target_of
from pipeline.errors import InputError, RejectsError
from pipeline.messages import count_of, say
from pipeline.read.documents import Documents
from pipeline.read.rows import Reject

SHOWN = 10  # rows and files listed on standard error; the others are only counted


class Aside:
    """Count rows and report those, and the files, that cannot be read.

    ``file``: temporary file for the list that `keep` publishes; None to report on standard error.
    """

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file = file
        self._scored = self._rejected = self._rejected_rows = self._read = 0
        self._pending: list[str] = []

    def passed(self, batches: Iterable[Documents]) -> Iterator[Documents]:
        """Yield the batches that contain texts; raises `InputError` at the end if there were none."""
        for batch in batches:
            self.take(batch.rejects, len(batch), batch.read)
            self._rejected_rows += batch.n_rejected_rows
            if len(batch):
                yield batch
        self.require_scored()

    def take(self, rejects: Sequence[Reject], scored: int, read: int) -> None:
        """Count rows and report the rejects, the first of them as soon as a row is scored."""
        self._pending += (one.said for one in islice(rejects, max(SHOWN - self._rejected, 0)))
        self._scored += scored
        self._rejected += len(rejects)
        self._read += read
        if self._file is not None:
            self._file.write(listed(rejects))
        if self._scored:
            for report in self._pending if self._file is None else ():
                say(f"{report}; set aside")
            self._pending.clear()

    def require_scored(self) -> None:
        """Raise `InputError` with the first reject if there are rejects and no row was scored."""
        if self._pending:
            more = f" (and {count_of(self._rejected - 1, 'more row')})" if self._rejected > 1 else ""
            raise InputError(self._pending[0] + more)

    def totals(self, out: Path | str = "", rejects: Path | str = "", advice: str = "") -> Totals:
        """Counts of rows read, scored and rejected; reports how many rejects were not listed, and ``advice`` on it."""
        if self._rejected > SHOWN and self._file is None:
            say(f"{count_of(self._rejected - SHOWN, 'more row')} set aside{advice and '; '}{advice}")
        return Totals(self._scored, self._scored, self._rejected, self._read, out, rejects, self._rejected_rows)

    def keep(self, path: Path) -> Totals:
        """Publish the list of rejects, or delete that of an earlier run if there are none; returns the counts."""
        if self._rejected and self._file is not None:
            self._file.seek(0)
            with replacing(path) as part, part.open("wb") as file:
                shutil.copyfileobj(self._file, file)
        else:
            target_of(path).unlink(missing_ok=True)
        return self.totals(path.parent, path)


def listed(rejects: Sequence[Reject]) -> bytes:
    """Rejects as lines of JSON."""
    return msgspec.json.Encoder().encode_lines(rejects)


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

    def require_few(self, most: float) -> None:
        """Raise `RejectsError` if more than this share of the rows, in [0, 1], were rejected."""
        if self.rejected_rows > most * self.read:
            where = f"; see {self.rejects}" if self.rejects else ""
            raise RejectsError(
                f"{self.rejected_rows:,} of {self.read:,} rows were rejected, more than --max-rejects {most:g} allows{where}"
            )
