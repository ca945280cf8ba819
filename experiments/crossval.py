"""Ten-fold figures with the gold files trained on, by near-duplicate groups.

    python experiments/crossval.py ../shared/gold [SETTINGS.toml]

Trains on data/ and the PLV, cameo and keep-it-local files together, each row held out once and calibrated by the
other folds, and prints the figures of each file's rows.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from gold import COLUMNS, NEITHER, read_gold

from pipeline.corpus.labelled import Corpus, read_labelled
from pipeline.corpus.near import near_groups
from pipeline.evaluate.intervals import measure
from pipeline.experiment.train import held_out
from pipeline.model.fit import cross_fit
from pipeline.model.settings import read_settings, settings_from

FILES = ("PLV", "cameo", "keep it local")


def joined(parts: list[Corpus]) -> Corpus:
    """One corpus of several; a text that stands in more than one keeps its first place."""
    names = ("texts", "events", "stances", "sources", "quads")
    whole = Corpus(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    _, first = np.unique(whole.texts.astype(str), return_index=True)
    return whole.take(np.sort(first))


def main() -> None:
    gold = Path(sys.argv[1])
    settings = read_settings(sys.argv[2]) if len(sys.argv) > 2 else settings_from({"training": {"folds": 10}}, "")
    corpus = joined([*(read_gold(gold, name) for name in FILES), read_labelled(["data"])])
    groups = near_groups(corpus.texts)
    logits, fold = cross_fit(corpus, groups, settings, lambda: print(".", end="", file=sys.stderr, flush=True))
    rows = held_out(corpus, logits, fold)
    print(f"\n{'':16}{'rows':>6}" + "".join(f"{c:>25}" for c in COLUMNS) + f"{'neutral at 0.6':>16}")
    for name in sorted(set(corpus.sources)):
        here = np.flatnonzero(corpus.sources == name)
        figures = measure(rows.take(here), groups[here])
        neutral = here[corpus.stances[here] == NEITHER]
        alarm = f"{(rows.proba[neutral, 0] >= 0.6).mean():.3f}" if len(neutral) else ""
        print(f"{name:16}{len(here):6}" + "".join(f"{str(figures.get(c, '')):>25}" for c in COLUMNS) + f"{alarm:>16}")
    print(f"{'all':16}{len(corpus):6}" + "".join(f"{str(measure(rows, groups)[c]):>25}" for c in COLUMNS))


if __name__ == "__main__":
    main()
