"""Runs listed, compared and promoted, in a real SQLite store."""

import json
from dataclasses import replace

import mlflow
import numpy as np
import pandas as pd
import pytest

from pipeline.errors import REFUSED, InputError, ModelError, TrackingError
from pipeline.evaluate.behaviour import check
from pipeline.evaluate.drift import drift
from pipeline.evaluate.evaluation import evaluate
from pipeline.model.settings import Training
from pipeline.model.store import load, load_signatures
from pipeline.tracking import catalogue
from pipeline.tracking.catalogue import compare_runs, list_runs
from pipeline.tracking.fetch import model_folder
from pipeline.tracking.measured import log_measured, of_checks, of_drift, of_evaluation
from pipeline.tracking.outbox import put, send
from pipeline.tracking.promotion import give_alias, weigh
from pipeline.tracking.record import now, record_of
from tests import forked
from tests.conftest import DATA, whole_corpus
from tests.test_tracking import logged, saved, store  # noqa: F401  fixtures


@pytest.fixture(scope="module")
def unseen():
    """Rows of the corpus that the small model was not trained on, and ten that it was."""
    whole = whole_corpus()
    rows = np.unique(np.append(np.arange(1, len(whole), 60), np.arange(0, 80, 8)))
    return replace(whole.take(rows), files=("unseen.csv",))


@pytest.fixture(scope="module")
def worse(run, store, logged):  # noqa: F811
    """A run like the small one, but for half of its weights and some of its held-out answers."""
    weights = replace(
        run.weights, coef=run.weights.coef * np.array([0, 1] * run.weights.coef.shape[1])[: run.weights.coef.shape[1]]
    )
    proba = run.held_out.proba.copy()
    proba[::10] = proba[::10, ::-1]
    made = replace(
        run,
        weights=weights,
        held_out=replace(run.held_out, proba=proba),
        settings=replace(run.settings, training=replace(run.settings.training, c=0.5)),
    )
    folder = made.save(store / "models" / "worse")
    return send(put(made, folder, record_of(made, folder, now(), name="worse")))


def tags_of(version):
    return mlflow.MlflowClient().get_model_version("detente", version).tags


def test_runs_are_listed_the_newest_first_with_figures_and_versions(logged, worse, run, monkeypatch):  # noqa: F811
    found = list_runs()
    monkeypatch.setattr(catalogue, "_PAGE", 1)
    assert list_runs() == found, "in pages"
    assert [(one.name, one.version) for one in found] == [("worse", "2"), ("first", "1")]
    assert found[1].figures["two_way.macro_f1"] == run.figures["two_way.macro_f1"]
    assert list_runs("detente") == found
    with pytest.raises(TrackingError, match="no experiment 'else'"):
        list_runs("else")


def test_two_runs_are_compared_by_settings_metrics_and_the_rows_they_share(logged, worse, run):  # noqa: F811
    found = compare_runs("first", worse.run_id[:12])
    assert found.settings == {"training.c": (str(Training().c), "0.5")}
    assert found.data == {}
    rows, compared = found.paired["held-out"]
    assert rows == len(run.corpus)
    turned = np.arange(0, len(run.corpus), 10)
    right = run.held_out.proba.argmax(axis=1) == run.held_out.stance
    turned_right = run.held_out.proba[turned, ::-1].argmax(axis=1) == run.held_out.stance[turned]
    assert compared.only_first == (right[turned] & ~turned_right).sum()
    assert compared.differences["three_way.macro_f1"].low > 0


def test_a_run_that_does_not_exist_is_an_error(logged):  # noqa: F811
    with pytest.raises(InputError, match="nobody: no such run in sqlite:"):
        compare_runs("first", "nobody")


def test_what_is_measured_later_stands_under_its_data_set(logged, saved, unseen):  # noqa: F811
    model = load(saved)
    done = evaluate(model, unseen, load_signatures(model))
    assert log_measured(model, of_evaluation(done, unseen))
    checks = check(model, DATA / "checks")
    log_measured(model, of_checks(checks, DATA / "checks"))
    scored = {"tension": [0.1, 0.2], "coverage": [1, 1], "stance": ["neutral", "neutral"]}
    log_measured(model, of_drift(drift(scored, scored), 2, saved / "card.json", saved / "weights.safetensors"))
    found = mlflow.get_run(logged.run_id)
    figure = done.figures["three_way.macro_f1"]
    ends = [found.data.metrics[f"unseen/three_way.macro_f1{end}"] for end in ("", "_low", "_high")]
    assert ends == pytest.approx([figure.value, figure.low, figure.high])
    assert found.data.metrics["checks/idioms"] == next(one.rate for one in checks if one.kind.name == "idioms")
    assert found.data.metrics["card against weights/moved"] == 0
    names = {given.dataset.name for given in found.inputs.dataset_inputs}
    assert names == {"data", "unseen", "checks", "card against weights"}


def test_a_model_of_no_run_is_left_alone(folder, unseen):
    assert not log_measured(load(folder), of_checks(check(load(folder), DATA / "checks"), DATA / "checks"))


