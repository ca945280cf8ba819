"""Write experiments as TOML files, for the best settings of a search."""

from __future__ import annotations

import json
from dataclasses import asdict

import msgspec

from pipeline.experiment.config import Experiment
from pipeline.model.settings import Settings


def as_toml(experiment: Experiment, first: Settings, best: Settings) -> str:
    """An experiment file with two variants, ``before`` and ``best``, every setting of the first written out.

    TOML's strings, numbers, booleans and lists of these are written as JSON writes them.
    """
    data = msgspec.to_builtins(experiment.data)
    measure = msgspec.to_builtins(experiment.measure)
    gold = measure.pop("gold")
    lines = [f"question = {json.dumps(f'Are the settings that a search found better? {experiment.question}')}"]
    for name, table in (asdict(first) | {"data": data, "measure": measure}).items():
        lines += ["", f"[{name}]", *_lines({key: value for key, value in table.items() if (name, key) != _FOLDS})]
    for file in gold:
        lines += ["", "[[measure.gold]]", *_lines(file)]
    lines += ["", "[[variant]]", 'name = "before"', "", "[[variant]]", 'name = "best"']
    old = first.flat()
    lines += [f"{name} = {_value(value)}" for name, value in best.flat().items() if value != old[name]]
    return "\n".join(lines) + "\n"


_FOLDS = ("training", "folds")  # written in [data]


def _lines(table: dict) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items() if value is not None]


def _value(value: object) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key)} = {_value(inner)}" for key, inner in value.items() if inner is not None)
            + "}"
        )
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)
