"""List and compare the runs of a store."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.errors import InputError, TrackingError
from pipeline.evaluate.comparison import Comparison
from pipeline.evaluate.intervals import Figure
from pipeline.evaluate.metrics import HEADLINES
from pipeline.model.folder import FILES
from pipeline.tracking.connection import REGISTERED, session, store_uri
from pipeline.tracking.fetch import version_of
from pipeline.tracking.measured import FOLDER, compare_predictions, read_predictions

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_ID = re.compile(r"[0-9a-f]{4,32}")
_PAGE = 1000  # runs that MLflow returns at once


@dataclass(frozen=True)
class Listed:
    """A run as shown in lists.

    Attributes
    ----------
    run_id, name, experiment, status : as in MLflow.
    began : start time, ISO 8601, UTC.
    seconds : duration, None if still running.
    data : data set name to digest, for all data sets it was trained or evaluated on.
    version, aliases : of its registered model, empty if there is none.
    settings : training settings.
    figures : metrics, with intervals if available.
    command : the command that created it.
    """

    run_id: str
    name: str
    experiment: str
    status: str
    began: str
    seconds: float | None
    data: dict[str, str]
    version: str
    aliases: tuple[str, ...]
    settings: dict[str, str]
    figures: dict[str, Figure]
    command: str


@dataclass(frozen=True)
class Versus:
    """Two runs side by side.

    Attributes
    ----------
    settings : name to both values, if they differ.
    data : data set name to both digests, if they differ or one is missing.
    figures : metric to both values, None if a run lacks it.
    paired : data set name to the number of shared rows and the paired comparison on them.
    """

    first: Listed
    second: Listed
    settings: dict[str, tuple[str | None, str | None]]
    data: dict[str, tuple[str | None, str | None]]
    figures: dict[str, tuple[Figure | None, Figure | None]]
    paired: dict[str, tuple[int, Comparison]]


def list_runs(experiment: str | None = None) -> list[Listed]:
    """The runs of one experiment or of all, newest first; raises `TrackingError`."""
    with session() as mlflow:
        return _all(mlflow.MlflowClient(), experiment)


def find(mlflow: ModuleType, named: str) -> Listed:
    """Find a run by id, id prefix, name, model address or model folder.

    Raises `InputError` if no run or several runs match.
    """
    client = mlflow.MlflowClient()
    wanted = _run_id(client, named)
    if wanted is not None and len(wanted) == 32:
        found = _all(client, None, f"run_id = '{wanted}'")
    else:
        runs = _all(client, None)
        found = [run for run in runs if run.name == named]
        found = found or [run for run in runs if wanted and run.run_id.startswith(wanted)]
    if not found:
        raise InputError(f"{named}: no such run in {store_uri()}; `detente runs` lists all runs")
    if len(found) > 1:
        ids = ", ".join(run.run_id[:8] for run in found[:5])
        raise InputError(f"{named}: {len(found)} runs match ({ids}); give the id")
    return found[0]


def compare_runs(first: str, second: str) -> Versus:
    """Compare two runs: settings that differ, metrics, and paired differences on shared rows."""
    with session() as mlflow:
        one, other = find(mlflow, first), find(mlflow, second)
        figures = sorted({*one.figures, *other.figures}, key=_order)
        pairs = {key: (one.figures.get(key), other.figures.get(key)) for key in figures}
        settings, data = _differences(one.settings, other.settings), _differences(one.data, other.data)
        return Versus(one, other, settings, data, pairs, _paired(mlflow.MlflowClient(), one, other))


def _run_id(client: MlflowClient, named: str) -> str | None:
    """The run id, or id prefix, for a model address, model folder or id; None if ``named`` is a run name."""
    if named.startswith("models:/"):
        version = version_of(client, named)
        if version is None or not version.run_id:
            known = f"models:/{REGISTERED}/VERSION or models:/{REGISTERED}@ALIAS"
            raise InputError(f"{named}: has no run; expected {known}")
        return version.run_id
    if (Path(named) / FILES.card).exists():
        from pipeline.model.store import load, run_of

        run_id = run_of(load(named))
        if run_id is None:
            raise InputError(f"{named}: this model was never logged; `detente runs push` sends unsent runs")
        return run_id
    return named if _ID.fullmatch(named) else None


def _all(client: MlflowClient, experiment: str | None, only: str = "") -> list[Listed]:
    """Runs that match the filter ``only``, newest first."""
    names = {one.experiment_id: one.name for one in client.search_experiments()}
    names = {key: name for key, name in names.items() if experiment in (None, name)}
    if not names and experiment is None:
        return []
    if not names:
        raise TrackingError(f"MLflow store {store_uri()}: no experiment {experiment!r}; `detente runs` lists all runs")
    registered = _registered(client)
    page = partial(client.search_runs, list(names), only, max_results=_PAGE, order_by=["attributes.start_time DESC"])
    runs = list(found := page())
    while found.token:
        runs += (found := page(page_token=found.token))
    return [_listed(run, names[run.info.experiment_id], registered) for run in runs]


def _registered(client: MlflowClient) -> dict[str | None, tuple[str, tuple[str, ...]]]:
    """Run id to the version and aliases of its registered model."""
    out = {}
    for model in client.search_registered_models(f"name='{REGISTERED}'"):
        for one in client.search_model_versions(f"name='{REGISTERED}'"):
            aliases = sorted(alias for alias, version in model.aliases.items() if str(version) == str(one.version))
            out[one.run_id] = str(one.version), tuple(aliases)
    return out


def _listed(run: Run, experiment: str, registered: dict) -> Listed:
    info = run.info
    version, aliases = registered.get(info.run_id, ("", ()))
    inputs = list(run.inputs.dataset_inputs if run.inputs else [])
    inputs.sort(key=lambda given: "training" not in [tag.value for tag in given.tags])  # training data first
    return Listed(
        run_id=info.run_id,
        name=info.run_name,
        experiment=experiment,
        status=info.status.lower(),
        began=datetime.fromtimestamp(info.start_time / 1000, UTC).isoformat(timespec="seconds"),
        seconds=(info.end_time - info.start_time) / 1000 if info.end_time else None,
        data={given.dataset.name: given.dataset.digest for given in inputs},
        version=version,
        aliases=aliases,
        settings=dict(run.data.params),
        figures=_figures(run.data.metrics),
        command=run.data.tags.get("command", ""),
    )


def _figures(metrics: dict[str, float]) -> dict[str, Figure]:
    """Metrics with their intervals; without an interval, both bounds equal the value."""
    ends = {f"{key}{end}" for key in metrics for end in ("_low", "_high") if f"{key}{end}" in metrics}
    return {
        key: Figure(value, metrics.get(f"{key}_low", value), metrics.get(f"{key}_high", value))
        for key, value in metrics.items()
        if key not in ends
    }


def _differences(first: dict, second: dict) -> dict[str, tuple]:
    names = sorted({*first, *second})
    return {name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)}


def _order(key: str) -> tuple[str, int, str]:
    """Sort key: training metrics first, then by data set, with headline metrics in their usual order."""
    data, _, name = key.rpartition("/")
    return data, HEADLINES.index(name) if name in HEADLINES else len(HEADLINES), name


def _paired(client: MlflowClient, one: Listed, other: Listed) -> dict[str, tuple[int, Comparison]]:
    found = {}
    files = [{file.path for file in client.list_artifacts(run.run_id, FOLDER)} for run in (one, other)]
    for path in sorted(files[0] & files[1]):
        rows = []
        for run in (one, other):
            with tempfile.TemporaryDirectory() as made:
                rows.append(read_predictions(Path(client.download_artifacts(run.run_id, path, made))))
        if (compared := compare_predictions(*rows)) is not None:
            found[Path(path).stem] = compared
    return found
