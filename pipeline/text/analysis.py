"""One analysis for training and scoring: texts to sequences of symbols, sequences to terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text import names, scope
from pipeline.text.lexicon import NAME, NOT, NUMBER, Lexicon, lower_case
from pipeline.text.tokens import Tokens, tokenise

FUNCTION_WORDS = frozenset(
    """
    a an and are as at be been being by for from had has have he her his i in is it its of on or she that the their they
    this to was were will with would
    """.split()
)


@dataclass(frozen=True)
class Sequence:
    """What the model reads of a batch: one entry a word, a name counting as one word.

    All are (n_words,). ``text``: index of the text. ``symbol``: index into the lexicon's
    symbols, -1 where unknown. ``content``: no function word. ``reversal``: index of the word
    that reverses this one, or -1. ``main``: before the first subordinate clause. ``first``,
    ``last``: the tokens it covers.
    """

    text: np.ndarray
    symbol: np.ndarray
    content: np.ndarray
    reversal: np.ndarray
    main: np.ndarray
    first: np.ndarray
    last: np.ndarray
    n_texts: int


def read(texts, lexicon: Lexicon, mask_names: bool = True) -> tuple[Tokens, Sequence]:
    """Analyse texts with a lexicon, up to the sequence of symbols."""
    tokens = tokenise(texts)
    lower = lower_case(tokens.forms)
    shape = names.shapes(tokens)
    kinds = _kinds(tokens.forms, lower)
    letter, number = kinds["letter"][tokens.form], kinds["number"][tokens.form]
    symbol = lexicon.symbol_of(lower)[tokens.form]
    name = np.zeros(len(tokens), bool)
    if mask_names:
        particle = kinds["particle"][tokens.form]
        name = names.mask(tokens, shape, lexicon.is_common(lower)[tokens.form], letter, particle)
    symbol = np.where(name, _special(lexicon, NAME), np.where(number, _special(lexicon, NUMBER), symbol))
    negation = letter & shape.apostrophe & kinds["t"][tokens.form]
    symbol = np.where(negation, _special(lexicon, NOT), symbol)
    follows = np.append(False, name[:-1]) & name & ~shape.clause if len(name) else name
    kept = np.flatnonzero((~letter | name | number | negation) & ~follows)
    run_end = np.append(kept[1:], len(tokens)) - 1
    last = np.where(name[kept], _last_of_run(follows, kept, run_end), kept)
    return tokens, _sequence(tokens, shape, kinds, kept, last, symbol, name, negation)


def _sequence(tokens, shape, kinds, kept, last, symbol, name, negation) -> Sequence:
    text, form = tokens.text[kept], tokens.form[kept]
    plain = ~name[kept]
    content = ~(kinds["function"][form] & plain)
    cue = (kinds["reversal"][form] & plain) | negation[kept]
    be = kinds["be"][form] & plain
    passive = cue & np.append(False, be[:-1]) if len(kept) else cue
    reversal = scope.in_reach(text, shape.clause[kept], content, cue, passive)
    main = scope.main_part(text, kinds["subordinator"][form] & plain)
    return Sequence(text, symbol[kept], content, reversal, main, kept, last, tokens.n_texts)


def _last_of_run(follows: np.ndarray, kept: np.ndarray, run_end: np.ndarray) -> np.ndarray:
    """The last token of the name run that begins at each kept token."""
    stop = np.append(np.flatnonzero(~follows), len(follows))
    return np.minimum(stop[np.searchsorted(stop, kept, side="right")] - 1, run_end)


def _special(lexicon: Lexicon, symbol: str) -> int:
    found = pc.index(lexicon.symbols, pa.scalar(symbol, lexicon.symbols.type)).as_py()
    return found


def _kinds(forms: pa.Array, lower: pa.Array) -> dict[str, np.ndarray]:
    """Per distinct form, (n_forms,) bool tables of what kind of word it is."""

    def among(words) -> np.ndarray:
        return pc.is_in(lower, value_set=pa.array(sorted(words), lower.type)).to_numpy(zero_copy_only=False)

    first = pc.utf8_slice_codeunits(forms, 0, 1)
    return {
        "letter": pc.equal(pc.utf8_length(forms), 1).to_numpy(zero_copy_only=False),
        "number": pc.utf8_is_numeric(first).to_numpy(zero_copy_only=False),
        "t": among(["t"]),
        "function": among(FUNCTION_WORDS),
        "particle": among(names.PARTICLES),
        "reversal": among(scope.REVERSALS),
        "be": among(scope.BE_FORMS),
        "subordinator": among(scope.SUBORDINATORS),
    }
