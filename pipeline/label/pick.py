"""Active learning: select uncertain, diverse texts to label next, plus a random share.

Uncertain: of highest entropy (Shannon 1948; Settles 2009, "Active Learning Literature Survey", section 3.1). Diverse:
one from each cluster of TF-IDF vectors, clusters weighted by the uncertainty of their members (Zhdanov 2019, "Diverse
mini-batch Active Learning"). The random share is drawn from the whole pool, so accuracy measured on it is that of the
pool.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.corpus.labelled_rows import RANDOM, UNSURE
from pipeline.errors import InputError

RANDOM_SHARE = 0.2
_CANDIDATES = 6  # clusters are formed among this many times as many of the least certain texts as are picked,
_OF_POOL = 3  # but at most one in this many of the pool, if it has enough: the others are certain
_MOST_CLUSTERED = 20_000


@dataclass(frozen=True)
class Picked:
    """Rows of a pool to label next, in this order: (n,) int64, distinct; and (n,) object, why: `RANDOM` or `UNSURE`."""

    rows: np.ndarray
    why: np.ndarray


def certainty(proba: np.ndarray) -> np.ndarray:
    """(n,) float64 in [0, 1]: 1 if one class has all the probability, 0 if all classes are equally probable.

    One minus the normalised entropy of each row. With two classes it ranks like their margin.

    Examples
    --------
    >>> certainty(np.array([[0.5, 0.5], [1.0, 0.0], [0.9, 0.1]])).round(3).tolist()
    [0.0, 1.0, 0.531]
    """
    n = proba.shape[1]
    if n < 2:
        return np.ones(len(proba))
    entropy = -(proba * np.log(np.maximum(proba, np.finfo(float).tiny))).sum(axis=1)
    return np.clip(1.0 - entropy / np.log(n), 0.0, 1.0)


def pick(texts: np.ndarray, proba: np.ndarray, n: int, seed: int = 0, random_share: float = RANDOM_SHARE) -> Picked:
    """Pick rows of a pool.

    Raises `InputError` if the pool has fewer than ``n`` rows.

    Parameters
    ----------
    texts : (n_pool,) strings without near-duplicates.
    proba : (n_pool, n_classes) float64, the probabilities given by a model.
    n : number of texts to pick.
    random_share : share of these drawn at random from the whole pool; at least one text, unless it is 0.
    """
    if not 0 < n <= len(texts):
        raise InputError(f"expected a pool of at least {max(n, 1):,} texts, got {len(texts):,}; ask for fewer with --n")
    rng = np.random.default_rng(seed)
    n_random = max(1, round(random_share * n)) if random_share > 0 else 0
    by_chance = rng.choice(len(texts), n_random, replace=False)
    rest = np.setdiff1d(np.arange(len(texts)), by_chance)
    sure = certainty(proba)
    n_unsure = n - len(by_chance)
    n_candidates = max(n_unsure, min(_CANDIDATES * n_unsure, len(rest) // _OF_POOL, _MOST_CLUSTERED))
    candidates = rest[np.argsort(sure[rest], kind="stable")][:n_candidates]
    unsure = candidates[_spread(texts[candidates], sure[candidates], n_unsure, seed)]
    rows = np.concatenate([by_chance, unsure])
    why = np.array([RANDOM] * len(by_chance) + [UNSURE] * len(unsure), object)
    order = rng.permutation(n)  # mixed, so annotators who stop early have labelled some of both
    return Picked(rows[order], why[order])


def _spread(texts: np.ndarray, sure: np.ndarray, n: int, seed: int) -> np.ndarray:
    """(n,) indices of the least certain text of each of n clusters."""
    if n in (0, len(texts)):
        return np.arange(n)
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        vectors = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(texts)
    except ValueError:  # they contain no words
        return np.arange(n)
    weight = 1.0 - sure + 1e-3
    batch = max(1024, 3 * n)
    clusters = MiniBatchKMeans(n, random_state=seed, n_init=1, batch_size=batch, max_iter=20)
    cluster = clusters.fit_predict(vectors, sample_weight=weight)
    order = np.argsort(sure, kind="stable")
    first = np.unique(cluster[order], return_index=True)[1]
    chosen = order[np.sort(first)]
    others = order[~np.isin(order, chosen)]  # if clusters are empty, the least certain of the others
    return np.concatenate([chosen, others])[:n]
