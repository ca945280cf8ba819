"""Read JSON with one object per row: with Arrow, or line by line if a block has invalid lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import nullable_strings
from pipeline.errors import InputError
from pipeline.messages import say
from pipeline.read.bounds import BLOCK, MANY, MARK, NESTING, TOO_LONG, TOO_NESTED, nested, require_columns
from pipeline.read.elements import elements
from pipeline.read.records import records
from pipeline.read.rows import SHOWN, Choose, Reject, Rows, not_utf8
from pipeline.read.source import Source

if TYPE_CHECKING:
    from pipeline.read.bounds import Readable

# Columns, line numbers and rejects of a block, and the names of columns not seen before.
_Found: TypeAlias = tuple[dict[str, Any], np.ndarray, list[Reject], set[str]]
_FIRST = 1_000  # lines used to detect the columns and their types
_TYPES = {str: pa.large_string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
_KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
}
_INT64 = 1 << 63
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_jsonl(source: Source, choose: Choose) -> Iterator[Rows]:
    """Yield the rows of a file with one JSON object per line; lines with a value of the wrong type are rejected."""
    raw, stream = source.stream()
    types: dict | None = None
    missed: set[str] = set()
    number = 0
    for block in _begun(stream):
        lines = block.split(b"\n")
        if types is None:
            types, every = _chosen(_objects(lines), choose, source.address, len(lines))
        fast = _fast(block, lines, types, number, every)
        starts = (0,) if fast else range(0, len(lines), MANY)
        for start in starts:
            part = lines if fast else lines[start : start + MANY]
            columns, numbers, rejects, more = fast or _slow(part, types, number + start, source.address)
            if more - missed:
                late = ", ".join(sorted(more - missed))
                say(f"{source.address}: columns {late} first appear after line {_FIRST:,}; ignored")
                missed |= more
            yield Rows(columns, numbers, rejects, sum(1 for line in part if line.strip()), raw.tell())
        number += len(lines) - 1


def read_json_array(source: Source, choose: Choose) -> Iterator[Rows]:
    """Yield the rows of a file that contains one array of JSON objects.

    Raises `pyarrow.ArrowInvalid` if the file is not valid or holds no object, and `InputError` if it has too many columns.
    """
    objects: list[dict] = []
    count = 0
    try:
        for value in elements(source.stream()[1]):  # a file that is damaged anywhere is refused as a whole
            count += 1
            if len(objects) < _FIRST and isinstance(value, dict):
                objects.append(value)
    except UnicodeDecodeError as error:
        raise pa.ArrowInvalid(not_utf8("", 0, error.object, error).reason) from None
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise pa.ArrowInvalid(f"expected an array of objects: {error}") from None
    types, _ = _chosen(objects, choose, source.address, count)
    raw, stream = source.stream()
    numbered = enumerate(elements(stream), start=1)
    while part := list(islice(numbered, MANY)):
        columns, numbers, rejects = _cells(part, types, source.address, lambda value: value)
        yield Rows(columns, numbers, rejects, len(part), raw.tell())


def json_columns(source: Source) -> dict[str, pa.DataType]:
    """Return the columns of a JSONL file and their types, detected from its first lines."""
    block = next(_begun(source.stream()[1]), b"")
    return _types_of(_objects(block.split(b"\n")))


def _begun(stream: Readable) -> Iterator[bytes]:
    """Yield blocks of complete lines; the first block contains an object if there is one in the first 4 MiB."""
    held, begun = b"", False
    for block in records(stream):
        held += block
        begun = begun or len(held) >= BLOCK or bool(_objects(held.split(b"\n")))
        if begun:
            yield held if held.endswith(b"\n") else held + b"\n"
            held = b""
    if held:
        yield held + b"\n"


def _objects(lines: list[bytes]) -> list[dict]:
    """Return the JSON objects among the first lines."""
    found = []
    for line in islice(filter(bytes.strip, lines), _FIRST):
        if nested(line):
            continue
        try:
            value = json.loads(line, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _chosen(objects: list[dict], choose: Choose, path: str, n_lines: int) -> tuple[dict[str, pa.DataType], bool]:
    """Return the types of the columns to read, and whether these are all columns."""
    if not objects:
        where = f" in the first {n_lines:,} lines" if n_lines else ""
        raise pa.ArrowInvalid(f"expected one JSON object per line, found none{where}")
    types = _types_of(objects)
    names = choose(require_columns(list(types), path))
    return {name: types[name] for name in names}, set(names) == set(types)


def _types_of(objects: list[dict]) -> dict[str, pa.DataType]:
    """Return the type of each key's values; if they differ, string, with other values as JSON."""
    kinds: dict[str, set] = {}
    for value in objects:
        for name, cell in value.items():
            if not _SURROGATE.search(name):  # such a name cannot be encoded in any output
                kinds.setdefault(name, set()).add(_kind(cell))
    for name, found in kinds.items():
        found.discard(None)
        if found == {int, float} and all(_is_exact(value.get(name)) for value in objects):
            found.discard(int)
    return {
        name: _TYPES.get(next(iter(found)), _TYPES[str]) if len(found) == 1 else _TYPES[str]
        for name, found in kinds.items()
    }


