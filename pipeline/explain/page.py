"""Explanations as a self-contained HTML page, and as a notebook fragment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.atomic import write_whole

if TYPE_CHECKING:
    from jinja2 import Environment

STRONG, SOME = 1.0, 0.3  # contributions from which a word is marked strongly, or at all


def mark_of(weight: float) -> str:
    """The mark of a word: ``up2``, ``up1``, ``down1``, ``down2`` or the empty string.

    Examples
    --------
    >>> mark_of(1.2), mark_of(-0.4), mark_of(0.1)
    ('up2', 'down1', '')
    """
    if abs(weight) < SOME:
        return ""
    return ("up" if weight > 0 else "down") + ("2" if abs(weight) >= STRONG else "1")


def fragment(explanation: object) -> str:
    """An `Explanation`, whose class is in a later module, as an HTML fragment with its style."""
    return _environment().get_template("fragment.html.j2").render(e=explanation)


def write_page(explanation: object, path: str | Path, title: str) -> Path:
    """Write the page of an `Explanation` atomically and return its path."""
    path = Path(path)
    html = _environment().get_template("page.html.j2").render(e=explanation, title=title)
    write_whole(path, html)
    return path


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("pipeline.explain", "."), autoescape=True)
    environment.filters["mark"] = mark_of
    return environment
