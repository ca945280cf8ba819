"""Regular expressions that are compiled at their first use.

Compiling those of `pipeline.read` takes half a second, a third of the time of a command that scores one text, and most
texts need none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache


def word_key(word: str) -> str:
    """A word in lower case; "0" for all words with a digit."""
    return "0" if any(map(str.isdecimal, word)) else word.lower()


class Pattern:
    """A regular expression.

    Parameters
    ----------
    needs : characters of which a text must contain one to match; if empty, it need not contain any.
    words : words, as from `word_key`, of which one must stand where the text is searched; if empty, any word may.

    Examples
    --------
    >>> Pattern("[a-z]+").match("talks resume")[0]
    'talks'
    """

    def __init__(self, source: str, needs: str = "", words: frozenset[str] = frozenset()) -> None:
        self._source = source
        self.needs = frozenset(needs)
        self.words = words

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


class Edges:
    """Patterns of one end of a text. Most texts lack what most patterns need, and which do is looked up at once."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._needed = frozenset().union(*(pattern.needs for pattern in self._patterns))
        self._fitting = lru_cache(maxsize=4096)(self._with)

    def fitting(self, text: str) -> tuple[Pattern, ...]:
        """The patterns that need no character or one of those of the text, in order."""
        return self._fitting(self._needed.intersection(text))

    def _with(self, characters: frozenset[str]) -> tuple[Pattern, ...]:
        return tuple(one for one in self._patterns if not one.needs or one.needs & characters)
