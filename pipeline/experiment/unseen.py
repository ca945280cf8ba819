"""Exclude evaluation rows that a model may have been trained on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.near import fingerprints
from pipeline.corpus.signatures import ESTIMATED_NEAR, nearest_signature, signatures
from pipeline.errors import InputError


def unseen(gold: dict[str, Corpus], learned: Iterable[Corpus]) -> dict[str, Corpus]:
    """The rows neither in nor near any variant's training data, the same for every variant.

    Raises
    ------
    InputError
        If nothing is left of a file.
    """
    out = dict(gold)
    for corpus in learned:
        seen = signatures(fingerprints(corpus.texts))
        for name, rows in out.items():
            out[name] = rows.take(np.flatnonzero(nearest_signature(seen, rows.texts) < ESTIMATED_NEAR))
            if not len(out[name]):
                raise InputError(f"{name}: every row is in or near to the training texts; leave it out of [measure]")
    return out
