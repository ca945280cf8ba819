"""A Rich console that prints untrusted text and file names verbatim."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from pipeline.messages import plain


class PlainConsole(Console):
    """A Rich console without markup, because names and texts may contain square brackets.

    Text passes through `plain`, which escapes control characters; the control codes of Rich itself do not.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, highlight=False, **options)

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """Render to segments, with control characters escaped."""
        if isinstance(renderable, Text):
            renderable = renderable.copy()
            renderable.plain = plain(renderable.plain)
        for piece in super().render(renderable, options):
            yield piece if piece.control else piece._replace(text=plain(piece.text))
