"""Readers of public corpora: each turns a file into the columns that its card names, in the file's own spelling.

A reader takes the path, the names of the columns by kind (``text``, ``event``, ``quad``, ``stance``; numbers from 0 if
the file has no header), and whether it has one. It returns a table of strings with the kinds as column names.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from pipeline.read.tolerant import read_lines


def tab_separated(path: Path, columns: dict[str, str], header: bool) -> pa.Table:
    """Columns of a tab-separated file in which quotation marks have no special meaning."""
    read = pa.csv.ReadOptions(autogenerate_column_names=not header)
    parse = pa.csv.ParseOptions(delimiter="\t", quote_char=False, double_quote=False)
    names = [name if header else f"f{name}" for name in columns.values()]
    strings = pa.csv.ConvertOptions(include_columns=names, column_types=dict.fromkeys(names, pa.large_string()))
    strings.strings_can_be_null = False
    return pa.csv.read_csv(path, read, parse, strings).rename_columns(list(columns))


def table(path: Path, columns: dict[str, str], header: bool) -> pa.Table:
    """Columns of a table in any format that ``detente data import`` reads, by the suffix of the file.

    Rows that cannot be read are left out.
    """
    cells = list(read_lines(path, headed=header).columns.items())
    found = dict(cells) if header else {str(number): column for number, (_, column) in enumerate(cells)}
    return pa.table({kind: pa.array(found[name], pa.large_string()) for kind, name in columns.items()})


READERS: dict[str, Callable[[Path, dict[str, str], bool], pa.Table]] = {"tab_separated": tab_separated, "table": table}
