"""Text as it was meant: character trouble repaired, and what stands at the edges of a snippet taken off.

Every text passes here before it is read, whatever door it came by. Most texts need nothing, so one regular expression
over the whole column finds those that may, and only they are looked at one by one.

Repaired: character entities (doubly encoded too, and those that lost their ampersand), mojibake, ligatures, soft hyphens,
zero-width and direction marks, hyphenated line ends. Taken off at the edges: datelines and agency names, time stamps,
credits, links, handles, hash tags, names of sites, and "Read more:" and its like.
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

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

_AGENCIES = "AAP|AFP|ANSA|AP|Bloomberg|DPA|dpa|EFE|Interfax|IRNA|KUNA|Kyodo|PA|PTI|Reuters|REUTERS|RIA|TASS|UPI|Xinhua"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*\.?"
_TIME = r"\d{1,2}[:.]\d{2}(?::\d{2})?(?:\s?[ap]\.?m\.?)?(?:\s?(?:GMT|UTC|BST|CET|EST|EDT|IST))?"
_DATE = rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{2,4}}|\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}(?:, \d{{4}})?)"
_STAMP = rf"(?:(?:Updated|Published|Posted|Last updated|UPDATED)[: ]+)?(?:{_DATE}(?:,? (?:at )?{_TIME})?|{_TIME}(?:,? {_DATE})?)"
_TEASERS = (
    r"read more|read also|also read|see also|more on this|related|related stories|watch|listen|video|videos|photo|photos|"
    r"in pictures|gallery|live|live updates|breaking|breaking news|just in|exclusive|update|updated|developing|alert|"
    r"full story|full report|the latest"
)
_LINK = re.compile(r"\(?\b(?:https?://|www\.|pic\.twitter\.com/|t\.co/|bit\.ly/)\S+", re.IGNORECASE)
# Where an ampersand was taken for a separator: "Iran #39;s", "quot;no deal quot;".
_EMBEDDED_ENTITY = re.compile(
    r"\s(?=#(?:39|8217);(?:s|t|d|m|re|ve|ll)\b)|(?<!&)#(\d{2,5}|x[0-9a-fA-F]{2,4});|(?<!&)\b(quot|amp|lt|gt|nbsp|apos);"
)
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufffe\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
_BROKEN_LINE = re.compile(r"(?<=[a-z])[-\u2010][ \t\r]{0,20}\n\s{0,20}(?=[a-z])")
_SPACES = re.compile(r"\s+")
_HEADS = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r"^RT\s+(?=@)", 0),
        (r"^[@#][\w.-]+:?\s+", 0),
        (r"^[«»•·▪►▶■*>|–—-]+\s*", 0),
        (rf"^[\[(]\s*(?:{_STAMP}|(?:{_TEASERS}))\s*[\])]\s*[-–—:|]*\s*", re.IGNORECASE),
        (rf"^{_STAMP}\s*(?:[-–—:|]\s*|(?=[A-Z]))", 0),
        (rf"^(?:{_TEASERS})(?:\s+\d+)?\s*(?:[:»]|[|](?![^|]*[|])|\s[-–—]+\s)\s*", re.IGNORECASE),
        (r"^UPDATE \d+[-–: ]\s*", 0),
        (r"^By (?:[A-Z][\w.'-]+ ?){1,4}(?:, [A-Z][\w ]+)?\s*[|–—]\s*", 0),
        (rf"^\(?(?:{_AGENCIES})\)?\s*(?:[-–—:|]+)\s*", 0),
        # KABUL (Reuters) - ; BEIRUT, Lebanon, Oct 3 (AP) — ; WASHINGTON --
        (
            rf"^[A-Z][A-Za-z.'’-]*(?:[, /]+[A-Z][A-Za-z.'’-]*){{0,5}}[, /]*(?:{_DATE}\s*)?\((?:{_AGENCIES})\)\s*[-–—:]*\s*",
            0,
        ),
        (rf"^[A-Z][A-Z.'’-]{{3,}}(?: [A-Z.'’-]+)*(?:,? [A-Z][a-z]+\.?)*(?:,? {_DATE})?,? - (?=[A-Z][^A-Z]*[a-z])", 0),
        (rf"^[A-Z][A-Z.'’ -]+(?:, (?:[A-Z][a-z]+\.? ?){{1,3}})?(?:,? {_DATE})?\s*(?:--+|—|–)\s*(?=[A-Z\"“])", 0),
    )
)
# Spaces are single by now and the end is stripped anew each time, so each begins with what must be there: `re` looks for
# a character at memory speed.
_TAILS = tuple(
    re.compile(pattern, flags)
    for pattern, flags in (
        (r" [@#][\w.-]+$", 0),
        (rf"[\[(]\s*(?:{_STAMP})\s*[\])]$", re.IGNORECASE),
        (
            rf"[\[(]\s*(?:(?:photo|photos|image|picture|video|file photo|credit|source|via|pic|reporting by|writing by|"
            rf"editing by|with inputs from)\b[^\])]*|(?:{_AGENCIES})(?:[/, ][^\])]*)?)[\])]\.?$",
            re.IGNORECASE,
        ),
        (rf"[-–—|][-–—|]*\s*(?:{_TEASERS})\.*$", re.IGNORECASE),
        (r"\.?\s(?:read more|share this article|share this|click here|full story)\s*(?:[:»>.…]+)?$", re.IGNORECASE),
        (rf" [-–—|»]+\s*(?:The )?(?:{_AGENCIES}|BBC(?: News)?|CNN|Al Jazeera|Sky News|The Guardian|Fox News)\.?$", 0),
        (r"^(?=.*(?:[|»]|::))([^|»]+?)\s+(?:[|»]|::)\s*[^|»]{2,40}$", 0),
        (r" [-–—]\s*[\w-]+\.(?:com|net|org|co\.uk|ru|info|eu|news|tv|in)\.?$", re.IGNORECASE),
        (r"[«»|][«»|]*$", 0),
    )
)
# What a text must hold to be looked at, as RE2 reads it, and bytes of which it must hold one for that: they are found at
# memory speed, and are seldom there. Apart from each other, since together they take twice the time.
_ABOVE_ASCII = bytes(range(0xC2, 0xF5))  # the first bytes of all other characters
_DASHES = b"-\xe2"
_SUSPECT = (
    (
        r"[&#@|\[/\x00-\x08\n\r\t\x{0080}-\x{00a0}\x{00ab}\x{00ad}\x{00bb}\x{00c2}\x{00c3}\x{200b}-\x{200f}\x{2010}"
        r"\x{202a}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{fb00}-\x{fb06}\x{fffd}]|\x{00e2}\x{20ac}|"
        r"\b(?:quot|amp|lt|gt|nbsp|apos);",
        b"&#@|[/;\n\r\t" + bytes(range(9)) + _ABOVE_ASCII,
    ),
    (r"^.{0,50}?(?:\)|--|\x{2014}|\x{2013}| - )", b")" + _DASHES),  # datelines and agencies
    (r"^[^ ]{1,14}(?: [^ ]+)?:", b":"),  # "Read more:"
    (r"^(?:[@*>\x{2022}-]|\d{1,2}[:.]\d\d|\d{1,4}[./-]\d{1,2}[./-]|\d{1,2} [A-Z])", b""),
    (r"[)\]]\.?$", b")]"),
    (r" [-\x{2013}\x{2014}] [^ ]+(?: [^ ]+){0,2}$", _DASHES),  # " - Reuters"
    (r"(?i:(?:read more|share this|share this article|click here|full story)[:.\x{2026}]*$)", b""),
)
# A bit a pattern, for each byte.
_BITS = bytes(sum(1 << k for k, (_, needed) in enumerate(_SUSPECT) if byte in needed) for byte in range(256))
LEAST_LEFT = 2  # words that must be left of a snippet for an edge to be one
EDGE = 400  # characters from each end that may be an edge, so that no text takes longer than its length lets it


def clean(texts: Texts) -> pa.Array:
    """The texts, repaired; those that need nothing are not touched.

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
    """(n,) bool: the text may need something."""
    found = np.zeros(len(column), bool)
    if not len(column):
        return found
    offsets = np.frombuffer(column.buffers()[1], np.int64, len(column) + 1, 8 * column.offset)
    if offsets[0] == offsets[-1]:
        return found
    data = column.buffers()[2][offsets[0] : offsets[-1]].to_pybytes()
    bits = np.frombuffer(data.translate(_BITS), np.uint8)  # a third of the time of an index
    place = np.flatnonzero(bits != 0)
    text, bits = np.searchsorted(offsets - offsets[0], place, side="right") - 1, bits[place]
    for number, (pattern, needed) in enumerate(_SUSPECT):
        if not needed:
            found |= booleans(pc.match_substring_regex(column, pattern))
            continue
        holds = np.zeros(len(column), bool)
        holds[text[bits & np.uint8(1 << number) != 0]] = True
        holds &= ~found
        if holds.any():
            found[holds] = booleans(pc.match_substring_regex(column.filter(mask(holds)), pattern))
    return found


