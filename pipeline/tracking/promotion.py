"""Model promotion: a paired comparison with the current champion, recorded in tags (who, when, why, both metrics)."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.corpus.labelled import Corpus
from pipeline.errors import InputError, ModelError, TrackingError
from pipeline.evaluate.comparison import Contest, contest
from pipeline.evaluate.intervals import Figure
from pipeline.evaluate.metrics import metric_in_words
from pipeline.model.folder import FILES
from pipeline.model.settings import settings_from
from pipeline.model.store import Model, load, remember_run, run_of
from pipeline.stance import STANCES
from pipeline.tracking.catalogue import find
from pipeline.tracking.connection import CARD, EXPERIMENT, REGISTERED, session
from pipeline.tracking.fetch import model_folder, version_of
from pipeline.tracking.outbox import MODEL, outbox_of, send, waiting
from pipeline.tracking.record import (
    Data,
    Record,
    data_of,
    headline_metrics,
    metric_table,
    sha256,
    shown,
    source_of,
    surroundings,
)
from pipeline.tracking.runs import log_record

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Decision:
    """Whether a model may take an alias.

    Attributes
    ----------
    candidate, champion : addresses of registered versions; the champion is None if the alias is unassigned.
    data : the data set of the comparison.
    metric : the deciding metric: three-way macro-F1, or two-way if no snippet is neutral.
    contest : metrics of both and their paired difference, None if they could not be compared.
    allowed : whether the 95 % interval of the difference is above zero, or there is no champion.
    reason : the decision in words.
    warnings : caveats.
    """

    candidate: str
    champion: str | None
    alias: str
    data: Data
    metric: str
    contest: Contest | None
    allowed: bool
    reason: str
    warnings: tuple[str, ...]


def weigh(named: str, alias: str, corpus: Corpus, force: bool = False) -> Decision:
    """Register a model if needed, and compare it with the current holder of the alias.

    Raises `TrackingError`, `ModelError` or `InputError` if the store, a model or the snippets cannot be used.

    Parameters
    ----------
    named : run id or name, model folder, or ``models:/…``.
    corpus : labelled snippets; training texts of either model and their near-copies are left out.
    force : continue if the champion cannot be loaded.
    """
    candidate, champion = _versions(named, alias)
    opened = load(model_folder(candidate))
    data = data_of(corpus, "promotion")
    metric = "three_way.macro_f1" if STANCES[2] in corpus.stances else "two_way.macro_f1"
    if champion is None:
        alone = _require(contest([opened], corpus), metric)
        reason = f"no model had the alias {alias}; {metric_in_words(metric)} {alone.figures[0][metric]}"
        return Decision(candidate, None, alias, data, metric, alone, True, reason, _warnings(alone))
    try:
        holder = load(model_folder(champion))
    except (ModelError, TrackingError) as error:
        if not force:
            raise type(error)(
                f"cannot load {champion}, the current @{alias}: {error}; --force promotes without a comparison"
            ) from None
        reason = f"not compared: cannot load {champion}"
        return Decision(candidate, champion, alias, data, metric, None, False, reason, (str(error),))
    both = _require(contest([opened, holder], corpus), metric)
    assert both.comparison is not None  # noqa: S101  for the type checker; two models were compared
    difference = both.comparison.differences[metric]
    better = difference.low > 0
    said = f"{candidate} is {'better' if better else 'not better'} than @{alias}, {champion}"
    values = " against ".join(f"{figures[metric].value:.3f}" for figures in both.figures)
    reason = f"{said}: {metric_in_words(metric)} {values}, difference {difference.signed}"
    return Decision(candidate, champion, alias, data, metric, both, better, reason, _warnings(both))


def give_alias(found: Decision, why: str = "") -> None:
    """Record who promoted the model, when, why and on which metrics, then assign the alias; raises `TrackingError`."""
    with session(writes=True) as mlflow:
        client = mlflow.MlflowClient()
        holder = _holder(client, found.alias)
        if holder != found.champion:
            raise TrackingError(f"@{found.alias} has changed to {holder} in the meantime; compare again")
        version = found.candidate.rpartition("/")[2]
        for name, value in _trace(found, why).items():
            client.set_model_version_tag(REGISTERED, version, f"{found.alias}.{name}", value)
        client.set_registered_model_alias(REGISTERED, found.alias, version)
        if found.champion:
            old = found.champion.rpartition("/")[2]
            client.set_model_version_tag(REGISTERED, old, f"{found.alias}.replaced_by", version)


def _trace(found: Decision, why: str) -> dict[str, str]:
    values = {
        "by": surroundings()["mlflow.user"],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "why": why,
        "reason": found.reason,
        "forced": "" if found.allowed else "yes",
        "instead_of": found.champion or "",
        "on": f"{found.data.name} ({found.data.digest})",
        "metric": found.metric,
    }
    if found.contest:
        figures = [str(one[found.metric]) for one in found.contest.figures]
        values |= {"rows": str(found.contest.rows), "left_out": str(found.contest.left_out)}
        values |= dict(zip(("figure", "figure_before"), figures))
        if found.contest.comparison:
            values["difference"] = found.contest.comparison.differences[found.metric].signed
    return {name: value for name, value in values.items() if value}


def _versions(named: str, alias: str) -> tuple[str, str | None]:
    """Addresses of the candidate, registered if needed, and of the current holder of the alias."""
    folder = Path(named)
    if (folder / FILES.card).exists():
        _ensure_logged(load(folder))
    with session() as mlflow:
        client = mlflow.MlflowClient()
        version = version_of(client, named)
        number = find(mlflow, named).version if version is None else version.version
        if not number:
            raise InputError(f"{named}: this run has no registered model; promote a model folder instead")
        if version is not None and version.name != REGISTERED:
            raise InputError(f"{named}: expected a version of {REGISTERED}")
        candidate, champion = f"models:/{REGISTERED}/{number}", _holder(client, alias)
    if candidate == champion:
        raise InputError(f"{named}: {candidate} is already @{alias}")
    return candidate, champion


def _ensure_logged(model: Model) -> None:
    """Ensure that the store has a run for a model folder, sending its unsent run if there is one."""
    run_id = run_of(model)
    if run_id is not None:
        with session(writes=True) as mlflow:
            if mlflow.MlflowClient().search_model_versions(f"run_id='{run_id}'"):
                return
    card = sha256(model.folder / FILES.card)
    for entry in waiting(outbox_of(model.folder)):
        if sha256(entry / MODEL / FILES.card) == card:
            send(entry)
            return
    remember_run(model.folder, _log_folder(model))


def _holder(client: MlflowClient, alias: str) -> str | None:
    """The address of the version with an alias, None if it is unassigned."""
    for model in client.search_registered_models(f"name='{REGISTERED}'"):
        if alias in model.aliases:
            return f"models:/{REGISTERED}/{model.aliases[alias]}"
    return None


def _log_folder(model: Model) -> str:
    """Log a model folder that was trained without this store; returns the run id."""
    card, data = model.card, model.card["data"]
    figures = {name: Figure(**values) for name, values in card["metrics"].items()}
    name = " and ".join(dict.fromkeys(Path(file).stem for file in data["files"])) or "snippets"
    made = int(datetime.fromisoformat(card["made"]).timestamp() * 1000)
    record = Record(
        experiment=EXPERIMENT,
        name=f"{model.folder.name} {card['made'][:16].replace('T', ' ')}",
        description=f"Trained elsewhere on {data['rows']:,} snippets ({name}), imported from `{model.folder}`.",
        began=made,
        ended=made,
        params={key: shown(value) for key, value in settings_from(card["settings"], "card").flat().items()},
        metrics=headline_metrics(figures),
        tags={"data.sha256": data["sha256"], CARD: sha256(model.folder / FILES.card), **surroundings()},
        data=Data(name[:80], data["sha256"][:32], source_of(data["files"]), data["rows"], "training"),
        table=metric_table(figures),
        folder=str(model.folder.resolve()),
    )
    with tempfile.TemporaryDirectory() as made_folder:
        shutil.copy(model.folder / FILES.card, made_folder)
        return log_record(record, model.folder, Path(made_folder)).run_id


def _require(found: Contest, metric: str) -> Contest:
    """Return ``found`` if it has the deciding metric; raises `InputError` if too few stances were left for it."""
    if metric in found.figures[0]:
        return found
    raise InputError(
        f"expected escalation and de-escalation among the {found.rows:,} snippets that no model was trained on, found "
        "only one stance; give other snippets"
    )


def _warnings(found: Contest) -> tuple[str, ...]:
    out = []
    if found.left_out:
        out.append(f"{found.left_out:,} snippets left out: training texts or near-copies of them")
    if not found.checked:
        out.append("a model has no record of its training texts; copies of them were not left out")
    return tuple(out)
