"""Killed at the worst moment there is: while a thing that others rely on is being made."""

import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from pipeline.model.store import load, remember_run, run_of
from tests.conftest import ROOT

pytestmark = pytest.mark.posix
# One process imports MLflow; the one that is killed and the one that comes after are forked from it.
STORE = """
import os, signal
from pathlib import Path
from pipeline.tracking.connection import import_mlflow, open_store
import_mlflow()
import mlflow.store.tracking.sqlalchemy_store
from alembic.runtime.migration import HeadMaintainer

def forked(work):
    child = os.fork()
    if not child:
        work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def killed():
    steps, plain = [], HeadMaintainer.update_to_step
    def update_to_step(self, step):
        steps.append(step)
        if len(steps) == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(self, step)
    HeadMaintainer.update_to_step = update_to_step
    open_store()

print(forked(killed), Path("mlflow.db").exists(), forked(open_store))
"""


def child(code, cwd, *args):
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "MLFLOW_TRACKING_URI": "sqlite:///mlflow.db",
        "DETENTE_CACHE": str(cwd / "cache"),
    }
    return subprocess.run(
        [sys.executable, "-c", code, *args], cwd=cwd, env=env, capture_output=True, text=True, timeout=120
    )


@pytest.mark.slow
def test_a_store_killed_while_its_tables_are_made_is_made_by_the_next_run(tmp_path):
    done = child(STORE, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(-signal.SIGKILL), "False", "0"], done.stderr
    assert sqlite3.connect(tmp_path / "mlflow.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(tmp_path.glob(".mlflow.db*"))


@pytest.mark.parametrize("where", ["write_bytes", "replace"])
def test_a_file_that_is_written_anew_holds_the_old_or_the_new(tmp_path, where):
    code = """
import os, pathlib, signal, sys
from pipeline.atomic import write_whole
path = pathlib.Path("run.json")
write_whole(path, "old")
def killed(*given):
    if sys.argv[1] == "write_bytes":
        with open(given[0], "wb") as file:
            file.write(given[1][:1])
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "write_bytes":
    pathlib.Path.write_bytes = killed
else:
    os.replace = killed
write_whole(path, "new")
"""
    assert child(code, tmp_path, where).returncode == -signal.SIGKILL
    assert (tmp_path / "run.json").read_text() == "old"


def test_a_model_remembers_its_run_whole(folder, tmp_path):
    import shutil

    copy = shutil.copytree(folder, tmp_path / "model")
    remember_run(copy, "a" * 32)
    assert json.loads((copy / "run.json").read_text()) == {"run_id": "a" * 32}
    assert run_of(load(copy)) == "a" * 32
    assert not list(copy.glob(".*"))


SPOOLED = """
import os, signal, sys
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs
next(read_inputs(["-"], ReadOptions()))
assert not os.listdir(os.environ["TMPDIR"])
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_table_on_standard_input_leaves_no_temporary_file_behind(tmp_path):
    rows = "id,text\n" + "1,Rebels attacked the bridge.\n" * 20_000
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", SPOOLED], input=rows, env=env, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr, list(tmp_path.iterdir())) == (-signal.SIGKILL, "", [])
