"""Location of the bundled data: beside the package in a checkout, inside the installed package."""

from __future__ import annotations

from pathlib import Path


def data_folder() -> Path:
    """The folder with the corpus, the behavioural checks and the gazetteer."""
    package = Path(__file__).parents[1]
    beside = package.parent / "data"
    return beside if (beside / "codebook.csv").exists() else package / "data"
