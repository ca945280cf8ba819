"""Kinds of words, as bit flags: function words, cues, names of actors."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, booleans, integers
from pipeline.text import names, scope
from pipeline.text.lexicon import NUMBER, Lexicon, lower_of
from pipeline.text.words import FILLERS, FUNCTION_WORDS

_KINDS = {
    "function": FUNCTION_WORDS,
    "particle": names.PARTICLES,
    "head": names.GROUP_HEADS,
    "reversal": scope.REVERSALS,
    "modal": scope.MODALS,
    "topic": scope.TOPICS,
    "determiner": scope.DETERMINERS,
    "be": scope.BE_FORMS,
    "subordinator": scope.SUBORDINATORS,
    "negator": scope.NEGATORS,
    "relative": scope.RELATIVES,
    "filler": FILLERS,
    "t": ("t",),
    "to": ("to",),
    "that": ("that",),
    "yet": ("yet",),
}
BIT = {
    kind: np.uint32(1 << bit)
    for bit, kind in enumerate(
        (
            *_KINDS,
            *("letter", "common", "leading", "participle", "verbal", "state", "group", "related", "apolitical"),
            *("opening", "closing"),
        )
    )
}


def is_kind(kind: np.ndarray, name: str) -> np.ndarray:
    """(n,) bool: whether words of these bit flags, (n,) uint32, are of the kind ``name``, a key of `BIT`."""
    return (kind & BIT[name]) != 0


def kinds_of(forms: pa.Array, lexicon: Lexicon, masks: bool) -> tuple[np.ndarray, np.ndarray]:
    """For each distinct form: its word kinds as bit flags, (n_forms,) uint32, and its symbol, int64."""
    kind, symbol = lexicon.memory[masks](forms, lambda new: _kinds_of(new, lexicon, masks))
    return kind, symbol


def _kinds_of(forms: pa.Array, lexicon: Lexicon, masks: bool) -> tuple[np.ndarray, np.ndarray]:
    lower = lower_of(forms, masks)
    listed, bits = _listed()
    known = lexicon.word_of(lower)
    symbol = lexicon.symbol_of(lower, known).astype(np.int64)
    openings, closings = lexicon.halves
    kind = bits[integers(pc.index_in(lower, value_set=listed))]
    letter = integers(pc.utf8_length(forms)) == 1
    if masks:
        number = booleans(pc.utf8_is_numeric(pc.utf8_slice_codeunits(forms, 0, 1)))
        symbol[number] = NUMBER
        letter &= ~number
    flags = {
        "letter": letter,
        "common": lexicon.is_common(known),
        "leading": lexicon.is_leading(known),
        "state": booleans(pc.is_in(forms, value_set=lexicon.states)),
        "group": booleans(pc.is_in(forms, value_set=lexicon.groups)),
        "related": booleans(pc.is_in(forms, value_set=lexicon.related)),
        "apolitical": booleans(pc.is_in(forms, value_set=lexicon.apolitical)),
        "opening": booleans(pc.is_in(forms, value_set=openings)),
        "closing": booleans(pc.is_in(forms, value_set=closings)),
        "participle": booleans(pc.match_substring_regex(forms, "^[a-z]{2,}ed$")),
        "verbal": booleans(pc.match_substring_regex(lower, "^(?:[a-z]{2,}ed|[a-z]{3,}ing)$")),
    }
    return sum((np.where(flag, BIT[name], np.uint32(0)) for name, flag in flags.items()), kind), symbol


@cache
def _listed() -> tuple[pa.Array, np.ndarray]:
    """The words of all lists of kinds, and the bits of each; the last entry, which index -1 selects, is 0."""
    words = sorted(set().union(*_KINDS.values()))
    bits = [sum(BIT[kind] for kind, members in _KINDS.items() if word in members) for word in words]
    return as_strings(words), np.array([*bits, 0], np.uint32)
