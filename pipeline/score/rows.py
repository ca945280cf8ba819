"""Scores as rows: one row an input row, in input order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.model.store import Model
from pipeline.score.articles import Article, score_articles
from pipeline.score.evidence import explain
from pipeline.score.inputs import Batch
from pipeline.score.snippets import Scores, score

_DECIMALS = 6


@dataclass(frozen=True)
class Asked:
    """What the output holds: the sentences of articles instead of the articles; how many terms of evidence."""

    sentences: bool = False
    evidence: int = 3


def score_batch(model: Model, batch: Batch, asked: Asked) -> Iterator[dict]:
    """One row a snippet, an article, or a sentence of an article."""
    if not batch.articles:
        scores = score(model, batch.texts)
        yield from snippet_rows(model, batch.ids, batch.texts, scores, asked.evidence, batch.quoted)
        return
    for name, article in zip(batch.ids, score_articles(model, batch.texts)):
        if asked.sentences:
            yield from sentence_rows(model, name, article, asked.evidence)
        else:
            yield article_row(name, article)


def snippet_rows(
    model: Model, ids: list[str], texts: list[str], scores: Scores, n_evidence: int, quoted: bool
) -> Iterator[dict]:
    """Rows of scored snippets."""
    evidence = explain(model, texts, n_evidence) if n_evidence else None
    for row, (name, text) in enumerate(zip(ids, texts)):
        found = evidence.of(row) if evidence else []
        up, down, neither = scores.proba[row].round(_DECIMALS).tolist()
        out = {
            "id": name,
            "stance": scores.stance[row],
            "event": scores.event[row],
            "tension": round(float(scores.tension[row]), _DECIMALS),
            "p_escalation": up,
            "p_de_escalation": down,
            "p_neutral": neither,
            "coverage": round(float(scores.coverage[row]), _DECIMALS),
            "evidence": [{"words": words, "weight": round(weight, 4)} for words, weight in found],
        }
        yield out | {"text": text} if quoted else out


def sentence_rows(model: Model, name: str, article: Article, n_evidence: int) -> Iterator[dict]:
    """Rows of an article's distinct sentences."""
    texts = [sentence.text for sentence in article.sentences]
    ids = [f"{name}#{number}" for number in range(1, len(texts) + 1)]
    rows = snippet_rows(model, ids, texts, article.scores, n_evidence, quoted=True)
    for sentence, row in zip(article.sentences, rows):
        yield row | {"repeats": sentence.repeats}


def article_row(name: str, article: Article) -> dict:
    """The row of an article."""
    rising, easing = (article.strongest(stance) for stance in ("escalation", "de-escalation"))
    return {
        "id": name,
        "stance": article.stance,
        "tension": round(article.tension, _DECIMALS),
        "sentences": len(article.sentences),
        "rising": article.counts["escalation"],
        "easing": article.counts["de-escalation"],
        "neutral": article.counts["neutral"],
        "unclear": article.counts["unclear"],
        "most_rising": None if rising is None else article.sentences[rising].text,
        "most_easing": None if easing is None else article.sentences[easing].text,
    }
