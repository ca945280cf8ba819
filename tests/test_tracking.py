"""Runs in real MLflow stores: a SQLite file, a server, and a server that is not there."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace

import mlflow
import numpy as np
import pandas as pd
import pytest

from pipeline.errors import ModelError, TrackingError
from pipeline.model.settings import Training
from pipeline.model.store import load, run_of
from pipeline.score.snippets import score
from pipeline.tracking.catalogue import list_runs
from pipeline.tracking.fetch import model_folder
from pipeline.tracking.outbox import put, send, waiting
from pipeline.tracking.record import Data, now, record_of
from pipeline.tracking.runs import log_data
from pipeline.tracking.served import ServedModel
from tests import stores
from tests.forked import Forked
from tests.test_house import PIPELINE, imported

TEXTS = ["Kenya accused Uganda of an attack.", "", "Chad sent food to Niger.", "Chad sent food to Niger."]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A SQLite store, with its artifacts, in a folder of its own."""
    place = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/mlflow.db")
        patch.setenv("DETENTE_CACHE", str(place / "cache"))
        patch.chdir(place)
        yield place


@pytest.fixture(scope="module")
def saved(store, folder):
    """The small model in a folder that may learn which run it comes from."""
    return Path(shutil.copytree(folder, store / "models" / "small"))


@pytest.fixture(scope="module")
def logged(run, saved):
    return send(put(run, saved, record_of(run, saved, now() - 5000, "detente train --name first", "first")))


@pytest.fixture(scope="module")
def served(logged):
    return mlflow.pyfunc.load_model(f"models:/{logged.name}/{logged.version}")


def test_a_run_holds_settings_headline_metrics_with_intervals_and_the_rest_as_a_table(logged, run):
    found = mlflow.get_run(logged.run_id)
    assert set(found.data.params) == set(run.settings.flat())
    assert found.data.params["training.c"] == str(Training().c)
    assert found.data.params["text.families"] == "word, pair, lead, main, reversed, cue, modal"
    figure = run.figures["two_way.macro_f1"]
    shown = [found.data.metrics[f"two_way.macro_f1{end}"] for end in ("", "_low", "_high")]
    assert shown == pytest.approx([figure.value, figure.low, figure.high])
    assert len(found.data.metrics) == 3 * 10
    table = mlflow.artifacts.load_dict(f"runs:/{logged.run_id}/metrics.json")
    assert table["columns"] == ["metric", "in words", "value", "low", "high"]
    assert len(table["data"]) == len(run.figures) > 60
    pictures = mlflow.artifacts.list_artifacts(run_id=logged.run_id, artifact_path="pictures")
    assert [p.path for p in pictures] == ["pictures/calibration.png", "pictures/confusion.png"]


def test_a_run_tells_a_person_what_it_is(logged, run, corpus):
    found = mlflow.get_run(logged.run_id)
    assert found.info.run_name == "first"
    assert 5 <= (found.info.end_time - found.info.start_time) / 1000 < 60
    assert f"Trained on {len(corpus):,} snippets" in found.data.tags["mlflow.note.content"]
    assert found.data.tags["command"] == "detente train --name first"
    (data,) = found.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("data", corpus.fingerprint()[:32])
    experiment = mlflow.get_experiment(found.info.experiment_id)
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


def test_without_a_name_a_run_is_called_after_data_and_date(run, folder):
    began = 1_700_000_000_000
    assert record_of(run, folder, began).name[:15] == "data 2023-11-14"


def test_the_model_is_registered_with_description_tags_signature_and_pinned_requirements(logged, run):
    version = mlflow.MlflowClient().get_model_version(logged.name, logged.version)
    assert version.description.startswith("Trained on")
    assert version.tags["two_way.macro_f1"] == str(run.figures["two_way.macro_f1"])
    info = mlflow.models.get_model_info(f"models:/{logged.name}/{logged.version}")
    assert info.signature.outputs.input_names()[:3] == ["stance", "event", "tension"]
    assert [param.name for param in info.signature.params.params] == ["evidence", "actors"]
    pinned = mlflow.pyfunc.get_model_dependencies(info.model_uri, format="pip")
    lines = Path(pinned).read_text().split()
    assert all("==" in line for line in lines)
    assert any(line.startswith("pyarrow==") for line in lines)


