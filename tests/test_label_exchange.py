"""Exports of labelling tools: where the text is, and which project they are of."""

import json

import pytest

from pipeline.errors import InputError
from pipeline.label.agreement import read_annotators
from pipeline.label.exchange import read_export
from pipeline.label.imports import import_files

TREATY, STRIKE, TALK = (
    "Kenya and Uganda signed a treaty.",
    "Chad bombed a base in Sudan.",
    "Analysts expect long talks.",
)


def label_studio(text, choice, project=1, **data):
    result = [{"type": "choices", "value": {"choices": [choice]}}]
    data = {"text": text, "id": "n-1", **data}
    return {"id": 9, "project": project, "data": data, "annotations": [{"result": result, "completed_by": 3}]}


def titled(text, **more):
    task = label_studio(text, "AGREE")
    return task | {"data": {"id": "n-1", "headline": text, "url": "https://example.org/" + "x" * 99, **more}}


def test_the_text_of_label_studio_may_be_in_any_field(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([titled(TREATY), titled(TALK, n=3)]))
    assert [row["text"] for row in import_files([path]).rows] == [TREATY, TALK]
    path.write_text(json.dumps([titled(TREATY, body=f"{STRIKE} {TALK}"), titled(TALK, body=STRIKE)]))
    assert [answer.text for answer in read_export(path, text="headline")] == [TREATY, TALK]
    assert [answer.text for answer in read_export(path)] == [f"{STRIKE} {TALK}", STRIKE]


@pytest.mark.parametrize(
    ("data", "text", "message"),
    [
        (
            {"id": 4, "talk": ["a"]},
            None,
            "task 2: expected the text in field 'headline' of its data, found id, talk; give",
        ),
        (
            {"headline": STRIKE},
            "body",
            "task 1: expected the text in field 'body' of its data, found id, headline, url; ",
        ),
    ],
)
def test_a_task_of_label_studio_without_a_text_is_a_clear_line(tmp_path, data, text, message):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([titled(TREATY), label_studio(TALK, "AGREE") | {"data": data}]))
    with pytest.raises(InputError, match=message):
        read_export(path, text=text)


def test_a_broken_export_of_label_studio_is_a_clear_line(tmp_path):
    path = tmp_path / "export.json"
    path.write_text(json.dumps([label_studio(TREATY, "AGREE") | {"annotations": [{"id": 1}]}]))
    with pytest.raises(InputError, match="task 1: not what Label Studio exports: it has no field 'result'; export it"):
        read_export(path)


def test_two_rounds_of_picks_in_one_project_are_one_project(tmp_path):
    path = tmp_path / "ls.json"
    path.write_text(json.dumps([label_studio(TREATY, "AGREE", pool="p1"), label_studio(TALK, "AID", pool="p2")]))
    assert [(row["text"], row["project"]) for row in import_files([path]).rows] == [(TREATY, "1"), (TALK, "1")]


def test_two_pools_in_one_file_are_not_refused(tmp_path):
    path = tmp_path / "all.jsonl"
    rows = [{"text": TREATY, "label": ["AGREE"], "pool": "p1"}, {"text": TALK, "label": ["AID"], "pool": "p2"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [row["text"] for row in import_files([path]).rows] == [TREATY, TALK]
    assert [answer.pool for answer in read_export(path)] == ["p1", "p2"]


def made(tmp_path, name, project="", pool=""):
    """A file of one label: a table with the columns that are given, or an export of Label Studio or doccano."""
    path = tmp_path / name
    if path.suffix == ".csv":
        more = {key: value for key, value in (("project", project), ("pool", pool)) if value}
        path.write_text(f"{','.join(['text', 'event', *more])}\n{','.join([TREATY, 'AGREE', *more.values()])}\n")
    elif path.suffix == ".json":
        path.write_text(json.dumps([label_studio(TREATY, "AGREE", project, pool=pool)]))
    else:
        path.write_text(json.dumps({"text": TREATY, "label": ["AGREE"], "pool": pool}))
    return path


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (("a.csv", "1"), ("b.csv", "2"), "project"),
        (("a.csv", "", "p1"), ("b.csv", "", "p2"), "pool"),
        (("a.json", "1", "p1"), ("b.csv", "2"), "project"),
        (("a.json", "1", "p1"), ("b.csv", "", "p2"), "pool"),
        (("a.jsonl", "", "p1"), ("b.csv", "", "p2"), "pool"),
        (("a.json", "1"), ("b.json", "2"), "project"),
    ],
)
def test_agreement_refuses_files_of_different_projects(tmp_path, one, other, kind):
    paths = [made(tmp_path, *one), made(tmp_path, *other)]
    with pytest.raises(
        InputError, match=f"a.[a-z]+ is of {kind} p?1, .*b.[a-z]+ is of {kind} p?2; their labels may not"
    ):
        read_annotators(paths)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a.csv",), ("b.csv", "2")),
        (("a.json", "1", "p1"), ("b.json", "1", "p2")),
        (("a.json", "1", "p1"), ("b.json", "2", "p1")),
        (("a.json", "1", "p1"), ("b.csv", "", "p1")),
        (("a.json", "1", "p1"), ("b.jsonl", "", "p1")),
        (("a.csv", "p1"), ("b.json", "1", "p1")),  # imported from doccano
        (("a.csv", "1"), ("b.csv", "", "p1")),  # nothing to compare
    ],
)
def test_agreement_takes_files_that_share_a_project_or_a_pool(tmp_path, one, other):
    assert len(read_annotators([made(tmp_path, *one), made(tmp_path, *other)])) == 2