def test_a_champion_is_replaced_only_by_a_better_model(logged, worse, unseen):  # noqa: F811
    first = weigh("worse", "champion", unseen)
    assert (first.champion, first.allowed, first.contest.left_out >= 10) == (None, True, True)
    give_alias(first, "the first one")
    second = weigh("first", "champion", unseen)
    assert second.allowed and second.contest.comparison.differences["three_way.macro_f1"].low > 0
    give_alias(second, "answers more")
    tags = tags_of("1")
    assert tags["champion.why"] == "answers more"
    assert tags["champion.instead_of"] == "models:/detente/2"
    assert tags["champion.figure_before"] == str(first.contest.figures[0]["three_way.macro_f1"])
    assert "champion.forced" not in tags and tags["champion.by"] and tags["champion.at"]
    back = weigh("models:/detente/2", "champion", unseen)
    assert not back.allowed
    assert "models:/detente/2 is not better than @champion, models:/detente/1: three stances, macro-F1" in back.reason


def test_force_leaves_its_trace(logged, worse, unseen):  # noqa: F811
    give_alias(weigh("worse", "forced", unseen))
    give_alias(weigh("first", "forced", unseen))
    back = weigh("worse", "forced", unseen)
    give_alias(back, "an order")
    assert tags_of("2")["forced.forced"] == "yes"
    with pytest.raises(InputError, match="worse: models:/detente/2 is already @forced"):
        weigh("worse", "forced", unseen)
    with pytest.raises(TrackingError, match="@forced has changed to models:/detente/2 in the meantime"):
        give_alias(replace(back, champion="models:/detente/1"))


def test_a_champion_that_cannot_be_loaded_is_named_and_force_passes_it(logged, worse, unseen):  # noqa: F811
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("detente", "broken", "2")
    kept = tags_of("2")["card.sha256"]
    client.set_model_version_tag("detente", "2", "card.sha256", "0" * 64)
    try:
        with pytest.raises(ModelError, match="cannot load models:/detente/2, the current @broken: .*--force"):
            weigh("first", "broken", unseen)
        forced = weigh("first", "broken", unseen, force=True)
        assert (forced.allowed, forced.reason) == (False, "not compared: cannot load models:/detente/2")
    finally:
        client.set_model_version_tag("detente", "2", "card.sha256", kept)


def test_a_folder_from_elsewhere_is_registered_first(store, logged, run, unseen):  # noqa: F811
    elsewhere = run.save(store / "elsewhere" / "taken-in")
    found = weigh(str(elsewhere), "guest", unseen)
    give_alias(found)
    assert load(model_folder("models:/detente@guest")).card == load(elsewhere).card


def test_a_file_of_training_texts_proves_nothing(logged, run):  # noqa: F811
    n = len(run.corpus)
    with pytest.raises(InputError, match=rf"got 0 \({n:,} others in or near the training texts\)"):
        weigh("first", "leaky", run.corpus)


def test_snippets_of_one_stance_say_that_they_decide_nothing(logged, unseen):  # noqa: F811
    rising = unseen.take(unseen.stances == "escalation")
    with pytest.raises(InputError, match="expected escalation and de-escalation among the .* found only one stance"):
        weigh("first", "one-sided", rising)


@pytest.mark.slow
@pytest.mark.traced
def test_the_command_line_lists_runs_and_refuses_with_its_own_exit_code(logged, worse, store, unseen):  # noqa: F811
    pd.DataFrame({"event": unseen.events, "text": unseen.texts}).to_csv(store / "unseen.csv", index=False)
    mlflow.MlflowClient().set_registered_model_alias("detente", "held", "1")
    listed = forked.run(["runs"], store)
    assert "worse" in {json.loads(line)["name"] for line in listed.stdout.splitlines()}
    options = ["promote", "worse", "--alias", "held", "--on", "unseen.csv"]
    refused = forked.run(options, store)
    assert refused.returncode == REFUSED
    assert json.loads(refused.stdout)["promoted"] is False
    (line,) = refused.stderr.splitlines()
    assert line.startswith(
        "error: models:/detente/2 is not better than @held, models:/detente/1: three stances, macro-F1"
    )
    assert line.endswith("; not promoted, --force promotes it anyway")


def test_only_a_version_of_a_detente_model_is_promoted(logged, worse, unseen):  # noqa: F811
    client = mlflow.MlflowClient()
    client.create_registered_model("another")
    version = client.create_model_version("another", client.get_model_version_download_uri("detente", "1"))
    with pytest.raises(InputError, match="expected a version of detente"):
        weigh(f"models:/another/{version.version}", "champion", unseen)
    run_id = client.create_run("0", run_name="bare").info.run_id
    with pytest.raises(InputError, match="this run has no registered model; promote a model folder"):
        weigh(run_id, "champion", unseen)
    assert list_runs("Default")[0].name == "bare"


def test_a_model_whose_run_waits_is_sent_first(logged, store, run, unseen):  # noqa: F811
    folder = run.save(store / "late" / "waiting")
    entry = put(run, folder, record_of(run, folder, now(), name="late"))
    found = weigh(str(folder), "late", unseen)
    assert (
        not entry.exists()
        and found.candidate == f"models:/detente/{next(one.version for one in list_runs() if one.name == 'late')}"
    )
    assert weigh(str(folder), "late", unseen).candidate == found.candidate
