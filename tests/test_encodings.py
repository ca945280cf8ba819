"""Texts in every encoding and container are read, or refused in one line that names the encoding."""

import bz2
import codecs
import gzip
import io
import json
import mailbox
import sys
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.read import standard_input
from pipeline.read.bounds import RECORD, TEXT
from pipeline.read.dialects import is_utf8
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.read.tables import read_numbered
from pipeline.read.tolerant import read_lines
from pipeline.timeline.feed import read_page

TEXTS = ["Peru sent rice to Chad.", "Café owners in Łódź marched."]
PAGE = "<html><head><title>News</title></head><body><article><p>{}</p><p>{}</p></article></body></html>".format(*TEXTS)
FILES = {
    "a.csv": "id,text\n1,{}\n2,{}\n".format(*TEXTS),
    "a.tsv": "id\ttext\n1\t{}\n2\t{}\n".format(*TEXTS),
    "a.jsonl": "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in TEXTS),
    "a.json": json.dumps([{"text": text} for text in TEXTS], ensure_ascii=False, indent=1),
    "a.rss": "<rss><channel>{}</channel></rss>".format(
        "".join(f"<item><title>{text}</title></item>" for text in TEXTS)
    ),
    "a.txt": "\n\n".join(TEXTS),
    "a.html": PAGE,
}
WIDE = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
PACK = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".bz2": bz2.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def read(*given, **options):
    """The texts of all inputs, split into paragraphs, and their rejects; rows read = scored + rejected."""
    batches = list(read_inputs([str(one) for one in given], ReadOptions(**{"set_aside": True} | options)))
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert sum(batch.read for batch in batches) == sum(map(len, batches)) + len(rejects)
    texts = [text for batch in batches for text in batch.texts.to_pylist()]
    return [part for text in texts for part in text.split("\n\n") if part], rejects


@pytest.fixture
def stdin(monkeypatch):
    def give(data, chunk=None):
        if chunk is not None:
            monkeypatch.setattr(standard_input, "_CHUNK", chunk)
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))

    return give


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", *WIDE])
def test_utf_of_every_kind_is_read_in_every_container_and_format(tmp_path, encoding, packed):
    for name, text in FILES.items():
        if name == "a.html" and packed not in ("", ".gz"):
            continue
        path = tmp_path / f"{name}{packed}"
        path.write_bytes(PACK[packed](text.encode(encoding)))
        assert read(path) == (TEXTS, []), name
    if "32" not in encoding:
        assert read_lines(tmp_path / f"a.csv{packed}").columns["text"].tolist() == TEXTS


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.rss", "a.txt", "a.html"])
@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16-le", "cp037"])
def test_the_encoding_that_one_gives_wins(tmp_path, name, encoding):
    text = FILES[name].replace("Łódź", "Orléans")
    if name == "a.html":
        text = text.replace("<head>", '<head><meta charset="utf-8">')
    if name == "a.rss":
        text = f'<?xml version="1.0" encoding="utf-8"?>{text}'
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert read(tmp_path / name, encoding=encoding)[0] == [text.replace("Łódź", "Orléans") for text in TEXTS]


@pytest.mark.parametrize("declared", ["iso-8859-2", "utf-16"])
def test_utf8_is_read_as_such_whatever_a_page_or_feed_declares(tmp_path, declared):
    (tmp_path / "a.html").write_text(PAGE.replace("<head>", f'<head><meta charset="{declared}">'))
    (tmp_path / "a.rss").write_text(f'<?xml version="1.0" encoding="{declared}"?>{FILES["a.rss"]}')
    assert read(tmp_path / "a.html") == read(tmp_path / "a.rss") == (TEXTS, [])


def test_a_feed_is_read_in_the_encoding_that_it_declares(tmp_path):
    feed = f'<?xml version="1.0" encoding="iso-8859-2"?>{FILES["a.rss"]}'
    (tmp_path / "a.rss").write_bytes(feed.encode("iso-8859-2"))
    assert read(tmp_path / "a.rss") == (TEXTS, [])


