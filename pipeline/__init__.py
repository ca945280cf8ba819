"""Detente: is tension between political actors rising or easing? Sentence by sentence, with evidence.

The package ``detente`` exports the same names, for projects that have a ``pipeline.py`` of their own.

>>> from detente import load
>>> reader = load("models/detente")  # doctest: +SKIP
>>> reader.score(["Rebels handed over their weapons."])  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.model.estimator import Classifier
    from pipeline.reader import Reader

__all__ = ["Classifier", "DetenteError", "Reader", "__version__", "load"]

_HOMES = {
    "Classifier": "pipeline.model.estimator",
    "Reader": "pipeline.reader",
    "DetenteError": "pipeline.errors",
}  # imported on first access


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("detente")
    raise AttributeError(f"module 'pipeline' has no attribute {name!r}")


def load(address: str = "models/detente") -> Reader:
    """Open a model for notebooks and scripts.

    Parameters
    ----------
    address : a model folder, or an MLflow address such as ``models:/detente/1``.

    Raises
    ------
    ModelError, TrackingError
        If there is no model, or it cannot be read.
    """
    from pipeline.reader import Reader, open_model

    return Reader(open_model(str(address)))
