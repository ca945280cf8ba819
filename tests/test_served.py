"""The logged model elsewhere: behind `mlflow models serve`, and in Spark where it is installed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import pytest

from pipeline.model.store import load
from pipeline.score.snippets import score
from tests.test_tracking import TEXTS, free_port, logged, saved, store, wait_for  # noqa: F401  fixtures

pytestmark = [pytest.mark.posix, pytest.mark.slow]  # a server takes ten seconds to start


@pytest.fixture(scope="module")
def expected(folder):
    return score(load(folder), TEXTS)


@pytest.fixture(scope="module")
def post(logged, store):  # noqa: F811
    """Sends a body to the champion behind a real server and gives the status and the answer."""
    mlflow.MlflowClient().set_registered_model_alias(logged.name, "champion", logged.version)
    port = free_port()
    command = ["-m", "mlflow", "models", "serve", "-m", "models:/detente@champion", "-p", str(port)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # as in an environment that is activated
    log = (store / "serve.log").open("w")
    server = subprocess.Popen(
        [sys.executable, *command, "--env-manager", "local"],
        env={**os.environ, "PATH": path},
        start_new_session=True,
        stderr=log,
    )

    def call(body, kind="application/json"):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", raw, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)["predictions"]
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    try:
        wait_for(f"http://127.0.0.1:{port}/ping")
        yield call
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
        log.close()


def test_the_champion_is_served_with_evidence_and_actors(post, expected):
    asked = {"evidence": 2, "actors": True}
    status, rows = post({"dataframe_split": {"columns": ["text"], "data": [[t] for t in TEXTS]}, "params": asked})
    assert status == 200
    assert [row["stance"] for row in rows] == list(expected.stance)
    assert [row["tension"] for row in rows] == pytest.approx(expected.tension.tolist())
    assert set(rows[0]) == {
        "stance", "event", "tension", "relevance", "p_escalation", "p_de_escalation", "p_neutral", "coverage", "reason",
        "p_event", "event_2", "p_event_2", "event_3", "p_event_3", "evidence", "source", "target", "actors",
    }  # fmt: skip
    assert (rows[0]["source"], rows[0]["target"], rows[0]["actors"]) == ("KEN", "UGA", "KEN; UGA")
    assert rows[0]["evidence"].startswith("accused +")


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": TEXTS[:1]},
        {"inputs": TEXTS[0]},
        {"inputs": [TEXTS[:1]]},
        {"inputs": {"text": TEXTS[:1]}},
        {"instances": [{"text": TEXTS[0], "id": 7}]},
        {"dataframe_records": [{"text": TEXTS[0]}]},
    ],
)
def test_a_text_is_taken_in_every_form_that_mlflow_knows(post, expected, body):
    status, (row,) = post(body)
    assert (status, row["stance"]) == (200, expected.stance[0])


@pytest.mark.parametrize("body", [{"inputs": []}, {"dataframe_records": []}])
def test_nothing_asked_is_nothing_answered(post, body):
    assert post({**body, "params": {"evidence": 1, "actors": True}}) == (200, [])


def test_nulls_and_blanks_are_answered_in_their_place(post, expected):
    status, rows = post({"inputs": [None, "  ", TEXTS[0]]})
    assert (status, [row["reason"] for row in rows]) == (200, ["no text", "no text", ""])
    assert rows[2]["stance"] == expected.stance[0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"inputs": [["a", "b"]]}, "expected one text per row, found 2"),
        (
            {"dataframe_split": {"columns": ["body", "n"], "data": [["a", 1]]}},
            "expected a column named text, found body, n",
        ),
        ({"dataframe_records": [{"text": {"a": 1}}]}, "row 1: expected a text, found dict"),
        ({"inputs": ["a"], "params": {"evidence": "many"}}, "evidence"),
        (b'{"inputs": [', "valid JSON"),
        ([1], "Received a list"),
    ],
)
def test_wrong_shapes_are_answered_with_what_was_expected(post, body, message):
    status, answer = post(body)
    assert status == 400
    assert message in answer["message"]
    assert "stack_trace" not in answer


def test_lone_surrogates_and_megabytes_are_answered(post):
    status, rows = post(
        b'{"inputs": ["\\ud800 attack", "' + b"Kenya accused Uganda. " * 50_000 + b'"], "params": {"evidence": 3}}'
    )
    assert (status, len(rows)) == (200, 2)


def test_a_hundred_clients_at_once_are_answered_alike(post, expected):
    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(lambda _: post({"inputs": TEXTS}), range(100)))
    assert {status for status, _ in answers} == {200}
    assert all([row["stance"] for row in rows] == list(expected.stance) for _, rows in answers)


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark_scores_a_column(logged, expected, tmp_path, monkeypatch):  # noqa: F811
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed")
    import mlflow.pyfunc

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    builder = pyspark.sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.warehouse.dir", str(tmp_path)).getOrCreate()
    try:
        address = f"models:/{logged.name}/{logged.version}"
        udf = mlflow.pyfunc.spark_udf(spark, address, result_type="stance string, tension double", env_manager="local")
        frame = spark.createDataFrame([(k, text) for k, text in enumerate(TEXTS)], "id long, text string")
        rows = frame.repartition(3).select("id", udf("text").alias("scored")).orderBy("id").collect()
    finally:
        spark.stop()
    assert [row.scored.stance for row in rows] == list(expected.stance)
    assert [row.scored.tension for row in rows] == pytest.approx(expected.tension.tolist())
