"""The label scheme: stances, event types, labels and quad classes, in canonical order.

The event types are those of PLOVER (Political Language Ontology for Verifiable Event
Records, https://github.com/openeventdata/PLOVER), with conflict as escalation
and cooperation as de-escalation.
"""

from __future__ import annotations

from pipeline.errors import LabelError

STANCES = ("escalation", "de-escalation", "neutral")
UNCLEAR = "unclear"  # the answer if the model abstains; never a label
ANSWERS = (*STANCES, UNCLEAR)
MIXED = "mixed"  # an article with both escalation and de-escalation; never a label

ESCALATION_EVENTS = ("ACCUSE", "REQUEST", "REJECT", "THREATEN", "PROTEST", "SANCTION", "MOBILIZE", "COERCE", "ASSAULT")
DE_ESCALATION_EVENTS = ("AGREE", "CONSULT", "SUPPORT", "COOPERATE", "AID", "YIELD")
EVENTS = (*ESCALATION_EVENTS, *DE_ESCALATION_EVENTS, "NEUTRAL")

# Two labels besides the event types. PLOVER files every request under verbal conflict; an appeal to stop, talk or show
# restraint is a REQUEST too, but does not raise tension. OTHER is text in which no political actor is source or target.
APPEAL = "APPEAL"
OTHER = "OTHER"
LABELS = (*EVENTS, APPEAL, OTHER)
_EVENT_OF_LABEL = {APPEAL: "REQUEST", OTHER: "NEUTRAL"}

QUADS = ("verbal cooperation", "material cooperation", "verbal conflict", "material conflict")
_VERBAL = frozenset({"ACCUSE", "REQUEST", "REJECT", "THREATEN", "AGREE", "CONSULT", "SUPPORT"})


def event_of(label: str) -> str:
    """The event type that a label stands for: REQUEST for APPEAL, NEUTRAL for OTHER, else the label itself.

    Examples
    --------
    >>> event_of("APPEAL"), event_of("OTHER"), event_of("AID")
    ('REQUEST', 'NEUTRAL', 'AID')
    """
    return _EVENT_OF_LABEL.get(label, label)


def stance_of(event: str) -> str:
    """The stance of an event type or label.

    Raises
    ------
    LabelError
        If the event type is unknown.

    Examples
    --------
    >>> stance_of("SANCTION"), stance_of("YIELD"), stance_of("NEUTRAL"), stance_of("APPEAL")
    ('escalation', 'de-escalation', 'neutral', 'neutral')
    """
    if event in ESCALATION_EVENTS:
        return "escalation"
    if event in DE_ESCALATION_EVENTS:
        return "de-escalation"
    if event in ("NEUTRAL", APPEAL, OTHER):
        return "neutral"
    raise LabelError(f"unknown event type {event!r}: expected one of {', '.join(LABELS)}")


def quad_of(event: str) -> str:
    """The PLOVER quad class of an event type or label, ``neutral`` for NEUTRAL and OTHER.

    An APPEAL is verbal conflict because PLOVER counts it as a REQUEST.

    Examples
    --------
    >>> quad_of("THREATEN"), quad_of("AID"), quad_of("NEUTRAL"), quad_of("APPEAL")
    ('verbal conflict', 'material cooperation', 'neutral', 'verbal conflict')
    """
    stance = stance_of(event_of(event))
    if stance == "neutral":
        return stance
    kind = "verbal" if event_of(event) in _VERBAL else "material"
    return f"{kind} {'conflict' if stance == 'escalation' else 'cooperation'}"


def stance_of_quad(quad: str) -> str:
    """The stance of a quad class, or of ``neutral``.

    Raises
    ------
    LabelError
        If the quad class is unknown.

    Examples
    --------
    >>> stance_of_quad("material conflict"), stance_of_quad("verbal cooperation"), stance_of_quad("neutral")
    ('escalation', 'de-escalation', 'neutral')
    """
    if quad == "neutral":
        return quad
    if quad not in QUADS:
        raise LabelError(f"unknown quad class {quad!r}; expected one of {', '.join(QUADS)}, neutral")
    return "escalation" if quad.endswith("conflict") else "de-escalation"
