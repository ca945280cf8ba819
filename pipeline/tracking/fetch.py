"""Models by MLflow address: downloaded once to the cache, verified by hash."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pipeline.errors import ModelError, TrackingError
from pipeline.model.folder import FILES
from pipeline.model.store import read_card, remember_run
from pipeline.sources.download import cache_folder
from pipeline.tracking.connection import CARD, session
from pipeline.tracking.record import sha256

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

_VERSION = re.compile(r"models:/(?P<name>[^/@]+)(?:/(?P<version>\d+)|@(?P<alias>[^/@]+))")


def model_folder(address: str) -> Path:
    """The local folder of a model at an MLflow address (``models:/detente@champion``, ``runs:/…/model``).

    The model is downloaded once. On every call, the cached files are verified against the hashes in their card, and the
    card against the hash in the registry; a copy that fails is downloaded again.

    Raises `TrackingError` if the store cannot be reached or has no such model, and `ModelError` if it is not a Detente
    model, or differs from the registered one.
    """
    with session() as mlflow:
        found = version_of(mlflow.MlflowClient(), address)
        key, wanted, run_id = _identity(address, found)
        cached = cache_folder() / "models" / key
        if not _whole(cached, wanted):
            if found is not None:
                _check_place(mlflow.MlflowClient(), found)
            # An address by version number stays valid when an alias moves.
            _download(mlflow, address if found is None else f"models:/{found.name}/{found.version}", cached, address)
            if not _whole(cached, wanted):
                shutil.rmtree(cached, ignore_errors=True)
                raise ModelError(
                    f"{address}: the download differs from the registered model (sha256 mismatch); register it again"
                )
        if run_id:
            remember_run(cached, run_id)
    return cached


def version_of(client: MlflowClient, address: str) -> ModelVersion | None:
    """The registered version for ``models:/NAME/N`` or ``models:/NAME@ALIAS``, None for other addresses.

    Raises `TrackingError` if there is no such model, version or alias; the message lists the existing ones.
    """
    match = _VERSION.fullmatch(address)
    if match is None:
        return None
    from mlflow.exceptions import MlflowException

    name, version, alias = match.group("name", "version", "alias")
    try:
        return client.get_model_version(name, version) if version else client.get_model_version_by_alias(name, alias)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
    raise TrackingError(f"{address}: {_what_there_is(client, name, alias)}")


def _what_there_is(client: MlflowClient, name: str, alias: str | None) -> str:
    models = {model.name: model for model in client.search_registered_models()}
    if name not in models:
        known = ", ".join(sorted(models)) or "none"
        advice = "train a model or correct MLFLOW_TRACKING_URI"
        return f"no model {name!r} is registered; expected one of: {known}; {advice}"
    if alias:
        known = ", ".join(sorted(models[name].aliases)) or "none"
        advice = f"set it with `detente promote RUN --on FILE --alias {alias}`"
        return f"no alias {alias!r}; aliases of {name}: {known}; {advice}"
    versions = sorted(int(found.version) for found in client.search_model_versions(f"name='{name}'"))
    return f"no such version; versions of {name}: {', '.join(map(str, versions)) or 'none'}"


def _check_place(client: MlflowClient, version: ModelVersion) -> None:
    """Raise `TrackingError` if the files of a local store are missing; MLflow would silently download nothing."""
    place = client.get_model_version_download_uri(version.name, version.version).removeprefix("file://")
    if place.startswith("/") and not Path(place).exists():
        raise TrackingError(
            f"models:/{version.name}/{version.version}: no files in {place}; if they were moved, move them back, "
            "otherwise train again"
        )


def _identity(address: str, version: ModelVersion | None) -> tuple[str, str | None, str | None]:
    """Name of the cache folder, expected sha256 of the card, run id."""
    if version is None:
        return re.sub(r"[^\w.-]+", "-", address).strip("-"), None, None
    wanted = version.tags.get(CARD)
    unique = (wanted or str(version.creation_timestamp))[:16]
    return f"{version.name}-{version.version}-{unique}", wanted, version.run_id


def _whole(folder: Path, wanted: str | None) -> bool:
    """Whether a folder holds the complete model: card and files match their hashes."""
    card = folder / FILES.card
    if not card.exists() or (wanted is not None and sha256(card) != wanted):
        return False
    try:
        hashes = json.loads(card.read_text(encoding="utf-8"))["sha256"]
    except (ValueError, KeyError, TypeError):
        return False
    return all((folder / name).exists() and sha256(folder / name) == value for name, value in hashes.items())


def _download(mlflow: ModuleType, address: str, to: Path, named: str) -> None:
    """Download a model and move it into the cache atomically."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=to.parent, ignore_cleanup_errors=True) as part:
        place = Path(mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=part))
        cards = sorted(place.rglob(FILES.card))
        if not cards:
            raise ModelError(f"{named}: not a Detente model; it has no {FILES.card}")
        read_card(cards[0].parent)
        shutil.rmtree(to, ignore_errors=True)
        try:
            os.replace(cards[0].parent, to)
        except OSError:
            if not to.exists():  # otherwise another process was first
                raise
