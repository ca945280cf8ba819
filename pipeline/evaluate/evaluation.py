"""Evaluate a model on labelled snippets it has not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pipeline.corpus.labelled import Corpus, read_labelled
from pipeline.corpus.labelled_rows import RANDOM
from pipeline.corpus.near import is_near, near_groups
from pipeline.errors import DetenteError, InputError
from pipeline.evaluate.baselines import baseline_proba
from pipeline.evaluate.comparison import Comparison, compare
from pipeline.evaluate.intervals import LEAST_ROWS, Figure, measure
from pipeline.evaluate.metrics import Judged, judge, judged
from pipeline.evaluate.slices import Slice, slices
from pipeline.messages import count_of
from pipeline.model.store import Model
from pipeline.score.evidence import explain
from pipeline.score.snippets import Scores, score
from pipeline.sources.mix import Recipe, read_mix
from pipeline.stance import STANCES, UNCLEAR

MISTAKES = 20
_PAIRED = 500  # resamples for the comparison with a baseline


@dataclass(frozen=True)
class Mistake:
    """A predicted and a true stance, with the evidence for the prediction."""

    text: str
    true: str
    given: str
    probability: float
    evidence: list[tuple[str, float]]


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a model on labelled snippets.

    Attributes
    ----------
    rows : number of snippets measured: those neither in nor near the training texts.
    leaked : number of the other snippets, excluded from all but ``figures_with_leaked``.
    figures : metrics with intervals, as if the model never abstained.
    figures_with_leaked : metrics over all snippets, None if nothing leaked.
    baselines : metrics of each baseline on the same snippets; empty if the training texts are not available.
    slices : accuracy on subsets of the snippets.
    texts : (rows,) object, the measured snippets.
    judged : their labels and probabilities.
    groups : (rows,) near-duplicate groups.
    unclear : share of the snippets on which the model abstains.
    mistakes : the most confident wrong answers.
    examples : right answers, two per stance: one of median confidence and the least confident.
    comparisons : the model against each baseline on the same snippets.
    warnings : caveats about the metrics.
    """

    rows: int
    leaked: int
    figures: dict[str, Figure]
    figures_with_leaked: dict[str, Figure] | None
    baselines: dict[str, dict[str, Figure]]
    slices: list[Slice]
    texts: np.ndarray
    judged: Judged
    groups: np.ndarray
    unclear: float
    mistakes: list[Mistake]
    examples: list[Mistake]
    comparisons: dict[str, Comparison]
    warnings: list[str]


def evaluate(
    model: Model, corpus: Corpus, seen: np.ndarray | None = None, trained_on: Corpus | None = None
) -> Evaluation:
    """Evaluate a model.

    Parameters
    ----------
    seen : signatures of the training texts (`pipeline.model.store.load_signatures`); None if unknown.
    trained_on : the training texts, for the baselines; None leaves these out.

    Raises
    ------
    InputError
        If fewer than ten snippets remain after excluding those near the training texts.
    """
    fresh = _fresh(corpus, seen)
    kept = corpus.take(fresh)
    scores = score(model, kept.texts)
    rows = judge(kept, scores)
    groups = near_groups(kept.texts)
    leaked = int((~fresh).sum())
    everything = None
    if leaked:
        everything = measure(judge(corpus, score(model, corpus.texts)), near_groups(corpus.texts))
    right = scores.proba.argmax(axis=1) == rows.stance
    baselines = _baselines(kept, trained_on)
    return Evaluation(
        rows=len(kept),
        leaked=leaked,
        figures=measure(rows, groups),
        figures_with_leaked=everything,
        baselines={name: measure(theirs, groups) for name, theirs in baselines.items()},
        slices=slices(kept, right, model.weights.vocabulary.lexicon),
        texts=kept.texts,
        judged=rows,
        groups=groups,
        unclear=float((scores.stance == UNCLEAR).mean()),
        mistakes=_mistakes(model, kept, scores, right),
        examples=_examples(model, kept, scores, right),
        comparisons={name: compare(rows, theirs, groups, _PAIRED) for name, theirs in baselines.items()},
        warnings=_warnings(kept, scores, right, leaked, seen, trained_on),
    )


