"""What the commands of Detente import, imported once (`tests.forked`)."""

import importlib
import pkgutil

import pipeline
from pipeline.tracking.connection import import_mlflow
from tests import stores

_NAMES = """
    pandas pyarrow.compute pyarrow.csv pyarrow.json pyarrow.parquet scipy.sparse.csgraph scipy.stats
    sklearn.linear_model sklearn.naive_bayes sklearn.pipeline sklearn.metrics joblib
    matplotlib.figure matplotlib.backends.backend_agg jinja2 rich.progress rich.table typer
    mlflow.pyfunc mlflow.store.tracking.sqlalchemy_store mlflow.store.model_registry.sqlalchemy_store
"""

import_mlflow()
for name in _NAMES.split():
    importlib.import_module(name)
for module in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
    if module.name not in ("pipeline.__main__", "pipeline.data"):
        importlib.import_module(module.name)
# MLflow looks through all installed packages at the first model that a process logs.
importlib.import_module("mlflow.utils.requirements_utils")._init_modules_to_packages_map()
stores.copy_from_now_on()
