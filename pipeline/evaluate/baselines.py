"""Baselines: majority class, a phrase dictionary, and two stock classifiers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline

from pipeline.corpus.labelled import Corpus
from pipeline.stance import STANCES
from pipeline.text.words import FUNCTION_WORDS

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from pipeline.arrays.arrow import Texts


_LONGEST_PHRASE = 8  # words; longer training texts are not trigger phrases


def baseline_proba(trained_on: Corpus, texts: np.ndarray) -> dict[str, np.ndarray]:
    """Stance probabilities of each baseline for n texts.

    Parameters
    ----------
    trained_on : the snippets that the model was trained on.
    texts : (n,) texts.

    Returns
    -------
    dict
        Name of the baseline to (n, 3) float64, columns in the order of `STANCES`.
    """
    stances = trained_on.stances.astype(str)
    stock = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(max_iter=300))
    bayes = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), ComplementNB())
    return {
        "commonest stance": np.tile(_shares(stances), (len(texts), 1)),
        "phrase dictionary": _dictionary(trained_on, texts),
        "TF-IDF + logistic regression, stock": _fitted(stock, trained_on.texts, stances, texts),
        "complement naive Bayes": _fitted(bayes, trained_on.texts, stances, texts),
    }


def _shares(stances: np.ndarray) -> np.ndarray:
    return np.array([(stances == stance).mean() for stance in STANCES])


def _fitted(pipeline: Pipeline, texts: Texts, stances: np.ndarray, new: np.ndarray) -> np.ndarray:
    pipeline.fit(texts, stances)
    proba = np.zeros((len(new), len(STANCES)))
    proba[:, [STANCES.index(label) for label in pipeline.classes_]] = pipeline.predict_proba(new)
    return proba


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
