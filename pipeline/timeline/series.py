"""Time series of tension and stance shares, with confidence bands, volumes and turns (change points)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from pipeline.model.calibration import POLITICAL_SHARE
from pipeline.timeline.dates import next_period
from pipeline.timeline.gathered import Gathered, is_relevant
from pipeline.timeline.shares import PSEUDO, Shares, banded, mixtures
from pipeline.timeline.turns import turns

THIN = 5  # a period with fewer relevant texts says little
# Prior standard deviation of tension, that of a day of a news wire, and its weight in texts.
_USUAL_SPREAD, _AS_IF = 0.55, 2
_A_SIDE = 3  # texts of a period shown for each side
_GAPS = 400  # empty periods written between two texts; longer gaps are cut
_TOGETHER = 256  # texts resampled at once, in any number of periods: more would not fit the processor's cache
_NOTHING = (np.nan, np.nan, np.nan)
_NO_ROWS = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Records:
    """Scored, dated texts in their series; a text of several series is listed several times.

    Attributes
    ----------
    series : (n,) int32, index into ``names``.
    row : (n,) int32, the text, a row of ``feed``.
    names : names of the series.
    feed : all dated texts.
    first : (n_texts,) int32, for each text of the feed the one that it copies, itself if there is none.
    """

    series: np.ndarray
    row: np.ndarray
    names: tuple[str, ...]
    feed: Gathered
    first: np.ndarray


@dataclass(frozen=True)
class Period:
    """One period of a series; NaN if it has no relevant text.

    ``tension`` and the shares are of the political texts; ``outlets`` counts distinct sources; ``signal`` is the plain mean
    of tension, in which turns are detected, and ``error`` its standard error; ``flag`` is ``rise``, ``fall`` or empty;
    ``examples`` are the texts that moved it most, each (text, tension, outlets, link).
    """

    series: str
    period: np.datetime64
    texts: int
    relevant: int
    outlets: int
    tension: tuple[float, float, float] = _NOTHING
    escalation: tuple[float, float, float] = _NOTHING
    de_escalation: tuple[float, float, float] = _NOTHING
    signal: float = np.nan
    error: float = np.nan
    flag: str = ""
    examples: list[tuple[str, float, str, str]] = field(default_factory=list)

    @property
    def thin(self) -> bool:
        """Whether it has fewer than five relevant texts."""
        return self.relevant < THIN


def timeline(records: Records, frequency: str, priors: np.ndarray, seed: int = 0) -> list[Period]:
    """Compute every series, period by period (``H``, ``D``, ``W`` or ``M``), including gaps.

    ``priors`` are the (3,) shares of the stances among political texts for which the probabilities were calibrated.
    """
    rng = np.random.default_rng(seed)
    assumed = np.append(np.asarray(priors) * POLITICAL_SHARE, 1 - POLITICAL_SHARE)
    ratio = records.feed.posterior / assumed
    row, name, period, new = _in_order(records)
    outlets = _Outlets(records)
    out: list[Period] = []
    shown: list[np.ndarray] = []
    for begin, end in _runs(name[new]):
        bounds = np.append(new, len(row))[begin : end + 1]
        texts = [row[low:high] for low, high in pairwise(bounds.tolist())]
        starts = (period[bounds[:-1]].astype(np.int64) * 60).astype("datetime64[s]")
        found = _periods(records.feed, texts, (records.names[name[bounds[0]]], starts), ratio, outlets, rng)
        shown += [_strongest(records.feed, here) if one.relevant else _NO_ROWS for one, here in zip(found, texts)]
        filled = _with_gaps(found, frequency)
        flags = turns(*np.array([(one.signal, one.error, one.relevant) for one in filled]).T)
        out += [replace(one, flag=flag) if flag else one for one, flag in zip(filled, flags)]
    return _with_examples(out, shown, records, outlets)


def _in_order(records: Records) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows, series and periods, sorted by series name and then time, and where each period begins."""
    rank = np.argsort(np.argsort(np.array(records.names, object))).astype(np.int32)
    period = records.feed.period[records.row]
    order = np.lexsort((period, rank[records.series])).astype(np.int32)
    row, series, period = records.row[order], records.series[order], period[order]
    new = np.append(True, (series[1:] != series[:-1]) | (period[1:] != period[:-1]))
    return row, series, period, np.flatnonzero(new)


def _runs(values: np.ndarray) -> Iterable[tuple[int, int]]:
    """(begin, end) of each run of equal values."""
    cuts = np.flatnonzero(np.diff(values)) + 1
    return zip(np.append(0, cuts).tolist(), np.append(cuts, len(values)).tolist())


