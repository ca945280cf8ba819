"""Report rejected rows and files on standard error when there is no output file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from pipeline.errors import InputError
from pipeline.plain import count_of, say
from pipeline.read.documents import Documents
from pipeline.write.totals import Totals

SHOWN = 10  # rows and files listed; the others are only counted


class Aside:
    """Pass batches through, count them, and report the rows and files that cannot be read."""

    def __init__(self) -> None:
        self._scored = self._rejected = self._files = self._read = 0
        self._pending: list[str] = []

    def passed(self, batches: Iterable[Documents]) -> Iterator[Documents]:
        """Yield the batches that contain texts; raises `InputError` at the end if there were none."""
        for batch in batches:
            reports = (f"{one.file}{f', row {one.row}' if one.row else ''}: {one.reason}" for one in batch.rejects)
            self._pending += islice(reports, max(SHOWN - self._rejected, 0))
            self._scored += len(batch)
            self._rejected += len(batch.rejects)
            self._files += sum(reject.row == 0 for reject in batch.rejects)
            self._read += batch.read
            if self._scored:
                self._flush()
            if len(batch):
                yield batch
        if self._pending:
            more = f" (and {count_of(self._rejected - 1, 'more row')})" if self._rejected > 1 else ""
            raise InputError(self._pending[0] + more)

    def _flush(self) -> None:
        for report in self._pending:
            say(f"{report}; set aside")
        self._pending.clear()

    def totals(self) -> Totals:
        """Counts of rows read, scored and rejected; reports how many rejects were not listed."""
        if self._rejected > SHOWN:
            say(f"{count_of(self._rejected - SHOWN, 'more row')} set aside; use --out to get the full list")
        return Totals(self._scored, self._scored, self._rejected, self._read, "", "", self._files)
