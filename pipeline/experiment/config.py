"""Experiment files: a question, its data, metrics and variants; parsed, validated and immutable."""

from __future__ import annotations

import dataclasses
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from pipeline.errors import ConfigError
from pipeline.evaluate.metrics import HEADLINES
from pipeline.model.settings import Settings, settings_from

T = TypeVar("T")

DEFAULTS = "default.toml"  # next to an experiment file: values the file omits
TABLES = {field.name: field.default_factory for field in dataclasses.fields(Settings)}


class GoldFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A labelled file of any origin, to measure on or to train on.

    Attributes
    ----------
    name : its name in tables.
    path : a labelled file as for `detente evaluate`, or any delimiter-separated file with labels given by ``label``
        or ``always``.
    text, label, event : columns, by name, or by number if ``header`` is false.
    labels : what each label means: a quad class, a stance or ``neutral``.
    always : the label of every row, if there is no label column.
    header : whether the first line names the columns.
    """

    name: str
    path: str
    text: str | int = "text"
    label: str | int | None = None
    event: str | None = None
    labels: dict[str, str] = {}
    always: str | None = None
    header: bool = True


class Data(Struct, frozen=True, forbid_unknown_fields=True):
    """The training data.

    Attributes
    ----------
    train : labelled files or folders.
    own : the user's labelled files, with weight ``training.own_weight``; metrics are given for each.
    folds : number of folds of the cross-fitting.
    share : share of the rows of ``train`` that are used, in (0, 1]; a smaller share is a subset of a larger one.
    """

    train: tuple[str, ...] = ("data",)
    own: tuple[str | GoldFile, ...] = ()
    folds: Annotated[int, Meta(ge=2, le=20)] = 3
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0


class Measure(Struct, frozen=True, forbid_unknown_fields=True):
    """Files to measure on, and the metrics shown in tables; all metrics are kept.

    ``only`` selects files by name, if the defaults list more than an experiment needs.
    """

    gold: tuple[GoldFile, ...] = ()
    only: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("two_way.macro_f1", "three_way.macro_f1", "events.accuracy")
    resamples: Annotated[int, Meta(ge=100, le=100_000)] = 1000


class Range(Struct, frozen=True, forbid_unknown_fields=True):
    """Values between two ends, on a linear or logarithmic scale."""

    low: float
    high: float
    log: bool = False


class Tune(Struct, frozen=True, forbid_unknown_fields=True):
    """What a search maximises, and over which settings, as ``table.name``; an empty space is the default one."""

    metric: Literal[HEADLINES[:7]] = "three_way.macro_f1"  # type: ignore[valid-type]  # msgspec reads it as it runs
    space: dict[str, Range | list[float | int | bool]] = {}


class Variant(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings and data that differ from those of the file."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    text: dict = {}
    training: dict = {}
    abstention: dict = {}
    data: dict = {}


class Experiment(Struct, frozen=True, forbid_unknown_fields=True):
    """An experiment file with its defaults filled in; ``variant`` has at least one element."""

    question: Annotated[str, Meta(min_length=5)]
    text: dict = {}
    training: dict = {}
    abstention: dict = {}
    data: Data = Data()
    measure: Measure = Measure()
    tune: Tune = Tune()
    variant: tuple[Variant, ...] = (Variant("as the file says"),)


_INNER = {
    "data": Data,
    "measure": Measure,
    "gold": GoldFile,
    "own": GoldFile,
    "tune": Tune,
    "variant": Variant,
    **TABLES,
}


class Resolved(Struct, frozen=True):
    """A variant with every setting explicit."""

    name: str
    settings: Settings
    data: Data


def read_experiment(path: str | Path) -> Experiment:
    """Read an experiment file with the `DEFAULTS` next to it, and check every key and value.

    Raises
    ------
    ConfigError
        If a file is missing or not TOML, a key is unknown, or a value is of a wrong type or out of range.
    """
    path = Path(path)
    given = _toml(path)
    beside = path.parent / DEFAULTS
    base = _toml(beside) if beside.exists() and beside.resolve() != path.resolve() else {}
    for tables, file in ((base, beside), (given, path)):
        check_keys(tables, Experiment, str(file))
    experiment = _converted({"question": ""} | _over(base, given), Experiment, str(path))
    if len({one.name for one in experiment.variant}) < len(experiment.variant):
        raise ConfigError(f"{path}: two variants have one name; name each differently")
    experiment = msgspec.structs.replace(experiment, measure=_picked(experiment.measure, str(path)))
    resolve(experiment, str(path))
    return experiment


def _picked(measure: Measure, where: str) -> Measure:
    """The measure with only the files named by ``only``."""
    for name in measure.only:
        _known(name, [file.name for file in measure.gold], f"{where}, [measure], only")
    kept = tuple(file for file in measure.gold if not measure.only or file.name in measure.only)
    return msgspec.structs.replace(measure, gold=kept)


def resolve(experiment: Experiment, where: str) -> list[Resolved]:
    """Every variant with all its settings; raises `ConfigError` if one is invalid."""
    base = {table: getattr(experiment, table) for table in TABLES}
    out = []
    for one in experiment.variant:
        here = f"{where}, variant {one.name!r}" if len(experiment.variant) > 1 else where
        data = _converted(msgspec.to_builtins(experiment.data) | one.data, Data, f"{here}, [data]")
        tables = {table: base[table] | getattr(one, table) for table in TABLES}
        tables["training"] = {**tables["training"], "folds": data.folds}
        out.append(Resolved(one.name, settings_from(tables, here), data))
    return out


def check_keys(table: dict, kind: Any, where: str) -> None:
    """Raise `ConfigError` at the first key unknown to ``kind``, naming the nearest known one."""
    names = [field.name for field in (dataclasses if dataclasses.is_dataclass(kind) else msgspec.structs).fields(kind)]
    for key, value in table.items():
        _known(key, names, where)
        for part in value if isinstance(value, (list, tuple)) else [value]:
            if key in _INNER and isinstance(part, dict):
                check_keys(part, _INNER[key], f"{where}, [{key}]")


def _known(key: str, names: list[str], where: str) -> None:
    if key not in names:
        near = get_close_matches(key, names, 1, 0.5)
        meant = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(names) or 'none'}"
        raise ConfigError(f"{where}: unknown key {key!r}; {meant}")


def _converted(values: dict, kind: type[T], where: str) -> T:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {str(error).replace('`', '')}") from None


def _over(base: dict, given: dict) -> dict:
    """Merge tables key by key; lists are replaced."""
    out = dict(base)
    for key, value in given.items():
        out[key] = _over(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return out


def _toml(path: Path) -> dict:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; expected a TOML file of an experiment") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder; expected a TOML file of an experiment") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
