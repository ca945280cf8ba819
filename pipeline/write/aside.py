"""What a run without a file sets aside: told on standard error, since there is no file of rejects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from pipeline.errors import InputError
from pipeline.plain import count_of, say
from pipeline.read.documents import Documents
from pipeline.write.totals import Totals

SHOWN = 10  # rows and files that are named; the others are counted


class Aside:
    """Passes batches on and names the rows and files that could not be read."""

    def __init__(self) -> None:
        self._scored = self._rejected = self._files = self._read = 0
        self._untold: list[str] = []

    def passed(self, batches: Iterable[Documents]) -> Iterator[Documents]:
        """The batches that hold texts; raises `InputError` in the end where none of them did."""
        for batch in batches:
            places = (f"{one.file}{f', row {one.row}' if one.row else ''}: {one.reason}" for one in batch.rejects)
            self._untold += islice(places, max(SHOWN - self._rejected, 0))
            self._scored += len(batch)
            self._rejected += len(batch.rejects)
            self._files += sum(reject.row == 0 for reject in batch.rejects)
            self._read += batch.read
            if self._scored:
                self._tell()
            if len(batch):
                yield batch
        if self._untold:
            more = f" (and {count_of(self._rejected - 1, 'more row')})" if self._rejected > 1 else ""
            raise InputError(self._untold[0] + more)

    def _tell(self) -> None:
        for place in self._untold:
            say(f"{place}; set aside")
        self._untold.clear()

    def totals(self) -> Totals:
        """What was read, scored and set aside; says how many were not named."""
        if self._rejected > SHOWN:
            say(f"{count_of(self._rejected - SHOWN, 'more row')} set aside; --out keeps a list of them")
        return Totals(self._scored, self._scored, self._rejected, self._read, "", "", self._files)
