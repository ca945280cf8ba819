"""Options that several commands share, and default locations."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from typer import BadParameter, Option

from pipeline.bundled import data_folder

MODEL = Path("models/detente")
DATA = data_folder()

ModelOption = Annotated[
    str, Option("--model", "-m", help="Model folder, or an MLflow address such as models:/detente@champion.")
]
Encoding = Annotated[str | None, Option(help="Encoding of the files (default: detected, else UTF-8).")]
Delimiter = Annotated[str | None, Option(help="Field separator (default: detected).")]
TextColumn = Annotated[str | None, Option(help="Text column (default: a usual name, such as text, headline or body).")]
EventColumn = Annotated[str | None, Option(help="Name of the event type column, if not event.")]
QuadColumn = Annotated[str | None, Option(help="Name of the quad class column, if not quad.")]
Threads = Annotated[int, Option(min=0, max=1000, help="Scoring threads; 0 for one per processor.")]
Strict = Annotated[bool, Option("--strict", help="Stop at the first row or file that cannot be read.")]
Seed = Annotated[int, Option(min=0, max=2**31 - 1, help="Random seed.")]
Log = Annotated[bool, Option(help="Log the metrics to the model's MLflow run.")]
StanceColumn = Annotated[str | None, Option(help="Name of the stance column, if not stance.")]


def typed() -> str:
    """The command as typed, to be recorded with what it makes."""
    return shlex.join(["detente", *sys.argv[1:]])


def a_number(value: float) -> float:
    """A callback of options: refuse NaN, which passes every bound."""
    if value != value:
        raise BadParameter("nan is not a number.")
    return value
