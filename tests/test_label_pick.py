"""`detente data pick`: the least sure texts, unlike each other, and a random share that is marked."""

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.errors import InputError
from pipeline.label.exchange import read_export
from pipeline.label.imports import import_files
from pipeline.label.pick import certainty, pick
from pipeline.label.pools import labelled_texts, picked_tasks, read_pool, write_tasks
from pipeline.stance import STANCES

TEXTS = np.array([f"{word} {k}" for k in range(25) for word in ("border", "treaty", "strike", "summit")], object)


@pytest.fixture
def pool(tmp_path, corpus):
    """A file of forty texts with a copy, a blank, and one that is labelled already."""
    texts = list(dict.fromkeys(corpus.texts))[:40]
    path = tmp_path / "pool.csv"
    pd.DataFrame({"id": [f"n-{k}" for k in range(42)], "text": [*texts, texts[0] + "!", ""]}).to_csv(path, index=False)
    return path, texts


def test_certainty_is_one_less_the_entropy_over_that_of_an_even_row():
    # -(0.5 ln 0.5 + 2 * 0.25 ln 0.25) = 1.5 ln 2, over ln 3
    proba = np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    assert certainty(proba) == pytest.approx([1 - 1.5 * np.log(2) / np.log(3), 1.0, 0.0])


def test_a_fifth_is_random_and_the_rest_are_among_the_least_sure():
    proba = np.column_stack([np.linspace(0.5, 1, 100), np.linspace(0.5, 0, 100)])
    found = pick(TEXTS, proba, 20, seed=1)
    assert Counter(found.why) == {"unsure": 16, "random": 4}
    assert len(set(found.rows)) == 20
    # The least sure third of the 96 that are left, and at most four of it drawn at random already.
    assert found.rows[found.why == "unsure"].max() < 96 // 3 + 4


@pytest.mark.parametrize(("n", "share", "n_random"), [(1, 0.2, 1), (2, 0.2, 1), (2, 0.0, 0), (8, 0.2, 2)])
def test_at_least_one_text_is_random_unless_none_is_asked_for(n, share, n_random):
    found = pick(TEXTS, np.full((100, 2), 0.5), n, random_share=share)
    assert (found.why == "random").sum() == n_random


def test_more_than_can_be_clustered_are_the_least_sure(monkeypatch):
    monkeypatch.setattr("pipeline.label.pick._MOST_CLUSTERED", 5)
    proba = np.column_stack([np.linspace(0.5, 1, 100), np.linspace(0.5, 0, 100)])
    found = pick(TEXTS, proba, 10, random_share=0.0)
    assert set(found.rows) == set(range(10))


def test_the_random_share_is_drawn_from_the_whole_pool_whatever_the_model_says():
    draws = [pick(TEXTS, proba, 20, seed=1) for proba in (np.eye(2)[np.zeros(100, int)], np.full((100, 2), 0.5))]
    one, other = (set(found.rows[found.why == "random"]) for found in draws)
    assert one == other


def test_of_texts_that_are_alike_not_all_are_picked():
    texts = np.array(["army shelled village"] * 30 + ["minister visited capital"] * 30, object)
    proba = np.column_stack([np.linspace(0.5, 0.6, 60), np.linspace(0.5, 0.4, 60)])
    found = pick(texts, proba, 2, seed=0, random_share=0)
    assert len(set(texts[found.rows])) == 1  # of the six least sure, which are all alike
    mixed = np.tile([0, 30], 30) + np.repeat(np.arange(30), 2)
    found = pick(texts[mixed], proba, 2, seed=0, random_share=0)
    assert len(set(texts[mixed][found.rows])) == 2


def test_the_same_seed_picks_the_same():
    proba = np.random.default_rng(0).dirichlet(np.ones(3), 100)
    assert pick(TEXTS, proba, 30, seed=5).rows.tolist() == pick(TEXTS, proba, 30, seed=5).rows.tolist()


def test_a_pool_that_is_too_small_is_a_clear_line():
    with pytest.raises(InputError, match="expected a pool of at least 200 texts, got 100; ask for fewer with --n"):
        pick(TEXTS, np.full((100, 2), 0.5), 200)


def test_a_pool_that_is_too_small_says_what_was_left_out_of_it(pool, model):
    with pytest.raises(InputError, match="at least 50 texts, got 4.; left out 1 row near-copies of others; .* fewer"):
        picked_tasks(read_pool(pool[0]), model, 50)


def test_copies_blanks_and_texts_labelled_already_are_left_out(pool):
    path, texts = pool
    found = read_pool(path, known=texts[5:6])
    assert found.left_out == {"near-copies of others": 1, "without a text": 1, "labelled already": 1}
    assert found.ids.tolist() == [f"n-{k}" for k in range(40) if k != 5]


