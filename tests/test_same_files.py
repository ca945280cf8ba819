"""`train`, `evaluate`, `score` and `drift` accept the same files, set the same rows aside and refuse in the same words."""

import gzip
import json
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.evaluate.drift import read_scored
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.read.source import Written
from pipeline.sources.mix import Recipe, read_mix, read_tests

FRAME = pd.DataFrame(
    {
        "text": ["Perú sent rice to Chad.", "Café owners in Łódź marched.", "Guns fell silent in Goma."],
        "stance": ["de-escalation", "escalation", "de-escalation"],
        "tension": [-0.5, 0.5, -0.25],
        "coverage": [1.0, 0.5, 0.75],
    }
)
LATIN = FRAME.replace({"text": {"Café owners in Łódź marched.": "Café owners in Málaga marched."}})


def delimited(path, frame=FRAME, **options):
    frame.to_csv(path, index=False, **options)


WRITERS = {
    "a.csv": delimited,
    "semicolon.csv": lambda path: delimited(path, sep=";"),
    "a.tsv": lambda path: delimited(path, sep="\t"),
    "a.csv.gz": delimited,
    "hidden-gzip.csv": lambda path: path.write_bytes(gzip.compress(FRAME.to_csv(index=False).encode())),
    "utf-16.csv": lambda path: delimited(path, encoding="utf-16"),
    "a.jsonl": lambda path: FRAME.to_json(path, orient="records", lines=True, force_ascii=False),
    "a.ndjson": lambda path: FRAME.to_json(path, orient="records", lines=True, force_ascii=False),
    "array.json": lambda path: FRAME.to_json(path, orient="records", force_ascii=False),
    "a.parquet": FRAME.to_parquet,
    "a.xlsx": lambda path: FRAME.to_excel(path, index=False),
    "a.dta": lambda path: FRAME.to_stata(path, write_index=False, version=118),
}


def train(given, written):
    corpus = read_mix(Recipe((given,), encoding=written.encoding, delimiter=written.delimiter))
    return sorted(corpus.texts), sorted((one.row, one.reason) for one in corpus.set_aside)


def evaluate(given, written):
    corpus = read_tests(Recipe((given,), encoding=written.encoding, delimiter=written.delimiter))
    return sorted(corpus.texts), sorted((one.row, one.reason) for one in corpus.set_aside)


def score(given, written):
    options = ReadOptions(set_aside=True, encoding=written.encoding, delimiter=written.delimiter)
    found = [*read_inputs([given], options)]
    texts = [text for documents in found for text in documents.texts.to_pylist()]
    return sorted(texts), sorted((one.row, one.reason) for documents in found for one in documents.rejects)


def drift(given, written, said):
    texts = read_scored(given, written)["text"]
    return sorted(texts), said()


@pytest.fixture
def commands(capsys):
    """What each command reads: its texts, and the rows that it sets aside (of `drift` the warning about them)."""

    def read_all(given, written=Written()):
        given = str(given)
        found = {command.__name__: command(given, written) for command in (train, evaluate, score)}
        capsys.readouterr()
        found["drift"] = drift(given, written, lambda: capsys.readouterr().err)
        return found

    return read_all


def refusals(given, written=Written()):
    said = set()
    for command in (train, evaluate, score, lambda one, how: drift(one, how, str)):
        with pytest.raises(InputError) as refused:
            command(str(given), written)
        said.add(str(refused.value))
    return said


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_is_read_alike_by_all(name, tmp_path, commands):
    WRITERS[name](tmp_path / name)
    for given in (tmp_path / name, tmp_path, f"{tmp_path}/*{name[1:]}"):
        for texts, aside in commands(given).values():
            assert texts == sorted(FRAME.text) and not aside


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz"])
def test_encoding_and_separator_are_taken_from_the_command_line(name, tmp_path, commands):
    delimited(tmp_path / name, LATIN, sep="~", encoding="windows-1252")
    for texts, aside in commands(tmp_path / name, Written("windows-1252", "~")).values():
        assert texts == sorted(LATIN.text) and not aside


