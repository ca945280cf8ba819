import subprocess
import sys
from importlib.metadata import version

import numpy as np
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


def test_a_frame_keeps_its_columns_and_a_name_that_clashes_gets_a_suffix(reader):
    frame = pd.DataFrame({"when": ["mon", "tue"], "lead": TEXTS[:2], "stance": ["x", "y"]}, index=[7, 9])
    found = reader.score(frame, text_column="lead", evidence=2, actors=True)
    assert found.index.tolist() == [7, 9]
    assert list(found.columns[:4]) == ["when", "lead", "stance_input", "stance"]
    assert found.stance_input.tolist() == ["x", "y"]
    assert all(1 <= len(words) <= 2 for words in found.evidence)
    assert {"source", "target", "actors", "relevance"} <= set(found.columns)


@pytest.mark.parametrize("given", [tuple(TEXTS), np.array(TEXTS, object), (text for text in TEXTS)])
def test_any_sequence_of_texts_is_scored(reader, given):
    assert reader.score(given).stance.tolist() == reader.score(TEXTS).stance.tolist()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("Peru sent rice.", "expected a list of texts, got one str"),
        (7, "expected a list of texts, got one int"),
        ({"text": "Peru sent rice."}, "expected a list of texts, got one dict"),
        ([["Peru sent rice."]], "text 1: expected a string, got list"),
        (pd.DataFrame({"n": [1]}), "DataFrame: expected a column named text"),
    ],
)
def test_what_is_no_list_of_texts_is_named(reader, given, message):
    with pytest.raises(InputError, match=message):
        reader.score(given)


def test_articles_come_with_their_verdict(reader):
    found = reader.articles(["The army shelled the town. Troops killed six people in the raid.", "It rained."])
    assert found.stance.tolist()[0] == "escalation"
    assert list(found.columns) == ["stance", "tension", "political", "rising", "easing", "neutral", "unclear"]


def test_a_reader_says_in_a_line_and_in_a_table_what_it_is(reader):
    assert repr(reader).startswith("<Reader of ") and "rows, trained 20" in repr(reader)
    assert "<table>" in reader._repr_html_()


def test_the_package_has_the_name_of_the_product_too(tmp_path):
    (tmp_path / "pipeline.py").write_text("raise SystemExit('the wrong pipeline')")
    code = "import detente; print(detente.__version__, detente.load.__module__)"
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert found.stdout.split() == [version("detente"), "pipeline"], found.stderr


def test_a_timeline_is_a_table_with_the_texts_behind_each_period(reader):
    frame = pd.DataFrame({"date": pd.to_datetime(["2024-01-01", "2024-01-03"]), "text": TEXTS})
    table = reader.timeline(frame)
    assert table.period.dt.day.tolist() == [1, 2, 3]
    assert table.tension.isna().tolist() == [False, True, False]
    assert table.examples[0][0]["text"] == TEXTS[0]
    scored = reader.score(frame).assign(date=frame.date)
    assert reader.timeline(scored).tension.to_numpy() == pytest.approx(table.tension.to_numpy(), nan_ok=True)
    with pytest.raises(InputError, match="the DataFrame: expected a column named date or published"):
        reader.timeline(frame.drop(columns="date"))


def test_an_explanation_is_a_table_too(reader):
    table = reader.explain(TEXTS[0] + " Then it rained.").frame()
    assert list(table.columns[:3]) == ["text", "stance", "event"]
    assert len(table) == 2
