"""Snippet scores: stances, event types and the reasons for abstaining."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays.arrow import as_strings
from pipeline.model.calibration import (
    PLOVER_STANCE_OF_LABEL,
    STANCE_OF_LABEL,
    event_proba,
    label_proba,
    stance_proba,
)
from pipeline.model.settings import Abstention
from pipeline.model.store import Model
from pipeline.read.cleaning import clean
from pipeline.read.documents import BATCH_ROWS
from pipeline.read.furniture import furniture
from pipeline.stance import ANSWERS, EVENTS, LABELS, OTHER, STANCES, UNCLEAR, event_of
from pipeline.text.analysis import Sequence
from pipeline.text.vocabulary import Knowledge

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

# Reasons for an answer of `unclear`
REASONS = ("", "not sure enough", "too few known words", "too short", "not English", "no text")
_SURE, _UNSURE, _UNKNOWN, _SHORT, _FOREIGN, _BLANK = range(len(REASONS))
N_EVENTS = 3  # four human coders agree on one event type in 64 of 100 sentences
_LEAST_TELLING = 2  # words or names, one of them a word: "ok then" reports nothing, "Truce in Tigray" does
_LEAST_RELEVANT = 0.9  # relevance of a text with no more words than that and a side: "agree completely" has .7
_LEAST_SMALL = 0.1  # share of known function words and fillers below which a text is not English
_EVENT_OF_LABEL = np.array([EVENTS.index(event_of(label)) for label in LABELS])
_EVENT_NAMES = (*EVENTS, "")
_UNCLEAR = ANSWERS.index(UNCLEAR)
_NEUTRAL = STANCES.index("neutral")


def _named(code: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return np.array(names, object)[code]


@dataclass(frozen=True)
class Scores:
    """The scores of n snippets.

    Attributes
    ----------
    stance_code : (n,) int8, index into `ANSWERS`: a stance or `unclear`.
    reason_code : (n,) int8, index into `REASONS`: why the answer is `unclear`, 0 if it is not.
    label_proba : (n, n_labels) float64, calibrated probabilities in the order of `LABELS`; rows sum to 1.
    event_code : (n,) int8, index into `EVENTS`: the likeliest event type of the stance, or of all if unclear; -1 if
        the model knows only stances.
    coverage : (n,) float64 in [0, 1], share of the words that the model knows.
    """

    stance_code: np.ndarray
    reason_code: np.ndarray
    label_proba: np.ndarray
    event_code: np.ndarray
    coverage: np.ndarray

    def __len__(self) -> int:
        return len(self.stance_code)

    def take(self, rows: slice | np.ndarray) -> Scores:
        """The scores of some rows: a slice, indices or a mask."""
        return Scores(*(getattr(self, name)[rows] for name in Scores.__dataclass_fields__))

    @property
    def stance(self) -> np.ndarray:
        """(n,) object, a stance or `unclear`."""
        return _named(self.stance_code, ANSWERS)

    @property
    def reason(self) -> np.ndarray:
        """(n,) object, why the answer is `unclear`; empty if it is not."""
        return _named(self.reason_code, REASONS)

    @property
    def event(self) -> np.ndarray:
        """(n,) object, the event types; empty if the model knows none."""
        return _named(self.event_code, _EVENT_NAMES)

    @property
    def proba(self) -> np.ndarray:
        """(n, 3) probabilities in the order of `STANCES`; an appeal is neutral."""
        return stance_proba(self.label_proba)

    @property
    def plover_proba(self) -> np.ndarray:
        """(n, 3) like `proba`, but with appeals counted as in PLOVER: as requests, and therefore as escalation."""
        return stance_proba(self.label_proba, PLOVER_STANCE_OF_LABEL)

    @property
    def event_proba(self) -> np.ndarray:
        """(n, n_events) probabilities in the order of `EVENTS`; rows sum to 1."""
        return event_proba(self.label_proba)

    def columns(self, named: Callable[[np.ndarray, tuple[str, ...]], Any] = _named) -> dict[str, Any]:
        """All output columns of n rows by name, in order: numbers as (n,) float64, names as made by ``named``.

        Parameters
        ----------
        named : makes a column of (n,) indices into a tuple of names, whose last is meant by -1; object arrays by default.
        """
        up, down, neutral = self.proba.T
        return {
            "stance": named(self.stance_code, ANSWERS),
            "event": named(self.event_code, _EVENT_NAMES),
            "tension": up - down,
            "relevance": self.relevance,
            "p_escalation": up,
            "p_de_escalation": down,
            "p_neutral": neutral,
            "coverage": self.coverage,
            "reason": named(self.reason_code, REASONS),
            **self._top_events(named),
        }

    def _top_events(self, named: Callable[[np.ndarray, tuple[str, ...]], Any]) -> dict[str, Any]:
        """The probability of each row's event type, and the next most probable types with theirs; 0 without a type."""
        proba, rows = self.event_proba, np.arange(len(self))
        columns: dict[str, Any] = {}
        code = self.event_code
        for rank in range(1, N_EVENTS + 1):
            if rank > 1:
                code = np.where(self.event_code < 0, -1, proba.argmax(axis=1)).astype(np.int8)
                columns[f"event_{rank}"] = named(code, _EVENT_NAMES)
            columns[f"p_event_{rank}" if rank > 1 else "p_event"] = np.where(code < 0, 0.0, proba[rows, code])
            proba[rows, code] = 0.0
        return columns

    @property
    def relevance(self) -> np.ndarray:
        """(n,) P(the snippet reports an act or stance of or towards a political actor), in [0, 1]."""
        return 1.0 - self.label_proba[:, LABELS.index(OTHER)]

    @property
    def tension(self) -> np.ndarray:
        """(n,) P(escalation) - P(de-escalation), in [-1, 1]."""
        proba = self.proba
        return proba[:, 0] - proba[:, 1]


