"""Syndicated copies: one text that many outlets print counts once."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from pipeline.arrays.arrow import as_strings
from pipeline.corpus.near import near_pairs

WITHIN = 3 * 86_400  # seconds between a text and its copies
MANY = 300_000  # texts beyond which only copies to the letter are found


def first_copies(texts, seconds: np.ndarray) -> np.ndarray:
    """For each text the earliest one that it copies, itself where there is none.

    Near-copies (Jaccard index of character 5-grams of 0.7 or more) within three days count as copies; so do copies of
    copies.

    Parameters
    ----------
    texts : (n,) strings.
    seconds : (n,) dates, seconds since 1970.

    Returns
    -------
    (n,) int64.

    Examples
    --------
    >>> first_copies(["Rebels shelled the town.", "It rained.", "Rebels shelled the town"], np.array([0.0, 0, 60])).tolist()
    [0, 1, 0]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(seconds)
    pairs = near_pairs(texts) if n <= MANY else _same(texts)
    pairs = pairs[np.abs(seconds[pairs[:, 0]] - seconds[pairs[:, 1]]) <= WITHIN]
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    group = connected_components(graph, directed=False)[1]
    order = np.lexsort((seconds, group))
    first = np.empty(group.max(initial=-1) + 1, np.int64)
    first[group[order[::-1]]] = order[::-1]  # the earliest is the last to be written
    return first[group]


def _same(texts) -> np.ndarray:
    """(n_pairs, 2): each text beside the one before it that is the same but for case and spaces."""
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(as_strings(texts)))
    code = np.array(plain.dictionary_encode().indices.to_pylist(), np.int64)
    order = np.argsort(code, kind="stable")
    same = np.flatnonzero(code[order][1:] == code[order][:-1])
    return np.sort(np.column_stack([order[same], order[same + 1]]), axis=1)
