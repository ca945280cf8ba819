"""What the commands of Detente import beside their own modules, imported once (`tests.forked`)."""

import importlib

from pipeline.tracking.connection import import_mlflow

_NAMES = """
    pandas pyarrow.compute pyarrow.csv pyarrow.json pyarrow.parquet scipy.sparse.csgraph scipy.stats
    sklearn.linear_model sklearn.naive_bayes sklearn.pipeline sklearn.metrics joblib
    matplotlib.figure matplotlib.backends.backend_agg jinja2 rich.progress rich.table typer
    mlflow.pyfunc mlflow.store.tracking.sqlalchemy_store mlflow.store.model_registry.sqlalchemy_store
"""

import_mlflow()
for name in _NAMES.split():
    importlib.import_module(name)
