"""Score batches on several threads, yielding results in input order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

from pipeline.model.store import Model
from pipeline.read.documents import Documents
from pipeline.write.formats import encode_rows
from pipeline.write.rows import OutputOptions, score_documents

T = TypeVar("T")
R = TypeVar("R")


def scored(
    model: Model, documents: Documents, asked: OutputOptions, kind: str
) -> tuple[bytes | pa.Table, list[str], int]:
    """The scored rows of a batch in the form writers expect, their columns and their number."""
    table = score_documents(model, documents, asked)
    return encode_rows(table, kind), table.column_names, table.num_rows


def score_in_order(
    model: Model, batches: Iterable[Documents], asked: OutputOptions, kind: str, threads: int
) -> Iterator[tuple[bytes, list[str]]]:
    """The rows of each batch as JSONL or CSV bytes, and their columns; a stream is answered before waiting for more."""

    def work(batch: Documents) -> tuple:
        return scored(model, batch, asked, kind)

    for _, (payload, columns, _) in in_order(work, batches, threads, lambda batch: batch.awaited):
        yield payload, columns


def in_order(
    work: Callable[[T], R], items: Iterable[T], threads: int, answer_now: Callable[[T], bool] = lambda item: False
) -> Iterator[tuple[T, R]]:
    """Yield each item with the result of ``work``, in order; at most ``2 * threads`` items are in progress at a time.

    If ``items`` fails, earlier results are yielded first.

    Parameters
    ----------
    answer_now : whether all pending results are yielded before the next item is requested.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[T, Future[R]]] = deque()
        failure, source = None, iter(items)
        while True:
            try:
                item = next(source)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001  raised below, after the rows before it
                failure = error
                break
            waiting.append((item, pool.submit(work, item)))
            while waiting and (len(waiting) >= 2 * threads or answer_now(item)):
                yield _done(*waiting.popleft())
        while waiting:
            yield _done(*waiting.popleft())
        if failure is not None:
            raise failure


def _done(item: T, future: Future[R]) -> tuple:
    return item, future.result()
