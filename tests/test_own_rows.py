"""Training on a mix, as a user does: figures of one's own rows apart, the learning curve, what the run keeps of it."""

import csv
import json
import os
from dataclasses import replace

import numpy as np
import pytest

from pipeline.corpus.labelled import Corpus
from pipeline.evaluate.evaluation import training_corpus
from pipeline.evaluate.intervals import point
from pipeline.experiment.own_rows import learner_of, n_rounds, why_no_curve
from pipeline.experiment.train import n_steps, train
from pipeline.model.settings import Settings, Training
from pipeline.model.store import load
from pipeline.show.labelling import own_rows as show_own_rows
from tests import forked

TWO = Settings(training=Training(folds=2))


@pytest.fixture(scope="module")
def mixed(corpus):
    """A part of the corpus, of which every eighth row plays the user's.

    So do all appeals: labels without any would count as PLOVER's own, where an appeal is a request.
    """
    part = corpus.take(np.arange(0, len(corpus), 5))
    own = (np.arange(len(part)) % 8 == 0) | (part.events == "APPEAL")
    return replace(part, sources=np.where(own, "mine.csv", part.sources))


@pytest.fixture(scope="module")
def run(mixed):
    steps = []
    made = train(mixed, TWO, steps.append, curve=True)
    assert len(steps) == n_steps(TWO, mixed) == 2 * (1 + 3) + 4
    return made


def test_own_rows_are_measured_apart_and_held_out(run, mixed):
    (name, (rows, figures)), *others = run.own.sources.items()
    assert (name, rows, others) == ("mine.csv", int((mixed.sources == "mine.csv").sum()), [])
    # `held_out` holds every row as judged by models that had not seen it.
    assert figures["two_way.macro_f1"].value == point(run.held_out.take(np.flatnonzero(mixed.own)))["two_way.macro_f1"]


def test_why_there_is_no_curve_is_said(mixed, capsys):
    few = mixed.take(np.concatenate([np.flatnonzero(mixed.own)[:20], np.flatnonzero(~mixed.own)]))
    alone = mixed.take(mixed.own)
    for part, found in (
        (few, f"20 and {len(few) - 20:,}"),
        (alone, f"{len(alone):,} and 0; add texts with --data embedded"),
    ):
        show_own_rows(None, why_no_curve(part))
        assert capsys.readouterr().err == (
            "no learning curve over parts of mine.csv: expected at least 30 rows of it and as many others, "
            f"found {found}\n"
        )
    assert why_no_curve(mixed) == why_no_curve(mixed.take(~mixed.own)) == ""


def test_the_curve_rises_from_none_to_all_of_them(run):
    n = run.own.sources["mine.csv"][0]
    assert [(share, rows) for share, rows, _ in run.own.curve] == [
        (0.0, 0),
        (0.25, round(n / 4)),
        (0.5, round(n / 2)),
        (1.0, n),
    ]
    assert run.own.curve[-1][2] == run.own.sources["mine.csv"][1]
    assert len({figures["events.accuracy"].value for _, _, figures in run.own.curve}) > 1


def test_the_card_holds_the_table(run):
    table = run.card()["own_rows"]
    assert table["sources"]["mine.csv"]["rows"] == table["curve"][-1]["rows"]
    assert set(table["curve"][0]["two_way.macro_f1"]) == {"value", "low", "high"}
    json.dumps(table)


def test_without_own_rows_there_is_no_table_and_without_a_curve_no_rounds(run, corpus):
    assert n_rounds(corpus) == 0
    few = corpus.take(np.arange(0, len(corpus), 10))
    assert train(few, TWO).own is None


def test_too_few_own_rows_draw_no_curve(mixed):
    few = replace(mixed, sources=np.where(np.arange(len(mixed)) < 29, "mine.csv", "neutral.csv").astype(object))
    assert n_rounds(few) == 0


def test_public_rows_are_learned_over_only_where_there_are_no_own_ones():
    def sources(*names):
        column = np.array(names, object)
        return learner_of(Corpus(column, np.full(len(names), "", object), column, column, column)).tolist()

    assert sources("neutral.csv", "plv", "mine.csv") == [False, False, True]
    assert sources("neutral.csv", "plv") == [False, True]
    assert sources("neutral.csv") == [False]


@pytest.fixture(scope="module")
def trained(mixed, tmp_path_factory):
    """`detente train` on a small folder and a file with other columns and a contradiction, in a process of its own."""
    place = tmp_path_factory.mktemp("user")
    (place / "data").mkdir()
    shipped = mixed.take(np.flatnonzero(~mixed.own)[::4])
    own = mixed.take(np.flatnonzero(mixed.own)[::3])
    write(place / "data" / "codebook.csv", ("event", "text"), zip(shipped.events, shipped.texts))
    rows = [*zip(own.events, own.texts), ("AID", "Both of it."), ("ACCUSE", "Both of it.")]
    write(place / "own.csv", ("code", "headline"), rows)
    (place / "two.toml").write_text("[training]\nfolds = 2\n")
    done = call(place, "train", "--data", "data", "--data", "own.csv", "--text-column", "headline",
                "--event-column", "code", "--config", "two.toml", "--weight", "own.csv=3", "--out", "m", "--no-curve")  # fmt: skip
    return place, done, own


def write(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def call(place, *args):
    env = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{place}/runs.db"}
    return forked.run(args, place, env)


def test_training_sets_a_contradiction_aside_and_says_where(trained):
    place, done, _ = trained
    assert done.returncode == 0, done.stderr
    assert "left out 2 rows: one text under several labels" in done.stderr
    assert "listed   m.set_aside.csv" in done.stderr
    listed = (place / "m.set_aside.csv").read_text().splitlines()
    assert [line.split(",")[1:] for line in listed[1:]] == [
        ["own.csv", listed[1].split(",")[2], "AID", "Both of it."],
        ["own.csv", listed[2].split(",")[2], "ACCUSE", "Both of it."],
    ]
    assert load(place / "m").card["data"]["set_aside"] == {"one text under several labels": 2}


def test_training_shows_own_rows_apart_and_logs_them(trained):
    import mlflow

    place, done, own = trained
    assert "held-out rows outside the bundled corpus" in done.stdout
    assert [line.split()[:2] for line in done.stdout.splitlines() if line.startswith(" own.csv")] == [
        ["own.csv", str(len(own))]
    ]
    run_id = json.loads((place / "m" / "run.json").read_text())["run_id"]
    client = mlflow.MlflowClient(f"sqlite:///{place}/runs.db")
    assert "own_rows.json" in {artifact.path for artifact in client.list_artifacts(run_id)}


def test_a_model_with_renamed_columns_keeps_its_baselines(trained, monkeypatch):
    place, _, own = trained
    monkeypatch.chdir(place)
    again = training_corpus(load("m"))
    assert len(again.take(again.sources == "own.csv")) == len(own)
    assert set(again.weights[again.sources == "own.csv"]) == {3.0}


def test_evaluate_sets_a_contradiction_aside_too(trained, mixed):
    place, _, _ = trained
    fresh = [(e, t) for e, t in zip(mixed.events[1::8], mixed.texts[1::8])][:60]
    write(place / "exam.csv", ("event", "text"), [*fresh, ("AID", "Both."), ("ACCUSE", "Both.")])
    done = call(place, "evaluate", "--data", "exam.csv", "--model", "m", "--set-aside", "aside/list.csv")
    assert done.returncode == 0, done.stderr
    assert "phrase dictionary" in done.stdout  # a baseline
    assert "left out 2 rows: one text under several labels" in done.stderr
    assert len((place / "aside" / "list.csv").read_text().splitlines()) == 3