def training_corpus(model: Model) -> Corpus | None:
    """The training texts, if the data named in the card is still available and unchanged."""
    data = model.card["data"]
    try:
        recipe = data.get("recipe")
        corpus = read_mix(Recipe.from_card(recipe)) if recipe else read_labelled(data["files"])
    except DetenteError:
        return None
    return corpus if corpus.fingerprint() == data["sha256"] else None


def _fresh(corpus: Corpus, seen: np.ndarray | None) -> np.ndarray:
    """(n,) bool: neither in nor near the training texts; raises `InputError` if too few are."""
    fresh = np.ones(len(corpus), bool) if seen is None else ~is_near(seen, corpus.texts)
    if fresh.sum() < LEAST_ROWS:
        leaked = int((~fresh).sum())
        why = f", {leaked} of them in or near to the training texts" if leaked else ""
        raise InputError(
            f"expected at least {LEAST_ROWS} labelled snippets that the model has not seen, "
            f"got {len(corpus)}{why}; give other snippets"
        )
    return fresh


def _baselines(corpus: Corpus, trained_on: Corpus | None) -> dict[str, Judged]:
    if trained_on is None:
        return {}
    unknown = np.full(len(corpus), "", object)
    stances_only = replace(corpus, events=unknown, quads=unknown)
    any_event = np.full(len(corpus), "NEUTRAL", object)
    return {
        name: judged(stances_only, proba, any_event) for name, proba in baseline_proba(trained_on, corpus.texts).items()
    }


def _mistakes(model: Model, corpus: Corpus, scores: Scores, right: np.ndarray) -> list[Mistake]:
    wrong = np.flatnonzero(~right)
    sure = scores.proba.max(axis=1)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:MISTAKES]
    return _answers(model, corpus, scores, worst)


def _examples(model: Model, corpus: Corpus, scores: Scores, right: np.ndarray) -> list[Mistake]:
    sure = scores.proba.max(axis=1)
    chosen: list[int] = []
    for stance in STANCES:
        rows = np.flatnonzero(right & (corpus.stances == stance))
        rows = rows[np.argsort(-sure[rows], kind="stable")]
        chosen += dict.fromkeys([*rows[len(rows) // 2 : len(rows) // 2 + 1].tolist(), *rows[-1:].tolist()])
    return _answers(model, corpus, scores, np.array(chosen, np.int64))


def _answers(model: Model, corpus: Corpus, scores: Scores, rows: np.ndarray) -> list[Mistake]:
    if not len(rows):
        return []
    evidence = explain(model, corpus.texts[rows], top=4)
    sure, given = scores.proba.max(axis=1), scores.proba.argmax(axis=1)
    return [
        Mistake(corpus.texts[row], corpus.stances[row], STANCES[given[row]], float(sure[row]), evidence.of(k))
        for k, row in enumerate(rows.tolist())
    ]


def _warnings(
    corpus: Corpus,
    scores: Scores,
    right: np.ndarray,
    leaked: int,
    seen: np.ndarray | None,
    trained_on: Corpus | None,
) -> list[str]:
    absent = [stance for stance in STANCES if stance not in set(corpus.stances)]
    out = [f"no snippet is labelled {stance}; figures for it are left out" for stance in absent]
    if leaked:
        out.append(f"{leaked:,} snippets are in or near to the training texts; the figures are without them")
    if seen is None:
        out.append("the model does not say what it was trained on; copies of training texts cannot be found")
    if trained_on is None:
        out.append("the training texts are not at hand; no baselines")
    if chosen := int(np.sum((corpus.picked != "") & (corpus.picked != RANDOM))):
        out.append(_not_the_pool(chosen, right[corpus.picked == RANDOM]))
    if (unknown := np.mean(scores.coverage < 0.5)) > 0.1:
        out.append(f"{unknown:.0%} of the snippets hold mostly unknown words: are they English?")
    return out


def _not_the_pool(chosen: int, right: np.ndarray) -> str:
    """Say that rows picked as hard do not stand for the pool, and the share of right stances on those that do."""
    there = f"{right.mean():.0%} of their stances are right" if len(right) else "measure on such rows"
    return (
        f"{count_of(chosen, 'snippet')} picked because a model was unsure of them: the figures are lower than on the "
        f"pool, which only rows picked at random stand for ({len(right):,} here; {there})"
    )
