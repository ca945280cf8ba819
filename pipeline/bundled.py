"""Where the bundled data is: beside the package in a checkout, inside the installed package."""

from __future__ import annotations

from pathlib import Path


def data_folder() -> Path:
    """The folder with the corpus, the gazetteer, the behavioural checks and the examples."""
    package = Path(__file__).parent
    beside = package.parent / "data"
    return beside if (beside / "codebook.csv").exists() else package / "data"