def test_where_all_is_labelled_the_line_says_so_in_words(pool):
    path, texts = pool
    with pytest.raises(
        InputError, match="expected texts to label, found none; left out 41 rows labelled already; left"
    ):
        read_pool(path, known=texts)


@pytest.mark.parametrize(("tool", "suffix"), [("label-studio", ".json"), ("doccano", ".jsonl")])
def test_texts_labelled_in_an_export_are_not_picked_again(pool, model, folder, tmp_path, tool, suffix):
    (path, *_) = write_tasks(picked_tasks(read_pool(pool[0]), model, 30), tool, tmp_path / f"tasks{suffix}")
    out, given = tmp_path / "next.csv", ["data", "pick", str(pool[0]), "--n", "10", "-m", str(folder)]
    answered(path, tool)
    done = CliRunner().invoke(app, [*given, "--labelled", str(path), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert not set(pd.read_csv(out).text) & {answer.text for answer in read_export(path)}


def test_an_export_without_labels_is_a_clear_line(tmp_path):
    path = tmp_path / "all.jsonl"
    path.write_text(json.dumps({"text": "One met Two.", "label": []}))
    with pytest.raises(InputError, match="all.jsonl: expected at least one labelled text, found none"):
        labelled_texts(path)


@pytest.mark.parametrize(("tool", "suffix"), [("label-studio", ".json"), ("prodigy", ".jsonl"), ("doccano", ".jsonl")])
def test_what_was_picked_comes_back_with_how_it_was_picked(pool, model, tmp_path, tool, suffix):
    tasks = picked_tasks(read_pool(pool[0]), model, 10)
    path = write_tasks(tasks, tool, tmp_path / f"tasks{suffix}")[0]
    answered(path, tool)
    back = read_export(path)
    assert [(one.id, one.text, one.picked) for one in back] == [(t.id, t.text, t.meta["picked"]) for t in tasks]
    assert {one.label for one in back} == {"escalation"}
    assert len({one.project for one in back}) == 1


def answered(path, tool):
    """The file as the tool exports it once every task is labelled an escalation."""
    if tool == "label-studio":
        result = [{"type": "choices", "value": {"choices": ["escalation"]}}]
        rows = [task | {"annotations": [{"result": result}]} for task in json.loads(path.read_text())]
        path.write_text(json.dumps(rows))
        return
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    more = {"accept": ["escalation"], "answer": "accept"} if tool == "prodigy" else {"label": ["escalation"]}
    path.write_text("".join(json.dumps(row | more) + "\n" for row in rows))


def test_the_opinion_is_hidden_unless_it_is_asked_for(pool, model):
    found = read_pool(pool[0])
    assert {task.opinion for task in picked_tasks(found, model, 5)} == {None}
    assert {task.opinion for task in picked_tasks(found, model, 5, opinion=True)} <= {
        "escalation",
        "de-escalation",
        "neutral",
    }


@pytest.mark.parametrize(
    ("tool", "name", "message"),
    [
        ("brat", "x.json", "unknown tool 'brat'; expected one of label-studio, prodigy, doccano, csv"),
        ("prodigy", "x.json", "tasks for prodigy are written as .jsonl"),
    ],
)
def test_an_unknown_tool_or_suffix_is_a_clear_line(pool, model, tmp_path, tool, name, message):
    with pytest.raises(InputError, match=message):
        write_tasks(picked_tasks(read_pool(pool[0]), model, 5), tool, tmp_path / name)


def test_the_command_writes_the_tasks_and_the_interface_for_label_studio(pool, folder, tmp_path):
    out = tmp_path / "tasks.json"
    given = ["data", "pick", str(pool[0]), "--n", "10", "--for", "label-studio", "--out", str(out), "-m", str(folder)]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    assert Counter(task["data"]["picked"] for task in json.loads(out.read_text())) == {"unsure": 8, "random": 2}
    assert '<Choice value="de-escalation"/>' in (tmp_path / "tasks.config.xml").read_text()


def test_a_csv_of_picks_has_an_empty_column_to_fill_in(pool, folder, tmp_path):
    out = tmp_path / "tasks.csv"
    done = CliRunner().invoke(app, ["data", "pick", str(pool[0]), "--n", "5", "--out", str(out), "-m", str(folder)])
    assert done.exit_code == 0, done.output
    frame = pd.read_csv(out, keep_default_na=False)
    assert frame.columns.tolist() == ["id", "text", "stance", "picked", "pool"]
    assert set(frame.stance) == {""}


def test_picks_with_the_opinion_that_nobody_labelled_hold_no_labels(pool, model, tmp_path):
    (path,) = write_tasks(picked_tasks(read_pool(pool[0]), model, 5, opinion=True), "csv", tmp_path / "tasks.csv")
    assert set(pd.read_csv(path).opinion) <= set(STANCES)
    with pytest.raises(InputError, match="expected at least one labelled row, found none"):
        import_files([path])
