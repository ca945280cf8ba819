"""What people have: files of every encoding, separator and kind are read, or refused in one line that says what to do."""

import codecs
import gzip
import json
import os
import re

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.arrays.arrow import as_strings
from pipeline.corpus.labelled import read_labelled
from pipeline.errors import InputError
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.read.mail import message_of
from pipeline.read.sentences import split_sentences
from pipeline.read.tables import read_table
from pipeline.read.tolerant import read_lines
from pipeline.write.output import encoded

ROWS = "id,text\n1,Peru sent rice to Chad.\n2,Café owners in Łódź marched.\n"
TEXTS = ["Peru sent rice to Chad.", "Café owners in Łódź marched."]


def texts(path, **options):
    """The texts of an input, and its rejects."""
    batches = list(read_inputs([str(path)], ReadOptions(set_aside=True, **options)))
    found = [
        text
        for batch in batches
        for text in (batch.texts if isinstance(batch.texts, list) else batch.texts.to_pylist())
    ]
    return found, [reject for batch in batches for reject in batch.rejects]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", ROWS.encode()),
        ("bom.csv", ROWS.encode("utf-8-sig")),
        ("utf16.csv", ROWS.encode("utf-16")),
        ("gzip_without_its_suffix.csv", gzip.compress(ROWS.encode(), mtime=0)),
        ("semicolon.csv", ROWS.replace(",", ";").encode()),
        ("pipe.csv", ROWS.replace(",", "|").encode()),
        ("tab.tsv", ROWS.replace(",", "\t").encode()),
        ("lines.jsonl", "\n".join(json.dumps({"id": str(k), "text": text}) for k, text in enumerate(TEXTS)).encode()),
        ("array.json", json.dumps([{"text": text} for text in TEXTS]).encode()),
    ],
)
def test_the_same_rows_come_out_of_every_kind_of_table_for_scoring_and_for_training(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert texts(tmp_path / name) == (TEXTS, [])
    assert read_table(tmp_path / name).column("text").to_pylist() in (TEXTS, [text.encode() for text in TEXTS])


@pytest.mark.parametrize("suffix", [".xlsx", ".dta", ".parquet"])
def test_excel_stata_and_parquet_are_tables(tmp_path, suffix):
    frame = pd.DataFrame({"text": TEXTS})
    path = tmp_path / f"a{suffix}"
    {
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".dta": lambda: frame.to_stata(path, version=118),
        ".parquet": lambda: frame.to_parquet(path),
    }[suffix]()
    assert texts(path) == (TEXTS, [])
    assert read_table(path).num_rows == 2


@pytest.mark.parametrize(
    "data", ['id,text\n1,"Peru sent rice.\n2,Rain fell.\n', 'id,text\n1,"Peru sent rice.”\n2,"Rain."\n']
)
def test_a_quotation_mark_that_is_never_closed_swallows_no_row(tmp_path, data):
    (tmp_path / "a.csv").write_text(data)
    for read in (texts, read_table):
        with pytest.raises(InputError, match=r"a.csv, row 2: unclosed quotation mark"):
            read(tmp_path / "a.csv")


def test_a_line_end_inside_quotes_of_a_tab_separated_file_belongs_to_the_text(tmp_path):
    (tmp_path / "a.tsv").write_text('id\ttext\n1\t"Peru sent\nrice."\n2\tRain.\n')
    assert texts(tmp_path / "a.tsv")[0] == ["Peru sent\nrice.", "Rain."]
    (tmp_path / "b.tsv").write_text('id\ttext\n1\tHe said "no.\n2\tRain "fell".\n')
    assert texts(tmp_path / "b.tsv")[0] == ['He said "no.', 'Rain "fell".']


def test_windows_1252_is_named_and_read_when_asked_for(tmp_path):
    (tmp_path / "a.txt").write_bytes("Café owners marched.".encode("windows-1252"))
    with pytest.raises(InputError, match=r"it looks like windows-1252: try --encoding windows-1252"):
        texts(tmp_path / "a.txt")
    assert texts(tmp_path / "a.txt", encoding="windows-1252")[0] == ["Café owners marched."]


def test_a_page_is_read_in_the_charset_that_it_declares(tmp_path):
    page = '<html><head><meta charset="iso-8859-1"></head><body><article><p>Café owners marched to the palace on Monday and sang.</p></article></body></html>'
    (tmp_path / "a.html").write_bytes(page.encode("iso-8859-1"))
    assert "Café owners" in texts(tmp_path / "a.html")[0][0]


def test_a_bad_byte_does_not_lose_the_good_lines(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"Peru sent rice.\nChad \xe9 slept.\nRain fell.")
    found, (reject,) = texts(tmp_path / "a.txt")
    assert found == ["Peru sent rice.\nRain fell."]
    assert reject.row == 2
    assert reject.reason == "expected UTF-8, found byte 0xe9; it looks like windows-1252: try --encoding windows-1252"


def test_one_bad_file_of_a_folder_is_set_aside_and_unknown_kinds_are_named(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("Peru sent rice.")
    (tmp_path / "b.html").write_text("<html></html>")
    (tmp_path / "c.docx").write_bytes(b"x")
    found, (reject,) = texts(tmp_path)
    assert found == ["Peru sent rice."]
    assert (reject.file, reject.row) == (str(tmp_path / "b.html"), 0)
    assert "1 file skipped (.docx)" in capsys.readouterr().err


def test_mail_with_headers_that_python_cannot_parse_keeps_its_text_and_its_headers(tmp_path):
    """The standard library raises IndexError where an address ends in @."""
    mail = "From: a@\nTo: <\nSubject: =?utf-8?q?=?=\nDate: Mon, 01 Jan 80240\nContent-Disposition: ;=\n\nRebels fired\0 on the town.\n"
    (tmp_path / "a.eml").write_text(mail)
    (tmp_path / "a.mbox").write_text(f"From a@b Thu Jan  1 00:00:00 1970\n{mail}")
    assert "Rebels fired" in texts(tmp_path / "a.eml")[0][0]
    assert read_table(tmp_path / "a.mbox").to_pylist()[0]["from"] == "a@"


def test_feeds_and_mails_give_their_texts(tmp_path):
    (tmp_path / "a.xml").write_text(
        "<rss><channel><title>News</title><item><title>Truce in Sato</title><description>&lt;p&gt;Guns fell silent.&lt;/p&gt;"
        "</description></item></channel></rss>"
    )
    assert texts(tmp_path / "a.xml")[0] == ["Truce in Sato\n\nGuns fell silent."]
    (tmp_path / "a.eml").write_text(
        "From: a@b\nSubject: Envoy arrives\nContent-Type: text/plain\n\nThe envoy met the king.\n"
    )
    assert texts(tmp_path / "a.eml")[0] == ["Envoy arrives\n\nThe envoy met the king."]


@pytest.mark.parametrize("line", ["null", "[" * 5000, "7", '{"text": 1'])
def test_a_line_that_is_no_object_is_set_aside(tmp_path, line):
    (tmp_path / "a.jsonl").write_text(f'{line}\n{{"text": "Peru sent rice."}}\n')
    found, (reject,) = texts(tmp_path / "a.jsonl")
    assert (found, reject.row) == (["Peru sent rice."], 1)


@pytest.mark.parametrize(("given", "message"), [("", "the text is blank"), ("report.pdf", "report.pdf: no such file")])
def test_what_is_no_text_is_not_scored(given, message):
    with pytest.raises(InputError, match=message):
        list(read_inputs([given], ReadOptions()))


def test_labels_are_understood_as_people_spell_them(tmp_path):
    rows = "Text,Label\nPeru sent rice.,De-Escalatory\nChad shelled Peru.,ESCALATION\nRain fell.,neither\n"
    (tmp_path / "a.csv").write_text(rows)
    assert read_labelled([tmp_path / "a.csv"]).stances.tolist() == ["de-escalation", "escalation", "neutral"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Troops shot.\n- Aid came\n- Talks began", ["Troops shot.", "Aid came", "Talks began"]),
        ("1. Aid came.\n2. Talks began.", ["Aid came.", "Talks began."]),
        ("The army shelled a mill on Sunday.Two men died.", ["The army shelled a mill on Sunday.", "Two men died."]),
        ("The pact – at last! – was signed.", ["The pact – at last! – was signed."]),
        ("They met.(AFP) Rain fell.", ["They met.", "Rain fell."]),
    ],
)
def test_sentences_are_cut_as_a_reader_would(text, sentences):
    assert split_sentences(text) == sentences


def test_a_mail_whose_charset_is_nonsense_is_read_all_the_same(tmp_path):
    (tmp_path / "a.eml").write_bytes(
        b"Subject: War\nContent-Type: text/plain; charset=utf-\0\08\n\nRebels fired on the town.\n"
    )
    assert "Rebels fired on the town." in texts(tmp_path / "a.eml")[0][0]


def workbook(path, **sheets):
    with pd.ExcelWriter(path) as writer:
        for sheet, frame in sheets.items():
            frame.to_excel(writer, sheet_name=sheet, index=False)


NOTES, ONE = pd.DataFrame({"note": ["x"]}), pd.DataFrame({"text": TEXTS, "day": ["monday", "friday"]})
TWO = pd.DataFrame({"headline": ["Rain fell."], "place": ["Chad"]})


def test_every_sheet_with_texts_is_read_and_others_are_named(tmp_path, capsys):
    workbook(tmp_path / "a.xlsx", Notes=NOTES, One=ONE, Empty=pd.DataFrame(), Two=TWO)
    found = list(read_inputs([str(tmp_path / "a.xlsx")], ReadOptions(alike=True)))
    assert [text for batch in found for text in batch.texts.to_pylist()] == [*TEXTS, "Rain fell."]
    assert [batch.rows.tolist() for batch in found] == [[2, 3], [2]]
    assert [batch.ids.to_pylist() for batch in found] == [["One!1", "One!2"], ["Two!1"]]
    assert {tuple(batch.columns) for batch in found} == {("text", "day", "headline", "place")}
    assert capsys.readouterr().err.count("skipped sheets without the required columns: Notes\n") == 1


def test_a_workbook_without_texts_names_its_sheets_and_one_with_a_single_sheet_of_texts_has_plain_ids(tmp_path):
    workbook(tmp_path / "a.xlsx", Notes=NOTES, More=NOTES)
    with pytest.raises(
        InputError,
        match=r"a.xlsx: none of the sheets Notes, More has the required columns; the first: expected a column",
    ):
        texts(tmp_path / "a.xlsx")
    workbook(tmp_path / "b.xlsx", Notes=NOTES, One=ONE)
    assert next(read_inputs([str(tmp_path / "b.xlsx")], ReadOptions())).ids.to_pylist() == ["1", "2"]


def test_sheets_with_the_columns_of_the_first_make_one_table(tmp_path, capsys):
    workbook(tmp_path / "a.xlsx", One=ONE, Notes=NOTES, More=ONE.assign(extra=1))
    for read in (read_table, read_lines):
        found = read(tmp_path / "a.xlsx")
        assert len(found) == 4
        assert "skipped sheets without the required columns: Notes" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".xlsx", ".dta"])
