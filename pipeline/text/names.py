"""Name masking: names become one token, so the model sees what is done but not who does it.

A name is a capitalised word that is not known as a common word, or any capitalised word
inside a sentence. In headlines (ALL CAPS or Title Case) capitals carry no information, and only
the first rule applies. Runs of names ("Prime Minister Abe", "Bank of England", "the United
States") become one token, so a sentence looks the same whoever acts in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, booleans, integers
from pipeline.arrays.ragged import segment_counts, within
from pipeline.text.tokens import Tokens

# Share of capitalised words from which a text counts as a headline, `SMALL_WORDS` excluded.
HEADLINE_SHARE = 0.9
SMALL_WORDS = tuple(
    """
    after amid and are but for from had has her his into its near nor not off out over per that the via was were
    who with
    """.split()
)
PARTICLES = tuple("abu al bin da de del den der dos du el ibn la of the ul van von".split())
# Capitalised in a name of two or more words, they mark a party, a movement or an armed group that may be missing from
# the gazetteer: "Popular Resistance Front", "Army of Mercy".
GROUP_HEADS = tuple(
    """
    alliance army battalion bloc brigade brigades coalition front guard guards guerrillas insurgency jihad junta
    liberation militia mujahideen movement organisation organization parties party rebels resistance separatists tribes
    """.split()
)


def _bytes(members: bytes) -> np.ndarray:
    """(256,) bool table of byte values."""
    table = np.zeros(256, bool)
    table[list(members)] = True
    return table


# 0xE2 begins the UTF-8 of dashes, curly quotes and bullets; 0x9C and 0x99 end it for the
# opening double quote and the apostrophe.
_SENTENCE_END = _bytes(b".!?:;")
_CLAUSE_END = _bytes(b'.!?:;,()"\xe2')
_OPENING = _bytes(b'"(\x9c')
_CURLY = "“".encode() + "”".encode()[2:]  # the two begin with the same bytes
_APOSTROPHES = (b"'", "’".encode())
_COMMAS = (b", ", b",")
# Properties of the spelling of a token and of the gap after it, one bit each.
_CAPITAL, _INITIAL, _TELLING, _ENDS_SENTENCE, _ENDS_CLAUSE, _OPENS, _APOSTROPHE, _COMMA = (
    np.uint8(1 << n) for n in range(8)
)


@dataclass(frozen=True)
class Shapes:
    """Properties of each token's spelling and of the gap before it.

    All are (n_tokens,) bool: ``capital``, begins with a capital; ``sentence``, begins a sentence;
    ``clause``, follows a clause break; ``headline``, its text is a headline;
    ``apostrophe``, follows exactly an apostrophe; ``comma``, follows exactly a comma.
    """

    capital: np.ndarray
    sentence: np.ndarray
    clause: np.ndarray
    headline: np.ndarray
    apostrophe: np.ndarray
    comma: np.ndarray


def shapes(tokens: Tokens) -> Shapes:
    """Determine capitals and the punctuation between tokens."""
    written = _form_shapes(tokens.forms)[tokens.form_of] | _gap_shapes(tokens.gaps)[tokens.gap_of]
    own = written[tokens.code]
    before = np.zeros_like(own)  # of the token before, and of the gap between
    before[1:] = own[:-1]
    before[tokens.bounds[:-1][tokens.bounds[:-1] < len(own)]] = _OPENS
    # "J. Smith" is one sentence.
    before &= np.where(before & _INITIAL, ~(_ENDS_SENTENCE | _ENDS_CLAUSE), ~np.uint8(0))
    sentence, clause = (before & (_OPENS | end) != 0 for end in (_ENDS_SENTENCE, _ENDS_CLAUSE))
    headline, apostrophe, comma = _headline(tokens, own), before & _APOSTROPHE != 0, before & _COMMA != 0
    return Shapes(own & _CAPITAL != 0, sentence, clause, headline, apostrophe, comma)


def _gap_shapes(gaps: pa.Array) -> np.ndarray:
    """(n_gaps,) uint8: the property bits of each distinct gap."""
    written = [gap.encode() or b" " for gap in gaps.to_pylist()]
    opener, closer = (np.array([gap[at] for gap in written], np.uint8) for at in (0, -1))
    wide = np.array([len(gap) > 1 for gap in written], bool)
    deeds = (
        (_ENDS_SENTENCE, _SENTENCE_END[opener] & wide),
        (_ENDS_CLAUSE, _CLAUSE_END[opener] & wide),
        (_OPENS, _OPENING[closer] & wide),
        (_APOSTROPHE, np.array([gap in _APOSTROPHES for gap in written], bool)),
        (_COMMA, np.array([gap in _COMMAS for gap in written], bool)),
    )
    return _bits(deeds)


def _bits(deeds: Iterable[tuple[np.uint8, np.ndarray]]) -> np.ndarray:
    """(n,) uint8 from pairs of a bit and whether it is set."""
    return np.bitwise_or.reduce([np.where(flags, bit, np.uint8(0)) for bit, flags in deeds])


def sentence_case_places(tokens: Tokens) -> np.ndarray:
    """(n,) indices of the tokens whose case shows whether they are names: inside a sentence, not in a headline."""
    shape = shapes(tokens)
    return np.flatnonzero(~shape.sentence & ~shape.headline)


def questions(tokens: Tokens) -> np.ndarray:
    """(n_texts,) bool: a question mark follows the last word of the text."""
    marks = np.flatnonzero(tokens.data == ord("?"))
    out = np.zeros(len(tokens.bounds) - 1, bool)
    some = np.flatnonzero(np.diff(tokens.bounds))
    after = tokens.end[tokens.bounds[1:][some] - 1]  # a gap may extend into the next texts
    out[some] = np.searchsorted(marks, tokens.offsets[1:][some]) > np.searchsorted(marks, after)
    return out


def quoted(tokens: Tokens) -> np.ndarray:
    """(n_tokens,) bool: between two double quotation marks, straight or curly; one that is never closed quotes nothing."""
    data = tokens.data
    straight, curly = np.flatnonzero(data == ord('"')), np.flatnonzero(data == _CURLY[0])
    # UTF-8 is complete, so two bytes follow the first of a curly one.
    curly = curly[(data[curly + 1] == _CURLY[1]) & np.isin(data[curly + 2], list(_CURLY[2:]))]
    marks = np.sort(np.append(straight, curly))
    text = np.searchsorted(tokens.offsets, marks, side="right")
    odd = (np.arange(len(marks)) - np.searchsorted(text, text)) % 2 == 1
    closing = np.flatnonzero(odd)
    begin, end = (np.searchsorted(tokens.start, marks[mark]) for mark in (closing - 1, closing))
    return within(begin, end, len(tokens))


def mask(
    shape: Shapes,
    common: np.ndarray,
    leading: np.ndarray,
    paired: np.ndarray,
    letter: np.ndarray,
    particle: np.ndarray,
) -> np.ndarray:
    """(n_tokens,) bool: whether a token is a name or a part of one.

    Parameters
    ----------
    common, leading, paired, letter, particle : (n_tokens,) bool; a known common word; a word that
        begins names; a known name together with the next token; a single character; a word that may
        occur inside a name ("of", "al", "bin").
    """
    name = shape.capital & (~common | (~shape.sentence & ~shape.headline)) & ~(letter & shape.apostrophe)
    together = np.append(shape.capital[1:] & ~shape.clause[1:], False) & shape.capital
    pair = paired & together
    name = name | pair | np.append(False, pair[:-1])
    for _ in range(2):  # "New South Wales"
        name = name | (leading & together & np.append(name[1:], False))
    link = particle & ~shape.clause
    near = np.append(~shape.clause, False)  # near[i]: no clause break before token i
    padded = np.concatenate([[False, False], name, [False, False]])
    links = np.concatenate([[False, False], link, [False, False]])
    nears = np.concatenate([[False, False], near, [False]])
    here = slice(2, -2)
    one = links[here] & padded[1:-3] & padded[3:-1] & nears[3:-1]
    left_of_two = links[here] & links[3:-1] & padded[1:-3] & padded[4:] & nears[4:]
    two = left_of_two | np.append(False, left_of_two[:-1])
    return name | one | two


def _form_shapes(forms: pa.Array) -> np.ndarray:
    """(n_forms,) uint8: begins with a capital; is one capital; counts for telling headlines, not being a small word."""
    first = pc.utf8_slice_codeunits(forms, 0, 1)
    capital = booleans(pc.not_equal(first, pc.utf8_lower(first)))
    small = booleans(pc.is_in(pc.utf8_lower(forms), value_set=as_strings(SMALL_WORDS)))
    telling = (integers(pc.utf8_length(forms)) > 2) & ~small & booleans(pc.utf8_is_alpha(forms))
    initial = capital & (integers(pc.utf8_length(forms)) == 1)
    return _bits(((_CAPITAL, capital), (_INITIAL, initial), (_TELLING, telling)))


def _headline(tokens: Tokens, shape: np.ndarray) -> np.ndarray:
    """(n_tokens,) bool, from the bits of each."""
    n_telling = segment_counts(tokens.bounds, shape & _TELLING != 0)
    n_capital = segment_counts(tokens.bounds, shape & (_TELLING | _CAPITAL) == _TELLING | _CAPITAL)
    headline = np.flatnonzero((n_telling > 0) & (n_capital >= HEADLINE_SHARE * n_telling))
    return within(tokens.bounds[headline], tokens.bounds[headline + 1], len(tokens))
