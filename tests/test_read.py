"""What people have: files of every encoding, separator and kind are read, or refused in one line that says what to do."""

import gzip
import json

import pandas as pd
import pytest

from pipeline.corpus.labelled import read_labelled
from pipeline.errors import InputError
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.read.sentences import split_sentences
from pipeline.read.tables import read_table

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
        with pytest.raises(InputError, match=r"a.csv, row 2: a quotation mark is never closed"):
            read(tmp_path / "a.csv")


def test_a_line_end_inside_quotes_of_a_tab_separated_file_belongs_to_the_text(tmp_path):
    (tmp_path / "a.tsv").write_text('id\ttext\n1\t"Peru sent\nrice."\n2\tRain.\n')
    assert texts(tmp_path / "a.tsv")[0] == ["Peru sent\nrice.", "Rain."]
    (tmp_path / "b.tsv").write_text('id\ttext\n1\tHe said "no.\n2\tRain "fell".\n')
    assert texts(tmp_path / "b.tsv")[0] == ['He said "no.', 'Rain "fell".']


def test_windows_1252_is_named_and_read_when_asked_for(tmp_path):
    (tmp_path / "a.txt").write_bytes("Café owners marched.".encode("windows-1252"))
    with pytest.raises(InputError, match=r"it looks like windows-1252: --encoding windows-1252 reads it"):
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
    assert (reject.row, reject.reason) == (2, "expected UTF-8, found byte 0xe9")


def test_one_bad_file_of_a_folder_is_set_aside_and_unknown_kinds_are_named(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("Peru sent rice.")
    (tmp_path / "b.html").write_text("<html></html>")
    (tmp_path / "c.docx").write_bytes(b"x")
    found, (reject,) = texts(tmp_path)
    assert found == ["Peru sent rice."]
    assert (reject.file, reject.row) == (str(tmp_path / "b.html"), 0)
    assert "1 file passed over (.docx)" in capsys.readouterr().err


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
