"""Capitals for the names in texts that have none, so that a lower-cased feed is read like the one it was made from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import booleans, int64_column, integers
from pipeline.arrays.ragged import segment_counts, within

if TYPE_CHECKING:
    from pipeline.text.tokens import Tokens


class Names(Protocol):
    """What knows names: the lexicon of a model, the gazetteer."""

    @property
    def spellings(self) -> tuple[pa.Array, pa.Array]:
        """(n_names,) strings: the words of names in lower case, and as they are written."""


def with_capitals(tokens: Tokens, names: Names) -> Tokens:
    """The tokens with known names spelled with their capitals, in texts without a single capital.

    The places of the tokens do not change.
    """
    capital = ~booleans(pc.equal(tokens.forms, tokens.lower))[tokens.form_of]
    plain = np.flatnonzero(segment_counts(tokens.bounds, capital[tokens.code]) == 0)
    place = np.flatnonzero(within(tokens.bounds[plain], tokens.bounds[plain + 1], len(tokens)))
    if not len(place):
        return tokens
    lower, written = names.spellings
    own, which = np.unique(tokens.code[place], return_inverse=True)
    forms = tokens.forms.take(int64_column(tokens.form_of[own]))
    name = integers(pc.index_in(forms, value_set=lower)).astype(np.int64)
    there = name[which] >= 0
    if not there.any():
        return tokens
    place, old = place[there], own[which[there]]
    named = written.take(int64_column(name[which[there]]))
    # The spelling may occur in another text; forms are distinct.
    forms = pc.unique(pa.concat_arrays([tokens.forms, named]))
    code = tokens.code.copy()
    code[place] = len(tokens.form_of) + np.arange(len(place))
    return replace(
        tokens,
        code=code,
        length=np.append(tokens.length, tokens.length[old]),
        form_of=np.append(tokens.form_of, integers(pc.index_in(named, value_set=forms)).astype(np.intp)),
        gap_of=np.append(tokens.gap_of, tokens.gap_of[old]),
        forms=forms,
    )