def clean_text(text: str) -> str:
    """One text, repaired and without what stands at its edges."""
    return strip_edges(repair(text))


def repair(text: str) -> str:
    """Characters as they were meant; spaces of any kind and line ends become one space.

    Examples
    --------
    >>> repair("The gov\\u200bern\\u00adment didn&amp;#39;t ac-\\ncept it \\u00e2\\u20ac\\u201d yet"), repair("Iran #39;s quot;no quot;")
    ("The government didn't accept it \\u2014 yet", 'Iran\\'s "no "')
    """
    if not text.isascii():
        import ftfy

        text = ftfy.fix_text(text, unescape_html=False, uncurl_quotes=False, fix_line_breaks=False)
    for _ in range(3):  # "&amp;amp;#39;"
        if "&" not in text or (plain := html.unescape(text)) == text:
            break
        text = plain
    if "#" in text or ";" in text:  # without either there is none, and the pattern has to look at every word
        text = _EMBEDDED_ENTITY.sub(_entity, text)
    return _SPACES.sub(" ", unbroken(text)).strip()


def unbroken(text: str) -> str:
    """Text without invisible characters, words that a line end had broken joined; other line ends stay."""
    return _BROKEN_LINE.sub("", _INVISIBLE.sub("", text))


def strip_edges(text: str) -> str:
    """A snippet without datelines, stamps, credits, links and names of sites at its edges.

    Examples
    --------
    >>> strip_edges("RT @desk: BREAKING: Army fires on crowd (Photo: AFP) https://t.co/x #war")
    'Army fires on crowd'
    """
    if "/" in text or "www." in text.lower():  # every link holds one of these
        text = _LINK.sub(" ", text)
    text = _SPACES.sub(" ", text).strip()
    text = _shortened(text[:EDGE], _HEADS, str.lstrip, beside=text[EDGE:]) + text[EDGE:]
    rest = max(len(text) - EDGE, 0)
    return text[:rest] + _shortened(text[rest:], _TAILS, str.rstrip, beside=text[:rest])


def _shortened(edge: str, patterns: tuple[re.Pattern, ...], strip: Callable[[str], str], beside: str) -> str:
    """One end of a text without what the patterns find there, over and over; ``beside`` is the rest of the text."""
    least = 0 if beside else LEAST_LEFT
    changed = True
    while changed:
        changed = False
        for pattern in patterns:
            shorter = strip(pattern.sub(r"\1" if pattern.groups else "", edge, count=1))
            if shorter != edge and len(shorter.split()) >= least:
                edge, changed = shorter, True
    return edge


def _entity(match: re.Match) -> str:
    """The character of an entity that lost its ampersand; nothing for the space before an apostrophe."""
    if match[1] is None and match[2] is None:
        return ""
    return html.unescape(f"&{match[0]}" if match[1] else f"&{match[2]};")
