"""Dated scores to series: tension and shares over periods, with bands, volumes and turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pipeline.timeline.dates import next_period
from pipeline.timeline.shares import corrected_shares, resampled_shares
from pipeline.timeline.turns import turns

THIN = 5  # relevant texts under which a period says little
RESAMPLES = 200
MANY = 1500  # texts of a period from which on the band is that of the normal approximation
_Z = 1.959964  # 95 %
_USUAL_SPREAD, _AS_IF = (
    0.5,
    4,
)  # standard deviation of tension that is assumed of texts too few to tell; that of a wire's day
_GAPS = 400  # empty periods that are written out between two texts; a longer silence ends the series' row of gaps


@dataclass(frozen=True)
class Records:
    """Scored, dated texts.

    Attributes
    ----------
    period : (n,) datetime64[s], the beginning of the period.
    series : (n,) object, the name of the series.
    proba : (n, 3) float32, stance probabilities.
    relevance : (n,) float32 in [0, 1].
    text : (n,) object, what is shown of it.
    outlet : (n,) object, who published it; empty where unknown.
    link : (n,) object, where it stands; empty where unknown.
    """

    period: np.ndarray
    series: np.ndarray
    proba: np.ndarray
    relevance: np.ndarray
    text: np.ndarray
    outlet: np.ndarray
    link: np.ndarray

    def take(self, rows) -> Records:
        """The given rows."""
        return Records(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Period:
    """One period of a series; NaN where it holds no relevant text.

    ``tension`` and the shares are of the relevant texts; ``outlets`` counts distinct sources; ``flag`` is ``rise``,
    ``fall`` or empty; ``examples`` are the texts that moved it most, each (text, tension, outlet, link).
    """

    series: str
    period: np.datetime64
    texts: int
    relevant: int
    outlets: int
    tension: tuple[float, float, float]
    escalation: tuple[float, float, float]
    de_escalation: tuple[float, float, float]
    error: float
    flag: str = ""
    examples: list[tuple[str, float, str, str]] = field(default_factory=list)

    @property
    def thin(self) -> bool:
        """Whether it holds fewer than five relevant texts."""
        return self.relevant < THIN


_NOTHING = (np.nan, np.nan, np.nan)


def timeline(
    records: Records,
    frequency: str,
    priors: np.ndarray,
    seed: int = 0,
    step: Callable[[int], None] = lambda done: None,
) -> list[Period]:
    """Every series, period by period, gaps included.

    Parameters
    ----------
    frequency : ``H``, ``D``, ``W`` or ``M``.
    priors : (3,) shares of the stances under which the probabilities were calibrated.
    step : called with the number of periods done.
    """
    rng, out = np.random.default_rng(seed), []
    for name in sorted(set(records.series.tolist())):
        mine = records.take(records.series == name)
        found = [_period(mine.take(mine.period == start), name, start, priors, rng) for start in np.unique(mine.period)]
        row = _with_gaps(found, frequency)
        columns = np.array([(one.tension[0], one.error, one.relevant) for one in row]).T
        flags = turns(*columns)
        out += [Period(**{**vars(one), "flag": flag}) for one, flag in zip(row, flags)]
        step(len(out))
    return out


def _period(records: Records, name: str, start: np.datetime64, priors: np.ndarray, rng) -> Period:
    relevant = records.take(records.relevance >= 0.5)
    outlets = len({outlet for printed in records.outlet.tolist() for outlet in printed.split(", ")} - {""})
    counts = (name, start, len(records.period), len(relevant.period), outlets)
    n = len(relevant.period)
    if not n:
        return Period(*counts, _NOTHING, _NOTHING, _NOTHING, np.nan)
    proba = relevant.proba.astype(float)
    tension = proba[:, 0] - proba[:, 1]
    # The spread of few texts is drawn towards a usual one, as if four more texts had it.
    spread = np.sqrt((_AS_IF * _USUAL_SPREAD**2 + n * tension.var()) / (n + _AS_IF))
    error = float(spread / np.sqrt(n))
    middle = float(tension.mean())
    band = (middle, max(-1.0, middle - _Z * error), min(1.0, middle + _Z * error))
    return Period(*counts, band, *_shares(proba, priors, rng), error, "", _examples(relevant, tension))


def _shares(proba: np.ndarray, priors: np.ndarray, rng) -> list[tuple[float, float, float]]:
    """Corrected shares of escalation and of de-escalation, each with its 95 % band."""
    if len(proba) < THIN:  # too few to correct: the sum of probabilities
        shares, spread = proba.mean(axis=0), _Z * 0.5 / np.sqrt(len(proba))
        low, high = shares - spread, shares + spread
    else:
        shares = corrected_shares(proba, priors)
        if len(proba) < MANY:
            low, high = np.quantile(resampled_shares(proba, priors, RESAMPLES, rng), (0.025, 0.975), axis=0)
        else:
            spread = _Z * proba.std(axis=0) / np.sqrt(len(proba))
            low, high = shares - spread, shares + spread
    low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
    return [(float(shares[side]), float(low[side]), float(high[side])) for side in range(2)]


def _examples(records: Records, tension: np.ndarray, n: int = 5) -> list[tuple[str, float, str, str]]:
    order = np.argsort(-np.abs(tension), kind="stable")[:n]
    return [(records.text[k], round(float(tension[k]), 3), records.outlet[k], records.link[k]) for k in order.tolist()]


def _with_gaps(found: list[Period], frequency: str) -> list[Period]:
    """Periods without any text between two that have some, so that no line is drawn through nothing."""
    row: list[Period] = []
    for one in found:
        if row:
            here, gaps = next_period(row[-1].period, frequency), []
            while here < one.period and len(gaps) < _GAPS:
                gaps.append(Period(one.series, here, 0, 0, 0, _NOTHING, _NOTHING, _NOTHING, np.nan))
                here = next_period(here, frequency)
            row += gaps
        row.append(one)
    return row
