"""Drift detection: compare two scored files by scores, coverage and vocabulary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.messages import count_of, say
from pipeline.read.files import files_in
from pipeline.read.rows import Reject
from pipeline.read.source import Written
from pipeline.read.tables import TEXT_COLUMNS, column_of, plain_names, read_numbered

PSI_LIMIT = 0.25  # a population stability index above this is a large shift (Siddiqi 2006)
KS_LIMIT = 0.1  # a Kolmogorov-Smirnov distance above this, if significant, is a shift
NEW_TERMS_LIMIT = 0.2  # share of the current words that are neither in the baseline nor in the model
_BINS = 10
_LEVEL = 0.01
_SCORES = ("tension", "coverage", "stance")
_TEXTS = (*TEXT_COLUMNS, "body", "content")  # not `article`, which is an id in sentence rows
_SMALLEST = 1e-4  # an empty bin counts as this share, so the index stays finite


@dataclass(frozen=True)
class Shift:
    """One comparison.

    Attributes
    ----------
    what : what is compared, such as "tension, PSI".
    value, limit : the measured distance, and the limit above which it counts as a shift.
    moved : whether it is a shift.
    """

    what: str
    value: float
    limit: float
    moved: bool


@dataclass(frozen=True)
class Drift:
    """All comparisons, and the most frequent new words."""

    shifts: list[Shift]
    new_words: list[tuple[str, int]]

    @property
    def moved(self) -> bool:
        """Whether any comparison exceeds its limit."""
        return any(shift.moved for shift in self.shifts)


def psi(baseline: np.ndarray, current: np.ndarray) -> float:
    """Population stability index over the deciles of the baseline: the sum of (q - p) ln(q / p).

    Examples
    --------
    >>> round(psi(np.arange(100.0), np.arange(100.0)), 6)
    0.0
    """
    edges = np.unique(np.quantile(baseline, np.linspace(0, 1, _BINS + 1)[1:-1]))
    bins = [np.searchsorted(edges, values, side="right") for values in (baseline, current)]
    return _index(bins[0], bins[1], len(edges) + 1)


def category_psi(baseline: Sequence[str], current: Sequence[str]) -> float:
    """Population stability index of two lists of labels."""
    names, bins = np.unique([*baseline, *current], return_inverse=True)
    return _index(bins[: len(baseline)], bins[len(baseline) :], len(names))


def drift(baseline: dict, current: dict, known: frozenset[str] = frozenset()) -> Drift:
    """Compare two scored files.

    Parameters
    ----------
    baseline, current : columns ``tension``, ``coverage`` (numbers), ``stance`` and, if available, ``text``.
    known : lower-case words that the model knows.
    """
    from scipy.stats import ks_2samp

    shifts = []
    for column in ("tension", "coverage"):
        before, now = (np.asarray(side[column], float) for side in (baseline, current))
        index, test = psi(before, now), ks_2samp(before, now)
        shifts.append(Shift(f"{column}, PSI", index, PSI_LIMIT, index > PSI_LIMIT))
        far = test.statistic > KS_LIMIT and test.pvalue < _LEVEL
        shifts.append(Shift(f"{column}, Kolmogorov-Smirnov", float(test.statistic), KS_LIMIT, bool(far)))
    index = category_psi(baseline["stance"], current["stance"])
    shifts.append(Shift("stances, PSI", index, PSI_LIMIT, index > PSI_LIMIT))
    new: Counter[str] = Counter()
    if "text" in baseline and "text" in current:
        words, old = _words(current["text"]), _words(baseline["text"])
        new = Counter({word: n for word, n in words.items() if word not in old and word not in known})
        share = sum(new.values()) / max(sum(words.values()), 1)
        shifts.append(Shift("new words", share, NEW_TERMS_LIMIT, share > NEW_TERMS_LIMIT))
    return Drift(shifts, new.most_common(20))


def read_scored(given: str | Path, written: Written = Written()) -> dict[str, list]:
    """Read the columns of scored files that `drift` needs: tension, coverage, stance and, if available, the text.

    The text column has the name it had in the input; here it is ``text``. Rows that cannot be read are skipped, with a
    warning.

    Raises `InputError` if there is no such file, a column is missing, or a cell is not a number.
    """
    parts = [_read_one(path, written) for path in files_in(str(given))]
    names = set.intersection(*map(set, parts))
    return {name: [value for part in parts for value in part[name]] for name in (*_SCORES, "text") if name in names}


def _read_one(path: Path, written: Written) -> dict[str, list]:
    def needed(names: list[str]) -> list[str]:
        kept = [name for name in names if name.strip().lower() in (*_SCORES, *_TEXTS)]
        return kept if set(_SCORES) <= set(kept) else names  # all, for the message, if one is missing

    rejects: list[Reject] = []
    table, _ = read_numbered(path, needed, written, rejects)
    if rejects:
        first = f"row {rejects[0].row}: {rejects[0].reason}"
        say(f"warning: {path}: {count_of(len(rejects), 'row')} skipped that cannot be read; the first: {first}")
    columns: dict[str, list] = {
        name: as_strings(table.column(column_of(table.column_names, name, (), path))).to_pylist() for name in _SCORES
    }
    try:
        for name in ("tension", "coverage"):
            columns[name] = [float(value) for value in columns[name]]
    except ValueError as error:
        raise InputError(f"{path}: expected numbers in column {name}: {error}") from None
    wrong = ~np.isfinite([columns["tension"], columns["coverage"]]).all(axis=0)
    if wrong.any():
        row = int(wrong.argmax()) + 1
        raise InputError(
            f"{path}: row {row}: expected finite numbers in columns tension and coverage; score the texts again"
        )
    plain = plain_names(table.column_names)
    text = next((plain[name] for name in _TEXTS if name in plain), None)
    if text:
        columns["text"] = as_strings(table.column(text)).to_pylist()
    return columns


def _index(baseline: np.ndarray, current: np.ndarray, n: int) -> float:
    p, q = (np.maximum(np.bincount(b, minlength=n) / max(len(b), 1), _SMALLEST) for b in (baseline, current))
    return float(((q - p) * np.log(q / p)).sum())


def _words(texts: Sequence[str]) -> Counter[str]:
    return Counter(word for text in texts for word in re.findall(r"[^\W\d_]{3,}", text.lower()))
