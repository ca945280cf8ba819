"""Rows that can be traced: file, row and the columns of the input come out with every score."""

import codecs
import io
import json
import mailbox
import os
import subprocess
import sys
import time
from email.message import EmailMessage
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.engines.threads import score_to_file
from pipeline.errors import InputError
from pipeline.read import bounds
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.score.documents import OutputOptions
from pipeline.write.output import json_lines
from tests import forked

SENTENCES = ["Kenya accused Uganda of an attack.", "Chad sent food to Niger."]


def read(*given, **options):
    return list(read_inputs([str(one) for one in given], ReadOptions(**options)))


def columns(documents):
    return {name: column.to_pylist() for name, column in documents.columns.items()}


@pytest.fixture
def scored(model, tmp_path):
    def run(*given, kind="jsonl", asked=OutputOptions(evidence=0), **options):
        out = tmp_path / f"out.{kind}"
        score_to_file(model, [str(one) for one in given], ReadOptions(set_aside=True, **options), asked, out, kind)
        if kind == "parquet":
            return pd.read_parquet(out)
        return pd.read_csv(out) if kind == "csv" else pd.DataFrame([json.loads(line) for line in out.open()])

    return run


@pytest.fixture
def stdin(monkeypatch):
    def give(data):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))

    return give


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_all_columns_of_the_input_pass_through_and_a_clash_gets_a_suffix(scored, tmp_path, kind):
    frame = pd.DataFrame({"id": ["a", "b"], "text": SENTENCES, "likes": [3, 5], "stance": ["x", "y"]})
    frame.to_parquet(tmp_path / "in.parquet")
    found = scored(tmp_path / "in.parquet", kind=kind)
    assert found.id.tolist() == ["a", "b"]
    assert found.text.tolist() == SENTENCES
    assert found.likes.tolist() == [3, 5]
    assert found.stance_input.tolist() == ["x", "y"]
    assert found.file.tolist() == [str(tmp_path / "in.parquet")] * 2
    assert found.row.tolist() == [1, 2]


def test_rows_are_counted_as_a_spreadsheet_counts_and_rejects_with_them(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,one fish\n2,two,three\n3,four fish\n")
    (documents,) = read(tmp_path / "a.csv", set_aside=True)
    assert documents.rows.tolist() == [2, 4]
    assert [reject.row for reject in documents.rejects] == [3]


def test_columns_can_be_chosen(tmp_path):
    (tmp_path / "a.csv").write_text("id,Date,text,n\n1,monday,one fish,4\n")
    assert columns(read(tmp_path / "a.csv", columns=("date",))[0]) == {"Date": ["monday"]}
    assert columns(read(tmp_path / "a.csv", columns=())[0]) == {}


def test_files_with_other_columns_make_one_table(scored, tmp_path):
    (tmp_path / "a.csv").write_text(f"id,text,n\n1,{SENTENCES[0]},4\n")
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": SENTENCES[1], "n": 7, "lang": "en"}))
    found = scored(tmp_path / "a.csv", tmp_path / "b.jsonl", kind="parquet")
    assert found.n.tolist() == ["4", "7"]
    assert found.lang.isna().tolist() == [True, False]
    rows = scored(tmp_path / "a.csv", tmp_path / "b.jsonl").to_dict("records")
    assert (rows[0]["n"], rows[1]["n"]) == ("4", 7)


def test_json_values_keep_their_types_and_what_does_not_fit_is_set_aside(tmp_path):
    rows = [
        {"text": "a b", "n": 1, "x": 0.5, "ok": True, "tags": ["p"]},
        {"text": "c d", "n": None, "x": 2, "ok": False},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in [*rows, {"text": "e f", "n": "many"}]))
    (documents,) = read(tmp_path / "a.jsonl", set_aside=True)
    assert columns(documents) == {
        "text": ["a b", "c d", "e f"], "n": ["1", None, "many"], "x": [0.5, 2.0, None], "ok": [True, False, None],
        "tags": ['["p"]', None, None],
    }  # fmt: skip


def test_a_column_that_begins_late_is_named(tmp_path, capsys):
    lines = [json.dumps({"text": "one fish"})] * 1_001 + [json.dumps({"text": "two fish", "late": 1})]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert sum(map(len, read(tmp_path / "a.jsonl"))) == 1_002
    assert "columns late first appear after line 1,000; ignored" in capsys.readouterr().err


