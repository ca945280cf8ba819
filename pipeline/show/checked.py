"""Terminal output of a check of labelled files."""

from __future__ import annotations

import json
from dataclasses import asdict

from pipeline.label.findings import Checked, Finding
from pipeline.messages import one_line
from pipeline.show import add_columns, bare_table, console, styled

_EXAMPLES = 5


def checked(done: Checked, all_places: bool = False) -> None:
    """Print a summary of the files, then each kind of problem with its first occurrences."""
    table = bare_table()
    add_columns(
        table, ("file", "left"), ("rows", "right"), ("faulty", "right"), ("stances", "left"), ("actors", "left")
    )
    for one in done.files:
        stances = ", ".join(f"{n:,} {stance}" for stance, n in one.stances.items() if n)
        actors = ", ".join(f"{key} {n:,}" for key, n in list(one.actors.items())[:4])
        table.add_row(one.file, f"{one.rows:,}", f"{one.faulty:,}", stances, actors)
    console().print(table)
    for finding in done.findings:
        _finding(finding, all_places)
    for what in done.skipped:
        console().print(f"\nskipped: {what}", soft_wrap=True)
    if not done.findings:
        console().print("\nno problems found")


def as_json(done: Checked) -> str:
    """The same as a JSON object on one line, with every occurrence."""
    return json.dumps({"serious": done.serious, **asdict(done)}, ensure_ascii=False)


def _finding(one: Finding, all_places: bool) -> None:
    out = console()
    colour = "red" if one.serious else "yellow"
    out.print(styled("\n", (one.kind, colour), f" {one.count:,}: {one_line(one.says)}"), soft_wrap=True)
    shown = one.places if all_places else one.places[:_EXAMPLES]
    for place in shown:
        out.print(f"  {one_line(_line(place))}", soft_wrap=True)
    if len(shown) < len(one.places):
        out.print(f"  and {len(one.places) - len(shown):,} more (--all)", soft_wrap=True)


def _line(place: dict) -> str:
    """An occurrence on one line: file and row, problem, start of the text."""
    place = dict(place)
    text = place.pop("text", "")
    if "places" in place:
        many = place.pop("places")
        text = text or many[0].get("text", "")
        place["at"] = ", ".join(f"{at['file']}:{at['row']} {at['label']}" for at in many)
        labels = place.pop("labels", None)
        if labels:
            place = {"labels": ", ".join(f"{label} ×{n}" for label, n in labels.items()), **place}
    where = f"{place.pop('file')}:{place.pop('row')}" if "row" in place and "file" in place else ""
    said = "; ".join(str(value) if name in ("at", "reason") else f"{name} {value}" for name, value in place.items())
    return "  ".join(filter(None, (where, said, text[:100])))
