"""Strict conversion of TOML or JSON data to typed objects, with one-line errors."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

T = TypeVar("T")


def convert(data: object, kind: type[T]) -> T:
    """An instance of a dataclass or msgspec struct, checked by msgspec against the types and ranges of its fields.

    Raises
    ------
    ValueError
        If a name is unknown (the message gives the nearest known one) or a value is of another type or out of range.
    """
    _refuse_unknown(data, kind)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).replace("`", "").partition(" - at $.")
        raise ValueError(f"{path}: {_lower(message)}{_found(data, path)}" if path else _lower(message)) from None


def _refuse_unknown(data: object, kind: Any, within: str = "") -> None:
    if not isinstance(data, dict) or not (is_dataclass(kind) or hasattr(kind, "__struct_fields__")):
        return
    known = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind.__struct_fields__)
    for name in data:
        if name not in known:
            from difflib import get_close_matches  # slow to import, seldom needed

            nearest = get_close_matches(str(name), known, 1)
            hint = f"; did you mean {nearest[0]}?" if nearest else f"; expected one of {', '.join(known)}"
            raise ValueError(f"unknown name {(within + str(name))[:60]!r}{hint}")
    for name, inner in get_type_hints(kind).items():
        given = data.get(name)
        element = next(iter(get_args(inner)), None)
        for part, its in [(one, element) for one in given] if isinstance(given, list) else [(given, inner)]:
            _refuse_unknown(part, its, f"{within}{name}.")


def _found(data: Any, path: str) -> str:
    """The value at a path such as ``training.c`` or ``text.families[0]``."""
    try:
        for name, place in re.findall(r"([a-z]\w*)|\[(\d+)\]", path) if "..." not in path else ():
            data = data[name] if name else data[int(place)]
        return f", found {data!r}"[:80] if not isinstance(data, dict) else ""
    except (KeyError, IndexError, TypeError, ValueError):
        return ""


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
