"""Who acts is masked, what is done is kept: names become one token.

A name is a capitalised word that is not known as a common word, or any capitalised word
inside a sentence. In headlines (ALL CAPS or Title Case) a capital says nothing, and only
the first rule holds. Runs of names ("Prime Minister Abe", "Bank of England", "the United
States") become one token, so that a sentence reads alike whoever acts in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text.columns import booleans, integers, string_column
from pipeline.text.tokens import Tokens

# Share of capitalised words from which a text counts as a headline, small words left out.
HEADLINE_SHARE = 0.9
SMALL_WORDS = tuple(
    """
    after amid and are but for from had has her his into its near nor not off out over per that the via was were
    who with
    """.split()
)
PARTICLES = (
    "abu",
    "al",
    "bin",
    "da",
    "de",
    "del",
    "den",
    "der",
    "dos",
    "du",
    "el",
    "ibn",
    "la",
    "of",
    "the",
    "ul",
    "van",
    "von",
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


@dataclass(frozen=True)
class Shapes:
    """What the writing of each token says.

    All are (n_tokens,) bool: ``capital``, begins with a capital; ``sentence``, begins a sentence;
    ``clause``, a break stands before it; ``headline``, its text is a headline;
    ``apostrophe``, exactly an apostrophe stands before it.
    """

    capital: np.ndarray
    sentence: np.ndarray
    clause: np.ndarray
    headline: np.ndarray
    apostrophe: np.ndarray


def shapes(tokens: Tokens) -> Shapes:
    """Read capitals and the marks between tokens."""
    capital_form, telling = _form_shapes(tokens.forms)
    capital = capital_form[tokens.form]
    first = np.ones(len(tokens), bool)
    first[1:] = tokens.text[1:] != tokens.text[:-1]
    if not len(tokens):
        return Shapes(*[np.zeros(0, bool)] * 5)
    end = np.append(0, tokens.end[:-1])
    gap = tokens.start - end
    opener, closer = tokens.data[np.minimum(end, len(tokens.data) - 1)], tokens.data[tokens.start - 1]
    initial = np.append(False, (capital & (tokens.end - tokens.start == 1))[:-1])
    sentence = first | ((gap > 1) & ((_SENTENCE_END[opener] & ~initial) | _OPENING[closer]))
    clause = first | ((gap > 1) & ((_CLAUSE_END[opener] & ~initial) | _OPENING[closer]))
    curly = (gap == 3) & (opener == 0xE2) & (closer == 0x99)
    apostrophe = ~first & (((opener == ord("'")) & (gap == 1)) | curly)
    return Shapes(capital, sentence, clause, _headline(tokens, capital, telling[tokens.form]), apostrophe)


def sentence_case_places(tokens: Tokens) -> np.ndarray:
    """Indices of the tokens whose case says whether they are names: inside a sentence, in no headline."""
    shape = shapes(tokens)
    return np.flatnonzero(~shape.sentence & ~shape.headline)


def mask(
    tokens: Tokens,
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
        begins names; together with the next token a known name; a single character; a word that may
        stand inside a name ("of", "al", "bin").
    """
    name = shape.capital & (~common | (~shape.sentence & ~shape.headline)) & ~(letter & shape.apostrophe)
    together = np.append(shape.capital[1:] & ~shape.clause[1:], False) & shape.capital
    pair = paired & together
    name = name | pair | np.append(False, pair[:-1])
    for _ in range(2):  # "New South Wales"
        name = name | (leading & together & np.append(name[1:], False))
    link = particle & ~shape.clause
    near = np.append(~shape.clause, False)  # near[i]: nothing breaks off before token i
    padded = np.concatenate([[False, False], name, [False, False]])
    links = np.concatenate([[False, False], link, [False, False]])
    nears = np.concatenate([[False, False], near, [False]])
    here = slice(2, -2)
    one = links[here] & padded[1:-3] & padded[3:-1] & nears[3:-1]
    left_of_two = links[here] & links[3:-1] & padded[1:-3] & padded[4:] & nears[4:]
    two = left_of_two | np.append(False, left_of_two[:-1])
    return name | one | two


def _form_shapes(forms: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Per distinct form: begins with a capital; its case would tell a headline, being no small word."""
    first = pc.utf8_slice_codeunits(forms, 0, 1)
    capital = booleans(pc.not_equal(first, pc.utf8_lower(first)))
    small = booleans(pc.is_in(pc.utf8_lower(forms), value_set=string_column(SMALL_WORDS)))
    return capital, (integers(pc.utf8_length(forms)) > 2) & ~small & booleans(pc.utf8_is_alpha(forms))


def _headline(tokens: Tokens, capital: np.ndarray, telling: np.ndarray) -> np.ndarray:
    n_telling = np.bincount(tokens.text[telling], minlength=tokens.n_texts)
    n_capital = np.bincount(tokens.text[telling & capital], minlength=tokens.n_texts)
    return ((n_telling > 0) & (n_capital >= HEADLINE_SHARE * n_telling))[tokens.text]
