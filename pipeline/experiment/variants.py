"""Train and evaluate every variant of an experiment, on held-out folds and on gold files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from pipeline.corpus.labelled import Corpus, concatenated, files_of, read_labelled, source_names
from pipeline.corpus.near import near_groups
from pipeline.errors import InputError
from pipeline.evaluate.comparison import compare
from pipeline.evaluate.intervals import Figure, measure, point, share
from pipeline.evaluate.metrics import Judged, judge
from pipeline.experiment.config import Data, Experiment, Resolved, resolve
from pipeline.experiment.gold import read_file, unseen
from pipeline.experiment.train import Run, train
from pipeline.model.fit import folds_of
from pipeline.model.store import load
from pipeline.score.snippets import score
from pipeline.stance import STANCES

HELD_OUT = "held out"  # the set of held-out rows
TAKES_SIDE = "takes_side"  # share of rows that the model, with its threshold, calls escalation or de-escalation
RIGHT_SIDE = "side_precision"  # share of these that are right
Measurements = dict[str, dict[str, Figure]]  # metrics by set of rows and name


@dataclass(frozen=True)
class Result:
    """One variant with one seed.

    Attributes
    ----------
    variant, seed, settings, data : the configuration.
    rows, fingerprint : number of training snippets, and their SHA-256.
    folds : point metrics of each fold.
    figures : for each set of rows (`HELD_OUT`, then gold files) every metric with its interval.
    differences : for each set, this variant minus the first one with the same seed, on the same rows, paired.
    folder : the model folder.
    threshold : the least probability for an answer.
    """

    variant: str
    seed: int
    settings: dict[str, object]
    data: dict[str, object]
    rows: int
    fingerprint: str
    folds: list[dict[str, float]]
    figures: Measurements
    differences: Measurements
    folder: str
    threshold: float

    def row(self) -> dict[str, object]:
        """The result as plain values for JSON, without the folder, which does not affect the metrics."""
        return {name: value for name, value in asdict(self).items() if name != "folder"}


# Labelled rows of a set with the predictions of a model, and their near-duplicate groups, kept for paired differences.
Measured = tuple[Judged, np.ndarray]


def run_variants(
    experiment: Experiment,
    where: str,
    gold: dict[str, Corpus],
    out: Path,
    seeds: int = 1,
    step: Callable[[str], None] = lambda done: None,
) -> Iterator[tuple[Result, Run]]:
    """Train and measure each variant with each seed, and save its model under ``out``.

    Raises `InputError` if data is missing or insufficient.

    Parameters
    ----------
    gold : see `pipeline.experiment.gold.read_gold`; rows near the training rows of any variant are excluded.
    seeds : number of seeds for the folds, counting up from ``training.seed``.
    step : called with a name after each variant.
    """
    variants = resolve(experiment, where)
    corpora = {_whatever_the_folds(one.data): read_data(one.data) for one in variants}
    gold = unseen(gold, corpora.values())
    groups_of = {name: near_groups(corpus.texts) for name, corpus in gold.items() if len(set(corpus.stances)) > 1}
    resamples = experiment.measure.resamples
    first: dict[tuple[int, str], Measured] = {}
    for number, one in enumerate(variants):
        corpus = corpora[_whatever_the_folds(one.data)]
        for seed in range(one.settings.training.seed, one.settings.training.seed + seeds):
            settings = replace(one.settings, training=replace(one.settings.training, seed=seed))
            run = train(corpus, settings)
            called = re.sub(r"[\W_]", "-", one.name)[:40]
            folder = run.save(out / f"{number:02}-{called}-{seed}")
            sets, model = _held_out(run, own_names(one.data)), load(folder)
            figures = {name: measure(*part, resamples) for name, part in sets.items()}
            for name, rows in gold.items():
                said = score(model, rows.texts)
                figures[name] = _answers(rows, said.stance)
                if len(set(rows.stances)) > 1:  # metrics of rows with one label mean nothing
                    sets[name] = judge(rows, said), groups_of[name]
                    figures[name] |= measure(*sets[name], resamples)
            differences = _differences(first, sets, seed, resamples)
            yield _result(one, run, figures, differences, folder), run
            step(one.name)


def read_data(data: Data) -> Corpus:
    """Read the training rows, without duplicates between files; raises `InputError` if a file is missing."""
    check_paths(data)
    whole = read_labelled([*data.train, *(path for path in data.own if isinstance(path, str))])
    for file in (file for file in data.own if not isinstance(file, str)):
        whole = concatenated([read_file(file), whole])
        _, first = np.unique(whole.texts.astype(str), return_index=True)  # of equal texts
        whole = whole.take(np.sort(first))
    if data.share == 1:
        return whole
    # Drawn once in one order, so a smaller share is a subset of a larger one.
    own = np.isin(whole.sources.astype(str), own_names(data))
    drawn = np.random.default_rng(0).permutation(np.flatnonzero(~own))
    kept = drawn[: round(data.share * len(drawn))]
    return whole.take(np.sort(np.concatenate([kept, np.flatnonzero(own)])))


def own_names(data: Data) -> list[str]:
    """The sources of a corpus that are the user's files, as `read_data` names them."""
    own = [path for path in data.own if isinstance(path, str)]
    files = {path: files_of(Path(path)) for path in (*data.train, *own)}
    names = source_names([file for read in files.values() for file in read])
    gold = [file.name for file in data.own if not isinstance(file, str)]
    return list(dict.fromkeys([*(names[file] for path in own for file in files[path]), *gold]))


