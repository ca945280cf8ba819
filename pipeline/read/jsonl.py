"""JSONL by blocks of lines: by Arrow where all is well, line by line where something is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError

SHOWN = 200  # characters of a row that a reject quotes


@dataclass(frozen=True)
class Reject:
    """A row that cannot be read: its file, its number (a line's in JSONL, a header counting), why, how it begins."""

    file: str
    row: int
    reason: str
    text: str


def blocks(stream: pa.NativeFile, size: int) -> Iterator[bytes]:
    """Whole lines, about ``size`` bytes together, each block with its last line end."""
    rest = b""
    while chunk := stream.read(size):
        cut = chunk.rfind(b"\n") + 1
        if cut:
            yield rest + chunk[:cut]
            rest = chunk[cut:]
        else:
            rest += chunk
    if rest:
        yield rest + b"\n"


def first_keys(lines: list[bytes], path: str) -> list[str]:
    """The keys of the first line that is a JSON object."""
    for line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            return list(row)
    raise InputError(f"{path}: expected one JSON object a line, found none in the first {len(lines):,} lines")


def parsed(block: bytes, lines: list[bytes], names: list[str], before: int, path: str):
    """The columns of a block, the places of its readable lines among those not blank, and its rejects."""
    return _fast(block, lines, names) or _slow(lines, names, before, path)


def _fast(block: bytes, lines: list[bytes], names: list[str]):
    """Columns read by Arrow, or None where a line is not what the others are."""
    from pyarrow import json as arrow_json

    if any(line.lstrip()[:1] not in (b"{", b"") for line in lines):
        return None  # a bare null would end Arrow's reader, and the program
    parse = arrow_json.ParseOptions(
        explicit_schema=pa.schema([(name, pa.large_string()) for name in names]), unexpected_field_behavior="ignore"
    )
    try:
        table = arrow_json.read_json(
            pa.BufferReader(block), arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1), parse
        ).combine_chunks()
        columns = {name: table.column(name).combine_chunks() for name in names}
        for column in columns.values():
            column.validate(full=True)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    full = sum(1 for line in lines if line.strip())
    return (columns, np.arange(full), []) if table.num_rows == full else None


def _slow(lines: list[bytes], names: list[str], before: int, path: str):
    """Columns read line by line, bad lines told apart."""
    rows, taken, rejects, place = [], [], [], -1
    for number, line in enumerate(lines, start=before + 1):
        if not line.strip():
            continue
        place += 1
        try:
            row = json.loads(line.decode(), strict=False)
            if not isinstance(row, dict):
                raise ValueError(f"expected a JSON object, got {type(row).__name__}")
            cells = [_text(row.get(name)) for name in names]
            taken.append(place)
            rows.append(cells)
        except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are kinds of it
            rejects.append(Reject(path, number, str(error)[:160], line.decode(errors="replace")[:SHOWN]))
    columns = {name: as_strings([row[k] for row in rows]) for k, name in enumerate(names)}
    return columns, np.array(taken, np.int64), rejects


def _text(value) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text.encode()  # a lone surrogate is no text
    return text