def test_what_scoring_imports_is_among_the_requirements_of_a_served_model(logged):
    lines = Path(mlflow.pyfunc.get_model_dependencies(f"models:/{logged.name}/{logged.version}")).read_text().split()
    pinned = {line.partition("==")[0] for line in lines}
    homes = packages_distributions()
    rooms = [
        *(PIPELINE / room for room in ("arrays", "text", "actors", "model", "score")),
        PIPELINE / "read/cleaning.py",
        PIPELINE / "read/repair.py",
    ]
    modules = [file for room in rooms for file in (sorted(room.rglob("*.py")) if room.is_dir() else [room])]
    roots = {name.split(".")[0] for file in modules for name in imported(file)} & set(homes) - {"pipeline"}
    assert {root for root in roots if not pinned & set(homes[root])} == set()


@pytest.mark.parametrize("given", [list, pd.Series, lambda t: pd.DataFrame({"text": t}), np.array])
def test_the_served_model_keeps_rows_and_order(served, folder, given):
    out = served.predict(given(TEXTS))
    expected = score(load(folder), TEXTS)
    assert list(out.stance) == list(expected.stance)
    assert out.tension.to_numpy() == pytest.approx(expected.tension)


def test_the_served_model_finds_the_text_among_other_columns(served, folder):
    frame = pd.DataFrame({"text": TEXTS, "source": ["a", "b", "c", "d"]})
    assert list(served.predict(frame).stance) == list(score(load(folder), TEXTS).stance)


def test_the_served_model_scores_no_other_column_and_passes_them_through(served):
    frame = pd.DataFrame({"date": ["2024-01-01"] * 4, "text": TEXTS})
    out = served.predict(frame)
    assert list(out.stance) == list(served.predict(TEXTS).stance)
    assert list(out.date) == ["2024-01-01"] * 4
    with pytest.raises(mlflow.MlflowException, match="expected a column named text, found date, body"):
        served.predict(pd.DataFrame({"date": ["2024-01-01"], "body": [TEXTS[0]]}))


def test_the_served_model_marks_nulls_and_gives_evidence_on_request(served):
    out = served.predict(pd.DataFrame({"text": [TEXTS[0], None]}), params={"evidence": 2, "actors": True})
    assert list(out.reason)[1] == "no text"
    assert out.evidence[0].count(";") == 1
    assert {"source", "target"} <= set(out.columns)


def test_the_served_model_keeps_the_index(served):
    out = served.predict(pd.DataFrame({"text": TEXTS}, index=[7, 3, 9, 1]))
    assert list(out.index) == [7, 3, 9, 1]


def test_a_model_is_fetched_once_and_again_where_the_copy_is_damaged(logged, folder):
    address = f"models:/{logged.name}/{logged.version}"
    there = model_folder(address)
    assert load(there).card == load(folder).card
    first = (there / "weights.safetensors").stat().st_mtime_ns
    assert (model_folder(address) / "weights.safetensors").stat().st_mtime_ns == first
    (there / "weights.safetensors").write_bytes(b"damaged")
    assert load(model_folder(address)).card == load(folder).card


def test_an_address_without_a_model_is_an_error(logged):
    with pytest.raises(TrackingError, match="no model 'nobody' is registered; expected one of: detente"):
        model_folder("models:/nobody/1")
    with pytest.raises(TrackingError, match="no such version; versions of detente: 1"):
        model_folder("models:/detente/99")
    with pytest.raises(
        TrackingError,
        match="no alias 'best'; aliases of detente: none; set it with `detente promote RUN --on FILE --alias best`",
    ):
        model_folder("models:/detente@best")
    with pytest.raises(ModelError, match="not a Detente model"):
        model_folder(f"runs:/{logged.run_id}/pictures")


def test_a_model_whose_files_were_moved_is_an_error(logged, store, monkeypatch):
    monkeypatch.setenv("DETENTE_CACHE", str(store / "empty"))
    (store / "mlruns").rename(store / "elsewhere")
    try:
        with pytest.raises(TrackingError, match="models:/detente/1: no files in .*; if they"):
            model_folder("models:/detente/1")
    finally:
        (store / "elsewhere").rename(store / "mlruns")


