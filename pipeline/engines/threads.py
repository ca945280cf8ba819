"""Score inputs to a file on several threads, in input order and constant memory."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.model.store import Model
from pipeline.read.documents import Documents, ReadOptions
from pipeline.read.inputs import files_of, read_inputs
from pipeline.score.documents import OutputOptions, score_documents
from pipeline.write.aside import Totals
from pipeline.write.journal import Journal
from pipeline.write.output import encoded
from pipeline.write.tables import table_of

_JOURNAL = 3  # version of the journal of a run
T = TypeVar("T")
R = TypeVar("R")


def score_to_file(
    model: Model,
    inputs: list[str],
    reading: ReadOptions,
    options: OutputOptions,
    out: Path,
    kind: str,
    threads: int = 1,
    resume: bool = False,
    progress: Callable[[int, int], None] = lambda rows, done: None,
) -> Totals:
    """Score inputs into a JSONL, CSV or Parquet file, written atomically.

    The output is byte-identical for any number of threads, and after a killed run is resumed.

    Raises `InputError` if an input or the output is invalid, or an earlier run cannot be resumed.

    Parameters
    ----------
    inputs : texts, files, folders and patterns, as for `read_inputs`.
    resume : continue an earlier run of the same inputs, model and options.
    progress : called after each batch with the rows and bytes read so far.
    """
    if resume and "-" in inputs:
        raise InputError("--resume: standard input cannot be read twice; save it to a file first")
    batches = read_inputs(inputs, replace(reading, alike=kind != "jsonl"))
    first = next(batches)  # fail on unreadable input before creating any file
    with Journal(out, kind) as journal:
        journal.begin(_plan(model, inputs, reading, options, kind), resume)
        if journal.is_finished:
            return journal.publish()
        done, read = len(journal), 0

        def work(pair: tuple[int, Documents]) -> tuple | None:
            number, batch = pair
            return None if number < done else scored(model, batch, options, kind)

        for (_, batch), found in in_order(work, enumerate(chain([first], batches)), threads):
            if found is not None:
                journal.add(batch, *found)
            read += batch.read
            progress(read, batch.done)
        return journal.finish()


def _plan(model: Model, inputs: list[str], reading: ReadOptions, options: OutputOptions, kind: str) -> dict:
    """What must be unchanged for a run to be resumed."""
    files = [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in files_of(inputs)]
    card = hashlib.sha256(json.dumps(model.card, sort_keys=True).encode()).hexdigest()
    every_option = [asdict(reading), asdict(options), kind, reading.rows_together, _JOURNAL]
    return {"inputs": inputs, "files": files, "model": card, "options": every_option}


def scored(
    model: Model, documents: Documents, options: OutputOptions, kind: str
) -> tuple[bytes | pa.Table, list[str], int]:
    """Score and encode a batch; returns the payload for its writer, the column names and the number of rows."""
    table = table_of(score_documents(model, documents, options))
    return encoded(table, kind), table.column_names, table.num_rows


def score_in_order(
    model: Model, batches: Iterable[Documents], options: OutputOptions, kind: str, threads: int
) -> Iterator[tuple[bytes, list[str]]]:
    """Yield each batch as JSONL or CSV bytes, with its columns; pending results are yielded before a blocking read."""

    work = partial(scored, model, options=options, kind=kind)
    for _, (payload, columns, _) in in_order(work, batches, threads, lambda batch: batch.awaited):
        yield payload, columns


def in_order(
    work: Callable[[T], R], items: Iterable[T], threads: int, answer_now: Callable[[T], bool] = lambda item: False
) -> Iterator[tuple[T, R]]:
    """Yield each item with the result of ``work``, in order; at most ``2 * threads`` items are in progress at a time.

    If ``items`` raises, earlier results are yielded first.

    ``answer_now``: whether to yield all pending results before the next item is requested.
    """
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[tuple[T, Future[R]]] = deque()

        def oldest() -> tuple[T, R]:
            item, future = pending.popleft()
            return item, future.result()

        source = iter(items)
        while True:
            try:
                item = next(source)
            except Exception as error:
                while pending:
                    yield oldest()
                if isinstance(error, StopIteration):
                    return
                raise
            pending.append((item, pool.submit(work, item)))
            while pending and (len(pending) >= 2 * threads or answer_now(item)):
                yield oldest()
