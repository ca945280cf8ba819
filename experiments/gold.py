"""Measure a model on the gold files.

    python experiments/gold.py ../shared/gold [MODEL_FOLDER]

Prints, for each labelled file, the two-way and three-way macro-F1 and the share of right event types with 95 % intervals,
and the share of neutral sentences called escalation with a probability of 0.6 or more. Then, for text that is mostly not
about politics: the share of AG News' headlines and first sentences that are given a stance, by topic, and of BBC articles
that come out as rising, easing or mixed, with the AUROC of the column `political`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.near import near_groups
from pipeline.evaluate.intervals import measure
from pipeline.evaluate.metrics import auroc, judge
from pipeline.model.store import Model, load
from pipeline.score.articles import score_articles
from pipeline.score.snippets import score
from pipeline.stance import MIXED, QUADS, STANCES, UNCLEAR, stance_of_quad

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


def labelled(folder: Path, model: Model) -> None:
    """Figures of the four labelled files."""
    print(f"{'':14}{'rows':>6}  " + "".join(f"{c:>25}" for c in COLUMNS) + f"{'neutral at 0.6':>16}{'unclear':>9}")
    for name in SOURCES:
        corpus = read_gold(folder, name)
        scores = score(model, corpus.texts)
        figures = measure(judge(corpus, scores), near_groups(corpus.texts))
        neutral = corpus.stances == NEITHER
        alarm = f"{(scores.proba[neutral, 0] >= 0.6).mean():.3f}" if neutral.any() else ""
        cells = "".join(f"{figures.get(c, '')!s:>25}" for c in COLUMNS)
        print(f"{name:14}{len(corpus):6}  {cells}{alarm:>16}{(scores.stance == UNCLEAR).mean():9.3f}")


def share(flags: np.ndarray) -> str:
    """A share with its 95 % Wilson interval."""
    interval = binomtest(int(flags.sum()), len(flags)).proportion_ci(method="wilson")
    return f"{flags.mean():.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def other_news(folder: Path, model: Model) -> None:
    """Share of AG News' texts that are given a stance."""
    frame = pd.read_csv(folder / "ag_news_part.tsv", sep="\t", quoting=3)
    takes_side = np.isin(score(model, frame.text.tolist()).stance, STANCES[:2])
    print(f"\n{'given a stance':14}{'headlines':>26}{'first sentences':>26}")
    for topic in ("sports", "scitech", "business", "world"):
        cells = [share(takes_side[(frame.topic == topic) & (frame.part == part)]) for part in ("title", "lede")]
        print(f"{topic:14}" + "".join(f"{cell:>26}" for cell in cells))


def articles(folder: Path, model: Model) -> None:
    """BBC articles: which take a side, and whether the expected share of political sentences tells the topics apart."""
    with (folder / "bbc_articles_part.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    scored = score_articles(model, [row["text"] for row in rows])
    conflict = np.array([row["topic"] == "conflict" for row in rows])
    takes_side = np.isin(scored.stance, (*STANCES[:2], MIXED))
    weights = np.random.default_rng(0).multinomial(len(rows), np.full(len(rows), 1 / len(rows)), 2000).astype(float)
    low, high = np.nanquantile(auroc(scored.political, conflict, weights), (0.025, 0.975))
    area = auroc(scored.political, conflict, np.ones((1, len(rows))))[0]
    print(
        f"\nBBC articles that rise, ease or are mixed: other {share(takes_side[~conflict])}, conflict {share(takes_side[conflict])}"
    )
    print(f"AUROC of political, conflict against other: {area:.3f} [{low:.3f}, {high:.3f}]")


def main() -> None:
    folder = Path(sys.argv[1])
    model = load(sys.argv[2] if len(sys.argv) > 2 else "models/detente")
    labelled(folder, model)
    other_news(folder, model)
    articles(folder, model)


if __name__ == "__main__":
    main()
