"""Read the exports of labelling tools.

Label Studio: a JSON array of tasks (https://labelstud.io/guide/tasks). Prodigy: JSONL with ``text``, answers in
``accept`` (choice) or ``label`` (textcat). doccano: JSONL with ``text`` and ``label``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from pipeline.errors import InputError
from pipeline.read.source import JSON_SUFFIXES, on_disk, watched

_NO_TEXT = ("id", "text_id", "picked", "pool", "opinion")  # fields of Label Studio's data


@dataclass(frozen=True)
class Answer:
    """One person's label for one text, as written by the tool: empty if the text was skipped.

    ``project`` is the tool's project, else the pool; empty if neither is known, or the file has several. ``picked`` says
    how the text was picked from its pool (`pipeline.label.pick`).
    """

    text: str
    label: str
    id: str = ""
    annotator: str = ""
    project: str = ""
    picked: str = ""
    pool: str = ""


def read_export(
    path: Path, encoding: str | None = None, text: str | None = None, label: str | None = None
) -> list[Answer] | None:
    """Read the answers in an export of Label Studio, Prodigy or doccano; None if the file is none of these.

    Raises `InputError` if a task of the export is not in its tool's format, or no answer has the label.

    ``text``: the field that holds the text; None: ``text``, in Label Studio's data else the one with the most words.
    ``label``: the field that holds the label; in Label Studio the name of the question. None: the tool's usual one.
    """
    if path.suffix.lower() not in JSON_SUFFIXES:
        return None
    with watched(path):
        objects = [_renamed(one, text, label) for one in _objects(on_disk(path, encoding).stream()[1].read())]
    read = next((reader for known, reader in _READERS if objects and known(objects)), None)
    if read is None:
        return None
    if read is _label_studio:
        objects = _with_question(path, _with_text(path, objects, text), label)
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


def _renamed(task: dict, text: str | None, label: str | None) -> dict:
    """A task with its text and its label in the fields of these names, if it has the named ones."""
    named = {"text": text, "label": label}
    found = {usual: task[name] for usual, name in named.items() if name is not None and name in task}
    replaced = {*found, *named.values(), *(["accept"] if "label" in found else [])}  # Prodigy's other answer
    return {**found, **{name: value for name, value in task.items() if name not in replaced}}


def _with_question(path: Path, tasks: list[dict], label: str | None) -> list[dict]:
    """Tasks of Label Studio with the answers to one question only, if it is named."""
    if label is None:
        return tasks
    asked = {part.get("from_name") for task in tasks for one in _given(task) for part in one["result"]}
    if label not in asked:
        raise InputError(
            f"{path}: no answer to a question {label!r} (--label); expected one of {', '.join(sorted(map(str, asked)))}"
        )
    answers = [
        [one | {"result": [part for part in one["result"] if part.get("from_name") == label]} for one in _given(task)]
        for task in tasks
    ]
    return [task | {"annotations": given} for task, given in zip(tasks, answers)]


def _with_text(path: Path, tasks: list[dict], wanted: str | None) -> list[dict]:
    """Tasks of Label Studio with the text in the field ``text`` of their data."""
    words: Counter[str] = Counter()
    datas = [task["data"] if isinstance(task["data"], dict) else {} for task in tasks]
    for data in datas:
        words.update({name: len(cell.split()) for name, cell in data.items() if isinstance(cell, str)})
    likely = [name for name, _ in words.most_common() if name not in _NO_TEXT]
    name = wanted or ("text" if any("text" in data for data in datas) else (likely or ["text"])[0])
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
        array = text.lstrip().startswith("[")
        rows = json.loads(text) if array else [json.loads(row) for row in text.split("\n") if row.strip()]
    except (ValueError, RecursionError):
        return []
    return rows if all(isinstance(row, dict) for row in rows) else []


def _given(task: dict) -> list[dict]:
    """The answers to a task of Label Studio that were not cancelled."""
    return [one for one in task.get("annotations", task.get("completions", [])) if not one.get("was_cancelled")]


def _answer(text: str, label: object, own: object, by: object, about: dict, project: object = "") -> Answer:
    """An answer; ``about`` says how the text was picked, from which pool. Several labels are joined, since they are none."""
    label = " | ".join(map(str, label)) if isinstance(label, list) else "" if label is None else str(label)
    picked, pool = (str(about.get(name) or "") for name in ("picked", "pool"))
    return Answer(text, label, str(own), str(by or ""), str(project or pool), picked, pool)


def _label_studio(task: dict) -> Iterator[Answer]:
    """Label Studio"""
    data = task["data"]
    own, project = data.get("text_id", data.get("id", task.get("id", ""))), task.get("project")
    if not _given(task):
        yield _answer(data["text"], "", own, "", data, project)
    for one in _given(task):
        by = one.get("completed_by", "")
        by = by.get("email") or by.get("id", "") if isinstance(by, dict) else by
        choices = [choice for part in one["result"] for choice in part["value"].get("choices", [])]
        yield _answer(data["text"], choices, own, by, data, project)


def _label_studio_min(task: dict) -> Iterator[Answer]:
    """Label Studio (JSON-MIN)"""
    names = ("label", "sentiment", "choice", "stance", "event")
    label = next((value for name, value in task.items() if name in names), "")
    label = label.get("choices", "") if isinstance(label, dict) else label
    own = task["text_id"] if "text_id" in task else task["id"]
    yield _answer(task["text"], label, own, task.get("annotator"), task)


def _prodigy(task: dict) -> Iterator[Answer]:
    """Prodigy"""
    meta = task.get("meta") or {}
    label = task.get("accept", task.get("label", "")) if task.get("answer", "accept") == "accept" else ""
    yield _answer(task["text"], label, meta.get("id", ""), task.get("_annotator_id") or task.get("_session_id"), meta)


def _doccano(task: dict) -> Iterator[Answer]:
    """doccano"""
    label = task.get("label", task.get("labels", task.get("cats", "")))
    yield _answer(task["text"], label, task.get("id", ""), task.get("annotator"), task)


def _listed(task: dict) -> bool:
    return any(isinstance(task.get(name), list) for name in ("label", "labels", "cats"))


# How to recognise a tool's file, and how to read its tasks; the first match counts.
_READERS: tuple[tuple[Callable[[list], bool], Callable[[dict], Iterator[Answer]]], ...] = (
    (lambda rows: all("data" in row and ("annotations" in row or "completions" in row) for row in rows), _label_studio),
    (lambda rows: all("annotation_id" in row and "text" in row for row in rows), _label_studio_min),
    (lambda rows: all("text" in row and ("answer" in row or "_task_hash" in row) for row in rows), _prodigy),
    (lambda rows: all("text" in row and _listed(row) for row in rows), _doccano),
)


_ORIGINS = ("project", "pool")  # of answers, and columns of tables


def origins(answers: Iterable[Answer]) -> dict[str, set[str]]:
    """The projects and the pools of answers, for `require_one_project`."""
    return {kind: {getattr(answer, kind) for answer in answers} - {""} for kind in _ORIGINS}


def origins_in(columns: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """The projects and the pools in the columns of a table, for `require_one_project`."""
    of = {kind: [cells for name, cells in columns.items() if name.strip().lower() == kind] for kind in _ORIGINS}
    return {kind: {cell.strip() for cells in found for cell in cells} - {""} for kind, found in of.items()}


def require_one_project(named: Mapping[Path, Mapping[str, set[str]]], strict: bool = False) -> None:
    """Raise `InputError` if two files are of different projects or pools, since their labels may not mean the same.

    ``named``: the `origins` of each file. ``strict``: two projects with texts of one pool are different too; otherwise
    the pool is enough.
    """
    for pair in combinations(named.items(), 2):
        (_, first), (_, second) = pair
        kind = next((kind for kind in _ORIGINS if first[kind] and second[kind]), None)
        common = set().union(*first.values()) & set().union(*second.values())
        if strict and all(of["project"] - of["pool"] for of in (first, second)):
            common -= first["pool"] & second["pool"]
        if kind and not common:
            said = ", ".join(f"{path} is of {kind} {', '.join(sorted(of[kind]))}" for path, of in pair)
            raise InputError(f"{said}; their labels may not mean the same; give files of one project at a time")
