"""Check labelled files before training or measuring on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pipeline.corpus.labelled import BLANK, BROKEN, UNKNOWN, UNLABELLED, Columns
from pipeline.errors import InputError, ModelError
from pipeline.label.balance import balance_findings, summary
from pipeline.label.findings import Checked, Finding
from pipeline.label.labelled_file import LabelledFile, read_labelled_file
from pipeline.label.repeats import Repeats, repeat_findings
from pipeline.label.suspicion import label_errors
from pipeline.model.store import Model, load
from pipeline.read.rows import SHOWN
from pipeline.score.snippets import REASONS, score

_ADVICE = {
    BROKEN: "rows that cannot be read; mend them, or leave them out with --fix",
    BLANK: "rows without a text",
    UNLABELLED: "rows without a label",
    UNKNOWN: "labels that the codebook does not know or that contradict each other in a row; "
    "`detente data import --map` says what they mean",
}
_FOREIGN = REASONS.index("not English")
_STRANGE = 0.1  # share of texts with mostly unknown words from which a file is reported as a different kind of text


def read_files(paths: list[Path], columns: Columns | None = None, encoding: str | None = None) -> list[LabelledFile]:
    """Read labelled files, each once.

    Raises `InputError` if a file is given twice or cannot be read as a labelled table.
    """
    twice = [path for path, n in Counter(path.resolve() for path in paths).items() if n > 1]
    if twice:
        raise InputError(f"{twice[0]}: named twice; every row of it would count as a copy")
    return [read_labelled_file(path, columns, encoding) for path in paths]


def usual_model(folder: Path) -> Model | None:
    """The model in the default folder; None if there is none that this version can read."""
    try:
        return load(folder)
    except ModelError:
        return None


def n_steps(files: list[LabelledFile]) -> int:
    """How often `check_rows` calls ``step``."""
    return len(files) + 3


def check_rows(
    files: list[LabelledFile],
    model: Model | None = None,
    errors: bool = True,
    step: Callable[[str], None] = lambda done: None,
) -> Checked:
    """Check labelled rows: faults, duplicates, contradictions, leaks, balance, language, likely label errors.

    Parameters
    ----------
    model : the model whose vocabulary is used to detect the language; None skips this check.
    errors : whether to look for likely label errors, for which models are fitted.
    step : called with the name of each step once it is done.
    """
    summaries, found, skipped = [], _faults(files), []
    for rows in files:
        summaries.append(summary(rows))
        found += balance_findings(rows)
        step(rows.path.name)
    found += repeat_findings(Repeats(files))
    step("copies compared")
    if model is None:
        skipped.append(
            "the language, for want of a model that this version can read: train one, or name it with --model"
        )
    else:
        found += _language(files, model)
    step("words looked up")
    if errors:
        likely, why = label_errors(files)
        found += likely
        skipped += why
    step("labels doubted")
    found = [one for one in found if one.count]
    return Checked(summaries, sorted(found, key=lambda one: not one.serious), skipped)


def _faults(files: list[LabelledFile]) -> list[Finding]:
    places: dict[str, list[dict]] = {kind: [] for kind in _ADVICE}
    for fault in (fault for rows in files for fault in rows.faults):
        place = asdict(fault)
        places[place.pop("kind")].append(place)
    return [Finding(kind, True, says, places[kind]) for kind, says in _ADVICE.items()]


def _language(files: list[LabelledFile], model: Model) -> list[Finding]:
    """Find texts that are not English, and files with mostly unknown words."""
    foreign, strange = [], []
    for rows in files:
        scores = score(model, rows.corpus.texts)
        for row in np.flatnonzero(scores.reason_code == _FOREIGN):
            text = rows.corpus.texts[row][:SHOWN]
            foreign.append({"file": str(rows.path), "row": int(rows.lines[row]), "text": text})
        unknown = float((scores.coverage < model.settings.abstention.coverage_floor).mean())
        if unknown > _STRANGE:
            strange.append({"file": str(rows.path), "share": round(unknown, 3)})
    return [
        Finding("not English", False, "texts without the small words of English", foreign),
        Finding("unknown words", False, "many texts of mostly unknown words: another kind of text?", strange),
    ]
