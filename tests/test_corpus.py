import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from pipeline.corpus.labelled import Columns, read_labelled
from pipeline.corpus.labelled_rows import reasons, write_set_aside
from pipeline.corpus.near import jaccard, near_groups, near_pairs, shingles
from pipeline.corpus.split import folds
from pipeline.errors import InputError, LabelError
from tests.conftest import DATA

ROWS = [("ACCUSE", "Kenya accused Uganda of spying."), ("AID", "Chad sent food to Niger.")]


def written(folder, suffix, rows=ROWS, names=("event", "text")):
    path = folder / f"rows{suffix}"
    if suffix == ".parquet":
        pyarrow.parquet.write_table(pa.table(dict(zip(names, map(list, zip(*rows))))), path)
    elif suffix == ".jsonl":
        path.write_text("".join(json.dumps(dict(zip(names, row))) + "\n" for row in rows), encoding="utf-8")
    else:
        mark = "\t" if suffix == ".tsv" else ","
        path.write_text("\n".join(mark.join(row) for row in [names, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_corpus(tmp_path, suffix):
    corpus = read_labelled([written(tmp_path, suffix)])
    assert list(corpus.texts) == [text for _, text in ROWS]
    assert list(corpus.stances) == ["escalation", "de-escalation"]


def test_a_quotation_mark_in_tsv_is_a_character_like_any_other(tmp_path):
    path = written(tmp_path, ".tsv", [("ACCUSE", '"Never, said one side.')])
    assert read_labelled([path]).texts[0] == '"Never, said one side.'


def test_columns_can_be_named(tmp_path):
    path = written(tmp_path, ".csv", names=("root", "words"))
    assert len(read_labelled([path], Columns("words", "root"))) == 2


def test_a_column_named_for_event_types_is_not_read_as_stances_too(tmp_path):
    path = written(tmp_path, ".csv", names=("label", "text"))
    assert (
        read_labelled([path], Columns(event="label")).events.tolist()
        == read_labelled([written(tmp_path, ".tsv")]).events.tolist()
    )
    with pytest.raises(LabelError, match="is an event type: name its column with --event-column"):
        read_labelled([path])


def test_rows_with_only_a_stance_are_read(tmp_path):
    corpus = read_labelled([written(tmp_path, ".csv", [("neutral", "It rained.")], ("stance", "text"))])
    assert (corpus.events[0], corpus.stances[0]) == ("", "neutral")


def test_rows_with_only_a_quad_class_are_read(tmp_path):
    rows = [("verbal conflict", "He was blamed."), ("neutral", "It rained.")]
    corpus = read_labelled([written(tmp_path, ".csv", rows, ("quad", "text"))])
    assert corpus.stances.tolist() == ["escalation", "neutral"]
    assert corpus.quads.tolist() == ["verbal conflict", "neutral"]
    assert corpus.events.tolist() == ["", ""]


def test_repeats_and_contradictions_are_set_aside(tmp_path):
    corpus = read_labelled([written(tmp_path, ".csv", [*ROWS, ROWS[0]])])
    assert len(corpus) == 2 and [(one.row, one.reason) for one in corpus.set_aside] == [
        (4, "a copy of another row's text")
    ]
    corpus = read_labelled([written(tmp_path, ".csv", [*ROWS, ("AID", ROWS[0][1]), ("REJECT", ROWS[0][1])])])
    assert corpus.texts.tolist() == [ROWS[1][1]]
    assert [(one.file, one.row, one.label) for one in corpus.set_aside] == [
        ("rows.csv", 2, "ACCUSE"),
        ("rows.csv", 4, "AID"),
        ("rows.csv", 5, "REJECT"),
    ]
    assert reasons(corpus.set_aside) == {"one text under several labels": 3}


def test_two_event_types_of_one_stance_contradict_each_other_too(tmp_path):
    assert len(read_labelled([written(tmp_path, ".csv", [*ROWS, ("REJECT", ROWS[0][1])])])) == 1


def test_of_labels_that_agree_the_one_that_says_most_is_kept(tmp_path):
    (tmp_path / "coarse.csv").write_text(f"text,stance\n{ROWS[0][1]},escalation\n")
    corpus = read_labelled([tmp_path / "coarse.csv", written(tmp_path, ".csv")])
    assert corpus.events.tolist() == ["ACCUSE", "AID"]
    assert corpus.sources.tolist() == ["rows.csv"] * 2 and corpus.rows.tolist() == [2, 3]
    assert [(one.file, one.row) for one in corpus.set_aside] == [("coarse.csv", 2)]


def test_a_named_column_applies_to_the_files_that_have_it(tmp_path):
    (tmp_path / "own.csv").write_text("headline,text,code\nA fight.,en,ASSAULT\n")
    other = written(tmp_path, ".csv")
    corpus = read_labelled([tmp_path / "own.csv", other], Columns(text="Headline", event="code"))
    assert corpus.texts.tolist() == ["A fight.", *(text for _, text in ROWS)]
    with pytest.raises(InputError, match="own.csv, .*rows.csv: no column 'words' in any"):
        read_labelled([tmp_path / "own.csv", other], Columns(text="words"))


def test_the_corpus_that_comes_with_detente_keeps_its_columns(tmp_path):
    (tmp_path / "own.csv").write_text("id,event\nA fight.,ASSAULT\n")  # data/ has a column id too
    corpus = read_labelled([DATA, tmp_path / "own.csv"], Columns(text="id"))
    assert corpus.texts[-1] == "A fight." and len(corpus) == len(read_labelled([DATA])) + 1


def test_rows_set_aside_are_written_whole(tmp_path):
    corpus = read_labelled([written(tmp_path, ".csv", [*ROWS, ("AID", ROWS[0][1])])])
    path = write_set_aside(corpus.set_aside, tmp_path / "new" / "set_aside.csv")
    assert path.read_text().splitlines() == [
        "reason,file,row,label,text",
        "one text under several labels,rows.csv,2,ACCUSE,Kenya accused Uganda of spying.",
        "one text under several labels,rows.csv,4,AID,Kenya accused Uganda of spying.",
    ]
    assert [one.name for one in path.parent.iterdir()] == ["set_aside.csv"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"event,text\nFIGHT,A fight.\n", "row 2: unknown event type 'FIGHT'; expected one of ACCUSE"),
        (b"event,text\nAID, \n", "row 2: the text is blank"),
        (b"event,text\n,Rain.\n", "row 2: no label"),
        (
            b"event,stance,text\nAID,escalation,Food came.\n",
            "row 2: AID means de-escalation, but the row says escalation",
        ),
        (b"event,quad,text\nAID,verbal conflict,Food came.\n", "row 2: AID means material cooperation"),
        (b"event,text\nAID,caf\xe9\n", "row 2: expected UTF-8, found byte 0xe9"),
        (b"event,words\nAID,Rain.\n", "expected a column named text or sentence"),
        (b"kind,text\nAID,Rain.\n", "expected a column named event, quad or stance, found kind, text"),
        (b"event,text\n", "expected at least one row"),
        (b"", "the file is empty"),
    ],
)
def test_bad_input_is_named_with_its_place(tmp_path, content, message):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises((InputError, LabelError), match=message) as caught:
        read_labelled([path])
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        ("rows.csv", "event,text\nAID,Food came.\nFIGHT,A fight.\n", 3),
        ("rows.jsonl", '{"event": "AID", "text": "Food came."}\n{"event": "FIGHT", "text": "A fight."}\n', 2),
        ("rows.jsonl", '{"event": "AID", "text": "Food came."}\n\n{"event": "FIGHT", "text": "A fight."}\n', 3),
    ],
)
def test_an_unknown_label_is_an_error_on_the_line_that_an_editor_shows(tmp_path, name, content, row):
    (tmp_path / name).write_text(content)
    with pytest.raises(LabelError, match=rf"{name}, row {row}: "):
        read_labelled([tmp_path / name])


