"""Quotation marks that merge rows are found, whatever the chunks; sound files pass."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.read.records import QuoteCheck

CELL = st.text('ab "",;\n\r5', max_size=7)


def followed(data, size, delimiter=","):
    """The check after all bytes, and the places of the line ends outside quoted fields."""
    check, known, ends = QuoteCheck(delimiter), b"", []
    for chunk in [*(data[start : start + size] for start in range(0, len(data), size)), b""]:
        more, places = check.follow(chunk)
        ends += [len(known) + int(place) for place in places]
        known += more
    assert known == data
    return check, ends


def unclosed(data, size, delimiter=","):
    return followed(data, size, delimiter)[0].row


@settings(max_examples=400, deadline=None)
@given(st.text('ab ",\n', max_size=30), st.integers(1, 12))
def test_marks_are_understood_as_python_understands_them(text, size):
    check, ends = followed(text.encode(), size)
    try:
        rows = [*csv.reader(io.StringIO(text, newline=""), strict=True)]
    except csv.Error as error:
        if "unexpected end" in str(error):
            assert check.row > 0
        return
    assert len(rows) == len(ends) + (ends[-1:] != [len(text) - 1] and text != "")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=5), st.booleans(), st.integers(1, 50))
def test_what_a_writer_has_quoted_is_closed(rows, every, size):
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL, lineterminator="\n").writerows(rows)
    assert unclosed(out.getvalue().encode(), size) == 0


@pytest.mark.parametrize("size", [1, 2, 5, 1 << 20])
@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('id,text\n1,a\n2,"open.\n3,b\n4,"open.\n5,c\n', 3),
        ('id,text\n4,"He said no.”\n5,"He said yes.”\n', 2),
        ('id,text\n1,"sound"\n2,"open.\n3,"sound"\n', 3),
        ('text\n"open', 2),
        ('id,text\n1,A 5" gun\n2,x\n3,A 6" gun\n', 0),
        ('id,text\n1,"Hamas" said no\n2,"Fatah" said yes\n', 0),
        ('id,text\n1,"two\nlines"\n2,"one"\n', 0),
        ('id,text\n1,A 12" pipe\n2,b\n', 0),
        ('id,text\n1,A 12" pipe\n2,"c\nd"\n3,e\n', 0),
        ('id,text\n1,",\n2,b\n', 2),
        ('id,text\n1,A 12" pipe\n2,",\n3,b\n', 3),
        ('id,text\n1,"Hamas" said no\n2,b\n', 0),
    ],
)
def test_the_first_unclosed_mark_is_named(text, row, size):
    assert unclosed(text.encode(), size) == row


def test_two_unclosed_marks_do_not_swallow_the_rows_between_them(tmp_path):
    rows = [f"{row},The rebels spoke {row} times." for row in range(1, 10_001)]
    rows[4_998], rows[7_998] = '4999,"The rebels said no.', '7999,"The rebels said no.'
    (tmp_path / "in.csv").write_text("id,text\n" + "\n".join(rows) + "\n")
    with pytest.raises(InputError, match="in.csv, row 5000: unclosed quotation mark"):
        list(read_inputs([str(tmp_path / "in.csv")], ReadOptions(set_aside=True)))


def test_two_texts_of_a_tsv_that_begin_with_a_mark_are_texts(tmp_path):
    (tmp_path / "in.tsv").write_text(
        'id\ttext\n1\t"No, said Chad.\n2\tRain fell.\n3\t"Yes, said Niger.\n4\tSnow fell.\n'
    )
    found = [text for part in read_inputs([str(tmp_path / "in.tsv")], ReadOptions()) for text in part.texts.to_pylist()]
    assert found == ['"No, said Chad.', "Rain fell.", '"Yes, said Niger.', "Snow fell."]


def test_sound_rows_between_two_inch_marks_are_not_thrown_away(tmp_path):
    rows = [f"{row},The rebels spoke {row} times about many things." for row in range(1, 60_001)]
    rows[999], rows[49_999] = '1000,A 5" gun fired.', '50000,A 6" gun fired.'
    for text in ("\n".join(rows), "\n".join(rows).replace('6" gun', "6 guns")):  # an even or an odd number of marks
        (tmp_path / "in.csv").write_text(f"id,text\n{text}\n")
        texts = [
            one for part in read_inputs([str(tmp_path / "in.csv")], ReadOptions()) for one in part.texts.to_pylist()
        ]
        assert (len(texts), texts[999]) == (60_000, 'A 5" gun fired.')
