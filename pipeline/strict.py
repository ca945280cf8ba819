"""Strict conversion of parsed TOML or JSON to typed objects, with one-line error messages."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

T = TypeVar("T")


def convert(data: object, kind: type[T]) -> T:
    """Convert data to a dataclass or msgspec struct; msgspec checks the types and ranges of part_type fields.

    Raises
    ------
    ValueError
        If a name is unknown (the message suggests the closest known name), or a value has the wrong type or range.
    """
    _reject_unknown(data, kind)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).replace("`", "").partition(" - at $.")
        raise ValueError(f"{path}: {_lower(message)}{_found(data, path)}" if path else _lower(message)) from None


def _reject_unknown(data: object, kind: Any, within: str = "") -> None:
    if not isinstance(data, dict) or not (is_dataclass(kind) or hasattr(kind, "__struct_fields__")):
        return
    known = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind.__struct_fields__)
    for name in data:
        if name not in known:
            from difflib import get_close_matches  # slow to import, rarely needed

            closest = get_close_matches(str(name), known, 1)
            hint = f"; did you mean {closest[0]}?" if closest else f"; expected one of {', '.join(known)}"
            raise ValueError(f"unknown name {(within + str(name))[:60]!r}{hint}")
    for name, field_type in get_type_hints(kind).items():
        given = data.get(name)
        element = next(iter(get_args(field_type)), None)
        for part, part_type in [(one, element) for one in given] if isinstance(given, list) else [(given, field_type)]:
            _reject_unknown(part, part_type, f"{within}{name}.")


def _found(data: Any, path: str) -> str:
    """The value at a path such as ``training.c`` or ``text.families[0]``."""
    try:
        for name, index in re.findall(r"([a-z]\w*)|\[(\d+)\]", path) if "..." not in path else ():
            data = data[name] if name else data[int(index)]
        return f", found {data!r}"[:80] if not isinstance(data, dict) else ""
    except (KeyError, IndexError, TypeError, ValueError):
        return ""


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
