"""Check labelled files before training or measuring on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from pipeline.actors.roles import find_actors
from pipeline.arrays.ragged import segment_ids
from pipeline.corpus.labelled import BLANK, BROKEN, UNKNOWN, UNLABELLED, Columns
from pipeline.errors import InputError, ModelError
from pipeline.label.findings import Checked, FileSummary, Finding
from pipeline.label.labelled_file import LabelledFile, read_labelled_file
from pipeline.label.repeats import Repeats, repeat_findings
from pipeline.label.suspicion import label_errors
from pipeline.model.store import Model, load
from pipeline.read.rows import SHOWN
from pipeline.read.source import Written
from pipeline.score.snippets import REASONS, score
from pipeline.stance import STANCES

_ADVICE = {
    BROKEN: "rows that cannot be read; correct them, or leave them out with --fix",
    BLANK: "rows without a text",
    UNLABELLED: "rows without a label",
    UNKNOWN: "labels that the codebook does not know or that contradict each other in a row; "
    "`detente data import --map` says what they mean",
}
LONG = 120  # words; more than twice the longest bundled snippet
RARE = 0.05  # share of rows below which a stance is rare
LEAST_ACTOR = 30  # texts naming an actor, from which its stances are meaningful
ONE_SIDED = 0.95  # share of one stance from which an actor is one-sided
_SHOWN_ACTORS = 12
_FOREIGN = REASONS.index("not English")
_STRANGE = 0.1  # share of texts with mostly unknown words from which a file is reported as a different kind of text


def read_files(paths: list[Path], columns: Columns | None = None, written: Written = Written()) -> list[LabelledFile]:
    """Read labelled files, each once.

    Raises `InputError` if a file is given twice or cannot be read as a labelled table.
    """
    twice = [path for path, n in Counter(path.resolve() for path in paths).items() if n > 1]
    if twice:
        raise InputError(f"{twice[0]}: named twice; every row of it would count as a copy")
    return [read_labelled_file(path, columns, written) for path in paths]


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
        by_actor = _by_actor(rows)
        summaries.append(_summary(rows, by_actor))
        found += _balance(rows, summaries[-1].stances, by_actor) + _odd_texts(rows)
        step(rows.path.name)
    found += repeat_findings(Repeats(files))
    step("copies compared")
    if model is None:
        skipped.append("the language: no model that this version can read; train one, or name it with --model")
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


def _summary(rows: LabelledFile, by_actor: list[tuple[str, Counter]]) -> FileSummary:
    return FileSummary(
        file=str(rows.path),
        rows=len(rows.corpus),
        faulty=len(rows.faults),
        columns={"text": rows.text_column, **rows.label_columns},
        labels=dict(Counter(rows.labels.tolist()).most_common()),
        stances={stance: int((rows.corpus.stances == stance).sum()) for stance in STANCES},
        actors={key: counts.total() for key, counts in by_actor[:_SHOWN_ACTORS]},
    )


def _by_actor(rows: LabelledFile) -> list[tuple[str, Counter]]:
    """Actors with the stances of the texts that name them, most frequent first."""
    found = find_actors(rows.corpus.texts.tolist())
    text = segment_ids(found.bounds)
    counts: dict[str, Counter] = {}
    for code, stance in zip(found.code.tolist(), rows.corpus.stances[text].tolist()):
        counts.setdefault(found.keys[code], Counter())[stance] += 1
    return sorted(counts.items(), key=lambda pair: -pair[1].total())


def _balance(rows: LabelledFile, stances: dict[str, int], by_actor: list[tuple[str, Counter]]) -> list[Finding]:
    """Find missing or rare stances and one-sided actors."""
    n_rows, file, sided = len(rows.corpus), str(rows.path), []
    rare = [{"file": file, "stance": stance, "rows": n} for stance, n in stances.items() if n < RARE * n_rows]
    for key, counts in by_actor:
        stance, n = counts.most_common(1)[0]
        alike = counts.total() >= LEAST_ACTOR and n >= ONE_SIDED * counts.total()
        if alike and stances[stance] / n_rows < ONE_SIDED - 0.2:
            sided.append({"file": file, "actor": key, "stance": stance, "rows": n, "of": counts.total()})
    wide = f"a stance has less than {RARE:.0%} of the rows; figures for it will be wide, and training hardly sees it"
    names = "nearly all texts that name an actor have one stance; a model may learn the name in place of the act"
    return [Finding("rare stance", False, wide, rare), Finding("one-sided actor", False, names, sided)]


def _odd_texts(rows: LabelledFile) -> list[Finding]:
    """Find overlong and garbled texts."""
    from ftfy.badness import is_bad

    sizes = [len(text.split()) for text in rows.corpus.texts]
    long = [_place(rows, row, words=size) for row, size in enumerate(sizes) if size > LONG]
    lost = [not text.isascii() and ("\ufffd" in text or is_bad(text)) for text in rows.raw]
    says = f"more than {LONG} words under one label; a label is for one sentence or headline"
    codes = (
        "the text was written in one encoding and read in another; repaired where it can be, lost where it says \ufffd"
    )
    return [
        Finding("over-long text", False, says, long),
        Finding("garbled characters", False, codes, [_place(rows, int(row)) for row in np.flatnonzero(lost)]),
    ]


def _place(rows: LabelledFile, row: int, **more: object) -> dict:
    where = {"file": str(rows.path), "row": int(rows.lines[row]), "label": rows.labels[row]}
    return {**where, "text": rows.raw[row][:SHOWN], **more}
