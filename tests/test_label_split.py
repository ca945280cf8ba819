"""`detente data split` and `data agreement`."""

import csv
import json

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.errors import InputError
from pipeline.label.agreement import agreement, kappa, read_annotators
from pipeline.label.fix import fixed
from pipeline.label.labelled_file import read_labelled_file
from pipeline.label.repeats import Repeats, repeat_findings
from pipeline.label.splits import deal, split_rows, write_split
from tests.conftest import snippets

COPY = "Kenya and Uganda signed a border treaty on Monday after weeks of talks in Nairobi"


def write(path, rows, header=("text", "event")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.fixture
def rows(tmp_path):
    """Forty rows, half of them protests, two of them near-copies; one day each."""
    events = ["PROTEST", "AGREE"] * 19
    shipped = {event: [row["text"] for row in snippets() if row["event"] == event] for event in set(events)}
    texts = [shipped[event][k // 2] for k, event in enumerate(events)]
    days = [f"2024-01-{1 + k // 2:02}" for k in range(38)] + ["2024-01-03", "2024-02-01"]
    cells = zip([*texts, COPY + ".", COPY + "!"], [*events, "AGREE", "AGREE"], days, ["a", "b", "c", "d"] * 10)
    return read_labelled_file(write(tmp_path / "mine.csv", cells, ("text", "event", "day", "source")))


def test_near_copies_are_never_apart(rows):
    for seed in range(20):
        split = split_rows(rows, 0.2, seed=seed)
        assert split.test[38] == split.test[39]
        assert split.test.sum() == 8


def test_what_check_calls_near_copies_fix_leaves_out_and_split_keeps_together(tmp_path):
    texts = [row["text"] for row in snippets()[:60]]
    copies = [text.replace(text.split()[3], "reportedly", 1) for text in texts]
    mine = read_labelled_file(write(tmp_path / "mine.csv", [(text, "AID") for text in [*texts, *copies]]))
    (reported,) = [one for one in repeat_findings(Repeats([mine])) if one.kind == "near-copy"]
    line = {int(line): row for row, line in enumerate(mine.lines)}
    pairs = [[line[place["row"]] for place in one["places"]] for one in reported.places]
    assert len(pairs) > 50
    for seed in range(5):
        test = split_rows(mine, 0.3, seed=seed).test
        assert all(test[one] == test[other] for one, other in pairs)
    paths = [
        write(tmp_path / f"{name}.csv", [(one, "AID") for one in of])
        for name, of in (("a", texts), ("b", [*copies, COPY]))
    ]
    files = [read_labelled_file(path) for path in paths]
    assert "near-copy between files" in {one.kind for one in repeat_findings(Repeats(files))}
    cleaned = [read_labelled_file(path) for path in fixed(files, tmp_path / "clean")[:2]]
    assert "near-copy between files" not in {one.kind for one in repeat_findings(Repeats(cleaned)) if one.count}


def test_a_split_is_the_same_for_the_same_seed_and_another_for_another(rows):
    first, again, other = (split_rows(rows, 0.2, seed=seed).test for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_rows_of_one_value_of_a_column_stay_together(rows):
    split = split_rows(rows, 0.25, group="source")
    source = rows.table.columns["source"]
    assert len(set(source[split.test])) == 1
    assert not set(source[split.test]) & set(source[~split.test])


def test_a_stratified_split_has_the_same_share_of_every_label(rows):
    split = split_rows(rows, 0.2, group=None, stratify=True)
    # Of 19 protests a fifth is 3.8, of 21 agreements 4.2.
    assert (rows.labels[split.test] == "PROTEST").sum() == 4
    assert (rows.labels[split.test] == "AGREE").sum() == 4


def test_a_split_by_time_tests_on_the_newest_rows_and_leaves_out_new_copies_of_old_ones(rows):
    split = split_rows(rows, 0.2, time="day")
    day = rows.table.columns["day"]
    assert max(day[~split.test & ~split.left_out]) < min(day[split.test])
    assert np.flatnonzero(split.left_out).tolist() == [39]  # a copy of row 38, which is old


def test_rows_without_a_date_are_on_neither_side(tmp_path):
    cells = [(f"Event {k} in town {k * 31}", "AID", f"2024-03-{k + 1:02}" if k else "") for k in range(10)]
    rows = read_labelled_file(write(tmp_path / "mine.csv", cells, ("text", "event", "day")))
    split = split_rows(rows, 0.3, group=None, time="day")
    assert np.flatnonzero(split.left_out).tolist() == [0]
    assert np.flatnonzero(split.test).tolist() == [7, 8, 9]


def test_groups_are_dealt_whole():
    test = deal(np.repeat(np.arange(10), 5), np.full(50, ""), 0.3, seed=4)
    assert test.reshape(10, 5).all(axis=1).sum() == 3
    assert test.sum() == 15


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 1.5}, "expected a share between 0 and 1"),
        ({"group": "nowhere"}, "no column 'nowhere'; the file has text, event, day, source"),
        ({"time": "day", "stratify": True}, "cannot be combined"),
        ({"time": "source"}, "no date in column source can be read"),
        ({"share": 0.001}, "one side would be empty"),
    ],
)
def test_a_split_that_cannot_be_made_is_a_clear_line(rows, options, message):
    with pytest.raises(InputError, match=message):
        split_rows(rows, **options)


