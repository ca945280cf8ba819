"""The command group `detente data`."""

from __future__ import annotations

import typer

data = typer.Typer(help="Labelled data: public corpora and your own files.", no_args_is_help=True)
