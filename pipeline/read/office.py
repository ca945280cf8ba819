"""Read Excel workbooks and Stata files."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.arrow import nullable_strings
from pipeline.errors import InputError, first_line
from pipeline.plain import say
from pipeline.read.bounds import require_columns, whole
from pipeline.read.rows import Choose, Rows
from pipeline.read.source import Source

if TYPE_CHECKING:
    import pandas as pd


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
        cells = {name: nullable_strings([None if pd.isna(c) else str(c) for c in frame[name]]) for name in names}
        numbers = np.arange(first, first + len(frame))
        yield Rows(cells, numbers, [], len(frame), source.open().size(), sheet if len(fitting) > 1 else "")


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
        sheets = pd.read_excel(data, sheet_name=None, dtype=object) if kind == ".xlsx" else {"": pd.read_stata(data)}
    except Exception as error:  # noqa: BLE001  openpyxl and pandas raise many types: BadZipFile, struct.error
        raise InputError(f"{source.address}: cannot be read as {kind[1:]}: {first_line(error)}") from None
    for frame in sheets.values():
        frame.columns = require_columns([str(name) for name in frame.columns], source.address)
    return {sheet: frame for sheet, frame in sheets.items() if len(frame.columns)} or sheets


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
