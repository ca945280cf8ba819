import gc
import inspect
import os
import shutil
import subprocess
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import pipeline
from pipeline import load
from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.read.repair import repair
from pipeline.score.snippets import score
from tests.test_house import PIPELINE

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


@pytest.mark.parametrize(
    "given",
    [
        tuple(TEXTS),
        np.array(TEXTS, object),
        np.array(TEXTS),
        (text for text in TEXTS),
        pa.array(TEXTS),
        pa.array(TEXTS).dictionary_encode(),
        pa.chunked_array([[TEXTS[0]], [TEXTS[1]]]),
    ],
)
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
        (pd.DataFrame([TEXTS], columns=["text", "text"]), "DataFrame: 2 columns are called 'text'; rename all but one"),
        (np.array("Peru sent rice."), "got an array of 0 dimensions; pass one column"),
        (np.array([TEXTS]), "got an array of 2 dimensions; pass one column"),
        (pa.array([1]), "text 1: expected a string, got int"),
        (pa.table({"text": TEXTS}), "expected a list of texts, got one Table"),
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


def test_a_type_checker_knows_the_public_names(tmp_path):
    shutil.copytree(PIPELINE / "detente", tmp_path / "detente")
    followed = "detente,pipeline,pipeline.reader,pipeline.model.estimator"
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nfollow_imports = skip\n[mypy-{followed}]\nfollow_imports = silent\n")
    use = ["import detente", "reveal_type(detente.load)", "reveal_type(detente.Classifier())", "detente.lod"]
    (tmp_path / "use.py").write_text("\n".join(use))
    command = [sys.executable, "-m", "mypy", f"--cache-dir={os.devnull}", "use.py"]
    environment = {**os.environ, "MYPYPATH": str(PIPELINE.parent)}
    lines = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True).stdout.splitlines()
    assert '"def (address: str =) -> pipeline.reader.Reader"' in lines[0]
    assert '"pipeline.model.estimator.Classifier"' in lines[1]
    assert 'Module has no attribute "lod"' in lines[2]


def test_every_public_name_has_an_example_that_runs(reader):
    methods = {
        name: value for name, value in vars(type(reader)).items() if name[0] != "_" and inspect.isfunction(value)
    }
    names = {name: getattr(pipeline, name) for name in pipeline.__all__ if name != "__version__"}
    without = [name for name, value in {**names, **methods}.items() if ">>> " not in value.__doc__]
    assert [name for name in without if name not in pipeline.__doc__] == []
    assert "+SKIP" not in "".join(path.read_text() for path in PIPELINE.rglob("*.py"))


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
    text = TEXTS[0] + " Then it ra\u00adined."
    table = reader.explain(text).frame()
    assert list(table.columns[:3]) == ["text", "stance", "event"]
    assert [text[a:b] for a, b in zip(table.start, table.end)] == [TEXTS[0], "Then it ra\u00adined."]
    assert all(text[one["start"] : one["end"]] == one["words"] for one in table.evidence[0])


def test_evidence_says_where_its_words_stand(reader):
    text = "BEIRUT (AP) - \U0001f534 Rebels re&shy;leased hosta\u00adges on Tues-\nday."
    table = reader.evidence(text)
    shown = [text[a:b] for a, b in zip(table.start, table.end)]
    assert {"Rebels", "re&shy;leased", "hosta\u00adges"} <= set(shown) and any(" " in words for words in table.words)
    assert all(repair(one) == words for one, words in zip(shown, table.words) if "…" not in words)
    assert list(reader.evidence(None).columns) == ["words", "weight", "start", "end"]


@pytest.mark.parametrize(
    "given",
    [
        [TEXTS[0], None],
        [TEXTS[0], float("nan")],
        [TEXTS[0], np.datetime64("NaT")],
        [TEXTS[0], pd.NaT],
        pa.array([TEXTS[0], None]),
        pd.Series([TEXTS[0], None], dtype=object),
        pd.Series([TEXTS[0], None], dtype="string"),
        pd.Series([TEXTS[0], None], dtype=pd.ArrowDtype(pa.string())),
        pd.DataFrame({"text": [TEXTS[0], None], "n": [1, None]}).convert_dtypes(),
    ],
)
def test_a_missing_text_of_any_kind_is_a_blank_one(reader, given):
    assert reader.score(given, evidence=1, actors=True).reason.tolist() == ["", "no text"]
    assert reader.articles(given).stance.tolist()[1] == "unclear"


def test_a_missing_text_alone_is_a_blank_one(reader):
    assert len(reader.article(None)) == len(reader.evidence(None)) == len(reader.explain(None).frame()) == 0
    assert reader.explain(None).stance == "unclear"


