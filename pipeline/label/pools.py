"""A pool of texts to label, and the tasks picked from it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.atomic import Sheet, write_files
from pipeline.corpus.near import ALIKE, near_groups
from pipeline.errors import InputError
from pipeline.label.exchange import read_export
from pipeline.label.guess import text_column
from pipeline.label.labelled_file import read_labelled_file, tidy
from pipeline.label.pick import RANDOM_SHARE, pick
from pipeline.messages import count_of
from pipeline.model.store import Model
from pipeline.read.source import Written
from pipeline.read.tolerant import read_lines
from pipeline.score.snippets import score
from pipeline.stance import STANCES

SUFFIXES = {"label-studio": ".json", "prodigy": ".jsonl", "doccano": ".jsonl", "csv": ".csv"}  # by tool


@dataclass(frozen=True)
class Pool:
    """Distinct unlabelled texts: (n,) object ids and texts, and the number of excluded rows of the file by reason.

    The name is a short hash of all texts of the file, to distinguish exports of several pools. A text without an id gets
    its position in the file.
    """

    name: str
    ids: np.ndarray
    texts: np.ndarray
    left_out: dict[str, int]


@dataclass(frozen=True)
class Task:
    """A text to label; ``meta`` is exported with it and comes back in the answers."""

    id: str
    text: str
    meta: dict = field(default_factory=dict)
    opinion: str | None = None


def read_pool(path: Path, column: str | None = None, known: Sequence[str] = (), written: Written = Written()) -> Pool:
    """Read a table of texts, without near-duplicates of each other and of texts already labelled.

    Raises `InputError` if the table cannot be read or no text is left.

    ``known``: the labelled texts.
    """
    table = read_lines(path, written)
    texts = tidy(table.columns[text_column(table, column)].tolist())
    ids = next((cells for name, cells in table.columns.items() if name.strip().lower() == "id"), None)
    places = table.rows.astype(str).astype(object)
    ids = places if ids is None else np.where(ids == "", places, ids)
    full = texts != ""
    groups = near_groups([*known, *texts], ALIKE)
    labelled, groups = groups[: len(known)], groups[len(known) :]
    first = np.zeros(len(texts), bool)
    first[np.unique(np.where(full, groups, -1), return_index=True)[1]] = True
    fresh = ~np.isin(groups, labelled)
    reasons = np.select([~full, ~fresh, ~first], ["without a text", "labelled already", "near-copies of others"], "")
    kept = reasons == ""
    left_out = Counter(reasons[~kept].tolist()) + Counter({"that cannot be read": len(table.rejects)})
    if not kept.any():
        raise InputError(f"{path}: expected texts to label, found none{_said(left_out)}; give a file with other texts")
    name = hashlib.sha256("\x1e".join(texts).encode()).hexdigest()[:12]
    return Pool(name, ids[kept], texts[kept], dict(left_out))


def _said(left_out: Mapping[str, int]) -> str:
    return "".join(f"; left out {count_of(rows, 'row')} {why}" for why, rows in left_out.items())


def labelled_texts(path: Path) -> list[str]:
    """The labelled texts of a labelled file or of a tool's export; raises `InputError` if there are none."""
    answers = read_export(path)
    if answers is None:
        return list(read_labelled_file(path).corpus.texts)
    texts = [answer.text for answer in answers if answer.label and answer.text.strip()]
    if not texts:
        raise InputError(f"{path}: expected at least one labelled text, found none; label some, or leave it out")
    return tidy(texts).tolist()


def picked_tasks(
    pool: Pool, model: Model, n: int, seed: int = 0, random_share: float = RANDOM_SHARE, opinion: bool = False
) -> list[Task]:
    """Pick the next n texts to label, in random order; their ``meta`` records how each was picked and from which pool.

    Raises `InputError` if the pool has fewer than ``n`` texts.

    ``opinion``: include the model's stance; it biases annotators who see it.
    """
    if n > len(pool.texts):
        raise InputError(
            f"expected a pool of at least {n:,} texts, got {len(pool.texts):,}{_said(pool.left_out)}; "
            "ask for fewer with --n"
        )
    proba = score(model, pool.texts.tolist()).proba
    found = pick(pool.texts, proba, n, seed, random_share)
    says = np.array(STANCES, object)[proba.argmax(axis=1)]
    return [
        Task(pool.ids[row], pool.texts[row], {"picked": why, "pool": pool.name}, says[row] if opinion else None)
        for row, why in zip(found.rows, found.why)
    ]


def require_tool(tool: str, out: Path) -> None:
    """Raise `InputError` if the tool is unknown, or the file's suffix is not that of its format."""
    if tool not in SUFFIXES:
        raise InputError(f"unknown tool {tool!r}; expected one of {', '.join(SUFFIXES)} (--for)")
    if out.suffix.lower() != SUFFIXES[tool]:
        raise InputError(f"{out}: tasks for {tool} are written as {SUFFIXES[tool]}; give it that suffix")


def write_tasks(tasks: list[Task], tool: str, out: Path) -> list[Path]:
    """Write tasks in the import format of a tool; for Label Studio the labelling interface too.

    Raises `InputError` if the tool is unknown, or the file's suffix is not that of its format.
    """
    require_tool(tool, out)
    if tool == "csv":
        header = ["id", "text", "stance", "picked", "pool"]
        header += ["opinion"] if tasks[0].opinion else []
        cells = ({**task.meta, "id": task.id, "text": task.text, "opinion": task.opinion or ""} for task in tasks)
        return write_files({out: Sheet(header, ([one.get(name, "") for name in header] for one in cells))})
    contents: dict[Path, Sheet | str] = {out: tasks_for(tool, tasks)}
    if tool == "label-studio":
        contents[out.with_suffix(".config.xml")] = label_studio_config(STANCES)
    return write_files(contents)


def tasks_for(tool: str, tasks: list[Task]) -> str:
    """Tasks in the import format of a tool that takes JSON: Label Studio an array, the others lines."""
    made = [_made(tool, task) for task in tasks]
    if tool == "label-studio":
        return json.dumps(made, ensure_ascii=False, indent=1) + "\n"
    return "".join(json.dumps(task, ensure_ascii=False) + "\n" for task in made)


def _made(tool: str, task: Task) -> dict:
    if tool == "prodigy":
        accepted = {"accept": [task.opinion]} if task.opinion else {}
        return {"text": task.text, "meta": {"id": task.id, **task.meta}, **accepted}
    if tool == "doccano":  # which exports whatever is in `label`, so the opinion is a field of its own
        opinion = {"opinion": task.opinion} if task.opinion else {}
        return {"id": task.id, "text": task.text, "label": [], **task.meta, **opinion}
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
