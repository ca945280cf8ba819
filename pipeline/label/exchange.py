"""Export tasks to labelling tools and import their results.

Label Studio: a JSON array of tasks (https://labelstud.io/guide/tasks). Prodigy: JSONL with ``text``, answers in
``accept`` (choice) or ``label`` (textcat). doccano: JSONL with ``text`` and ``label``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.read.source import on_disk

TOOLS = ("label-studio", "prodigy", "doccano", "csv")
_NO_TEXT = ("id", "text_id", "picked", "pool", "opinion")  # fields of Label Studio's data
SUFFIXES = {"label-studio": ".json", "prodigy": ".jsonl", "doccano": ".jsonl", "csv": ".csv"}


@dataclass(frozen=True)
class Answer:
    """One person's label for one text.

    Attributes
    ----------
    text, label : the text and the label as written by the tool; an empty label if the text was skipped.
    id : the text's id.
    annotator : who labelled it, empty if the tool does not say.
    project : the tool's project, else the pool; empty if neither is known, or the file has several.
    picked : how the text was picked, see `pipeline.label.pick`.
    pool : the pool from which it was picked.
    """

    text: str
    label: str
    id: str = ""
    annotator: str = ""
    project: str = ""
    picked: str = ""
    pool: str = ""


@dataclass(frozen=True)
class Task:
    """A text to label; ``meta`` is exported with it and comes back in the answers."""

    id: str
    text: str
    meta: dict = field(default_factory=dict)
    opinion: str | None = None


def tasks_for(tool: str, tasks: list[Task]) -> str:
    """Tasks in the import format of a tool.

    Raises
    ------
    InputError
        If the tool is not one of the `TOOLS` that take JSON.
    """
    if tool == "label-studio":
        return json.dumps([_label_studio_task(task) for task in tasks], ensure_ascii=False, indent=1) + "\n"
    if tool == "prodigy":
        rows = [
            {"text": task.text, "meta": {"id": task.id, **task.meta}, **_shown(task, "accept", [task.opinion])}
            for task in tasks
        ]
    elif tool == "doccano":  # which exports whatever is in `label`, so the opinion is a field of its own
        rows = [
            {"id": task.id, "text": task.text, "label": [], **task.meta, **_shown(task, "opinion", task.opinion)}
            for task in tasks
        ]
    else:
        raise InputError(f"unknown tool {tool!r}; expected one of {', '.join(TOOLS)} (--for)")
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _shown(task: Task, key: str, opinion: object) -> dict:
    return {key: opinion} if task.opinion else {}


def _label_studio_task(task: Task) -> dict:
    # Label Studio's short exports have their own `id`, which would replace this one.
    made: dict[str, Any] = {"data": {"text": task.text, "text_id": task.id, **task.meta}}
    if task.opinion:
        result = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [task.opinion]}}
        made["predictions"] = [{"model_version": "detente", "result": [result]}]
    return made


def label_studio_config(labels: tuple[str, ...]) -> str:
    """The labelling interface of a Label Studio project for such tasks."""
    choices = "\n".join(f'    <Choice value="{label}"/>' for label in labels)
    return (
        '<View>\n  <Text name="text" value="$text"/>\n'
        f'  <Choices name="label" toName="text" choice="single" showInLine="true">\n{choices}\n  </Choices>\n</View>\n'
    )


def read_export(path: Path, encoding: str | None = None, text: str | None = None) -> list[Answer] | None:
    """Read the answers in an export of Label Studio, Prodigy or doccano; None if the file is none of these.

    Parameters
    ----------
    text : the field of Label Studio's data that holds the text; None: ``text``, else the one with the most words.

    Raises
    ------
    InputError
        If a task of the export is not in its tool's format.
    """
    if path.suffix.lower() not in (".json", ".jsonl"):
        return None
    objects = _objects(on_disk(path, encoding).stream()[1].read())
    read = next((reader for known, reader in _READERS if objects and known(objects)), None)
    if read is None:
        return None
    if read is _label_studio:
        objects = _with_text(path, objects, text)
    answers: list[Answer] = []
    for row, one in enumerate(objects, start=1):
        try:
            answers += read(one)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            why = f"it has no field {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(f"{path}, task {row}: not what {read.__doc__} exports: {why}; export it again") from None
    if len({answer.project for answer in answers if answer.project}) > 1:
        return [replace(answer, project="") for answer in answers]
    return answers


def require_one_project(named: Mapping[Path, Mapping[str, set[str]]]) -> None:
    """Raise `InputError` if two files have no ``project`` or ``pool`` in common: their labels may not mean the same."""
    for (one, first), (other, second) in combinations(named.items(), 2):
        kind = next((kind for kind in first if first[kind] and second[kind]), None)
        if kind and not set().union(*first.values()) & set().union(*second.values()):
            said = [
                f"{path} is of {kind} {', '.join(sorted(of[kind]))}" for path, of in ((one, first), (other, second))
            ]
            raise InputError(f"{', '.join(said)}; their labels may not mean the same, give files of one project")


def _with_text(path: Path, tasks: list[dict], wanted: str | None) -> list[dict]:
    """Tasks of Label Studio with the text in the field ``text`` of their data."""
    words: Counter[str] = Counter()
    datas = [task["data"] if isinstance(task["data"], dict) else {} for task in tasks]
    for data in datas:
        words.update({name: len(cell.split()) for name, cell in data.items() if isinstance(cell, str)})
    likely = [name for name, _ in words.most_common() if name not in _NO_TEXT]
    name = next(
        (name for name in (wanted, "text") if any(name in data for data in datas)), wanted or (likely or ["text"])[0]
    )
    for row, data in enumerate(datas, start=1):
        if not isinstance(data.get(name), str):
            found = ", ".join(data) or "nothing"
            raise InputError(
                f"{path}, task {row}: expected the text in field {name!r} of its data, found {found}; "
                "give every task its text there, as a string"
            )
    return [task | {"data": data | {"text": data[name]}} for task, data in zip(tasks, datas)]


def _objects(data: bytes) -> list[dict]:
    """The objects of a JSON array or of lines; empty if any of them is not an object."""
    try:
        text = data.decode("utf-8-sig")
        rows = (
            json.loads(text)
            if text.lstrip()[:1] == "["
            else [json.loads(row) for row in text.split("\n") if row.strip()]
        )
    except (ValueError, RecursionError):
        return []
    return rows if all(isinstance(row, dict) for row in rows) else []


def _label_studio(task: dict) -> Iterator[Answer]:
    """Label Studio"""
    data = task["data"]
    about = {
        "id": str(data.get("text_id", data.get("id", task.get("id", "")))),
        "picked": str(data.get("picked") or ""),
        "pool": str(data.get("pool") or ""),
    }
    about["project"] = str(task.get("project") or about["pool"])
    given = [one for one in task.get("annotations", task.get("completions", [])) if not one.get("was_cancelled")]
    if not given:
        yield Answer(data["text"], "", **about)
    for one in given:
        by = one.get("completed_by", "")
        by = by.get("email") or by.get("id", "") if isinstance(by, dict) else by
        choices = [choice for part in one["result"] for choice in part["value"].get("choices", [])]
        yield Answer(data["text"], _single(choices), annotator=str(by or ""), **about)


def _label_studio_min(task: dict) -> Iterator[Answer]:
    """Label Studio (JSON-MIN)"""
    label = next(
        (value for name, value in task.items() if name in ("label", "sentiment", "choice", "stance", "event")), ""
    )
    label = label.get("choices", "") if isinstance(label, dict) else label
    by, picked, pool = (str(task.get(name) or "") for name in ("annotator", "picked", "pool"))
    own = str(task["text_id"] if "text_id" in task else task["id"])
    yield Answer(task["text"], _single(label), own, by, pool, picked, pool)


def _prodigy(task: dict) -> Iterator[Answer]:
    """Prodigy"""
    meta = task.get("meta") or {}
    label = _single(task.get("accept", task.get("label", "")))
    if task.get("answer", "accept") != "accept":
        label = ""
    by = str(task.get("_annotator_id") or task.get("_session_id") or "")
    picked, pool = (str(meta.get(name) or "") for name in ("picked", "pool"))
    yield Answer(task["text"], label, str(meta.get("id", "")), by, pool, picked, pool)


def _doccano(task: dict) -> Iterator[Answer]:
    """doccano"""
    label = _single(task.get("label", task.get("labels", task.get("cats", ""))))
    by, picked, pool = (str(task.get(name) or "") for name in ("annotator", "picked", "pool"))
    yield Answer(task["text"], label, str(task.get("id", "")), by, pool, picked, pool)


def _single(label: object) -> str:
    """The label of a text; several are joined by ``|``, since they are not a single answer."""
    return " | ".join(map(str, label)) if isinstance(label, list) else str(label if label is not None else "")


def _listed(task: dict) -> bool:
    return any(isinstance(task.get(name), list) for name in ("label", "labels", "cats"))


# How to recognise a tool's file, and how to read its tasks; the first match counts.
_READERS: tuple[tuple[Callable[[list], bool], Callable[[dict], Iterator[Answer]]], ...] = (
    (lambda rows: all("data" in row and ("annotations" in row or "completions" in row) for row in rows), _label_studio),
    (lambda rows: all("annotation_id" in row and "text" in row for row in rows), _label_studio_min),
    (lambda rows: all("text" in row and ("answer" in row or "_task_hash" in row) for row in rows), _prodigy),
    (lambda rows: all("text" in row and _listed(row) for row in rows), _doccano),
)
