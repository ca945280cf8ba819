import pytest

from pipeline.errors import LabelError
from pipeline.stance import EVENTS, QUADS, STANCES, quad_of, stance_of


def test_nine_event_types_rise_six_ease_and_one_is_neither():
    stances = [stance_of(event) for event in EVENTS]
    assert [stances.count(stance) for stance in STANCES] == [9, 6, 1]


def test_every_quad_class_holds_an_event_type():
    assert {quad_of(event) for event in EVENTS} == {*QUADS, "neutral"}


def test_an_unknown_event_type_is_named_in_the_error():
    with pytest.raises(LabelError, match="unknown event type 'FIGHT': expected one of ACCUSE"):
        stance_of("FIGHT")