def test_what_stands_for_no_text_is_none(tmp_path):
    (tmp_path / "a.csv").write_text("id,text\n1,NA\n2,null\n3,Nan bread\n")
    (documents,) = read(tmp_path / "a.csv")
    assert documents.texts.to_pylist() == ["", "", "Nan bread"]
    assert columns(documents)["text"] == ["NA", "null", "Nan bread"]


@pytest.mark.parametrize(
    "data",
    [
        b"id,text\n7,Chad sent food to Niger.\n",
        b"id\ttext\n7\tChad sent food to Niger.\n",
        b'{"id": 7, "text": "Chad sent food to Niger."}\n',
    ],
)
def test_a_table_on_standard_input_is_read_as_one(stdin, data):
    stdin(data)
    (documents,) = read("-")
    assert documents.ids.to_pylist() == ["7"]
    assert documents.texts.to_pylist() == [SENTENCES[1]]
    assert documents.file == "-"


def test_standard_input_is_what_one_says_it_is(stdin):
    stdin(b"text\nChad sent food to Niger.\n")
    assert [t for d in read("-", stdin_format="text") for t in d.texts.to_pylist()] == ["text", SENTENCES[1]]
    stdin(b"x")
    with pytest.raises(InputError, match="--stdin-format xml: expected one of text, csv, tsv, jsonl"):
        read("-", stdin_format="xml")


def test_an_article_on_standard_input_is_one_document(stdin):
    stdin("\n\n".join(SENTENCES).encode())
    (documents,) = read("-", articles=True)
    assert documents.articles
    assert documents.texts.to_pylist() == ["\n\n".join(SENTENCES)]


def test_sentences_carry_their_article_and_its_columns(scored, tmp_path):
    body = " ".join(SENTENCES)
    pd.DataFrame({"id": ["x"], "headline": ["Row over raid"], "body": [body], "date": ["2024-05-01"]}).to_csv(
        tmp_path / "a.csv", index=False
    )
    found = scored(tmp_path / "a.csv", asked=OutputOptions(sentences=True, evidence=0), articles=True, sentences=True)
    assert found.text.tolist() == ["Row over raid", *SENTENCES]
    assert found.article.tolist() == ["x"] * 3
    assert found.date.tolist() == ["2024-05-01"] * 3
    assert "body" not in found.columns


def test_a_column_to_keep_that_a_table_on_standard_input_lacks_is_an_error(stdin):
    stdin(b"date,text\nmonday,one fish swims\n")
    with pytest.raises(InputError, match="--columns dat: no such column; the input has date, text"):
        read("-", columns=("dat",))


def test_a_line_that_is_not_utf8_loses_no_other(stdin):
    stdin(b"Rebels fired.\ncaf\xe9 closed\nTalks resumed.\n")
    (documents,) = read("-", set_aside=True)
    assert (documents.texts.to_pylist(), documents.read) == (["Rebels fired.", "Talks resumed."], 3)
    assert (documents.rejects[0].row, documents.rejects[0].text) == (2, "caf\ufffd closed")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_sentences_of_pages_feeds_and_tables_make_one_table_whatever_their_text_columns(scored, tmp_path, kind):
    news = tmp_path / "news"
    news.mkdir()
    pd.DataFrame({"text": SENTENCES}).to_csv(news / "a.csv", index=False)
    pd.DataFrame({"headline": SENTENCES, "day": ["monday", "friday"]}).to_excel(news / "b.xlsx", index=False)
    (news / "c.txt").write_text(" ".join(SENTENCES))
    (news / "d.rss").write_text(f"<rss><channel><item><title>{SENTENCES[0]}</title></item></channel></rss>")
    asked = OutputOptions(sentences=True, evidence=0)
    found = scored(news, "Rain fell on Chad.", kind=kind, asked=asked, articles=True, sentences=True, alike=True)
    assert found.text.tolist() == [*SENTENCES * 3, SENTENCES[0], "Rain fell on Chad."]
    assert found.day.dropna().tolist() == ["monday", "friday"]
    assert not {"text_input", "headline"} & {*found.columns}


def test_a_column_to_keep_that_no_table_has_is_named_with_those_there_are(tmp_path):
    (tmp_path / "a.csv").write_text("Date,text\nmonday,one fish\n")
    (tmp_path / "b.csv").write_text("text,link\ntwo fish,x.org\n")
    with pytest.raises(InputError, match="--columns lnk: no such column; the input has Date, link, text"):
        read(tmp_path / "a.csv", tmp_path / "b.csv", columns=("date", "lnk"))
    assert len(read(tmp_path / "a.csv", tmp_path / "b.csv", columns=("date", "link"))) == 2
    assert columns(read("Two fish swim.", columns=("text",))[0]) == {"text": ["Two fish swim."]}


