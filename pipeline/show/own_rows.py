"""Figures of the rows that do not come with Detente, and rows that were left out, on a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.evaluate.metrics import metric_in_words
from pipeline.plain import count_of
from pipeline.show import bare_table, console

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.corpus.contradictions import SetAside
    from pipeline.experiment.own_rows import OwnRows


def set_aside(rows: tuple[SetAside, ...], path: Path) -> None:
    """How many rows were left out for each reason, and where they are listed."""
    from pipeline.corpus.contradictions import reasons

    for reason, n in reasons(rows).items():
        console(stderr=True).print(f"left out {count_of(n, 'row')}: {reason}", soft_wrap=True)
    console(stderr=True).print(f"listed   {path}", soft_wrap=True)


def missing(names: list[str]) -> None:
    """Public corpora whose test files would have been looked into."""
    for name in names:
        said = f"the test file of {name} is not at hand, so that rows near to it stay; detente data fetch {name}"
        console(stderr=True).print(f"warning: {said}", soft_wrap=True)


def own_rows(own: OwnRows) -> None:
    """Held-out figures a source, then those of the learning curve."""
    from pipeline.experiment.own_rows import SHOWN

    shown = [key for key in SHOWN if any(key in figures for _, figures in own.sources.values())]
    table = bare_table("held-out rows that do not come with Detente")
    _columns(table, "source", shown)
    for name, (rows, figures) in own.sources.items():
        table.add_row(name, f"{rows:,}", *(str(figures.get(key, "")) for key in shown))
    console().print(table)
    if not own.curve:
        return
    table = bare_table(f"learning curve: all of {' and '.join(own.learner)}, with a part of it trained on")
    _columns(table, "part", shown)
    for share, rows, figures in own.curve:
        table.add_row(f"{share:.0%}", f"{rows:,}", *(str(figures.get(key, "")) for key in shown))
    console().print(table)


def _columns(table: Table, first: str, keys: list[str]) -> None:
    table.add_column(first)
    table.add_column("rows", justify="right")
    for key in keys:
        table.add_column(metric_in_words(key))
