"""Labels: their spellings, what they mean in the codebook, and whether those of a row agree."""

from __future__ import annotations

import re

from pipeline.errors import LabelConflictError, LabelError
from pipeline.read.tables import NO_TEXT
from pipeline.stance import LABELS, QUADS, STANCES, quad_of, stance_of, stance_of_quad

KINDS = ("event", "quad", "stance")
_STANCES = {
    "escalation": "escalate escalated escalates escalating escalatory escalative rising rise conflict",
    "de-escalation": "de-escalate de-escalated de-escalates de-escalating de-escalatory de-escalative easing ease "
    "cooperation",
    "neutral": "neither none no-stance neutrality",
}
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")  # hyphens, dashes and the minus sign
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")  # soft hyphen, zero-width characters, direction marks
_SPELLINGS = {spelling: stance for stance, spellings in _STANCES.items() for spelling in spellings.split()}


def plain_label(label: str, kind: str) -> str:
    """A label in the codebook's spelling; an unknown one in the lower or upper case of its kind.

    The spellings of a missing value (`NO_TEXT`), such as "None", are no label and become the empty string.

    ``kind``: ``event``, ``quad`` or ``stance``.

    Examples
    --------
    >>> plain_label(" De-Escalatory", "stance"), plain_label("deescalation", "stance"), plain_label("aid", "event")
    ('de-escalation', 'de-escalation', 'AID')
    """
    label = _tidy(label)
    if label in NO_TEXT:
        return ""
    if kind == "event":
        return label.upper()
    plain = re.sub(r"[\s_-]+", "-", label.lower())
    if kind == "quad":
        return plain.replace("-", " ")
    plain = re.sub(r"^de-?(?=escal)", "de-", plain)
    return _SPELLINGS.get(plain, plain)


def kind_of(label: str) -> tuple[str, str] | None:
    """The kind of a label (``stance``, ``quad`` or ``event``) and its spelling in the codebook; None if it is unknown.

    "Neutral" is a stance in lower case and an event type in upper case; both mean the same stance.

    Examples
    --------
    >>> kind_of("Escalatory"), kind_of("NEUTRAL"), kind_of("Verbal_Conflict"), kind_of("1")
    (('stance', 'escalation'), ('event', 'NEUTRAL'), ('quad', 'verbal conflict'), None)
    """
    if (tidy := _tidy(label)) in LABELS:
        return "event", tidy
    for kind, known in (("stance", STANCES), ("quad", QUADS), ("event", LABELS)):
        if (plain := plain_label(label, kind)) in known:
            return kind, plain
    return None


def _tidy(label: str) -> str:
    """The label without invisible characters, surrounding spaces and a full stop at the end, its dashes as hyphens."""
    return _DASHES.sub("-", _UNSEEN.sub("", label)).strip().removesuffix(".").rstrip()


def check_labels(event: str, quad: str, stance: str) -> tuple[str, str, str]:
    """Event type, quad class and stance of a row, coarser ones derived from finer ones; empty where unknown.

    Raises `LabelError` if a label is unknown or there is none; a `LabelConflictError` if they contradict each other.
    """
    known = (("event type", event, LABELS), ("quad class", quad, (*QUADS, "neutral")), ("stance", stance, STANCES))
    for name, label, labels in known:
        if label and label not in labels:
            do = (
                f"; {label.upper()} is an event type: name its column with --event-column"
                if label.upper() in LABELS
                else ""
            )
            raise LabelError(f"unknown {name} {label!r}; expected one of {', '.join(labels)}{do}")
    if not (event or quad or stance):
        raise LabelError("no label; expected an event type, a quad class or a stance")
    implied = quad_of(event) if event else quad
    if quad and implied != quad:
        raise LabelConflictError(f"{event} means {implied}, but the row says {quad}")
    meant = stance_of(event) if event else stance_of_quad(quad) if quad else stance
    if stance and meant != stance:
        raise LabelConflictError(f"{event or quad} means {meant}, but the row says {stance}")
    return event, implied, meant