FAULTS = {
    "cells.csv": (FRAME.to_csv(index=False) + "one cell too few,escalation\n").encode(),
    "bytes.tsv": FRAME.to_csv(index=False, sep="\t").encode() + b"Caf\xe9 owners marched.\tescalation\t0.1\t1\n",
    "record.jsonl": FRAME.to_json(orient="records", lines=True).encode() + b'{"text": "cut off\n',
    "long.jsonl": FRAME.to_json(orient="records", lines=True).encode()
    + json.dumps({"text": "x" * (1 << 20) + "x", "stance": "escalation", "tension": 0.1, "coverage": 1.0}).encode(),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_same_row_is_set_aside_by_all_for_the_same_reason(name, tmp_path, commands):
    (tmp_path / name).write_bytes(FAULTS[name])
    found = commands(tmp_path / name)
    assert {tuple(texts) for texts, _ in found.values()} == {tuple(sorted(FRAME.text))}
    (row, reason), *more = found["score"][1]
    assert row == (5 if name.endswith("v") else 4) and not more
    assert found["train"] == found["evaluate"] == found["score"]
    assert f"1 row skipped that cannot be read; the first: row {row}: {reason}" in found["drift"][1]


REFUSED = {
    "absent.csv": None,
    "empty.csv": b"",
    "header.csv": b"text,stance,tension,coverage\n",
    "open.csv": b'text,stance,tension,coverage\n"Guns fell silent,escalation,0.1,1\nTalks began,escalation,0.1,1\n',
    "broken.json": b'[{"text": "Talks began',
    "other.parquet": b"PAR1 and no more",
    "other.xlsx": b"no workbook",
    "nothing-readable.jsonl": b"null\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_the_same_words_by_all(name, tmp_path):
    if REFUSED[name] is not None:
        (tmp_path / name).write_bytes(REFUSED[name])
    (said,) = refusals(tmp_path / name)
    assert said.startswith(str(tmp_path / name)) and "\n" not in said


def test_an_unknown_encoding_a_pipe_and_an_empty_folder_too(tmp_path):
    delimited(tmp_path / "a.csv")
    (said,) = refusals(tmp_path / "a.csv", Written("klingon"))
    assert said.startswith("--encoding klingon: no such encoding")
    (tmp_path / "nothing").mkdir()
    assert all(said.startswith(f"{tmp_path}/nothing: no ") for said in refusals(tmp_path / "nothing"))
    assert all(said == f"{tmp_path}/*.xyz: no file matches this pattern" for said in refusals(f"{tmp_path}/*.xyz"))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        assert len(refusals(tmp_path / "pipe.csv")) == 1


@pytest.fixture
def served(tmp_path):
    """A folder, and the URL of a web server that serves it."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.csv.gz", "a.txt"])
def test_score_reads_urls(name, served):
    folder, address = served
    if name == "a.txt":
        (folder / name).write_text("Guns fell silent in Goma.", encoding="utf-8")
    else:
        WRITERS[name](folder / name)
    expected, aside = score(str(folder / name), Written())
    assert score(f"{address}/{name}", Written()) == (expected, aside)
    assert score((folder / name).as_uri(), Written()) == (expected, aside)
    (documents, *_) = read_inputs([f"{address}/{name}"], ReadOptions())
    assert documents.file == f"{address}/{name}"


def test_score_reads_folders_and_patterns_of_other_file_systems():
    store = fsspec.filesystem("memory")
    for name in ("news/a.csv", "news/deep/b.csv", "news/c.docx"):
        store.pipe(f"/{name}", FRAME.to_csv(index=False).encode())
    assert len(score("memory://news", Written())[0]) == 2 * len(FRAME)
    assert len(score("memory://news/*.csv", Written())[0]) == len(FRAME)


def test_a_url_that_cannot_be_read_is_one_line(served):
    _, address = served
    for given, said in (
        (f"{address}/none.csv", "no such file"),
        ("http://127.0.0.1:9/a.csv", "no answer"),
        ("klingon://news/a.csv", "unsupported URL"),
    ):
        with pytest.raises(InputError, match=said) as refused:
            score(given, Written())
        assert str(refused.value).startswith(f"{given}: ") and "\n" not in str(refused.value)
    with pytest.raises(InputError, match="only `detente score` reads URLs"):
        train(f"{address}/a.csv", Written())
