"""Runs in real MLflow stores: a SQLite file, a server, and a server that is not there."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from pipeline.errors import ModelError, TrackingError
from pipeline.model.store import load
from pipeline.score.snippets import score
from pipeline.tracking import background, runs
from pipeline.tracking.runs import model_folder

TEXTS = ["Kenya accused Uganda of an attack.", "", "Chad sent food to Niger.", "Chad sent food to Niger."]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A SQLite store, with its artifacts, in a folder of its own."""
    place = tmp_path_factory.mktemp("store")
    before = os.environ.get("MLFLOW_TRACKING_URI"), os.getcwd()
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{place}/mlflow.db"
    os.chdir(place)
    yield place
    os.chdir(before[1])
    os.environ.pop("MLFLOW_TRACKING_URI")
    if before[0]:
        os.environ["MLFLOW_TRACKING_URI"] = before[0]


@pytest.fixture(scope="module")
def logged(store, run, folder):
    return background.prepare().log(run, folder)


@pytest.fixture(scope="module")
def served(logged):
    return mlflow.pyfunc.load_model(f"models:/{logged.name}/{logged.version}")


def test_a_run_holds_settings_metrics_with_intervals_data_and_pictures(logged, run):
    found = mlflow.get_run(logged.run_id)
    assert found.data.params == {name: str(value) for name, value in run.settings.flat().items()}
    figure = run.figures["two_way.macro_f1"]
    shown = [found.data.metrics[f"two_way.macro_f1{end}"] for end in ("", ".low", ".high")]
    assert shown == pytest.approx([figure.value, figure.low, figure.high])
    (data,) = found.inputs.dataset_inputs
    assert data.dataset.digest == run.corpus.fingerprint()[:32]
    pictures = mlflow.artifacts.list_artifacts(run_id=logged.run_id, artifact_path="pictures")
    assert [p.path for p in pictures] == ["pictures/calibration.png", "pictures/confusion.png"]


def test_the_model_is_registered_with_signature_and_pinned_requirements(logged):
    info = mlflow.models.get_model_info(f"models:/{logged.name}/{logged.version}")
    assert info.signature.outputs.input_names()[:3] == ["stance", "event", "tension"]
    assert [param.name for param in info.signature.params.params] == ["evidence", "actors"]
    pinned = mlflow.pyfunc.get_model_dependencies(info.model_uri, format="pip")
    lines = Path(pinned).read_text().split()
    assert all("==" in line for line in lines)
    assert any(line.startswith("pyarrow==") for line in lines)


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
    with pytest.raises(ValueError, match="expected a column named text, found date, body"):
        served.predict(pd.DataFrame({"date": ["2024-01-01"], "body": [TEXTS[0]]}))


def test_the_served_model_marks_nulls_and_gives_evidence_on_request(served):
    out = served.predict(pd.DataFrame({"text": [TEXTS[0], None]}), params={"evidence": 2, "actors": True})
    assert list(out.reason)[1] == "no text"
    assert out.evidence[0].count(";") == 1
    assert {"source", "target"} <= set(out.columns)


def test_the_served_model_keeps_the_index(served):
    out = served.predict(pd.DataFrame({"text": TEXTS}, index=[7, 3, 9, 1]))
    assert list(out.index) == [7, 3, 9, 1]


def test_a_model_can_be_named_by_its_address(logged, folder):
    there = load(model_folder(f"models:/{logged.name}/{logged.version}"))
    assert there.card == load(folder).card


def test_a_report_is_attached_to_the_run(logged, tmp_path):
    (tmp_path / "report.html").write_text("<p>page</p>")
    runs.attach(logged.run_id, tmp_path, "held")
    found = mlflow.artifacts.list_artifacts(run_id=logged.run_id, artifact_path="evaluation/held")
    assert [file.path for file in found] == ["evaluation/held/report.html"]
    with pytest.raises(TrackingError):
        runs.attach("0" * 32, tmp_path, "held")


def test_an_address_without_a_model_is_an_error(logged):
    with pytest.raises(TrackingError, match="models:/nobody/1|nobody"):
        model_folder("models:/nobody/1")
    with pytest.raises(ModelError, match="holds no Detente model"):
        model_folder(f"runs:/{logged.run_id}/pictures")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def train_with(uri, tmp_path, data):
    command = [sys.executable, "-m", "pipeline.cli", "train", "--data", str(data)]
    surroundings = {**os.environ, "MLFLOW_TRACKING_URI": uri}
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=surroundings, timeout=300)


@pytest.fixture(scope="module")
def labelled(corpus, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    pd.DataFrame({"event": corpus.events, "text": corpus.texts}).to_csv(path, index=False)
    return path


def test_training_logs_to_a_real_server(tmp_path, labelled):
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    arguments = ["--host", "127.0.0.1", "--port", str(port), "--backend-store-uri", f"sqlite:///{tmp_path}/server.db"]
    arguments += ["--artifacts-destination", str(tmp_path / "artifacts"), "--workers", "1"]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", *arguments], cwd=tmp_path, start_new_session=True
    )
    try:
        wait_for(f"{uri}/health")
        done = train_with(uri, tmp_path, labelled)
        assert done.returncode == 0, done.stderr
        assert f"open {uri}" in done.stdout
        client = mlflow.MlflowClient(uri)
        assert [v.version for v in client.search_model_versions("name='detente'")] in (["1"], [1])
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def wait_for(url):
    for _ in range(240):
        try:
            return urllib.request.urlopen(url, timeout=1)
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(url)


def test_an_unreachable_server_leaves_the_model_and_says_so(tmp_path, labelled):
    done = train_with(f"http://127.0.0.1:{free_port()}", tmp_path, labelled)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: the model is saved in models/detente, but the run could not be logged: MLflow store")
    assert "Traceback" not in done.stderr
    assert load(tmp_path / "models" / "detente").card["name"] == "detente"