def test_a_million_missing_texts_take_seconds():
    began = time.process_time()
    assert len(as_strings([pd.NA] * 1_000_000)) == 1_000_000
    assert time.process_time() - began < 5


def test_a_character_that_utf8_cannot_encode_becomes_a_question_mark(reader):
    text = f"{TEXTS[0]} \ud800"
    expected = reader.score([f"{TEXTS[0]} ?"])
    assert reader.score([text]).equals(expected)
    assert reader.article(text).text.tolist() == [TEXTS[0], "?"]
    assert len(reader.articles([text])) == 1
    reader.explain(text)._repr_html_().encode()
    assert len(reader.timeline(pd.DataFrame({"date": ["2024-01-01"], "text": pd.Series([text], dtype=object)}))) == 1


def test_articles_take_the_columns_that_the_command_takes(reader):
    frame = pd.DataFrame({"headline": ["Rain."], "body": TEXTS[:1]}, index=[4])
    found = reader.articles(frame)
    assert found.iloc[:, :2].equals(frame)
    assert found.iloc[:, 2:].equals(reader.articles(pd.Series(TEXTS[:1], index=[4])))


@pytest.mark.parametrize("name", [0, "0"])
def test_a_column_may_have_a_number_for_its_name(reader, name):
    frame = pd.DataFrame({0: TEXTS, 1: ["2024-01-01", "2024-01-02"]})
    assert reader.score(frame, text_column=name).stance.tolist() == reader.score(TEXTS).stance.tolist()
    assert len(reader.articles(frame, text_column=name)) == 2
    assert len(reader.timeline(frame, date_column=1, text_column=name)) == 2


@pytest.mark.parametrize("given", [{"evidence": -1}, {"evidence": 10**20}, {"threads": 0}])
def test_a_number_out_of_range_is_named(reader, given):
    (name,) = given
    with pytest.raises(InputError, match=f"{name}=-?[0-9]+: expected [01] to 1000"):
        reader.score(TEXTS, **given)


def test_readers_can_be_compared(reader, folder):
    assert reader == reader
    assert reader != load(folder)


def test_columns_of_a_frame_and_of_what_is_served_get_a_suffix_that_no_other_has(reader):
    from pipeline.tracking.served import ServedModel

    frame = pd.DataFrame({"text": TEXTS, "stance": ["a", "b"], "stance_input": ["c", "d"], "url": ["e", "f"]})
    expected = {"stance_input_input": ["a", "b"], "stance_input": ["c", "d"], "url": ["e", "f"]}
    served = ServedModel()
    served.model = reader.model
    for found in (reader.score(frame), served.predict(None, frame)):
        assert found.columns.is_unique
        assert {name: found[name].tolist() for name in expected} == expected
        assert found.stance.tolist() == reader.score(TEXTS).stance.tolist()


def dated(**columns):
    return pd.DataFrame({"date": ["2024-01-01", "2024-01-02"], "text": TEXTS, **columns})


@pytest.mark.parametrize(
    "frame",
    [
        dated(other=[1, "a"], third=[{"a": 1}, [2]]),
        dated(link=[1, "a"], outlet=[["a"], 3]),
        dated(date=[pd.Timestamp("2024-01-01"), "2024-01-02"]),
        dated(date=[pd.Timestamp("2024-01-01").date(), pd.Timestamp("2024-01-02")]),
        dated(date=pd.PeriodIndex(["2024-01-01", "2024-01-02"], freq="D")),
        dated().convert_dtypes(),
        pd.concat([dated(), pd.DataFrame([[1, 2], [3, 4]], columns=["n", "n"])], axis=1),
    ],
)
def test_a_timeline_is_made_of_columns_of_any_type(reader, frame):
    found = reader.timeline(frame)
    assert found.period.dt.day.tolist() == [1, 2]
    assert found.tension.equals(reader.timeline(dated()).tension)


def test_a_timeline_by_a_mixed_column(reader):
    assert set(reader.timeline(dated(desk=[1, "a"]), by="desk").series) == {"1", "a"}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (dated(text=[["a"], ["b"]]), "the DataFrame, column text: expected strings, got a column of type list"),
        (dated(date=[["a"], ["b"]]), "the DataFrame, column date: expected strings, got a column of type list"),
        (dated(link=[{"a": 1}] * 2), "the DataFrame, column link: expected strings, got a column of type struct"),
        (pd.concat([dated(), dated()[["date"]]], axis=1), "the DataFrame: 2 columns are called 'date'"),
    ],
)
def test_a_column_that_a_timeline_cannot_read_is_named(reader, frame, message):
    with pytest.raises(InputError, match=message):
        reader.timeline(frame)


def test_a_timeline_closes_its_files(reader):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        reader.timeline(dated())
        gc.collect()
    assert [str(one.message) for one in caught if one.category is ResourceWarning] == []
