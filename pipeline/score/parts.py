"""A scored file in the making: a folder of finished parts beside it, so that a killed run can go on."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.errors import InputError
from pipeline.score.inputs import Batch
from pipeline.score.output import UNLIKE, header

_PLAN = "plan.json"


@dataclass(frozen=True)
class Totals:
    """What a run did: rows of the output, texts scored, rows set aside, rows read, and where the two files are."""

    rows: int
    scored: int
    rejected: int
    read: int
    out: Path
    rejects: Path


@dataclass(frozen=True)
class Parts:
    """The folder ``<out>.parts``. A part stands in it once its note does; notes are written last."""

    out: Path
    kind: str

    @property
    def folder(self) -> Path:
        """Where the parts are."""
        return self.out.with_name(self.out.name + ".parts")

    def begin(self, plan: dict, resume: bool) -> None:
        """Make the folder, or find there what an earlier run of the same plan left.

        Raises
        ------
        InputError
            Where the output's folder is missing, or an earlier run left parts of another plan, or is not to be resumed.
        """
        if not self.out.parent.is_dir():
            raise InputError(f"{self.out}: no folder {self.out.parent}; make it first")
        here = self.folder / _PLAN
        if not self.folder.exists():
            self.folder.mkdir()
            _written(here, json.dumps(plan).encode())
            return
        if not resume:
            raise InputError(f"{self.folder}: an unfinished run; go on with --resume, or delete the folder")
        found = json.loads(here.read_bytes()) if here.exists() else plan
        if found != plan:
            changed = ", ".join(name for name in plan if plan[name] != found.get(name))
            raise InputError(
                f"{self.folder}: left by another run ({changed} differ); delete the folder and start again"
            )
        _written(here, json.dumps(plan).encode())

    def has(self, number: int) -> bool:
        """Whether a part is finished."""
        return self._note(number).exists()

    def add(self, number: int, batch: Batch, payload: bytes | pa.Table, columns: list[str], rows: int) -> None:
        """Write a part, then the note that it is finished."""
        if isinstance(payload, bytes):
            _written(self._part(number), payload)
        else:
            from pyarrow import parquet

            sink = pa.BufferOutputStream()
            parquet.write_table(payload, sink)
            _written(self._part(number), sink.getvalue())
        rejects = [asdict(reject) for reject in batch.rejects]
        note = {"rows": rows, "scored": len(batch.texts), "read": batch.read, "columns": columns, "rejects": rejects}
        _written(self._note(number), json.dumps(note).encode())

    def join(self) -> Totals:
        """Put the parts together, check that no row was lost, and remove the folder.

        Raises
        ------
        InputError
            Where nothing was scored, the parts have different columns, or the counts do not agree.
        """
        notes = [json.loads(path.read_bytes()) for path in sorted(self.folder.glob("*.note"))]
        set_aside = self.out.with_name(self.out.name + ".rejects.jsonl")
        rejects = [reject for note in notes for reject in note["rejects"]]
        rows, scored, read = (sum(note[name] for note in notes) for name in ("rows", "scored", "read"))
        if scored + len(rejects) != read:
            raise InputError(
                f"{self.folder}: {read:,} rows read, but {scored:,} scored and {len(rejects):,} set aside; "
                "was a file changed meanwhile? delete the folder and start again"
            )
        full = [(number, note) for number, note in enumerate(notes) if note["rows"]]
        if not full:
            raise InputError(f"nothing was scored; {len(rejects):,} rows could not be read")
        if any(note["columns"] != full[0][1]["columns"] for _, note in full):
            raise InputError(UNLIKE)
        whole = self.folder / "whole"
        self._joined(whole, [number for number, _ in full], full[0][1]["columns"])
        lines = b"".join(json.dumps(reject, ensure_ascii=False).encode() + b"\n" for reject in rejects)
        if rejects:
            _written(set_aside, lines)
        else:
            set_aside.unlink(missing_ok=True)
        os.replace(whole, self.out)
        shutil.rmtree(self.folder)
        return Totals(rows, scored, len(rejects), read, self.out, set_aside)

    def _joined(self, whole: Path, numbers: list[int], columns: list[str]) -> None:
        if self.kind == "parquet":
            from pyarrow import parquet

            with parquet.ParquetWriter(whole, parquet.read_schema(self._part(numbers[0]))) as writer:
                for number in numbers:
                    writer.write_table(parquet.read_table(self._part(number)))
            return
        with whole.open("wb") as file:
            if self.kind == "csv":
                file.write(header(columns))
            for number in numbers:
                with self._part(number).open("rb") as part:
                    shutil.copyfileobj(part, file, 1 << 20)

    def _part(self, number: int) -> Path:
        return self.folder / f"{number:08d}.{self.kind}"

    def _note(self, number: int) -> Path:
        return self.folder / f"{number:08d}.note"


def _written(path: Path, content) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.new")
    part.write_bytes(content)
    os.replace(part, path)
