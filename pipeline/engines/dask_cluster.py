"""Scoring on a Dask cluster, from and to any fsspec URL.

A task is a row group of a Parquet file, or a whole JSONL, CSV or TSV file. Each task writes one Parquet file
atomically, so rerunning a task after a lost worker produces the same file. Each worker receives the model once,
including workers that join later. Dask and fsspec are optional dependencies, imported where they are used.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.errors import DetenteError, InputError, first_line
from pipeline.messages import count_of, say
from pipeline.model.folder import FILES
from pipeline.model.store import Model, load
from pipeline.read.columnar import parquet_file
from pipeline.read.documents import ReadOptions, read_documents, require_passing
from pipeline.read.files import files_at, filesystem_of, open_address
from pipeline.read.source import Source, suffix_of
from pipeline.score.documents import OutputOptions, score_documents
from pipeline.write.aside import Totals, listed
from pipeline.write.tables import table_of

if TYPE_CHECKING:
    from distributed import Client, Worker, WorkerPlugin

PATIENCE = "10s"  # how long to wait for a scheduler
_PLUGIN_NAME = "detente-model"
_SUFFIXES = (".parquet", ".jsonl", ".csv", ".tsv")


@dataclass(frozen=True)
class Task:
    """A part of the input, numbered in input order: a file and one of its row groups (None: the whole file)."""

    number: int
    address: str
    group: int | None = None


def tasks_of(urls: list[str]) -> list[Task]:
    """The tasks for URLs of files, folders and patterns.

    Raises `InputError` if no file matches, one cannot be read, or Dask is not installed.
    """
    _require_dask()
    if not urls:
        raise InputError("nothing to score: give URLs of Parquet, JSONL, CSV or TSV files")
    parts = []
    for address in (found for one in urls for found in _files_of(one)):
        parquet = suffix_of(PurePosixPath(address)) == ".parquet"
        parts += [(address, group) for group in (_row_groups(address) if parquet else [None])]
    return [Task(number, *part) for number, part in enumerate(parts)]


def score_on_cluster(
    model: Model,
    tasks: list[Task],
    reading: ReadOptions,
    options: OutputOptions,
    out: str,
    cluster: str,
    progress: Callable[[int, int], None] = lambda rows, done: None,
) -> Totals:
    """Score on a cluster into a folder of Parquet files, in input order.

    Raises `InputError` if an input or the output is invalid, or Dask is not installed or does not respond.

    Parameters
    ----------
    out : URL of the output folder, which must be empty or new.
    cluster : the address of a Dask scheduler, or ``local`` for workers on this machine.
    progress : called after each task with the rows read and the tasks done so far.
    """
    addresses = dict.fromkeys(task.address for task in tasks)
    require_passing((Source(address, partial(open_address, address)) for address in addresses), reading)
    filesystem, folder = filesystem_of(out)
    if filesystem.exists(folder) and (filesystem.isfile(folder) or filesystem.ls(folder)):
        raise InputError(f"{out}: expected a new or empty folder, found one that is not empty; name another folder")
    filesystem.makedirs(folder, exist_ok=True)
    counts = []
    with connected(cluster) as client:
        from distributed import as_completed

        client.register_plugin(_model_plugin(model), name=_PLUGIN_NAME)
        futures = client.map(partial(_run_task, reading=reading, options=options, out=out), tasks, pure=False)
        # Fetch each result at once: later, it may be lost together with its worker.
        for future, counted in as_completed(futures, with_results=True, raise_errors=False):
            if future.status in ("error", "cancelled"):
                error = future.exception()
                if isinstance(error, DetenteError):
                    raise error
                raise InputError(f"a worker failed; see its log: {type(error).__name__}: {error}")
            counts.append(counted)
            future.release()
            progress(sum(count[-1] for count in counts), len(counts))
    rows, scored, rejected, read = (sum(column) for column in zip(*counts))
    if scored + rejected != read:
        raise InputError(
            f"{out}: {read:,} rows read, but {scored:,} scored and {rejected:,} rejected; empty it and rerun"
        )
    return Totals(rows, scored, rejected, read, out, f"{out}/_rejects-*.jsonl", rejected)


def _run_task(task: Task, reading: ReadOptions, options: OutputOptions, out: str) -> tuple[int, int, int, int]:
    """Run one task on a worker; returns the numbers of rows written, texts scored, rows rejected and rows read."""
    from distributed import get_worker
    from pyarrow import parquet

    model = get_worker().plugins[_PLUGIN_NAME].model  # type: ignore[attr-defined]  # of `_model_plugin`
    source = Source(task.address, partial(open_address, task.address), None if task.group is None else (task.group,))
    batches = list(read_documents(source, reading))
    tables = [table_of(score_documents(model, batch, options)) for batch in batches]
    buffer = pa.BufferOutputStream()
    table = pa.concat_tables(tables)
    parquet.write_table(table, buffer, use_dictionary=[n for n in ("stance", "event") if n in table.column_names])
    _write(f"{out}/part-{task.number:06}.parquet", buffer.getvalue())
    rejects = [reject for batch in batches for reject in batch.rejects]
    if rejects:
        _write(f"{out}/_rejects-{task.number:06}.jsonl", listed(rejects))  # readers ignore names with "_"
    scored, read = (sum(counts) for counts in zip(*((len(batch), batch.read) for batch in batches)))
    return table.num_rows, scored, len(rejects), read


def _require_dask() -> None:
    if find_spec("distributed") is None or find_spec("fsspec") is None:
        raise InputError("--dask: Dask is not installed; pip install distributed fsspec")


def _files_of(url: str) -> list[str]:
    """The supported files of a URL, folder or pattern, sorted by name."""
    found = files_at(url)
    files = [file for file in found if suffix_of(PurePosixPath(file)) in _SUFFIXES]
    if not files:
        raise InputError(f"{url}: found no Parquet, JSONL, CSV or TSV file; score other formats without --dask")
    if n_skipped := len(found) - len(files):
        say(f"{url}: {count_of(n_skipped, 'file')} skipped; --dask scores only Parquet, JSONL, CSV and TSV")
    return files


def _row_groups(address: str) -> range:
    try:
        return range(parquet_file(open_address(address)).num_row_groups)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{address}: cannot be read as Parquet: {first_line(error)}") from None


def _write(address: str, content: bytes | memoryview) -> None:
    """Write a file atomically."""
    filesystem, path = filesystem_of(address)
    folder, _, name = path.rpartition("/")
    with filesystem.open(f"{folder}/.{name}.new", "wb") as file:
        file.write(content)
    filesystem.mv(f"{folder}/.{name}.new", path)


@contextmanager
def connected(cluster: str) -> Iterator[Client]:
    """A client of the scheduler at an address, or for ``local`` of workers on this machine; raises `InputError`."""
    _require_dask()
    import dask
    from distributed import Client, LocalCluster

    dask.config.set({"distributed.worker.daemon": False})
    try:
        local = LocalCluster(threads_per_worker=1, dashboard_address=None) if cluster == "local" else None
        client = Client(local or cluster, timeout=PATIENCE)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            f"--dask {cluster}: no scheduler responds; check the address: {first_line(error, 120)}"
        ) from None
    try:
        yield client
    finally:
        client.close()
        if local:
            local.close()


def _model_plugin(model: Model) -> WorkerPlugin:
    from distributed import WorkerPlugin

    class ModelPlugin(WorkerPlugin):
        """Loads the model on a worker."""

        def __init__(self, files: dict[str, bytes]) -> None:
            self.files = files

        def setup(self, worker: Worker) -> None:  # noqa: ARG002  required by Dask
            with tempfile.TemporaryDirectory() as folder:
                for name, content in self.files.items():
                    (Path(folder) / name).write_bytes(content)
                self.model = load(folder)

    return ModelPlugin({name: (model.folder / name).read_bytes() for name in (FILES.card, FILES.weights)})
