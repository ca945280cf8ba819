"""Score a batch of documents: snippets, articles, or the sentences of articles."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from pipeline.actors.roles import Actors, find_actors
from pipeline.arrays.arrow import as_strings
from pipeline.model.store import Model
from pipeline.read.documents import Documents
from pipeline.score.articles import Articles, score_articles
from pipeline.score.evidence import Evidence, explain, score_and_explain
from pipeline.score.snippets import Scores, score


@dataclass(frozen=True)
class OutputOptions:
    """Output contents: sentences instead of articles; number of evidence terms per row; source, target and actors."""

    sentences: bool = False
    evidence: int = 3
    actors: bool = False


@dataclass(frozen=True)
class ScoredTexts:
    """Scored snippets or sentences.

    Attributes
    ----------
    texts : (n,) ``large_string``.
    scores : of n texts.
    evidence, actors : of n texts; None if not requested.
    """

    texts: pa.Array
    scores: Scores
    evidence: Evidence | None
    actors: Actors | None


@dataclass(frozen=True)
class ScoredDocuments:
    """A scored batch.

    Attributes
    ----------
    documents : the batch.
    rows : what becomes a row: its snippets, its articles, or the distinct sentences of its articles.
    articles : its articles; None if the documents are snippets.
    """

    documents: Documents
    rows: ScoredTexts | Articles
    articles: Articles | None = None


def score_documents(model: Model, documents: Documents, options: OutputOptions) -> ScoredDocuments:
    """Score a batch of snippets or articles."""
    if not documents.articles:
        return ScoredDocuments(documents, score_texts(model, documents.texts, options))
    articles = score_articles(model, documents.texts.to_pylist())
    rows = score_sentences(model, articles, options) if options.sentences else articles
    return ScoredDocuments(documents, rows, articles)


def score_texts(model: Model, texts: pa.Array, options: OutputOptions) -> ScoredTexts:
    """Score snippets, with evidence and actors if requested."""
    if options.evidence:
        scores, evidence = score_and_explain(model, texts, options.evidence)
    else:
        scores, evidence = score(model, texts), None
    return ScoredTexts(texts, scores, evidence, find_actors(texts) if options.actors else None)


def score_sentences(model: Model, articles: Articles, options: OutputOptions) -> ScoredTexts:
    """The distinct sentences of scored articles, with evidence and actors if requested."""
    texts = as_strings(articles.texts)
    evidence = explain(model, texts, options.evidence) if options.evidence else None
    return ScoredTexts(texts, articles.scores, evidence, find_actors(texts) if options.actors else None)
