"""Compact storage for millions of dated texts: thirty bytes each in memory, the texts themselves on disk."""

from __future__ import annotations

import tempfile
import weakref
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, int64_column, integers, string
from pipeline.timeline.copies import BEGINNING
from pipeline.timeline.dated_texts import UNREAD, DatedTexts
from pipeline.timeline.dates import period_of

LEVELS = 24  # of each probability: texts in one cell of this grid are not distinguished
_CELLS = LEVELS**3
_SHOWN = 400  # characters of a text shown
# Type codes of the arrays. They grow in place: joining parts would take twice the memory, which is not released.
_COLUMNS = {"minutes": "i", "period": "i", "cell": "H", "prints": "q", "outlet": "i", "row": "i", "series": "i"}


class Texts:
    """Texts and links in a temporary file, which is deleted when it is no longer used."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the object
        weakref.finalize(self, self._file.close)
        self._schema = pa.schema(
            dict.fromkeys(("text", "shown", "link"), pa.large_string()) | {"tension": pa.float32()}
        )
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_file(pa.PythonFile(self._file, mode="w"), self._schema, options=options)
        self._bounds = [0]

    def add(self, text: pa.Array, shown: pa.Array, link: pa.Array, tension: np.ndarray) -> None:
        """Append n texts, their displayed form, their links and their tension, (n,) in [-1, 1]."""
        columns = [pc.utf8_slice_codeunits(text, 0, BEGINNING), _short(shown), link]
        self._writer.write_batch(pa.record_batch([*columns, pa.array(tension.astype(np.float32))], schema=self._schema))
        self._bounds.append(self._bounds[-1] + len(text))

    def finish(self) -> None:
        """End writing; the texts can be read from here on."""
        self._writer.close()
        self._reader = pa.ipc.open_file(pa.PythonFile(self._file, mode="r"))

    def all(self) -> pa.ChunkedArray:
        """The beginnings of all texts."""
        batches = range(self._reader.num_record_batches)
        return pa.chunked_array([self._reader.get_batch(k).column("text") for k in batches], pa.large_string())

    def take(self, rows: np.ndarray) -> dict[int, tuple[str, str, float]]:
        """Displayed text, link and tension of some rows, (n,) int64, by row."""
        out: dict[int, tuple[str, str, float]] = {}
        rows = np.unique(rows)
        batch_of = np.searchsorted(self._bounds, rows, side="right") - 1
        for batch in np.unique(batch_of).tolist():
            here = rows[batch_of == batch]
            found = self._reader.get_batch(batch).take(pa.array(here - self._bounds[batch])).to_pydict()
            out |= dict(zip(here.tolist(), zip(found["shown"], found["link"], found["tension"])))
        return out


@dataclass(frozen=True)
class Gathered:
    """All dated texts of a feed.

    Attributes
    ----------
    minutes : (n,) int32, dates in minutes since 1970; empty once copies are found.
    period : (n,) int32, beginning of each text's period in minutes since 1970.
    cell : (n,) uint16, index of the probabilities in the grid.
    prints : (n,) int64, equal for texts that are equal except for case and outer spaces; empty once copies are found.
    outlet : (n,) int32, index into ``outlets``.
    row, series : (m,) int32, memberships of the texts in series, indices into ``names``.
    posterior : (n_cells, 4) mean of P(escalation), P(de-escalation), P(neutral, political), P(other news) of each cell.
    texts : the texts and links.
    read : number of rows read, dated or not.
    reasons : number of rows left out, by reason.
    """

    minutes: np.ndarray
    period: np.ndarray
    cell: np.ndarray
    prints: np.ndarray
    outlet: np.ndarray
    row: np.ndarray
    series: np.ndarray
    names: tuple[str, ...]
    outlets: tuple[str, ...]
    posterior: np.ndarray
    texts: Texts
    read: int
    reasons: dict[str, int]

    def __len__(self) -> int:
        return len(self.cell)


def gather(
    batches: Iterable[DatedTexts], frequency: str, step: Callable[[int], object] = lambda rows: None
) -> Gathered:
    """Collect all batches; ``step`` is called with the rows read so far."""
    columns = {name: array(code) for name, code in _COLUMNS.items()}
    names: dict[str, int] = {}
    reasons: Counter[str] = Counter()
    outlets = {"": 0}
    total, texts, read, dated = np.zeros((_CELLS, 5)), Texts(), 0, 0
    for batch in batches:
        read += batch.read
        kept = np.setdiff1d(np.arange(len(batch.seconds)), [row for rows in batch.left_out.values() for row in rows])
        reasons.update({why: len(rows) for why, rows in batch.left_out.items()})
        reasons.update([UNREAD] * len(batch.unread))
        posterior, cell = cells_of(batch.proba[kept], batch.relevance[kept])
        for column in range(4):
            total[:, column] += np.bincount(cell, posterior[:, column], _CELLS)
        total[:, 4] += np.bincount(cell, minlength=_CELLS)
        text = batch.text.take(pa.array(kept))
        row, series = _memberships(batch, kept, names)
        parts = {
            "minutes": batch.seconds[kept] // 60,
            "period": period_of(batch.seconds[kept], frequency).astype(np.int64) // 60,
            "cell": cell,
            "prints": _prints(text, dated),
            "outlet": _codes(batch.outlet.take(pa.array(kept)), outlets),
            "row": row + dated,
            "series": series,
        }
        for name, code in _COLUMNS.items():
            columns[name].frombytes(parts[name].astype(code).tobytes())
        shown, link = batch.shown.take(pa.array(kept)), batch.link.take(pa.array(kept))
        texts.add(text, shown, link, posterior[:, 0] - posterior[:, 1])
        dated += len(kept)
        step(read)
    texts.finish()
    pa.default_memory_pool().release_unused()  # memory used for reading, before copies are found
    mean = total[:, :4] / np.maximum(total[:, 4:], 1)
    own = {name: np.asarray(column) for name, column in columns.items()}
    return Gathered(
        **own, names=tuple(names), outlets=tuple(outlets), posterior=mean, texts=texts, read=read, reasons=reasons
    )


def cells_of(proba: np.ndarray, relevance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 4) probabilities of escalation, de-escalation, other political and other news, and (n,) their cells.

    Examples
    --------
    >>> posterior, cell = cells_of(np.array([[0.5, 0.25, 0.25]]), np.array([0.75]))
    >>> posterior.tolist(), divmod(cell[0].item(), 24)[1]
    ([[0.5, 0.25, 0.0, 0.25]], 18)
    """
    relevance = np.maximum(relevance, proba[:, 0] + proba[:, 1])
    posterior = np.column_stack([proba[:, 0], proba[:, 1], relevance - proba[:, 0] - proba[:, 1], 1 - relevance])
    posterior = np.clip(posterior, 1e-6, 1.0) if len(posterior) else posterior
    level = np.column_stack([proba[:, 0], proba[:, 1], relevance])
    level = np.minimum((level * LEVELS).astype(np.int64), LEVELS - 1)
    return np.where(posterior > 1e-6, posterior, 0.0), level @ np.array([LEVELS * LEVELS, LEVELS, 1])


