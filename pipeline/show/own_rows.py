"""Terminal output for rows from outside the bundled corpus: their metrics, and the rows left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.evaluate.metrics import metric_in_words
from pipeline.messages import count_of
from pipeline.show import bare_table, console

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.corpus.labelled_rows import SetAside
    from pipeline.experiment.own_rows import OwnRows


def set_aside(rows: tuple[SetAside, ...], path: Path) -> None:
    """Print how many rows were left out for each reason, and where they are listed."""
    from pipeline.corpus.labelled_rows import reasons

    for reason, n in reasons(rows).items():
        console(stderr=True).print(f"left out {count_of(n, 'row')}: {reason}", soft_wrap=True)
    console(stderr=True).print(f"listed   {path}", soft_wrap=True)


def missing(names: list[str]) -> None:
    """Warn about public corpora whose test files are not downloaded."""
    for name in names:
        said = (
            f"near-copies of the test file of {name} are kept, because it is not downloaded; detente data fetch {name}"
        )
        console(stderr=True).print(f"warning: {said}", soft_wrap=True)


def own_rows(own: OwnRows | None, no_curve: str) -> None:
    """Print held-out metrics by source, then the learning curve, or why there is none."""
    if own:
        _measured(own)
    if no_curve:
        console(stderr=True).print(no_curve, soft_wrap=True)


def _measured(own: OwnRows) -> None:
    from pipeline.experiment.own_rows import SHOWN

    shown = [key for key in SHOWN if any(key in figures for _, figures in own.sources.values())]
    table = bare_table("held-out rows outside the bundled corpus")
    _columns(table, "source", shown)
    for name, (rows, figures) in own.sources.items():
        table.add_row(name, f"{rows:,}", *(str(figures.get(key, "")) for key in shown))
    console().print(table)
    if not own.curve:
        return
    table = bare_table(f"learning curve over parts of {' and '.join(own.learner)}, tested on all of it")
    _columns(table, "part", shown)
    for share, rows, figures in own.curve:
        table.add_row(f"{share:.0%}", f"{rows:,}", *(str(figures.get(key, "")) for key in shown))
    console().print(table)


def _columns(table: Table, first: str, keys: list[str]) -> None:
    table.add_column(first)
    table.add_column("rows", justify="right")
    for key in keys:
        table.add_column(metric_in_words(key))
