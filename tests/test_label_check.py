"""`detente data check`: what is planted is found, with its place, and a cleaned copy is written."""

import csv
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.atomic import Sheet, write_files
from pipeline.cli.app import app
from pipeline.corpus.labelled import read_labelled
from pipeline.corpus.spelling import kind_of, plain_label
from pipeline.errors import InputError
from pipeline.label import suspicion
from pipeline.label.check import check_rows, read_files
from pipeline.label.fix import fixed
from pipeline.label.suspicion import bundled_opinion, label_errors, own_opinion, pooled
from pipeline.read.cleaning import clean
from pipeline.read.tolerant import read_lines
from pipeline.stance import LABELS, stance_of
from tests import forked
from tests.conftest import DATA, snippets


def write(path, rows, header=("text", "event")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def found(paths, **options):
    return check_rows(read_files(paths), errors=False, **options)


def test_broken_lines_are_listed_with_their_line_and_the_rest_is_kept(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_bytes(
        b"text,event\n"  # line 1
        b"Chad and Niger signed a pact on Monday.,AGREE\n"
        b"Two columns, and, one more,AGREE\n"  # 3: too many
        b'"Kenya accused Uganda of spying.\n'
        b"Nobody closes, the mark above,ACCUSE\n"  # 4 is never closed, 5 has too many
        b'"Mali sent troops\nto the border.",MOBILIZE\n'  # 6 and 7: one row over two lines
        b"Peru protest\xe9 today,PROTEST\n"  # 8: not UTF-8
        b",AGREE\n"  # 9: blank
        b"Fiji talks with Tonga.,\n"  # 10: no label
        b"Oman backs Qatar.,SUPPORTS\n"  # 11: unknown label
        b"Togo and Benin hold talks.,consult\n"  # 12
    )
    (rows,) = read_files([path])
    assert rows.lines.tolist() == [2, 6, 12]
    assert rows.corpus.texts[1] == "Mali sent troops to the border."
    assert [(fault.row, fault.kind) for fault in rows.faults] == [
        (3, "broken row"),
        (4, "broken row"),
        (5, "broken row"),
        (8, "broken row"),
        (9, "blank text"),
        (10, "no label"),
        (11, "label that does not fit"),
    ]
    assert "unclosed quotation mark" in rows.faults[1].reason
    assert "windows-1252" in rows.faults[3].reason


def test_marks_within_a_field_are_text_and_a_bare_carriage_return_is_a_fault(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'id,text\n1,a 12" pipe\n2,"Rain\nfell."\n3,"Fog\r\n4,x\ry\n5,Snow\n')
    table = read_lines(tmp_path / "a.csv")
    assert table.columns["text"].tolist() == ['a 12" pipe', "Rain\nfell.", "Snow"]
    assert table.rows.tolist() == [2, 3, 7]
    assert [(reject.row, reject.reason.split(" - ")[0]) for reject in table.rejects] == [
        (5, "unclosed quotation mark"),
        (6, "new-line character seen in unquoted field"),
    ]


def test_an_even_number_of_unclosed_marks_swallows_no_rows(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text('text,event\n"One,AID\nChad aids Mali.,AID\n"Two,AID\nChad aids Niger.,AID\n')
    (rows,) = read_files([path])
    assert rows.lines.tolist() == [3, 5]
    assert [fault.row for fault in rows.faults] == [2, 4]


def test_broken_lines_of_jsonl_are_listed_too(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text(
        '{"text": "Chad aids Mali.", "event": "AID"}\n{"text": "Chad\n{"text": "Mali aids Chad.", "event": "AID"}\n'
    )
    (rows,) = read_files([path])
    assert rows.lines.tolist() == [1, 3]
    assert [fault.row for fault in rows.faults] == [2]


def test_a_text_under_several_labels_is_listed_with_all_of_them(tmp_path):
    text = "Kenya and Uganda signed a border treaty on Monday."
    path = write(tmp_path / "mine.csv", [(text, "AGREE"), ("Rain fell.", "OTHER"), (text, "AID"), (text, "AGREE")])
    (place,) = found([path]).finding("contradiction").places
    assert place["labels"] == {"AGREE": 2, "AID": 1}
    assert [at["row"] for at in place["places"]] == [2, 4, 5]


def test_a_label_that_only_says_more_contradicts_nothing(tmp_path):
    text = "Kenya and Uganda signed a border treaty on Monday."
    path = write(tmp_path / "mine.csv", [(text, "AGREE", ""), (text, "", "de-escalation")], ("text", "event", "stance"))
    done = found([path])
    assert done.finding("contradiction") is None
    assert done.finding("repeat").count == 1


def test_copies_between_files_are_serious_and_within_one_are_not(tmp_path):
    text = "Kenya and Uganda signed a border treaty on Monday after weeks of talks in Nairobi."
    one = write(tmp_path / "one.csv", [(text, "AGREE"), ("Chad sent troops to the border with Sudan.", "MOBILIZE")])
    other = write(
        tmp_path / "two.csv", [(text, "AGREE"), ("Chad has sent troops to the border with Sudan.", "MOBILIZE")]
    )
    done = found([one, other])
    assert done.serious
    assert done.finding("copy between files").count == 1
    (pair,) = done.finding("near-copy between files").places
    assert [(at["file"], at["row"]) for at in pair["places"]] == [(str(one), 3), (str(other), 3)]
    alone = write(tmp_path / "three.csv", [(text, "AGREE"), (text, "AGREE")])
    assert not found([alone]).serious


def test_a_file_named_twice_is_an_error(tmp_path):
    path = write(tmp_path / "mine.csv", [("Chad aids Mali.", "AID")])
    with pytest.raises(InputError, match="named twice"):
        read_files([path, path])


def test_long_and_garbled_texts_rare_stances_and_one_sided_actors_are_told(tmp_path):
    rows = [(f"Iran attacked town number {n} near the border.", "ASSAULT") for n in range(40)]
    rows += [(f"Peru and Chile signed agreement number {n}.", "AGREE") for n in range(40)]
    rows += [("word " * 121, "AGREE"), ("The minister said itâ€™s over.", "AGREE")]
    done = found([write(tmp_path / "mine.csv", rows)])
    assert done.finding("over-long text").places[0]["words"] == 121
    assert done.finding("garbled characters").places[0]["row"] == 83
    assert [place["stance"] for place in done.finding("rare stance").places] == ["neutral"]
    assert {place["actor"]: place["stance"] for place in done.finding("one-sided actor").places} == {
        "IRN": "escalation",
        "PER": "de-escalation",
        "CHL": "de-escalation",
    }
    assert done.files[0].stances == {"escalation": 40, "de-escalation": 42, "neutral": 0}


def test_texts_of_another_language_are_told_by_the_model(tmp_path, model):
    rows = [("The government of Chad signed a peace agreement with the rebels.", "AGREE")] * 2
    rows += [("Die Regierung hat gestern ein neues Abkommen unterzeichnet und ratifiziert.", "AGREE")]
    done = found([write(tmp_path / "mine.csv", rows)], model=model)
    assert [place["row"] for place in done.finding("not English").places] == [4]


def test_the_confident_joint_is_the_one_worked_out_by_hand():
    proba = np.array([[0.9, 0.1], [0.7, 0.3], [0.8, 0.2], [0.4, 0.6], [0.2, 0.8]])
    given = np.array([0, 0, 1, 1, 1])
    # Means of the given class: (0.9 + 0.7) / 2 and (0.2 + 0.6 + 0.8) / 3.
    assert suspicion.thresholds(given, proba) == pytest.approx([0.8, 1.6 / 3])
    # Row 1 reaches neither threshold; row 2 is labelled 1 and confidently 0.
    assert suspicion.confident_joint(given, proba).tolist() == [[1, 0], [1, 2]]
    suspects = suspicion.suspects(given, proba)
    assert (suspects.rows.tolist(), suspects.suggested.tolist()) == ([2], [0])
    assert suspects.margin == pytest.approx([np.log(0.2 / 0.8)])


def test_the_pool_trusts_the_opinion_that_fits_the_labels():
    rng = np.random.default_rng(0)
    given = rng.integers(0, 3, 300)
    knows, guesses = np.full((300, 3), 0.1), rng.dirichlet(np.ones(3), 300)
    knows[np.arange(300), given] = 0.8
    for opinions in ((knows, guesses), (guesses, knows)):
        proba = pooled(np.log(opinions), given)
        assert proba.sum(axis=1) == pytest.approx(1) and (proba.argmax(axis=1) == given).all()
        assert proba[np.arange(300), given].min() > 0.8


def test_labels_that_mean_something_else_than_the_bundled_ones_are_learnt_from_the_file():
    texts = {event: [row["text"] for row in snippets() if row["event"] == event][:60] for event in ("ASSAULT", "YIELD")}
    mine = np.array([*texts["ASSAULT"], *texts["YIELD"]], object)
    given = np.repeat([1, 0], 60)  # the other way round in the whole file,
    given[[3, 90]] = [0, 1]  # but for two rows
    shipped = read_labelled([DATA])
    some = shipped.take(np.flatnonzero(~np.isin(shipped.texts, mine))[::60])
    of_label = np.array([("escalation", "de-escalation", "neutral").index(stance_of(label)) for label in LABELS])
    bundled = bundled_opinion(mine, some, np.where(of_label == 2, -1, of_label), 2)
    assert (bundled.argmax(axis=1) == np.repeat([0, 1], 60)).mean() > 0.7
    proba = pooled((bundled, own_opinion(mine, given, np.arange(120), 2)), given)
    assert {3, 90} <= set(suspicion.suspects(given, proba).rows[:6])


def test_a_file_of_one_label_is_said_not_to_be_checked(tmp_path):
    rows = [(row["text"], "AID") for row in snippets()[:40]]
    done = label_errors(read_files([write(tmp_path / "mine.csv", rows)]))
    assert done == ([], ["likely label errors: expected at least two different labels, found only AID"])


def test_a_class_that_nobody_was_given_is_never_confidently_found():
    proba = np.array([[0.1, 0.2, 0.7], [0.2, 0.7, 0.1], [0.8, 0.1, 0.1]])
    assert suspicion.confident_classes(np.array([0, 1, 0]), proba).tolist() == [-1, 1, 0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Escalatory", "escalation"),
        ("deescalation", "de-escalation"),
        ("De-Escalation", "de-escalation"),
        ("DE_ESCALATORY", "de-escalation"),
        ("de escalating", "de-escalation"),
        ("Neither", "neutral"),
        ("de\u2014escalation", "de-escalation"),
        ("de\u2212escalation", "de-escalation"),
        ("de\u00adescalation", "de-escalation"),
        ("de\u00ad-escalation", "de-escalation"),
        ("\ufeffesca\u200blation", "escalation"),
        ("Escalation. ", "escalation"),
        ("Conflict", "escalation"),
        ("cooperation", "de-escalation"),
    ],
)
def test_everyday_spellings_of_stances_are_understood(written, meant):
    assert plain_label(written, "stance") == meant
    assert kind_of(written) == ("stance", meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("material conflict", ("quad", "material conflict")),
        ("Verbal\u2013Cooperation.", ("quad", "verbal cooperation")),
        ("cooperate", ("event", "COOPERATE")),
        ("ASSAULT.", ("event", "ASSAULT")),
        ("NEUTRAL\u200b", ("event", "NEUTRAL")),
        ("conflicts", None),
        (".", None),
        ("None", None),
        ("none", ("stance", "neutral")),
    ],
)
def test_event_types_and_quad_classes_keep_their_meaning(written, meant):
    assert kind_of(written) == meant


def test_numbers_mean_nothing_until_somebody_says_so():
    assert kind_of("1") is None
    assert kind_of("0") is None


def test_a_cleaned_copy_can_be_trained_on_and_every_change_is_listed(tmp_path):
    treaty = "Kenya and Uganda signed a border treaty on Monday."
    rows = [(treaty, "AGREE"), (treaty, "AID"), ("Mali  sent troops.", "mobilize"), ("Mali sent troops.", "MOBILIZE")]
    path = write(tmp_path / "mine.csv", [*rows, ("", "AID"), ("Peru hit Chile.", "ASSAULT")])
    copy, changes = fixed(read_files([path]), tmp_path / "clean.csv")
    assert read_labelled([copy]).texts.tolist() == ["Mali sent troops.", "Peru hit Chile."]
    listed = list(csv.DictReader(changes.open(encoding="utf-8")))
    assert [(one["row"], one["change"].split(":")[0], one["column"]) for one in listed] == [
        ("2", "left out", ""),
        ("3", "left out", ""),
        ("4", "rewritten", "text"),
        ("4", "rewritten", "event"),
        ("5", "left out", ""),
        ("6", "left out", ""),
    ]
    assert (listed[3]["before"], listed[3]["after"]) == ("mobilize", "MOBILIZE")


def test_the_cleaned_copy_keeps_both_columns_of_the_same_name(tmp_path):
    path = write(tmp_path / "mine.csv", [("Peru hit Chile.", "ASSAULT", "a", "b")], ("text", "event", "note", "note"))
    copy, _ = fixed(read_files([path]), tmp_path / "clean.csv")
    assert copy.read_text().splitlines() == ["text,event,note,note_2", "Peru hit Chile.,ASSAULT,a,b"]


def test_of_several_files_the_first_keeps_its_texts_and_later_copies_go(tmp_path):
    text = "Kenya and Uganda signed a border treaty on Monday after weeks of talks in Nairobi"
    one = write(tmp_path / "one.csv", [(text + ".", "AGREE")])
    other = write(tmp_path / "two.csv", [(text + "!", "AGREE"), ("Peru hit Chile.", "ASSAULT")])
    first, second, changes = fixed(read_files([one, other]), tmp_path / "clean")
    assert [read_lines(path).columns["text"].tolist() for path in (first, second)] == [
        [text + "."],
        ["Peru hit Chile."],
    ]
    assert "near-copy of" in changes.read_text()


def test_a_cleaned_copy_without_rows_is_refused_in_one_line(tmp_path):
    peace, war = "Kenya and Uganda signed a border treaty on Monday.", "Peru hit Chile with rockets from the border."
    at_odds = write(tmp_path / "mine.csv", [(peace, "AGREE"), (peace, "AID"), ("", "AID")])
    one, other = (write(tmp_path / name, [(peace, "AGREE"), (war, "ASSAULT")]) for name in ("one.csv", "two.csv"))
    for given, message in (
        (
            [at_odds],
            "mine.csv: --fix would leave no row of it, so nothing was written; row 2: left out: one text under",
        ),
        (
            [one, other],
            f"two.csv: --fix would leave .*; row 2: left out: the same text and label as {one}, row 2; correct",
        ),
    ):
        with pytest.raises(InputError, match=message):
            fixed(read_files(given), tmp_path / "clean.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.csv", "one.csv", "two.csv"]


def test_the_cleaned_copy_never_replaces_the_file_itself(tmp_path):
    changes = write(tmp_path / "mine.changes.csv", [("Peru hit Chile.", "ASSAULT")])
    for given, out in ((changes, changes), (changes, tmp_path / "mine.csv")):
        with pytest.raises(InputError, match="is an input; name another file with --fix"):
            fixed(read_files([given]), out)
    assert [one.name for one in tmp_path.iterdir()] == ["mine.changes.csv"]


def test_files_are_written_all_or_none(tmp_path):
    def breaks():
        yield ["1"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_files({tmp_path / "a.csv": Sheet(["n"], [["1"]]), tmp_path / "b.csv": Sheet(["n"], breaks())})
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_one_clear_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written: .*nothing was changed"):
        write_files({tmp_path / "file" / "x.csv": Sheet(["n"], [["1"]])})


def test_the_command_gives_json_in_a_pipe_and_exit_code_3(tmp_path):
    path = write(tmp_path / "mine.csv", [("Peru hit Chile.", "ASSAULT"), ("Peru hit Chile.", "AID")])
    done = CliRunner().invoke(app, ["data", "check", str(path), "--no-errors"])
    assert done.exit_code == 3
    report = json.loads(done.stdout)
    assert report["serious"]
    assert report["findings"][0]["kind"] == "contradiction"
    clean = write(tmp_path / "clean.csv", [("Peru hit Chile.", "ASSAULT"), ("Oman aids Chad.", "AID")])
    assert CliRunner().invoke(app, ["data", "check", str(clean), "--no-errors"]).exit_code == 0


def test_a_pipe_holds_nothing_but_json_whatever_is_written_beside(tmp_path):
    path = write(tmp_path / "mine.csv", [("Peru hit Chile.", "ASSAULT"), ("Oman aids Chad.", "AID")])
    done = forked.run(["data", "check", path, "--no-errors", "--fix", "clean.csv"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["serious"] is False
    assert (tmp_path / "clean.csv").exists()


@pytest.mark.posix
def test_an_output_that_does_not_fit_on_the_disk_leaves_nothing_behind(tmp_path):
    rows = [(f"Peru hit town {k} of Chile with {k * 7} rockets.", "ASSAULT") for k in range(600)]
    path = write(tmp_path / "mine.csv", rows)

    def small_files():
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    out = tmp_path / "out" / "clean.csv"
    given = [sys.executable, "-m", "pipeline.cli", "data", "check", str(path), "--no-errors", "--fix", str(out)]
    done = subprocess.run(
        given, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=small_files
    )
    assert done.returncode == 1
    assert "clean.csv: cannot be written: File too large; nothing was changed" in done.stderr
    assert list(out.parent.iterdir()) == []


@pytest.mark.linux
@pytest.mark.slow
def test_an_interruption_leaves_nothing_behind(tmp_path):
    rows = [(f"Peru hit town {k} of Chile with {k * 7} rockets.", "ASSAULT" if k % 2 else "AID") for k in range(20_000)]
    path = write(tmp_path / "mine.csv", rows)
    out = tmp_path / "clean.csv"
    given = [sys.executable, "-m", "pipeline.cli", "data", "check", str(path), "--fix", str(out)]
    run = subprocess.Popen(given, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    maps, last = Path(f"/proc/{run.pid}/maps"), time.monotonic() + 60
    while maps.exists() and "arrow" not in maps.read_text() and time.monotonic() < last:  # not before it is at work
        time.sleep(0.05)
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert said[0] == ""
    assert "interrupted" in said[1]
    assert "Traceback" not in said[1]
    assert [one.name for one in tmp_path.iterdir()] == ["mine.csv"]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """5,000 rows with 100 flipped labels, 50 near-copies in a second file, 20 broken lines and 30 contradictions."""
    rng, folder = random.Random(7), tmp_path_factory.mktemp("planted")
    rows = list({row["text"]: (row["text"], row["event"]) for row in snippets()}.values())
    rng.shuffle(rows)
    labels = sorted({event for _, event in rows})
    mine, other = rows[:4_950], rows[5_000:5_500]
    flipped = rng.sample(range(4_950), 100)
    for row in flipped:
        text, event = mine[row]
        mine[row] = (text, rng.choice([label for label in labels if stance_of(label) != stance_of(event)]))
    unflipped = sorted(set(range(4_950)) - set(flipped))
    against = rng.sample(unflipped, 30)
    mine += [(mine[row][0], next(x for x in labels if x != mine[row][1])) for row in against]
    copies = rng.sample(sorted(set(unflipped) - set(against)), 50)
    for row in copies:
        words = mine[row][0].split()
        words.insert(rng.randrange(1, len(words)), "reportedly")
        other.append((" ".join(words), mine[row][1]))
    broken = _write_with_broken_lines(folder / "mine.csv", mine, rng)
    write(folder / "other.csv", other)
    return folder, {mine[row][0] for row in flipped}, {mine[row][0] for row in against}, broken


def _write_with_broken_lines(path, rows, rng):
    bad = [b'"A mark that nobody closes,AID', b"no label at all", b"one,two,three", b"bytes \xff\xfe here,AID"] * 5
    write(path, rows)
    lines = path.read_bytes().rstrip().split(b"\r\n")
    for line in bad:
        lines.insert(rng.randrange(1, len(lines)), line)
    path.write_bytes(b"\n".join(lines) + b"\n")
    return [number for number, line in enumerate(lines, start=1) if line in bad]


@pytest.mark.slow
@pytest.mark.traced
def test_what_is_planted_among_5000_rows_is_found(planted):
    folder, flipped, against, broken = planted
    rows = read_files([folder / "mine.csv", folder / "other.csv"])
    done = check_rows(rows)
    assert [place["row"] for place in done.finding("broken row").places] == broken
    assert len(rows[0].kept) == 4_980
    read = {text[:200] for text in clean(sorted(against)).to_pylist()}  # without datelines
    assert {place["text"] for place in done.finding("contradiction").places} == read
    assert Counter(len(place["labels"]) for place in done.finding("contradiction").places) == {2: 30}
    assert done.finding("near-copy between files").count >= 48
    first = done.finding("likely label error").places[:150]
    assert sum(any(text.startswith(place["text"]) for text in flipped) for place in first) >= 60