def test_feeds_and_mailboxes_are_tables_with_dates_and_links(tmp_path):
    (tmp_path / "a.atom").write_text(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>u:1</id><title>Truce in Sato</title><link href="https://x.org/1"/>'
        "<updated>2024-05-01T06:00:00Z</updated><summary>Guns fell silent.</summary></entry></feed>"
    )
    (documents,) = read(tmp_path / "a.atom")
    assert documents.articles and documents.ids.to_pylist() == ["u:1"]
    assert columns(documents)["date"] == ["2024-05-01T06:00:00Z"]
    assert columns(documents)["link"] == ["https://x.org/1"]
    box = mailbox.mbox(tmp_path / "b.mbox")
    for subject in ("Raid", "Aid"):
        message = EmailMessage()
        message["Subject"], message["Date"] = subject, "Wed, 01 May 2024 06:00:00 +0000"
        message.set_content(SENTENCES[0])
        box.add(message)
    box.close()
    (documents,) = read(tmp_path / "b.mbox")
    assert documents.texts.to_pylist() == [f"Raid\n\n{SENTENCES[0]}", f"Aid\n\n{SENTENCES[0]}"]
    assert columns(documents)["title"] == ["Raid", "Aid"]


def test_the_text_of_a_pdf_has_its_words_put_together(tmp_path):
    pypdf = pytest.importorskip("pypdf")
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = pypdf.PdfWriter()
    page, written = writer.add_blank_page(612, 792), DecodedStreamObject()
    written.set_data(b"BT /F1 12 Tf 14 TL 72 720 Td (Kenya accused Ugan-) Tj T* (da of an attack.) Tj ET")
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    font = DictionaryObject({NameObject(name): NameObject(value) for name, value in font.items()})
    fonts = DictionaryObject({NameObject("/F1"): font})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    page[NameObject("/Contents")] = writer._add_object(written)
    writer.write(tmp_path / "a.pdf")
    assert read(tmp_path / "a.pdf")[0].texts.to_pylist() == [SENTENCES[0]]


def test_any_type_of_column_can_be_written_as_json():
    table = pa.table(
        {"when": pa.array([0], pa.timestamp("s")), "n": [float("nan")], "deep": [{"a": [1]}], "no": [None]}
    )
    assert json.loads(json_lines(table)) == {"when": "1970-01-01 00:00:00", "n": None, "deep": {"a": [1]}, "no": None}


def test_categories_of_pandas_and_bytes_are_text(scored, tmp_path):
    table = pa.table({"text": pa.array(SENTENCES).dictionary_encode(), "note": pa.array([b"a", b"b"])})
    parquet.write_table(table, tmp_path / "a.parquet")
    found = scored(tmp_path / "a.parquet")
    assert (found.text.tolist(), found.note.tolist()) == (SENTENCES, ["a", "b"])


def test_a_format_that_the_suffix_denies_is_an_error(folder, tmp_path):
    found = forked.run(["score", SENTENCES[0], "-m", folder, "--format", "csv", "--out", "x.jsonl"], tmp_path)
    assert found.returncode == 1 and "--format csv contradicts the suffix of x.jsonl" in found.stderr


@pytest.mark.parametrize(
    "content", [",text\n0,Talks resume\n1,Rebels fired\n", "text,\nTalks resume,0\nRebels fired,1\n"]
)
def test_a_column_without_a_name_such_as_the_index_that_pandas_writes_passes_through(tmp_path, content, scored):
    (tmp_path / "a.csv").write_text(content)
    (batch,) = read(tmp_path / "a.csv")
    assert batch.texts.to_pylist() == ["Talks resume", "Rebels fired"]
    assert columns(batch)[""] == ["0", "1"]
    for kind in ("jsonl", "csv", "parquet"):
        assert len(scored(tmp_path / "a.csv", kind=kind)) == 2


