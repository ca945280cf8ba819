import pandas as pd
import pytest

from pipeline import load
from pipeline.errors import InputError
from pipeline.score.snippets import score

TEXTS = ["Kenya accused Uganda of an attack.", "Chad sent food to Niger."]


@pytest.fixture(scope="module")
def reader(folder):
    return load(folder)


def test_lists_series_and_frames_give_the_same_rows_and_keep_their_index(reader, model):
    expected = score(model, TEXTS).tension
    assert reader.score(TEXTS).tension.to_numpy() == pytest.approx(expected)
    for given in (pd.Series(TEXTS, index=[5, 2]), pd.DataFrame({"n": [1, 2], "text": TEXTS}, index=[5, 2])):
        table = reader.score(given)
        assert list(table.index) == [5, 2]
        assert table.tension.to_numpy() == pytest.approx(expected)


def test_evidence_is_a_table_with_the_strongest_words_first(reader):
    table = reader.evidence(TEXTS[0])
    assert table.weight.abs().is_monotonic_decreasing
    assert "accused" in list(table.words)


def test_an_article_is_a_table_of_its_distinct_sentences(reader):
    table = reader.article("\n\n".join([*TEXTS, TEXTS[0]]))
    assert list(table.text) == TEXTS
    assert list(table.repeats) == [2, 1]


def test_one_string_and_a_frame_without_text_are_errors(reader):
    with pytest.raises(InputError, match=r"write \[text\]"):
        reader.score(TEXTS[0])
    with pytest.raises(InputError, match="expected a column named text"):
        reader.score(pd.DataFrame({"words": TEXTS}))
