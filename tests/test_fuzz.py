"""Any bytes in any file: every row is scored or set aside, and nothing is raised but errors that say what to do.

The profile ``fuzz`` (HYPOTHESIS_PROFILE) runs these for long; `make fuzz` runs the readers with atheris, which is guided
by what is reached.
"""

import gzip
import io
import json
import os
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from pipeline.arrays.arrow import as_strings
from pipeline.errors import DetenteError
from pipeline.read.cleaning import clean
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.read.sentences import distinct_sentences
from pipeline.score.articles import score_articles
from pipeline.score.documents import OutputOptions, score_documents
from pipeline.text import analysis
from pipeline.timeline.dates import seconds_of
from pipeline.write.output import encoded
from pipeline.write.tables import table_of

_CALM = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True, "database": None}
settings.register_profile("suite", max_examples=25, **_CALM)
settings.register_profile("fuzz", max_examples=1_000, **{**_CALM, "derandomize": False})
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

SENTENCES = ["Rebels fired on the town.", 'He said "no", twice', "Mời quý độc giả", "NA", "", "l'État, c'est moi"]
words = st.one_of(st.sampled_from(SENTENCES), st.text(max_size=60))
pieces = st.sampled_from(
    [
        *'"",;\t\n\r\0\\{}[]:<>&=@',
        "\r\n",
        "null",
        '{"text": "',
        "text",
        "\ud800",
        "&#39;",
        "<p>",
        "\u202e",
        "\ufeff",
        "é",
    ]
)
values = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words), st.lists, max_leaves=5)
raw = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(pieces, words), max_size=30).map(lambda parts: "".join(parts).encode(errors="surrogatepass")),
)


def table(delimiter):
    """A header and rows, most of which fit it."""
    row = st.lists(words, min_size=1, max_size=3).map(delimiter.join)
    return st.lists(row, min_size=1, max_size=8).map(
        lambda rows: "\n".join([f"id{delimiter}text", *rows]).encode("utf-8")
    )


def jsonl(rows):
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()


objects = st.dictionaries(st.sampled_from(["text", "id", "n", "title"]), values, min_size=1)


@st.composite
def damaged(draw, whole):
    """The bytes of a sound file, some of them changed, cut off or doubled."""
    data, start = bytearray(whole), draw(st.integers(0, len(whole)))
    size = draw(st.integers(0, 40))
    return bytes(data[:start] + draw(st.binary(max_size=size)) + data[start + draw(st.integers(0, size)) :])


def sound(kind):
    """A sound file of a format that is no text."""
    rows, sink = pa.table({"text": SENTENCES * 5, "n": range(30)}), io.BytesIO()
    if kind == ".parquet":
        parquet.write_table(rows, sink)
    elif kind == ".dta":
        rows.to_pandas().to_stata(sink, version=118)
    elif kind == ".xlsx":
        rows.to_pandas().to_excel(sink)
        packed, sink = zipfile.ZipFile(sink), io.BytesIO()
        with zipfile.ZipFile(sink, "w") as plain:  # not compressed, so that damage reaches what is inside
            for name in packed.namelist():
                plain.writestr(name, packed.read(name))
    elif kind == ".csv.gz":
        sink.write(gzip.compress(b"id,text\n1,Rebels fired\n2,Talks resume\n" * 3))
    return sink.getvalue()


