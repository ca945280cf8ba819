"""One analysis for training and scoring: texts to sequences of symbols, sequences to terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text import names, scope
from pipeline.text.columns import booleans, integers, string_column
from pipeline.text.lexicon import NAME, NOT, NUMBER, Lexicon, words_of
from pipeline.text.tokens import Tokens

FUNCTION_WORDS = frozenset(
    """
    a an and are as at be been being by for from had has have he her his i in is it its of on or she that the
    their they this to was were will with would
    """.split()
)


@dataclass(frozen=True)
class Sequence:
    """What the model reads of a batch: one entry a word, a name counting as one word.

    All are (n_words,). ``text``: index of the text. ``symbol``: index into the lexicon's
    symbols, -1 where unknown. ``content``: no function word. ``reversal``: index of the word
    that reverses this one, or -1. ``modal``: in reach of a modal. ``main``: before the first
    subordinate clause. ``first``, ``last``: the tokens it covers.
    """

    text: np.ndarray
    symbol: np.ndarray
    content: np.ndarray
    reversal: np.ndarray
    modal: np.ndarray
    main: np.ndarray
    first: np.ndarray
    last: np.ndarray
    n_texts: int


def read(texts, lexicon: Lexicon, masks: bool = True) -> tuple[Tokens, Sequence]:
    """Analyse texts with a lexicon, up to the sequence of symbols.

    With ``masks``, names and numbers become one symbol each and "n't" becomes "not".
    """
    tokens, lower = words_of(texts, masks)
    shape = names.shapes(tokens)
    kinds = _kinds(tokens.forms, lower)
    symbol = lexicon.symbol_of(lower)[tokens.form]
    letter, number, name, negation = _masks(tokens, lower, symbol, lexicon, shape, kinds, masks)
    symbol = np.where(name, NAME, np.where(number, NUMBER, symbol))
    symbol = np.where(negation, lexicon.symbol_of(string_column([NOT]))[0], symbol)
    follows = np.append(False, name[:-1]) & name & ~shape.clause if len(name) else name
    kept = np.flatnonzero((~letter | name | number | negation) & ~follows)
    last_name = np.maximum.accumulate(np.where(follows, np.arange(len(tokens)), 0))
    last = np.maximum(kept, last_name[np.append(kept[1:], len(tokens)) - 1]) if len(kept) else kept
    return tokens, _sequence(tokens, shape, kinds, kept, last, symbol, name, negation)


def _masks(tokens, lower, symbol, lexicon, shape, kinds, masks: bool) -> tuple[np.ndarray, ...]:
    """Per token: a single character; a number; part of a name; the "t" of "n't"."""
    letter = kinds["letter"][tokens.form]
    if not masks:
        return letter, *[np.zeros(len(tokens), bool)] * 3
    number, particle = kinds["number"][tokens.form], kinds["particle"][tokens.form]
    common, leading = (known(lower)[tokens.form] for known in (lexicon.is_common, lexicon.is_leading))
    paired = np.zeros(len(tokens), bool)
    capitals = np.flatnonzero(shape.capital[:-1] & shape.capital[1:])
    paired[capitals] = lexicon.are_pairs(symbol[capitals], symbol[capitals + 1])
    name = names.mask(tokens, shape, common, leading, paired, letter, particle)
    negation = letter & shape.apostrophe & kinds["t"][tokens.form]
    return letter, number, name, negation


def _sequence(tokens, shape, kinds, kept, last, symbol, name, negation) -> Sequence:
    text, form = tokens.text[kept], tokens.form[kept]
    plain = ~name[kept]
    content = ~(kinds["function"][form] & plain)
    cue = (kinds["reversal"][form] & plain) | negation[kept]
    be = kinds["be"][form] & plain
    clause = np.cumsum(shape.clause)[kept]
    passive = cue & np.append(False, be[:-1] & (clause[1:] == clause[:-1])) if len(kept) else cue
    reversal = scope.in_reach(clause, content, cue, passive)
    modal = scope.in_reach(clause, content, kinds["modal"][form] & plain, np.zeros(len(kept), bool)) >= 0
    main = scope.main_part(text, kinds["subordinator"][form] & plain)
    first = kept - negation[kept]  # a reader finds "isn't", not its "t"
    return Sequence(text, symbol[kept], content, reversal, modal, main, first, last, tokens.n_texts)


def _kinds(forms: pa.Array, lower: pa.Array) -> dict[str, np.ndarray]:
    """Per distinct form, (n_forms,) bool tables of what kind of word it is."""

    def among(words) -> np.ndarray:
        return booleans(pc.is_in(lower, value_set=string_column(sorted(words))))

    first = pc.utf8_slice_codeunits(forms, 0, 1)
    return {
        "letter": integers(pc.utf8_length(forms)) == 1,
        "number": booleans(pc.utf8_is_numeric(first)),
        "t": among(["t"]),
        "function": among(FUNCTION_WORDS),
        "particle": among(names.PARTICLES),
        "reversal": among(scope.REVERSALS),
        "modal": among(scope.MODALS),
        "be": among(scope.BE_FORMS),
        "subordinator": among(scope.SUBORDINATORS),
    }
