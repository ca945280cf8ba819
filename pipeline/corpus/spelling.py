"""Labels as people write them, read as the codebook writes them."""

from __future__ import annotations

import re

from pipeline.stance import LABELS, QUADS, STANCES

_STANCES = {
    "escalation": "escalate escalated escalates escalating escalatory escalative rising rise",
    "de-escalation": "de-escalate de-escalated de-escalates de-escalating de-escalatory de-escalative easing ease",
    "neutral": "neither none no-stance neutrality",
}
_SPELLINGS = {spelling: stance for stance, spellings in _STANCES.items() for spelling in spellings.split()}


def plain_label(label: str, kind: str) -> str:
    """A label as the codebook writes it; one that it does not know in its own small or large letters.

    Parameters
    ----------
    kind : ``event``, ``quad`` or ``stance``.

    Examples
    --------
    >>> plain_label(" De-Escalatory", "stance"), plain_label("deescalation", "stance"), plain_label("aid", "event")
    ('de-escalation', 'de-escalation', 'AID')
    """
    label = label.strip()
    if kind == "event":
        return label.upper()
    plain = re.sub(r"[\s_-]+", "-", label.lower().replace("\u2010", "-").replace("\u2011", "-").replace("\u2013", "-"))
    if kind == "quad":
        return plain.replace("-", " ")
    plain = re.sub(r"^de-?(?=escal)", "de-", plain)
    return _SPELLINGS.get(plain, plain)


def kind_of(label: str) -> tuple[str, str] | None:
    """What a label is, ``stance``, ``quad`` or ``event``, and how the codebook writes it; None where it is none.

    "Neutral" is a stance in small letters and an event type in large ones; both mean the same stance.

    Examples
    --------
    >>> kind_of("Escalatory"), kind_of("NEUTRAL"), kind_of("Verbal_Conflict"), kind_of("1")
    (('stance', 'escalation'), ('event', 'NEUTRAL'), ('quad', 'verbal conflict'), None)
    """
    if label.strip() in LABELS:
        return "event", label.strip()
    for kind, known in (("stance", STANCES), ("quad", QUADS), ("event", LABELS)):
        if (plain := plain_label(label, kind)) in known:
            return kind, plain
    return None