def test_excel_and_stata_are_read_compressed(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    (ONE.to_excel if suffix == ".xlsx" else ONE.to_stata)(
        path, **({"index": False} if suffix == ".xlsx" else {"version": 118})
    )
    (tmp_path / f"b{suffix}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    assert texts(tmp_path / f"b{suffix}.gz") == (TEXTS, [])


LINES = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in TEXTS)
ARRAY = json.dumps([{"text": text} for text in TEXTS], indent=1).encode()


@pytest.mark.parametrize("options", [{}, {"encoding": "utf-8"}])
@pytest.mark.parametrize(("name", "data"), [("a.jsonl", LINES), ("a.json", ARRAY), ("a.csv", ROWS.encode())])
def test_a_byte_order_mark_is_no_part_of_a_table(tmp_path, name, data, options):
    (tmp_path / name).write_bytes(codecs.BOM_UTF8 + data)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(codecs.BOM_UTF8 + data, mtime=0))
    assert texts(tmp_path / name, **options) == texts(tmp_path / f"{name}.gz", **options) == (TEXTS, [])


@pytest.mark.posix
def test_links_to_folders_are_followed_and_what_is_no_file_is_named(tmp_path, capsys):
    news, other = tmp_path / "news", tmp_path / "other"
    for folder in (news, other):
        folder.mkdir()
        (folder / "a.csv").write_text(ROWS)
    (news / "b").symlink_to(other)
    (other / "around").symlink_to(news)
    (news / "c.csv").symlink_to("nowhere.csv")
    os.mkfifo(news / "d.csv")
    assert texts(news) == (TEXTS * 2, [])
    said = "3 files skipped (dangling link c.csv, folder around, pipe or device d.csv)"
    assert said in capsys.readouterr().err
    assert texts(f"{news}/*") == (TEXTS, [])
    assert "3 files skipped (dangling link c.csv, folder b, pipe or device d.csv)" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"d.csv: expected a file, found a pipe"):
        texts(news / "d.csv")


