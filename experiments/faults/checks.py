"""Whether the files that a run published are complete."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from experiments.faults.commands import SHA, Command
from pipeline.errors import DetenteError
from pipeline.model.store import load


def incomplete(place: Path) -> Iterator[str]:
    """What is wrong with the files of a folder that have a final name."""
    for path in sorted(place.rglob("*")):
        inner = path.relative_to(place).parts
        passed_over = (
            any(part.startswith(".") or part.endswith((".parts", ".part")) for part in inner) or "unsent" in inner
        )
        if path.is_file() and not passed_over and (check := CHECKS.get(path.suffix)):
            try:
                check(path)
            except (DetenteError, ValueError, KeyError, OSError, sqlite3.Error, AssertionError) as error:
                yield f"{path.relative_to(place)}: {type(error).__name__} {error}"


def digests(command: Command, place: Path) -> dict[str, str]:
    """The hashes of the promised files that exist."""
    made = {name: place / name for name in command.promised if (place / name).exists()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in made.items()}


def _lines(path: Path) -> None:
    content = path.read_text()
    assert content.endswith("\n"), "its last line is cut off"
    for line in content.splitlines():
        json.loads(line)


def _csv(path: Path) -> None:
    with path.open(newline="") as file:
        assert len({len(row) for row in csv.reader(file, strict=True)}) == 1, "its rows differ in length"


def _parquet(path: Path) -> None:
    from pyarrow import parquet

    parquet.read_table(path).validate(full=True)


def _ends(end: bytes) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        assert path.read_bytes().rstrip().endswith(end), "its end is missing"

    return check


def _model(path: Path) -> None:
    load(path.parent)


def _database(path: Path) -> None:
    with sqlite3.connect(path) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",), "its pages do not fit"


def _corpus(path: Path) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA, "its hash is another"


CHECKS: dict[str, Callable[[Path], None]] = {
    ".jsonl": _lines,
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": lambda path: json.loads(path.read_text()),
    ".toml": lambda path: tomllib.loads(path.read_text()),
    ".png": _ends(b"IEND\xaeB`\x82"),
    ".html": _ends(b"</html>"),
    ".safetensors": _model,
    ".db": _database,
    ".tsv": _corpus,
}
