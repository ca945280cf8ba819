"""Measure a model on the gold files: real sentences, headlines and articles, and small cases.

    python experiments/gold.py ../shared/gold [MODEL_FOLDER]

Prints, with 95 % intervals: what is right in the files of labelled sentences; the share of other news (AG News) that is
given a stance; the share of whole articles (BBC) that rise, ease or are mixed, and the AUROC of the column `political`
between their topics; and the small cases, if `cases/readings.csv` stands beside the gold folder.

Intervals of macro-F1, event types and calibration are bootstrap intervals by near-duplicate group, that of the AUROC by
article; those of all other shares are Wilson's. `experiments/crossval.py` measures with the gold files trained on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from msgspec import structs

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.near import near_groups
from pipeline.evaluate import intervals
from pipeline.evaluate.behaviour import as_wanted
from pipeline.evaluate.intervals import bootstrap, measure
from pipeline.evaluate.metrics import auroc, judge
from pipeline.experiment.config import GoldFile
from pipeline.experiment.gold import read_file
from pipeline.model.store import Model, load
from pipeline.score.articles import score_articles
from pipeline.score.snippets import score
from pipeline.stance import EVENTS, MIXED, STANCES, UNCLEAR
from pipeline.strict import convert, read_toml

NEITHER = "neutral"
COLUMNS = ("two_way.macro_f1", "three_way.macro_f1", "events.accuracy", "events.macro_f1", "ece")
ACTS = len(EVENTS) - 1  # the event types that PLV's labels can be: all but NEUTRAL, which is the last
ALARM = 0.6  # a neutral sentence whose probability of escalation is as high is a false alarm

_LISTED = read_toml(Path(__file__).with_name("default.toml"), "an experiment")["measure"]["gold"]
SOURCES = {file["name"]: convert(file, GoldFile) for file in _LISTED if "label" in file}


def read_gold(folder: Path, name: str) -> Corpus:
    """The distinct sentences of a gold file that `default.toml` lists."""
    return read_file(structs.replace(SOURCES[name], path=str(folder / Path(SOURCES[name].path).name)))


def share(flags: np.ndarray) -> str:
    """A share with its 95 % Wilson interval."""
    return str(intervals.share(flags.sum(), len(flags)))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of cells under a head, the first column to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines)]
    print()
    for first, *others in lines:
        cells = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:]))
        print("  ".join([f"{first:{widths[0]}}", *cells]).rstrip())


def of_sentences(corpus: Corpus, model: Model) -> dict[str, str]:
    """Every figure that the labels of a gold file allow, by name."""
    scores, groups = score(model, corpus.texts), near_groups(corpus.texts)
    rows = judge(corpus, scores)
    figures = measure(rows, groups)
    out = {"rows": f"{len(corpus):,}", "two-way macro-F1": str(figures["two_way.macro_f1"])}
    out["three-way macro-F1"] = str(figures["three_way.macro_f1"])
    if (corpus.events != "").any():
        acts = measure(replace(rows, event_guess=scores.event_proba[:, :ACTS].argmax(axis=1)), groups)
        for scope, measured in (("all rows", figures), (f"among the {ACTS} acts", acts)):
            out[f"event types right, {scope}"] = str(measured["events.accuracy"])
            out[f"event types macro-F1, {scope}"] = str(measured["events.macro_f1"])
    if (neutral := corpus.stances == NEITHER).any():
        out[f"false alarms: neutral, escalation >= {ALARM}"] = share(scores.proba[neutral, 0] >= ALARM)
    out["calibration error"] = str(figures["ece"])
    out["unclear"] = share(scores.stance == UNCLEAR)
    return out


def sentences(folder: Path, model: Model) -> None:
    """Figures of the four files of labelled sentences."""
    measured = {name: of_sentences(read_gold(folder, name), model) for name in SOURCES}
    names = dict.fromkeys(name for figures in measured.values() for name in figures)
    rows = ([name, *(figures.get(name, "") for figures in measured.values())] for name in names)
    table(["labelled sentences", *measured], rows)


def other_news(folder: Path, model: Model) -> None:
    """Share of AG News' headlines and first sentences that are given a stance, by topic."""
    frame = pd.read_csv(folder / "ag_news_part.tsv", sep="\t", quoting=3)
    takes_side = np.isin(score(model, frame.text.tolist()).stance, STANCES[:2])
    rows = []
    for topic in ("sports", "scitech", "business", "world"):
        parts = [takes_side[(frame.topic == topic) & (frame.part == part)] for part in ("title", "lede")]
        rows.append([topic, *(cell for part in parts for cell in (f"{len(part):,}", share(part)))])
    table(["AG News given a stance", "headlines", "share", "first sentences", "share"], rows)


