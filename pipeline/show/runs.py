"""Output of runs, comparisons and promotions: tables on a terminal, JSONL for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from pipeline.evaluate.intervals import Figure
from pipeline.evaluate.metrics import HEADLINES, metric_in_words
from pipeline.show import bare_table, console
from pipeline.tracking.catalogue import Listed, Versus
from pipeline.tracking.promotion import Decision

_COUNTS = ("rows", "leaked")
_SHOWN = ("two_way.macro_f1", "three_way.macro_f1", "events.macro_f1")


def run_table(runs: list[Listed]) -> None:
    """Print the runs as a table, newest first."""
    table = bare_table()
    for name in ("run", "id", "started (UTC)", "duration", "data", "two-way", "three-way", "events", "model"):
        table.add_column(name, justify="right" if name == "duration" else "left")
    for run in runs:
        figures = (f"{run.figures[key].value:.3f}" if key in run.figures else "" for key in _SHOWN)
        model = " ".join([f"v{run.version}" if run.version else "", *(f"@{alias}" for alias in run.aliases)]).strip()
        data = next(iter(run.data), "")
        began = run.began[:16].replace("T", " ")
        table.add_row(run.name, run.run_id[:8], began, _took(run), data, *figures, model or run.status)
    console().print(table if runs else "no runs; `detente train` creates one")


def run_lines(runs: list[Listed]) -> None:
    """Print the runs as JSONL."""
    for run in runs:
        print(json.dumps(asdict(run), ensure_ascii=False))


def versus_tables(found: Versus) -> None:
    """Print two runs side by side: settings that differ, metrics, paired differences."""
    out = console()
    for place, run in (("first", found.first), ("second", found.second)):
        out.print(f"{place:<7}  {run.name} ({run.run_id[:8]}), {run.began}", soft_wrap=True)
    for title, differ in (("settings that differ", found.settings), ("data that differ", found.data)):
        table = bare_table(title)
        for name in ("", "first", "second"):
            table.add_column(name)
        for name, values in differ.items():
            table.add_row(name, *("" if value is None else value[:28] for value in values))
        out.print(table if differ else f"no {title}")
    table = bare_table("metrics, with 95 % intervals")
    for name in ("metric", "first", "second"):
        table.add_column(name)
    for key, pair in found.figures.items():
        data, _, metric = key.rpartition("/")
        table.add_row(f"{data + ': ' if data else ''}{metric_in_words(metric)}", *(_shown(metric, one) for one in pair))
    out.print(table)
    for name, (rows, compared) in found.paired.items():
        table = bare_table(f"first minus second on {rows:,} rows of {name}, paired")
        for head in ("metric", "difference", "95 % interval"):
            table.add_column(head)
        for key in (key for key in HEADLINES if key in compared.differences):
            one = compared.differences[key]
            table.add_row(metric_in_words(key), f"{one.value:+.3f}", f"{one.low:+.3f} to {one.high:+.3f}")
        out.print(table)
        said = f"only the first correct: {compared.only_first}, only the second correct: {compared.only_second}"
        out.print(f"McNemar  {said}; p = {compared.p_value:.3g}")
    if not found.paired:
        out.print("no paired differences: the runs share no rows; run `detente evaluate` for both on one file")


def versus_lines(found: Versus) -> None:
    """Print the same as JSONL; the field ``what`` gives the kind of each line."""
    for line in _lines(found):
        print(json.dumps(line, ensure_ascii=False))


def decision_table(found: Decision, force: bool) -> None:
    """Print whether a model was promoted, and the metrics behind the decision."""
    out = console()
    table = bare_table(f"{found.contest.rows:,} snippets of {found.data.name}" if found.contest else None)
    for name in ("metric", found.candidate, found.champion or "(no champion yet)", "difference, paired"):
        table.add_column(name)
    if found.contest:
        figures, comparison = found.contest.figures, found.contest.comparison
        for key in (key for key in HEADLINES if key in figures[0]):
            pair = [str(one[key]) for one in figures]
            difference = _signed(comparison.differences[key]) if comparison else ""
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
    print(json.dumps(said, ensure_ascii=False))


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


def _took(run: Listed) -> str:
    return "" if run.seconds is None else f"{run.seconds:,.0f} s"


def _shown(metric: str, figure: Figure | None) -> str:
    if figure is None:
        return ""
    if metric in _COUNTS:
        return f"{figure.value:,.0f}"
    return str(figure) if figure.low != figure.high else f"{figure.value:.3f}"


def _signed(figure: Figure) -> str:
    return f"{figure.value:+.3f} [{figure.low:+.3f}, {figure.high:+.3f}]"
