"""Repair broken characters: entities, mojibake, invisible characters, unusual spaces and hyphens."""

from __future__ import annotations

import html
import re

import numpy as np

# An ampersand was taken for a separator: "Iran #39;s", "quot;no deal quot;".
_EMBEDDED_ENTITY = re.compile(
    r"\s(?=#(?:39|8217);(?:s|t|d|m|re|ve|ll)\b)|(?<!&)#(\d{2,5}|x[0-9a-fA-F]{2,4});|(?<!&)\b(quot|amp|lt|gt|nbsp|apos);"
)
# Members of character classes, for both `re` and RE2.
# Control characters, and what Unicode calls "default ignorable": soft hyphens, joiners, marks of direction, selectors.
INVISIBLES = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
# Hyphens and apostrophes that differ from those of the training texts.
HYPHENS = "\u2010\u2011\u2212\u02bc"
_ALIKE = str.maketrans(HYPHENS, "---'")
ODD_SPACES = "\t\n\r\x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Characters that are seldom right in English: C1 controls, combining marks, ligatures, full-width forms, box drawing,
# and those that misread UTF-8 consists of.
_MISREAD = (
    "\x1b\x80-\xa0¤¦¨¬¯¸ªºÂÃƒˆˇ˘˛˜†‡‰\u0300-\u036f\u2065"
    "\u2126\u212a\u212b⌐◊─-▟√≈‚\ufb00-\ufb06\uff01-\uffef\ufff9-\uffff"
)
# The first character of misread UTF-8 followed by one that the next byte can become, in several code pages.
_MISREAD_TAIL = "\x80-¿€Ђƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
MOJIBAKE = f"[{_MISREAD}]|[À-ôāβв][{_MISREAD_TAIL}]"
_BROKEN = re.compile(MOJIBAKE)
_INVISIBLE = re.compile(f"[{INVISIBLES}]")
_BROKEN_LINE = re.compile(r"(?<=[a-z])[-\u2010\xad¬][ \t\r]{0,20}\n\s{0,20}(?=[a-z])")
# What `traced` repairs: a word broken at a line end, an entity, characters that are left out or that ftfy decodes.
_TROUBLE = re.compile(
    rf"({_BROKEN_LINE.pattern})|&(?:amp;)*(?:#\w{{1,8}}|[A-Za-z]\w{{1,31}});|"
    rf"[{INVISIBLES}]+|(?:[À-ôāβв][{_MISREAD_TAIL}]{{1,3}}|\w?[\u0300-\u036f]+|[{_MISREAD}])+"
)
_LINE = re.compile(r"[\r\n\x85\u2028\u2029]")
_SPACE = re.compile(r"[^\S\n]")
_LINE_END = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PARAGRAPH = re.compile(
    r"</?(?:address|article|blockquote|dd|div|dl|dt|h[1-6]|li|ol|p|section|table|tr|ul)\b[^<>]{0,200}>", re.IGNORECASE
)
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,200}>|\\[nrt]")  # HTML tags, and line ends escaped twice in JSON


def repair(text: str) -> str:
    """Repair broken characters; turn each run of spaces and line ends into one space.

    Examples
    --------
    >>> repair("The gov\\u200bern\\u00adment didn&amp;#39;t ac-\\ncept it \\u00e2\\u20ac\\u201d yet")
    "The government didn't accept it \\u2014 yet"
    >>> repair("Iran #39;s quot;no quot;")
    'Iran\\'s "no "'
    """
    text = _unescaped(_fixed(text))
    if "#" in text or ";" in text:  # an entity has one of these; the pattern is slow
        text = _EMBEDDED_ENTITY.sub(_entity, text)
    if "<" in text or "\\" in text:
        text = _MARKUP.sub(" ", text)
    if not (text.isascii() and text.isprintable()):
        text = unbroken(text).translate(_ALIKE)
    return " ".join(text.split())


def _fixed(text: str) -> str:
    """Undo mojibake, ligatures, full-width forms and the like."""
    if text.isascii() or not _BROKEN.search(text):
        return text
    import ftfy

    return ftfy.fix_text(text, unescape_html=False, uncurl_quotes=False, fix_line_breaks=False)


def _unescaped(text: str) -> str:
    for _ in range(3):  # "&amp;amp;#39;"
        if "&" not in text or (plain := html.unescape(text)) == text:
            break
        text = plain
    return text


def laid_out(text: str) -> str:
    """Decode the character entities of an article and put line ends in place of the HTML tags that make them.

    Examples
    --------
    >>> laid_out("Talks resume.<br/>Kenya &amp; Chad agree.&nbsp;<b>Aid</b> came.")
    'Talks resume.\\nKenya & Chad agree. Aid came.'
    """
    text = _unescaped(text).replace("\xa0", " ")
    if "<" in text:
        text = _MARKUP.sub("", _PARAGRAPH.sub("\n\n", _LINE_END.sub("\n", text)))
    return text


def unbroken(text: str) -> str:
    """Remove invisible characters and join words hyphenated at the end of a line; other line ends stay."""
    return _INVISIBLE.sub("", _BROKEN_LINE.sub("", text))


def traced(text: str) -> tuple[str, np.ndarray, np.ndarray]:
    """A text with the most frequent trouble repaired bit by bit, and where its characters come from.

    Decoded or left out are entities, invisible characters, word breaks at line ends, and what ftfy repairs without seeing
    more of the text. Spaces become " " and line ends "\\n", one by one.

    Returns
    -------
    n characters, their (n + 1,) starts and (n,) ends in the text; the last start is the length of the text.

    Examples
    --------
    >>> plain, start, end = traced("A&amp;B")
    >>> plain, start.tolist(), end.tolist()
    ('A&B', [0, 1, 6, 7], [1, 6, 7])
    """
    pieces, starts, ends, done = list[str](), list[np.ndarray](), list[np.ndarray](), 0
    fixed, known = _fixed(text), dict[str, str]()
    for found in _TROUBLE.finditer(text):
        start, end = found.span()
        if (bit := found[0]) not in known:
            known[bit] = _INVISIBLE.sub("", _unescaped(bit if bit in fixed else _fixed(bit)))
        repaired = "" if found[1] else known[bit]
        pieces += [text[done:start], repaired]
        alike = len(repaired) == end - start  # such as full-width letters: one by one
        starts += [np.arange(done, start), np.arange(start, end) if alike else np.full(len(repaired), start)]
        ends += [np.arange(done, start) + 1, np.arange(start, end) + 1 if alike else np.full(len(repaired), end)]
        done = end
    rest = np.arange(done, len(text) + 1)
    plain = _SPACE.sub(" ", _LINE.sub("\n", "".join(pieces) + text[done:]))
    return plain, np.concatenate([*starts, rest]), np.concatenate([*ends, rest[1:]])


def _entity(match: re.Match) -> str:
    """The character of an entity without an ampersand; nothing for the space before an apostrophe."""
    if match[1] is None and match[2] is None:
        return ""
    return html.unescape(f"&{match[0]}" if match[1] else f"&{match[2]};")