def _periods(
    feed: Gathered,
    texts: list[np.ndarray],
    named: tuple,
    ratio: np.ndarray,
    outlets: _Outlets,
    rng: np.random.Generator,
) -> list[Period]:
    """The periods of a series; ``texts`` holds the rows of each."""
    whole, times = np.unique(feed.cell[np.concatenate(texts)], return_counts=True)
    even = np.full(4, 0.25)  # the mix of the calibration, towards which that of a series with few texts is shrunk
    usual = mixtures(ratio[whole], times[None].astype(float), PSEUDO * even, even)[0]
    cells, counts = zip(*(np.unique(feed.cell[here], return_counts=True) for here in texts))
    relevant = [int(n[is_relevant(cell)].sum()) for cell, n in zip(cells, counts)]
    shares = _shares([k for k, n in enumerate(relevant) if n], cells, counts, ratio, usual, rng)
    called, starts = named
    out = []
    for k, here in enumerate(texts):
        numbers = (called, starts[k], len(here), relevant[k], len(outlets.of(here)))
        if not relevant[k]:
            out.append(Period(*numbers))
            continue
        inside = is_relevant(cells[k])
        signal = _signal(feed.posterior[cells[k][inside]], counts[k][inside])
        out.append(Period(*numbers, *shares[k], *signal))
    return out


def _shares(
    wanted: list[int],
    cells: Sequence[np.ndarray],
    counts: Sequence[np.ndarray],
    ratio: np.ndarray,
    usual: np.ndarray,
    rng: np.random.Generator,
) -> dict[int, Shares]:
    """Shares of the wanted periods; those with equally many distinct texts are resampled together, which is faster."""
    out: dict[int, Shares] = {}
    alike: dict[int, list[int]] = {}
    for k in wanted:
        alike.setdefault(len(cells[k]), []).append(k)
    for size, periods in sorted(alike.items()):
        together = max(1, _TOGETHER // size)
        for begin in range(0, len(periods), together):
            some = periods[begin : begin + together]
            density = ratio[np.array([cells[k] for k in some])]
            out.update(zip(some, banded(density, np.array([counts[k] for k in some]), usual, rng)))
    return out


def _signal(posterior: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Mean tension of the relevant texts and its standard error; it varies less than the corrected tension."""
    n, tension = counts.sum(), posterior[:, 0] - posterior[:, 1]
    mean = counts @ tension / n
    variance = counts @ (tension - mean) ** 2 / max(n - 1, 1)
    # The spread of few texts is shrunk towards the prior one, as if two more texts had it.
    spread = np.sqrt((_AS_IF * _USUAL_SPREAD**2 + n * variance) / (n + _AS_IF))
    return float(mean), float(spread / np.sqrt(n))


def _strongest(feed: Gathered, here: np.ndarray) -> np.ndarray:
    """The relevant texts of a period that most strongly indicate either side, as rows of the feed."""
    here = here[is_relevant(feed.cell[here])]
    posterior = feed.posterior[feed.cell[here]]
    lean = posterior[:, 0] - posterior[:, 1]
    order = np.argsort(lean, kind="stable")
    down, up = order[:_A_SIDE], order[::-1][:_A_SIDE]
    return here[np.append(up[lean[up] > 0], down[lean[down] <= 0])].astype(np.int64)


def _with_examples(periods: list[Period], shown: list[np.ndarray], records: Records, outlets: _Outlets) -> list[Period]:
    """Periods with the chosen texts, which are given in order for those that have any."""
    texts = records.feed.texts.take(np.concatenate([np.zeros(0, np.int64), *shown]))
    chosen, out = iter(shown), []
    for one in periods:
        rows = next(chosen).tolist() if one.texts else []
        said = [(texts[row], ", ".join(outlets.of(np.array([row])))) for row in rows]
        examples = [(text, round(tension, 3), printed, link) for (text, link, tension), printed in said]
        out.append(replace(one, examples=sorted(examples, key=lambda example: -abs(example[1]))))
    return out


class _Outlets:
    """The outlets that published a text or a copy of it."""

    def __init__(self, records: Records) -> None:
        self._names, self._outlet = records.feed.outlets, records.feed.outlet
        self._order = np.argsort(records.first, kind="stable").astype(np.int32) if len(self._names) > 1 else None
        self._first = records.first[self._order]

    def of(self, rows: np.ndarray) -> list[str]:
        """The names of all outlets that published one of the texts, in alphabetical order."""
        if self._order is None:
            return []
        rows = rows.astype(self._first.dtype)  # otherwise NumPy converts the other ten million each time
        low, high = np.searchsorted(self._first, rows), np.searchsorted(self._first, rows, side="right")
        places = np.arange((high - low).sum()) + np.repeat(low - np.append(0, np.cumsum(high - low)[:-1]), high - low)
        used = np.unique(self._outlet[self._order[places]])
        return sorted(self._names[code] for code in used.tolist() if self._names[code])


def _with_gaps(found: list[Period], frequency: str) -> list[Period]:
    """Add the periods without texts between two that have some, so no line is drawn across the gap."""
    row: list[Period] = []
    for one in found:
        if row:
            here, gaps = next_period(row[-1].period, frequency), list[Period]()
            while here < one.period and len(gaps) < _GAPS:
                gaps.append(Period(one.series, here, 0, 0, 0))
                here = next_period(here, frequency)
            row += gaps
        row.append(one)
    return row
