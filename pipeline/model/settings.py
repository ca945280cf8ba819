"""Every setting of a training run, frozen, with its default."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from pipeline.errors import ConfigError
from pipeline.strict import convert, read_toml
from pipeline.text.vocabulary import Features

Share = Annotated[float, Meta(ge=0, le=1)]
Strength = Annotated[float, Meta(gt=0, le=1e9)]


@dataclass(frozen=True)
class Training:
    """How the classifier is fitted.

    Attributes
    ----------
    c : inverse strength of the L2 penalty (scikit-learn's ``C``) with up to 25,000 rows; with more rows the penalty
        grows in proportion, which keeps the cost per row constant.
    balance : each row of an event type with share s has weight s to the power of minus this: 0 keeps the frequencies
        of the training texts, 1 gives every event type equal weight.
    complement : how many times the log-odds of complement naive Bayes are added to the fitted ones; 0 for none.
    relevance_c, relevance_balance, relevance_complement : like ``c``, ``balance`` and ``complement``, for the model
        that separates political from other text.
    own_weight : weight of a user's row relative to a bundled one: real labels carry more information than composed
        ones.
    tolerance, max_iter : when the solver stops.
    folds : folds of the cross-fitting from which calibration and metrics come.
    seed : seed of the folds.
    """

    c: Strength = 18.0
    balance: Share = 0.5
    complement: Annotated[float, Meta(ge=0, le=100)] = 1.8
    relevance_c: Strength = 3.0
    relevance_balance: Share = 0.5
    relevance_complement: Annotated[float, Meta(ge=0, le=100)] = 0.5
    own_weight: Annotated[float, Meta(gt=0, le=1e6)] = 8.0
    tolerance: Annotated[float, Meta(gt=0, le=1)] = 2e-4
    max_iter: Annotated[int, Meta(ge=1, le=1_000_000)] = 500
    folds: Annotated[int, Meta(ge=2, le=100)] = 3
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0


@dataclass(frozen=True)
class Abstention:
    """When the answer is `unclear`.

    Attributes
    ----------
    coverage_floor : least share of a snippet's words that must be known; without English function words it must be
        exceeded.
    precision : the stance's probability must reach the lowest threshold at which held-out answers
        were right this often. On news sentences not written for this project, answers were then right as often
        (`experiments/LOG.md`, section 4).
    """

    coverage_floor: Share = 0.5
    precision: Share = 0.93


@dataclass(frozen=True)
class Settings:
    """All settings of a run, as in a TOML file: one table per attribute."""

    text: Features = field(default_factory=Features)
    training: Training = field(default_factory=Training)
    abstention: Abstention = field(default_factory=Abstention)

    def flat(self) -> dict[str, object]:
        """Every setting by its dotted name, for a tracked run."""
        return {f"{table}.{name}": value for table, values in asdict(self).items() for name, value in values.items()}


def read_settings(path: str | Path) -> Settings:
    """Read a TOML file; omitted settings keep their defaults.

    Raises
    ------
    ConfigError
        If the file is missing or not TOML, or a table, name or value is invalid.
    """
    return settings_from(read_toml(Path(path), "settings"), str(path))


def settings_from(tables: dict, where: str) -> Settings:
    """Settings from nested dicts, each value checked; raises `ConfigError` at an unknown name or invalid value."""
    try:
        return convert(tables, Settings)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
