"""What several tests share: a small corpus of its own, a model trained on it once, the place of the gold files."""

from __future__ import annotations

import csv
import os
import pickle
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from coverage import Coverage
from filelock import FileLock

from pipeline.corpus.labelled import SNIPPETS, read_labelled
from pipeline.experiment.train import train
from pipeline.model.settings import Abstention, Settings
from pipeline.model.store import load
from tests import stores

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
SHARED = ROOT.parent / "shared"
MISSING = {  # marks of tests that cannot run here, and why
    "linux": "" if sys.platform == "linux" else "needs Linux",
    "posix": "needs POSIX" if sys.platform == "win32" else "",
    "shared": "" if SHARED.is_dir() else "../shared is absent",
}


def snippets() -> list[dict[str, str]]:
    """The political sentences and headlines that come with Detente: ``id``, ``event`` and ``text``."""
    rows = []
    for name in SNIPPETS:
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return rows


def pytest_collection_finish(session):
    """Start the process that commands are forked from before a test changes the folder or the path of modules."""
    if "tests.forked" in sys.modules and not session.config.option.collectonly:
        sys.modules["tests.forked"].prepare()


def pytest_collection_modifyitems(items):
    """Tests that need another system, or the gold files where those are absent, are skipped by name.

    Files with many slow tests begin, so that both workers end together.
    """
    slow = Counter(item.path for item in items if "slow" in item.keywords)
    items.sort(key=lambda item: -slow[item.path])
    for item in items:
        for mark, reason in MISSING.items():
            if reason and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Slow tests and what they start are not traced, which takes a third of their time: quick tests run the same code.

    Those that alone run some code are marked ``traced`` too.
    """
    tracer = Coverage.current() if "slow" in item.keywords and "traced" not in item.keywords else None
    if tracer is None:
        return (yield)
    config = os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
    tracer.stop()
    try:
        return (yield)
    finally:
        tracer.start()
        if config:
            os.environ["COVERAGE_PROCESS_CONFIG"] = config


@cache
def whole_corpus():
    """The project's own corpus, which takes two seconds to read."""
    return read_labelled([DATA])


@cache
def small_corpus():
    """Every eighth row of the project's own corpus: enough to learn from, quick to fit."""
    whole = whole_corpus()
    return whole.take(np.arange(0, len(whole), 8))


def shared(factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of all workers."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A file or folder that both workers share, made by the first that needs it."""
    place = shared(factory) / name
    with FileLock(f"{place}.lock"):
        if not place.exists():
            make(place)
    return place


def small_run(factory: pytest.TempPathFactory):
    """A training run on the small corpus, for tests and, through the conftest.py above, for doctests."""
    # An eighth of the corpus errs more often, and would leave too much unclear.
    settings = Settings(abstention=Abstention(precision=0.8))
    kept = once(factory, "small.pickle", lambda file: file.write_bytes(pickle.dumps(train(small_corpus(), settings))))
    return pickle.loads(kept.read_bytes())


@pytest.fixture(scope="session", autouse=True)
def template(tmp_path_factory):
    """Stores are copies of one file (`tests.stores`), here and in the forked commands, which inherit its name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(stores.TEMPLATE, str(shared(tmp_path_factory) / "store.db"))
        patch.setattr(stores.connection, "_make", stores.new_store)
        yield


@pytest.fixture(scope="session")
def corpus():
    return small_corpus()


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    return small_run(tmp_path_factory)


@pytest.fixture(scope="session")
def folder(run, tmp_path_factory):
    return run.save(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="session")
def model(folder):
    return load(folder)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """The model folder that `detente train` makes of the whole of data/."""
    return once(tmp_path_factory, "shipped", lambda place: train(whole_corpus(), Settings()).save(place))
