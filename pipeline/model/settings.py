"""Every setting of a training run, frozen, with its default."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from pipeline.errors import ConfigError
from pipeline.model.strict import convert
from pipeline.text.vocabulary import Features

Share = Annotated[float, Meta(ge=0, le=1)]
Strength = Annotated[float, Meta(gt=0, le=1e9)]


@dataclass(frozen=True)
class Training:
    """How the classifier is fitted.

    Attributes
    ----------
    c : inverse strength of the L2 penalty (scikit-learn's ``C``) with up to 25,000 rows; with more the penalty
        grows as they do, which keeps the cost of a row the same.
    balance : each row of an event type with share s weighs s to the power of minus this: 0 takes frequencies as
        they are in the training texts, 1 counts every event type alike.
    complement : how many times the log-odds of complement naive Bayes are added to the fitted ones; 0 for none.
    relevance_c, relevance_balance, relevance_complement : what ``c``, ``balance`` and ``complement`` are, for the model that
        tells political from other text.
    own_weight : how many times a row of any other file counts beside the codebook and the snippets that come with
        Detente: real labels say more than composed ones.
    tolerance, max_iter : when the solver stops.
    folds : folds of the cross-fitting from which calibration and metrics come.
    seed : of the folds.
    """

    c: Strength = 10.0
    balance: Share = 0.5
    complement: Annotated[float, Meta(ge=0, le=100)] = 1.5
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
    coverage_floor : least share of a snippet's words that must be known; without small words of English, more.
    precision : the stance's probability must reach the lowest threshold at which held-out answers
        were right this often. On sentences of news that nobody here wrote, answers were then right as often
        (`experiments/LOG.md`, section 4).
    """

    coverage_floor: Share = 0.5
    precision: Share = 0.942


@dataclass(frozen=True)
class Settings:
    """All settings of a run, as a TOML file writes them: one table an attribute."""

    text: Features = field(default_factory=Features)
    training: Training = field(default_factory=Training)
    abstention: Abstention = field(default_factory=Abstention)

    def flat(self) -> dict[str, object]:
        """Every setting under a dotted name, for a tracked run."""
        return {f"{table}.{name}": value for table, values in asdict(self).items() for name, value in values.items()}


def read_settings(path: str | Path) -> Settings:
    """Read a TOML file; what it does not name keeps its default.

    Raises
    ------
    ConfigError
        Where the file is missing or no TOML, or a table, a name or a value does not fit.
    """
    import tomllib  # models are opened without it

    try:
        with open(path, "rb") as file:
            tables = tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; expected a TOML file of settings") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    return settings_from(tables, str(path))


def settings_from(tables: dict, where: str) -> Settings:
    """Settings from nested dicts, each value checked; `ConfigError` where a name or a value does not fit."""
    try:
        return convert(tables, Settings)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
