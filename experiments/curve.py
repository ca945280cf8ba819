"""The learning curve of the corpus: shares of the snippets against the figures on each gold file.

    python experiments/curve.py ../shared/gold

Trains on all phrases and on shares of the snippets drawn at random, each a part of the next, uncalibrated.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from features import answers
from gold import SOURCES, read_gold

from pipeline.corpus.labelled import read_labelled
from pipeline.corpus.near import near_groups
from pipeline.evaluate.intervals import measure
from pipeline.text.vocabulary import Features

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1)


def main() -> None:
    gold = {name: read_gold(Path(sys.argv[1]), name) for name in SOURCES}
    groups = {name: near_groups(corpus.texts) for name, corpus in gold.items()}
    data = read_labelled(["data"])
    snippets = np.random.default_rng(0).permutation(np.flatnonzero(data.sources == "snippets.csv"))
    phrases = np.flatnonzero(data.sources == "codebook.csv")
    print(f"| snippets | {' | '.join(SOURCES)} | cameo, three-way | keep it local, three-way | events right |")
    print("|---|" + "---|" * (len(SOURCES) + 3))
    for share in SHARES:
        some = snippets[: round(share * len(snippets))]
        said = answers(Features(), data.take(np.sort(np.concatenate([phrases, some]))), gold)
        found = {name: measure(said[name], groups[name], 200) for name in gold}
        cells = [found[name]["two_way.macro_f1"] for name in gold]
        cells += [found[name]["three_way.macro_f1"] for name in ("cameo", "keep it local")]
        cells.append(found["PLV"]["events.accuracy"])
        print(f"| {len(some):,} | {' | '.join(f'{cell.value:.3f}' for cell in cells)} |", flush=True)


if __name__ == "__main__":
    main()
