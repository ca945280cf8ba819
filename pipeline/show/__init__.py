"""Terminal output: tables, progress bars, closing messages."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pipeline.messages import say, terminal

if TYPE_CHECKING:  # Rich is imported on first use, so output to a file or pipe does not load it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipeline.evaluate.behaviour import Outcome
    from pipeline.evaluate.comparison import Comparison
    from pipeline.evaluate.drift import Drift
    from pipeline.evaluate.evaluation import Evaluation
    from pipeline.tracking.runs import Logged
    from pipeline.write.aside import Totals

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


def bare_table(*columns: str, right: Container[str] = (), title: str | None = None, **options: Any) -> Table:
    """A table without borders and with these columns, those in ``right`` aligned right, title and header left."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, header_style="bold", **options)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left")
    return table


@contextmanager
def progress_bar(
    total: int | None, *columns: str, transient: bool = False, **fields: Any
) -> Iterator[Callable[..., None]]:
    """Show a progress bar if standard error is a terminal and not to be quiet; yields the function that updates it.

    Parameters
    ----------
    columns : names of classes of `rich.progress`, or templates such as ``{task.fields[rows]}``.
    fields : initial values of the fields that the templates name.
    """
    if terminal.quiet or not sys.stderr.isatty():
        yield lambda **values: None
        return
    from rich import progress

    parts = [progress.TextColumn(one, markup=False) if "{" in one else getattr(progress, one)() for one in columns]
    with progress.Progress(*parts, console=console(stderr=True), transient=transient) as bar:
        yield partial(bar.update, bar.add_task("", total=total, **fields))


@contextmanager
def progress(steps: int, title: str) -> Iterator[Callable[[str], None]]:
    """Show the progress of a few steps; yields the function to call after each."""
    columns = ("{task.fields[title]}", "BarColumn", "{task.fields[done]}", "TimeElapsedColumn")
    with progress_bar(steps, *columns, title=title, done="") as update:
        yield lambda done: update(advance=1, done=done)


@contextmanager
def reading(size: int) -> Iterator[Callable[[int, int], None]]:
    """Show the progress of reading; yields the function to call with the rows read and the part of ``size`` done so far."""
    columns = ("BarColumn", "{task.fields[rows]}", "TimeElapsedColumn", "TimeRemainingColumn")
    began = time.monotonic()
    with progress_bar(size or None, *columns, transient=True, rows="") as update:

        def step(rows: int, done: int) -> None:
            elapsed = time.monotonic() - began
            rate = f", {rows / elapsed:,.0f} a second" if elapsed > 1 else ""
            update(completed=done, rows=f"{rows:,} rows{rate}")

        yield step


def rejected(totals: Totals) -> None:
    """Report how many rows were rejected, if any, and where they are listed."""
    if totals.rejected:
        say(f"{totals.rejected:,} of {totals.read:,} rows and files set aside; see {totals.rejects}")


def figures(measured: dict, title: str) -> None:
    """Print the headline metrics with their intervals, then precision, recall and F1 by stance and event type."""
    from pipeline.evaluate.metrics import HEADLINES, metric_in_words

    table = bare_table("metric", "value", "95 % interval", right=("value",), title=title)
    for key in (k for k in HEADLINES if k in measured):
        one = measured[key]
        table.add_row(metric_in_words(key), f"{one.value:.3f}", f"{one.low:.3f} to {one.high:.3f}")
    console().print(table)
    numbers = ("precision", "recall", "F1")
    classes = bare_table("", *numbers, "95 % interval of F1", right=numbers)
    blocks = ("three_way" if "three_way.neutral.f1" in measured else "two_way", "events")
    for key in (k for block in blocks for k in measured if k.startswith(block) and k.endswith(".f1")):
        stem = key.removesuffix(".f1")
        f1 = measured[key]
        values = (f"{measured[f'{stem}.{part}'].value:.3f}" for part in ("precision", "recall"))
        classes.add_row(stem.split(".", 1)[1], *values, f"{f1.value:.3f}", f"{f1.low:.3f} to {f1.high:.3f}")
    console().print(classes)


def trained(folder: Path, logged: Logged) -> None:
    """Print where the model is saved and how to view the run."""
    say(f"model    {folder}", stderr=False)
    said = f"registered as {logged.name}, version {logged.version}"
    say(f"run      {logged.run_name} ({logged.run_id}), {said}", stderr=False)
    say(f"view     {logged.ui_command}", stderr=False)
    say(f'next     detente score "…" --model {folder}', stderr=False)


def evaluation(done: Evaluation) -> None:
    """Print the warnings, metrics, baselines and weak slices of an evaluation."""
    for warning in done.warnings:
        say(f"warning: {warning}")
    figures(done.figures, f"{done.rows:,} snippets, {done.unclear:.0%} of them unclear")
    table = bare_table("system", "two-way", "three-way", title="two-way and three-way macro-F1")
    rows = {"this model": done.figures, **done.baselines} if done.baselines else {}
    if done.figures_with_leaked:
        rows |= {"this model, with leaked snippets": done.figures_with_leaked}
    for name, row in rows.items():
        table.add_row(name, *(str(row.get(f"{block}.macro_f1", "")) for block in ("two_way", "three_way")))
    if rows:
        console().print(table)
    for one in (one for one in done.slices if one.worse):
        said = f"{one.accuracy:.2f} of {one.rows} correct, significantly worse than the rest"
        say(f"weak     {one.kind} {one.name}: {said}", stderr=False)


def comparison(found: Comparison, title: str) -> None:
    """Print paired differences between two models, and McNemar's test."""
    from pipeline.evaluate.metrics import HEADLINES, metric_in_words

    table = bare_table("metric", "difference", "95 % interval", right=("difference",), title=title)
    for key in (k for k in HEADLINES if k in found.differences):
        one = found.differences[key]
        table.add_row(metric_in_words(key), f"{one.value:+.3f}", f"{one.low:+.3f} to {one.high:+.3f}")
    console().print(table)
    said = f"only the first correct: {found.only_first}, only the second correct: {found.only_second}"
    console().print(f"McNemar  {said}; p = {found.p_value:.3g}")


def checks(outcomes: list[Outcome], failed: bool) -> None:
    """Print pass rates of behavioural checks by kind, and on request the failed cases."""
    numbers = ("cases", "passed", "floor")
    table = bare_table("check", *numbers, "", "requirement", right=numbers)
    for one in outcomes:
        verdict = styled(("holds", "green") if one.holds else ("below", "red"))
        table.add_row(one.kind.name, str(one.cases), f"{one.rate:.3f}", f"{one.kind.floor:.2f}", verdict, one.kind.asks)
    console().print(table)
    for one in outcomes if failed else ():
        for case in one.failed:
            say(f"failed   {one.kind.name}: {' | '.join(case)}", stderr=False)


def drift(found: Drift) -> None:
    """Print the comparisons of two scored files."""
    table = bare_table("comparison", "value", "limit", "", right=("value", "limit"))
    for shift in found.shifts:
        moved = styled(("moved" if shift.moved else "", "red"))
        table.add_row(shift.what, f"{shift.value:.3f}", f"{shift.limit:.2f}", moved)
    console().print(table)
    if found.new_words:
        say("new      " + ", ".join(f"{word} {n}" for word, n in found.new_words), stderr=False)


def written(paths: list[Path], stderr: bool = False) -> None:
    """Print the paths of written files; use standard error if standard output is for programs."""
    for path in paths:
        say(f"wrote    {path}", stderr)
