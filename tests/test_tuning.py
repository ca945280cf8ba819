"""`detente tune`: counted once, seeded, stopped early, gone on with after a kill."""

import json
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace

import mlflow
import numpy as np
import pandas as pd
import pytest

from pipeline.corpus.near import near_groups
from pipeline.errors import ConfigError, InputError
from pipeline.experiment import prepared, tuning
from pipeline.experiment.config import Range, Tune, read_experiment, resolve
from pipeline.experiment.prepared import deal, fold_judged
from pipeline.experiment.tuning import BEST, SPACE, space_of, tune, with_values
from pipeline.model.calibration import label_proba, stance_proba
from pipeline.model.fit import cross_fit
from pipeline.model.settings import Settings, Training
from pipeline.show import experiments
from pipeline.text.vocabulary import Features
from tests.conftest import ROOT
from tests.forked import Forked
from tests.test_config import written

ASKED = """
question = "Which settings are best?"
[data]
train = ["{folder}/some.csv"]
folds = 2
[tune.space]
"training.c" = {{low = 1, high = 100, log = true}}
"training.complement" = {{low = 0, high = 3}}
"text.min_df" = [1, 2]
"""


@pytest.fixture(scope="module")
def asked(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    rows = pd.DataFrame({"text": corpus.texts, "event": corpus.events}).iloc[1::10]
    rows.to_csv(folder / "some.csv", index=False)
    return written(folder, ASKED.format(folder=folder))


@pytest.fixture(scope="module")
def found(asked):
    seen = []
    search = tune(
        read_experiment(asked), "", asked.parent / "out", 12, 1, each=lambda trials, _: seen.append(trials[-1])
    )
    assert seen == search.trials
    return search


@pytest.mark.parametrize("text", [Features(), Features(min_df=1), Features(min_df=3, lead=4, stems=False)])
def test_counted_folds_say_what_a_fit_of_each_fold_says(corpus, tmp_path, text):
    some = corpus.take(np.arange(0, len(corpus), 6))
    settings, groups = Settings(text=text, training=Training(folds=2)), near_groups(some.texts)
    dealt = deal(some, groups, settings, tmp_path)
    logits, fold = cross_fit(some, groups, settings)
    for number in range(2):
        theirs = stance_proba(label_proba(logits[fold == number]))
        assert np.abs(fold_judged(dealt, number, settings).proba - theirs).max() < 1e-9


def test_texts_are_counted_once_for_all_trials_that_read_them_alike(corpus, tmp_path, monkeypatch):
    some, counted = corpus.take(np.arange(0, len(corpus), 12)), []
    settings = Settings(training=Training(folds=2))
    dealt = deal(some, near_groups(some.texts), settings, tmp_path)
    count = prepared._counts
    monkeypatch.setattr(prepared, "_counts", lambda *asked: counted.append(asked[1:]) or count(*asked))
    for c in (1.0, 10.0):
        for min_df in (1, 2, 3):
            fold_judged(dealt, 0, replace(settings, text=Features(min_df=min_df), training=Training(c=c, folds=2)))
    assert counted == [(0, Features(min_df=1))]


def test_the_first_trial_is_what_the_file_says(found):
    assert found.trials[0].params == {
        "training.c": Training().c,
        "training.complement": Training().complement,
        "text.min_df": 2,
    }
    assert [one.number for one in found.trials] == list(range(12))
    assert found.best.score == max(one.score for one in found.trials if not one.pruned) >= found.trials[0].score


def test_poor_trials_end_after_the_first_fold(found):
    """After five trials, one is stopped where its first fold is below the median of those before."""
    assert {len(one.scores) for one in found.trials if one.pruned} == {1}
    assert {len(one.scores) for one in found.trials if not one.pruned} == {2}
    for one in (one for one in found.trials[6:] if one.pruned):
        before = [other.scores[0] for other in found.trials[: one.number] if not other.pruned]
        assert one.scores[0] < np.median(before)


def test_the_same_seed_makes_the_same_trials(asked, found):
    again = tune(read_experiment(asked), "", asked.parent / "again", 12, 1)
    assert again.trials == found.trials


class Killed(BaseException):
    pass


def killing(at, function):
    """The function, but the call with that number ends as a kill does; the list holds the number of calls so far."""
    calls = []

    def until(*args, **options):
        calls.append(None)
        if len(calls) == at:
            raise Killed
        return function(*args, **options)

    return until


@pytest.fixture(scope="module")
def whole(asked):
    """A search of seven trials that nobody killed."""
    return tune(read_experiment(asked), "", asked.parent / "whole", 7, 2)


@pytest.mark.parametrize(
    ("place", "moments"), [("fold_score", (1, 1, 2, 3, 5)), ("ask", (1, 2)), ("settle", (1, 1, 2))]
)
def test_wherever_it_was_killed_a_search_makes_the_same_trials(asked, whole, place, moments, monkeypatch):
    out, seen = asked.parent / f"killed {place}", []
    for at in moments:
        with monkeypatch.context() as patch:
            patch.setattr(tuning, "delayed", lambda function: function)
            patch.setattr(tuning, "_workers", lambda *_: nullcontext(list))
            patch.setattr(tuning, place, killing(at, getattr(tuning, place)))
            with pytest.raises(Killed):
                tune(read_experiment(asked), "", out, 7, 2, each=lambda trials, _: seen.append(trials[-1]))
    found = tune(read_experiment(asked), "", out, 7, 2, each=lambda trials, _: seen.append(trials[-1]))
    assert found.trials == whole.trials == seen
    assert (out / BEST).read_bytes() == (whole.best_file).read_bytes()


def test_the_best_settings_become_an_experiment_file(asked, found):
    before, best = resolve(read_experiment(asked.parent / "out" / BEST), "")
    assert before.settings == resolve(read_experiment(asked), "")[0].settings
    assert best.settings == with_values(before.settings, found.best.params)
    assert before.data.train == (str(asked.parent / "some.csv"),)


def test_a_terminal_shows_the_best_trials_and_the_default(found, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    experiments.search(found, shown=3)
    said = capsys.readouterr().out
    assert "three stances, macro-F1, mean of 2 folds" in said and "default" in said
    assert f"{found.best.score:.4f}" in said
    assert f"detente run {found.best_file}" in said.replace("\n", "")


def test_another_search_does_not_go_on_in_the_same_folder(asked, found):
    with pytest.raises(InputError, match="contains a search with other data, settings or seed"):
        tune(read_experiment(asked), "", asked.parent / "out", 13, 1, seed=7)


@pytest.mark.slow
def test_workers_of_a_cluster_find_what_processes_here_find(asked, found):
    there = tune(read_experiment(asked), "", asked.parent / "cluster", 3, 1, dask="local")
    assert there.trials == found.trials[:3]


@pytest.mark.slow
def test_a_search_that_was_killed_goes_on_and_every_trial_is_a_nested_run(asked):
    out = asked.parent / "killed"
    env = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{asked.parent}/mlflow.db", "PYTHONPATH": str(ROOT)}
    killed = Forked(["tune", asked, "--trials", 500, "--out", out], asked.parent, env)
    waited = time.monotonic() + 90
    while time.monotonic() < waited and trials_logged(asked, out) < 3:
        time.sleep(0.3)
    killed.kill()
    before = trials_logged(asked, out)
    assert before >= 3
    # A fresh process, because joblib starts the processes for two jobs from it.
    line = [sys.executable, "-m", "pipeline.cli", "tune", asked, "--out", out, "--jobs", "2", "--trials"]
    done = subprocess.run(
        [*line, str(before + 4)], env=env, cwd=asked.parent, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    trials = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(trials) >= before + 4
    params = [json.dumps(one["params"]) for one in trials]
    assert len(set(params)) == len(params)
    # A trial may have been logged just before the kill, and then again.
    assert trials_logged(asked, out) in (len(trials), len(trials) + 1)


def trials_logged(asked, out):
    if not (out / "run.json").exists():
        return 0
    parent = json.loads((out / "run.json").read_text())
    client = mlflow.MlflowClient(f"sqlite:///{asked.parent}/mlflow.db")
    nested = client.search_runs([parent["experiment_id"]], f"tags.`mlflow.parentRunId` = '{parent['run_id']}'")
    return sum(run.info.status == "FINISHED" for run in nested)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"training.balanse": [0.0]}, r"unknown setting 'training\.balanse'; did you mean 'training\.balance'"),
        ({"training.c": Range(3.0, 1.0)}, "needs a list of values, or low below high"),
        ({"training.c": []}, "needs a list of values, or low below high"),
        ({"text.min_df": Range(1, 3)}, r"text\.min_df takes a list of values, not this range"),
        ({"training.c": Range(0.0, 3.0, log=True)}, r"training\.c takes a list of values, not this range"),
    ],
)
def test_a_space_that_does_not_fit_is_refused(asked, space, said):
    import msgspec

    experiment = msgspec.structs.replace(read_experiment(asked), tune=Tune(space=space))
    with pytest.raises(ConfigError, match=said):
        space_of(experiment, "x.toml")


def test_the_usual_space_fits(asked):
    import msgspec

    assert space_of(msgspec.structs.replace(read_experiment(asked), tune=Tune()), "") is SPACE


def test_without_optuna_one_line_says_what_to_install(asked, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InputError, match=r"Optuna is not installed; pip install 'detente\[tune\]'"):
        tune(read_experiment(asked), "", tmp_path / "out", 2, 1)
