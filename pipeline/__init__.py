"""Detente: is tension between political actors rising or easing? Sentence by sentence, with evidence.

The package ``detente`` exports the same names, for projects that have a ``pipeline.py`` of their own.

>>> from detente import DetenteError, load
>>> reader = load("models/detente")
>>> reader.score(["Rebels released 26 hostages."]).stance.tolist()
['de-escalation']
>>> try:
...     load("models/none")
... except DetenteError as error:
...     print("cannot load it:", type(error).__name__)
cannot load it: ModelError
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.errors import DetenteError
    from pipeline.model.estimator import Classifier
    from pipeline.reader import Reader

    __version__: str

__all__ = ["Classifier", "DetenteError", "Reader", "__version__", "load"]

_HOMES = {
    "Classifier": "pipeline.model.estimator",
    "Reader": "pipeline.reader",
    "DetenteError": "pipeline.errors",
}  # imported on first access

if not TYPE_CHECKING:  # a type checker should report unknown names

    def __getattr__(name: str) -> object:
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        if name == "__version__":
            from importlib.metadata import version

            return version("detente")
        raise AttributeError(f"module 'pipeline' has no attribute {name!r}")


def load(address: str = "models/detente") -> Reader:
    """Load a model.

    Parameters
    ----------
    address : a model folder, or an MLflow address such as ``models:/detente@champion``.

    Raises
    ------
    ModelError, TrackingError
        If there is no model at the address, or it cannot be loaded.

    Examples
    --------
    >>> load("models/detente").score(["Rebels released 26 hostages."]).stance.tolist()
    ['de-escalation']
    """
    from pipeline.reader import Reader, open_model

    return Reader(open_model(str(address)))
