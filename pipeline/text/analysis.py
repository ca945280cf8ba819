"""Text analysis, shared by training and scoring: texts to sequences of symbols."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pipeline.arrays.arrow import int64_column
from pipeline.arrays.ragged import segment_counts, segment_ids, segment_sums
from pipeline.text import names, scope
from pipeline.text.casing import with_capitals
from pipeline.text.kinds import BIT, is_kind, kinds_of
from pipeline.text.lexicon import ACTOR, NAME, QUESTION, Lexicon, tokens_of
from pipeline.text.tokens import Tokens

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts


@dataclass(frozen=True)
class Sequence:
    """The analysed words of a batch, one entry per word; a name counts as one word.

    Attributes
    ----------
    stem : (n_words,) int64, index into the lexicon's symbols, -1 if unknown.
    symbol : (n_words,) int64, like ``stem``, but of the negated twin for words in the scope of a negation.
    content : (n_words,) bool, not a function word.
    telling : (n_words,) bool, neither a function word nor a filler.
    negated : (n_words,) bool, in the scope of a plain negation.
    reversal : (n_words,) int32, index of the word that reverses this one, or -1.
    modal : (n_words,) bool, in the scope of a modal.
    mentioned : (n_words,) bool, quoted, in the scope of a word such as "discuss" (`scope.TOPICS`), or in "-ed" or
        "-ing" after a determiner.
    main : (n_words,) bool, in the main clause (`scope.main_part`).
    bounds : (n_texts + 1,) int64, the first word of each text, and the number of words.
    token : (n_words,) int64, the token of the word, or the first token of a name.
    follows, negation : (n_tokens,) bool, the token continues the name before it; is the "t" of "n't".
    marks : (n_texts, 5) float64, 0 or 1: the text names a state; two political actors; an organisation or a group; a
        person or place related to one; a firm, a club, a star or the like.
    """

    stem: np.ndarray
    symbol: np.ndarray
    content: np.ndarray
    telling: np.ndarray
    negated: np.ndarray
    reversal: np.ndarray
    modal: np.ndarray
    mentioned: np.ndarray
    main: np.ndarray
    bounds: np.ndarray
    token: np.ndarray
    follows: np.ndarray
    negation: np.ndarray
    marks: np.ndarray

    @cached_property
    def text(self) -> np.ndarray:
        """(n_words,) int64, the index of the text, nondecreasing."""
        return segment_ids(self.bounds)

    @cached_property
    def plain(self) -> np.ndarray:
        """(n_words,) bool: said to be done; neither reversed, nor in the scope of a modal, nor only mentioned.

        Only a plain word has up to three terms. Counted three times in "Drivers cancelled their protest" too, "protest"
        outweighs what is done to it.
        """
        return (self.reversal < 0) & ~self.modal & ~self.mentioned

    @cached_property
    def first(self) -> np.ndarray:
        """(n_words,) int64, the first token of the written word: "isn't", not its "t"."""
        return self.token - self.negation[self.token]

    @cached_property
    def last(self) -> np.ndarray:
        """(n_words,) int64, the last token it covers."""
        last = self.token.copy()
        tail = np.flatnonzero(self.follows & ~np.append(self.follows[1:], False))
        last[np.searchsorted(self.token, tail) - 1] = tail
        return last


def read(texts: Texts, lexicon: Lexicon, masks: bool = True, clauses: bool = True) -> tuple[Tokens, Sequence]:
    """Analyse texts with a lexicon.

    With ``masks``, names and numbers become one symbol each and "n't" becomes "not". With ``clauses``, words in reach of a
    negation become their negated twins, clauses that modify a noun are left out, and the first word of a question is
    replaced by a symbol: whether it is "will" or "who", the question does not report that an act happened.

    Returns the tokens as given, whose places are those in the texts, and their analysis.
    """
    given = tokens_of(texts, masks)
    tokens = with_capitals(given, lexicon) if masks else given
    shape = names.shapes(tokens)
    kind, stem = (part[tokens.form_of][tokens.code] for part in kinds_of(tokens.forms, lexicon, masks))
    kind |= _double_names(tokens, kind, shape, lexicon)
    name, negation = _names(kind, stem, lexicon, shape) if masks else np.zeros((2, len(tokens)), bool)
    follows = name & ~shape.clause & np.append(False, name[:-1])[: len(name)]
    kind = np.where(is_kind(kind, "head") & (follows | np.append(follows[1:], False)), kind | BIT["group"], kind)
    marks = _marks(tokens, kind)
    actor = kind
    small = np.where(is_kind(kind, "letter") & is_kind(kind, "function"), BIT["filler"], np.uint32(0))  # "I"
    kind, stem = np.where(name, small, kind), np.where(name, NAME, stem)
    negated = np.flatnonzero(negation)
    kind[negated], stem[negated] = BIT["negator"], lexicon.negation
    stem = np.where(name & _in_run(is_kind(actor, "state") | is_kind(actor, "group"), follows), ACTOR, stem)
    aside = _asides(tokens, kind, shape) if clauses else np.zeros(len(tokens), bool)
    follows &= ~aside
    kept = np.flatnonzero(~(is_kind(kind, "letter") | follows | aside))
    if clauses:
        begin = np.searchsorted(kept, tokens.bounds)
        asks = names.questions(tokens) & (begin[1:] > begin[:-1])
        stem[kept[begin[:-1][asks]]] = QUESTION
    # The clause that an aside interrupts goes on after it.
    begins = shape.clause & ~aside & ~np.append(False, aside[:-1])[: len(aside)]
    clause = np.cumsum(begins.astype(np.int32), dtype=np.int32)[kept]
    comma = shape.comma[np.flatnonzero(begins)][clause - 1]  # clauses are numbered from 1
    return given, _sequence(
        tokens, clause, comma, kind[kept], stem[kept], kept, follows, negation, marks, lexicon, clauses
    )


def _in_run(flag: np.ndarray, follows: np.ndarray) -> np.ndarray:
    """(n_tokens,) bool: some token of the same name is flagged; ``follows``: the token continues the name before it."""
    if not len(flag):
        return flag
    run = np.cumsum(~follows) - 1
    return np.bincount(run, flag)[run] > 0


def _marks(tokens: Tokens, kind: np.ndarray) -> np.ndarray:
    """(n_texts, 5) float64, see `Sequence`."""
    state, group = is_kind(kind, "state"), is_kind(kind, "group")
    goes_on = np.append(False, state[:-1])[: len(state)]  # "Sri Lanka" names one
    goes_on[tokens.bounds[:-1][np.diff(tokens.bounds) > 0]] = False
    state &= ~goes_on
    both = segment_sums(tokens.bounds, state + (group.astype(np.int64) << 32))
    states, groups = both & 0xFFFFFFFF, both >> 32
    related = segment_counts(tokens.bounds, is_kind(kind, "related"))
    apolitical = segment_counts(tokens.bounds, is_kind(kind, "apolitical"))
    marks = [states > 0, states + groups > 1, groups > 0, related > 0, apolitical > 0]
    return np.column_stack(marks).astype(float)


def _double_names(tokens: Tokens, kind: np.ndarray, shape: names.Shapes, lexicon: Lexicon) -> np.ndarray:
    """(n_tokens,) uint32: the bits of names of two words, at the first of them."""
    out = np.zeros(len(kind), np.uint32)
    first = np.flatnonzero(is_kind(kind[:-1], "opening") & is_kind(kind[1:], "closing") & ~shape.clause[1:])
    words = (tokens.forms.take(int64_column(tokens.form[place])) for place in (first, first + 1))
    related, apolitical = lexicon.double_names(*words)
    out[first[related]] = BIT["related"]
    out[first[apolitical]] = BIT["apolitical"]
    return out


def _asides(tokens: Tokens, kind: np.ndarray, shape: names.Shapes) -> np.ndarray:
    """(n_tokens,) bool: in a relative clause, or in a participial one near the subject, between two commas."""
    participle = np.flatnonzero(is_kind(kind, "participle") & shape.comma)
    early = participle - tokens.bounds[np.searchsorted(tokens.bounds, participle, side="right") - 1] < scope.EARLY
    opener = is_kind(kind, "relative")
    opener[participle[early]] = True
    return scope.asides(opener, shape.comma, shape.clause, tokens.bounds)


def _names(
    kind: np.ndarray, symbol: np.ndarray, lexicon: Lexicon, shape: names.Shapes
) -> tuple[np.ndarray, np.ndarray]:
    """Per token: part of a name; the "t" of "n't"."""
    paired = np.zeros(len(kind), bool)
    capitals = np.flatnonzero(shape.capital[:-1] & shape.capital[1:])
    paired[capitals] = lexicon.are_pairs(symbol[capitals], symbol[capitals + 1])
    common, leading, letter, particle = (is_kind(kind, name) for name in ("common", "leading", "letter", "particle"))
    return names.mask(shape, common, leading, paired, letter, particle), shape.apostrophe & is_kind(kind, "t")


def _sequence(
    tokens: Tokens,
    clause: np.ndarray,
    comma: np.ndarray,
    kind: np.ndarray,
    stem: np.ndarray,
    kept: np.ndarray,
    follows: np.ndarray,
    negation: np.ndarray,
    marks: np.ndarray,
    lexicon: Lexicon,
    clauses: bool,
) -> Sequence:
    bounds = np.searchsorted(kept, tokens.bounds)
    content = ~is_kind(kind, "function")
    places = np.flatnonzero(content)
    inside = np.append(False, clause[1:] == clause[:-1])[: len(clause)]  # the word before is in the same clause
    negated = _negated(clause, places, kind, inside) if clauses else np.zeros(len(kept), bool)
    cue = np.flatnonzero(is_kind(kind, "reversal"))
    passive = cue[(inside & _after(kind, "be"))[cue]]
    reversal = scope.in_reach(clause, places, cue, passive)
    modal = scope.in_reach(clause, places, np.flatnonzero(is_kind(kind, "modal")), passive[:0]) >= 0
    mentioned = names.quoted(tokens)[kept] | _mentioned(clause, places, kind, inside)
    opener, that = is_kind(kind, "subordinator"), is_kind(kind, "that") & inside
    main = scope.main_part(bounds, clause, comma, np.flatnonzero(opener), np.flatnonzero(that))
    symbol = np.where(negated, lexicon.negated_twin(stem), stem)
    telling = content & ~is_kind(kind, "filler")
    return Sequence(
        stem,
        symbol,
        content,
        telling,
        negated,
        reversal,
        modal,
        mentioned,
        main,
        bounds,
        kept,
        follows,
        negation,
        marks,
    )


def _negated(clause: np.ndarray, places: np.ndarray, kind: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(n_words,) bool: in the scope of a negator, or of the "to" of "yet to"."""
    cue = np.flatnonzero(is_kind(kind, "negator") | (is_kind(kind, "to") & inside & _after(kind, "yet")))
    return scope.in_reach(clause, places, cue, cue[:0], scope.NEGATION_REACH) >= 0


def _mentioned(clause: np.ndarray, places: np.ndarray, kind: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """(n_words,) bool: in the scope of a topic, or a word in "-ed" or "-ing" right after a determiner."""
    topic = np.flatnonzero(is_kind(kind, "topic"))
    named = is_kind(kind, "verbal") & inside & _after(kind, "determiner")
    return named | (scope.in_reach(clause, places, topic, topic[:0]) >= 0)


def _after(kind: np.ndarray, name: str) -> np.ndarray:
    """(n_words,) bool: the word before is of a kind."""
    return np.append(False, is_kind(kind[:-1], name))[: len(kind)]