def schema(revision):
    def change(path):
        with sqlite3.connect(path) as database:
            database.execute("UPDATE alembic_version SET version_num = ?", [revision])

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Path.unlink, "no such file; train a model here"),
        (lambda path: path.write_text("no database " * 99), "not a SQLite database"),
        (
            schema("451aebb31d03"),
            "its schema is from another MLflow version; back it up, then run `mlflow db upgrade sqlite:",
        ),
    ],
)
def test_a_store_that_does_not_serve_is_one_line(logged, store, tmp_path, monkeypatch, change, message):
    file = Path(shutil.copy(store / "mlflow.db", tmp_path / "copy.db"))
    change(file)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{file}")
    with pytest.raises(TrackingError, match=f"^MLflow store sqlite:///{file}: {message}"):
        list_runs()


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("./mlruns", "MLflow no longer supports plain folders; set MLFLOW_TRACKING_URI=sqlite:"),
        ("tape://x", "MLflow does not support this kind of store"),
        ("http://127.0.0.1:9", "no response; start the server or correct MLFLOW_TRACKING_URI"),
    ],
)
def test_an_address_that_is_no_store_is_one_line(monkeypatch, uri, message):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(TrackingError, match=message):
        list_runs()


def test_a_store_that_another_process_holds_is_one_line(logged, store, tmp_path, monkeypatch):
    file = Path(shutil.copy(store / "mlflow.db", tmp_path / "copy.db"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{file}")
    holder = sqlite3.connect(file)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(TrackingError, match="locked by another process; wait until it ends"):
            list_runs()
    finally:
        holder.close()


def test_runs_that_log_the_same_data_set_at_once_all_have_it(logged, store):
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("detente").experiment_id
    run_ids = [client.create_run(experiment).info.run_id for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for number in range(10):
            together, data = threading.Barrier(4), Data(f"new {number}", str(number), "nowhere", 1, "training")

            def at_once(run_id, together=together, data=data):
                together.wait()
                log_data(client, run_id, data)

            list(threads.map(at_once, run_ids))
    assert {len(client.get_run(run_id).inputs.dataset_inputs) for run_id in run_ids} == {10}
    for run_id in run_ids:
        client.delete_run(run_id)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def tiny(corpus, tmp_path):
    """Arguments that train on every tenth row of the small corpus, in two folds."""
    rows = np.arange(0, len(corpus), 10)
    frame = pd.DataFrame({"event": corpus.events[rows], "text": corpus.texts[rows]})
    frame.to_csv(tmp_path / "tiny.csv", index=False)
    (tmp_path / "quick.toml").write_text("[training]\nfolds = 2\n[abstention]\nprecision = 0.5\n")
    return ["train", "--data", "tiny.csv", "--config", "quick.toml"]


@pytest.fixture
def detente(tmp_path):
    """Starts a command in a folder of its own; its store is the one that is named."""

    def start(uri, *args):
        surroundings = {**os.environ, "MLFLOW_TRACKING_URI": uri, "DETENTE_CACHE": str(tmp_path / "cache")}
        return Forked(args, tmp_path, surroundings)

    return start


@contextmanager
def serving(place, port):
    """A real server on a port; yields the function that kills it."""
    if not (place / "server.db").exists():
        stores.new_store(place / "server.db")
    arguments = ["--host", "127.0.0.1", "--port", str(port), "--backend-store-uri", f"sqlite:///{place}/server.db"]
    arguments += ["--artifacts-destination", str(place / "artifacts"), "--workers", "1"]
    command = [sys.executable, "-m", "mlflow", "server", *arguments]
    env = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # judges of chat models, in more processes
    with (place / "server.log").open("a") as log:
        server = subprocess.Popen(command, cwd=place, env=env, start_new_session=True, stdout=log, stderr=log)

        def kill():
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait(30)

        try:
            wait_for(f"http://127.0.0.1:{port}/health")
            yield kill
        finally:
            kill()


def wait_for(url):
    for _ in range(1200):
        try:
            return urllib.request.urlopen(url, timeout=1)
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(url)


def four_at_once(detente, uri, tiny):
    started = [detente(uri, *tiny, "--out", f"models/{k}", "--name", f"run {k}") for k in range(4)]
    ended = [one.wait(900) for one in started]
    assert [one.returncode for one in ended] == [0] * 4, [one.stderr for one in ended]
    client = mlflow.MlflowClient(uri)
    runs = client.search_runs([client.get_experiment_by_name("detente").experiment_id])
    assert sorted(run.info.run_name for run in runs) == [f"run {k}" for k in range(4)]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert sorted(int(v.version) for v in client.search_model_versions("name='detente'")) == [1, 2, 3, 4]
    return ended


@pytest.mark.slow
def test_four_trainings_at_once_share_a_new_sqlite_file(tmp_path, detente, tiny, monkeypatch):
    monkeypatch.delenv(stores.TEMPLATE)  # one of the four makes the tables
    four_at_once(detente, f"sqlite:///{tmp_path}/four.db", tiny)


@pytest.mark.posix
@pytest.mark.slow
def test_four_trainings_at_once_share_a_server(tmp_path, detente, tiny):
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    with serving(tmp_path, port):
        for one in four_at_once(detente, uri, tiny):
            assert f"open {uri}" in one.stdout


@pytest.mark.posix
@pytest.mark.slow
def test_what_a_server_killed_midway_did_not_take_is_sent_later(tmp_path, detente, run, folder, monkeypatch):
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    saved = Path(shutil.copytree(folder, tmp_path / "models" / "detente"))
    entry = put(run, saved, record_of(run, saved, now() - 5000, name="killed"))
    with serving(tmp_path, port) as kill:

        def kill_midway():
            while not (entry / "run-id").exists():
                time.sleep(0.01)
            kill()

        killer = threading.Thread(target=kill_midway)
        killer.start()
        with pytest.raises(TrackingError, match="no response; start the server"):
            send(entry)
        killer.join()
    half = (entry / "run-id").read_text()
    with serving(tmp_path, port):
        assert detente(uri, "runs", "push").wait(600).returncode == 0
        client = mlflow.MlflowClient(uri)
        (found,) = client.search_runs([client.get_experiment_by_name("detente").experiment_id])
        assert (found.info.run_name, found.info.status) == ("killed", "FINISHED")
        assert found.info.run_id == run_of(load(saved)) != half
        assert 5 <= (found.info.end_time - found.info.start_time) / 1000 < 30
        assert [v.run_id for v in client.search_model_versions("name='detente'")] == [found.info.run_id]
    assert not waiting(tmp_path / "models" / "unsent")


def test_an_unreachable_server_leaves_the_model_and_says_so(tmp_path, detente, tiny):
    done = detente(f"http://127.0.0.1:{free_port()}", *tiny).wait(900)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: the model is saved in models/detente, but the run could not be logged: MLflow store")
    assert last.endswith(
        "start the server or correct MLFLOW_TRACKING_URI; `detente runs push models/unsent` sends it later"
    )
    assert "Traceback" not in done.stderr
    assert load(tmp_path / "models" / "detente").card["name"] == "detente"
    assert len(waiting(tmp_path / "models" / "unsent")) == 1


@pytest.fixture(scope="module")
def here(folder):
    """The served model in this process, as the code stands."""
    model = ServedModel()
    model.load_context(SimpleNamespace(artifacts={"model": str(folder)}))
    return model


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        (TEXTS[0], 1),
        ({"text": TEXTS}, 4),
        ([{"text": text} for text in TEXTS], 4),
        (np.array(TEXTS)[:, None], 4),
        (pd.DataFrame(), 0),
        (pd.DataFrame({"only": TEXTS}), 4),
        ([TEXTS[0], None, float("nan"), pd.NA], 4),
    ],
)
def test_whatever_holds_texts_is_served_row_by_row(here, given, rows):
    out = here.predict(None, given, {"evidence": 1, "actors": True})
    assert len(out) == len(out.evidence) == len(out.source) == rows
    if rows:
        assert out.stance[0] == "escalation"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.array([TEXTS, TEXTS]), "expected one text per row, found 4"),
        ({"text": TEXTS, "id": [1]}, "expected columns of equal length"),
        ([["a"], "b"], "row 1: expected a text, found list"),
        (pd.DataFrame({"a": [1], "b": [2]}), "expected a column named text, found a, b"),
    ],
)
def test_what_holds_no_texts_is_refused_with_the_place(here, given, message):
    with pytest.raises(mlflow.MlflowException, match=message):
        here.predict(None, given)


def test_columns_that_would_hide_an_answer_get_another_name(here):
    out = here.predict(None, pd.DataFrame({"text": TEXTS[:1], "stance": ["mine"]}))
    assert (out.stance[0], out.stance_input[0]) == ("escalation", "mine")
