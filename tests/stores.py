"""New SQLite stores of the tests: MLflow makes the tables once, every other store starts as a copy of that file.

Making them takes MLflow more than a second, and the tests need some twenty stores. Processes that tests start afresh
(`python -m pipeline.cli`) still make their own, as does any command whose environment lacks `TEMPLATE`.
"""

import os
import shutil
from pathlib import Path

from filelock import FileLock

from pipeline.tracking import connection

TEMPLATE = "DETENTE_TEST_STORE"  # names the file with the tables
_made_by_mlflow = connection._make


def new_store(file: Path) -> None:
    """A SQLite store without runs."""
    named = os.environ.get(TEMPLATE)
    if named is None:
        _made_by_mlflow(file)
        return
    template = Path(named)
    with FileLock(f"{template}.lock"):
        if not template.exists():
            _made_by_mlflow(template)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = Path(shutil.copyfile(template, file.with_name(f".{file.name}.new")))
    os.replace(part, file)


def copy_from_now_on() -> None:
    """Let this process, and those forked from it, copy."""
    connection._make = new_store
