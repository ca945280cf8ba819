"""The Optuna study of a search, in a SQLite file: its trials, its space, and resuming after a kill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import InputError
from pipeline.experiment.config import Range
from pipeline.model.settings import Settings

if TYPE_CHECKING:
    import optuna

_STARTUP = 10  # trials drawn at random before the search learns from them
_STARTED = 5  # trials before any is stopped early


@dataclass(frozen=True)
class Trial:
    """A trial: its values, its score in each completed fold, and whether it was stopped after the first."""

    number: int
    params: dict[str, float | int | bool]
    scores: tuple[float, ...]
    pruned: bool

    @property
    def score(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.scores))

    def row(self) -> dict[str, object]:
        """The trial as a line of JSON."""
        return {**asdict(self), "score": self.score}


def ended(study: optuna.Study) -> list[Trial]:
    """Trials that have ended, in order; those interrupted by a kill are left out and not numbered."""
    done = (one for one in study.get_trials(deepcopy=False) if one.state.name in ("COMPLETE", "PRUNED"))
    return [
        Trial(number, one.params, tuple(one.user_attrs["scores"]), one.state.name == "PRUNED")
        for number, one in enumerate(done)
    ]


def ask(study: optuna.Study, n: int, seed: int, space: dict) -> list[optuna.Trial]:
    """The next trials in a space, to be run in parallel.

    They depend only on the seed, which differs by batch, and on the trials that have ended, so a killed search
    continues with the trials it would have made.
    """
    optuna = load_optuna()
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

    drawn: dict[str, BaseDistribution] = {
        name: FloatDistribution(values.low, values.high, log=values.log)
        if isinstance(values, Range)
        else CategoricalDistribution(values)
        for name, values in space.items()
    }
    study.sampler = optuna.samplers.TPESampler(n_startup_trials=_STARTUP, seed=seed, constant_liar=n > 1)
    return [study.ask(drawn) for _ in range(n)]


def settle(study: optuna.Study, trials: Sequence[optuna.Trial | optuna.trial.FrozenTrial]) -> None:
    """End trials whose scores are known."""
    from optuna.trial import TrialState

    for trial in trials:
        if trial.user_attrs["pruned"]:
            study.tell(trial.number, state=TrialState.PRUNED)
        else:
            study.tell(trial.number, float(np.mean(trial.user_attrs["scores"])))


def open_study(path: Path, identity: str, begin: dict) -> optuna.Study:
    """Create or resume the study in a SQLite file; its first trial has the values of ``begin``.

    Raises `InputError` if the file holds a study with another ``identity``, or Optuna is not installed.
    """
    optuna = load_optuna()
    from optuna.trial import TrialState

    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTED)
    study = optuna.create_study(
        storage=storage, study_name="tune", direction="maximize", pruner=pruner, load_if_exists=True
    )
    before = study.get_trials(deepcopy=False)
    if before and study.user_attrs.get("identity") != identity:
        raise InputError(f"{path.parent}: contains a search with other data, settings or seed; name another --out")
    if not before:
        study.set_user_attr("identity", identity)
    cut_off = [one for one in before if one.state == TrialState.RUNNING]
    if all("scores" in one.user_attrs for one in cut_off):  # scored, but killed before all were recorded
        settle(study, cut_off)
    else:
        for one in cut_off:
            study.tell(one.number, state=TrialState.FAIL)
    if not ended(study) and not any(one.state == TrialState.WAITING for one in before):
        study.enqueue_trial(begin)
    return study


def load_optuna() -> ModuleType:
    """Optuna without its log output; raises `InputError` if it is not installed."""
    try:
        import optuna
    except ImportError:
        raise InputError("tune: Optuna is not installed; pip install 'detente[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def own_values(settings: Settings, space: dict) -> dict:
    """The settings as a point of the space, for the first trial: each moved to the nearest value of the space."""
    flat: dict[str, Any] = settings.flat()
    out = {}
    for name, values in space.items():
        own = flat[name]
        if isinstance(values, Range):
            out[name] = min(max(own, values.low), values.high)
        else:
            out[name] = own if own in values else values[0]
    return out
