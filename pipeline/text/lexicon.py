"""What a model knows of words: which are common, and which stem each belongs to.

Learned from the training texts and stored with the model, so that training and scoring
can never disagree about a word.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import Stemmer

from pipeline.text.tokens import Tokens, tokenise

NAME, NUMBER, NOT = "<name>", "<number>", "not"
_SPECIAL = (NAME, NUMBER)
N_SPECIAL = len(_SPECIAL)
_NEGATED = {"cannot": NOT, "nt": NOT}


@dataclass(frozen=True)
class Lexicon:
    """Known words.

    Attributes
    ----------
    symbols : distinct stems of the training texts after the two special ones, ``<name>`` and ``<number>``.
    common : lower-case words that are no names, sorted.
    stems : whether words are reduced to their Snowball English stem.
    """

    symbols: pa.Array
    common: pa.Array
    stems: bool = True

    def __len__(self) -> int:
        return len(self.symbols)

    def symbol_of(self, lower: pa.Array) -> np.ndarray:
        """(n_words,) int32: the symbol of each lower-case word, -1 where the stem was never seen."""
        found = pc.index_in(stem(lower, self.stems), value_set=self.symbols)
        return found.fill_null(-1).to_numpy(zero_copy_only=False)

    def is_common(self, lower: pa.Array) -> np.ndarray:
        """(n_words,) bool: whether the word is known not to be a name."""
        return pc.is_in(lower, value_set=self.common).to_numpy(zero_copy_only=False)


def learn(texts, stems: bool = True, common_floor: float = 0.5) -> Lexicon:
    """Learn a lexicon from training texts.

    A word is common where at least ``common_floor`` of its places inside a sentence are in
    lower case; words seen in capitals only are names. Headlines in capitals teach nothing
    of this kind and are passed over.
    """
    from pipeline.text.names import sentence_case_places

    tokens = tokenise(texts)
    lower = lower_case(tokens.forms)
    distinct, word = _distinct(lower)
    place = sentence_case_places(tokens)
    is_lower = pc.equal(lower, tokens.forms).to_numpy(zero_copy_only=False)
    words = word[tokens.form[place]]
    seen = np.bincount(words, minlength=len(distinct))
    in_lower = np.bincount(words, weights=is_lower[tokens.form[place]], minlength=len(distinct))
    common = distinct.filter(pa.array((in_lower > 0) & (in_lower >= common_floor * seen)))
    known = pc.unique(stem(distinct, stems)).sort()
    symbols = pa.concat_arrays([pa.array(_SPECIAL, known.type), known])
    return Lexicon(symbols, common.sort(), stems)


def lower_case(forms: pa.Array) -> pa.Array:
    """Lower case without hyphens and typographic variants: "De-Escalation" and "deescalation" are one word."""
    return pc.replace_substring(pc.utf8_lower(forms), "-", "")


def stem(lower: pa.Array, stems: bool) -> pa.Array:
    """The stems of lower-case words, or the words themselves."""
    if not stems or not len(lower):
        return lower
    stemmed = Stemmer.Stemmer("english").stemWords(lower.to_pylist())
    return pa.array([_NEGATED.get(word, word) for word in stemmed], lower.type)


def _distinct(values: pa.Array) -> tuple[pa.Array, np.ndarray]:
    encoded = values.dictionary_encode()
    return encoded.dictionary, encoded.indices.to_numpy()


def forms_of(tokens: Tokens) -> pa.Array:
    """The written form of every token of the batch."""
    return tokens.forms.take(pa.array(tokens.form))
