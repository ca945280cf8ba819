"""Ten-fold figures with the gold files trained on, by near-duplicate groups.

    python experiments/crossval.py ../shared/gold [NAME…] [--weight W] [--settings SETTINGS.toml]

Trains on what comes with Detente and the named gold files together (PLV, A/W, cameo, "keep it local"; PLV where none
is named), each row held out once and calibrated by the other folds, and prints the figures of each file's rows, counted
as `gold.py` counts them. `events15` is macro-F1 where only PLOVER's 15 event types may be answered, not NEUTRAL.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from gold import COLUMNS, NEITHER, SOURCES, read_gold

from pipeline.bundled import data_folder
from pipeline.corpus.labelled import merged, read_labelled
from pipeline.corpus.near import near_groups
from pipeline.evaluate.intervals import measure
from pipeline.evaluate.metrics import judge
from pipeline.experiment.train import calibrated_proba
from pipeline.model.calibration import event_proba
from pipeline.model.fit import cross_fit
from pipeline.model.settings import Abstention, read_settings, settings_from
from pipeline.score.snippets import from_proba
from pipeline.stance import EVENTS
from pipeline.text.vocabulary import Knowledge


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SOURCES)}; PLV where there is none")
    parser.add_argument("--weight", type=float, default=np.nan, help="of each gold row; the settings' own_weight")
    parser.add_argument("--settings", help="TOML file; ten folds where there is none")
    args = parser.parse_args()
    args.names = args.names or ["PLV"]  # with `choices`, Python 3.11 refuses a default of "*"
    if unknown := set(args.names) - set(SOURCES):
        parser.error(f"no such file: {', '.join(sorted(unknown))}; choose from {', '.join(SOURCES)}")
    return args


def main() -> None:
    args = asked()
    settings = read_settings(args.settings) if args.settings else settings_from({"training": {"folds": 10}}, "")
    gold = [read_gold(args.gold, name) for name in args.names]
    gold = [replace(part, weights=np.full(len(part), args.weight)) for part in gold]
    corpus = merged([*gold, read_labelled([data_folder()])])
    print(f"{len(corpus)} rows, {len(corpus.set_aside)} set aside", file=sys.stderr)
    groups = near_groups(corpus.texts)
    logits, fold = cross_fit(corpus, groups, settings, lambda: print(".", end="", file=sys.stderr, flush=True))
    proba = calibrated_proba(corpus, logits, fold)
    print(f"\n{'':16}{'rows':>6}" + "".join(f"{c:>25}" for c in (*COLUMNS, "events15")) + f"{'neutral at 0.6':>16}")
    for name in [*args.names, *sorted(set(corpus.sources) - set(args.names))]:
        here = np.flatnonzero(corpus.sources == name)
        known = Knowledge(np.ones(len(here)), np.full(len(here), np.inf), np.ones(len(here)))
        scores = from_proba(proba[here], known, threshold=0.0, abstention=Abstention())
        rows = judge(corpus.take(here), scores)
        figures = measure(rows, groups[here])
        political = event_proba(proba[here])[:, : EVENTS.index("NEUTRAL")].argmax(axis=1)
        figures["events15"] = measure(replace(rows, event_guess=political), groups[here]).get("events.macro_f1", "")
        neutral = corpus.stances[here] == NEITHER
        alarm = f"{(scores.proba[neutral, 0] >= 0.6).mean():.3f}" if neutral.any() else ""
        cells = "".join(f"{figures.get(c, '')!s:>25}" for c in (*COLUMNS, "events15"))
        print(f"{name:16}{len(here):6}{cells}{alarm:>16}")


if __name__ == "__main__":
    main()
