"""Articles to sentences: paragraphs by blank lines, sentences by `sentencex`, repeats found."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.read.cleaning import unbroken

# The mark of a list item: a bullet, or a number or letter with a stop.
_ITEM = re.compile(r"^(?:[-*•·▪●►▶‣◦–—]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?=\S)")
# "Monday.Six": a stop between a word in small letters and a capital, or behind a closing quotation mark or bracket.
_GLUED = re.compile(r"(?<=[a-zé]{2})([.!?]+[\"”’')]*|[.!?]*[”)])(?=[\"“‘(]?[A-Z][a-z]+[\s,’'])")
_CREDIT = re.compile(r"(?<=[.!?])\s*\((?:AFP|AP|Reuters|DPA|dpa|EFE|PA|TASS|Xinhua)\)\s*(?=[A-Z])")
_WRAPPED = range(45, 101)  # lengths of the lines of hard-wrapped text, in characters


@dataclass(frozen=True)
class Sentence:
    """A sentence or headline of an article, and how often it stands there."""

    text: str
    repeats: int = 1


def split_sentences(text: str) -> list[str]:
    """The sentences of an article, in order, repeats included.

    A blank line ends a sentence, and so does a line end, except where the paragraph is hard-wrapped
    or the next line begins in lower case.

    Examples
    --------
    >>> split_sentences("Talks resume\\n\\nThe U.S. envoy arrived. He met\\nthe premier, VOV.VN said.")
    ['Talks resume', 'The U.S. envoy arrived.', 'He met the premier, VOV.VN said.']
    """
    from sentencex import segment

    sentences = []
    for line in _lines(text):
        pieces: list[str] = []
        for piece in segment("en", _GLUED.sub(r"\1 ", _CREDIT.sub(" ", line))):
            # "VOV.VN" is no sentence end, and a dash begins no sentence.
            if pieces and (not pieces[-1][-1:].isspace() or piece.startswith(("--", "–", "—"))):
                pieces[-1] += piece
            else:
                pieces.append(piece)
        sentences += [" ".join(piece.split()) for piece in pieces]
    return [sentence for sentence in sentences if sentence]


def distinct_sentences(text: str) -> list[Sentence]:
    """The distinct sentences of an article in order of first appearance; case and spaces do not count.

    Examples
    --------
    >>> distinct_sentences("Aid arrives\\nAid arrives\\n\\nIt rained.")
    [Sentence(text='Aid arrives', repeats=2), Sentence(text='It rained.', repeats=1)]
    """
    first: dict[str, str] = {}
    seen: dict[str, int] = {}
    for sentence in split_sentences(text):
        key = sentence.casefold()
        first.setdefault(key, sentence)
        seen[key] = seen.get(key, 0) + 1
    return [Sentence(sentence, seen[key]) for key, sentence in first.items()]


def _lines(text: str) -> list[str]:
    """Lines of running text, hard wraps undone."""
    joined: list[str] = []
    for paragraph in re.split(r"\n\s*\n", unbroken(text).replace("\r\n", "\n").replace("\r", "\n")):
        lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
        items = [bool(_ITEM.match(line)) for line in lines]
        lines = [_ITEM.sub("", line) for line in lines]
        wrapped = len(lines) > 2 and not any(items) and all(len(line) in _WRAPPED for line in lines[:-1])
        wrapped = wrapped and len(set(lines)) == len(lines)
        start = len(joined)
        for line, item in zip(lines, items):
            if len(joined) > start and not item and (wrapped or line[0].islower()):
                joined[-1] += " " + line
            else:
                joined.append(line)
    return joined