def _kind(cell: object) -> type | None:
    if cell is None:
        return None
    return str if type(cell) is int and not -_INT64 <= cell < _INT64 else type(cell)


def _is_exact(cell: object) -> bool:
    """Whether a number of a column with fractions stays the same as a float of eight bytes."""
    return type(cell) is not int or abs(cell) <= 1 << 53


def _fast(block: bytes, lines: list[bytes], types: dict, before: int, every: bool) -> _Found | None:
    """Read a block with Arrow; return None if it has invalid lines."""
    from pyarrow import json as arrow_json

    if any(line.lstrip()[:1] not in (b"{", b"") for line in lines):
        return None  # Arrow's reader crashes on a bare null
    if block.count(b"[") + block.count(b"{") > len(lines) + NESTING and any(map(nested, lines)):
        return None  # and on deeply nested lists
    parse = arrow_json.ParseOptions(
        explicit_schema=pa.schema(types.items()), unexpected_field_behavior="infer" if every else "ignore"
    )
    try:
        table = arrow_json.read_json(
            pa.BufferReader(block), arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1), parse
        ).combine_chunks()
        columns = {name: table.column(name).combine_chunks() for name in types}
        for column in columns.values():
            column.validate(full=True)
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    full = np.array([number for number, line in enumerate(lines, start=before + 1) if line.strip()], np.int64)
    return (columns, full, [], {*table.column_names} - {*types}) if table.num_rows == len(full) else None


def _slow(lines: list[bytes], types: dict, before: int, path: str) -> _Found:
    """Read a block line by line and reject invalid lines."""
    full = ((number, line) for number, line in enumerate(lines, start=before + 1) if line.strip())
    return *_cells(full, types, path, _parsed_line), set()


def _parsed_line(line: bytes) -> object:
    """Parse a line; raises `ValueError` if it is over a limit or invalid JSON."""
    if line == MARK or nested(line):
        raise ValueError(TOO_LONG if line == MARK else TOO_NESTED)
    return json.loads(line.decode(), strict=False)


def _cells(
    numbered: Iterable[tuple[int, Any]], types: dict, path: str, parse: Callable[[Any], object]
) -> tuple[dict, np.ndarray, list[Reject]]:
    """Return columns, numbers and rejects of numbered rows; ``parse`` converts each row to an object."""
    cells: list[list[Any]] = []
    numbers, rejects = [], []
    for number, given in numbered:
        try:
            row = parse(given)
            if not isinstance(row, dict):
                raise ValueError(f"expected a JSON object, found {_KINDS[type(row)]}")
            cells.append([_cell(name, row.get(name), kind) for name, kind in types.items()])
            numbers.append(number)
        except UnicodeDecodeError as error:
            rejects.append(not_utf8(path, number, given, error))
        except (ValueError, RecursionError) as error:
            broken = isinstance(error, (json.JSONDecodeError, RecursionError))
            reason = f"expected one JSON object, found invalid JSON: {error}" if broken else str(error)
            shown = "" if given == MARK else given.decode(errors="replace") if isinstance(given, bytes) else str(given)
            rejects.append(Reject(path, number, reason[:160], shown[:SHOWN]))
    columns = {
        name: nullable_strings([row[k] for row in cells])
        if kind == _TYPES[str]
        else pa.array([row[k] for row in cells], kind)
        for k, (name, kind) in enumerate(types.items())
    }
    return columns, np.array(numbers, np.int64), rejects


def _cell(name: str, value: object, kind: pa.DataType) -> object:
    """Convert a value to the type of its column; raises `ValueError` if it does not fit."""
    if value is None:
        return None
    if kind == _TYPES[str]:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if lone := _SURROGATE.search(text):
            raise ValueError(f"a lone surrogate, U+{ord(lone[0]):X}, which is not a character")
        return text
    fits = _kind(value) in ((int, float) if kind == _TYPES[float] else (next(t for t in _TYPES if _TYPES[t] == kind),))
    if not fits:
        raise ValueError(f"column {name}: expected {kind} as in the first rows, found {value!r}")
    return value
