"""Run records: a run as plain values that can be stored as JSON and sent to MLflow later."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.corpus.labelled import SHIPPED, Corpus
from pipeline.evaluate.intervals import Figure
from pipeline.evaluate.metrics import HEADLINES, metric_in_words
from pipeline.model.folder import FILES
from pipeline.tracking.connection import CARD, EXPERIMENT

if TYPE_CHECKING:
    from pipeline.experiment.train import Run

_NOT_IN_NAMES = re.compile(r"[^\w\-. /]+")


@dataclass(frozen=True)
class Data:
    """A data set as recorded in a run.

    Attributes
    ----------
    name, digest : its name, and the start of the sha256 of its content.
    source : its location.
    rows : number of rows.
    context : its use, such as "training" or "evaluation".
    """

    name: str
    digest: str
    source: str
    rows: int
    context: str


@dataclass(frozen=True)
class Record:
    """A training run without its model and files.

    Attributes
    ----------
    experiment, name, description : as shown in the MLflow UI.
    began, ended : start and end of training, in milliseconds since 1970.
    params, metrics, tags : as stored by MLflow.
    data : the training data.
    table : all metrics, in rows of name, words, value, low, high.
    folder : where the model was saved.
    """

    experiment: str
    name: str
    description: str
    began: int
    ended: int
    params: dict[str, str]
    metrics: dict[str, float]
    tags: dict[str, str]
    data: Data
    table: list[list]
    folder: str


def now() -> int:
    """The current time in milliseconds since 1970."""
    return int(datetime.now(UTC).timestamp() * 1000)


def record_of(
    run: Run, folder: Path, began: int, command: str = "", name: str | None = None, experiment: str = EXPERIMENT
) -> Record:
    """The record of a run that began at a time, in milliseconds since 1970, and ends now, its model saved in ``folder``."""
    corpus = run.corpus
    data = data_of(corpus, "training")
    given: dict[str, object] = {}
    if corpus.recipe:
        weights = [f"{name}={weight:g}" for name, weight in corpus.recipe.weights]
        options = {"data.names": corpus.recipe.data, "data.weights": weights, "data.tests": corpus.recipe.tests}
        given = {name: values for name, values in options.items() if values}
    when = datetime.fromtimestamp(began / 1000).strftime("%Y-%m-%d %H:%M")
    tags = {
        "command": command,
        "data.sha256": corpus.fingerprint(),
        "data.files": ", ".join(corpus.files),
        CARD: sha256(folder / FILES.card),
        "terms": len(run.weights.vocabulary),
        "threshold": f"{run.threshold:.4f}",
        "calibration.temperature": f"{run.calibration.temperature:.4f}",
        **surroundings(),
    }
    return Record(
        experiment=experiment,
        name=name or f"{data.name} {when}",
        description=_description(run, folder, command),
        began=began,
        ended=now(),
        params={name: shown(value) for name, value in (run.settings.flat() | given).items()},
        metrics=headline_metrics(run.figures),
        tags={key: str(value) for key, value in tags.items() if value not in ("", None)},
        data=data,
        table=metric_table(run.figures),
        folder=str(folder.resolve()),
    )


def data_of(corpus: Corpus, context: str) -> Data:
    """A corpus as recorded in a run, named as on the command line; the bundled files are named after their folder."""
    paths = [Path(file) for file in corpus.files]
    named = corpus.recipe.data if corpus.recipe else [path.parent if path.name in SHIPPED else path for path in paths]
    names = dict.fromkeys(Path(name).resolve().stem for name in named)
    name = plain(" and ".join(names) or "snippets")[:80]
    return Data(name, corpus.fingerprint()[:32], source_of(corpus.files), len(corpus), context)


def source_of(files: Sequence[str | Path]) -> str:
    """The location of data files, in MLflow's JSON format."""
    paths = [str(Path(file).resolve()) for file in files]
    return json.dumps({"uri": os.path.commonpath(paths) if paths else "", "files": paths})


def headline_metrics(
    figures: dict[str, Figure], prefix: str = "", names: Sequence[str] = HEADLINES
) -> dict[str, float]:
    """The headline metrics, each with its interval bounds as ``_low`` and ``_high``."""
    out: dict[str, float] = {}
    for key, one in ((key, figures[key]) for key in names if key in figures):
        out |= {f"{prefix}{key}": one.value, f"{prefix}{key}_low": one.low, f"{prefix}{key}_high": one.high}
    return out


def metric_table(figures: dict[str, Figure]) -> list[list]:
    """All metrics, in rows of name, words, value, low, high."""
    return [[name, metric_in_words(name), one.value, one.low, one.high] for name, one in figures.items()]


def plain(name: str) -> str:
    """Replace the characters that MLflow does not allow in metric names.

    Examples
    --------
    >>> plain("tension, PSI")
    'tension_ PSI'
    """
    return _NOT_IN_NAMES.sub("_", name)


def surroundings() -> dict[str, str]:
    """Environment of a run: user, version of Detente, Git commit of the working folder if there is one."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without user names
        user = ""
    here = commit().removesuffix("+")
    return {"mlflow.user": user, "mlflow.source.git.commit": here, "detente.version": version("detente")}


def sha256(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def shown(value: object) -> str:
    """A setting as a parameter of a run."""
    return ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)


def commit() -> str:
    """The Git commit of the working folder, with ``+`` if files differ from it; empty outside of Git."""
    described = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"]
    try:
        return subprocess.run(described, capture_output=True, text=True, timeout=5, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _description(run: Run, folder: Path, command: str) -> str:
    """Markdown for the UI: data, metrics, model, command."""
    rows = Counter(run.corpus.sources)
    files = []
    for path in map(Path, run.corpus.files):  # rows of a public corpus are listed under its name, not that of the file
        counted = f"{rows[path.name]:,} snippets, " if path.name in rows else ""
        size = f"{max(1, round(path.stat().st_size / 1000)):,} kB" if path.exists() else "missing"
        files.append(f"- `{path}`: {counted}{size}")
    shown = [key for key in ("two_way.macro_f1", "three_way.macro_f1", "events.macro_f1") if key in run.figures]
    figures = [f"- {metric_in_words(key)}: {run.figures[key]}" for key in shown]
    learned = f"Trained on {len(run.corpus):,} snippets:"
    held_out = f"On held-out snippets ({run.card()['metrics_from']}):"
    model = f"Model: `{folder}`, {len(run.weights.vocabulary):,} terms."
    parts = [learned, "", *files, "", held_out, "", *figures, "", model]
    return "\n".join([*parts, "", f"Command: `{command}`"] if command else parts)
