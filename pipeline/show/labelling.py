"""Imports, splits, picks and agreement on a terminal."""

from __future__ import annotations

from pipeline.show import _table, console
from pipeline.show.timelines import _plain


def imported(found) -> None:
    """What each label was taken for, and what was left out."""
    if found.text_column:
        console().print(f"text     {_plain(found.text_column)}\nlabel    {_plain(found.label_column)}", soft_wrap=True)
    table = _table()
    for name, side in (("label", "left"), ("taken for", "left"), ("rows", "right")):
        table.add_column(name, justify=side)
    for label, (taken, n) in found.labels.items():
        table.add_row(_plain(label), taken, f"{n:,}")
    console().print(table)
    if found.unlabelled:
        console(stderr=True).print(f"{found.unlabelled:,} rows without a text or a label were left out")
    if found.rejects:
        console(stderr=True).print(f"{len(found.rejects):,} rows could not be read; they are listed")
