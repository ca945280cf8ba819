"""Clean texts: repair broken characters; strip datelines, credits and links.

Every text is cleaned before it is analysed. Most texts need nothing, so a few regular expressions over the whole column
find those that may, and only these are processed one by one.

Repaired are character entities (also doubly encoded, or without their ampersand), mojibake, ligatures, full-width
letters, soft hyphens, zero-width and direction marks, unusual or repeated spaces, and words hyphenated at line ends.
Stripped from the edges are datelines, agencies, dates and times, bylines, credits, links, handles, hashtags, names of
sites, and calls such as "Read more" (`pipeline.read.edges`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, booleans, mask
from pipeline.read.edges import BYLINE, HEAD, HEADS, SITE, SUSPECT, TAILS
from pipeline.read.patterns import Edges, Pattern, word_key
from pipeline.read.repair import HYPHENS, INVISIBLES, MOJIBAKE, ODD_SPACES, repair

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

    Finder = Callable[[Pattern, str], re.Match[str] | None]

_LINK = re.compile(r"\(?\b(?:https?://|www\.|pic\.twitter\.com/|t\.co/|bit\.ly/)\S+", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_NEAR = 40  # number of characters at the end that are searched for the last word

# RE2 patterns of which a text must match one to be processed. A pattern is only tried on texts that contain one of its
# bytes, which a table finds at memory speed; a pattern without bytes is tried on all texts. One pattern for all would
# take twice as long.
_NOT_ASCII = bytes(range(0xC2, 0xF5))  # the first bytes of all other characters
_SUSPECT = (
    (
        rf"[&#@|\[/<\\«»©{HYPHENS}{ODD_SPACES}{INVISIBLES}]|{MOJIBAKE}|\b(?:quot|amp|lt|gt|nbsp|apos);",
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
_FEW = 50  # up to this many texts it takes less time to clean all than to compile the patterns that tell which need it
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
    suspect = suspects(column) if len(column) > _FEW else np.ones(len(column), bool)
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


def strip_edges(text: str) -> str:
    """Strip datelines, dates, credits, links and names of sites from the edges of a snippet.

    Examples
    --------
    >>> strip_edges("RT @desk: BREAKING: Army fires on crowd (Photo: AFP) https://t.co/x #war")
    'Army fires on crowd'
    """
    if "/" in text or "www." in text.lower():  # every link contains one of these
        text = _LINK.sub(" ", text)
    text = " ".join(text.split())
    # Tails first: in "REBELS SEIZE TOWN — BBC News" the name of the site tells that the capitals are no dateline.
    rest = max(len(text) - EDGE, 0)
    text = text[:rest] + _shortened(text[rest:], TAILS, Pattern.search, _last_word, str.rstrip, EDGE, text[:rest])
    return _shortened(text[:EDGE], HEADS, Pattern.match, _first_word, str.lstrip, HEAD, text[EDGE:]) + text[EDGE:]


def _shortened(
    edge: str,
    edges: Edges,
    find: Finder,
    outermost: Callable[[str], str],
    strip: Callable[[str], str],
    longest: int,
    beside: str,
) -> str:
    """Repeatedly remove from one end of a text what the patterns match there.

    Parameters
    ----------
    outermost : the outermost word, as from `word_key`.
    longest : number of characters that a pattern may remove at once.
    beside : the rest of the text.
    """
    least = 0 if beside else LEAST_LEFT
    patterns, before = edges.fitting(edge), ""
    while before != edge:
        before, word = edge, outermost(edge)
        for pattern in patterns:
            if pattern.words and word not in pattern.words:
                continue
            match = find(pattern, edge)
            if match is None or (match.re.groups and _is_headline(match[1], edge[: match.start()])):
                continue
            shorter = strip(edge[: match.start()] + edge[match.end() :])
            if len(edge) - len(shorter) <= longest and len(shorter.split()) >= least:
                edge, word = shorter, outermost(shorter)
    return edge


def _first_word(edge: str) -> str:
    found = _WORD.search(edge)
    return word_key(found[0]) if found else ""


def _last_word(edge: str) -> str:
    found = _WORD.findall(edge[-_NEAR:])
    return word_key(found[-1]) if found else ""


def _is_headline(part: str, before: str) -> bool:
    """Whether the part after a bar is more than the name of a site or a section."""
    words = len(part.split())
    return not SITE.fullmatch(part) and (words > 4 or words >= len(re.findall(r"\w\S*", before)))
