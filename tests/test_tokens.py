import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.arrays.arrow import as_strings, booleans, integers
from pipeline.errors import InputError
from pipeline.text.tokens import tokenise

# Letters of many scripts, marks, digits, signs, astral characters, line ends: what breaks tokenisers.
AWKWARD = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("aZ9_-' \n.,éİßΣς中\u0307\u0661²ⅷ😀\u200d’—"))
)


def words(texts, **options):
    tokens = tokenise(texts, **options)
    forms = tokens.forms.to_pylist()
    found = [[] for _ in texts]
    for text, form in zip(tokens.text, tokens.form):
        found[text].append(forms[form])
    return found


@settings(max_examples=300, deadline=None)
@given(st.lists(AWKWARD, max_size=8))
def test_tokens_are_the_runs_of_word_characters_on_all_of_unicode(texts):
    assert words(texts, join_hyphens=False) == [re.findall(r"\w+", text) for text in texts]


def test_de_escalation_is_one_word():
    assert words(["A de-escalation, not an escalation; De-Escalation"]) == [
        ["A", "de-escalation", "not", "an", "escalation", "De-Escalation"]
    ]


def test_other_hyphens_part_words():
    assert words(["US-led cease-fire mid-air made-up"]) == [["US", "led", "cease-fire", "mid", "air", "made", "up"]]


def test_words_of_two_texts_never_join():
    assert words(["ab", "cd", "", "ef"]) == [["ab"], ["cd"], [], ["ef"]]


def test_places_are_bytes_of_the_batch():
    tokens = tokenise(["é b"])
    assert (tokens.start.tolist(), tokens.end.tolist()) == ([0, 3], [2, 4])


def test_none_and_nan_are_empty_and_a_number_is_an_error():
    assert as_strings(["a", None, np.nan]).to_pylist() == ["a", "", ""]
    with pytest.raises(InputError, match="text 2: expected a string, got int"):
        as_strings(["a", 3])


@given(st.lists(st.one_of(st.none(), st.integers(0, 99)), min_size=1), st.integers(0, 5))
def test_columns_become_numpy_as_arrow_would_have_it(values, start):
    column = pa.array(values, pa.int32()).slice(start)
    assert integers(column).tolist() == [-1 if v is None else v for v in values[start:]]
    flags = pa.array([v is None for v in values]).slice(start)
    assert booleans(flags).tolist() == [v is None for v in values[start:]]
