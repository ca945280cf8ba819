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
@pytest.mark.parametrize("read", [read_annotators, import_files])
def test_files_of_different_projects_are_refused(tmp_path, one, other, kind, read):
    paths = [made(tmp_path, *one), made(tmp_path, *other)]
    with pytest.raises(
        InputError, match=f"a.[a-z]+ is of {kind} p?1, .*b.[a-z]+ is of {kind} p?2; their labels may not"
    ):
        read(paths)


def test_two_projects_with_one_pool_are_compared_but_not_joined(tmp_path):
    paths = [made(tmp_path, "a.json", "1", "p1"), made(tmp_path, "b.json", "2", "p1")]
    assert len(read_annotators(paths)) == 2
    with pytest.raises(InputError, match="a.json is of project 1, .*b.json is of project 2; their labels may not"):
        import_files(paths)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a.csv",), ("b.csv", "2")),
        (("a.json", "1", "p1"), ("b.json", "1", "p2")),
        (("a.json", "1", "p1"), ("b.csv", "", "p1")),
        (("a.json", "1", "p1"), ("b.jsonl", "", "p1")),
        (("a.csv", "p1"), ("b.json", "1", "p1")),  # imported from doccano
        (("a.csv", "1"), ("b.csv", "", "p1")),  # nothing to compare
    ],
)
def test_files_that_share_a_project_or_a_pool_are_taken(tmp_path, one, other):
    paths = [made(tmp_path, *one), made(tmp_path, *other)]
    assert len(read_annotators(paths)) == len(import_files(paths).rows) == 2


def asked(tmp_path, answers):
    """An export of Label Studio with two texts per task and the answers to several questions."""
    path = tmp_path / "export.json"
    result = [{"from_name": name, "type": "choices", "value": {"choices": [one]}} for name, one in answers.items()]
    task = {"id": 1, "data": {"text": "A title.", "body": TREATY}, "annotations": [{"result": result}]}
    path.write_text(json.dumps([task]))
    return path


def test_text_and_label_name_fields_and_questions_of_label_studio(tmp_path):
    path = asked(tmp_path, {"topic": "AID", "act": "AGREE"})
    (row,) = import_files([path], text="body", label="act").rows
    assert (row["text"], row["event"]) == (TREATY, "AGREE")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"text": "lead"}, "task 1: expected the text in field 'lead' of its data, found text, body"),
        ({"label": "verdict"}, r"no answer to a question 'verdict' \(--label\); expected one of act, topic"),
    ],
)
def test_a_field_or_question_that_label_studio_lacks_is_a_clear_line(tmp_path, named, message):
    with pytest.raises(InputError, match=message):
        import_files([asked(tmp_path, {"topic": "AID", "act": "AGREE"})], **named)


@pytest.mark.parametrize(
    "row",
    [
        {"body": TREATY, "text": "A title.", "verdict": ["AGREE"], "label": ["AID"]},  # doccano
        {"body": TREATY, "text": "A title.", "verdict": ["AGREE"], "accept": ["AID"], "answer": "accept"},  # Prodigy
        {"body": TREATY, "text": "A title.", "verdict": "AGREE", "sentiment": "AID", "annotation_id": 4, "id": 1},
        {"body": TREATY, "text": "A title.", "verdict": "AGREE", "label": "AID"},  # a table
    ],
)
def test_text_and_label_name_fields_of_other_exports(tmp_path, row):
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps(row) + "\n")
    (found,) = import_files([path], text="body", label="verdict").rows
    assert (found["text"], found["event"]) == (TREATY, "AGREE")
