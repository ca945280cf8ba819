"""A model measured on labelled snippets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.near import near_groups
from pipeline.errors import InputError
from pipeline.evaluate.intervals import Figure, measure
from pipeline.evaluate.metrics import judged
from pipeline.model.store import Model
from pipeline.score.snippets import Scores, score
from pipeline.stance import STANCES, UNCLEAR

LEAST_ROWS = 10  # fewer rows than this give intervals that say nothing


@dataclass(frozen=True)
class Evaluation:
    """Figures of a model on n labelled snippets.

    Attributes
    ----------
    rows : n.
    figures : metrics with intervals; answers are counted as if the model never abstained.
    unclear : share of the rows that the model would not answer.
    warnings : what a reader of the figures must know.
    """

    rows: int
    figures: dict[str, Figure]
    unclear: float
    warnings: list[str]


def evaluate(model: Model, corpus: Corpus) -> Evaluation:
    """Measure a model.

    Raises
    ------
    InputError
        Where there are fewer than ten rows.
    """
    if len(corpus) < LEAST_ROWS:
        raise InputError(f"expected at least {LEAST_ROWS} labelled snippets to measure on, got {len(corpus)}; add rows")
    scores = score(model, corpus.texts)
    rows = judged(corpus.stances, corpus.events, scores.proba, scores.event)
    figures = measure(rows, near_groups(corpus.texts))
    return Evaluation(len(corpus), figures, float((scores.stance == UNCLEAR).mean()), _warnings(corpus, scores))


def _warnings(corpus: Corpus, scores: Scores) -> list[str]:
    absent = [stance for stance in STANCES if stance not in set(corpus.stances)]
    out = [f"no snippet is labelled {stance}; figures for it are left out" for stance in absent]
    if (scores.coverage < 0.5).mean() > 0.1:
        share = np.mean(scores.coverage < 0.5)
        out.append(f"{share:.0%} of the snippets hold mostly unknown words: are they English?")
    return out
