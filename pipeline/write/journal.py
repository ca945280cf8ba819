"""Journal of an unfinished output, for `--resume`: finished batches are kept in a folder beside the output."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec
from filelock import FileLock, Timeout

from pipeline.atomic import replacing, require_folder, require_other, require_outputs, target_of, write_whole
from pipeline.errors import InputError
from pipeline.messages import count_of
from pipeline.read.documents import Documents
from pipeline.write.aside import Totals, listed
from pipeline.write.formats import RowWriter, cut_back, open_writer
from pipeline.write.output import MIXED_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa


_FINISHED = "finished"
_COUNTS = ("n", "scored", "rejected", "read", "rejected_rows")  # of a batch, in its journal line
_OWN_FILES = {"lock", "owner", "plan.json", "journal", "rejects", "rows", "whole", _FINISHED}


class Journal:
    """The folder ``<out>.parts``: rows and rejects so far, and one journal line per finished batch.

    The line is written last and records the sizes of the other files. Bytes beyond them belong to an unfinished batch
    and are truncated on resume.
    """

    def __init__(self, out: Path, kind: str) -> None:
        self.out, self.kind = target_of(out), kind
        self.folder = self.out.with_name(f"{self.out.name}.parts")
        self.rejects = self.out.with_name(f"{self.out.name}.rejects.jsonl")
        self._trash = self.folder.with_name(f".{self.folder.name}.gone")
        self._lines: list[dict] = []
        self._writer: RowWriter | None = None
        self._lock = FileLock(self.folder / "lock")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def __len__(self) -> int:
        """Number of finished batches."""
        return len(self._lines)

    def require_other(self, inputs: Iterable[Path]) -> None:
        """Raise `InputError` if a file or folder that a run writes or deletes is an input."""
        inputs = list(inputs)
        require_folder(self.out)
        require_outputs((self.out, self.rejects), inputs)
        for folder in (self.folder, self._trash):
            require_other(folder, inputs)

    def begin(self, plan: dict, resume: bool) -> None:
        """Create the folder, or load the state of an earlier run with the same plan.

        The state of a run with another plan (without ``resume``) or without a finished batch is discarded.

        Raises `InputError` if the output's folder is missing, ``<out>.parts`` contains other files, another run is
        writing this output, an earlier run can be resumed but ``resume`` is not set, or ``resume`` is set but the plans
        differ.
        """
        require_folder(self.out)
        target_of(self.rejects)
        _require_own(self.folder, {"lock", "plan.json"})
        _require_own(self._trash, _OWN_FILES)
        self._acquire_lock()
        plan_file, found = self.folder / "plan.json", None
        with suppress(FileNotFoundError, ValueError):  # missing or incomplete
            found = msgspec.json.decode(plan_file.read_bytes(), type=dict)
        if found is not None and found != plan and resume:
            changed = ", ".join(name for name in plan if plan[name] != found.get(name))
            raise InputError(
                f"{self.folder}: cannot resume, because these have changed: {changed}; omit --resume to start over"
            )
        if found == plan and not resume and (self._read_lines() or self.is_finished):
            raise InputError(f"{self.folder}: found an unfinished run of the same inputs; continue it with --resume")
        if found != plan:
            self._clear()
        if self.is_finished:
            return
        write_whole(plan_file, json.dumps(plan).encode())
        self._lines = self._read_lines()
        write_whole(self.folder / "journal", b"".join(map(_line, self._lines)))
        with (self.folder / "rejects").open("ab") as file:
            cut_back(file, self._lines[-1]["rejects"] if self._lines else 0)

    def _acquire_lock(self) -> None:
        """Lock the folder for this process; the operating system releases the lock when the process ends."""
        self.folder.mkdir(exist_ok=True)
        owner = self.folder / "owner"
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            who = owner.read_text() if owner.exists() else "unknown"
            raise InputError(
                f"{self.out}: another run (process {who}) is writing this output; wait for it or stop it"
            ) from None
        owner.write_text(str(os.getpid()))

    def _clear(self) -> None:
        """Delete the files of an earlier run, except the lock."""
        for path in self.folder.iterdir():
            if path.name not in ("lock", "owner"):
                path.unlink()

    def add(self, batch: Documents, payload: pa.Table | bytes, columns: list[str], n_rows: int) -> None:
        """Append the rows and rejects of the next batch, then its journal line; raises `InputError` if columns differ."""
        if n_rows and self.kind != "jsonl" and columns != self._written_columns(columns):
            raise InputError(MIXED_COLUMNS)
        end = self._writer_for(columns).add(payload) if n_rows else self._rows_size
        with (self.folder / "rejects").open("ab") as file:
            file.write(listed(batch.rejects))
            rejects = file.tell()
        counts = (n_rows, len(batch), len(batch.rejects), batch.read, batch.n_rejected_rows)
        self._lines.append({**dict(zip(_COUNTS, counts)), "columns": columns, "rows": end, "rejects": rejects})
        with (self.folder / "journal").open("ab") as file:
            file.write(_line(self._lines[-1]))

    def finish(self) -> Totals:
        """Check that no row was lost, close the file and `publish` it.

        Raises `InputError` if no text could be read, or the counts do not add up.
        """
        counts = {name: sum(line[name] for line in self._lines) for name in _COUNTS}
        n_rows, scored, rejected, read, _ = counts.values()
        if scored + rejected != read:
            raise InputError(
                f"{self.folder}: {read:,} rows read, but {scored:,} scored and {rejected:,} rejected; "
                "an input may have changed during the run; delete the folder and start over"
            )
        if not n_rows:
            self._keep_rejects()
            self._remove()
            raise InputError(f"no text could be read: {count_of(rejected, 'row')} rejected; see {self.rejects}")
        complete = self._writer_for(self._written_columns([])).finish(self._rows_size, n_rows)
        write_whole(self.folder / _FINISHED, json.dumps({**counts, "whole": complete.name}))
        return self.publish()

    @property
    def is_finished(self) -> bool:
        """Whether all rows are written and only `publish` remains."""
        return (self.folder / _FINISHED).exists()

    def publish(self) -> Totals:
        """Move the finished files into place and delete the folder; steps done before a crash are skipped."""
        totals = json.loads((self.folder / _FINISHED).read_bytes())
        complete = self.folder / totals.pop("whole")
        if complete.exists():
            os.replace(complete, self.out)
        if totals["rejected"]:
            self._keep_rejects()
        else:
            target_of(self.rejects).unlink(missing_ok=True)
        self._remove()
        return Totals(totals.pop("n"), **totals, out=self.out, rejects=self.rejects)

    def _keep_rejects(self) -> None:
        with replacing(self.rejects) as part:  # may be a link to another file system
            shutil.copyfile(self.folder / "rejects", part)

    def _remove(self) -> None:
        # Rename first: a half-deleted folder must not look like a resumable run.
        shutil.rmtree(self._trash, ignore_errors=True)
        os.replace(self.folder, self._trash)
        shutil.rmtree(self._trash)

    @property
    def _rows_size(self) -> int:
        return self._lines[-1]["rows"] if self._lines else 0

    def _written_columns(self, default: list[str]) -> list[str]:
        """The columns of the rows written so far."""
        return next((line["columns"] for line in self._lines if line["n"]), default)

    def _writer_for(self, columns: list[str]) -> RowWriter:
        if self._writer is None:
            ends = [line["rows"] for line in self._lines if line["n"]]
            self._writer = open_writer(self.folder, self.kind, columns, ends)
        return self._writer

    def _read_lines(self) -> list[dict]:
        """The complete lines of the journal, up to one that is damaged; a truncated last line is dropped."""
        path, out = self.folder / "journal", []
        for line in path.read_bytes().split(b"\n")[:-1] if path.exists() else ():
            try:
                out.append(msgspec.json.decode(line, type=dict))
            except msgspec.DecodeError:
                break
        return out


def _require_own(folder: Path, markers: set[str]) -> None:
    """Raise `InputError` if the path is not a run's folder: it has other files or none of the ``markers``."""
    if not os.path.lexists(folder):
        return
    names = {path.name for path in folder.iterdir()} if folder.is_dir() and not folder.is_symlink() else {folder.name}
    foreign = {name for name in names - _OWN_FILES if not (name[0] == "." and name.endswith(".part"))}
    if foreign or (names and not names & markers):
        raise InputError(
            f"{folder}: expected the folder of an earlier run, found {min(foreign or names)}, which Detente did not "
            "write; move it or name another file with --out"
        )


def _line(row: dict) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