def test_the_file_itself_is_never_overwritten(rows, tmp_path):
    path = write(tmp_path / "train.csv", [(f"Event {k} in town {k * 31}", "AID") for k in range(10)])
    own = read_labelled_file(path)
    with pytest.raises(InputError, match="is an input; name another file with --out"):
        write_split(own, split_rows(own), tmp_path)


def test_the_command_writes_both_files_with_all_columns(rows, tmp_path):
    done = CliRunner().invoke(app, ["data", "split", str(rows.path), "--out", str(tmp_path / "parts"), "--stratify"])
    assert done.exit_code == 0, done.output
    parts = [list(csv.DictReader((tmp_path / "parts" / f"{name}.csv").open())) for name in ("train", "test")]
    assert sorted(map(len, parts)) == [8, 32]
    assert set(parts[0][0]) == {"text", "event", "day", "source"}


A = [("One met Two.", "AGREE"), ("Two hit One.", "ASSAULT"), ("Three aids Four.", "AID"), ("Rain fell.", "OTHER")]
B = [("One met Two.", "AGREE"), ("Two hit One.", "ASSAULT"), ("Three aids Four.", "ASSAULT"), ("Rain fell.", "OTHER")]


def test_kappa_and_alpha_are_those_worked_out_by_hand():
    found = agreement({"a": A, "b": B}, "stance")
    # Agreed 3 of 4. By chance: escalation 1/4 * 2/4, de-escalation 2/4 * 1/4, neutral 1/4 * 1/4 = 5/16.
    assert found.pairs[0].agree == 0.75
    assert found.pairs[0].kappa.value == pytest.approx((0.75 - 5 / 16) / (1 - 5 / 16))
    # Of 8 values 3 escalation, 3 de-escalation, 2 neutral: 42 of 56 ordered pairs differ; observed 2 of 8.
    assert found.alpha.value == pytest.approx(1 - (2 / 8) / (42 / 56))
    assert found.alpha.low <= found.alpha.value <= found.alpha.high
    assert found.disagreements == [{"text": "Three aids Four.", "a": "de-escalation", "b": "escalation"}]


def test_events_are_compared_where_all_labels_are_event_types():
    assert agreement({"a": A, "b": B}).level == "event"
    assert agreement({"a": A, "b": [("Rain fell.", "neutral")]}).level == "stance"


def test_one_label_throughout_has_no_kappa():
    assert np.isnan(kappa(np.zeros(5, int), np.zeros(5, int)))
    assert np.isnan(kappa(np.full(5, 3), np.full(5, 3)))


