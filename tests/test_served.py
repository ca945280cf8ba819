"""The logged model elsewhere: behind `mlflow models serve`, and in Spark where it is installed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from pipeline.model.store import load
from pipeline.score.snippets import score
from tests.test_tracking import TEXTS, free_port, logged, store, wait_for  # noqa: F401  fixtures


@pytest.fixture(scope="module")
def expected(folder):
    return score(load(folder), TEXTS)


def test_mlflow_serves_the_model_as_it_is(logged, expected):  # noqa: F811
    port = free_port()
    address = f"models:/{logged.name}/{logged.version}"
    command = ["-m", "mlflow", "models", "serve", "-m", address, "-p", str(port), "--env-manager", "local"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # as in an environment that is activated
    server = subprocess.Popen([sys.executable, *command], env={**os.environ, "PATH": path}, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/ping")
        body = json.dumps({"dataframe_split": {"columns": ["text"], "data": [[text] for text in TEXTS]}}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations", body, {"Content-Type": "application/json"}
        )
        rows = json.load(urllib.request.urlopen(request, timeout=30))["predictions"]
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
    assert [row["stance"] for row in rows] == list(expected.stance)
    assert [row["tension"] for row in rows] == pytest.approx(expected.tension.tolist())


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
