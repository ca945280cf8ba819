"""How many labels picking saves, with the gold files as pools and their labels as the annotator.

    python experiments/picking.py ../shared/gold [SEEDS] [FILES]

From zero: a model is fitted on the labelled rows alone, first on 50 drawn at random, then with 10 more at each step,
drawn at random or picked as `detente data pick` does. Each seed keeps three tenths of the file for testing, near-copies
on one side. Prints the mean macro-F1 of stances after each number of labels, and for several F1 the labels needed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from gold import SOURCES, read_gold
from joblib import Parallel, delayed
from label_errors import labelled_with
from sklearn.metrics import f1_score

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.near import near_groups
from pipeline.corpus.split import folds
from pipeline.label.pick import pick
from pipeline.model.fit import fit
from pipeline.model.settings import Settings

FIRST, STEP, MOST = 50, 10, 1_000
WAYS = ("random", "pick")
SHOWN = 5  # steps from one row of the table to the next


def courses(corpus: Corpus, groups: np.ndarray, seed: int) -> list[list[float]]:
    """The course of each way, over the same pool and the same test rows."""
    held = folds(groups, corpus.stances, 10, seed) < 3
    return [course(corpus.take(~held), corpus.take(held), way, seed) for way in WAYS]


def course(pool: Corpus, test: Corpus, way: str, seed: int) -> list[float]:
    """Macro-F1 on the test rows after each step."""
    rng = np.random.default_rng(seed)
    labelled = rng.choice(len(pool), FIRST, replace=False)
    found = []
    while True:
        model = fit(pool.take(labelled), Settings())
        found.append(f1_score(test.stances.astype(str), model.predict(test.texts).astype(str), average="macro"))
        rest = np.setdiff1d(np.arange(len(pool)), labelled)
        if len(rest) < STEP or len(labelled) >= MOST:
            return found
        if way == "random":
            chosen = rng.choice(len(rest), STEP, replace=False)
        else:
            proba = model.predict_proba(pool.texts[rest])
            chosen = pick(pool.texts[rest], proba, STEP, seed + len(labelled)).rows
        labelled = np.concatenate([labelled, rest[chosen]])


def needed(curve: np.ndarray, goal: float) -> float:
    """Labels at which a curve first reaches an F1, between two steps by a straight line."""
    curve = np.maximum.accumulate(curve)
    above = np.flatnonzero(curve >= goal)
    if not len(above):
        return float("nan")
    k = int(above[0])
    if k == 0:
        return float(FIRST)
    return FIRST + STEP * (k - 1 + (goal - curve[k - 1]) / (curve[k] - curve[k - 1]))


def main() -> None:
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    for name in sys.argv[3:] or SOURCES:
        corpus = labelled_with(read_gold(Path(sys.argv[1]), name), "stances")
        groups = near_groups(corpus.texts)
        found = Parallel(n_jobs=-1)(delayed(courses)(corpus, groups, seed) for seed in range(seeds))
        least = min(len(row) for rows in found for row in rows)  # pools differ by a few rows
        mean = {way: np.mean([row[:least] for row in rows], axis=0) for way, rows in zip(WAYS, zip(*found))}
        print(f"\n{name}, {len(corpus):,} rows, {seeds} seeds")
        print(f"| labels | {' | '.join(WAYS)} |\n|---|" + "---|" * len(WAYS))
        for k in range(0, len(mean["random"]), SHOWN):
            print(f"| {FIRST + STEP * k} | " + " | ".join(f"{mean[way][k]:.3f}" for way in WAYS) + " |")
        for share in (0.5, 0.75, 1.0):
            goal = mean["random"][round(share * (len(mean["random"]) - 1))]
            said = {way: needed(mean[way], goal) for way in WAYS}
            saved = ", ".join(f"{way} {said[way]:.0f} ({1 - said[way] / said['random']:.0%} fewer)" for way in WAYS[1:])
            print(f"F1 {goal:.3f}: random {said['random']:.0f}, {saved}", flush=True)


if __name__ == "__main__":
    main()