@pytest.mark.parametrize(
    ("name", "rest", "reason"),
    [
        ("rows.csv", b"AID,caf\xe9\n", "expected UTF-8, found byte 0xe9"),
        ("rows.csv", b"AID,\n", "the text is blank"),
        ("rows.jsonl", b'{"event": \n', "expected one JSON object"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_with_its_line(tmp_path, name, rest, reason):
    rows = b"event,text\nAID,Food came.\n" if name == "rows.csv" else b'{"event": "AID", "text": "Food came."}\n'
    (tmp_path / name).write_bytes(rows + rest)
    corpus = read_labelled([tmp_path / name])
    (aside,) = corpus.set_aside
    assert (aside.file, aside.row) == (name, rows.count(b"\n") + 1) and aside.reason.startswith(reason)
    assert corpus.texts.tolist() == ["Food came."]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_labelled([tmp_path / "none.csv"])


def test_the_fingerprint_follows_text_and_label(tmp_path):
    one = read_labelled([written(tmp_path, ".csv")])
    other = read_labelled([written(tmp_path, ".csv", [("COERCE", ROWS[0][1]), ROWS[1]])])
    assert one.fingerprint() == one.fingerprint() != other.fingerprint()


def jaccard_by_hand(a, b):
    def grams(text):
        words = " ".join(text.lower().rstrip(".").split()) + " "
        return {words[i : i + 5] for i in range(len(words) - 4)}

    return len(grams(a) & grams(b)) / len(grams(a) | grams(b))


def test_jaccard_is_that_of_character_five_grams():
    a, b = "troops left the town on monday", "troops left the town on tuesday"
    owner, value = shingles([a, b])
    cuts = np.searchsorted(owner, [0, 1, 2])
    assert jaccard(value, cuts, np.array([[0, 1], [1, 1]])) == pytest.approx([jaccard_by_hand(a, b), 1])


def test_near_copies_are_found_and_others_are_not(corpus):
    rng = np.random.default_rng(3)
    texts = list(corpus.texts[np.char.str_len(corpus.texts.astype(str)) > 60][:400])
    copies = [text.replace(text.split()[3], "quite", 1) for text in texts]
    wanted = {(i, i + len(texts)) for i, (a, b) in enumerate(zip(texts, copies)) if jaccard_by_hand(a, b) >= 0.75}
    found = set(map(tuple, near_pairs([*texts, *copies]).tolist()))
    assert len(wanted & found) >= 0.95 * len(wanted) > 100
    assert all(jaccard_by_hand(*([*texts, *copies][k] for k in pair)) > 0.65 for pair in found)
    order = rng.permutation(len(texts))
    assert len(set(near_groups([texts[k] for k in order]))) == len(set(near_groups(texts)))


def test_no_group_is_split_and_labels_are_spread():
    groups = np.repeat(np.arange(300), 2)
    labels = np.where(np.arange(600) < 200, "a", "b")
    fold = folds(groups, labels, 3, seed=1)
    assert (fold[::2] == fold[1::2]).all()
    assert (fold == folds(groups, labels, 3, seed=1)).all()
    assert (fold != folds(groups, labels, 3, seed=2)).any()
    assert [int((fold[labels == "a"] == k).sum()) for k in range(3)] == pytest.approx([200 / 3] * 3, abs=2)
