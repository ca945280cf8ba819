"""Timelines of known courses: do the bands hold, do corrected shares beat counting, how often is nothing flagged as a turn?

    python experiments/timeline.py [REPEATS]

Sentences of data/ with the probabilities of models that had not seen them are drawn day by day with a known mix of
escalation, de-escalation, other political and other news, and go through `pipeline.timeline` like any feed.
"""

from __future__ import annotations

import sys

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.corpus.labelled import read_labelled
from pipeline.corpus.near import near_groups
from pipeline.experiment.train import calibrated_proba
from pipeline.model.calibration import stance_priors, stance_proba
from pipeline.model.fit import cross_fit
from pipeline.model.settings import Settings
from pipeline.stance import OTHER
from pipeline.timeline.dated_texts import DatedTexts
from pipeline.timeline.gathered import gather
from pipeline.timeline.memberships import all_of
from pipeline.timeline.series import Period, Records, timeline

DAYS, QUIET_DAYS = 100, 450


def pools() -> tuple[np.ndarray, np.ndarray, list[np.ndarray], np.ndarray]:
    """Held-out stance probabilities, relevance, the rows of each of four classes, and the priors of the stances."""
    corpus = read_labelled(["data"])
    corpus = corpus.take(np.flatnonzero(corpus.sources != "codebook.csv"))
    logits, fold = cross_fit(corpus, near_groups(corpus.texts), Settings(), lambda: None)
    proba = calibrated_proba(corpus, logits, fold)
    other = corpus.events == OTHER
    kinds = [corpus.stances == "escalation", corpus.stances == "de-escalation", (corpus.stances == "neutral") & ~other]
    rows = [np.flatnonzero(kind) for kind in (*kinds, other)]
    return stance_proba(proba), 1 - proba[:, -1], rows, np.array(stance_priors(corpus.stances[~other]))


def crisis(day: int) -> np.ndarray:
    """A mix that swings between two thirds of escalation and a third of de-escalation; a quarter is other news."""
    up = 0.22 + 0.19 * np.sin(2 * np.pi * day / DAYS)
    down = 0.22 - 0.15 * np.sin(2 * np.pi * day / DAYS + 0.5)
    return np.array([up, down, 0.75 - up - down, 0.25])


def build_up(day: int) -> np.ndarray:
    """A mix of mostly neutral news in which escalation grows from a tenth to half; half is other news."""
    return np.array([0.05 + 0.002 * day, 0.1 - 0.0005 * day, 0.35 - 0.0015 * day, 0.5])


def quiet(day: int) -> np.ndarray:
    """A mix that does not change."""
    return np.array([0.15, 0.15, 0.3, 0.4])


def draw(held_out, mix, days: int, n: int, rng) -> tuple[list[Period], np.ndarray, np.ndarray]:
    """Periods of a drawn feed, its (days, 4) mixes, and (days, 3) shares by counting the likeliest stances."""
    proba, relevance, rows, priors = held_out
    mixes = np.array([mix(day) for day in range(days)])
    kinds = np.concatenate([rng.choice(4, n, p=one) for one in mixes])
    places = rng.integers(0, 1 << 40, len(kinds)) % [len(rows[kind]) for kind in kinds]
    drawn = np.array([rows[kind][place] for kind, place in zip(kinds, places)])
    day = np.repeat(np.arange(days), n)
    blank = as_strings([""] * len(drawn))
    batch = DatedTexts(day * 86_400.0, proba[drawn], relevance[drawn], all_of(len(drawn)), blank, blank, blank, blank)
    found, own = gather([batch], "D"), np.arange(len(drawn), dtype=np.int32)
    records = Records(np.zeros(len(drawn), np.int32), own, found.names, found, own)
    counted = np.zeros((days, 3))
    inside = relevance[drawn] >= 0.5
    np.add.at(counted, (day[inside], proba[drawn[inside]].argmax(axis=1)), 1)
    counted /= np.maximum(counted.sum(axis=1, keepdims=True), 1)
    return timeline(records, "D", priors, int(rng.integers(1 << 30))), mixes, counted


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    held_out = pools()
    heads = (
        "texts a day",
        "band holds",
        "share bands",
        "error, counted",
        "corrected",
        "of the mean: counted",
        "corrected",
    )
    print(f"{'mix':10}" + "".join(f"{head:>{width}}" for head, width in zip(heads, (12, 12, 13, 16, 11, 22, 11))))
    for mix in (crisis, build_up):
        for n in (10, 20, 40, 100, 400, 1600):
            rows = []
            for repeat in range(repeats if n < 1000 else 2):
                periods, mixes, counted = draw(held_out, mix, DAYS, n, np.random.default_rng(repeat))
                true = mixes[:, :3] / (1 - mixes[:, 3:])
                bands = np.array([(one.tension, one.escalation, one.de_escalation) for one in periods])
                wanted = np.column_stack([true[:, 0] - true[:, 1], true[:, :2]])
                holds = (bands[:, :, 1] <= wanted) & (wanted <= bands[:, :, 2])
                fitted = np.column_stack([bands[:, 1:, 0], 1 - bands[:, 1:, 0].sum(axis=1)])
                off = [(shares - true)[np.isfinite(shares).all(axis=1)] for shares in (counted, fitted)]
                errors = [*(np.abs(one).mean() for one in off), *(np.abs(one.mean(axis=0)).mean() for one in off)]
                rows.append((holds[:, 0].mean(), holds[:, 1:].mean(), *errors))
            a = np.mean(rows, axis=0)
            held = f"{mix.__name__:10}{n:12,}{a[0]:12.1%}{a[1]:13.1%}"
            print(f"{held}{a[2]:16.4f}{a[3]:11.4f}{a[4]:22.4f}{a[5]:11.4f}", flush=True)
    print(f"\n{'quiet series, texts a day':28}{'periods':>9}{'flags':>7}{'one in':>8}")
    for n in (4, 10, 40, 100):
        flags = periods = 0
        for repeat in range(4 * repeats):
            found, _, _ = draw(held_out, quiet, QUIET_DAYS, n, np.random.default_rng(100 + repeat))
            flags += sum(1 for one in found if one.flag)
            periods += len(found)
        print(f"{n:28}{periods:9,}{flags:7}{periods / max(flags, 1):8.0f}", flush=True)


if __name__ == "__main__":
    main()
