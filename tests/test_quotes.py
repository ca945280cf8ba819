"""Quotation marks that merge rows are found, whatever the chunks; sound files pass."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.read.quotes import QuoteCheck

CELL = st.text('ab "",;\n\r5', max_size=7)


def unclosed(data, size, delimiter=","):
    check = QuoteCheck(io.BytesIO(data), delimiter)
    while check.read(size):
        pass
    return check.row


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
    (tmp_path / "in.csv").write_text("id,text\n" + "\n".join(rows) + "\n")
    with pytest.raises(InputError, match="row 1001: a quotation mark within a field"):
        list(read_inputs([str(tmp_path / "in.csv")], ReadOptions(set_aside=True)))
