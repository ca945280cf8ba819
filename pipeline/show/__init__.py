"""Terminal output: tables, progress bars, closing messages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from pipeline.evaluate.metrics import HEADLINES, metric_in_words
from pipeline.messages import say
from pipeline.write.aside import Totals

if TYPE_CHECKING:  # Rich is imported on first use, so output to a file or pipe does not load it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipeline.evaluate.behaviour import Outcome
    from pipeline.evaluate.comparison import Comparison
    from pipeline.evaluate.drift import Drift
    from pipeline.evaluate.evaluation import Evaluation
    from pipeline.evaluate.intervals import Figure
    from pipeline.tracking.runs import Logged

_WIDE = 120  # columns, if the output is not a terminal


def console(stderr: bool = False, file: IO[str] | None = None) -> Console:
    """A console as wide as the terminal, or 120 columns wide without one."""
    from pipeline.show.plain_console import PlainConsole

    made = PlainConsole(stderr=stderr, file=file)
    return made if made.is_terminal else PlainConsole(stderr=stderr, file=file, width=_WIDE)


def styled(*parts: str | tuple[str, str]) -> Text:
    """Join strings and (string, style) pairs into one styled line."""
    from rich.text import Text

    return Text.assemble(*parts)


def bare_table(title: str | None = None, **options: Any) -> Table:
    """A table without borders, with title and header aligned left."""
    from rich.table import Table

    return Table(title=title, title_justify="left", box=None, header_style="bold", **options)


def add_columns(table: Table, *columns: tuple[str, Literal["left", "right"]]) -> None:
    """Add columns to a table, given as (name, alignment)."""
    for name, side in columns:
        table.add_column(name, justify=side)


@contextmanager
def progress(steps: int, title: str) -> Iterator[Callable[[str], None]]:
    """Show a progress bar if standard error is a terminal; yields the function to call after each step."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True)) as bar:
        task = bar.add_task(title, total=steps, done="")
        yield lambda done: bar.update(task, advance=1, done=done)


