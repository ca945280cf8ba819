"""No entry of a feed is lost: each is read or set aside, whatever is wrong with the feed."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.read.documents import ReadOptions
from pipeline.read.inputs import read_inputs

HEAD = '<?xml version="1.0"?>\n<rss xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>News</title>\n'
TAIL = "</channel></rss>"
WORDS = ["Rain", "Snow", "Hail", "Fog"]
ITEMS = [f"<item><title>{word} fell on Chad.</title><link>http://x.org/{word}</link></item>\n" for word in WORDS]


def read(path):
    """The first words of the entries that are read, their row numbers, and the row and reason of each reject."""
    batches = list(read_inputs([str(path)], ReadOptions(set_aside=True)))
    rejects = [(reject.row, reject.reason) for batch in batches for reject in batch.rejects]
    texts = [text[:4].strip() for batch in batches for text in batch.texts.to_pylist()]
    rows = [int(row) for batch in batches for row in batch.rows]
    assert sum(batch.read for batch in batches) == len(rows) + len(rejects)
    return texts, rows, rejects


def feed(tmp_path, *items, tail=TAIL):
    path = tmp_path / "a.rss"
    path.write_bytes((HEAD + "".join(items) + tail).encode(errors="surrogateescape"))
    return path


MISMATCH = "an entry that is not well-formed XML: Opening and ending tag mismatch: "
FAULTS = {
    "<item><title>Fog<br>fell</title></item>\n": MISMATCH + "br and title",
    "<item><title>Fog fell</item>\n": MISMATCH + "title and item",
    "<item><title>Fog fell</title>\n": "an entry without an end tag",
    "<item><title><![CDATA[Fog fell</title></item>\n": "an entry that is not well-formed XML: CData section not finished",
    "<item><title>Fog <!-- fell</title></item>\n": "an entry that is not well-formed XML: Comment not terminated",
    "<item><title>Caf\udce9 closed</title></item>\n": "expected UTF-8, found byte 0xe9; it looks like windows-1252",
    "<item><title a=b>Fog</title></item>\n": 'an entry that is not well-formed XML: AttValue: " or \' expected',
}  # fmt: skip


@pytest.mark.parametrize("bad", FAULTS)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_faulty_entry_is_set_aside_and_no_other_is_lost(tmp_path, capsys, bad, place):
    items = [*ITEMS[:3]]
    items.insert(place, bad)
    texts, rows, ((row, reason),) = read(feed(tmp_path, *items))
    assert texts == WORDS[:3]
    assert (row, sorted([row, *rows])) == (place + 1, [1, 2, 3, 4])
    assert reason.startswith(f"line {place + 3}: {FAULTS[bad]}")
    assert "a.rss: not well-formed XML: " in capsys.readouterr().err


def test_a_feed_with_several_faults_keeps_all_its_sound_entries(tmp_path):
    bad = [*FAULTS]
    mixed = [item for pair in zip(bad, ITEMS) for item in pair] + bad[4:]
    texts, rows, rejects = read(feed(tmp_path, *mixed))
    assert (texts, rows) == (WORDS, [2, 4, 6, 8])
    assert [row for row, _ in rejects] == [1, 3, 5, 7, 9, 10, 11]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_feed_that_is_cut_off_keeps_what_is_whole_and_names_the_rest(tmp_path_factory, data):
    whole = HEAD + "".join(ITEMS) + TAIL
    cut = whole[: data.draw(st.integers(len(HEAD), len(whole)))]
    path = tmp_path_factory.getbasetemp() / "cut.rss"
    path.write_text(cut)
    begun, ended = len(re.findall("<item>", cut)), cut.count("</item>")
    if not begun:
        with pytest.raises(InputError, match="no entries found"):
            read(path)
        return
    texts, _, rejects = read(path)
    assert texts == WORDS[:ended]
    assert rejects == [(ended + 1, f"line {ended + 3}: an entry without an end tag")] * (begun - ended)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("Fog &nbsp;&amp; rain &copy; AT&T &unknown; a&b=c", "Fog \xa0& rain © AT&T &unknown; a&b=c"),
        ("<![CDATA[Fog &nbsp; <item> <b>fell</b>]]>", "Fog \xa0  fell"),
        ("Fog\x0b fell&#11;", "Fog fell"),
        ("Fog <!-- <item> --> fell", "Fog  fell"),
    ],
)
def test_what_browsers_forgive_is_read(tmp_path, written, text):
    items = [f"<item><title>{word} fell</title></item>" for word in WORDS[:2]]
    path = feed(tmp_path, items[0], f"<item><content:encoded>{written}</content:encoded></item>", items[1] + "&nbsp;")
    batch = next(read_inputs([str(path)], ReadOptions()))
    assert [one.strip() for one in batch.texts.to_pylist()] == ["Rain fell", text, "Snow fell"]


def test_entries_of_any_name_space_and_with_attributes_are_found(tmp_path):
    entry = "<atom:entry a='>'><title>Fog fell.</title></atom:entry><entry/>"
    assert read(feed(tmp_path, "&nbsp;", entry, ITEMS[0]))[:2] == (["Fog", "", "Rain"], [1, 2, 3])


def test_a_feed_of_many_entries_is_read_as_it_was(tmp_path):
    texts, rows, rejects = read(feed(tmp_path, *ITEMS * 500))
    assert (texts, rows, rejects) == (WORDS * 500, [*range(1, 2001)], [])
