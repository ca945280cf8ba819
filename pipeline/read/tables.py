"""Tables of texts: CSV, TSV, JSONL and Parquet in, as Arrow; every fault names its row."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import InputError
from pipeline.read.source import COMPRESSED, Dialect, dialect, on_disk

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx", ".dta")
TEXT_COLUMNS = ("text", "sentence", "headline", "snippet", "phrase")


def read_table(path: str | Path, encoding: str | None = None, delimiter: str | None = None) -> pa.Table:
    """Read a whole table, every cell a string (Parquet keeps its types).

    Encoding, compression, separator and quoting are told by the file (`pipeline.read.source`) where they are not given.

    Raises
    ------
    InputError
        Where the file is missing, empty, of another format or not UTF-8.
    """
    path = Path(path)
    suffix = (path.with_suffix("") if path.suffix.lower() in COMPRESSED else path).suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise InputError(f"{path}: expected a table ({', '.join(TABLE_SUFFIXES)}), got {suffix or 'no suffix'!r}")
    source = on_disk(path, encoding)
    if suffix == ".parquet":
        table = _read_parquet(path)
    elif suffix in (".xlsx", ".dta"):
        table = _read_office(path, suffix)
    elif suffix in (".jsonl", ".json"):
        table = _read_json(source.stream()[1].read(), path)
    else:
        table = _read_csv(source, dialect(source, suffix, delimiter))
    if not table.num_rows:
        raise InputError(f"{path}: expected at least one row under the header, found none")
    return table


def column_of(names: list[str], wanted: str | None, usual: tuple[str, ...], path: str | Path) -> str:
    """Of a table's column names the wanted one, or the first of the usual ones that is there."""
    plain = {name.strip().lower(): name for name in reversed(names)}
    if wanted is not None:
        if wanted in names or wanted.lower() in plain:
            return wanted if wanted in names else plain[wanted.lower()]
        raise InputError(f"{path}: no column {wanted!r}; the file has {', '.join(names)}")
    for name in usual:
        if name in names or name in plain:
            return name if name in names else plain[name]
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


def _read_csv(source, written: Dialect) -> pa.Table:
    from pyarrow import csv

    parse = csv.ParseOptions(
        delimiter=written.delimiter,
        quote_char='"' if written.quoted else False,
        newlines_in_values=written.quoted,
    )
    try:
        header = csv.open_csv(source.stream()[1], parse_options=parse).schema.names
        types = dict.fromkeys(header, pa.large_binary())
        convert = csv.ConvertOptions(column_types=types, strings_can_be_null=False)
        return csv.read_csv(source.stream()[1], parse_options=parse, convert_options=convert)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        kind = Path(source.address).suffix[1:].upper()
        raise InputError(f"{source.address}: cannot be read as {kind}: {_first_line(error)}") from None


def _read_office(path: Path, suffix: str) -> pa.Table:
    """An Excel sheet or a Stata file, every cell a string."""
    import pandas as pd

    try:
        frame = pd.read_excel(path, dtype=object) if suffix == ".xlsx" else pd.read_stata(path)
    except (ValueError, OSError, KeyError, ImportError) as error:
        raise InputError(f"{path}: cannot be read as {suffix[1:]}: {_first_line(error)}") from None
    cells = {str(name): ["" if pd.isna(cell) else str(cell) for cell in frame[name]] for name in frame.columns}
    return pa.table({name: pa.array(column, pa.large_string()) for name, column in cells.items()})


def _read_json(data: bytes, path: Path) -> pa.Table:
    """Objects, one a line or in one array."""
    if data.lstrip()[:1] == b"[":
        try:
            rows = json.loads(data.decode())
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise InputError(f"{path}: expected an array of JSON objects, got {_first_line(error)}") from None
        if not all(isinstance(row, dict) for row in rows):
            raise InputError(f"{path}: expected an array of JSON objects, got other values in it")
    else:
        lines = enumerate(data.split(b"\n"), start=1)
        rows = [_json_row(line, f"{path}, line {number}") for number, line in lines if line.strip()]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: pa.array([_text(row.get(name)) for row in rows], pa.large_string()) for name in names})


def _json_row(line: bytes, where: str) -> dict:
    try:
        row = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: expected UTF-8, found byte 0x{error.object[error.start]:02x}") from None
    except (json.JSONDecodeError, RecursionError) as error:
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