def test_mail_in_utf16_is_refused_and_packed_mail_is_read(tmp_path):
    mail = "From: a@b\nSubject: Peru sent rice to Chad.\nDate: Mon, 6 May 2024 10:00:00 +0000\n\nRain fell.\n"
    box = f"From a@b Thu Jan  1 00:00:00 1970\n{mail}"
    for name, text in (("a.eml", mail), ("a.mbox", box)):
        (tmp_path / name).write_bytes(text.encode("utf-16"))
        with pytest.raises(InputError, match=f"{name}: expected an e-mail, found UTF-16; convert"):
            read(tmp_path / name)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
        assert read(tmp_path / f"{name}.gz")[0] == ["Peru sent rice to Chad.", "Rain fell."]
    assert read_page(tmp_path / "a.eml.gz")[1] == "Mon, 06 May 2024 10:00:00 +0000"


def test_packed_articles_of_a_folder_are_read_and_damaged_ones_set_aside(tmp_path):
    whole = gzip.compress(FILES["a.txt"].encode())
    (tmp_path / "a.txt.gz").write_bytes(whole)
    (tmp_path / "b.html.gz").write_bytes(whole[:-12])
    found, (reject,) = read(tmp_path)
    assert found == TEXTS
    assert (reject.file, reject.reason.split(":")[0]) == (str(tmp_path / "b.html.gz"), "cannot be read")


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.txt", "-"])
def test_a_row_in_windows_1252_is_set_aside_with_the_same_hint_everywhere(tmp_path, stdin, name):
    data = FILES.get(name, "\n".join(TEXTS)).replace("Łódź", "Orléans").encode("windows-1252")
    (tmp_path / name).write_bytes(data)
    stdin(data)
    _, (reject,) = read("-" if name == "-" else tmp_path / name)
    assert reject.reason == "expected UTF-8, found byte 0xe9; it looks like windows-1252: try --encoding windows-1252"


@pytest.mark.parametrize("name", ["a.json", "a.html"])
def test_a_file_in_windows_1252_that_is_read_at_once_is_refused_with_the_same_hint(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name].replace("Łódź", "Orléans").encode("windows-1252"))
    with pytest.raises(
        InputError, match="expected UTF-8, found .*; it looks like windows-1252: try --encoding windows"
    ):
        read(tmp_path / name)


@pytest.mark.parametrize("chunk", [1, 5, 1 << 20])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json", "lines", "article"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", *WIDE])
def test_utf_of_every_kind_is_read_from_standard_input(stdin, encoding, name, chunk):
    data = FILES.get(name, "\n".join(TEXTS) if name == "lines" else "\n\n".join(TEXTS)).encode(encoding)
    stdin(data, chunk if encoding.startswith("utf-8") or chunk > 4 else 4)
    assert read("-", articles=name == "article") == (TEXTS, [])
    if not encoding.startswith("utf-8"):
        stdin(data)
        assert read("-", articles=name == "article", encoding=encoding) == (TEXTS, [])


def test_standard_input_that_is_packed_broken_or_of_no_encoding_is_refused_in_one_line(stdin):
    for data, options, message in (
        (gzip.compress(b"Rain fell."), {}, "standard input: compressed with gzip; decompress it first"),
        ("Rain".encode("utf-16") + b"\n", {}, "standard input: cannot be read as utf-16: .*truncated data"),
        (b"Rain fell.", {"encoding": "utf-99"}, "--encoding utf-99: no such encoding"),
    ):
        stdin(data)
        with pytest.raises(InputError, match=message):
            read("-", **options)


