"""A scored file in the making: what is finished stands in a folder beside it, so that a killed run can go on."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Self

from filelock import FileLock, Timeout

from pipeline.errors import InputError
from pipeline.read.documents import Documents
from pipeline.whole import replacing, require_folder, require_other, require_outputs, target_of, write_whole
from pipeline.write.formats import RowWriter, open_writer
from pipeline.write.output import UNLIKE
from pipeline.write.totals import Totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa


_FINISHED = "finished"
_OURS = {"lock", "owner", "plan.json", "journal", "rejects", "rows", "whole", _FINISHED}


class Journal:
    """The folder ``<out>.parts``: rows and rejects so far, and a line of the journal for each finished batch.

    The line is written last and says how long the files are then. What stands behind that is the beginning of a batch
    that was never finished, and is cut off when the run goes on.
    """

    def __init__(self, out: Path, kind: str) -> None:
        self.out, self.kind = target_of(out), kind
        self.folder = self.out.with_name(f"{self.out.name}.parts")
        self.rejects = self.out.with_name(f"{self.out.name}.rejects.jsonl")
        self._gone = self.folder.with_name(f".{self.folder.name}.gone")
        self._lines: list[dict] = []
        self._sink: RowWriter | None = None
        self._held: FileLock | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._held is not None:
            self._held.release()

    def __len__(self) -> int:
        """How many batches are finished."""
        return len(self._lines)

    def require_other(self, inputs: Iterable[Path]) -> None:
        """Raise `InputError` if anything that a run writes or removes is an input."""
        inputs = list(inputs)
        require_outputs((self.out, self.rejects), inputs)
        for folder in (self.folder, self._gone):
            require_other(folder, inputs)

    def begin(self, plan: dict, resume: bool) -> None:
        """Make the folder, or find there what an earlier run of the same plan left.

        What an earlier run left without a finished batch, or by another plan, is of no use and started anew.

        Raises
        ------
        InputError
            Where the output's folder is missing, ``<out>.parts`` is somebody else's, another run is writing this output, or
            an earlier run can be resumed and is not, or cannot and should be.
        """
        require_folder(self.out)
        target_of(self.rejects)
        _require_ours(self.folder, {"lock", "plan.json"})
        _require_ours(self._gone, _OURS)
        self._lock()
        here = self.folder / "plan.json"
        found = _read_plan(here)
        if found is not None and found != plan and resume:
            changed = ", ".join(name for name in plan if plan[name] != found.get(name))
            raise InputError(
                f"{self.folder}: left by another run ({changed} differ); run without --resume to start again"
            )
        if found == plan and not resume and (self._finished() or self.is_finished):
            raise InputError(f"{self.folder}: an unfinished run of the same inputs; go on with --resume")
        if found != plan:
            self._empty()
        if self.is_finished:
            return
        write_whole(here, json.dumps(plan).encode())
        self._lines = self._finished()
        write_whole(self.folder / "journal", b"".join(map(_line, self._lines)))
        with (self.folder / "rejects").open("ab") as file:
            file.truncate(self._lines[-1]["rejects"] if self._lines else 0)

    def _lock(self) -> None:
        """Take the folder for this process; the system gives it back when the process ends, however it does."""
        self.folder.mkdir(exist_ok=True)
        owner = self.folder / "owner"
        self._held = FileLock(self.folder / "lock")
        try:
            self._held.acquire(timeout=0)
        except Timeout:
            who = owner.read_text() if owner.exists() else "unknown"
            raise InputError(
                f"{self.out}: another run, process {who}, is writing this; wait for it or stop it"
            ) from None
        owner.write_text(str(os.getpid()))

    def _empty(self) -> None:
        """Remove what an earlier run left, the lock apart."""
        for path in self.folder.iterdir():
            if path.name not in ("lock", "owner"):
                path.unlink()

    def add(self, batch: Documents, payload: pa.Table | bytes, columns: list[str], n_rows: int) -> None:
        """Write the rows of the next batch down, then that they are."""
        if n_rows and self.kind != "jsonl" and columns != self._columns(columns):
            raise InputError(UNLIKE)
        end = self._sink_for(columns).add(payload) if n_rows else self._end
        with (self.folder / "rejects").open("ab") as file:
            file.write(b"".join(_line(asdict(reject)) for reject in batch.rejects))
            rejects = file.tell()
        counts = {"n": n_rows, "scored": len(batch), "rejected": len(batch.rejects), "read": batch.read}
        counts["files"] = sum(reject.row == 0 for reject in batch.rejects)
        self._lines.append({**counts, "columns": columns, "rows": end, "rejects": rejects})
        with (self.folder / "journal").open("ab") as file:
            file.write(_line(self._lines[-1]))

    def finish(self) -> Totals:
        """Check that no row was lost, complete the file, and `publish` it.

        Raises
        ------
        InputError
            Where nothing was scored, or the counts do not agree.
        """
        names = ("n", "scored", "rejected", "read", "files")
        n_rows, scored, rejected, read, files = (sum(line[name] for line in self._lines) for name in names)
        if scored + rejected != read:
            raise InputError(
                f"{self.folder}: {read:,} rows read, but {scored:,} scored and {rejected:,} set aside; "
                "was a file changed meanwhile? delete the folder and start again"
            )
        if not n_rows:
            self._give_up()
            raise InputError(f"nothing was scored; {rejected:,} rows could not be read; see {self.rejects}")
        whole = self._sink_for(self._columns([])).finish(self._end, n_rows)
        totals = {"rows": n_rows, "scored": scored, "rejected": rejected, "read": read, "files": files}
        totals["whole"] = whole.name
        write_whole(self.folder / _FINISHED, json.dumps(totals).encode())
        return self.publish()

    @property
    def is_finished(self) -> bool:
        """Whether all rows are written and only `publish` is left to do."""
        return (self.folder / _FINISHED).exists()

    def publish(self) -> Totals:
        """Put the finished files in their place and remove the folder; what is done of it already is passed over."""
        totals = json.loads((self.folder / _FINISHED).read_bytes())
        whole = self.folder / totals.pop("whole")
        if whole.exists():
            os.replace(whole, self.out)
        if totals["rejected"]:
            self._keep_rejects()
        else:
            target_of(self.rejects).unlink(missing_ok=True)
        self._remove()
        return Totals(**totals, out=self.out, rejects=self.rejects)

    def _give_up(self) -> None:
        """Keep the rejects of a run that scored nothing, and nothing else."""
        self._keep_rejects()
        self._remove()

    def _keep_rejects(self) -> None:
        with replacing(self.rejects) as part:  # may be a link to another disk
            shutil.copyfile(self.folder / "rejects", part)

    def _remove(self) -> None:
        # Under another name first: half a folder must not look like a run that can go on.
        shutil.rmtree(self._gone, ignore_errors=True)
        os.replace(self.folder, self._gone)
        shutil.rmtree(self._gone)

    @property
    def _end(self) -> int:
        return self._lines[-1]["rows"] if self._lines else 0

    def _columns(self, default: list[str]) -> list[str]:
        """The columns of the rows so far."""
        return next((line["columns"] for line in self._lines if line["n"]), default)

    def _sink_for(self, columns: list[str]) -> RowWriter:
        if self._sink is None:
            ends = [line["rows"] for line in self._lines if line["n"]]
            self._sink = open_writer(self.folder, self.kind, columns, ends)
        return self._sink

    def _finished(self) -> list[dict]:
        """The lines of the journal; the last one may have been cut short."""
        path = self.folder / "journal"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]


def _require_ours(folder: Path, signs: set[str]) -> None:
    """Raise `InputError` if there is something that no run has left, or a folder without any of the ``signs`` of one."""
    if not os.path.lexists(folder):
        return
    names = {path.name for path in folder.iterdir()} if folder.is_dir() and not folder.is_symlink() else {folder.name}
    foreign = {name for name in names - _OURS if not (name[0] == "." and name.endswith(".part"))}
    if foreign or (names and not names & signs):
        raise InputError(
            f"{folder}: expected what an earlier run left, found {min(foreign or names)}, which is not ours; "
            "move it away or name another file with --out"
        )


def _read_plan(path: Path) -> dict | None:
    """The plan of an earlier run; None where there is none, or it is not whole."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _line(row: dict) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"
