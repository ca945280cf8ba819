"""Hyperparameter search by grouped cross-validation, with a fixed seed and early stopping of poor trials."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from joblib import Parallel, delayed, parallel_config

from pipeline.atomic import write_whole
from pipeline.corpus.near import near_groups
from pipeline.errors import ConfigError, InputError
from pipeline.experiment.config import Experiment, Range, resolve
from pipeline.experiment.prepared import Folds, deal, fold_score
from pipeline.experiment.study import Trial, ask, ended, load_optuna, open_study, own_values, settle
from pipeline.experiment.variants import read_data
from pipeline.model.fit import check_enough
from pipeline.model.settings import Settings

if TYPE_CHECKING:
    import optuna

# The settings that matter most (`experiments/LOG.md`), each with its sensible values.
SPACE = {
    "training.c": Range(1.0, 100.0, log=True),
    "training.balance": Range(0.0, 1.0),
    "training.complement": Range(0.0, 3.0),
    "training.relevance_c": Range(0.3, 30.0, log=True),
    "training.relevance_balance": Range(0.0, 1.0),
    "training.relevance_complement": Range(0.0, 2.0),
    "text.min_df": [1, 2, 3],
    "text.lead": [6, 12, 24],
}
STUDY, SLICES, BEST = "study.db", "folds", "best.toml"
_HANDED = "handed on"  # number of trials reported to the caller


@dataclass(frozen=True)
class Search:
    """A finished search: trials in order, the first with the settings of the experiment file."""

    trials: list[Trial]
    metric: str
    folds: int
    best_file: Path

    @property
    def best(self) -> Trial:
        """The trial with the highest score among those that completed every fold."""
        return best_of(self.trials)


def best_of(trials: list[Trial]) -> Trial:
    """The best trial that was not stopped; among equals the first."""
    return max((one for one in trials if not one.pruned), key=lambda one: (one.score, -one.number))


def tune(
    experiment: Experiment,
    where: str,
    out: Path,
    trials: int,
    jobs: int = 2,
    dask: str | None = None,
    seed: int = 0,
    each: Callable[[list[Trial], Settings], None] = lambda trials, settings: None,
) -> Search:
    """Search until there are this many trials; an interrupted search is resumed.

    With the same seed and number of jobs it makes the same trials, even if killed and restarted.

    Raises `ConfigError` or `InputError` if Optuna is not installed, the space is invalid, or ``out`` holds another
    search.

    Parameters
    ----------
    experiment : its first variant is the starting point and the reference of the search.
    out : folder for the study, the cached folds and the file of the best settings.
    jobs : number of parallel trials, one process each.
    dask : address of a Dask scheduler whose workers do the fits and see ``out``.
    each : called after each new trial with all trials so far and the settings of the last.
    """
    start = resolve(experiment, where)[0]
    space = space_of(experiment, where)
    corpus = read_data(start.data)
    check_enough(corpus)
    out.mkdir(parents=True, exist_ok=True)
    metric, k = experiment.tune.metric, start.settings.training.folds
    identity = json.dumps([corpus.fingerprint(), start.settings.flat(), metric, [*map(str, space.items())], seed])
    study = open_study(out / STUDY, identity, own_values(start.settings, space))
    dealt = deal(corpus, near_groups(corpus.texts), start.settings, (out / SLICES).absolute())

    def hand_on() -> None:
        so_far = ended(study)
        for n in range(study.user_attrs.get(_HANDED, 0) + 1, len(so_far) + 1):
            each(so_far[:n], with_values(start.settings, so_far[n - 1].params))
            study.set_user_attr(_HANDED, n)

    with _workers(jobs, dask) as parallel:
        hand_on()  # what ended just before a kill
        while (done := len(ended(study))) < trials:
            asked = ask(study, min(jobs, trials - done), seed + done, space)
            _judge(study, asked, dealt, start.settings, metric, k, parallel)
            hand_on()
    found = Search(ended(study), metric, k, out / BEST)
    best = with_values(start.settings, found.best.params)
    write_whole(found.best_file, _as_toml(experiment, start.settings, best))
    return found


def check_search(experiment: Experiment, where: str, out: Path) -> None:
    """Raise an error if a search cannot begin.

    `InputError` if Optuna is not installed or ``out`` contains something else, `ConfigError` if the space is invalid.
    """
    load_optuna()
    space_of(experiment, where)
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / STUDY).exists()):
        raise InputError(f"{out}: contains something other than a search; name another --out")


def space_of(experiment: Experiment, where: str) -> dict[str, Range | list]:
    """The space of an experiment; raises `ConfigError` if a setting does not exist or cannot have such values."""
    space: dict[str, Any] = experiment.tune.space or SPACE
    known = Settings().flat()
    for name, values in space.items():
        if name not in known:
            near = get_close_matches(name, known, 1, 0.4)
            meant = f"did you mean {near[0]!r}?" if near else "write it as table.name"
            raise ConfigError(f"{where}, [tune.space]: unknown setting {name!r}; {meant}")
        if not (isinstance(values, list) and values) and not (isinstance(values, Range) and values.low < values.high):
            raise ConfigError(f"{where}, [tune.space]: {name} needs a list of values, or low below high")
        if isinstance(values, Range) and (not isinstance(known[name], float) or (values.log and values.low <= 0)):
            raise ConfigError(f"{where}, [tune.space]: {name} takes a list of values, not this range")
    return space


def with_values(settings: Settings, values: Mapping[str, object]) -> Settings:
    """Settings with some values replaced, by dotted names."""
    for name, value in values.items():
        table, _, key = name.partition(".")
        settings = replace(settings, **{table: replace(getattr(settings, table), **{key: value})})
    return settings


def _judge(
    study: optuna.Study, asked: list, dealt: Folds, settings: Settings, metric: str, k: int, parallel: Parallel
) -> None:
    """Run trials in parallel: the first fold of all, then the other folds of the promising ones."""
    tried = [with_values(settings, trial.params) for trial in asked]
    first = parallel(delayed(fold_score)(dealt, 0, one, metric) for one in tried)
    going = []
    for trial, score in zip(asked, first):
        trial.report(score, 0)
        going.append(not trial.should_prune())
    rest = [(one, number) for one, goes in zip(tried, going) if goes for number in range(1, k)]
    others = iter(parallel(delayed(fold_score)(dealt, number, one, metric) for one, number in rest))
    for trial, goes, score in zip(asked, going, first):
        scores = (score, *(next(others) for _ in range(1, k))) if goes else (score,)
        trial.set_user_attr("pruned", not goes)
        trial.set_user_attr("scores", scores)
    settle(study, asked)  # once the scores of all are kept, so that a kill leaves all of them ended or none


@contextmanager
def _workers(jobs: int, dask: str | None) -> Iterator[Parallel]:
    """joblib's `Parallel` over processes, or over the workers of a Dask cluster."""
    if dask is None:
        yield Parallel(n_jobs=jobs)
        return
    from pipeline.engines.dask_cluster import connected

    with connected(dask), parallel_config("dask"):
        yield Parallel(n_jobs=jobs)


def _as_toml(experiment: Experiment, first: Settings, best: Settings) -> str:
    """An experiment file with two variants, ``before`` and ``best``, every setting of the first written out.

    TOML's strings, numbers, booleans and lists of these are written as JSON writes them.
    """
    data = msgspec.to_builtins(experiment.data)
    measure = msgspec.to_builtins(experiment.measure)
    gold = measure.pop("gold")
    tables = asdict(first) | {"data": data, "measure": measure}
    del tables["training"]["folds"]  # written in [data]
    lines = [f"question = {json.dumps(f'Are the settings that a search found better? {experiment.question}')}"]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *_lines(table)]
    for file in gold:
        lines += ["", "[[measure.gold]]", *_lines(file)]
    lines += ["", "[[variant]]", 'name = "before"', "", "[[variant]]", 'name = "best"']
    old = first.flat()
    lines += [f"{name} = {_value(value)}" for name, value in best.flat().items() if value != old[name]]
    return "\n".join(lines) + "\n"


def _lines(table: dict) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items() if value is not None]


def _value(value: object) -> str:
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {_value(inner)}" for key, inner in value.items() if inner is not None)
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False)
