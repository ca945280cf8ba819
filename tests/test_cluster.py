"""Scoring on a Dask cluster: real workers in processes of their own, one of them killed midway."""

import os
import signal
import sys
import time

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.engines import dask_cluster
from pipeline.engines.dask_cluster import score_on_cluster, tasks_of
from pipeline.engines.threads import score_to_file
from pipeline.errors import InputError
from pipeline.model.store import load
from pipeline.read.documents import ReadOptions
from pipeline.score.documents import OutputOptions
from tests.test_bulk import texts

distributed = pytest.importorskip("distributed")
READING, ASKED = ReadOptions(set_aside=True), OutputOptions(evidence=2)


@pytest.fixture(scope="module")
def opened(folder):
    return load(folder)


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as made:
        yield made


@pytest.fixture
def source(tmp_path):
    parquet.write_table(pa.table({"text": texts(3000)}), tmp_path / "a.parquet", row_group_size=500)
    (tmp_path / "b.jsonl").write_text('{"id": "x", "text": "Chad sent food to Niger."}\n{"text": 1\n{"text": "ok"}\n')
    return [str(tmp_path / "a.parquet"), str(tmp_path / "b.jsonl")]


def test_a_task_is_a_row_group_or_a_jsonl_file(source):
    assert [task.group for task in tasks_of(source)] == [0, 1, 2, 3, 4, 5, None]
    assert [task.number for task in tasks_of(source)] == list(range(7))


def test_a_cluster_gives_what_one_machine_gives(tmp_path, opened, cluster, source):
    local = score_to_file(opened, source, READING, ASKED, tmp_path / "local.parquet", "parquet", 2)
    out = str(tmp_path / "far")
    totals = score_on_cluster(opened, tasks_of(source), READING, ASKED, out, cluster.scheduler_address)
    assert (totals.rows, totals.scored, totals.rejected, totals.read) == (3002, 3002, 1, 3003)
    assert (local.rows, local.rejected) == (totals.rows, totals.rejected)
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(tmp_path / "local.parquet"))
    assert [path.name for path in sorted((tmp_path / "far").glob("_rejects*"))] == ["_rejects-000006.jsonl"]


@pytest.mark.posix
@pytest.mark.slow
def test_a_killed_worker_changes_nothing(tmp_path, opened, cluster):
    source = str(tmp_path / "big.parquet")
    parquet.write_table(pa.table({"text": texts(60_000)}), source, row_group_size=2_500)
    local = tmp_path / "local.parquet"
    score_to_file(opened, [source], READING, ASKED, local, "parquet", 2)
    killed = []

    def kill(rows, done):
        if done == 3:
            time.sleep(2)  # both workers hold finished counts that nobody has asked for
            pid = next(iter(cluster.scheduler_info["workers"].values()))["id"]
            process = cluster.workers[pid].pid
            os.kill(process, signal.SIGKILL)
            killed.append(process)
            time.sleep(0.5)

    out = str(tmp_path / "far")
    totals = score_on_cluster(opened, tasks_of([source]), READING, ASKED, out, cluster.scheduler_address, kill)
    assert killed and totals.rows == 60_000
    pd.testing.assert_frame_equal(pd.read_parquet(out), pd.read_parquet(local))


def test_what_does_not_fit_is_one_line(tmp_path, opened, source, monkeypatch):
    monkeypatch.setattr(dask_cluster, "PATIENCE", "1s")
    with pytest.raises(InputError, match=r"\*\.csv: no such file"):
        tasks_of([str(tmp_path / "*.csv")])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.docx").write_text("no table")
    with pytest.raises(InputError, match="found no Parquet, JSONL, CSV or TSV file"):
        tasks_of([str(tmp_path / "other")])
    with pytest.raises(InputError, match="not empty; name another folder"):
        score_on_cluster(opened, tasks_of(source), READING, ASKED, str(tmp_path), "local")
    with pytest.raises(InputError, match="no scheduler responds; check the address"):
        score_on_cluster(opened, tasks_of(source), READING, ASKED, str(tmp_path / "o"), "tcp://127.0.0.1:9")
    with pytest.raises(InputError, match="unsupported URL"):
        tasks_of(["nosuch://x/a.parquet"])


def test_a_file_without_the_column_is_one_line(tmp_path, opened, cluster):
    parquet.write_table(pa.table({"n": [1]}), tmp_path / "n.parquet")
    with pytest.raises(InputError, match="expected a column named text"):
        score_on_cluster(
            opened,
            tasks_of([str(tmp_path / "n.parquet")]),
            READING,
            ASKED,
            str(tmp_path / "o"),
            cluster.scheduler_address,
        )


def test_without_fsspec_the_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)  # as Python marks what is not there
    with pytest.raises(InputError, match="needs fsspec; pip install fsspec"):
        tasks_of([str(tmp_path)])


@pytest.mark.parametrize("library", ["distributed", "fsspec"])
def test_without_dask_the_error_says_what_to_install(monkeypatch, tmp_path, library):
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / "a.csv").write_text("text\nRain.\n")
    with pytest.raises(InputError, match="Dask is not installed; pip install distributed fsspec"):
        tasks_of([str(tmp_path)])
