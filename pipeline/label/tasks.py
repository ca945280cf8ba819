"""Write tasks in the import formats of labelling tools; `pipeline.label.exchange` reads what comes back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from pipeline.errors import InputError

TOOLS = ("label-studio", "prodigy", "doccano", "csv")
SUFFIXES = {"label-studio": ".json", "prodigy": ".jsonl", "doccano": ".jsonl", "csv": ".csv"}


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
