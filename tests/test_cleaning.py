import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.arrays.arrow import as_strings, booleans
from pipeline.read.cleaning import _SUSPECT, clean, clean_text, suspects

PIECES = """
    Talks resume ; & #39; quot; amp; — – - -- ) ( ] [ : / | . , (Reuters) (AP) Read more: @desk #war • 12:30 2024-05-01
    é “no” â€™ \u200b \u00ad » www.x.org 3 May KABUL Site.NET (Photo: AFP)
""".split(" ")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*PIECES, "\n", "", " "]), max_size=12).map(" ".join), max_size=6))
def test_the_texts_to_look_at_are_those_that_any_pattern_fits(texts):
    column = as_strings([*texts, "Truce holds"])
    expected = np.any([booleans(pc.match_substring_regex(column, pattern)) for pattern, _ in _SUSPECT], axis=0)
    assert suspects(column).tolist() == expected.tolist()
    assert suspects(column.slice(1)).tolist() == expected[1:].tolist()


def test_a_semicolon_alone_is_no_reason_to_look_but_an_entity_is():
    assert suspects(as_strings(["Talks end; troops leave", "No quot;deal quot; yet"])).tolist() == [False, True]


def test_a_column_is_cleaned_as_its_texts_are():
    texts = ["KABUL (Reuters) - The army didn&#39;t fire.", "", "Truce holds", "War in X | Site.NET"]
    assert clean(texts).to_pylist() == [clean_text(text) for text in texts]
    assert clean([]).to_pylist() == []


@pytest.mark.parametrize(
    "text", ["C" * 90 + " urges b=oths", "A" + "-" * 50_000, "a-" + "\n" * 50_000 + "1", "@a " * 50_000]
)
def test_no_text_takes_longer_than_its_length_lets_it(text):
    """Found by fuzzing: 60 capitals in a row took the pattern of datelines minutes."""
    assert len(clean([text])) == 1
