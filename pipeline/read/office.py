"""Read Excel workbooks and Stata files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import numpy as np

from pipeline.arrays.arrow import nullable_strings
from pipeline.errors import InputError, first_line
from pipeline.messages import say
from pipeline.read.bounds import CELLS, COLUMNS, WHOLE, portions, require_columns, require_ratio, require_size, whole
from pipeline.read.rows import Choose, Rows
from pipeline.read.separated import distinct
from pipeline.read.source import Source

_LAST_ROW = 1_048_576  # of a sheet, in Excel


@dataclass(frozen=True)
class _Sheet:
    """The columns of a sheet, each with n cells, and the (n,) numbers of its rows."""

    columns: dict[str, list[Any]]
    numbers: np.ndarray


def read_office(source: Source, choose: Choose) -> Iterator[Rows]:
    """Yield the rows of a Stata file, or of each sheet that has the columns to read. Cells are strings or null.

    The header of a sheet is its first row that is not empty; other empty rows do not count.

    Raises `InputError` if the file is damaged or over a limit, or no sheet has the columns.
    """
    sheets = _sheets(source)
    fitting = _fitting(sheets, choose, source.address)
    if others := ", ".join(sheet for sheet in sheets if sheet not in fitting):
        say(f"{source.address}: skipped sheets without the required columns: {others}")
    for name, sheet in fitting.items():
        cells = {column: [_written(cell) for cell in sheet.columns[column]] for column in choose([*sheet.columns])}
        sizes = np.zeros(len(sheet.numbers), np.int64)
        for column in cells.values():
            sizes += [len(cell or "") for cell in column]
        shown = name if len(fitting) > 1 else ""
        for part in portions(sizes):  # a workbook stores a repeated text only once
            columns = {column: nullable_strings(values[part]) for column, values in cells.items()}
            yield Rows(columns, sheet.numbers[part], [], part.stop - part.start, source.open().size(), shown)


def office_columns(source: Source, choose: Choose) -> list[str]:
    """Return the columns that `read_office` reads, from all sheets; raises as it does."""
    fitting = _fitting(_sheets(source), choose, source.address).values()
    return list(dict.fromkeys(name for sheet in fitting for name in choose([*sheet.columns])))


def _sheets(source: Source) -> dict[str, _Sheet]:
    """Return the sheets of a workbook that are not empty, by name; a Stata file is one sheet."""
    kind = source.suffix
    data = BytesIO(whole(source.unpacked()[1], source.address))
    try:
        sheets = _workbook(data, source.address) if kind == ".xlsx" else {"": _stata(data, source.address)}
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  openpyxl and pandas raise many types: BadZipFile, struct.error
        raise InputError(f"{source.address}: cannot be read as {kind[1:].upper()}: {first_line(error)}") from None
    return {name: sheet for name, sheet in sheets.items() if sheet.columns} or sheets


def _stata(data: BytesIO, address: str) -> _Sheet:
    import pandas as pd

    frame = pd.read_stata(data)
    names = require_columns([str(name) for name in frame.columns], address)
    columns = [[None if pd.isna(cell) else cell for cell in frame[column]] for column in frame.columns]
    return _Sheet(dict(zip(names, columns)), np.arange(1, len(frame) + 1))


def _workbook(data: BytesIO, address: str) -> dict[str, _Sheet]:
    """Return the sheets of a workbook; raises `InputError` if it is a decompression bomb or a sheet is too large."""
    from openpyxl import load_workbook

    with ZipFile(data) as parts:
        size = sum(part.file_size for part in parts.infolist())
        require_ratio(size, data.getbuffer().nbytes, address)
        require_size(size, WHOLE, address)
    book, found = load_workbook(data, read_only=True, data_only=True, keep_links=False), {}
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # those that the file declares may be wrong
        # With a limit, openpyxl yields one more row than there may be if there is any beyond, and no other.
        found[sheet.title] = _sheet(sheet.iter_rows(max_row=_LAST_ROW + 1, values_only=True), address)
    return found


def _sheet(rows: Iterable[tuple[Any, ...]], address: str) -> _Sheet:
    """Collect the rows of a sheet that are not empty.

    pandas would also keep the empty ones, and as many cells in each row as the widest has.
    """
    kept, numbers, width = [], [], 0
    for number, row in enumerate(rows, start=1):
        if number > _LAST_ROW:
            raise InputError(f"{address}: a sheet with more than {_LAST_ROW:,} rows, the limit of Excel")
        filled = next((k for k in range(len(row), 0, -1) if row[k - 1] not in (None, "")), 0)
        if not filled:
            continue
        kept.append(row[:filled])
        numbers.append(number)
        width = max(width, filled)
        if width > COLUMNS:
            raise InputError(f"{address}, row {number}: {width:,} columns; expected at most {COLUMNS:,}")
        if len(kept) * width > CELLS:
            raise InputError(f"{address}: a sheet with more than {CELLS:,} cells; save it as CSV, or split it")
    if not kept:
        return _Sheet({}, np.zeros(0, np.int64))
    names = distinct(
        ["" if name is None else str(_written(name)) for name in (*kept[0], *[None] * (width - len(kept[0])))]
    )
    columns = {name: [row[k] if k < len(row) else None for row in kept[1:]] for k, name in enumerate(names)}
    return _Sheet(columns, np.array(numbers[1:], np.int64))


def _written(cell: Any) -> str | None:
    """Return a cell as a string; a whole number without decimals, as Excel shows it; null for an error of a formula."""
    from openpyxl.cell.cell import ERROR_CODES

    if cell is None or cell in ERROR_CODES:
        return None
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)


def _fitting(sheets: dict[str, _Sheet], choose: Choose, address: str) -> dict[str, _Sheet]:
    """Return the sheets that have the columns to read; raises `InputError` if there are none."""
    fitting, fault = {}, None
    for name, sheet in sheets.items():
        try:
            choose([*sheet.columns])
            fitting[name] = sheet
        except InputError as error:
            fault = fault or error
    if fitting or fault is None:
        return fitting
    if len(sheets) == 1:
        raise fault
    reason = str(fault).removeprefix(f"{address}: ")
    raise InputError(
        f"{address}: none of the sheets {', '.join(sheets)} has the required columns; the first: {reason}"
    ) from None
