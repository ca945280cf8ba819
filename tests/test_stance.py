import pytest

from pipeline.errors import LabelError
from pipeline.stance import EVENTS, QUADS, STANCES, quad_of, stance_of, stance_of_quad


def test_nine_event_types_rise_six_ease_and_one_is_neither():
    stances = [stance_of(event) for event in EVENTS]
    assert [stances.count(stance) for stance in STANCES] == [9, 6, 1]


def test_every_quad_class_holds_an_event_type():
    assert {quad_of(event) for event in EVENTS} == {*QUADS, "neutral"}


def test_a_quad_class_has_the_stance_of_its_event_types():
    assert {(stance_of_quad(quad_of(event)), stance_of(event)) for event in EVENTS} == {(one, one) for one in STANCES}
    assert [quad_of(event) for event in ("ACCUSE", "ASSAULT", "AGREE", "YIELD")] == [
        "verbal conflict",
        "material conflict",
        "verbal cooperation",
        "material cooperation",
    ]
    with pytest.raises(LabelError, match=r"unknown quad class 'war'; expected one of .*, .*, neutral$"):
        stance_of_quad("war")


def test_an_unknown_event_type_is_named_in_the_error():
    with pytest.raises(LabelError, match="unknown event type 'FIGHT': expected one of ACCUSE"):
        stance_of("FIGHT")