@pytest.mark.linux
def test_a_file_whose_name_is_not_utf8_ends_no_run(tmp_path, capsys):
    (tmp_path / "a.csv").write_text(ROWS)
    with open(os.fsencode(tmp_path) + b"/caf\xe9.csv", "w") as file:
        file.write(ROWS)
    for options in ({}, {"alike": True}, {"columns": ("id",)}):
        found, (reject,) = texts(tmp_path, **options)
        assert (found, reject.reason) == (TEXTS, "the name is not UTF-8; rename the file")
        assert reject.file == f"{tmp_path}/caf?.csv"


def test_an_empty_file_ends_no_run_that_keeps_some_columns(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "b.csv").touch()
    found, (reject,) = texts(tmp_path, columns=("id",))
    assert (found, reject.file) == (TEXTS, str(tmp_path / "b.csv"))


@pytest.mark.parametrize("given", ["||", "", "§", '"'])
def test_a_separator_that_cannot_be_one_is_refused(given):
    with pytest.raises(InputError, match=f"--delimiter {re.escape(repr(given))}: expected one ASCII character"):
        ReadOptions(delimiter=given)


def test_a_tab_can_be_written_as_people_type_it(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS.replace(",", "\t"))
    assert texts(tmp_path / "a.csv", delimiter=r"\t") == (TEXTS, [])


