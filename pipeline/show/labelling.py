"""Terminal output of label imports, picks, splits and annotator agreement."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.messages import count_of, one_line
from pipeline.show import add_columns, bare_table, console, styled

if TYPE_CHECKING:
    from pipeline.evaluate.intervals import Figure
    from pipeline.label.agreement import Agreement
    from pipeline.label.imports import Imported
    from pipeline.label.labelled_file import LabelledFile
    from pipeline.label.pools import Pool, Task
    from pipeline.label.splits import Split

_DISAGREEMENTS = 10


def imported(found: Imported) -> None:
    """Print how each label was mapped, and what was left out."""
    if found.text_column and found.label_column:
        console().print(f"text     {found.text_column}\nlabel    {found.label_column}", soft_wrap=True)
    table = bare_table()
    add_columns(table, ("label", "left"), ("mapped to", "left"), ("rows", "right"))
    for label, (taken, n) in found.labels.items():
        table.add_row(one_line(label), taken, f"{n:,}")
    console().print(table)
    if found.unlabelled:
        console(stderr=True).print(f"left out {count_of(found.unlabelled, 'row')} without a text or a label")
    if found.rejects:
        console(stderr=True).print(
            f"left out {count_of(len(found.rejects), 'unreadable row')}, see the list of rejects"
        )


def picked(tasks: list[Task], pool: Pool) -> None:
    """Print how many texts were picked and why, and what was left out of the pool."""
    counts = Counter(task.meta["picked"] for task in tasks)
    said = ", ".join(f"{n:,} {why}" for why, n in counts.most_common())
    console().print(f"picked   {len(tasks):,} of {len(pool.texts):,} texts: {said}")
    for why, n in pool.left_out.items():
        console(stderr=True).print(f"left out {count_of(n, 'row')} {why}")


def parted(rows: LabelledFile, split: Split) -> None:
    """Print the rows and stances on both sides of a split."""
    table = bare_table()
    add_columns(table, ("", "left"), ("rows", "right"), ("share", "right"), ("stances", "left"))
    for name, mine in (("train", ~split.test & ~split.left_out), ("test", split.test), ("left out", split.left_out)):
        if mine.any():
            counts = Counter(rows.corpus.stances[mine].tolist())
            said = ", ".join(f"{n:,} {stance}" for stance, n in counts.most_common())
            table.add_row(name, f"{mine.sum():,}", f"{mine.mean():.1%}", said)
    console().print(table)
    if rows.faults:
        said = f"{count_of(len(rows.faults), 'faulty row')} left out; `detente data check` lists them"
        console(stderr=True).print(said, soft_wrap=True)


def agreed(found: Agreement) -> None:
    """Print kappa for each pair of annotators, alpha over all of them, and the first disagreements."""
    table = bare_table()
    add_columns(table, ("annotators", "left"), ("texts", "right"), ("agree", "right"), ("Cohen's kappa", "left"))
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
        console(stderr=True).print(
            f"left out {count_of(found.left_out, 'row')}: one annotator gave one text several labels"
        )


def unused(faults: dict[str, int]) -> None:
    """Print to standard error how many rows of each file cannot be used."""
    for path, n in faults.items():
        said = f"{path}: {count_of(n, 'faulty row')} left out; `detente data check` lists them"
        console(stderr=True).print(said, soft_wrap=True, markup=False, highlight=False)


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
