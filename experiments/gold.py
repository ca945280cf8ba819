"""Measure a model on the gold files.

    python experiments/gold.py ../shared/gold [MODEL_FOLDER]

Prints, for each file, the two-way and three-way macro-F1 and the share of right event types with 95 %
intervals, and the share of neutral sentences called escalation with a probability of 0.6 or more.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.near import near_groups
from pipeline.evaluate.evaluation import judge
from pipeline.evaluate.intervals import measure
from pipeline.model.store import load
from pipeline.score.snippets import score
from pipeline.stance import QUADS, STANCES, stance_of_quad

NEITHER = "neutral"
PENTA = dict(enumerate((NEITHER, *QUADS)))
COLUMNS = ("two_way.macro_f1", "three_way.macro_f1", "events.accuracy", "events.macro_f1", "ece")


@dataclass(frozen=True)
class Source:
    """A gold file and how its labels are read."""

    file: str
    text: str | int
    label: str | int
    quads: dict
    event: str | None = None
    header: int | None = 0


SOURCES = {
    "PLV": Source("PLV_train.tsv", "sentence", "gold_penta", PENTA, "gold_root"),
    "A/W": Source("AW_train.tsv", "sentence", "gold_binary", {}),
    "cameo": Source("cameo_class_part.tsv", 0, 1, PENTA, header=None),
    "keep it local": Source(
        "keep_it_local_part.tsv", "en", "QuadClass", {0: NEITHER, 1: QUADS[3], 2: QUADS[1], 3: QUADS[2], 4: QUADS[0]}
    ),
}


def read_gold(folder: Path, name: str) -> Corpus:
    """The distinct sentences of a gold file."""
    source = SOURCES[name]
    frame = pd.read_csv(folder / source.file, sep="\t", quoting=3, header=source.header).drop_duplicates(source.text)
    label = frame[source.label]
    quads = label.map(source.quads).astype(object).fillna("")
    stances = quads.map(stance_of_quad) if source.quads else label.map({1: STANCES[0], 0: STANCES[1]})
    events = frame[source.event] if source.event else pd.Series("", index=frame.index)
    columns = frame[source.text], events, stances, pd.Series(name, index=frame.index), quads
    return Corpus(*(np.array(column.tolist(), object) for column in columns))


def main() -> None:
    folder = Path(sys.argv[1])
    model = load(sys.argv[2] if len(sys.argv) > 2 else "models/detente")
    print(f"{'':14}{'rows':>6}  " + "".join(f"{c:>25}" for c in COLUMNS) + f"{'neutral at 0.6':>16}{'unclear':>9}")
    for name in SOURCES:
        corpus = read_gold(folder, name)
        scores = score(model, corpus.texts)
        figures = measure(judge(corpus, scores), near_groups(corpus.texts))
        neutral = corpus.stances == NEITHER
        alarm = f"{(scores.proba[neutral, 0] >= 0.6).mean():.3f}" if neutral.any() else ""
        cells = "".join(f"{str(figures.get(c, '')):>25}" for c in COLUMNS)
        print(f"{name:14}{len(corpus):6}  {cells}{alarm:>16}{(scores.stance == 'unclear').mean():9.3f}")


if __name__ == "__main__":
    main()
