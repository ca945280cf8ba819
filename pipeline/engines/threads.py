"""Score inputs to a file on several threads, in input order and constant memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.engines.ordered import in_order, scored
from pipeline.errors import InputError
from pipeline.model.store import Model
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import files_of, read_inputs
from pipeline.write.journal import Journal
from pipeline.write.rows import OutputOptions
from pipeline.write.totals import Totals

if TYPE_CHECKING:
    from pipeline.read.documents import Documents


def score_to_file(
    model: Model,
    given: list[str],
    reading: ReadOptions,
    asked: OutputOptions,
    out: Path,
    kind: str,
    threads: int = 1,
    resume: bool = False,
    step: Callable[[int, int], None] = lambda rows, done: None,
) -> Totals:
    """Score inputs into a JSONL, CSV or Parquet file, written atomically.

    The output is byte-identical for any number of threads, and after a run was killed and resumed.

    Parameters
    ----------
    given : texts, files, folders and patterns, as for `read_inputs`.
    resume : continue an earlier run of the same inputs, model and options.
    step : called with the rows read and the bytes read so far, after each batch.

    Raises
    ------
    InputError
        If an input, the output or an earlier run does not fit.
    """
    if resume and "-" in given:
        raise InputError("--resume: standard input cannot be read twice; save it to a file first")
    batches = read_inputs(given, replace(reading, alike=kind != "jsonl"))
    first = next(batches)  # unreadable input fails before any file is created
    with Journal(out, kind) as journal:
        journal.begin(_plan(model, given, reading, asked, kind), resume)
        if journal.is_finished:
            return journal.publish()
        done, read = len(journal), 0

        def work(pair: tuple[int, Documents]) -> tuple | None:
            number, batch = pair
            return None if number < done else scored(model, batch, asked, kind)

        for (_, batch), found in in_order(work, enumerate(chain([first], batches)), threads):
            if found is not None:
                journal.add(batch, *found)
            read += batch.read
            step(read, batch.done)
        return journal.finish()


def _plan(model: Model, given: list[str], reading: ReadOptions, asked: OutputOptions, kind: str) -> dict:
    """What must be unchanged for a run to be resumed."""
    files = [[str(path), path.stat().st_size, path.stat().st_mtime_ns] for path in files_of(given)]
    card = hashlib.sha256(json.dumps(model.card, sort_keys=True).encode()).hexdigest()
    options = [asdict(reading), asdict(asked), kind, reading.rows_together]
    return {"inputs": given, "files": files, "model": card, "options": options}