def test_kappa_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 40):
        one, other = rng.integers(4, size=(2, n))
        if len({*one, *other}) > 1:
            assert kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))


def test_texts_that_one_annotator_labelled_twice_differently_are_left_out():
    found = agreement({"a": [*A, ("Rain fell.", "AID")], "b": B}, "stance")
    assert (found.texts, found.left_out) == (3, 2)


def test_annotators_without_a_text_in_common_are_a_clear_line():
    with pytest.raises(InputError, match="a and b: no text was labelled by two of them"):
        agreement({"a": A[:1], "b": B[1:]})


def test_one_file_of_all_annotators_is_told_apart_by_its_column(tmp_path):
    cells = [(*row, "ann") for row in A] + [(*row, "bob") for row in B]
    path = write(tmp_path / "all.csv", cells, ("text", "event", "annotator"))
    assert set(read_annotators([path])) == {"ann", "bob"}
    with pytest.raises(InputError, match="expected at least two annotators, found 1"):
        read_annotators([write(tmp_path / "a.csv", A)])


def test_the_command_gives_json_in_a_pipe_and_a_list_of_disagreements(tmp_path):
    one, other = write(tmp_path / "a.csv", A), write(tmp_path / "b.csv", B)
    listed = tmp_path / "apart.csv"
    done = CliRunner().invoke(app, ["data", "agreement", str(one), str(other), "--out", str(listed)])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[0])["pairs"][0]["texts"] == 4
    assert next(csv.DictReader(listed.open())) == {
        "text": "Three aids Four.",
        str(one): "AID",
        str(other): "ASSAULT",
    }


def test_exports_of_a_tool_are_compared_by_their_annotators(tmp_path):
    path = tmp_path / "export.jsonl"
    rows = [
        {"text": text, "answer": "accept", "accept": [label], "_annotator_id": who}
        for who, said in (("ann", A), ("bob", B))
        for text, label in said
    ]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    said = read_annotators([path])
    assert said == {"ann": A, "bob": B}
    path.write_text(json.dumps(rows[0] | {"accept": ["nonsense"]}) + "\n")
    with pytest.raises(InputError, match="unknown label 'nonsense'; bring it into shape"):
        read_annotators([path])


def test_exports_of_one_name_in_two_folders_are_two_annotators(tmp_path):
    paths = [tmp_path / who / "all.jsonl" for who in ("ann", "bob")]
    for path, said in zip(paths, (A, B)):
        path.parent.mkdir()
        path.write_text("".join(json.dumps({"text": text, "label": [label]}) + "\n" for text, label in said))
    assert read_annotators(paths) == {str(paths[0]): A, str(paths[1]): B}


def test_rows_of_a_table_that_cannot_be_compared_are_counted_by_file(tmp_path):
    one, other = write(tmp_path / "a.csv", [*A, ("Snow fell.", "HAWKISH"), ("", "AID")]), write(tmp_path / "b.csv", B)
    done = CliRunner().invoke(app, ["data", "agreement", str(one), str(other)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["texts"], found["faults"]) == (4, {str(one): 2})
    assert done.stderr.strip() == f"{one}: 2 faulty rows left out; `detente data check` lists them"
    done = CliRunner().invoke(app, ["data", "agreement", str(one), str(write(other, [("Hail fell.", "OTHER")]))])
    assert done.exit_code and "2 faulty rows left out" in done.stderr


def test_what_cannot_be_compared_is_a_clear_line(tmp_path):
    path = write(tmp_path / "a.csv", A)
    with pytest.raises(InputError, match="no column 'who'; the file has text, event"):
        read_annotators([path], by="who")
    with pytest.raises(InputError, match="label 'neutral' is not an event type; compare stances with --level stance"):
        agreement({"a": A, "b": [("Rain fell.", "neutral")]}, "event")
    with pytest.raises(InputError, match="level"):
        agreement({"a": A, "b": B}, "word")
