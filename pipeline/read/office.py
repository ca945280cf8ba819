"""Read Excel workbooks and Stata files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import IO, TYPE_CHECKING
from zipfile import ZipFile

import numpy as np

from pipeline.arrays.arrow import nullable_strings
from pipeline.errors import InputError, first_line
from pipeline.messages import say
from pipeline.read.bounds import (
    BLOCK,
    CELLS,
    RECORD,
    WHOLE,
    portions,
    require_columns,
    require_ratio,
    require_size,
    whole,
)
from pipeline.read.rows import Choose, Rows
from pipeline.read.source import Source

if TYPE_CHECKING:
    import pandas as pd

_TAG = re.compile(rb'<(?:\w+:)?(?P<name>row|c)\b(?:[^>]*?\sr="(?P<letters>[A-Z]{0,3})(?P<number>\d{1,7})")?')


def read_office(source: Source, choose: Choose) -> Iterator[Rows]:
    """Yield the rows of a Stata file, or of each sheet that has the columns to read. Cells are strings or null."""
    import pandas as pd

    sheets = _sheets(source)
    fitting = _fitting(sheets, choose, source.address)
    if others := ", ".join(sheet for sheet in sheets if sheet not in fitting):
        say(f"{source.address}: skipped sheets without the required columns: {others}")
    first = 2 if source.suffix == ".xlsx" else 1  # the header is row 1 of a sheet
    for sheet, frame in fitting.items():
        names = choose([*frame.columns])
        cells = {name: [None if pd.isna(c) else str(c) for c in frame[name]] for name in names}
        sizes = sum((np.array([len(c or "") for c in column]) for column in cells.values()), np.zeros(len(frame), int))
        numbers, shown = np.arange(first, first + len(frame)), sheet if len(fitting) > 1 else ""
        for part in portions(sizes):  # the workbook holds a text that is repeated once
            columns = {name: nullable_strings(column[part]) for name, column in cells.items()}
            yield Rows(columns, numbers[part], [], part.stop - part.start, source.open().size(), shown)


def office_columns(source: Source, choose: Choose) -> list[str]:
    """Return the columns that `read_office` reads, from all sheets."""
    fitting = _fitting(_sheets(source), choose, source.address).values()
    return list(dict.fromkeys(name for frame in fitting for name in choose([*frame.columns])))


def _sheets(source: Source) -> dict[str, pd.DataFrame]:
    """Return the sheets of a workbook that are not empty, by name; a Stata file is one sheet."""
    import pandas as pd

    kind = source.suffix
    data = BytesIO(whole(source.unpacked()[1], source.address))
    try:
        if kind == ".xlsx":
            _require_bounded(data, source.address)
        sheets = pd.read_excel(data, sheet_name=None, dtype=object) if kind == ".xlsx" else {"": pd.read_stata(data)}
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  openpyxl and pandas raise many types: BadZipFile, struct.error
        raise InputError(f"{source.address}: cannot be read as {kind[1:]}: {first_line(error)}") from None
    for frame in sheets.values():
        frame.columns = require_columns([str(name) for name in frame.columns], source.address)
    return {sheet: frame for sheet, frame in sheets.items() if len(frame.columns)} or sheets


def _require_bounded(data: BytesIO, address: str) -> None:
    """Raise `InputError` if a workbook is a decompression bomb, or has too many cells.

    One cell far down or far to the right makes pandas fill everything before it.
    """
    with ZipFile(data) as book:
        size, cells = sum(part.file_size for part in book.infolist()), 0
        require_ratio(size, data.getbuffer().nbytes, address)
        require_size(size, WHOLE, address)
        for name in book.namelist():
            if "/worksheets/" in name and name.endswith(".xml"):
                with book.open(name) as sheet:
                    cells = max(cells, *(rows * columns for rows, columns in _extents(sheet)), 0)
        if cells > CELLS:
            raise InputError(
                f"{address}: a sheet with {cells:,} cells, empty ones included; expected at most {CELLS:,}; "
                "delete the rows and columns beyond the table"
            )
    data.seek(0)


def _extents(sheet: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Yield the number of rows and columns up to the last cell, after each block of the XML of a sheet."""
    from openpyxl.utils import column_index_from_string

    rest, row, column, rows, columns = b"", 0, 0, 0, 0
    while block := sheet.read(BLOCK):
        data = rest + block
        cut = data.rfind(b"<")
        for tag in _TAG.finditer(data, 0, cut):
            letters, number = tag["letters"] or b"", int(tag["number"] or 0)
            if tag["name"] == b"row":
                row, column = number or row + 1, 0
            else:
                row, column = number or row, column_index_from_string(letters.decode()) if letters else column + 1
            rows, columns = max(rows, row), max(columns, column)
        yield rows, columns
        rest = data[cut:] if cut >= 0 and len(data) - cut < RECORD else b""


def _fitting(sheets: dict[str, pd.DataFrame], choose: Choose, address: str) -> dict[str, pd.DataFrame]:
    """Return the sheets that have the columns to read; raises `InputError` if there are none."""
    fitting, fault = {}, None
    for sheet, frame in sheets.items():
        try:
            choose([*frame.columns])
            fitting[sheet] = frame
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