@pytest.mark.parametrize("options", [{}, {"encoding": "utf-8"}])
def test_a_byte_order_mark_on_standard_input_is_no_part_of_a_text(stdin, options):
    for given in ({}, {"articles": True}):
        stdin(codecs.BOM_UTF8 + SENTENCES[0].encode())
        assert read("-", **given, **options)[0].texts.to_pylist() == [SENTENCES[0]]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_json_array_on_standard_input_is_a_table(stdin, indent, mark):
    stdin(mark + json.dumps([{"text": text} for text in SENTENCES], indent=indent).encode())
    (documents,) = read("-")
    assert documents.texts.to_pylist() == SENTENCES
    stdin(b"[Reuters] Chad sent food to Niger.\n")
    assert read("-")[0].texts.to_pylist() == ["[Reuters] Chad sent food to Niger."]


def test_standard_input_that_is_closed_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input: closed; pipe texts to it, or give a file instead of -"):
        read("-")


def test_an_article_on_standard_input_over_the_bound_is_refused_and_not_cut(stdin):
    for size in (bounds.TEXT + 1, bounds.PAGE + 1):
        stdin(b"x" * size)
        with pytest.raises(InputError, match="standard input: the text has .* bytes, over the limit of 1,048,576"):
            read("-", articles=True)
    stdin(b"Rain fell.\n" * 2)
    with pytest.raises(InputError, match="--encoding utf-99: no such encoding"):
        read("-", encoding="utf-99")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (b"<?xml version='1.0'?>\n<rss><channel></channel></rss>", "a web page or a feed"),
        (b"<p>Rebels fired.</p>\n", "a web page or a feed"),
        (b"From a@b.c Mon Jan  1 10:00:00 2024\nSubject: Talks\nFrom: a@b.c\n\nRebels fired.\n", "e-mail"),
        (b"Subject: Talks\nDate: Mon, 1 Jan 2024\n\nRebels fired.\n", "e-mail"),
        (b"PK\x03\x04\x14\0\0\0", "a binary file"),
    ],
)
def test_files_of_other_kinds_on_standard_input_are_refused(stdin, given, kind):
    for articles in (False, True):
        stdin(given)
        with pytest.raises(InputError, match=f"standard input: begins like {kind}; save it"):
            read("-", articles=articles)


def test_lines_that_only_look_like_a_header_of_mail_are_snippets(stdin):
    stdin(b"From the army: nothing.\nTo: the point, said Rao.\n")
    assert read("-")[0].texts.to_pylist() == ["From the army: nothing.", "To: the point, said Rao."]
    stdin(b"  \n\n")
    with pytest.raises(InputError, match="only white space; expected an article"):
        read("-", articles=True)


@pytest.mark.posix
def test_a_pipe_that_does_not_wait_is_read_to_its_end(tmp_path, folder):
    ends, begin = os.pipe()
    os.set_blocking(ends, False)
    command = [sys.executable, "-m", "pipeline.cli", "score", "--model", str(folder), "-"]
    with subprocess.Popen(command, stdin=ends, stdout=subprocess.PIPE) as scoring:
        os.close(ends)
        for town in ("Lorn", "Marn"):
            time.sleep(2)
            os.write(begin, f"Rebels fired on the town of {town}.\n".encode())
        os.close(begin)
        assert len(scoring.communicate(timeout=60)[0].splitlines()) == 2


@pytest.mark.posix
def test_a_folder_is_read_once_however_many_links_lead_to_it(tmp_path):
    for number in range(12):
        (tmp_path / f"d{number}").mkdir()
        (tmp_path / f"d{number}" / "a.txt").write_text(SENTENCES[0])
    for number in range(11):
        for link in ("x", "y"):
            (tmp_path / f"d{number}" / link).symlink_to(f"../d{number + 1}")
    assert len(read(str(tmp_path), articles=True)) == 12


@pytest.mark.posix
def test_folders_may_be_nested_deeply(tmp_path):
    here = tmp_path
    for _ in range(1200):
        here /= "d"
        here.mkdir()
    (here / "a.txt").write_text(SENTENCES[0])
    try:
        assert len(read(str(tmp_path), articles=True)) == 1
    finally:  # pytest cannot delete it
        while here != tmp_path:
            for path in here.iterdir():
                path.rmdir() if path.is_dir() else path.unlink()
            here = here.parent


def test_the_encoding_undefined_is_no_encoding(tmp_path, stdin):
    (tmp_path / "u.html").write_bytes(b"<meta charset=undefined><p>caf\xe9 Rebels fired on the town.</p>")
    with pytest.raises(InputError, match="expected UTF-8, found other bytes"):
        read(str(tmp_path / "u.html"), articles=True)
    stdin(b"Rain fell.\n")
    with pytest.raises(InputError, match="--encoding undefined: no such encoding"):
        read("-", encoding="undefined")