def articles(folder: Path, model: Model) -> None:
    """BBC articles: which take a side, and whether the expected share of political sentences tells the topics apart."""
    with (folder / "bbc_articles_part.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    scored = score_articles(model, [row["text"] for row in rows])
    conflict = np.array([row["topic"] == "conflict" for row in rows])
    takes_side = np.isin(scored.stance, (*STANCES[:2], MIXED))

    def area(drawn: np.ndarray) -> float:
        return float(auroc(scored.political[drawn], conflict[drawn], np.ones((1, len(drawn))))[0])

    topics = (("other topics", ~conflict), ("conflict", conflict))
    cells = [[f"share rising, easing or mixed: {name}", str(of.sum()), share(takes_side[of])] for name, of in topics]
    cells.append(["AUROC of `political`, conflict against other", str(len(rows)), str(bootstrap(area, len(rows)))])
    table(["BBC articles", "articles", "value"], cells)


def readings(path: Path, model: Model) -> None:
    """Small cases of known misreadings: right by the answer and by the likeliest stance, whatever the threshold."""
    frame = pd.read_csv(path)
    scores = score(model, frame.text.tolist())
    likeliest = np.array(STANCES, object)[scores.proba.argmax(axis=1)]
    frame["right"] = as_wanted(scores.stance, frame.want)
    frame["likeliest"] = as_wanted(likeliest, frame.want)
    parts = [("all", frame), *((f"wanted: {want}", part) for want, part in frame.groupby("want"))]
    rows = ([name, str(len(part)), *hits(part.right), *hits(part.likeliest)] for name, part in parts)
    table(["small cases", "cases", "right", "share", "by the likeliest stance", "share"], rows)
    by_kind(frame)


def hits(right: pd.Series) -> tuple[str, str]:
    """How many are right, and their share with its interval."""
    return str(right.sum()), share(right.to_numpy())


def by_kind(frame: pd.DataFrame) -> None:
    """The kinds of small cases with a wrong answer, those under half on their own."""
    kinds = frame.groupby("kind").agg(right=("right", "sum"), likeliest=("likeliest", "sum"), cases=("right", "size"))
    kinds = kinds.assign(part=kinds.right / kinds.cases).sort_values(["part", "cases"], kind="stable")
    under, whole = kinds.part < 0.5, kinds.part == 1
    for name, of in (("under half right", under), ("half or more right", ~under & ~whole)):
        rows = kinds.loc[of, ["cases", "right", "likeliest"]].astype(str).reset_index().to_numpy().tolist()
        table([f"kinds {name}: {of.sum()} of {len(kinds)}", "cases", "right", "by the likeliest stance"], rows)
    print(f"\nkinds all right: {whole.sum()} of {len(kinds)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path, help="folder of gold files")
    parser.add_argument("model", nargs="?", default="models/detente", help="model folder; else models/detente")
    args = parser.parse_args()
    model = load(args.model)
    sentences(args.gold, model)
    other_news(args.gold, model)
    articles(args.gold, model)
    cases = args.gold.resolve().parent / "cases" / "readings.csv"
    if cases.exists():
        readings(cases, model)


if __name__ == "__main__":
    main()
