"""Detente: is tension between political actors rising or easing? Sentence by sentence, with evidence.

>>> from pipeline import load
>>> reader = load("models/detente")  # doctest: +SKIP
>>> reader.score(["Rebels handed over their weapons."])  # doctest: +SKIP
"""

from __future__ import annotations


def load(address: str = "models/detente"):
    """Open a model for notebooks and scripts: a model folder, or an MLflow address (``models:/detente/1``).

    Returns
    -------
    pipeline.reader.Reader
    """
    from pipeline.reader import Reader, open_model

    return Reader(open_model(str(address)))
