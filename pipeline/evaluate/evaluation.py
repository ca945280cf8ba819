"""Evaluate a model on labelled snippets it has not seen, beside a phrase dictionary and stock classifiers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

from pipeline.corpus.labelled import Corpus, read_labelled
from pipeline.corpus.labelled_rows import RANDOM
from pipeline.corpus.near import near_groups
from pipeline.errors import DetenteError
from pipeline.evaluate.comparison import Comparison, compare, unseen
from pipeline.evaluate.intervals import Figure, measure
from pipeline.evaluate.metrics import Judged, judge, judged
from pipeline.evaluate.slices import Slice, slices
from pipeline.messages import count_of
from pipeline.model.store import Model
from pipeline.score.evidence import explain
from pipeline.score.snippets import Scores, score
from pipeline.sources.mix import Recipe, read_mix
from pipeline.stance import STANCES, UNCLEAR
from pipeline.text.words import FUNCTION_WORDS

MISTAKES = 20
_LONGEST_PHRASE = 8  # words; longer training texts are not trigger phrases
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
    """Evaluate a model; without ``trained_on``, its training texts, there are no baselines.

    Snippets near the training texts are left out by their signatures, ``seen`` (`pipeline.model.store.load_signatures`).
    Raises `InputError` if fewer than ten remain.
    """
    fresh = unseen(corpus, [seen])
    kept = corpus.take(fresh)
    scores = score(model, kept.texts)
    rows = judge(kept, scores)
    groups = near_groups(kept.texts)
    leaked = int((~fresh).sum())
    everything = measure(judge(corpus, score(model, corpus.texts)), near_groups(corpus.texts)) if leaked else None
    right = scores.proba.argmax(axis=1) == rows.stance
    nothing, any_event = np.full(len(kept), "", object), np.full(len(kept), "NEUTRAL", object)
    stances_only = replace(kept, events=nothing, quads=nothing)
    guesses = baseline_proba(trained_on, kept.texts) if trained_on is not None else {}
    baselines = {name: judged(stances_only, proba, any_event) for name, proba in guesses.items()}
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
        mistakes=_answers(model, kept, scores, _surest(scores, ~right)[:MISTAKES]),
        examples=_answers(model, kept, scores, _examples(kept, scores, right)),
        comparisons={name: compare(rows, theirs, groups, _PAIRED) for name, theirs in baselines.items()},
        warnings=_warnings(kept, scores, right, leaked, seen, trained_on, model.settings.abstention.coverage_floor),
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


def _surest(scores: Scores, among: np.ndarray) -> list[int]:
    return sorted(np.flatnonzero(among).tolist(), key=lambda row: -scores.proba[row].max())


def _examples(corpus: Corpus, scores: Scores, right: np.ndarray) -> list[int]:
    chosen: list[int] = []
    for stance in STANCES:
        rows = _surest(scores, right & (corpus.stances == stance))
        chosen += dict.fromkeys([*rows[len(rows) // 2 :][:1], *rows[-1:]])
    return chosen


def _answers(model: Model, corpus: Corpus, scores: Scores, rows: list[int]) -> list[Mistake]:
    if not rows:
        return []
    evidence = explain(model, corpus.texts[rows], top=4)
    sure, given = scores.proba.max(axis=1), scores.proba.argmax(axis=1)
    return [
        Mistake(corpus.texts[row], corpus.stances[row], STANCES[given[row]], float(sure[row]), evidence.of(k))
        for k, row in enumerate(rows)
    ]


def _warnings(
    corpus: Corpus,
    scores: Scores,
    right: np.ndarray,
    leaked: int,
    seen: np.ndarray | None,
    trained_on: Corpus | None,
    coverage_floor: float,
) -> list[str]:
    absent = [stance for stance in STANCES if stance not in set(corpus.stances)]
    out = [f"no snippet is labelled {stance}; figures for it are left out" for stance in absent]
    if leaked:
        out.append(f"left out: {count_of(leaked, 'snippet')} in or near the training texts")
    if seen is None:
        out.append("the model does not say what it was trained on; copies of training texts cannot be found")
    if trained_on is None:
        out.append("the training texts are not available, so there are no baselines")
    if chosen := int(np.sum((corpus.picked != "") & (corpus.picked != RANDOM))):
        drawn = right[corpus.picked == RANDOM]  # only these stand for the pool
        there = f"{drawn.mean():.0%} of their stances are right" if len(drawn) else "measure on such rows"
        out.append(
            f"{count_of(chosen, 'snippet')} picked because a model was unsure of them: the figures are lower than for the "
            f"whole pool, which only rows picked at random represent ({len(drawn):,} here; {there})"
        )
    if (unknown := np.mean(scores.coverage < coverage_floor)) > 0.1:
        out.append(f"{unknown:.0%} of the snippets hold mostly unknown words: are they English?")
    return out


def baseline_proba(trained_on: Corpus, texts: np.ndarray) -> dict[str, np.ndarray]:
    """Stance probabilities of each baseline for n texts, by its name: (n, 3), columns in the order of `STANCES`.

    The baselines learn from the same snippets as the model.
    """
    stances = trained_on.stances.astype(str)
    out = {
        "commonest stance": np.tile(_shares(stances), (len(texts), 1)),
        "phrase dictionary": _dictionary(trained_on, texts),
    }
    stock = {
        "TF-IDF + logistic regression, stock": LogisticRegression(max_iter=300),
        "complement naive Bayes": ComplementNB(),
    }
    for name, model in stock.items():
        pipeline = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), model)
        pipeline.fit(trained_on.texts, stances)
        out[name] = np.zeros((len(texts), len(STANCES)))
        out[name][:, [STANCES.index(label) for label in pipeline.classes_]] = pipeline.predict_proba(texts)
    return out


def _shares(stances: np.ndarray) -> np.ndarray:
    return np.array([(stances == stance).mean() for stance in STANCES])


def _dictionary(trained_on: Corpus, texts: np.ndarray) -> np.ndarray:
    """Votes of the phrases whose content words all occur in the text; the majority stance if there are none."""
    words = [_content(text) for text in trained_on.texts]
    phrases = [k for k, found in enumerate(words) if found and len(trained_on.texts[k].split()) <= _LONGEST_PHRASE]
    votes = np.tile(_shares(trained_on.stances) * 0.5, (len(texts), 1))
    if not phrases:
        return votes / votes.sum(axis=1, keepdims=True)
    counter = CountVectorizer(analyzer=_content, binary=True).fit([trained_on.texts[k] for k in phrases])
    wanted = counter.transform([trained_on.texts[k] for k in phrases])
    shared = csr_matrix(counter.transform(texts) @ wanted.T)
    size = np.asarray(wanted.sum(axis=1)).ravel()
    rows, columns = shared.nonzero()
    full = np.asarray(shared[rows, columns]).ravel() == size[columns]
    stance = np.array([STANCES.index(trained_on.stances[k]) for k in phrases])
    np.add.at(votes, (rows[full], stance[columns[full]]), 1.0)
    return votes / votes.sum(axis=1, keepdims=True)


def _content(text: str) -> list[str]:
    return sorted(set(re.findall(r"\w+", text.lower())) - FUNCTION_WORDS)