def test_a_header_that_is_not_utf8_asks_for_the_encoding(tmp_path):
    (tmp_path / "a.csv").write_bytes("text,café\nPeru sent rice.,1\n".encode("latin-1"))
    with pytest.raises(InputError, match="a.csv: the column name 'caf\ufffd' is not UTF-8; set --encoding"):
        texts(tmp_path / "a.csv")
    assert texts(tmp_path / "a.csv", columns=()) == texts(tmp_path / "a.csv", encoding="latin-1")
    assert texts(tmp_path / "a.csv", columns=())[0] == ["Peru sent rice."]


def test_columns_of_one_name_and_unnamed_ones_are_all_kept(tmp_path):
    (tmp_path / "a.csv").write_text("date,text,date,,\n1,Peru sent rice.,2,3,4\n")
    (batch,) = read_inputs([str(tmp_path / "a.csv")], ReadOptions())
    assert {name: column[0].as_py() for name, column in batch.columns.items()} == {
        "date": "1", "text": "Peru sent rice.", "date_2": "2", "": "3", "column_5": "4",
    }  # fmt: skip


def test_two_parquet_columns_of_one_name_are_refused(tmp_path):
    table = pa.Table.from_arrays([pa.array(TEXTS), pa.array([1, 2]), pa.array([3, 4])], ["text", "n", "n"])
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(
        InputError, match=r"a.parquet: cannot be read as PARQUET: two columns are named 'n'; rename one"
    ):
        texts(tmp_path / "a.parquet")


NESTED = {
    "list": pa.array([["a"], None]),
    "struct": pa.array([{"a": 1}, None]),
    "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
}


