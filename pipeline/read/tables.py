"""Tables of texts: CSV, TSV, JSONL and Parquet in, as Arrow; every fault names its row."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import InputError

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")
TEXT_COLUMNS = ("text", "sentence", "headline", "snippet", "phrase")


def read_table(path: str | Path) -> pa.Table:
    """Read a whole table, every cell a string (Parquet keeps its types).

    A TSV file is read unquoted: a quotation mark is a character like any other.

    Raises
    ------
    InputError
        Where the file is missing, empty, of another format or not UTF-8.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise InputError(f"{path}: expected a table ({', '.join(TABLE_SUFFIXES)}), got {suffix or 'no suffix'!r}")
    require_file(path)
    readers = {".csv": _read_csv, ".tsv": _read_tsv, ".jsonl": _read_jsonl, ".parquet": _read_parquet}
    table = readers[suffix](path)
    if not table.num_rows:
        raise InputError(f"{path}: expected at least one row under the header, found none")
    return table


def require_file(path: Path) -> None:
    """Raise `InputError` unless there is a file with something in it."""
    if not path.exists():
        raise InputError(f"{path}: no such file; check the path")
    if not path.is_file():
        raise InputError(f"{path}: expected a file, found a folder")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; expected a header and rows")


def column_of(names: list[str], wanted: str | None, usual: tuple[str, ...], path: str | Path) -> str:
    """Of a table's column names the wanted one, or the first of the usual ones that is there."""
    if wanted is not None:
        if wanted in names:
            return wanted
        raise InputError(f"{path}: no column {wanted!r}; the file has {', '.join(names)}")
    for name in usual:
        if name in names:
            return name
    raise InputError(
        f"{path}: expected a column named {' or '.join(usual)}, found {', '.join(names)}; "
        "name yours on the command line"
    )


def strings(table: pa.Table, column: str, path: str | Path) -> pa.Array:
    """A column as strings; null becomes the empty string. Bytes that are no UTF-8 are an `InputError`."""
    values = table.column(column).combine_chunks()
    if pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type):
        values = _decoded(values, path)
    return pc.fill_null(values.cast(pa.large_string()), "")


def _decoded(values: pa.Array, path: str | Path) -> pa.Array:
    try:
        return values.cast(pa.large_string())
    except pa.ArrowInvalid:
        for row, value in enumerate(values.to_pylist(), start=1):
            try:
                (value or b"").decode()
            except UnicodeDecodeError as error:
                raise InputError(
                    f"{path}, row {row}: expected UTF-8, found byte 0x{error.object[error.start]:02x}; "
                    "convert the file, for example with `iconv -t UTF-8`"
                ) from None
        raise


def _read_csv(path: Path, delimiter: str = ",", quote: str | bool = '"') -> pa.Table:
    from pyarrow import csv

    parse = csv.ParseOptions(delimiter=delimiter, quote_char=quote, newlines_in_values=bool(quote))
    try:
        with path.open("rb") as file:
            header = csv.open_csv(file, parse_options=parse).schema.names
        types = dict.fromkeys(header, pa.large_binary())
        convert = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
        return csv.read_csv(path, parse_options=parse, convert_options=convert)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as {path.suffix[1:].upper()}: {_first_line(error)}") from None


def _read_tsv(path: Path) -> pa.Table:
    return _read_csv(path, "\t", False)


def _read_jsonl(path: Path) -> pa.Table:
    rows = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                rows.append(_json_row(line, f"{path}, line {number}"))
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: pa.array([_text(row.get(name)) for row in rows], pa.large_string()) for name in names})


def _json_row(line: bytes, where: str) -> dict:
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: expected UTF-8, found byte 0x{error.object[error.start]:02x}") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{where}: expected one JSON object, got {_first_line(error)}") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}: expected a JSON object, got {type(row).__name__}")
    return row


def _text(value) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read_parquet(path: Path) -> pa.Table:
    from pyarrow import parquet

    try:
        return parquet.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: cannot be read as Parquet: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
