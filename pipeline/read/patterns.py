"""Regular expressions that are compiled at their first use.

Compiling those of `pipeline.read` takes half a second, a third of the time of a command that scores one text, and most
texts need none of them.
"""

from __future__ import annotations

import re
from functools import cached_property


class Pattern:
    """A regular expression.

    Examples
    --------
    >>> Pattern("[a-z]+").match("talks resume")[0]
    'talks'
    """

    def __init__(self, source: str) -> None:
        self._source = source

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._source)

    def match(self, text: str) -> re.Match[str] | None:
        """Match the beginning of a text."""
        return self._compiled.match(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Match a whole text."""
        return self._compiled.fullmatch(text)

    def search(self, text: str) -> re.Match[str] | None:
        """Match anywhere in a text."""
        return self._compiled.search(text)

    def sub(self, replacement: str, text: str) -> str:
        """Replace every match in a text."""
        return self._compiled.sub(replacement, text)
