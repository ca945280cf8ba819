"""Exports of labelling tools: where the text is, and which project they are of."""

import json

import pytest

from pipeline.errors import InputError
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
