"""Clean texts: repair broken characters; strip datelines, credits and links.

Every text is cleaned before it is analysed. Most texts need nothing, so a few regular expressions over the whole column
find those that may, and only these are processed one by one.

Repaired are character entities (also doubly encoded, or without their ampersand), mojibake, ligatures, full-width
letters, soft hyphens, zero-width and direction marks, unusual or repeated spaces, and words hyphenated at line ends.
Stripped from the edges are datelines, agencies, dates and times, bylines, credits, links, handles, hashtags, names of
sites, and calls such as "Read more" (`pipeline.read.edges`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, booleans, mask
from pipeline.read.edges import BYLINE, HEAD, HEADS, SITE, SUSPECT, TAILS

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

    Finder = Callable[[str], re.Match[str] | None]

_LINK = re.compile(r"\(?\b(?:https?://|www\.|pic\.twitter\.com/|t\.co/|bit\.ly/)\S+", re.IGNORECASE)
# An ampersand was taken for a separator: "Iran #39;s", "quot;no deal quot;".
_EMBEDDED_ENTITY = re.compile(
    r"\s(?=#(?:39|8217);(?:s|t|d|m|re|ve|ll)\b)|(?<!&)#(\d{2,5}|x[0-9a-fA-F]{2,4});|(?<!&)\b(quot|amp|lt|gt|nbsp|apos);"
)
# Members of character classes, for both `re` and RE2.
# Control characters, and what Unicode calls "default ignorable": soft hyphens, joiners, marks of direction, selectors.
_INVISIBLES = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
# Hyphens and apostrophes that differ from those of the training texts.
_HYPHENS = "\u2010\u2011\u2212\u02bc"
_ALIKE = str.maketrans(_HYPHENS, "---'")
_ODD_SPACES = "\t\n\r\x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Characters that are seldom right in English: C1 controls, combining marks, ligatures, full-width forms, box drawing,
# and those that misread UTF-8 consists of.
_MISREAD = (
    "\x1b\x80-\xa0¤¦¨¬¯¸ªºÂÃƒˆˇ˘˛˜†‡‰\u0300-\u036f\u2065"
    "\u2126\u212a\u212b⌐◊─-▟√≈‚\ufb00-\ufb06\uff01-\uffef\ufff9-\uffff"
)
# The first character of misread UTF-8 followed by one that the next byte can become, in several code pages.
_MOJIBAKE = f"[{_MISREAD}]|[À-ôāβв][\x80-¿€Ђƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_BROKEN = re.compile(_MOJIBAKE)
_INVISIBLE = re.compile(f"[{_INVISIBLES}]")
_BROKEN_LINE = re.compile(r"(?<=[a-z])[-\u2010\xad¬][ \t\r]{0,20}\n\s{0,20}(?=[a-z])")
_SPACES = re.compile(r"\s+")
_LINE_END = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PARAGRAPH = re.compile(
    r"</?(?:address|article|blockquote|dd|div|dl|dt|h[1-6]|li|ol|p|section|table|tr|ul)\b[^<>]{0,200}>", re.IGNORECASE
)
_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,200}>|\\[nrt]")  # HTML tags, and line ends escaped twice in JSON

# RE2 patterns of which a text must match one to be processed. A pattern is only tried on texts that contain one of its
# bytes, which a table finds at memory speed; a pattern without bytes is tried on all texts. One pattern for all would
# take twice as long.
_NOT_ASCII = bytes(range(0xC2, 0xF5))  # the first bytes of all other characters
_SUSPECT = (
    (
        rf"[&#@|\[/<\\«»©{_HYPHENS}{_ODD_SPACES}{_INVISIBLES}]|{_MOJIBAKE}|\b(?:quot|amp|lt|gt|nbsp|apos);",
        b"&#@|[/<\\;\t\n\r\x7f" + bytes(range(32)) + _NOT_ASCII,
    ),
    *SUSPECT,
)
# Patterns that need one of their bytes and then one again.
_SUSPECT_PAIRS = (("  ", b" "), (r"(?i:\bwww\.)", b"wW"))
_GATED = (*(one for one in _SUSPECT if one[1]), *_SUSPECT_PAIRS)
_UNGATED = tuple(pattern for pattern, needed in _SUSPECT if not needed)
# For each byte, the patterns that it is needed for, one bit each.
_BITS = bytes(sum(1 << k for k, (_, needed) in enumerate(_GATED) if byte in needed) for byte in range(256))
_PAIR_BITS = np.uint8((1 << len(_GATED)) - (1 << (len(_GATED) - len(_SUSPECT_PAIRS))))
LEAST_LEFT = 2  # a head or tail is not removed if fewer words would be left
EDGE = 400  # number of characters at each end that are searched, so that long texts take linear time
_BLOCK = 1 << 16  # bytes per step, so that the arrays stay in the cache


def clean(texts: Texts) -> pa.Array:
    """Repair texts and strip their edges. Texts that need neither are not copied.

    Parameters
    ----------
    texts : a list, Series or Arrow array of n strings.

    Returns
    -------
    (n,) Arrow large_string.

    Examples
    --------
    >>> clean(["KABUL (Reuters) - The army didn&#39;t fire.", "Truce holds", "War in X | Site.NET"]).to_pylist()
    ["The army didn't fire.", 'Truce holds', 'War in X']
    """
    column = as_strings(texts)
    suspect = suspects(column)
    if not suspect.any():
        return column
    chosen = mask(suspect)
    return pc.replace_with_mask(column, chosen, as_strings([clean_text(t) for t in column.filter(chosen).to_pylist()]))


def suspects(column: pa.Array) -> np.ndarray:
    """Find the texts that `clean_text` may change, as (n,) bool; it changes no other."""
    found = np.zeros(len(column), bool)
    if not len(column):
        return found
    offsets = np.frombuffer(column.buffers()[1], np.int64, len(column) + 1, 8 * column.offset)
    if offsets[0] == offsets[-1]:
        return found
    place, bits = _bytes_needed(column.buffers()[2][offsets[0] : offsets[-1]])
    text = np.searchsorted(offsets - offsets[0], place, side="right") - 1
    for number, (pattern, _) in enumerate(_GATED):
        holds = np.zeros(len(column), bool)
        holds[text[bits & np.uint8(1 << number) != 0]] = True
        holds &= ~found
        if holds.any():
            found[holds] = booleans(pc.match_substring_regex(column.filter(mask(holds)), pattern))
    for pattern in _UNGATED:
        found |= booleans(pc.match_substring_regex(column, pattern))
    return found


def _bytes_needed(data: pa.Buffer) -> tuple[np.ndarray, np.ndarray]:
    """The places of bytes that patterns need, and those patterns as bits."""
    places, patterns = [], []
    for start in range(0, len(data), _BLOCK):
        block = data[start : start + _BLOCK + 1].to_pybytes()  # with the next byte, for the pairs
        bits = np.frombuffer(block.translate(_BITS), np.uint8)  # three times as fast as a NumPy index
        needed = bits[:_BLOCK] & ~_PAIR_BITS
        pairs = bits[:-1] & bits[1:]
        pairs &= _PAIR_BITS
        needed[: len(pairs)] |= pairs
        place = np.flatnonzero(needed != 0)
        places.append(place + start)
        patterns.append(needed[place])
    return np.concatenate(places), np.concatenate(patterns)


def clean_text(text: str) -> str:
    """Repair one text and strip its edges."""
    if "\n" in text:  # the line ends a byline, and `repair` removes it
        rest = BYLINE.sub("", text)
        text = rest if len(rest.split()) >= LEAST_LEFT else text
    return strip_edges(repair(text))


def repair(text: str) -> str:
    """Repair broken characters; turn each run of spaces and line ends into one space.

    Examples
    --------
    >>> repair("The gov\\u200bern\\u00adment didn&amp;#39;t ac-\\ncept it \\u00e2\\u20ac\\u201d yet")
    "The government didn't accept it \\u2014 yet"
    >>> repair("Iran #39;s quot;no quot;")
    'Iran\\'s "no "'
    """
    if not text.isascii() and _BROKEN.search(text):
        import ftfy

        text = ftfy.fix_text(text, unescape_html=False, uncurl_quotes=False, fix_line_breaks=False)
    text = _unescaped(text)
    if "#" in text or ";" in text:  # an entity has one of these; the pattern is slow
        text = _EMBEDDED_ENTITY.sub(_entity, text)
    if "<" in text or "\\" in text:
        text = _MARKUP.sub(" ", text)
    return _SPACES.sub(" ", unbroken(text).translate(_ALIKE)).strip()


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


def strip_edges(text: str) -> str:
    """Strip datelines, dates, credits, links and names of sites from the edges of a snippet.

    Examples
    --------
    >>> strip_edges("RT @desk: BREAKING: Army fires on crowd (Photo: AFP) https://t.co/x #war")
    'Army fires on crowd'
    """
    if "/" in text or "www." in text.lower():  # every link contains one of these
        text = _LINK.sub(" ", text)
    text = _SPACES.sub(" ", text).strip()
    # Tails first: in "REBELS SEIZE TOWN — BBC News" the name of the site tells that the capitals are no dateline.
    rest = max(len(text) - EDGE, 0)
    text = text[:rest] + _shortened(text[rest:], TAILS, str.rstrip, EDGE, beside=text[:rest])
    return _shortened(text[:EDGE], HEADS, str.lstrip, HEAD, beside=text[EDGE:]) + text[EDGE:]


def _shortened(edge: str, finders: tuple[Finder, ...], strip: Callable[[str], str], longest: int, beside: str) -> str:
    """Repeatedly remove from one end of a text what the finders find there; ``beside`` is the rest of the text."""
    least = 0 if beside else LEAST_LEFT
    changed = True
    while changed:
        changed = False
        for find in finders:
            match = find(edge)
            if match is None or (match.re.groups and _is_headline(match[1], edge[: match.start()])):
                continue
            shorter = strip(edge[: match.start()] + edge[match.end() :])
            if len(edge) - len(shorter) <= longest and len(shorter.split()) >= least:
                edge, changed = shorter, True
    return edge


def _is_headline(part: str, before: str) -> bool:
    """Whether the part after a bar is more than the name of a site or a section."""
    words = len(part.split())
    return not SITE.fullmatch(part) and (words > 4 or words >= len(re.findall(r"\w\S*", before)))


def _entity(match: re.Match) -> str:
    """The character of an entity without an ampersand; nothing for the space before an apostrophe."""
    if match[1] is None and match[2] is None:
        return ""
    return html.unescape(f"&{match[0]}" if match[1] else f"&{match[2]};")