@pytest.mark.parametrize("column", NESTED.values(), ids=NESTED)
def test_lists_and_the_like_are_no_texts_but_may_stand_beside_them(tmp_path, column):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"text": column}), path)
    with pytest.raises(InputError, match=r"a.parquet, column text: expected strings, got a column of type"):
        texts(path)
    parquet.write_table(pa.table({"body": TEXTS, "id": column, "title": column, "date": column}), path)
    (tmp_path / "b.csv").write_text("body,date\nRain fell.,monday\n")
    options = ReadOptions(articles=True, alike=True)
    first, second = read_inputs([str(path), str(tmp_path / "b.csv")], options)
    (text,) = [str(value) for value in first.columns["date"].to_pylist() if value is not None]
    assert first.ids.to_pylist() == [text, "2"]
    assert second.columns["date"].to_pylist() == ["monday"]
    json.loads(text)


@pytest.mark.parametrize("kind", [pa.binary(2), pa.binary_view(), pa.binary()])
def test_bytes_of_every_type_are_text_and_rows_of_others_are_set_aside(tmp_path, kind):
    table = pa.table({"text": TEXTS, "code": pa.array([b"ab", b"\xff\xfe"], kind)})
    parquet.write_table(table, tmp_path / "a.parquet")
    found, (reject,) = texts(tmp_path / "a.parquet", alike=True)
    assert (found, reject.row) == (TEXTS[:1], 2)


def test_a_pattern_that_fits_folders_alone_is_refused(tmp_path):
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match="no file matches this pattern"):
        texts(f"{tmp_path}/s*")


def test_a_damaged_pdf_is_one_line(tmp_path, caplog):
    pytest.importorskip("pypdf")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\nnothing")
    with pytest.raises(InputError, match=r"a.pdf: cannot be read as PDF"):
        texts(tmp_path / "a.pdf")
    assert not caplog.records


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
def test_an_encoding_that_does_not_exist_or_is_wrong_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(ROWS.encode())
    with pytest.raises(InputError, match="--encoding utf-99: no such encoding; expected one such as windows-1252"):
        texts(tmp_path / name, encoding="utf-99")
    with pytest.raises(InputError, match=f"{name}: cannot be read as ascii: .*; set another with --encoding"):
        texts(tmp_path / name, encoding="ascii")


@pytest.mark.parametrize("mark", [*"^~#:"])
def test_a_rare_separator_is_found_if_all_lines_have_it(tmp_path, mark):
    (tmp_path / "a.csv").write_text(ROWS.replace(",", mark))
    assert texts(tmp_path / "a.csv") == (TEXTS, [])
    (tmp_path / "b.csv").write_text(f"text{mark}\nRain fell.\n")
    assert texts(tmp_path / "b.csv", text_column=f"text{mark}") == (["Rain fell."], [])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "sep=;\nid;text\n1;Rain fell.\n",
            "a.csv: the first line, sep=;, is meant for Excel; delete it, and pass --delim",
        ),
        (
            "'id','text'\n1,'Rain, snow'\n",
            "a.csv: the column names are in apostrophes; write fields in quotation marks",
        ),
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path, data, message):
    (tmp_path / "a.csv").write_text(data)
    for read in (texts, read_table, read_lines):
        with pytest.raises(InputError, match=message):
            read(tmp_path / "a.csv")


def test_entities_and_tags_of_an_article_are_read_before_it_is_split():
    text = "Kestria&rsquo;s army withdrew &amp;mdash; at last.<br/>Morvane welcomed it.&nbsp;Talks resume <b>on</b> Monday.</p>"
    assert split_sentences(text) == [
        "Kestria’s army withdrew — at last.",
        "Morvane welcomed it.",
        "Talks resume on Monday.",
    ]
    assert split_sentences("Losses were < 5 and > 2 a day & rising.") == ["Losses were < 5 and > 2 a day & rising."]


@pytest.mark.parametrize("head", ["Weekly Report            3", "Monitor of the Hills      Page 12"])
def test_a_running_head_is_no_sentence(head):
    assert split_sentences(f"{head}\nTroops left the\nharbour at dawn.") == ["Troops left the harbour at dawn."]