@contextmanager
def reading(size: int) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar; yields the function to call with the rows read and the part of ``size`` done so far."""
    if not sys.stderr.isatty():
        yield lambda rows, done: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.fields[rows]}"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size or None, rows="")

        def step(rows: int, done: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0
            rate = f", {rows / elapsed:,.0f} a second" if elapsed > 1 else ""
            bar.update(task, completed=done, rows=f"{rows:,} rows{rate}")

        yield step


def scored(totals: Totals, quiet: bool = False) -> None:
    """Report how many rows were written, unless ``quiet``, and how many were rejected."""
    if not quiet:
        say(f"{totals.rows:,} rows written to {totals.out}")
    rejected(totals)


def rejected(totals: Totals) -> None:
    """Report how many rows were rejected, if any, and where they are listed."""
    if totals.rejected:
        said = f"{totals.rejected:,} of {totals.read:,} rows could not be read; see {totals.rejects}"
        say(said)


def figures(measured: dict, title: str) -> None:
    """Print the headline metrics with their intervals, then precision, recall and F1 by stance and event type."""
    table = bare_table(title)
    add_columns(table, ("metric", "left"), ("value", "right"), ("95 % interval", "left"))
    for key in (k for k in HEADLINES if k in measured):
        _figure_row(table, metric_in_words(key), measured[key])
    console().print(table)
    classes = bare_table()
    for name in ("", "precision", "recall", "F1", "95 % interval of F1"):
        classes.add_column(name, justify="left" if not name or "interval" in name else "right")
    blocks = ("three_way" if "three_way.neutral.f1" in measured else "two_way", "events")
    for key in (k for block in blocks for k in measured if k.startswith(block) and k.endswith(".f1")):
        stem = key.removesuffix(".f1")
        f1 = measured[key]
        values = (f"{measured[f'{stem}.{part}'].value:.3f}" for part in ("precision", "recall"))
        classes.add_row(stem.split(".", 1)[1], *values, f"{f1.value:.3f}", f"{f1.low:.3f} to {f1.high:.3f}")
    console().print(classes)


def trained(folder: Path, logged: Logged) -> None:
    """Print where the model is saved and how to view the run."""
    out = console()
    out.print(f"model    {folder}")
    out.print(
        f"run      {logged.run_name} ({logged.run_id}), registered as {logged.name}, version {logged.version}",
        soft_wrap=True,
    )
    out.print(f"view     {logged.ui_command}", soft_wrap=True)
    out.print(f'next     detente score "…" --model {folder}', soft_wrap=True)


def evaluation(done: Evaluation) -> None:
    """Print the warnings, metrics, baselines and weak slices of an evaluation."""
    for warning in done.warnings:
        console(stderr=True).print(f"warning: {warning}", soft_wrap=True)
    figures(done.figures, f"{done.rows:,} snippets, {done.unclear:.0%} of them unclear")
    table = bare_table("two-way and three-way macro-F1")
    for name in ("system", "two-way", "three-way"):
        table.add_column(name)
    rows = {"this model": done.figures, **done.baselines} if done.baselines else {}
    if done.figures_with_leaked:
        rows |= {"this model, with leaked snippets": done.figures_with_leaked}
    for name, row in rows.items():
        table.add_row(name, *(str(row.get(f"{block}.macro_f1", "")) for block in ("two_way", "three_way")))
    if rows:
        console().print(table)
    for one in (one for one in done.slices if one.worse):
        said = f"{one.accuracy:.2f} of {one.rows} correct, significantly worse than the rest"
        console().print(f"weak     {one.kind} {one.name}: {said}", soft_wrap=True)


def comparison(found: Comparison, first: str, second: str) -> None:
    """Print paired differences between two models, and McNemar's test."""
    table = bare_table(f"{first} minus {second}")
    add_columns(table, ("metric", "left"), ("difference", "right"), ("95 % interval", "left"))
    for key in (k for k in HEADLINES if k in found.differences):
        one = found.differences[key]
        table.add_row(metric_in_words(key), f"{one.value:+.3f}", f"{one.low:+.3f} to {one.high:+.3f}")
    console().print(table)
    said = f"only the first correct: {found.only_first}, only the second correct: {found.only_second}"
    console().print(f"McNemar  {said}; p = {found.p_value:.3g}")


def checks(outcomes: list[Outcome], failed: bool) -> None:
    """Print pass rates of behavioural checks by kind, and on request the failed cases."""
    table = bare_table()
    for name in ("check", "cases", "passed", "floor", "", "requirement"):
        table.add_column(name, justify="right" if name in ("cases", "passed", "floor") else "left")
    for one in outcomes:
        verdict = styled(("holds", "green") if one.holds else ("below", "red"))
        table.add_row(one.kind.name, str(one.cases), f"{one.rate:.3f}", f"{one.kind.floor:.2f}", verdict, one.kind.asks)
    console().print(table)
    for one in outcomes if failed else ():
        for case in one.failed:
            console().print(f"failed   {one.kind.name}: {' | '.join(case)}", soft_wrap=True)


def drift(found: Drift) -> None:
    """Print the comparisons of two scored files."""
    table = bare_table()
    for name in ("comparison", "value", "limit", ""):
        table.add_column(name, justify="right" if name in ("value", "limit") else "left")
    for shift in found.shifts:
        table.add_row(
            shift.what, f"{shift.value:.3f}", f"{shift.limit:.2f}", styled(("moved" if shift.moved else "", "red"))
        )
    console().print(table)
    if found.new_words:
        console().print("new      " + ", ".join(f"{word} {n}" for word, n in found.new_words), soft_wrap=True)


def written(paths: list[Path], stderr: bool = False) -> None:
    """Print the paths of written files; use standard error if standard output is for programs."""
    for path in paths:
        console(stderr).print(f"wrote    {path}", soft_wrap=True)


def _figure_row(table: Table, name: str, figure: Figure) -> None:
    table.add_row(name, f"{figure.value:.3f}", f"{figure.low:.3f} to {figure.high:.3f}")
