"""The schema of the model card (JSON)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from pipeline.errors import ModelError
from pipeline.model.folder import FILES, damaged
from pipeline.model.settings import Settings, Share
from pipeline.stance import LABELS
from pipeline.strict import convert

FORMAT = 9

Text = Annotated[str, Meta(max_length=500)]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Number = Annotated[float, Meta(ge=-1e9, le=1e9)]
Positive = Annotated[float, Meta(gt=0, le=1e9)]


class FigureCard(Struct, forbid_unknown_fields=True):
    """A metric and its interval; null if it could not be computed."""

    value: Number | None
    low: Number | None
    high: Number | None


class CalibrationCard(Struct, forbid_unknown_fields=True):
    """`pipeline.model.calibration.Calibration`."""

    temperature: Positive
    offsets: tuple[Number, Number, Number]
    frequencies: tuple[Number, ...]
    relevance_temperature: Positive
    relevance_offset: Number


class RecipeCard(Struct, forbid_unknown_fields=True):
    """`pipeline.sources.mix.Recipe`."""

    data: tuple[Text, ...]
    columns: dict[Text, Text | None]
    tests: tuple[Text, ...]
    weights: tuple[tuple[Text, Number], ...]
    encoding: Text | None = None
    delimiter: Text | None = None


class DataCard(Struct, forbid_unknown_fields=True):
    """What the model was trained on."""

    rows: Count
    sha256: Hash
    sources: dict[Text, Count]
    files: tuple[Text, ...]
    stances: dict[Text, Count]
    events: dict[Text, Count]
    set_aside: dict[Text, Count]
    recipe: RecipeCard | None


class OwnRowsCard(Struct, forbid_unknown_fields=True):
    """`pipeline.experiment.own_rows.OwnRows`."""

    sources: dict[Text, dict[Text, Count | FigureCard]]
    curve_of: tuple[Text, ...]
    curve: tuple[dict[Text, Number | FigureCard], ...]


class Card(Struct, forbid_unknown_fields=True):
    """The card of a model folder."""

    format: int
    name: Text
    made: Text
    labels: tuple[Literal[LABELS], ...]  # type: ignore[valid-type]  # msgspec reads it as it runs
    settings: Settings
    threshold: Share
    calibration: CalibrationCard
    priors: tuple[Share, Share, Share]
    data: DataCard
    terms: Count
    metrics: dict[Text, FigureCard]
    own_rows: OwnRowsCard | None
    metrics_from: Text
    versions: dict[Text, Text]
    sha256: dict[Literal[FILES.weights, FILES.seen, FILES.pipeline], Hash]  # type: ignore[name-defined]  # the same


class Traced(Struct, forbid_unknown_fields=True):
    """``run.json``: which tracked run a model comes from."""

    run_id: Annotated[str, Meta(pattern=r"^[0-9a-zA-Z_-]{1,64}\Z")]


def parse(content: bytes, folder: str | Path = "card") -> dict:
    """A card of this format as plain data.

    Raises
    ------
    ModelError
        If it is not a JSON object, or of an older or newer format.
    """
    try:
        card = msgspec.json.decode(content)
        found = card["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise damaged(folder, f"{FILES.card} is not a model card") from None
    if type(found) is not int:
        raise damaged(folder, f"{FILES.card}: format: expected {FORMAT}, found {str(found)[:40]!r}")
    if found > FORMAT:
        raise ModelError(
            f"{folder}: model format {found}, expected {FORMAT}; open it with the later version that wrote it"
        )
    if found < FORMAT:
        raise ModelError(f"{folder}: model format {found}, expected {FORMAT}; train it again with this version")
    return card


def check_card(card: dict, folder: str | Path = "card") -> Card:
    """The typed card; raises `ModelError` at the first unknown name or invalid value."""
    try:
        if card.get("labels") != list(LABELS):
            raise ModelError(f"{folder}: was trained on other labels; train it again")
        checked = convert(card, Card)
    except ValueError as error:
        raise damaged(folder, f"{FILES.card}: {error}") from None
    if abs(sum(checked.priors) - 1) > 1e-6:
        raise damaged(folder, f"{FILES.card}: priors: expected a sum of 1, found {sum(checked.priors)}")
    return checked


def in_json(card: dict) -> str:
    """A card as JSON; metrics that could not be computed become null, since JSON has no NaN."""
    return json.dumps(_finite(card), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
