"""Metrics with intervals against scoring the same rows once by stock scikit-learn, side by side in one run.

    python experiments/benchmarks/evaluation.py [ROWS]

Rows are snippets of `data/`, drawn with replacement; probabilities come from the stock pipeline itself. Also shows
2,000 resamples of 5,000 rows, and the peak memory of the whole process.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from pipeline.corpus.labelled import read_labelled
from pipeline.evaluate.intervals import measure
from pipeline.evaluate.metrics import judged
from pipeline.stance import EVENTS, STANCES


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    corpus = read_labelled(["data"])
    stock = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(max_iter=300))
    stock.fit(corpus.texts, corpus.stances.astype(str))
    drawn = corpus.take(np.random.default_rng(0).integers(0, len(corpus), n))
    begun = time.perf_counter()
    proba = stock.predict_proba(drawn.texts)[:, [list(stock.classes_).index(s) for s in STANCES]]
    scoring = time.perf_counter() - begun
    rows = judged(drawn, proba, np.random.default_rng(1).choice(np.array(EVENTS, object), n))
    begun = time.perf_counter()
    measure(rows, np.arange(n))
    measuring = time.perf_counter() - begun
    some = rows.take(np.arange(5000))
    begun = time.perf_counter()
    measure(some, np.arange(5000))
    small = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"stock scoring of {n:,} rows   {scoring:7.2f} s")
    print(f"metrics, 2,000 resamples     {measuring:7.2f} s   {measuring / scoring:.1f} times that (limit 15)")
    print(f"2,000 resamples of 5,000     {small:7.2f} s   (limit 1)")
    print(f"peak memory                  {peak:7.0f} MB  (limit 1,000)")


if __name__ == "__main__":
    main()
