"""`pipeline` under the product's name.

A notebook's folder often has a ``pipeline.py`` of its own, which comes first on Python's path and hides the package.
``import detente`` finds the package by where it lies, not by its name.

>>> import detente
>>> sorted(detente.__all__)
['Classifier', 'DetenteError', 'Reader', '__version__', 'load']
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

_HERE = Path(__file__).resolve().parent


def _package() -> ModuleType:
    """The package `pipeline`; raises `ImportError` where another module has its name already."""
    home = next(place for place in (_HERE.parent, _HERE.parent / "pipeline") if (place / "stance.py").exists())
    here = home / "__init__.py"
    loaded = sys.modules.get("pipeline")
    if loaded is not None:
        if Path(loaded.__file__ or "").resolve() != here:
            raise ImportError(f"another module named pipeline is loaded ({loaded.__file__}); import detente before it")
        return loaded
    spec = spec_from_file_location("pipeline", here, submodule_search_locations=[str(home)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{here}: no Python module")
    package = module_from_spec(spec)
    sys.modules["pipeline"] = package
    spec.loader.exec_module(package)
    return package


_pipeline = _package()
load = _pipeline.load
__all__ = ["Classifier", "DetenteError", "Reader", "__version__", "load"]


def __getattr__(name: str) -> object:
    return getattr(_pipeline, name)
