"""Experiment files: a question, its data, metrics and variants; parsed, validated and immutable."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from pipeline.errors import ConfigError
from pipeline.evaluate.metrics import HEADLINES
from pipeline.model.settings import Settings, settings_from
from pipeline.strict import convert, read_toml, require_known

T = TypeVar("T")

DEFAULTS = "default.toml"  # next to an experiment file: values the file omits
_FILE = "an experiment"
TABLES = [field.name for field in dataclasses.fields(Settings)]


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


class Resolved(Struct, frozen=True):
    """A variant with every setting explicit."""

    name: str
    settings: Settings
    data: Data


def read_experiment(path: str | Path) -> Experiment:
    """Read an experiment file with the `DEFAULTS` next to it, and check every key and value.

    Raises `ConfigError` if a file is missing or not TOML, a key is unknown, or a value is of a wrong type or out of
    range.
    """
    path = Path(path)
    given = read_toml(path, _FILE)
    beside = path.parent / DEFAULTS
    base = read_toml(beside, _FILE) if beside.exists() and beside.resolve() != path.resolve() else {}
    for tables, file in ((base, beside), (given, path)):
        with _located(str(file)):
            require_known(tables, Experiment)
    experiment = _checked({"question": ""} | _over(base, given), Experiment, str(path))
    if len({one.name for one in experiment.variant}) < len(experiment.variant):
        raise ConfigError(f"{path}: two variants have the same name; rename one")
    measure = experiment.measure
    for name in measure.only:
        if name not in (known := [file.name for file in measure.gold]):
            raise ConfigError(f"{path}: measure.only: unknown file {name!r}; expected one of {', '.join(known)}")
    kept = tuple(file for file in measure.gold if not measure.only or file.name in measure.only)
    experiment = msgspec.structs.replace(experiment, measure=msgspec.structs.replace(measure, gold=kept))
    resolve(experiment, str(path))
    return experiment


def resolve(experiment: Experiment, where: str) -> list[Resolved]:
    """Every variant with all its settings; raises `ConfigError` if one is invalid."""
    base = {table: getattr(experiment, table) for table in TABLES}
    out = []
    for one in experiment.variant:
        here = f"{where}, variant {one.name!r}" if len(experiment.variant) > 1 else where
        data = _checked(msgspec.to_builtins(experiment.data) | one.data, Data, f"{here}, [data]")
        tables = {table: base[table] | getattr(one, table) for table in TABLES}
        tables["training"] = {**tables["training"], "folds": data.folds}
        out.append(Resolved(one.name, settings_from(tables, here), data))
    return out


def _checked(values: dict, kind: type[T], where: str) -> T:
    with _located(where):
        return convert(values, kind)


@contextmanager
def _located(where: str) -> Iterator[None]:
    """Make a `ConfigError` with its place of a `ValueError` of the block."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def _over(base: dict, given: dict) -> dict:
    """Merge tables key by key; lists are replaced."""
    out = dict(base)
    for key, value in given.items():
        out[key] = _over(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return out
