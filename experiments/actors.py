"""How well sources and targets are found on PLV's training sentences, whose columns name them.

    python experiments/actors.py ../shared/gold

A row counts where both of its names hold an actor of the gazetteer, and not the same. Where only the target does, it must
not be given as the source.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from gold import share

from pipeline.actors.gazetteer import gazetteer
from pipeline.actors.roles import find_actors


def main() -> None:
    frame = pd.read_csv(Path(sys.argv[1]) / "PLV_train.tsv", sep="\t", quoting=3).drop_duplicates("sentence")
    states = {actor.key for actor in gazetteer().actors if actor.type == "state"}
    found = find_actors(frame.sentence.tolist())
    named = {side: find_actors(frame[side].astype(str).tolist()) for side in ("source", "target")}
    rows, both, right, first, state, turned = 0, [], [], [], [], []
    for row in range(len(frame)):
        wanted = [named[side].of(row)[2] for side in ("source", "target")]
        source, target, every = found.of(row)
        state += [key in every for names in wanted for key in names if key in states]
        if wanted[1] and not wanted[0]:
            turned.append(source in wanted[1])
        if not wanted[0] or not wanted[1] or set(wanted[0]) & set(wanted[1]):
            continue
        rows += 1
        here = [bool(set(names) & set(every)) for names in wanted]
        both.append(all(here))
        if all(here):
            right.append(source in wanted[0] and target in wanted[1])
            first.append(every[0] in wanted[0] and every[1] in wanted[1])
    print(f"both names in the gazetteer's reach           {rows} of {len(frame)}")
    shares = {"both found": both, "source and target right": right, "baseline: the first two named actors": first}
    for name, flags in (
        shares | {"states found": state, "no source named: the target given as source": turned}
    ).items():
        print(f"{name:46}{share(np.array(flags))} of {len(flags)}")


if __name__ == "__main__":
    main()