def is_relevant(cell: np.ndarray) -> np.ndarray:
    """(n,) bool: relevance of at least one half."""
    return cell % LEVELS >= LEVELS // 2


def _short(text: pa.Array) -> pa.Array:
    cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(text, 0, _SHOWN), string(" …"), string(""))
    return pc.if_else(pc.greater(pc.utf8_length(text), int64_column(np.array([_SHOWN]))[0]), cut, text)


def _prints(text: pa.Array, first: int) -> np.ndarray:
    """(n,) int64 hashes; a blank text equals no other."""
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(text)).to_pylist()
    return np.fromiter((hash(one or (first, k)) for k, one in enumerate(plain)), np.int64, len(plain))


def _codes(column: pa.Array, known: dict[str, int]) -> np.ndarray:
    """(n,) int32: the number of each value; new values get the next numbers."""
    encoded = as_strings(column).dictionary_encode()
    number = np.array([known.setdefault(name, len(known)) for name in encoded.dictionary.to_pylist()], np.int32)
    return number[integers(encoded.indices)] if len(column) else np.zeros(0, np.int32)


def _memberships(batch: DatedTexts, kept: np.ndarray, names: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    place = np.full(len(batch.seconds), -1)
    place[kept] = np.arange(len(kept))
    row, code = place[batch.named.row], batch.named.code
    row, code = row[row >= 0], code[row >= 0]
    number = np.full(len(batch.named.names), -1, np.int32)
    for used in np.unique(code).tolist():
        number[used] = names.setdefault(batch.named.names[used], len(names))
    return row, number[code]
