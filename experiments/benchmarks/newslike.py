"""News-like text of any length from `data/`: word chains, each event type with its own.

A chain goes from word to word as some snippet of the event type does, so that words and pairs of words come as
often as in the corpus and yet hardly two texts are alike.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.corpus.labelled import SNIPPETS

ROOT = Path(__file__).parents[2]
LONGEST = 45


def chains() -> tuple[pa.Array, np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Words; for each place in the corpus the word there; the places after each word, grouped; where groups begin."""
    snippets = pd.concat([pd.read_csv(ROOT / "data" / name) for name in SNIPPETS])
    # The event type stands before each word, so that a chain never leaves it; "" begins and ends a text.
    rows = [
        [f"{event} {word}" for word in ("", *text.split(), "")] for event, text in zip(snippets.event, snippets.text)
    ]
    states = pa.array([state for row in rows for state in row]).dictionary_encode()
    state = states.indices.to_numpy()
    names = states.dictionary.to_pylist()
    follows = np.flatnonzero(~np.isin(np.arange(len(state)), np.cumsum([len(row) for row in rows]) - 1))
    order = follows[np.argsort(state[follows], kind="stable")]
    begin = np.searchsorted(state[order], np.arange(len(names) + 1))
    words = pa.array([name.partition(" ")[2] for name in names])
    return words, state, order + 1, begin, names


def make_texts(n: int, seed: int = 0) -> tuple[pa.Array, np.ndarray]:
    """n texts and their event types."""
    words, state, after, begin, names = chains()
    rng = np.random.default_rng(seed)
    starts = np.array([number for number, name in enumerate(names) if name.endswith(" ")])
    events = np.array([names[number].strip() for number in starts], object)
    chosen = rng.integers(0, len(starts), n)
    here, steps = starts[chosen], []
    for _ in range(LONGEST):
        place = begin[here] + (rng.random(n) * (begin[here + 1] - begin[here])).astype(np.int64)
        here = state[after[np.minimum(place, len(after) - 1)]]
        steps.append(here)
    taken = np.column_stack(steps)
    ended = np.isin(taken, starts)
    alive = np.cumsum(ended, axis=1) == 0
    offsets = np.append(0, np.cumsum(alive.sum(axis=1))).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), words.take(pa.array(taken[alive])))
    return pc.binary_join(lists, " "), events[chosen]
