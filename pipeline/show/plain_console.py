"""A console that shows texts and file names, and obeys none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from pipeline.plain import plain


class PlainConsole(Console):
    """Rich's console without its markup: names and texts may hold square brackets.

    Whatever is to be shown passes through `plain`, what Rich itself says to the terminal does not.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, highlight=False, **options)

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """The pieces of something to be shown."""
        if isinstance(renderable, Text):
            renderable = renderable.copy()
            renderable.plain = plain(renderable.plain)
        for piece in super().render(renderable, options):
            yield piece if piece.control else piece._replace(text=plain(piece.text))