def score(model: Model, texts: Texts, threads: int = 1) -> Scores:
    """Clean snippets (`pipeline.read.cleaning`) and score them.

    Parameters
    ----------
    texts : a list, Series or Arrow array of n strings.
    threads : number of threads; the scores are bit-identical for any number.
    """
    column = as_strings(texts)
    if len(column) <= BATCH_ROWS:
        return _score(model, column)
    n_parts = threads * -(-len(column) // (threads * BATCH_ROWS))  # the same number for each thread
    cuts = [len(column) * k // n_parts for k in range(n_parts + 1)]
    parts = [column.slice(start, end - start) for start, end in pairwise(cuts)]
    with ThreadPoolExecutor(threads) as pool:
        scored = list(pool.map(partial(_score, model), parts))
    return Scores(*(np.concatenate([getattr(part, name) for part in scored]) for name in Scores.__dataclass_fields__))


def _score(model: Model, texts: Texts) -> Scores:
    sequence = model.weights.vocabulary.read(clean(texts))
    return scores_of(model, sequence, model.weights.logits(sequence), texts)


def scores_of(model: Model, sequence: Sequence, logits: np.ndarray, texts: Texts | None = None) -> Scores:
    """Scores of analysed snippets, from their (n, n_labels) log-odds.

    With ``texts``, page furniture (`pipeline.read.furniture`) is neutral and irrelevant.
    """
    knowledge = model.weights.vocabulary.knowledge(sequence)
    found = from_proba(label_proba(logits), knowledge, model.threshold, model.settings.abstention, model.knows_events)
    found.reason_code[np.diff(sequence.bounds) == 0] = _BLANK
    if texts is not None:
        rows = furniture(texts)
        found.label_proba[rows] = np.array(LABELS) == OTHER
        found.stance_code[rows], found.reason_code[rows] = _NEUTRAL, _SURE
        if model.knows_events:
            found.event_code[rows] = EVENTS.index(event_of(OTHER))
    return found


def from_proba(
    proba: np.ndarray, knowledge: Knowledge, threshold: float, abstention: Abstention, knows_events: bool = True
) -> Scores:
    """Stances and event types from (n, n_labels) probabilities of labels.

    A snippet is `unclear` if its likeliest stance has a probability below ``threshold``, if it has too few informative
    words (two, or three if it takes a side and may not be political), or if the share of its words that the model
    knows is below ``abstention.coverage_floor``.
    """
    stances = stance_proba(proba)
    likeliest = stances.argmax(axis=1)
    doubtful = (likeliest < 2) & (1.0 - proba[:, LABELS.index(OTHER)] < _LEAST_RELEVANT)
    reason = _reasons(stances.max(axis=1) >= threshold, knowledge, abstention, doubtful)
    unclear = reason != _SURE
    stance = np.where(unclear, _UNCLEAR, likeliest).astype(np.int8)
    if knows_events:
        fits = (likeliest[:, None] == STANCE_OF_LABEL) | unclear[:, None]
        event = _EVENT_OF_LABEL[np.where(fits, proba, -1.0).argmax(axis=1)].astype(np.int8)
    else:
        event = np.full(len(proba), -1, np.int8)
    return Scores(stance, reason, proba, event, knowledge.coverage)


def _reasons(sure: np.ndarray, knowledge: Knowledge, abstention: Abstention, doubtful: np.ndarray) -> np.ndarray:
    """(n,) int8, index into `REASONS`; coverage takes precedence over length, and length over confidence.

    ``doubtful`` texts need one more word.
    """
    foreign = knowledge.small < _LEAST_SMALL
    # A text exactly at the floor passes if it has English function words.
    unknown = (knowledge.coverage < abstention.coverage_floor) | (
        foreign & (knowledge.coverage <= abstention.coverage_floor)
    )
    reason = np.where(sure, _SURE, _UNSURE)
    reason = np.where(knowledge.telling < _LEAST_TELLING + doubtful, _SHORT, reason)
    reason = np.where(unknown, np.where(foreign, _FOREIGN, _UNKNOWN), reason)
    return reason.astype(np.int8)
