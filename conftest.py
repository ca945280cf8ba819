"""Doctests of the public API run in a folder whose `models/detente` is the small model of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest


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
