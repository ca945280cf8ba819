"""Doctests of the public API run in a folder whose `models/detente` is the small model of the tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Each of the two workers has one of two cores: OpenBLAS's other threads would only wait, and they wait at full speed.
# NumPy, which no plugin of pytest has imported yet, and every process that a test starts read it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small model in `models/detente`."""
    from tests.conftest import small_run

    place = tmp_path_factory.mktemp("home")
    small_run(tmp_path_factory).save(place / "models" / "detente")
    return place


@pytest.fixture(autouse=True)
def doctest_home(request: pytest.FixtureRequest) -> None:
    """Give doctests that load `models/detente` the small model, `detente` and `pd`; other tests are not affected."""
    doctest = getattr(request.node, "dtest", None)
    if doctest is None or not any("models/detente" in example.source for example in doctest.examples):
        return
    import detente
    import pandas as pd

    request.getfixturevalue("monkeypatch").chdir(request.getfixturevalue("model_home"))
    request.getfixturevalue("doctest_namespace").update(detente=detente, pd=pd)