FEED = b"<rss><channel><item><title>War</title><description>&lt;p&gt;Rebels fired.</description></item></channel></rss>"
MAIL = b"From: a@b\nSubject: =?utf-8?q?War?=\nContent-Type: text/plain; charset=utf-8\n\nRebels fired on the town.\n"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
PDF += (
    b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj 4 0 obj<</Length 9>>stream\n(a b) Tj\nendstream endobj\n"
)
PDF += b"trailer<</Root 1 0 R>>\n%%EOF"
PAGE = (
    b"<html><head><meta charset=utf-8></head><body><article><p>"
    + b"Rebels fired on the town. " * 20
    + b"</p></body></html>"
)
FILES = {
    ".csv": st.one_of(table(","), table(";"), raw),
    ".tsv": st.one_of(table("\t"), raw),
    ".jsonl": st.one_of(st.lists(st.one_of(objects, words, values), min_size=1, max_size=8).map(jsonl), raw),
    ".json": st.one_of(
        st.lists(st.one_of(objects, values), max_size=5).map(lambda rows: json.dumps(rows).encode()), raw
    ),
    ".txt": raw,
    ".html": st.one_of(raw, damaged(PAGE)),
    ".eml": st.one_of(raw, damaged(MAIL)),
    ".mbox": st.one_of(raw, damaged(b"From a@b Thu Jan  1 00:00:00 1970\n" + MAIL)),
    ".rss": st.one_of(raw, damaged(FEED)),
    ".pdf": damaged(PDF),
    **{kind: damaged(sound(kind)) for kind in (".parquet", ".dta", ".xlsx", ".csv.gz")},
}


@pytest.mark.parametrize("suffix", FILES)
@given(data=st.data())
def test_rows_read_are_rows_scored_and_rows_set_aside(tmp_path_factory, suffix, data):
    path = tmp_path_factory.getbasetemp() / f"fuzzed{suffix}"
    path.write_bytes(data.draw(FILES[suffix]))
    try:
        for batch in read_inputs([str(path)], ReadOptions(set_aside=True)):
            assert batch.read == len(batch) + len(batch.rejects)
            batch.texts.validate(full=True)
    except DetenteError as error:
        assert str(error)


@given(data=raw)
def test_standard_input_takes_any_bytes(data):
    kept, sys.stdin = sys.stdin, SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data)))
    try:
        for batch in read_inputs(["-"], ReadOptions(set_aside=True)):
            assert batch.read == len(batch) + len(batch.rejects)
    except DetenteError as error:
        assert "standard input" in str(error)
    finally:
        sys.stdin = kept


texts = st.lists(st.one_of(words, st.lists(st.one_of(pieces, words)).map("".join)), min_size=1, max_size=6).map(
    lambda given: [text.encode(errors="replace").decode() for text in given]
)


@given(given_texts=texts)
def test_any_text_is_analysed_and_its_words_lie_within_it(model, given_texts):
    cleaned = clean(given_texts)
    tokens, sequence = analysis.read(cleaned, model.weights.vocabulary.lexicon)
    assert len(cleaned) == len(given_texts) == len(sequence.bounds) - 1
    assert (np.diff(sequence.bounds) >= 0).all()
    assert sequence.bounds[-1] == len(sequence.stem)
    assert (sequence.token < len(tokens)).all()


@given(given_texts=texts)
def test_any_text_gets_a_row_of_any_format(model, given_texts):
    from pipeline.read.documents import Documents

    column = as_strings(given_texts)
    documents = Documents(column, column, columns={"text": column})
    found = table_of(score_documents(model, documents, OutputOptions(actors=True)))
    tension = np.array(found["tension"].to_pylist())
    assert ((tension >= -1) & (tension <= 1)).all()
    rows = [json.loads(line) for line in encoded(found, "jsonl").decode().split("\n")[:-1]]
    assert [row["text"] for row in rows] == given_texts
    encoded(found, "csv").decode()
    articles = score_articles(model, given_texts)
    assert len(articles.tension) == len(given_texts)


@given(text=words)
def test_cutting_into_sentences_loses_no_letter(text):
    kept = {char for one in distinct_sentences(text) for char in one.text if char.isalpha()}
    assert kept <= set(text)


@given(written=st.lists(words, min_size=1, max_size=5))
def test_any_date_is_a_moment_or_counted_as_none(written):
    seconds, reasons = seconds_of(as_strings([text.encode(errors="replace").decode() for text in written]))
    assert len(seconds) == len(written)
    assert sorted(row for rows in reasons.values() for row in rows) == np.flatnonzero(np.isnan(seconds)).tolist()
