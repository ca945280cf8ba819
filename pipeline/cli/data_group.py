"""The group `detente data`: corpora fetched, checked, imported, split and labelled."""

from __future__ import annotations

import typer

data = typer.Typer(help="Labelled data: public corpora, and one's own.", no_args_is_help=True)
