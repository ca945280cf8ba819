"""Labels and probabilities of each row, stored with a run so that later runs can be compared with it in pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.evaluate.comparison import Comparison, compare
from pipeline.evaluate.metrics import Judged

FOLDER = "rows"  # artifact folder of a run
HELD_OUT = "held-out"  # out-of-fold predictions of cross-fitting
LEAST = 10  # minimum number of shared rows for a comparison
_LABELS = ("stance", "event", "quad", "event_guess")
_PROBA = ("p_escalation", "p_de_escalation", "p_neutral")


@dataclass(frozen=True)
class Predictions:
    """Predictions of a model on n labelled texts.

    Attributes
    ----------
    keys : (n,) object, a hash of each text; the texts themselves are not stored.
    judged : labels and probabilities of the n texts.
    groups : (n,) int64, near-duplicate groups.
    """

    keys: np.ndarray
    judged: Judged
    groups: np.ndarray


def predictions_of(texts: Iterable[str], judged: Judged, groups: np.ndarray) -> Predictions:
    """The `Predictions` of n texts."""
    keys = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    return Predictions(np.array(keys, object), judged, np.asarray(groups, np.int64))


def write_predictions(rows: Predictions, path: Path) -> None:
    """Write predictions as Parquet, with probabilities in single precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {"key": pa.array(rows.keys, pa.string()), "group": rows.groups}
    columns |= {name: getattr(rows.judged, name).astype(np.int8) for name in _LABELS}
    columns |= {name: rows.judged.proba[:, k].astype(np.float32) for k, name in enumerate(_PROBA)}
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_predictions(path: Path) -> Predictions:
    """Read predictions that `write_predictions` wrote."""
    table = pq.read_table(path)
    labels = {name: table[name].to_numpy().astype(np.int64) for name in _LABELS}
    proba = np.column_stack([table[name].to_numpy().astype(float) for name in _PROBA])
    keys = np.array(table["key"].to_pylist(), object)
    return Predictions(keys, Judged(proba=proba, **labels), table["group"].to_numpy())


def compare_predictions(first: Predictions, second: Predictions) -> tuple[int, Comparison] | None:
    """Number of shared texts with the same label, and the paired comparison on them; None if fewer than `LEAST`."""
    place = {key: row for row, key in enumerate(second.keys)}
    here = np.array([row for row, key in enumerate(first.keys) if key in place], np.int64)
    there = np.array([place[first.keys[row]] for row in here], np.int64)
    same = first.judged.stance[here] == second.judged.stance[there]
    here, there = here[same], there[same]
    if len(here) < LEAST:
        return None
    return len(here), compare(first.judged.take(here), second.judged.take(there), first.groups[here])
