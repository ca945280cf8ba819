"""Strict conversion of TOML and JSON to typed objects, with one-line error messages."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from pipeline.errors import ConfigError

T = TypeVar("T")


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The tables of a TOML file.

    Parameters
    ----------
    what : what the file is, for messages, such as ``settings``.

    Raises
    ------
    ConfigError
        If the file cannot be read or is not TOML.
    """
    import tomllib  # not needed to open a model

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; expected a TOML file of {what}") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a TOML file of {what}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None


def convert(data: object, kind: type[T]) -> T:
    """Convert data to a dataclass or msgspec struct; msgspec checks the types and ranges of its fields.

    Raises
    ------
    ValueError
        If a name is unknown (the message suggests the closest known name), or a value has the wrong type or range.
    """
    require_known(data, kind)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).replace("`", "").partition(" - at $.")
        raise ValueError(f"{path}: {_lower(message)}{_found(data, path)}" if path else _lower(message)) from None


def require_known(data: object, kind: Any, within: str = "") -> None:
    """Raise `ValueError` at the first name, at any depth, that is no field of a dataclass or struct."""
    if not isinstance(data, dict) or not (is_dataclass(kind) or hasattr(kind, "__struct_fields__")):
        return
    known = [field.name for field in fields(kind)] if is_dataclass(kind) else list(kind.__struct_fields__)
    for name in data:
        if name not in known:
            from difflib import get_close_matches  # slow to import, rarely needed

            closest = get_close_matches(str(name), known, 1)
            hint = f"; did you mean {closest[0]}?" if closest else f"; expected one of {', '.join(known)}"
            raise ValueError(f"unknown name {(within + str(name))[:60]!r}{hint}")
    for name, record in _records(kind).items():
        given = data.get(name)
        for part in given if isinstance(given, list) else [given]:
            require_known(part, record, f"{within}{name}.")


@cache  # Python would compile the annotations anew for each call
def _records(kind: Any) -> dict[str, Any]:
    """The fields of a dataclass or struct that hold another, or a list of them, and its type."""
    found = {name: _record_of(field_type) for name, field_type in get_type_hints(kind).items()}
    return {name: record for name, record in found.items() if record is not None}


def _record_of(field_type: Any) -> Any:
    """The dataclass or struct in the type of a field: the type itself, or the first in a list or union."""
    if is_dataclass(field_type) or hasattr(field_type, "__struct_fields__"):
        return field_type
    if get_origin(field_type) is dict:
        return None
    return next((found for part in get_args(field_type) if (found := _record_of(part)) is not None), None)


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
