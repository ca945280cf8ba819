"""95 % bootstrap intervals: near-duplicate groups are resampled, not rows (Field and Welsh 2007)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_array, hstack

from pipeline.evaluate.metrics import Judged, auroc, figures, present_classes, sums

LEAST_ROWS = 10  # fewer rows than this give meaningless intervals
RESAMPLES = 2000
_CELLS_AT_ONCE = 500_000  # resamples times rows processed together: more would not fit the cache


@dataclass(frozen=True)
class Figure:
    """A metric and its 95 % interval (percentile bootstrap)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def signed(self) -> str:
        """The same for a difference, such as ``+0.031 [+0.010, +0.050]``."""
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def share(hits: int, n: int) -> Figure:
    """A share of n rows with its 95 % interval (Wilson 1927)."""
    from scipy.stats import binomtest

    interval = binomtest(int(hits), int(n)).proportion_ci(method="wilson")
    return Figure(float(hits / n), float(interval.low), float(interval.high))


def measure(rows: Judged, groups: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Figure]:
    """Compute every metric with its interval.

    Parameters
    ----------
    rows : n labelled and scored rows.
    groups : (n,) labels of near-duplicate groups.
    resamples : number of bootstrap samples.
    seed : seed of the resampling.
    """
    values = point(rows)
    spread = resampled(rows, groups, resamples, seed)
    return {name: _figure(value, spread[name]) for name, value in values.items()}


def point(rows: Judged) -> dict[str, float]:
    """Every metric of the rows, without resampling."""
    totals = {block: cells.sum(axis=0, keepdims=True) for block, cells in sums(rows).items()}
    values = figures(totals, present_classes(rows))
    score, positive, _ = _sides(rows)
    if _two_sided(positive):
        values["two_way.auroc"] = auroc(score, positive, np.ones((1, len(score))))
    return {name: float(value[0]) for name, value in values.items()}


def resampled(rows: Judged, groups: np.ndarray, resamples: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Every metric of every resample, (resamples,) each."""
    # Nearly all cells of the sums are zero: a dense table would take 40 times the memory.
    blocks = {name: csr_array(block) for name, block in sums(rows).items()}
    present = present_classes(rows)
    _, group = np.unique(groups, return_inverse=True)
    n_groups = int(group.max()) + 1
    member = csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(n_groups, len(group)))
    by_group = (member @ hstack(list(blocks.values()))).T.tocsr()
    cuts = np.cumsum([0, *(block.shape[1] for block in blocks.values())])
    score, positive, sided = _sides(rows)

    def measured(times: np.ndarray) -> dict[str, np.ndarray]:
        total = (by_group @ times.T).T
        values = figures({name: total[:, a:b] for name, a, b in zip(blocks, cuts[:-1], cuts[1:])}, present)
        if _two_sided(positive):
            values["two_way.auroc"] = auroc(score, positive, times[:, group[sided]])
        return values

    together = max(1, _CELLS_AT_ONCE // max(len(rows), n_groups))
    drawn = _drawn(n_groups, resamples, seed, together)
    # For one batch threads cost more than they save: joblib polls for their completion.
    parts = Parallel(n_jobs=min(2, -(-resamples // together)), backend="threading")(delayed(measured)(d) for d in drawn)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def bootstrap(statistic: Callable[[np.ndarray], float], n: int, resamples: int = RESAMPLES, seed: int = 0) -> Figure:
    """Any statistic of row indices, (n,) int64, with its interval; resamples for which it is NaN are ignored."""
    rng = np.random.default_rng(seed)
    value = statistic(np.arange(n))
    spread = np.array([statistic(rng.integers(n, size=n)) for _ in range(resamples)])
    return Figure(value, value, value) if np.isnan(spread).all() else _figure(value, spread)


def _drawn(n_groups: int, resamples: int, seed: int, step: int) -> Iterator[np.ndarray]:
    """Batches of (b, n_groups) float64, of ``step`` resamples each: how often each group is drawn."""
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, step):
        b = min(step, resamples - start)
        drawn = rng.integers(n_groups, size=(b, n_groups)) + np.arange(b)[:, None] * n_groups
        yield np.bincount(drawn.ravel(), minlength=b * n_groups).reshape(b, n_groups).astype(float)


def _sides(rows: Judged) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, truth and indices of the rows that take a side."""
    sided = np.flatnonzero(rows.stance < 2)
    up, down = rows.proba[sided, 0], rows.proba[sided, 1]
    return up / np.maximum(up + down, 1e-300), rows.stance[sided] == 0, sided


def _two_sided(positive: np.ndarray) -> bool:
    return bool(positive.any() and not positive.all())


def _figure(value: float, spread: np.ndarray) -> Figure:
    low, high = np.nanpercentile(spread, [2.5, 97.5])
    return Figure(value, float(low), float(high))
