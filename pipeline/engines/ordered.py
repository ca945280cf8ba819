"""Score batches on several threads, yielding results in input order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

from pipeline.model.store import Model
from pipeline.read.documents import Documents
from pipeline.score.documents import OutputOptions, score_documents
from pipeline.write.formats import encode_rows
from pipeline.write.tables import table_of

T = TypeVar("T")
R = TypeVar("R")


def scored(
    model: Model, documents: Documents, options: OutputOptions, kind: str
) -> tuple[bytes | pa.Table, list[str], int]:
    """Score and encode a batch; returns the payload for its writer, the column names and the number of rows."""
    table = table_of(score_documents(model, documents, options))
    return encode_rows(table, kind), table.column_names, table.num_rows


def score_in_order(
    model: Model, batches: Iterable[Documents], options: OutputOptions, kind: str, threads: int
) -> Iterator[tuple[bytes, list[str]]]:
    """Yield each batch as JSONL or CSV bytes, with its columns; pending results are yielded before a blocking read."""

    def work(batch: Documents) -> tuple:
        return scored(model, batch, options, kind)

    for _, (payload, columns, _) in in_order(work, batches, threads, lambda batch: batch.awaited):
        yield payload, columns


def in_order(
    work: Callable[[T], R], items: Iterable[T], threads: int, answer_now: Callable[[T], bool] = lambda item: False
) -> Iterator[tuple[T, R]]:
    """Yield each item with the result of ``work``, in order; at most ``2 * threads`` items are in progress at a time.

    If ``items`` raises, earlier results are yielded first.

    Parameters
    ----------
    answer_now : whether to yield all pending results before the next item is requested.
    """
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[tuple[T, Future[R]]] = deque()
        failure, source = None, iter(items)
        while True:
            try:
                item = next(source)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001  raised below, after the earlier results
                failure = error
                break
            pending.append((item, pool.submit(work, item)))
            while pending and (len(pending) >= 2 * threads or answer_now(item)):
                yield _with_result(*pending.popleft())
        while pending:
            yield _with_result(*pending.popleft())
        if failure is not None:
            raise failure


def _with_result(item: T, future: Future[R]) -> tuple:
    return item, future.result()
