"""A search by `detente tune` against a plain grid search over a stock scikit-learn pipeline: same folds, as many candidates.

    python experiments/benchmarks/tuning.py [CANDIDATES] [SHARE] [FOLDS] [GRID_PART]

Both run on two cores, on a share of the rows of data/ and their event types, each in processes of its own. The grid
search is `GridSearchCV(TfidfVectorizer + LogisticRegression)` over C, min_df and sublinear_tf. It stops nothing early and
shares nothing, so that its time is proportional to its candidates: with GRID_PART below 1 only that part of them is run,
and its times are divided by the part. Says the seconds of both, on the clock and of the processors (which other work
on the machine moves less), and the best three-way macro-F1 of stances that each found held out.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.near import near_groups
from pipeline.experiment.config import Data, Experiment
from pipeline.experiment.prepared import deal
from pipeline.experiment.tuning import tune
from pipeline.experiment.variants import read_data
from pipeline.model.settings import Settings, Training
from pipeline.stance import stance_of


def grid(candidates: int) -> dict:
    """As many candidates, or up to three more."""
    strengths = -(-candidates // 4)
    return {
        "tfidfvectorizer__min_df": [1, 2],
        "tfidfvectorizer__sublinear_tf": [True, False],
        "logisticregression__C": np.geomspace(1, 100, strengths).tolist(),
    }


def three_way(estimator, texts, labels) -> float:
    stances = [[stance_of(label) for label in some] for some in (labels, estimator.predict(texts))]
    return f1_score(*stances, average="macro")


def plain(corpus: Corpus, fold: np.ndarray, candidates: int) -> tuple[float, float, int]:
    """Seconds, the best score and the number of candidates of the grid search."""
    stock = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=300))
    search = GridSearchCV(stock, grid(candidates), cv=PredefinedSplit(fold), scoring=three_way, n_jobs=2, refit=False)
    begun = time.perf_counter()
    search.fit(corpus.texts.tolist(), corpus.events.astype(str))
    return time.perf_counter() - begun, search.cv_results_["mean_test_score"].max(), len(search.cv_results_["params"])


def ours(data: Data, candidates: int, folder: Path) -> tuple[float, float, int]:
    """Seconds, the best score and the number of trials that were stopped early; reading and counting are part of it."""
    begun = time.perf_counter()
    found = tune(Experiment("How fast is it?", data=data), "benchmark", folder, candidates)
    return time.perf_counter() - begun, found.best.score, sum(one.pruned for one in found.trials)


def side(which: str, candidates: int, share: float, folds: int, part: float) -> str:
    """Run one side and say what it found."""
    data = msgspec.convert({"share": share, "folds": folds}, Data)
    with tempfile.TemporaryDirectory() as name:
        if which == "ours":
            seconds, score, stopped = ours(data, candidates, Path(name) / "search")
            return json.dumps([seconds, 1.0, score, f"{candidates} trials, {stopped} stopped early"])
        corpus = read_data(data)
        dealt = deal(corpus, near_groups(corpus.texts), Settings(training=Training(folds=folds)), Path(name))
        seconds, score, tried = plain(dealt.corpus, dealt.fold, round(candidates * part))
    return json.dumps([seconds, candidates / tried, score, f"{candidates} candidates, {tried} of them run"])


def main() -> None:
    given = sys.argv[1:]
    if given[:1] == ["--side"]:
        print(side(given[1], int(given[2]), float(given[3]), int(given[4]), float(given[5])))
        return
    asked = [*given, *("60", "0.05", "2", "1")[len(given) :]]
    found = {}
    for which in ("ours", "plain"):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, __file__, "--side", which, *asked]
        seconds, times, score, said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found[which] = seconds * times, cpu * times
        name = "detente tune" if which == "ours" else "GridSearchCV"
        print(
            f"{name:14} {found[which][0]:7.1f} s, {found[which][1]:7.1f} s of processors, {said}, best {score:.4f}",
            flush=True,
        )
    clock, processors = (mine / other for mine, other in zip(found["ours"], found["plain"]))
    print(f"ratio          {clock:7.2f}    {processors:7.2f}   (limit 0.33)")


if __name__ == "__main__":
    main()
