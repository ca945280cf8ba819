"""Labels and probabilities row by row, kept with a run: without them no later run can be paired with it."""

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

FOLDER = "rows"  # of the artifacts of a run
HELD_OUT = "held-out"  # the snippets that a model was cross-fitted on
LEAST = 10  # fewer shared rows than this say nothing
_LABELS = ("stance", "event", "quad", "event_guess")
_PROBA = ("p_escalation", "p_de_escalation", "p_neutral")


@dataclass(frozen=True)
class Rows:
    """What a model says of n labelled texts.

    Attributes
    ----------
    keys : (n,) object, a hash of each text: the texts themselves stay where they are.
    judged : n labels and probabilities.
    groups : (n,) int64, near-duplicate groups.
    """

    keys: np.ndarray
    judged: Judged
    groups: np.ndarray


def rows_of(texts: Iterable[str], judged: Judged, groups: np.ndarray) -> Rows:
    """`Rows` of n texts."""
    keys = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    return Rows(np.array(keys, object), judged, np.asarray(groups, np.int64))


def write_rows(rows: Rows, path: Path) -> None:
    """Write them as Parquet, probabilities in single precision."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {"key": pa.array(rows.keys, pa.string()), "group": rows.groups}
    columns |= {name: getattr(rows.judged, name).astype(np.int8) for name in _LABELS}
    columns |= {name: rows.judged.proba[:, k].astype(np.float32) for k, name in enumerate(_PROBA)}
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_rows(path: Path) -> Rows:
    """What `write_rows` wrote."""
    table = pq.read_table(path)
    labels = {name: table[name].to_numpy().astype(np.int64) for name in _LABELS}
    proba = np.column_stack([table[name].to_numpy().astype(float) for name in _PROBA])
    keys = np.array(table["key"].to_pylist(), object)
    return Rows(keys, Judged(proba=proba, **labels), table["group"].to_numpy())


def compare_rows(first: Rows, second: Rows) -> tuple[int, Comparison] | None:
    """The number of texts that both hold under the same label, and the paired comparison on these; None where too few."""
    place = {key: row for row, key in enumerate(second.keys)}
    here = np.array([row for row, key in enumerate(first.keys) if key in place], np.int64)
    there = np.array([place[first.keys[row]] for row in here], np.int64)
    same = first.judged.stance[here] == second.judged.stance[there]
    here, there = here[same], there[same]
    if len(here) < LEAST:
        return None
    return len(here), compare(first.judged.take(here), second.judged.take(there), first.groups[here])
