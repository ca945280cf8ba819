"""Options that several commands share, and default locations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Optional

import typer

from pipeline.arrays.places import data_folder

MODEL = Path("models/detente")
DATA = data_folder()

ModelOption = Annotated[
    str, typer.Option("--model", "-m", help="Model folder, or an MLflow address such as models:/detente@champion.")
]
ModelArgument = Annotated[Optional[str], typer.Argument(metavar="[MODEL]", help="Same as --model.")]
Encoding = Annotated[Optional[str], typer.Option(help="Encoding of the files (default: detected, else UTF-8).")]
Delimiter = Annotated[Optional[str], typer.Option(help="Field separator (default: detected).")]
TextColumn = Annotated[
    Optional[str], typer.Option(help="Text column (default: text, sentence, headline, snippet or phrase).")
]
EventColumn = Annotated[Optional[str], typer.Option(help="Name of the event type column, if not event.")]
QuadColumn = Annotated[Optional[str], typer.Option(help="Name of the quad class column, if not quad.")]
Threads = Annotated[int, typer.Option(min=0, max=1000, help="Scoring threads; 0 for one per processor.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first row or file that cannot be read.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Random seed.")]
Log = Annotated[bool, typer.Option(help="Log the metrics to the model's MLflow run.")]
StanceColumn = Annotated[Optional[str], typer.Option(help="Name of the stance column, if not stance.")]


def a_number(value: float) -> float:
    """A callback of options: refuse NaN, which passes every bound."""
    if value != value:
        raise typer.BadParameter("nan is not a number.")
    return value


@dataclass
class _Settings:
    """Values of the options common to all commands."""

    quiet: bool = False
    verbose: bool = False


settings = _Settings()
