"""Scores as Arrow tables, in input order."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.actors.roles import Actors
from pipeline.arrays.arrow import as_strings, float64_column, int64_column, mask, named
from pipeline.arrays.ragged import segment_ids
from pipeline.read.documents import Documents
from pipeline.score.articles import STANCES_OF_ARTICLES, Articles
from pipeline.score.documents import ScoredDocuments, ScoredTexts
from pipeline.score.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

_DECIMALS, _WEIGHT_DECIMALS, _EVENT_DECIMALS = 6, 4, 3
SUFFIX = "_input"  # appended to an input column whose name the output uses


def table_of(scored: ScoredDocuments) -> pa.Table:
    """One row per snippet, article or sentence of an article, with its location and the input's columns."""
    documents, rows, articles = scored.documents, scored.rows, scored.articles
    if isinstance(rows, Articles):
        return _with_input_columns(article_table(documents.ids, rows), documents)
    if articles is None:
        return _with_input_columns(text_table(documents.ids, rows), documents)
    article = segment_ids(articles.bounds)
    table = sentence_table(documents.ids, articles, rows)
    table = table.append_column("article", documents.ids.take(int64_column(article)))
    return _with_input_columns(table, documents, article)


def _with_input_columns(table: pa.Table, documents: Documents, document: np.ndarray | None = None) -> pa.Table:
    """Append the file and row of each document and the input's columns, with the suffix ``_input`` if the table already
    has a column of that name.

    ``document``: (n_rows,) int64, the document of each row; None if each row is a document.
    """
    n = len(documents)
    file = pa.nulls(n, pa.large_string()) if documents.file is None else named(np.zeros(n, np.int64), (documents.file,))
    row = pa.nulls(n, pa.int64()) if documents.rows is None else int64_column(documents.rows)
    columns = {"file": file, "row": row, **documents.columns}
    if document is not None:
        columns = {name: column.take(int64_column(document)) for name, column in columns.items()}
    for name, column in zip(input_names(columns, table.column_names), columns.values()):
        table = table.append_column(name, column)
    return table


def input_names(inputs: Collection[str], reserved: Collection[str]) -> list[str]:
    """Output names of the input's columns, with suffixes where they clash with the names of score columns.

    Examples
    --------
    >>> input_names(["stance", "stance_input", "url"], ["stance", "tension"])
    ['stance_input_input', 'stance_input', 'url']
    """
    used, out = {*inputs, *reserved}, []
    for name in inputs:
        new = name
        while new in reserved or (new != name and new in used):
            new = f"{new}{SUFFIX}"
        used.add(new)
        out.append(new)
    return out


def beside(given: Any, found: pd.DataFrame) -> pd.DataFrame:
    """The columns of the input before those found, if it is a DataFrame, under the names of `input_names`."""
    import pandas as pd

    if not isinstance(given, pd.DataFrame):
        return found
    return pd.concat([given.set_axis(input_names(given.columns, found.columns), axis=1), found], axis=1)


def text_table(ids: pa.Array, scored: ScoredTexts) -> pa.Table:
    """Scored snippets or sentences."""
    scores = {
        name: _rounded(column, _EVENT_DECIMALS if name.startswith("p_event") else _DECIMALS)
        if isinstance(column, np.ndarray)
        else column
        for name, column in scored.scores.columns(named).items()
    }
    columns = {"id": ids, **scores, "evidence": _evidence_column(scored.evidence, len(scored.texts))}
    return pa.table(columns | ({} if scored.actors is None else _actor_columns(scored.actors)))


def sentence_table(names: pa.Array, articles: Articles, scored: ScoredTexts) -> pa.Table:
    """Scored distinct sentences of articles, numbered within each article."""
    article = segment_ids(articles.bounds)
    number = np.arange(len(article)) - articles.bounds[article] + 1
    ids = [f"{name}#{n}" for name, n in zip(names.take(int64_column(article)).to_pylist(), number.tolist())]
    table = text_table(as_strings(ids), scored).append_column("text", scored.texts)
    return table.append_column("repeats", int64_column(articles.repeats))


def _actor_columns(found: Actors) -> dict[str, pa.Array]:
    """Source, target, and the keys of all actors of each text in order of mention; empty if unknown."""
    names = (*found.keys, "")
    columns = {"source": named(found.source, names), "target": named(found.target, names)}
    return {**columns, "actors": pa.LargeListArray.from_arrays(int64_column(found.bounds), named(found.code, names))}


def article_table(names: pa.Array, articles: Articles) -> pa.Table:
    """Scored articles: stance, tension, number of sentences by stance, and the strongest sentence in each direction."""
    columns = {
        "id": names,
        "stance": named(articles.stance_code, STANCES_OF_ARTICLES),
        "tension": _rounded(articles.tension),
        "political": _rounded(articles.political),
        "sentences": int64_column(np.diff(articles.bounds)),
    }
    columns |= dict(zip(("rising", "easing", "neutral", "unclear"), map(int64_column, articles.counts.T)))
    texts = as_strings([*articles.texts, ""])
    for column, stance in (("most_rising", "escalation"), ("most_easing", "de-escalation")):
        row = articles.strongest(stance)
        chosen = texts.take(int64_column(np.where(row < 0, len(articles.texts), row)))
        columns[column] = pc.if_else(mask(row >= 0), chosen, pa.nulls(len(row), chosen.type))
    return pa.table(columns)


def _rounded(values: np.ndarray, decimals: int = _DECIMALS) -> pa.Array:
    return float64_column(np.round(values, decimals) + 0.0)  # -0.0 becomes 0.0


def _evidence_column(evidence: Evidence | None, n: int) -> pa.Array:
    """A list of (words, weight) pairs for each row."""
    bounds = evidence.bounds if evidence else np.zeros(n + 1, np.int64)
    words = evidence.words if evidence else as_strings([])
    weight = _rounded(evidence.weight if evidence else np.zeros(0), _WEIGHT_DECIMALS)
    pairs = pa.StructArray.from_arrays([words, weight], ["words", "weight"])
    return pa.LargeListArray.from_arrays(int64_column(bounds), pairs)