@pytest.mark.parametrize("chunk", [100_000, TEXT])
@pytest.mark.parametrize("size", [TEXT + 1, 2 * TEXT, 3 * TEXT + 7])
def test_a_line_over_the_limit_on_standard_input_is_set_aside_and_those_after_it_are_read(stdin, size, chunk):
    data = b"\n".join([b"Rain fell.", b"x" * size, b"Snow fell.", b"y" * size])
    stdin(data, chunk)
    found, rejects = read("-")
    assert found == ["Rain fell.", "Snow fell."]
    reason = f"{size:,} bytes, over the limit of {TEXT:,} for one text; split it into articles"
    assert [(reject.row, reject.reason) for reject in rejects] == [(2, reason), (4, reason)]
    stdin(data, chunk)
    with pytest.raises(InputError, match=f"standard input, line 2: {size:,} bytes, over the limit"):
        read("-", set_aside=False)


def test_a_mailbox_keeps_its_rows_when_it_is_packed(tmp_path):
    box = mailbox.mbox(tmp_path / "a.mbox")
    for text in TEXTS:
        box.add(f"Subject: {text[:4]}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n".encode())
    box.flush()
    (tmp_path / "b.mbox.bz2").write_bytes(bz2.compress((tmp_path / "a.mbox").read_bytes()))
    assert read(tmp_path / "b.mbox.bz2") == read(tmp_path / "a.mbox")


def test_a_byte_order_mark_ends_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(codecs.BOM_UTF8 + TEXTS[0].encode())
    assert read(tmp_path / "a.txt") == (TEXTS[:1], [])


RAGGED = [
    "1{}Peru sent rice.",
    "2{}Caf\udce9 closed.",
    "3",
    "4{}Rain\udcff fell.{}x",
    "5{}Snow fell.",
    "\udce9",
    "6{}Fog.",
]


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoted", [False, True])
def test_rows_of_other_widths_and_bytes_that_are_not_utf8_lose_no_other_row(tmp_path, delimiter, packed, quoted):
    rows = [row.format(*[delimiter] * 2) for row in ["id{}text", *RAGGED]] + [f'7{delimiter}"Hail\nfell."'] * quoted
    path = tmp_path / f"a.{'tsv' if delimiter == chr(9) else 'csv'}{packed}"
    path.write_bytes(PACK[packed]("\n".join(rows).encode(errors="surrogateescape")))
    texts, rejects = read(path)
    assert texts == ["Peru sent rice.", "Snow fell.", "Fog."] + ["Hail\nfell."] * quoted
    assert [(reject.row, reject.reason.split(";")[0]) for reject in rejects] == [
        (3, "expected UTF-8, found byte 0xe9"),
        (4, "expected 2 columns, found 1"),
        (5, "expected 2 columns, found 3"),
        (7, "expected 2 columns, found 1"),
    ]
    assert rejects[2].text == f"4{delimiter}Rain\ufffd fell.{delimiter}x"
    table = []
    assert read_numbered(path, rejects=table)[1].tolist() == [2, 6, 8] + [9] * quoted
    assert [reject.row for reject in table] == [3, 4, 5, 7]


@given(st.binary(max_size=40))
def test_bytes_are_utf8_if_python_can_decode_them(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        assert not is_utf8(data)
    else:
        assert is_utf8(data)


def test_names_of_columns_beside_bytes_that_are_not_utf8_stay_as_they_are(tmp_path):
    (tmp_path / "a.csv").write_bytes("été,text,ö\n1,Rain fell.,é\n".encode() + b"2,caf\xe9,x\n")
    rejects = []
    table, rows = read_numbered(tmp_path / "a.csv", rejects=rejects)
    assert table.to_pydict() == {"été": ["1"], "text": ["Rain fell."], "ö": ["é"]} and rows.tolist() == [2]
    assert [reject.text for reject in rejects] == ["caf\ufffd"]


def test_a_long_row_beside_bytes_that_are_not_utf8_is_set_aside(tmp_path):
    (tmp_path / "a.csv").write_bytes(
        b"id,text\n1,Rain fell.\n2," + b"x" * (RECORD + 1) + b"\n3,caf\xe9\n4,Snow fell.\n"
    )
    texts, rejects = read(tmp_path / "a.csv")
    assert texts == ["Rain fell.", "Snow fell."]
    assert [reject.row for reject in rejects] == [3, 4]