def test_quoted_lines_and_older_messages_are_no_part_of_a_mail():
    body = "Kestria freed two captives.\n\nOn Tue, 3 May 2022 at 10:02, Ada Lund <a@b.example> wrote:\n> Has the army fired?\n"
    older = "-----Original Message-----\nFrom: Ada\n\nTroops shelled the town.\n"
    head = "From: a@b.example\nSubject: Captives\nContent-Type: text/plain\n\n"
    assert message_of((head + body + older).encode())["text"] == "Kestria freed two captives."
    assert message_of((head + "> Has the army fired?\n").encode())["text"] == "> Has the army fired?"


@pytest.mark.parametrize("mark", ["-- ", "--", "-- \r"])
def test_a_signature_is_no_part_of_a_mail(mark):
    head = "From: a@b.example\nSubject: Captives\nContent-Type: text/plain\n\n"
    mail = f"{head}Kestria freed them -- all.\n--- no mark\n{mark}\nAda Lund\nThe Desk\n"
    assert message_of(mail.encode())["text"] == "Kestria freed them -- all.\n--- no mark"
    assert message_of(f"{head}{mark}\nTalks resumed.\n".encode())["text"] == f"{mark}\nTalks resumed.".strip()


def test_a_line_of_a_mail_that_begins_with_from_begins_no_message(tmp_path):
    """Neither it, nor what stands before the first message, is lost."""
    envelope = "From ann@example.org Mon Jan  1 10:00:00 2024\nSubject: a\n\n"
    (tmp_path / "a.mbox").write_text(f"\n{envelope}Talks resume.\nFrom the army: no word.\n\n{envelope}Rain fell.\n")
    (tmp_path / "b.mbox").write_text(f"Peru sent rice.\n{envelope}Rain fell.\n")
    assert texts(tmp_path / "a.mbox")[0] == ["a\n\nTalks resume.\nFrom the army: no word.", "a\n\nRain fell."]
    assert texts(tmp_path / "b.mbox")[0] == ["Peru sent rice.", "a\n\nRain fell."]


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"\x00\x00\x00\x00"])
def test_a_table_that_is_no_text_is_called_that(tmp_path, head):
    (tmp_path / "a.csv").write_bytes(gzip.compress(head + b"text") if head[0] else b"text" + head)
    with pytest.raises(InputError, match="a.csv: expected text, found (other|NUL) bytes"):
        texts(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes(b"text\x01id\nRain fell.\x011\n")
    assert texts(tmp_path / "b.csv", delimiter="\x01")[0] == ["Rain fell."]


def test_a_time_in_an_unknown_zone_is_given_in_utc(tmp_path):
    """As in a container without a database of time zones."""
    when = pa.array([0], pa.timestamp("s", "Nowhere/X"))
    parquet.write_table(pa.table({"text": [TEXTS[0]], "when": when}), tmp_path / "a.parquet")
    (batch,) = read_inputs([str(tmp_path / "a.parquet")], ReadOptions())
    assert as_strings(batch.columns["when"]).to_pylist() == ["1970-01-01 00:00:00.000Z"]
    assert encoded(pa.table(batch.columns), "csv") == f'"{TEXTS[0]}","1970-01-01 00:00:00.000Z"\n'.encode()


def test_what_stands_in_a_line_of_json_is_called_by_its_name(tmp_path):
    lines = ["null", "[1]", "2", '{"text": "Rain \\ud800 fell."}', '{"text": "Rain fell."}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    _, rejects = texts(tmp_path / "a.jsonl")
    assert [reject.reason.split(", ", 1)[1] for reject in rejects] == [
        *("found null", "found an array", "found a number"),
        "U+D800, which is not a character",
    ]


def test_a_feed_without_entries_is_refused_in_words(tmp_path):
    (tmp_path / "a.rss").write_text("<rss><channel></channel></rss>")
    with pytest.raises(InputError, match="no entries found; expected an RSS or Atom feed$"):
        texts(tmp_path / "a.rss")
