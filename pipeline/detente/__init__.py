"""The public package: `pipeline` under the name of the product.

Folders with notebooks often have a ``pipeline.py`` of their own, which comes first on Python's path and shadows the package.
``import detente`` locates the package by its path instead of its name.

>>> import detente
>>> sorted(detente.__all__)
['Classifier', 'DetenteError', 'Reader', '__version__', 'load']
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline import Classifier, DetenteError, Reader, __version__, load

__all__ = ["Classifier", "DetenteError", "Reader", "__version__", "load"]

_HERE = Path(__file__).resolve().parent


def _package() -> ModuleType:
    """The package `pipeline`; raises `ImportError` if another module of that name is loaded."""
    home = next(place for place in (_HERE.parent, _HERE.parent / "pipeline") if (place / "stance.py").exists())
    here = home / "__init__.py"
    loaded = sys.modules.get("pipeline")
    if loaded is not None:
        if Path(loaded.__file__ or "").resolve() != here:
            raise ImportError(f"another module named pipeline is loaded ({loaded.__file__}); import detente before it")
        return loaded
    spec = spec_from_file_location("pipeline", here, submodule_search_locations=[str(home)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{here}: not a Python module")
    package = module_from_spec(spec)
    sys.modules["pipeline"] = package
    spec.loader.exec_module(package)
    return package


if not TYPE_CHECKING:  # a type checker should report unknown names
    _pipeline = _package()
    load = _pipeline.load

    def __getattr__(name: str) -> object:
        return getattr(_pipeline, name)
