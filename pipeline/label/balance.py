"""Composition checks of labelled files: label balance, one-sided actors, length, encoding."""

from __future__ import annotations

from collections import Counter

import numpy as np

from pipeline.actors.roles import find_actors
from pipeline.label.findings import FileSummary, Finding
from pipeline.label.labelled_file import LabelledFile
from pipeline.read.rows import SHOWN
from pipeline.stance import STANCES

LONG = 120  # words; twice the longest bundled snippet
RARE = 0.05  # share of rows below which a stance is rare
LEAST_ACTOR = 30  # texts naming an actor, from which its stances are meaningful
ONE_SIDED = 0.95  # share of one stance from which an actor is one-sided
_SHOWN_ACTORS = 12


def summary(rows: LabelledFile) -> FileSummary:
    """Summarise a file's rows, labels, stances and most frequent actors."""
    corpus = rows.corpus
    return FileSummary(
        file=str(rows.path),
        rows=len(corpus),
        faulty=len(rows.faults),
        columns={"text": rows.text_column, **rows.label_columns},
        labels=dict(Counter(rows.labels.tolist()).most_common()),
        stances={stance: int((corpus.stances == stance).sum()) for stance in STANCES},
        actors={key: sum(n.values()) for key, n in _by_actor(rows)[:_SHOWN_ACTORS]},
    )


def balance_findings(rows: LabelledFile) -> list[Finding]:
    """Find missing or rare stances, one-sided actors, and overlong or garbled texts."""
    return [_stances(rows), _actors(rows), _long(rows), _garbled(rows)]


def _stances(rows: LabelledFile) -> Finding:
    counts = {stance: int((rows.corpus.stances == stance).sum()) for stance in STANCES}
    rare = [{"file": str(rows.path), "stance": s, "rows": n} for s, n in counts.items() if n < RARE * len(rows.corpus)]
    return Finding(
        "rare stance",
        False,
        f"a stance has less than {RARE:.0%} of the rows; figures for it will be wide, and training hardly sees it",
        rare,
    )


def _by_actor(rows: LabelledFile) -> list[tuple[str, Counter]]:
    """Actors with the stances of the texts that name them, most frequent first."""
    found = find_actors(rows.corpus.texts.tolist())
    text = np.repeat(np.arange(len(rows.corpus)), np.diff(found.bounds))
    counts: dict[str, Counter] = {}
    for code, stance in zip(found.code.tolist(), rows.corpus.stances[text].tolist()):
        counts.setdefault(found.keys[code], Counter())[stance] += 1
    return sorted(counts.items(), key=lambda pair: -pair[1].total())


def _actors(rows: LabelledFile) -> Finding:
    sided = []
    for key, counts in _by_actor(rows):
        stance, n = counts.most_common(1)[0]
        usual = float((rows.corpus.stances == stance).mean())
        if counts.total() >= LEAST_ACTOR and n >= ONE_SIDED * counts.total() and usual < ONE_SIDED - 0.2:
            sided.append({"file": str(rows.path), "actor": key, "stance": stance, "rows": n, "of": counts.total()})
    return Finding(
        "one-sided actor",
        False,
        "nearly all texts that name an actor have one stance; a model may learn the name in place of the act",
        sided,
    )


def _long(rows: LabelledFile) -> Finding:
    sizes = np.array([len(text.split()) for text in rows.corpus.texts], np.int64)
    long = np.flatnonzero(sizes > LONG)
    return Finding(
        "over-long text",
        False,
        f"more than {LONG} words under one label; a label is for one sentence or headline",
        [_place(rows, int(row), words=int(sizes[row])) for row in long],
    )


def _garbled(rows: LabelledFile) -> Finding:
    from ftfy.badness import is_bad

    garbled = [row for row, text in enumerate(rows.raw) if not text.isascii() and ("\ufffd" in text or is_bad(text))]
    return Finding(
        "garbled characters",
        False,
        "the text was written in one encoding and read in another; repaired where it can be, lost where it says \ufffd",
        [_place(rows, row) for row in garbled],
    )


def _place(rows: LabelledFile, row: int, **more: object) -> dict:
    where = {"file": str(rows.path), "row": int(rows.lines[row]), "label": rows.labels[row]}
    return {**where, "text": rows.raw[row][:SHOWN], **more}
