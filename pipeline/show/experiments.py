"""Output of experiments and searches: tables and progress on a terminal, JSONL in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipeline.evaluate.intervals import Figure
from pipeline.evaluate.metrics import metric_in_words
from pipeline.experiment.variants import RIGHT_SIDE, TAKES_SIDE, Result
from pipeline.messages import say
from pipeline.show import bare_table, console

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.experiment.tuning import Search
    from pipeline.tracking.experiments import Answered


_OWN = {TAKES_SIDE: "takes a side", RIGHT_SIDE: "correct when it takes a side"}


def experiment(answered: Answered) -> None:
    """Print the question and a table of variants by data sets for each metric; in a pipe, one JSON line per result."""
    for path in answered.absent:
        say(f"skipped  {path}: not found")
    if not sys.stdout.isatty():
        for result in answered.results:
            print(json.dumps(result.row(), ensure_ascii=False))
        return
    out = console()
    out.print(answered.experiment.question, style="bold")
    for metric in answered.experiment.measure.metrics:
        out.print(_by_metric(answered.results, metric))
    out.print(f"run      {answered.run_id}, {len(answered.results)} nested", soft_wrap=True)


def _by_metric(results: list[Result], metric: str) -> Table:
    """Variants as rows, data sets as columns; below each value its paired difference from the first variant."""
    sets = [name for name in results[0].figures if any(metric in one.figures[name] for one in results)]
    table = bare_table(_OWN.get(metric, metric_in_words(metric)))
    for name in ("variant", *sets):
        table.add_column(name)
    for result in results:
        cells = [_cell(result.figures[name].get(metric)) for name in sets]
        table.add_row(result.variant + (f", seed {result.seed}" if _seeds(results) > 1 else ""), *cells)
        paired = [result.differences.get(name, {}).get(metric) for name in sets]
        if any(paired):
            table.add_row("  minus the first", *(_points(one) for one in paired), style="bright_black")
    return table


def _seeds(results: list[Result]) -> int:
    return len({result.seed for result in results})


def _cell(figure: Figure | None) -> str:
    return str(figure) if figure else ""


def _points(figure: Figure | None) -> str:
    """A difference in percentage points."""
    return f"{100 * figure.value:+.1f} [{100 * figure.low:+.1f}, {100 * figure.high:+.1f}]" if figure else ""


@contextmanager
def searching(trials: int) -> Iterator[Callable[[int, str], None]]:
    """Show the progress of a search; yields the function to call with the trials done and the best one so far."""
    if not sys.stderr.isatty():
        yield lambda done, best: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[best]}"), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console(stderr=True)) as bar:
        task = bar.add_task("", total=trials, best="")
        yield lambda done, best: bar.update(task, completed=done, best=best)


def search(found: Search, shown: int = 10) -> None:
    """Print the best trials of a search and the default settings; in a pipe, one JSON line per trial."""
    if not sys.stdout.isatty():
        for trial in found.trials:
            print(json.dumps(trial.row(), ensure_ascii=False))
        return
    out = console()
    names = list(found.trials[0].params)
    table = bare_table(f"{metric_in_words(found.metric)}, mean of {found.folds} folds")
    for name in ("trial", "score", *(name.partition(".")[2] for name in names)):
        table.add_column(name, justify="right")
    whole = sorted((one for one in found.trials if not one.pruned), key=lambda one: (-one.score, one.number))
    default = found.trials[0]
    for one in [*(one for one in whole[:shown] if one is not default), default]:
        name = f"{one.number}" if one.number else "default"
        table.add_row(name, f"{one.score:.4f}", *(_short(one.params[key]) for key in names))
    out.print(table)
    pruned = sum(one.pruned for one in found.trials)
    out.print(f"trials   {len(found.trials)}, {pruned} of them stopped after the first fold")
    out.print(f"wrote    {found.best_file}", soft_wrap=True)
    out.print(f"next     detente run {found.best_file}", soft_wrap=True)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
