"""Repeated texts in labelled files: duplicates, contradictions, near-duplicates, leaks between files.

Two texts are near-copies if their sets of character 5-grams have a Jaccard index of at least `ALIKE`, for every command
of `detente data`: what `check` reports, `--fix` leaves out, `split` keeps together and `pick` does not pick twice.
At 0.5, 97 of 100 sentences with one changed word are found, with one false pair among 5,000 unrelated sentences; at
0.7, from which training and measuring exclude rows unseen, 86 are (`experiments/LOG.md`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pandas as pd

from pipeline.corpus.labelled_rows import contradict
from pipeline.corpus.near import ALIKE, near_pairs
from pipeline.label.findings import Finding
from pipeline.label.labelled_file import LabelledFile
from pipeline.read.rows import SHOWN


class Repeats:
    """The concatenated rows of several files, and which of them have the same text."""

    def __init__(self, files: list[LabelledFile]) -> None:
        self.files = files
        self.texts = np.concatenate([one.corpus.texts for one in files])
        self.labels = np.concatenate([one.labels for one in files])
        self.file = np.repeat(np.arange(len(files)), [len(one.kept) for one in files])
        self.line = np.concatenate([one.lines for one in files])
        columns = ("events", "quads", "stances")
        self.columns = [np.concatenate([getattr(one.corpus, name) for one in files]) for name in columns]
        self.of, self.distinct = pd.factorize(self.texts)
        self.first = np.unique(self.of, return_index=True)[1]

    def place(self, row: int) -> dict:
        """The location, label and beginning of a row."""
        path = self.files[self.file[row]].path
        where = {"file": str(path), "row": int(self.line[row]), "label": self.labels[row]}
        return {**where, "text": self.texts[row][:SHOWN]}

    def groups(self) -> list[np.ndarray]:
        """The rows, (n,) int64, of each text that occurs more than once, in reading order."""
        order = np.argsort(self.of, kind="stable")
        cuts = np.flatnonzero(np.diff(self.of[order])) + 1
        return [rows for rows in np.split(order, cuts) if len(rows) > 1]

    def contradict(self, rows: np.ndarray) -> bool:
        """Whether rows of one text have labels that cannot all be right: two event types, quad classes or stances."""
        return contradict(rows, self.columns)


def repeat_findings(rows: Repeats) -> list[Finding]:
    """Find duplicates, contradictions, near-duplicates and leaks in the files."""
    groups = rows.groups()
    against = [group for group in groups if rows.contradict(group)]
    within = [group for group in groups if len(set(rows.file[group])) < len(group) and not rows.contradict(group)]
    across = [group for group in groups if len(set(rows.file[group])) > 1]
    pairs = near_pairs(rows.distinct, ALIKE)
    leaked, near = _sides(rows, pairs)
    differing = [pair for pair in pairs if rows.contradict(rows.first[pair])]
    copies = "the same text in several files; if one is for training and another for testing, the test leaks"
    leaks = (
        f"texts of several files that share {ALIKE:.0%} or more of their five-letter sequences; "
        "a model trained on one cannot be tested on another"
    )
    doubt = "almost the same text under another label; one of the two may be wrong"
    return [
        Finding(
            "contradiction",
            True,
            "one text under several labels; keep one of them",
            _places(rows, against, labels=True),
        ),
        Finding("copy between files", True, copies, _places(rows, across)),
        Finding("near-copy between files", True, leaks, _near(rows, leaked)),
        Finding("repeat", False, "the same text and label again; training takes one", _places(rows, within)),
        Finding(
            "near-copy", False, "almost the same text again; splits must keep such rows together", _near(rows, near)
        ),
        Finding("near-copies labelled differently", False, doubt, _near(rows, differing)),
    ]


def _sides(rows: Repeats, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of distinct texts from different files, and pairs within one file."""
    where: list[set[int]] = [set() for _ in rows.distinct]
    for text, file in zip(rows.of.tolist(), rows.file.tolist()):
        where[text].add(file)
    apart = np.array([len(where[a] | where[b]) > 1 for a, b in pairs.tolist()], bool)
    together = np.array([bool(where[a] & where[b]) for a, b in pairs.tolist()], bool)
    return pairs[apart], pairs[together & ~apart]


def _places(rows: Repeats, groups: list[np.ndarray], labels: bool = False) -> list[dict]:
    out = []
    for group in groups:
        counts = {"labels": dict(Counter(rows.labels[group].tolist()))} if labels else {}
        places = [{name: rows.place(row)[name] for name in ("file", "row", "label")} for row in group]
        out.append({"text": rows.texts[group[0]][:SHOWN], **counts, "places": places})
    return out


def _near(rows: Repeats, pairs: Iterable[Iterable[int]]) -> list[dict]:
    return [{"places": [rows.place(rows.first[text]) for text in pair]} for pair in pairs]
