"""What each feature adds: the shipped configuration against others, with paired bootstrap intervals.

    python experiments/features.py ../shared/gold

Every configuration is fitted on data/ as it stands and scores the same gold sentences, uncalibrated. A difference is
the shipped configuration less the other: above zero, the shipped one is better.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from gold import SOURCES, read_gold

from pipeline.corpus.labelled import Corpus, read_labelled
from pipeline.corpus.near import near_groups
from pipeline.evaluate.comparison import compare
from pipeline.evaluate.metrics import Judged, judged
from pipeline.model.calibration import softmax, stance_proba
from pipeline.model.fit import event_logits, fit
from pipeline.model.settings import Settings, Training
from pipeline.stance import EVENTS
from pipeline.text.terms import FAMILIES
from pipeline.text.vocabulary import Features

SHIPPED = Features()
FEATURES = {
    "names not masked": replace(SHIPPED, masks=False),
    "word forms, no stems": replace(SHIPPED, stems=False),
    **{
        f"without {family}": replace(SHIPPED, families=tuple(f for f in SHIPPED.families if f != family))
        for family in SHIPPED.families
    },
    **{f"with {family}": replace(SHIPPED, families=(*SHIPPED.families, family)) for family in FAMILIES},
    "without reversed and cue": replace(
        SHIPPED, families=tuple(f for f in SHIPPED.families if f not in ("reversed", "cue"))
    ),
    "words and pairs": replace(SHIPPED, families=("word", "pair")),
    "words and pairs, no masks, no stems": replace(SHIPPED, masks=False, stems=False, families=("word", "pair")),
    "terms seen once too": replace(SHIPPED, min_df=1),
    "terms seen three times": replace(SHIPPED, min_df=3),
}
OTHERS = {
    **{label: Settings(text=features) for label, features in FEATURES.items()},
    "without complement naive Bayes": Settings(training=Training(complement=0.0)),
}


def answers(settings: Settings, data: Corpus, gold: dict[str, Corpus]) -> dict[str, Judged]:
    """What a model with these settings, fitted on the data, says of each gold file."""
    model = fit(data, settings)
    out = {}
    for name, corpus in gold.items():
        proba = softmax(event_logits(model, corpus.texts))
        out[name] = judged(corpus, stance_proba(proba), np.array(EVENTS, object)[proba.argmax(axis=1)])
    return out


def main() -> None:
    gold = {name: read_gold(Path(sys.argv[1]), name) for name in SOURCES}
    groups = {name: near_groups(corpus.texts) for name, corpus in gold.items()}
    data = read_labelled(["data"])
    shipped = answers(Settings(), data, gold)
    print(f"| shipped against | {' | '.join(SOURCES)} | events, PLV |\n|{'---|' * (len(SOURCES) + 2)}")
    for label, settings in OTHERS.items():
        if len(set(settings.text.families)) < len(settings.text.families):  # already shipped
            continue
        other = answers(settings, data, gold)
        found = {name: compare(shipped[name], other[name], groups[name], 1000).differences for name in gold}
        cells = [found[name]["two_way.macro_f1"] for name in gold] + [found["PLV"]["events.accuracy"]]
        written = (f"{100 * c.value:+.1f} [{100 * c.low:+.1f}, {100 * c.high:+.1f}]" for c in cells)
        print(f"| {label} | {' | '.join(written)} |", flush=True)


if __name__ == "__main__":
    main()
