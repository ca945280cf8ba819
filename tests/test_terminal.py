"""What commands say to a person: tables and lines where standard output or error is a terminal."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.corpus.labelled import read_labelled
from pipeline.corpus.labelled_rows import SetAside
from pipeline.evaluate.intervals import Figure
from pipeline.experiment.own_rows import OwnRows
from pipeline.explain.explanation import Explanation, Piece, Sentence
from pipeline.label.agreement import agreement
from pipeline.label.findings import Checked, FileSummary, Finding
from pipeline.label.imports import Imported
from pipeline.label.labelled_file import read_labelled_file
from pipeline.label.pools import Pool, Task
from pipeline.label.splits import Split
from pipeline.messages import terminal
from pipeline.model.settings import Training
from pipeline.read.rows import Reject
from pipeline.show import corpora, experiments, labelling, progress, reading, scores, written
from pipeline.show.experiments import decision_table, run_table, versus_lines, versus_tables
from pipeline.show.labelling import checked
from pipeline.sources.cards import cards
from pipeline.tracking.catalogue import Listed, compare_runs, list_runs
from pipeline.tracking.promotion import give_alias, weigh
from tests.conftest import DATA
from tests.test_promotion import unseen, worse  # noqa: F401  fixtures
from tests.test_tracking import logged, saved, store  # noqa: F401  fixtures


@pytest.fixture
def said(capsys):
    """What was printed so far: standard output, its lines without spaces at their ends."""
    return lambda: "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())


def row_of(text, first):
    """The cells of the line that begins so."""
    (line,) = [line for line in text.splitlines() if line.strip().startswith(first)]
    return line.split()


def test_a_list_of_runs_shows_id_time_figures_and_model(logged, worse, said):  # noqa: F811
    runs = list_runs()
    run_table([replace(runs[0], seconds=61.2, aliases=("champion",)), *runs[1:]])
    shown = said()
    cells = row_of(shown, "worse")
    assert runs[0].run_id[:8] in cells and f"v{runs[0].version}" in cells and "@champion" in cells and "61" in cells
    assert f"{runs[0].figures['three_way.macro_f1'].value:.3f}" in cells
    assert "first" in shown
    run_table([])
    assert said() == "no runs; `detente train` creates one"


def test_a_run_without_a_model_shows_its_state(logged, worse, said):  # noqa: F811
    run_table([replace(list_runs()[0], version="", aliases=(), status="failed", seconds=None, figures={}, data={})])
    assert row_of(said(), "worse")[-1] == "failed"


@pytest.mark.parametrize("name", ["[/x]", "[red]", "[bold]a[/bold]"])
def test_square_brackets_in_names_of_runs_and_files_are_shown(said, name):
    run_table([Listed("a" * 32, name, "detente", "finished", "2026-01-01T00:00", 1.0, {name: "d"}, "", (), {}, {}, "")])
    assert row_of(said(), name)[0] == name
    checked(Checked([FileSummary(f"{name}.csv", 1, 0, {}, {}, {"neutral": 1}, {})], [], []))
    assert row_of(said(), name)[0] == f"{name}.csv"
    written([Path(f"{name}.csv")])
    assert said() == f"wrote    {name}.csv"


def test_two_runs_side_by_side(logged, worse, said):  # noqa: F811
    found = compare_runs("worse", "first")
    versus_tables(found)
    shown = said()
    assert row_of(shown, "training.c") == ["training.c", "0.5", str(Training().c)]
    assert "no data that differ" in shown and "McNemar  only the first correct: " in shown
    counted = {**found.figures, "feed/rows": (Figure(1200.0, 1200.0, 1200.0), None)}
    versus_tables(replace(found, paired={}, figures=counted, data={"towns": (None, "abc")}))
    shown = said()
    assert row_of(shown, "feed: rows") == ["feed:", "rows", "1,200"]
    assert row_of(shown, "towns") == ["towns", "abc"]
    assert "no paired differences: the runs share no rows" in shown


def test_two_runs_as_lines_of_json_say_what_each_tells_of(logged, worse, said):  # noqa: F811
    found = compare_runs("worse", "first")
    versus_lines(replace(found, figures={**found.figures, "only.here": (None, Figure(1.0, 0.9, 1.0))}))
    lines = [json.loads(line) for line in said().splitlines()]
    assert {"first", "second", "setting", "metric", "difference", "mcnemar"} <= {line["what"] for line in lines}
    (here,) = [line for line in lines if line.get("name") == "only.here"]
    assert here["first"] is None and here["second"]["value"] == 1.0


def test_a_promotion_says_why(logged, worse, unseen, said):  # noqa: F811
    first = weigh("worse", "shown", unseen)
    decision_table(first, force=False)
    shown = said()
    assert (
        "(no champion yet)" in shown
        and "promoted models:/detente/2 is now @shown: no model had the alias shown" in shown
    )
    assert "snippets left out: training texts or near-copies of them" in shown
    give_alias(first)
    better = weigh("first", "shown", unseen)
    decision_table(better, force=False)
    assert "promoted models:/detente/1 is now @shown: models:/detente/1 is better" in said()
    decision_table(replace(better, allowed=False), force=False)
    shown = said()
    assert "promoted" not in shown and row_of(shown, "three stances, macro-F1")[-1].endswith("]")
    decision_table(replace(better, allowed=False, contest=None), force=True)
    assert "is now @shown (forced)" in said()


def test_findings_name_their_places_and_how_many_more_there_are(said):
    places = [{"file": "a.csv", "row": n, "reason": "blank", "text": f"text {n}"} for n in range(2, 9)]
    many = {
        "labels": {"AID": 2, "FIGHT": 1},
        "places": [
            {"file": "a.csv", "row": 2, "label": "AID", "text": "One [b]text[/b]."},
            {"file": "b.csv", "row": 3, "label": "FIGHT"},
        ],
    }
    done = Checked(
        [FileSummary("a.csv", 1200, 7, {}, {"AID": 5}, {"escalation": 3, "neutral": 0}, {"KEN": 4})],
        [Finding("broken row", True, "mend them", places), Finding("contradiction", False, "decide", [many])],
        ["language: no model"],
    )
    checked(done)
    shown = said()
    assert row_of(shown, "a.csv  ")[:5] == ["a.csv", "1,200", "7", "3", "escalation"]
    assert "broken row 7: mend them" in shown and "a.csv:6  blank  text 6" in shown and "a.csv:7" not in shown
    assert "and 2 more (--all)" in shown
    assert "labels AID ×2, FIGHT ×1; a.csv:2 AID, b.csv:3 FIGHT  One [b]text[/b]." in shown
    assert "skipped: language: no model" in shown
    checked(done, all_places=True)
    shown = said()
    assert "a.csv:8  blank  text 8" in shown and "more (--all)" not in shown
    checked(Checked([], [], []))
    assert said().endswith("no problems found")


def test_an_import_says_what_labels_were_taken_for_and_what_was_left_out(capsys):
    found = Imported([], 2, [Reject("a.csv", 2, "broken", "")], {"bad": ("escalation", 1200)}, "body", "code")
    labelling.imported(found)
    out, err = capsys.readouterr()
    assert "text     body\nlabel    code" in out and row_of(out, "bad") == ["bad", "escalation", "1,200"]
    assert "left out 2 rows without a text or a label" in err and "left out 1 unreadable row, see" in err
    labelling.imported(replace(found, unlabelled=0, rejects=[], text_column=None, label_column=None))
    out, err = capsys.readouterr()
    assert "text  " not in out and err == ""


def test_a_pick_counts_its_reasons(capsys):
    tasks = [Task(f"t{n}", "A text.", {"picked": why}) for n, why in enumerate(["unsure", "unsure", "random"])]
    labelling.picked(tasks, Pool("pool", np.arange(4), np.array(["A text."] * 4, object), {"blank": 2}))
    out, err = capsys.readouterr()
    assert out.startswith("picked   3 of 4 texts: 2 unsure, 1 random") and "left out 2 rows blank" in err


def test_a_split_shows_both_sides_and_faulty_rows(tmp_path, capsys):
    path = tmp_path / "rows.csv"
    path.write_text("text,event\nKenya hit Uganda.,ASSAULT\nFood came to Chad.,AID\nRain fell.,OTHER\nNo label.,\n")
    rows = read_labelled_file(path)
    test, none = np.array([True, False, False]), np.zeros(3, bool)
    labelling.parted(rows, Split(test, np.arange(3), none))
    out, err = capsys.readouterr()
    assert row_of(out, "test") == ["test", "1", "33.3%", "1", "escalation"] and "left out" not in out
    assert "1 faulty row left out" in err
    labelling.parted(replace(rows, faults=[]), Split(test, np.arange(3), np.array([False, True, False])))
    out, err = capsys.readouterr()
    assert row_of(out, "left out")[2:] == ["1", "33.3%", "1", "de-escalation"] and err == ""


def test_agreement_shows_kappa_and_the_first_disagreements(capsys):
    texts = [f"Text {n}." for n in range(14)]
    one, other = (
        [(text, "AID") for text in texts],
        [(text, "AID" if n < 2 else "FIGHT") for n, text in enumerate(texts)],
    )
    with pytest.raises(Exception, match="FIGHT"):
        agreement({"a": one, "b": other}, "event")
    other = [(text, "AID" if n < 2 else "ASSAULT") for n, text in enumerate(texts)]
    found = agreement({"a": one, "b": other})
    labelling.agreed(replace(found, left_out=3))
    out, err = capsys.readouterr()
    assert row_of(out, "a, b")[2:4] == ["14", "14.3%"] and "and 2 more disagreements (--out lists all)" in out
    assert "Krippendorff's alpha" in out and "over 14 texts, events" in out
    assert "left out 3 rows: one annotator gave one text several labels" in err
    labelling.agreed(agreement({"a": one, "b": one}))
    assert "undefined: all labels are the same" in capsys.readouterr().out


def test_public_corpora_are_listed_with_what_is_at_hand(said, tmp_path):
    known = cards()
    name = next(iter(known))
    kept = {each: [False] * len(card.files) for each, card in known.items()}
    corpora.listing(known, kept | {name: [True]}, tmp_path)
    shown = said()
    assert row_of(shown, f"{name} ")[-1] == "yes" and shown.endswith(f"cache    {tmp_path}")
    corpora.cards(known, kept | {name: [True, False]}, tmp_path)
    shown = said()
    assert f"{name}  downloaded: partly" in shown and all(card.licence in shown for card in known.values())
    assert "columns    text: " in shown
    corpora.fetched(known[name], [tmp_path / "train.tsv"])
    assert f"{tmp_path}/train.tsv\nlicence  {known[name].licence}\ncite     " in said()


def test_own_rows_are_shown_with_their_curve(capsys):
    figures = {"three_way.macro_f1": Figure(0.5, 0.4, 0.6)}
    labelling.own_rows(OwnRows({"mine.csv": (1200, figures)}, ("mine.csv",), ((0.5, 600, figures),)), "")
    out = capsys.readouterr().out
    assert row_of(out, "mine.csv  1")[:2] == ["mine.csv", "1,200"] and row_of(out, "50%")[:2] == ["50%", "600"]
    labelling.own_rows(OwnRows({"mine.csv": (1200, {})}, (), ()), "no learning curve: too few rows")
    shown = capsys.readouterr()
    assert "learning curve" not in shown.out and shown.err == "no learning curve: too few rows\n"
    labelling.set_aside((SetAside("blank", "a.csv", 2, "AID", ""),), Path("aside.csv"))
    labelling.missing(["plv"])
    err = capsys.readouterr().err
    assert "left out 1 row: blank\nlisted   aside.csv\n" in err and "detente data fetch plv" in err


def test_an_explanation_marks_what_weighs_and_says_why_a_sentence_counts_for_nothing(said):
    text = "Menu\n\n(AFP) Tro\u00adops left\nthe\x07 town.\r\nRead more"
    pieces = [Piece("Troops", 2.0, 12, 19), Piece("left", -1.5, 20, 24), Piece("the", 0.0, 25, 28)]
    one = Sentence(pieces, "unclear", "", 0.1, 0.3, 0.5, "no politics", 2, 0.2, 0.4, 6, 35)
    scores.explanation(Explanation("neutral", 0.1, 0.5, [one, replace(one, left_out="", repeats=1)], text))
    shown = said()
    assert shown.startswith("neutral  tension +0.10, 50% political\n\nMenu\n(AFP) +Tro\u00adops -left the␇ town.\n")
    assert "occurs 2 times, left out: no politics" in shown and shown.count("left out") == 1
    assert shown.endswith("\nRead more")
    scores.explanation(Explanation("neutral", 0.1, 0.5, [one], text))
    assert "political" not in said()


def test_no_progress_is_drawn_in_a_log_file(capsys):
    with reading(10) as read, progress(2, "training") as train, experiments.searching(2) as search:
        read(5, 5)
        train("half")
        search(1, "best")
    with corpora.downloading("towns") as step:
        step("rows.tsv", 5, 10)
    assert capsys.readouterr().err == ""


def test_progress_is_drawn_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with reading(10) as step:
        step(5, 5)
    with corpora.downloading("towns") as step:
        step("rows.tsv", 5, 10)
        step("rows.tsv", 10, 0)
    with progress(2, "training") as step:
        step("half")
    assert "training" in capsys.readouterr().err
    monkeypatch.setattr(terminal, "quiet", True)
    with corpora.downloading("towns") as step, progress(2, "training"):
        step("rows.tsv", 5, 10)
    assert capsys.readouterr().err == ""


def test_the_corpus_names_rows_as_an_editor_does():
    corpus = read_labelled([DATA / "conflict.csv"])
    first = (DATA / "conflict.csv").read_text(encoding="utf-8").splitlines()[int(corpus.rows[0]) - 1]
    assert corpus.texts[0] in first
