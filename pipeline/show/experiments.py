"""Output of runs, comparisons, promotions, experiments and searches: tables on a terminal, JSONL for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.evaluate.intervals import Figure
from pipeline.evaluate.metrics import HEADLINES, metric_in_words
from pipeline.experiment.variants import RIGHT_SIDE, TAKES_SIDE, Result
from pipeline.messages import say
from pipeline.show import bare_table, comparison, console, progress_bar

if TYPE_CHECKING:
    from rich.table import Table

    from pipeline.experiment.tuning import Search
    from pipeline.tracking.catalogue import Listed, Versus
    from pipeline.tracking.experiments import Answered
    from pipeline.tracking.promotion import Decision


_OWN = {TAKES_SIDE: "takes a side", RIGHT_SIDE: "correct when it takes a side"}
_COUNTS = ("rows", "leaked")
_SHOWN = ("two_way.macro_f1", "three_way.macro_f1", "events.macro_f1")


def run_table(runs: list[Listed]) -> None:
    """Print the runs as a table, newest first."""
    columns = ("run", "id", "started (UTC)", "duration", "data", "two-way", "three-way", "events", "model")
    table = bare_table(*columns, right=("duration",))
    for run in runs:
        figures = (f"{run.figures[key].value:.3f}" if key in run.figures else "" for key in _SHOWN)
        model = " ".join([f"v{run.version}" if run.version else "", *(f"@{alias}" for alias in run.aliases)]).strip()
        data = next(iter(run.data), "")
        began = run.began[:16].replace("T", " ")
        took = "" if run.seconds is None else f"{run.seconds:,.0f} s"
        table.add_row(run.name, run.run_id[:8], began, took, data, *figures, model or run.status)
    console().print(table if runs else "no runs; `detente train` creates one")


def _print_lines(rows: Iterable[dict]) -> None:
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))


def run_lines(runs: list[Listed]) -> None:
    """Print the runs as JSONL."""
    _print_lines(map(asdict, runs))


def versus_tables(found: Versus) -> None:
    """Print two runs side by side: settings that differ, metrics, paired differences."""
    out = console()
    for place, run in (("first", found.first), ("second", found.second)):
        out.print(f"{place:<7}  {run.name} ({run.run_id[:8]}), {run.began}", soft_wrap=True)
    for title, differ in (("settings that differ", found.settings), ("data that differ", found.data)):
        table = bare_table("", "first", "second", title=title)
        for name, values in differ.items():
            table.add_row(name, *("" if value is None else value[:28] for value in values))
        out.print(table if differ else f"no {title}")
    table = bare_table("metric", "first", "second", title="metrics, with 95 % intervals")
    for key, pair in found.figures.items():
        data, _, metric = key.rpartition("/")
        table.add_row(f"{data + ': ' if data else ''}{metric_in_words(metric)}", *(_shown(metric, one) for one in pair))
    out.print(table)
    for name, (rows, compared) in found.paired.items():
        comparison(compared, f"first minus second on {rows:,} rows of {name}, paired")
    if not found.paired:
        out.print("no paired differences: the runs share no rows; run `detente evaluate` for both on one file")


def versus_lines(found: Versus) -> None:
    """Print the same as JSONL; the field ``what`` gives the kind of each line."""
    _print_lines(_lines(found))


def decision_table(found: Decision, force: bool) -> None:
    """Print whether a model was promoted, and the metrics behind the decision."""
    out = console()
    if found.contest:
        columns = ("metric", found.candidate, found.champion or "(no champion yet)", "difference, paired")
        table = bare_table(*columns, title=f"{found.contest.rows:,} snippets of {found.data.name}")
        figures, paired = found.contest.figures, found.contest.comparison
        for key in (key for key in HEADLINES if key in figures[0]):
            pair = [str(one[key]) for one in figures]
            difference = paired.differences[key].signed if paired else ""
            table.add_row(metric_in_words(key), *pair, *[""] * (2 - len(pair)), difference)
        out.print(table)
    for warning in found.warnings:
        out.print(f"note     {warning}", soft_wrap=True)
    if found.allowed or force:
        forced = "" if found.allowed else " (forced)"
        out.print(f"promoted {found.candidate} is now @{found.alias}{forced}: {found.reason}", soft_wrap=True)


def decision_line(found: Decision, force: bool) -> None:
    """Print the same as one JSON line."""
    comparison = found.contest.comparison if found.contest else None
    said = {
        "model": found.candidate,
        "alias": found.alias,
        "champion": found.champion,
        "promoted": found.allowed or force,
        "forced": force and not found.allowed,
        "reason": found.reason,
        "data": found.data.name,
        "rows": found.contest.rows if found.contest else 0,
        "left_out": found.contest.left_out if found.contest else 0,
        "metric": found.metric,
        "figures": [asdict(one[found.metric]) for one in found.contest.figures] if found.contest else [],
        "difference": asdict(comparison.differences[found.metric]) if comparison else None,
    }
    _print_lines([said])


def _lines(found: Versus) -> Iterator[dict]:
    for what, run in (("first", found.first), ("second", found.second)):
        yield {"what": what, "run_id": run.run_id, "name": run.name, "began": run.began, "command": run.command}
    for what, differ in (("setting", found.settings), ("data", found.data)):
        for name, (one, other) in differ.items():
            yield {"what": what, "name": name, "first": one, "second": other}
    for name, pair in found.figures.items():
        both = [asdict(figure) if figure else None for figure in pair]
        yield {"what": "metric", "name": name, "first": both[0], "second": both[1]}
    for name, (rows, compared) in found.paired.items():
        for key in (key for key in HEADLINES if key in compared.differences):
            yield {"what": "difference", "on": name, "rows": rows, "name": key, **asdict(compared.differences[key])}
        counts = {"only_first": compared.only_first, "only_second": compared.only_second}
        yield {"what": "mcnemar", "on": name, "rows": rows, **counts, "p_value": compared.p_value}


def _shown(metric: str, figure: Figure | None) -> str:
    if figure is None:
        return ""
    if metric in _COUNTS:
        return f"{figure.value:,.0f}"
    return str(figure) if figure.low != figure.high else f"{figure.value:.3f}"


def experiment(answered: Answered) -> None:
    """Print the question and a table of variants by data sets for each metric; in a pipe, one JSON line per result."""
    for path in answered.absent:
        say(f"skipped  {path}: not found")
    if not sys.stdout.isatty():
        _print_lines(result.row() for result in answered.results)
        return
    out = console()
    out.print(answered.experiment.question, style="bold")
    for metric in answered.experiment.measure.metrics:
        out.print(_by_metric(answered.results, metric))
    out.print(f"run      {answered.run_id}, {len(answered.results)} nested", soft_wrap=True)


def _by_metric(results: list[Result], metric: str) -> Table:
    """Variants as rows, data sets as columns; below each value its paired difference from the first variant."""
    sets = [name for name in results[0].figures if any(metric in one.figures[name] for one in results)]
    table = bare_table("variant", *sets, title=_OWN.get(metric, metric_in_words(metric)))
    seeds = {result.seed for result in results}
    for result in results:
        cells = [str(result.figures[name].get(metric, "")) for name in sets]
        table.add_row(result.variant + (f", seed {result.seed}" if len(seeds) > 1 else ""), *cells)
        paired = [result.differences.get(name, {}).get(metric) for name in sets]
        if any(paired):
            table.add_row("  minus the first", *(_points(one) for one in paired), style="bright_black")
    return table


def _points(figure: Figure | None) -> str:
    return f"{100 * figure.value:+.1f} [{100 * figure.low:+.1f}, {100 * figure.high:+.1f}]" if figure else ""


@contextmanager
def searching(trials: int) -> Iterator[Callable[[int, str], None]]:
    """Show the progress of a search; yields the function to call with the trials done and the best one so far."""
    columns = ("BarColumn", "MofNCompleteColumn", "{task.fields[best]}", "TimeElapsedColumn", "TimeRemainingColumn")
    with progress_bar(trials, *columns, best="") as update:
        yield lambda done, best: update(completed=done, best=best)


def search(found: Search, shown: int = 10) -> None:
    """Print the best trials of a search and the default settings; in a pipe, one JSON line per trial."""
    if not sys.stdout.isatty():
        _print_lines(trial.row() for trial in found.trials)
        return
    out = console()
    names = list(found.trials[0].params)
    columns = ("trial", "score", *(name.partition(".")[2] for name in names))
    table = bare_table(*columns, right=columns, title=f"{metric_in_words(found.metric)}, mean of {found.folds} folds")
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
