"""The lexicon: known words, their stems, and which of them are common words rather than names.

It is learned from the training texts and stored with the model, so training and scoring always agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings, booleans, int64_column, integers, mask, string
from pipeline.arrays.hash_index import HashIndex, hash_index
from pipeline.text.memory import Memory
from pipeline.text.stems import NOT, stem
from pipeline.text.tokens import Tokens, tokenise
from pipeline.text.words import CALENDAR, FILLERS, FUNCTION_WORDS

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

SPECIAL = ("<name>", "<number>", "<negated>", "<actor>", "<question>")  # no token looks like these
NAME, NUMBER, NEGATED, ACTOR, QUESTION = range(len(SPECIAL))
_SHORT_NAME = 3  # letters of a name that is not matched in capitals: "Lao" is not LAO
_TWIN = "not "  # prefix of a negated twin's symbol; no stem contains a space
LEAST_NEGATED = 2  # a stem gets a negated twin of its own if it is in the scope of a negation this often
N_SPECIAL = len(SPECIAL)
COMMON_SHARE = 0.5  # a word is common if at least this share of its occurrences is in lower case
NO_ACTORS: tuple[Texts, ...] = ((), (), (), ())
NAME_SHARE, NAME_TIMES = 0.8, 3  # words and pairs belong to names from this share and number of occurrences


@dataclass(frozen=True)
class Lexicon:
    """Known words.

    Attributes
    ----------
    symbols : the special symbols (`SPECIAL`), the distinct stems of the training texts, and negated twins, such as
        ``not withdraw``.
    words : lower-case words of the training texts.
    symbol_of_word : (n_words,) int32, the symbol of each word, so only new words are stemmed.
    common : lower-case words that are not names, sorted.
    leading : words that, written with a capital, begin a name ("North", "Prime", "Saudi"), sorted.
    pairs : (n,) int64, increasing: pairs of common words that form a name together ("United States"), as
        ``first symbol << 32 | second symbol``.
    stems : whether words are reduced to their Snowball English stem.
    states, groups, related, apolitical : words, in their original case, that name a state, another political actor,
        what is related to one, and a firm, a club, a star or the like; sorted. Names of the last two kinds may have two
        words, joined by a space.
    """

    symbols: pa.Array
    words: pa.Array
    symbol_of_word: np.ndarray
    common: pa.Array
    leading: pa.Array
    pairs: np.ndarray
    stems: bool = True
    states: pa.Array = field(default_factory=lambda: as_strings([]))
    groups: pa.Array = field(default_factory=lambda: as_strings([]))
    related: pa.Array = field(default_factory=lambda: as_strings([]))
    apolitical: pa.Array = field(default_factory=lambda: as_strings([]))

    def __len__(self) -> int:
        return len(self.symbols)

    def word_of(self, lower: pa.Array) -> np.ndarray:
        """(n,) int32: the index of each lower-case word among ``words``, -1 if new."""
        return integers(pc.index_in(lower, value_set=self.words))

    def symbol_of(self, lower: pa.Array, word: np.ndarray) -> np.ndarray:
        """(n,) int32: the symbol of each lower-case word, -1 if its stem is unknown; ``word`` is from `word_of`."""
        symbol = np.where(word >= 0, self.symbol_of_word[word], -1).astype(np.int32)
        new = np.flatnonzero(word < 0)
        if len(new):
            unseen = stem(lower.take(int64_column(new)), self.stems)
            symbol[new] = integers(pc.index_in(unseen, value_set=self.symbols))
        return symbol

    def are_pairs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """(n,) bool: whether two adjacent capitalised symbols form a name."""
        key = np.where((first < 0) | (second < 0), -1, first << np.int64(32) | second)
        return self._pairs(key) >= 0

    def negated_twin(self, symbol: np.ndarray) -> np.ndarray:
        """(n,) int64: what each symbol becomes in the scope of a negation; names and numbers do not change."""
        return self._twins[symbol]

    def with_twins(self, times: np.ndarray) -> Lexicon:
        """The lexicon with a negated twin for each symbol that is often enough in the scope of a negation.

        Parameters
        ----------
        times : (n_symbols,) int, how often it is.
        """
        often = np.flatnonzero((times >= LEAST_NEGATED) & (np.arange(len(times)) >= N_SPECIAL))
        twins = [_TWIN + stem for stem in self.symbols.take(int64_column(often)).to_pylist()]
        return replace(self, symbols=pa.concat_arrays([self.symbols, as_strings(twins)]))

    def is_leading(self, word: np.ndarray) -> np.ndarray:
        """(n,) bool: whether a word, when capitalised, begins a name."""
        return self._tables["leading"][word]

    def is_common(self, word: np.ndarray) -> np.ndarray:
        """(n,) bool: whether a word is known not to be a name."""
        return self._tables["common"][word]

    @cached_property
    def halves(self) -> tuple[pa.Array, pa.Array]:
        """The first words of names of two, and the second ones."""
        words = pc.list_flatten(pc.split_pattern(pa.concat_arrays([*self._double]), " ", max_splits=1))
        first, second = (pc.unique(words.take(int64_column(np.arange(half, len(words), 2)))) for half in (0, 1))
        return first, second

    @cached_property
    def spellings(self) -> tuple[pa.Array, pa.Array]:
        """(n_names,) words of names and of `CALENDAR`, in lower case and as they are written.

        Without common words; of apolitical names only those of one word, since "Bath" of "Bath Rugby" need not be a name.
        """
        apolitical = self.apolitical.filter(pc.invert(pc.match_substring(self.apolitical, " ")))
        known = pa.concat_arrays([apolitical, self.related, self.groups, self.states, as_strings(CALENDAR)])
        written = pc.list_flatten(pc.split_pattern(known, " "))
        # Of several spellings the last counts: "Iran" and not "IRAN", which headlines have.
        written = written.take(int64_column(np.arange(len(written))[::-1]))
        lower, which = _distinct(pc.utf8_lower(written))
        written = written.take(int64_column(np.unique(which, return_index=True)[1]))
        usual = pa.concat_arrays([self.common, as_strings([*FUNCTION_WORDS, *FILLERS])])
        name = mask(~booleans(pc.is_in(lower, value_set=usual)) & booleans(pc.not_equal(lower, written)))
        return lower.filter(name), written.filter(name)

    @cached_property
    def memory(self) -> dict[bool, Memory]:
        """What `pipeline.text.kinds` has found out about words, without masks and with them."""
        return {masks: Memory() for masks in (False, True)}

    def double_names(self, first: pa.Array, second: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """(n,) bool: whether two words are a related name together; whether they are an apolitical one."""
        both = pc.binary_join_element_wise(first, second, string(" "))
        related, apolitical = (booleans(pc.is_in(both, value_set=names)) for names in self._double)
        return related, apolitical

    @cached_property
    def _double(self) -> tuple[pa.Array, pa.Array]:
        related, apolitical = (
            names.filter(pc.match_substring(names, " ")) for names in (self.related, self.apolitical)
        )
        return related, apolitical

    @cached_property
    def _pairs(self) -> HashIndex:
        return hash_index(self.pairs)

    @cached_property
    def negation(self) -> int:
        """The symbol of "not", -1 if unknown."""
        return int(integers(pc.index_in(as_strings([NOT]), value_set=self.symbols))[0])

    @cached_property
    def _twins(self) -> np.ndarray:
        """(n_symbols + 1,) int64, the twin of each symbol; the last entry, which index -1 selects, is `NEGATED`."""
        twins = np.full(len(self) + 1, NEGATED)
        twins[:NEGATED] = np.arange(NEGATED)
        of_twin = np.flatnonzero(booleans(pc.starts_with(self.symbols, _TWIN)))
        stems = pc.utf8_slice_codeunits(self.symbols.take(int64_column(of_twin)), len(_TWIN), 1 << 30)
        twins[integers(pc.index_in(stems, value_set=self.symbols))] = of_twin
        return twins

    @cached_property
    def _tables(self) -> dict[str, np.ndarray]:
        """(n_words + 1,) bool tables of words; the last entry, which index -1 selects, is false."""
        sets = {"common": self.common, "leading": self.leading}
        return {name: np.append(booleans(pc.is_in(self.words, value_set=one)), False) for name, one in sets.items()}


def tokens_of(texts: Texts, masks: bool = True) -> Tokens:
    """The tokens of a batch.

    Without masks a text is treated as by scikit-learn's `CountVectorizer`: lower-cased first,
    without joining hyphens.
    """
    if masks:
        return tokenise(texts)
    return tokenise([text.lower() for text in as_strings(texts).to_pylist()], join_hyphens=False)


def lower_of(forms: pa.Array, masks: bool = True) -> pa.Array:
    """The lower-case word of each form of a token: "De-Escalation" and "deescalation" are one word."""
    return pc.replace_substring(pc.utf8_lower(forms), "-", "") if masks else forms


def learn(texts: Texts, stems: bool = True, masks: bool = True, actors: tuple = NO_ACTORS) -> Lexicon:
    """Learn a lexicon from training texts; ``actors`` are the names of `Lexicon`'s last four attributes.

    Only words inside a sentence count, not those of headlines in capitals: there the case of a word shows
    whether it is a name.
    """
    from pipeline.text.names import sentence_case_places

    tokens = tokens_of(texts, masks)
    lower = lower_of(tokens.forms, masks)
    distinct, word = _distinct(lower)
    stemmed = stem(distinct, stems)
    known = pc.unique(stemmed).sort()
    symbols = pa.concat_arrays([as_strings(SPECIAL), known])
    word = word[tokens.form]
    capital = ~booleans(pc.equal(lower, tokens.forms))[tokens.form]
    place = sentence_case_places(tokens)
    common = _often(word[place], ~capital[place], len(distinct), COMMON_SHARE)
    beside = place[:-1][(np.diff(place) == 1) & (tokens.text[place[:-1]] == tokens.text[place[1:]])]
    first, second = word[beside], word[beside + 1]
    capitals = capital[beside] & capital[beside + 1]
    leading = _often(first[capital[beside]], capitals[capital[beside]], len(distinct), NAME_SHARE, NAME_TIMES)
    symbol = integers(pc.index_in(stemmed, value_set=symbols))
    pairs = symbol[first].astype(np.int64) << 32 | symbol[second]
    distinct_pairs, which = np.unique(pairs, return_inverse=True)
    named = _often(which, capitals, len(distinct_pairs), NAME_SHARE, NAME_TIMES)
    usual_words, leading_words = (distinct.filter(mask(chosen)).sort() for chosen in (common, leading))
    *of_actors, apolitical = (
        names.filter(pc.invert(pc.is_in(pc.utf8_lower(names), value_set=usual_words)))
        for names in map(as_strings, actors)
    )
    written = [names.sort() for names in (*map(_in_headlines, of_actors), apolitical)]
    return Lexicon(symbols, distinct, symbol, usual_words, leading_words, distinct_pairs[named], stems, *written)


def _in_headlines(names: pa.Array) -> pa.Array:
    """Names as written in sentences and in all-capital headlines."""
    long = names.filter(mask(integers(pc.utf8_length(names)) > _SHORT_NAME))
    return pc.unique(pa.concat_arrays([names, pc.utf8_upper(long)]))


def _often(what: np.ndarray, so: np.ndarray, n: int, share: float, times: int = 1) -> np.ndarray:
    """(n,) bool: at least ``share`` of the places of each thing, and at least ``times`` of them, are ``so``."""
    seen = np.bincount(what, minlength=n)
    positive = np.bincount(what[so], minlength=n)
    return (positive >= times) & (positive >= share * seen)


def _distinct(values: pa.Array) -> tuple[pa.Array, np.ndarray]:
    encoded = values.dictionary_encode()
    return encoded.dictionary, integers(encoded.indices)
