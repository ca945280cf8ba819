"""The bounds of what is read: whatever is beyond them is set aside with its reason, and the rest is scored."""

import gzip
import io
import json
import subprocess
import sys
import zipfile

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from pipeline.errors import InputError
from pipeline.read import bounds, columnar, records
from pipeline.read.documents import ReadOptions
from pipeline.read.elements import elements
from pipeline.read.inputs import read_inputs
from pipeline.read.records import QuoteCheck
from pipeline.read.source import Source, on_disk
from tests.conftest import ROOT, SHARED

GOOD = b'{"text": "Rebels fired on the town."}\n'
LONG = b"x" * (bounds.RECORD + 1)
OVER = b"y" * (bounds.TEXT + 1)


def counts(path, **options):
    """Rows read, scored and set aside, and the reasons."""
    batches = list(read_inputs([str(path)], ReadOptions(set_aside=True, **options)))
    rejects = [reject for batch in batches for reject in batch.rejects]
    read, scored = sum(batch.read for batch in batches), sum(map(len, batches))
    assert read == scored + len(rejects)
    return read, [(reject.row, reject.reason.split(",")[0]) for reject in rejects]


TOO_LONG, TOO_NESTED = bounds.TOO_LONG.split(",")[0], bounds.TOO_NESTED.split(",")[0]
SURROGATE = "a lone surrogate"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.jsonl", b"null\n" + GOOD, (2, [(1, "expected a JSON object")])),
        ("a.jsonl", GOOD + b'{"text": "' + LONG + b'"}\n' + GOOD, (3, [(2, TOO_LONG)])),
        ("a.jsonl", b'{"text": "' + LONG + b'"}\n' + GOOD, (2, [(1, TOO_LONG)])),
        ("a.jsonl", GOOD + b'{"text": "' + LONG + b'"}', (2, [(2, TOO_LONG)])),
        ("a.jsonl", GOOD + b'{"text": "' + OVER + b'"}\n' + GOOD, (3, [(2, "1")])),
        ("a.jsonl", GOOD + b'{"text": "a b", "x": ' + b"[" * 9000 + b"]" * 9000 + b"}\n" + GOOD, (3, [(2, TOO_NESTED)])),
        ("a.jsonl", GOOD + b'{"text": "a b", "x": ' + b'{"a":' * 9000 + b"1" + b"}" * 9001 + b"\n", (2, [(2, TOO_NESTED)])),
        ("a.jsonl", GOOD + b'{"text": "lone \\ud800 here"}\n' + GOOD, (3, [(2, SURROGATE)])),
        ("a.jsonl", b'{"text": "a b", "\\ud800": 1}\n' + GOOD, (2, [])),
        ("a.jsonl", GOOD + b'{"text": "a\\u0000b c"}\n', (2, [])),
        ("a.csv", b"id,text\n1,a b\n2," + LONG + b"\n3,c d\n4,e,f\n5,g h\n", (5, [(3, TOO_LONG), (5, "expected 2 columns")])),
        ("a.csv", b'id,text\n1,a b\n2,"' + b"x y\n" * 600_000 + b'"\n3,c d\n', (3, [(3, TOO_LONG)])),
        ("a.csv", b"text\na b\n" + LONG + b"\nc d\n", (3, [(3, TOO_LONG)])),
        ("a.csv", b"id,text\n1,a b\n2," + OVER + b"\n3,c d\n", (3, [(3, "1")])),
        ("a.tsv", b"id\ttext\n1\ta b\n2\t" + LONG * 3 + b"\n3\tc d\n", (3, [(3, TOO_LONG)])),
        ("a.csv", b"id,text\n1,a\x00b c\n2,d e\n", (2, [])),
    ],
)  # fmt: skip
def test_a_row_beyond_a_bound_is_set_aside_and_reading_goes_on(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert counts(tmp_path / name) == expected


def packed(*parts):
    return b"".join(gzip.compress(part, mtime=0) for part in parts)


def workbook(*rows):
    """A sheet with these rows; a cell may be given as (place, value)."""
    book, kept = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        if isinstance(row, tuple):
            book.active[row[0]] = row[1]
        else:
            book.active.append([row])
    book.save(kept)
    return kept.getvalue()


def rewritten(data, old, new):
    """A workbook with other XML in its sheet."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as book, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as other:
        for part in book.namelist():
            other.writestr(part, book.read(part).replace(old, new) if "/sheet" in part else book.read(part))
    return kept.getvalue()


def swollen(data):
    """A workbook with 100 MB of blanks in a part."""
    kept = io.BytesIO(data)
    with zipfile.ZipFile(kept, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/more.xml", b" " * 100_000_000)
    return kept.getvalue()


SHEET = workbook("text", "Rebels fired on the town.")
BYTES = bytes(range(256)) * 8
BAD_FILES = [
    ("long.txt", b"x" * (bounds.TEXT + 1), "over the limit of 1,048,576 for one text"),
    ("huge.txt", b"x" * (bounds.PAGE + 1), "the limit for a file of this kind"),
    ("bomb.jsonl.gz", packed(b'{"text": "', *[b"x" * 10_000_000] * 8), "more than 200 times its size"),
    ("bomb.csv.gz", packed(b"id,text\n", *[b"1,x\n" * 2_500_000] * 8), "more than 200 times its size"),
    ("bomb.json.gz", packed(b'[{"text": "', *[b"x" * 10_000_000] * 8), "longer than 2 MB"),
    ("bomb.csv.zst", pa.compress(b"id,text\n" + b"1,x\n" * 20_000_000, "zstd", asbytes=True), "more than 200 times"),
    ("wide.csv", b"text" + b",c" * 2000 + b"\n", "expected at most 1,024"),
    ("wide.jsonl", json.dumps(dict.fromkeys(map(str, range(2000)), "a b")).encode(), "expected at most 1,024"),
    ("deep.json", b"[" * 100_000 + b"]" * 100_000, "cannot be read as JSON"),
    ("garbage.parquet", b"PAR1" + BYTES + b"\xff\xff\xff\x7fPAR1", "cannot be read as PARQUET"),
    ("short.parquet", b"PAR1", "cannot be read as PARQUET"),
    ("bad.xlsx", b"PK\x03\x04" + BYTES, "cannot be read as XLSX"),
    ("bomb.xlsx", swollen(SHEET), "more than 200 times its size"),
    ("wide.xlsx", workbook("text", ("AML2", "x")), "row 2: 1,026 columns; expected at most 1,024"),
    ("far.xlsx", rewritten(SHEET, b'<row r="2"', b"<row r='99999999999'"), "more than 1,048,576 rows"),
    ("bad.dta", b"<stata_dta>" + BYTES, "cannot be read as DTA"),
    ("bad.pdf", b"%PDF-1.4\n" + BYTES, "cannot be read as PDF"),
    ("deep.html", b"<div>" * 50_000 + b"some words of text" + b"</div>" * 50_000, "no main text"),
    ("latin.txt", b"caf\xe9 ol\xe9\n" * 20, "it looks like windows-1252"),
    ("bad.xml", b"<a>" + BYTES, "cannot be read as XML"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "reason"), BAD_FILES, ids=[one[0] for one in BAD_FILES])
def test_a_file_beyond_a_bound_is_an_error_or_among_others_a_reject(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=reason):
        list(read_inputs([str(tmp_path / name)], ReadOptions(set_aside=True)))
    (tmp_path / "good.jsonl").write_bytes(GOOD)
    read, ((row, _),) = counts(tmp_path)
    assert (read, row) == (2, 0)


def test_parquet_with_a_damaged_part_is_one_line_wherever_the_damage_is(tmp_path):
    parquet.write_table(pa.table({"text": [f"Rebels fired on town {n}." for n in range(200)]}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole.replace(b"text", b"te\x98t"))
    with pytest.raises(InputError, match="a column name is not UTF-8"):
        counts(tmp_path / "b.parquet")
    for start in range(4, len(whole) - 4, len(whole) // 60):
        damaged = bytes(byte ^ 255 for byte in whole[start : start + 16])
        for content in (whole[:start] + damaged + whole[start + 16 :], whole[:start]):
            (tmp_path / "b.parquet").write_bytes(content)
            try:
                read, _ = counts(tmp_path / "b.parquet")
            except InputError:
                continue
            assert read == 200


def test_an_archive_of_news_is_read(tmp_path):
    """Text that repeats itself packs 100 to 1 and is no bomb."""
    rows = b"".join(b"%d,Rebels fired on the town again.\n" % n for n in range(100_000))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id,text\n" + rows))
    assert counts(tmp_path / "a.csv.gz") == (100_000, [])


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_records_lose_nothing_but_what_is_too_long(monkeypatch, quoted, size):
    monkeypatch.setattr(records, "BLOCK", size)
    monkeypatch.setattr(records, "RECORD", 8)
    rows = [b"ab", b'"c\nd"', b"e" * 9, b'"' + b"f\n" * 9 + b'"', b"", b"g"]
    found = b"".join(records.records(io.BytesIO(b"\n".join(rows)), QuoteCheck(",") if quoted else None, b"!"))
    lines = [b"ab", b'"c\nd"', b"!", b"!" if quoted else rows[3], b"", b"g"]
    assert found == b"\n".join(lines)


def repeated(path, text, n):
    """A Parquet file of a few kilobytes that holds a text n times."""
    parquet.write_table(pa.table({"text": pa.DictionaryArray.from_arrays(pa.array([0] * n), [text])}), path)


MANY = 40_000
CROWDS = {
    "a.json": b'[{"text": "a b"}' + b",{}" * MANY + b"]",
    "b.json": b'[{"text": "a b"}' + b",1" * MANY + b"]",
    "a.jsonl": GOOD + b"{\n" * MANY,
    "a.mbox": b"From a\n" * MANY,
}


@pytest.mark.parametrize("name", CROWDS)
def test_rows_and_rejects_are_held_in_portions(tmp_path, name):
    (tmp_path / name).write_bytes(CROWDS[name])
    batches = list(read_inputs([str(tmp_path / name)], ReadOptions(set_aside=True)))
    assert sum(batch.read for batch in batches) == MANY + (not name.endswith("mbox"))
    assert max(max(len(batch), len(batch.rejects)) for batch in batches) <= bounds.MANY
    numbers = [reject.row for batch in batches for reject in batch.rejects]
    assert numbers == sorted(set(numbers))


def test_empty_rows_of_a_sheet_are_no_rows(tmp_path, monkeypatch):
    """A cell at the end of a sheet must not cost a million rows, and a formula that failed is no text."""
    cells = ("A3", "text"), ("B3", "n"), ("A5", "Rebels fired."), ("B5", 2.0), ("A6", ""), ("A8", "#NAME?"), ("B8", 2.5)
    (tmp_path / "a.xlsx").write_bytes(workbook(*cells, ("A1048576", "Rain fell.")))
    (batch,) = read_inputs([str(tmp_path / "a.xlsx")], ReadOptions())
    assert batch.rows.tolist() == [5, 8, 1_048_576]
    assert batch.texts.to_pylist() == ["Rebels fired.", "", "Rain fell."]
    assert batch.columns["n"].to_pylist() == ["2", "2.5", None]
    monkeypatch.setattr("pipeline.read.office.CELLS", 7)
    with pytest.raises(InputError, match="a sheet with more than 7 cells"):
        counts(tmp_path / "a.xlsx")


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx"])
def test_a_text_that_is_repeated_is_expanded_in_portions(tmp_path, monkeypatch, name):
    path, text, n = tmp_path / name, "Rebels fired. " * 100, 5_000
    for module in (bounds, columnar):
        monkeypatch.setattr(module, "AT_ONCE", 1 << 20)
    repeated(path, text, n) if name == "a.parquet" else path.write_bytes(workbook("text", *[text] * n))
    held = rows = 0
    for batch in read_inputs([str(path)], ReadOptions()):
        held, rows = max(held, batch.texts.nbytes), rows + len(batch)
        assert batch.texts[-1].as_py() == text
        assert batch.rows.tolist() == list(range(rows - len(batch) + 1, rows + 1)) or name == "a.xlsx"
    assert rows == n and held < bounds.AT_ONCE + len(text) + 8 * n


def test_rejects_before_a_good_row_are_not_all_held(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.read.separated.BLOCK", 4_096)
    (tmp_path / "a.csv").write_bytes(b"id,text\n1,a b\n" + b"x,y,z\n" * MANY + b"2,c d\n" + b"x,y,z\n" * 9)
    batches = list(read_inputs([str(tmp_path / "a.csv")], ReadOptions(set_aside=True)))
    assert max(len(batch.rejects) for batch in batches) < MANY / 10
    assert [reject.row for batch in batches for reject in batch.rejects] == [
        *range(3, MANY + 3),
        *range(MANY + 4, MANY + 13),
    ]
    assert [row for batch in batches for row in batch.rows.tolist()] == [2, MANY + 3]
    assert sum(batch.read for batch in batches) == MANY + 11


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.recursive(st.none() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists)),
    st.integers(1, 9),
)
def test_elements_of_an_array_are_those_of_json(values, size):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("pipeline.read.elements.BLOCK", size)
        for written in (json.dumps(values), json.dumps(values, ensure_ascii=False, indent=1)):
            assert list(elements(io.BytesIO(written.encode(errors="surrogatepass")))) == json.loads(written)


def test_messages_of_a_mailbox_keep_their_numbers_around_one_that_is_too_long(tmp_path):
    long = b"x\n" * (bounds.PAGE // 2 + 1)
    parts = [
        b"Subject: a\n\nRebels fired.\n",
        b"\n" + long,
        b"\n" + b"y" * (bounds.TEXT + 1) + b"\n",
        b"To: " + b"a, " * 300_000 + b"\n\nTalks.\n",
    ]
    (tmp_path / "a.mbox").write_bytes(b"".join(b"From a\n" + part for part in parts))
    (batch,) = read_inputs([str(tmp_path / "a.mbox")], ReadOptions(set_aside=True))
    assert batch.rows.tolist() == [1, 4]
    assert [(reject.row, reject.reason.split(",")[0]) for reject in batch.rejects] == [(2, "larger than 16"), (3, "1")]


@pytest.mark.linux
def test_a_long_text_is_refused_within_little_memory(tmp_path):
    """50 MB without a space, in every kind of file, within 1 GB of address space."""
    import resource

    long = b"x" * 50_000_000
    for name, head, tail in (("a.csv", b"text\n", b"\n"), ("a.jsonl", b'{"text": "', b'"}\n'), ("a.txt", b"", b"")):
        (tmp_path / name).write_bytes(head + long + tail)
    repeated(tmp_path / "a.parquet", "x" * (bounds.TEXT + 1), 2_000)
    code = "import sys; from pipeline.read.inputs import *; d = [*read_inputs(sys.argv[1:], ReadOptions(set_aside=True))]; "
    code += "print(sum(map(len, d)), sum(len(one.rejects) for one in d))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)),
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("0 2003\n", "")


CASES = SHARED / "cases" / "files"
RIGHT = {  # rows, rejects; None: one line of error
    "unclosed_quote.csv": None,
    "newlines_tsv.tsv": (2, 0),
    "folder_one_bad": (3, 2),
    "badbyte.txt": (2, 1),
}


@pytest.mark.shared
@pytest.mark.parametrize("path", sorted(CASES.glob("*")) if CASES.is_dir() else [CASES], ids=lambda path: path.name)
def test_every_case_from_a_public_report_is_read_or_told_in_one_line(path):
    if path.name in ("overlap.sh", "labels"):
        pytest.skip("no text to score")
    right = RIGHT.get(path.name, ())
    try:
        read, rejects = counts(path)
    except InputError as error:
        assert right is None, error
        assert "\n" not in str(error)
    else:
        assert right is not None
        assert not right or (read, len(rejects)) == right


def test_a_plain_file_says_its_bytes_as_they_are(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text\na b\n")
    assert on_disk(tmp_path / "a.csv").peek() == b"text\na b\n"


class _Recorded(io.BytesIO):
    """A file that records the sizes of its reads."""

    def __init__(self, data):
        super().__init__(data)
        self.sizes = []

    def read(self, size=-1):
        self.sizes.append(size)
        return super().read(size)


def test_a_row_group_of_parquet_is_read_in_pieces(tmp_path, monkeypatch):
    """pandas writes a million rows into one group, which Arrow would hold as a whole."""
    kept = io.BytesIO()
    texts = [f"Rebels fired on town {n}. " * 40 for n in range(20_000)]
    parquet.write_table(pa.table({"text": texts}), kept, compression="none", use_dictionary=False)
    file = _Recorded(kept.getvalue())
    monkeypatch.setattr(columnar, "AT_ONCE", 1 << 20)
    source = Source("a.parquet", lambda: pa.PythonFile(file, "r"))
    assert sum(rows.read for rows in columnar.read_parquet(source, list)) == 20_000
    assert len(kept.getvalue()) > 4 * bounds.BLOCK and max(file.sizes) <= bounds.BLOCK
