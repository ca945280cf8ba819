"""Split articles into sentences; page furniture, time stamps and links to other stories are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.read.furniture import LONGEST, is_furniture, is_stamp
from pipeline.read.outlets import AGENCIES, AMBIGUOUS, any_of, names
from pipeline.read.patterns import Pattern
from pipeline.read.repair import laid_out, unbroken

# The mark of a list item: a bullet, or a number or letter followed by a stop.
_ITEM = re.compile(r"^(?:[-*•·▪●►▶‣◦–—]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?=\S)")
# "Monday.Six": a stop between a word in lower case and a capital, or after a closing quotation mark or bracket.
_GLUED = re.compile(r"(?<=[a-zé]{2})([.!?]+[\"”’')]*|[.!?]*[”)])(?=[\"“‘(]?[A-Z][a-z]+[\s,’'])")
# An agency in brackets between two sentences.
_CREDIT = Pattern(rf"(?<=[.!?])\s*\((?:{any_of(*names(AGENCIES), *names(AMBIGUOUS))})\)\s*(?=[A-Z])")
# The title of a document and a page number.
_RUNNING_HEAD = re.compile(r"\S.{0,98}\S\s{4,}(?:page )?\d{1,4}", re.IGNORECASE)
_MARKS = re.compile("[\"'`“”„‘’‚«»‹›]")
_PIECE, _PROSE = 4_000, 10  # characters; characters of prose per quotation mark, or more
_WRAPPED = range(45, 101)  # lengths of the lines of hard-wrapped text, in characters
# A link to another story: "Read more: Truce holds in Tigray".
_TEASER = re.compile(
    r"(?:(?:(?:read|see|watch|listen)(?: more| also| next| this)|also (?:read|see|watch)|more on this(?: story)?|watch|"
    r"related(?: stor(?:y|ies)| articles?| news| coverage| video)?|recommended|don['’]t miss|you may also like|listen|"
    r"in pictures)(?: ?[:|»>]| [–—-]) ?|read more (?:about|on|from|in|here)\b|read the full (?:story|report)\b).+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sentence:
    """A sentence or headline of an article, how often it occurs there, and the number of the first of these, from 0."""

    text: str
    repeats: int = 1
    first: int = 0


def split_sentences(text: str) -> list[str]:
    """The sentences of an article, in order, repeats included.

    A blank line ends a sentence. So does a line end, unless the paragraph is hard-wrapped or the next line begins in
    lower case. A sentence is left out if `is_aside` holds.

    Examples
    --------
    >>> split_sentences("Talks resume\\n\\nThe U.S. envoy arrived. He met\\nthe premier, VOV.VN said.")
    ['Talks resume', 'The U.S. envoy arrived.', 'He met the premier, VOV.VN said.']
    """
    sentences = []
    for line in _lines(text):
        pieces: list[str] = []
        for piece in _segmented(_GLUED.sub(r"\1 ", _CREDIT.sub(" ", line))):
            # The stop in "VOV.VN" ends no sentence, and no sentence begins with a dash.
            if pieces and (not pieces[-1][-1:].isspace() or piece.startswith(("--", "–", "—"))):
                pieces[-1] += piece
            else:
                pieces.append(piece)
        sentences += [" ".join(piece.split()) for piece in pieces]
    return [sentence for sentence in sentences if sentence and not is_aside(sentence)]


def _segmented(line: str) -> Iterator[str]:
    """The sentences of a line. sentencex takes time with the square of the number of quotation marks, so a long line that
    largely consists of them, which is no prose, is cut into pieces."""
    from sentencex import segment

    dense = len(line) > _PIECE and len(_MARKS.findall(line)) * _PROSE > len(line)
    step = _PIECE if dense else max(len(line), 1)
    for start in range(0, len(line), step):
        yield from segment("en", line[start : start + step])


def is_aside(text: str) -> bool:
    """Whether a line is not part of the article around it: furniture, a time stamp, or a link to another story.

    Examples
    --------
    >>> [is_aside(text) for text in ("Updated 10:32 GMT", "Read more: Truce holds in Tigray", "Aid arrived at 10:32")]
    [True, True, False]
    """
    return bool(_TEASER.fullmatch(text)) or _is_apart(text)


def distinct_sentences(text: str) -> list[Sentence]:
    """The distinct sentences of an article; see `distinct`."""
    return distinct(split_sentences(text))


def distinct(sentences: list[str]) -> list[Sentence]:
    """The distinct sentences among all of an article, in order of first occurrence; case is ignored.

    Examples
    --------
    >>> distinct(["Aid arrives", "Aid Arrives", "It rained."])
    [Sentence(text='Aid arrives', repeats=2, first=0), Sentence(text='It rained.', repeats=1, first=2)]
    """
    first: dict[str, int] = {}
    seen: dict[str, int] = {}
    for number, sentence in enumerate(sentences):
        key = sentence.casefold()
        first.setdefault(key, number)
        seen[key] = seen.get(key, 0) + 1
    return [Sentence(sentences[number], seen[key], number) for key, number in first.items()]


def _lines(text: str) -> list[str]:
    """Lines of running text, hard wraps undone, without asides."""
    joined: list[str] = []
    for paragraph in re.split(r"\n\s*\n", unbroken(laid_out(text)).replace("\r\n", "\n").replace("\r", "\n")):
        lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
        items = [bool(_ITEM.match(line)) for line in lines]
        lines = [_ITEM.sub("", line) for line in lines]
        # The last line of a wrapped paragraph may be the last word of its sentence: "Africa."
        kept = [k for k, line in enumerate(lines) if k == len(lines) - 1 or line[0].islower() or not _is_apart(line)]
        lines, items = [lines[k] for k in kept], [items[k] for k in kept]
        wrapped = len(lines) > 2 and not any(items) and all(len(line) in _WRAPPED for line in lines[:-1])
        wrapped = wrapped and len(set(lines)) == len(lines)
        start = len(joined)
        for line, item in zip(lines, items):
            if len(joined) > start and not item and (wrapped or line[0].islower()):
                joined[-1] += " " + line
            elif not _is_apart(line):
                joined.append(line)
    return [line for line in joined if not is_aside(line)]


def _is_apart(line: str) -> bool:
    """Whether a line is furniture, a time stamp or a running head, which may stand between the lines of a sentence."""
    return bool(_RUNNING_HEAD.fullmatch(line)) or (len(line) <= LONGEST and (is_furniture(line) or is_stamp(line)))
