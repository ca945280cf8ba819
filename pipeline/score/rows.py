"""Scores as rows: one row an input row, in input order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

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
    ids, texts = _listed(batch.ids), batch.texts
    if not batch.articles:
        yield from snippet_rows(model, ids, texts, score(model, texts), asked.evidence, batch.quoted)
        return
    for name, article in zip(ids, score_articles(model, _listed(texts))):
        if asked.sentences:
            yield from sentence_rows(model, name, article, asked.evidence)
        else:
            yield article_row(name, article)


def score_table(model: Model, batch: Batch, asked: Asked) -> pa.Table:
    """The same rows as an Arrow table, made of whole columns where they are snippets."""
    if batch.articles:
        return pa.Table.from_pylist(list(score_batch(model, batch, asked)))
    scores = score(model, batch.texts)
    columns = {"id": batch.ids, "stance": scores.stance, "event": scores.event, "tension": rounded(scores.tension)}
    columns |= dict(zip(("p_escalation", "p_de_escalation", "p_neutral"), rounded(scores.proba).T))
    columns |= {"coverage": rounded(scores.coverage)}
    columns |= {"evidence": _evidence_column(model, batch.texts, asked.evidence)}
    return pa.table(columns | ({"text": batch.texts} if batch.quoted else {}))


def _evidence_column(model: Model, texts, n_evidence: int) -> pa.Array:
    words, weight, ends = np.zeros(0, object), np.zeros(0), np.zeros(len(texts) + 1)
    if n_evidence:
        found = explain(model, texts, n_evidence)
        words, weight, ends = found.words, found.weight, np.searchsorted(found.text, np.arange(len(ends)))
    pairs = [pa.array(words, pa.string()), pa.array(np.round(weight, 4))]
    return pa.ListArray.from_arrays(ends.astype(np.int32), pa.StructArray.from_arrays(pairs, ["words", "weight"]))


def rounded(values: np.ndarray) -> np.ndarray:
    """Values as they are written, with six decimals."""
    return np.round(values, _DECIMALS)


def _listed(values) -> list[str]:
    return values.to_pylist() if isinstance(values, pa.Array) else list(values)


def snippet_rows(model: Model, ids: list[str], texts, scores: Scores, n_evidence: int, quoted: bool) -> Iterator[dict]:
    """Rows of scored snippets."""
    evidence = explain(model, texts, n_evidence) if n_evidence else None
    proba, tension, coverage = (rounded(v).tolist() for v in (scores.proba, scores.tension, scores.coverage))
    shown = _listed(texts) if quoted else ids
    for row, (name, text) in enumerate(zip(ids, shown)):
        found = evidence.of(row) if evidence else []
        up, down, neither = proba[row]
        out = {
            "id": name,
            "stance": scores.stance[row],
            "event": scores.event[row],
            "tension": tension[row],
            "p_escalation": up,
            "p_de_escalation": down,
            "p_neutral": neither,
            "coverage": coverage[row],
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