def check_paths(data: Data) -> None:
    """Raise `InputError` if a training file is missing."""
    for path in (*data.train, *(file if isinstance(file, str) else file.path for file in data.own)):
        if not Path(path).exists():
            raise InputError(f"{path}: no such file or folder; correct [data] or start where it can be seen")


def _whatever_the_folds(data: Data) -> bytes:
    """The identity of a data set: everything except the folds."""
    return msgspec.json.encode(msgspec.structs.replace(data, folds=2))


def _held_out(run: Run, own: list[str]) -> dict[str, Measured]:
    """The held-out rows: all of them, and those of each of the user's files that has any that are no duplicates."""
    out = {HELD_OUT: (run.held_out, run.groups)}
    for name in own:
        rows = np.flatnonzero(run.corpus.sources == name)
        if len(rows):
            out[f"{HELD_OUT}, {name}"] = run.held_out.take(rows), run.groups[rows]
    return out


def _result(one: Resolved, run: Run, figures: Measurements, differences: Measurements, folder: Path) -> Result:
    training = run.settings.training
    fold = folds_of(run.corpus, run.groups, run.settings)
    by_fold = [point(run.held_out.take(np.flatnonzero(fold == number))) for number in range(training.folds)]
    identity = one.name, training.seed, run.settings.flat(), msgspec.to_builtins(one.data)
    learned = len(run.corpus), run.corpus.fingerprint(), by_fold
    return Result(*identity, *learned, figures, differences, str(folder), run.threshold)


def _differences(first: dict, sets: dict[str, Measured], seed: int, resamples: int) -> Measurements:
    """Paired differences to the first variant with this seed, wherever the rows are the same."""
    out = {}
    for name, here in sets.items():
        there = first.setdefault((seed, name), here)
        if there is not here and np.array_equal(there[0].stance, here[0].stance):
            out[name] = compare(here[0], there[0], here[1], resamples).differences
    return out


def _answers(corpus: Corpus, answers: np.ndarray) -> dict[str, Figure]:
    """How often a model takes a side, and is right then, with Wilson intervals."""
    side = np.isin(answers, STANCES[:2])
    out = {TAKES_SIDE: share(side.sum(), len(side))}
    if side.any():
        out[RIGHT_SIDE] = share((side & (answers == corpus.stances)).sum(), side.sum())
    return out
