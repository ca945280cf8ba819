"""How many planted label errors `detente data check` lists early, on the gold files and on bundled texts.

    python experiments/label_errors.py ../shared/gold [SEEDS]

In each file, 2 % of the labels are replaced by another at random, as 100 of 5,000 are. Prints the mean share of them
among the first 3 % of the rows, as 150 of 5,000 are, and the share of all labels that the held-out models agree with.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from gold import SOURCES, read_gold
from joblib import Parallel, delayed

from pipeline.bundled import data_folder
from pipeline.corpus.labelled import Corpus, read_labelled
from pipeline.corpus.near import ALIKE, fingerprints, is_near, near_groups, signatures
from pipeline.label.suspicion import bundled_opinion, levels, own_opinion, pooled, suspects
from pipeline.stance import event_of, quad_of, stance_of

PLANTED, LISTED = 0.02, 0.03
N_BUNDLED = 5_000
KINDS = ("events", "quads", "stances")


def files(folder: Path) -> dict[str, Corpus]:
    """Bundled texts and every gold file."""
    bundled = read_labelled([data_folder()])
    sample = np.random.default_rng(0).choice(len(bundled), N_BUNDLED, replace=False)
    bundled = bundled.take(np.sort(sample))
    quads = np.array([quad_of(event) for event in bundled.events], object)
    return {"bundled": replace(bundled, quads=quads), **{name: read_gold(folder, name) for name in SOURCES}}


def labelled_with(corpus: Corpus, kind: str) -> Corpus:
    """The corpus with one kind of label only, and what follows from it."""
    none = np.full(len(corpus), "", object)
    only = replace(corpus, events=none, quads=none)
    if kind == "events":
        events = np.array([event_of(event) for event in corpus.events], object)
        return replace(only, events=events, stances=np.array([stance_of(event) for event in events], object))
    return only if kind == "stances" else replace(only, quads=corpus.quads)


def flipped(given: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which some are replaced by another at random, and which, (n,) bool."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(given), round(PLANTED * len(given)), replace=False)
    out, n_classes = given.copy(), given.max() + 1
    out[rows] = (given[rows] + rng.integers(1, n_classes, len(rows))) % n_classes
    return out, np.isin(np.arange(len(given)), rows)


def found(corpus: Corpus, bundled: np.ndarray, groups: np.ndarray, given: np.ndarray, seed: int) -> dict[str, float]:
    """Share of the planted errors listed early by the pool and by either opinion, and the agreement of the pool."""
    labels, wrong = flipped(given, seed)
    own = own_opinion(corpus.texts, labels, groups, given.max() + 1)
    shares = {}
    for name, opinions in {"pool": (bundled, own), "bundled": (bundled,), "own": (own,)}.items():
        proba = pooled(opinions, labels)
        listed = suspects(labels, proba).rows[: round(LISTED * len(given))]
        shares[name] = wrong[listed].sum() / wrong.sum()
        shares["agrees"] = shares.get("agrees", (proba.argmax(axis=1) == labels).mean())
    return shares


def main() -> None:
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    print("| file | labels | rows | pool | bundled alone | own labels alone | agrees with |\n|---" + "|---" * 6 + "|")
    shipped = read_labelled([data_folder()])
    for name, corpus in files(Path(sys.argv[1])).items():
        prints = fingerprints(corpus.texts)
        groups, others = near_groups(corpus.texts, ALIKE, prints), ~is_near(signatures(prints), shipped.texts)
        for kind in KINDS:
            if (getattr(corpus, kind) == "").any():
                continue
            one = labelled_with(corpus, kind)
            classes, given, of_label = levels(one)
            bundled = bundled_opinion(one.texts, shipped.take(others), of_label, len(classes))
            rounds = Parallel(2)(delayed(found)(one, bundled, groups, given, seed) for seed in range(seeds))
            means = [np.mean([of[way] for of in rounds]) for way in ("pool", "bundled", "own", "agrees")]
            print(f"| {name} | {kind} | {len(one):,} | {' | '.join(f'{mean:.0%}' for mean in means)} |", flush=True)


if __name__ == "__main__":
    main()
