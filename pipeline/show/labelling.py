"""Terminal output on the user's own labelled data: checks, imports, picks, splits, agreement, and what training made of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.evaluate.metrics import metric_in_words
from pipeline.messages import count_of, one_line, say
from pipeline.show import bare_table, console, styled

if TYPE_CHECKING:
    from pipeline.corpus.labelled_rows import SetAside
    from pipeline.evaluate.intervals import Figure
    from pipeline.experiment.own_rows import OwnRows
    from pipeline.label.agreement import Agreement
    from pipeline.label.findings import Checked, Finding
    from pipeline.label.imports import Imported
    from pipeline.label.labelled_file import LabelledFile
    from pipeline.label.pools import Pool, Task
    from pipeline.label.splits import Split

_EXAMPLES, _DISAGREEMENTS = 5, 10


def checked(done: Checked, all_places: bool = False) -> None:
    """Print a summary of the files, then each kind of problem with its first occurrences."""
    table = bare_table("file", "rows", "faulty", "stances", "actors", right=("rows", "faulty"))
    for one in done.files:
        stances = ", ".join(f"{n:,} {stance}" for stance, n in one.stances.items() if n)
        actors = ", ".join(f"{key} {n:,}" for key, n in list(one.actors.items())[:4])
        table.add_row(one.file, f"{one.rows:,}", f"{one.faulty:,}", stances, actors)
    console().print(table)
    for finding in done.findings:
        _finding(finding, all_places)
    for what in done.skipped:
        say(f"\nskipped: {what}", stderr=False)
    if not done.findings:
        say("\nno problems found", stderr=False)


def checked_as_json(done: Checked) -> str:
    """The same as a JSON object on one line, with every occurrence."""
    return json.dumps({"serious": done.serious, **asdict(done)}, ensure_ascii=False)


def _finding(one: Finding, all_places: bool) -> None:
    colour = "red" if one.serious else "yellow"
    console().print(styled("\n", (one.kind, colour), f" {one.count:,}: {one_line(one.says)}"), soft_wrap=True)
    shown = one.places if all_places else one.places[:_EXAMPLES]
    for place in shown:
        say(f"  {one_line(_line(place))}", stderr=False)
    if len(shown) < len(one.places):
        say(f"  and {len(one.places) - len(shown):,} more (--all)", stderr=False)


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


def imported(found: Imported) -> None:
    """Print how each label was mapped, and what was left out."""
    if found.text_column and found.label_column:
        say(f"text     {found.text_column}\nlabel    {found.label_column}", stderr=False)
    table = bare_table("label", "mapped to", "rows", right=("rows",))
    for label, (taken, n) in found.labels.items():
        table.add_row(one_line(label), taken, f"{n:,}")
    console().print(table)
    if found.unlabelled:
        say(f"left out {count_of(found.unlabelled, 'row')} without a text or a label")
    if found.rejects:
        say(f"left out {count_of(len(found.rejects), 'unreadable row')}, see the list of rejects")


def picked(tasks: list[Task], pool: Pool) -> None:
    """Print how many texts were picked and why, and what was left out of the pool."""
    counts = Counter(task.meta["picked"] for task in tasks)
    said = ", ".join(f"{n:,} {why}" for why, n in counts.most_common())
    console().print(f"picked   {len(tasks):,} of {len(pool.texts):,} texts: {said}")
    for why, n in pool.left_out.items():
        say(f"left out {count_of(n, 'row')} {why}")


def parted(rows: LabelledFile, split: Split) -> None:
    """Print the rows and stances on both sides of a split."""
    table = bare_table("", "rows", "share", "stances", right=("rows", "share"))
    for name, mine in (("train", ~split.test & ~split.left_out), ("test", split.test), ("left out", split.left_out)):
        if mine.any():
            counts = Counter(rows.corpus.stances[mine].tolist())
            said = ", ".join(f"{n:,} {stance}" for stance, n in counts.most_common())
            table.add_row(name, f"{mine.sum():,}", f"{mine.mean():.1%}", said)
    console().print(table)
    if rows.faults:
        say(f"{count_of(len(rows.faults), 'faulty row')} left out; `detente data check` lists them")


def agreed(found: Agreement) -> None:
    """Print kappa for each pair of annotators, alpha over all of them, and the first disagreements."""
    table = bare_table("annotators", "texts", "agree", "Cohen's kappa", right=("texts", "agree"))
    for pair in found.pairs:
        names = f"{pair.first}, {pair.second}"
        table.add_row(names, f"{pair.texts:,}", f"{pair.agree:.1%}", _interval(pair.kappa))
    out = console()
    out.print(table)
    out.print(f"\nKrippendorff's alpha {_interval(found.alpha)} over {found.texts:,} texts, {found.level}s")
    for one in found.disagreements[:_DISAGREEMENTS]:
        said = ", ".join(f"{name} {label}" for name, label in one.items() if name != "text")
        out.print(styled(f"  {one_line(one['text'][:100])}  ", (said, "bold")), soft_wrap=True)
    if (more := len(found.disagreements) - _DISAGREEMENTS) > 0:
        out.print(f"  and {more:,} more disagreements (--out lists all)")
    if found.left_out:
        say(f"left out {count_of(found.left_out, 'row')}: one annotator gave one text several labels")


def unused(faults: dict[str, int]) -> None:
    """Print to standard error how many rows of each file cannot be used."""
    for path, n in faults.items():
        say(f"{path}: {count_of(n, 'faulty row')} left out; `detente data check` lists them")


def agreed_as_json(found: Agreement) -> str:
    """The same as a JSON object on one line, with null for undefined values."""

    def value(number: float) -> float | None:
        return None if number != number else round(number, 4)

    made = asdict(found)
    for figure in (made["alpha"], *(pair["kappa"] for pair in made["pairs"])):
        figure.update({name: value(number) for name, number in figure.items()})
    return json.dumps(made, ensure_ascii=False)


def _interval(figure: Figure) -> str:
    return "undefined: all labels are the same" if figure.value != figure.value else str(figure)


def set_aside(rows: tuple[SetAside, ...], path: Path) -> None:
    """Print how many rows were left out for each reason, and where they are listed."""
    from pipeline.corpus.labelled_rows import reasons

    for reason, n in reasons(rows).items():
        say(f"left out {count_of(n, 'row')}: {reason}")
    say(f"listed   {path}")


def missing(names: list[str]) -> None:
    """Warn about public corpora whose test files are not downloaded."""
    for name in names:
        said = f"near-copies of the test file of {name} are kept, because it is not downloaded"
        say(f"warning: {said}; detente data fetch {name}")


def own_rows(own: OwnRows | None, no_curve: str) -> None:
    """Print held-out metrics by source, then the learning curve, or why there is none."""
    if own:
        _measured(own)
    if no_curve:
        say(no_curve)


def _measured(own: OwnRows) -> None:
    from pipeline.experiment.own_rows import SHOWN

    shown = [key for key in SHOWN if any(key in figures for _, figures in own.sources.values())]
    curve = [(f"{share:.0%}", n, figures) for share, n, figures in own.curve]
    learners = " and ".join(own.learner)
    for first, title, rows in (
        ("source", "held-out rows outside the bundled corpus", [(name, *one) for name, one in own.sources.items()]),
        ("part", f"learning curve over parts of {learners}, tested on all of it", curve),
    ):
        table = bare_table(first, "rows", *map(metric_in_words, shown), right=("rows",), title=title)
        for name, n, figures in rows:
            table.add_row(name, f"{n:,}", *(str(figures.get(key, "")) for key in shown))
        if rows:
            console().print(table)
