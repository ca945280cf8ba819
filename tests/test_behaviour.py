"""Behavioural checks: the cases, the rules, and the shipped configuration against its floors."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.evaluate.behaviour import KINDS, PLAIN, check
from pipeline.evaluate.spoiled import spoiled
from pipeline.model.store import load
from pipeline.read.cleaning import clean_text
from pipeline.score.snippets import Scores
from pipeline.stance import ANSWERS, LABELS, STANCES, UNCLEAR
from tests.conftest import DATA

CHECKS = DATA / "checks"


def scores(*pairs):
    """Scores with the given (stance, tension)."""
    code = np.array([ANSWERS.index(stance) for stance, _ in pairs])
    proba = np.zeros((len(pairs), len(LABELS)))
    proba[:, LABELS.index("ASSAULT")] = [(1 + t) / 2 for _, t in pairs]
    proba[:, LABELS.index("AID")] = [(1 - t) / 2 for _, t in pairs]
    none = np.zeros(len(pairs), int)
    return Scores(code, none, proba, none, np.ones(len(pairs)))


def rule(name):
    return next(kind for kind in KINDS if kind.name == name).passes


def test_there_are_four_hundred_distinct_cases():
    kinds = [kind for kind in KINDS if not kind.files]
    cases = [tuple(row) for kind in kinds for row in pd.read_csv(CHECKS / f"{kind.name}.csv").itertuples(index=False)]
    assert len(set(cases)) == len(cases) >= 490


def test_actors_may_move_the_tension_by_less_than_a_fiftieth():
    rises, eases, _ = STANCES
    one, other = scores((rises, 0.9), (rises, 0.9), (rises, 0.01)), scores((rises, 0.885), (rises, 0.87), (eases, 0.0))
    assert rule("actors")(one, other).tolist() == [True, False, False]


def test_reversals_move_apart_the_right_way_round():
    rises, eases, _ = STANCES
    easing, rising = (
        scores((eases, -0.5), (eases, -0.5), (rises, 0.5)),
        scores((rises, 0.5), (eases, -0.45), (eases, -0.5)),
    )
    assert rule("reversals")(easing, rising).tolist() == [True, False, False]


def test_an_act_stated_twice_may_become_unclear_but_not_the_other_side():
    rises, eases, _ = STANCES
    once, twice = scores((rises, 1), (rises, 1), (rises, 1)), scores((rises, 1), (UNCLEAR, 0), (eases, -1))
    assert rule("repeats")(once, twice).tolist() == [True, True, False]


def test_every_edge_and_trouble_of_every_plain_text_is_a_case_of_its_own(model):
    texts = [text for name in PLAIN for text in pd.read_csv(CHECKS / f"{name}.csv").text]
    pairs = [(text, other) for text in texts for other in spoiled(text).values()]
    edges, turned = (outcome for outcome in check(model, CHECKS) if outcome.kind.files)
    assert edges.cases == turned.cases == len(set(pairs)) == len(pairs) > 10_000
    assert set(turned.failed) <= set(edges.failed) <= set(pairs)


def test_a_spoiled_text_is_cleaned_to_the_plain_one_but_for_quotation_marks():
    plain = "The chief's office, re-opened in April, was raided by officers."
    for name, text in spoiled(plain).items():
        assert clean_text(text).replace("\u2019", "'").strip("\u201c\u201d\u2018\u2026") == plain, name


def test_case_compares_with_every_variant():
    rises, eases, _ = STANCES
    passed = rule("case")(
        scores((rises, 1), (rises, 1)), scores((rises, 1), (rises, 1)), scores((rises, 1), (eases, 1))
    )
    assert passed.tolist() == [True, False]


@pytest.mark.slow
def test_the_shipped_configuration_reaches_every_floor(shipped):
    below = {o.kind.name: (o.rate, o.failed) for o in check(load(shipped), CHECKS) if not o.holds}
    assert below == {}


def test_a_file_of_checks_without_its_columns_is_named(model, tmp_path):
    for path in CHECKS.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "reversals.csv").write_text("a,b\nx,y\n")
    with pytest.raises(InputError, match=r"reversals.csv: expected columns easing, rising, found a, b"):
        check(model, tmp_path)
    (tmp_path / "reversals.csv").write_bytes((CHECKS / "reversals.csv").read_bytes())
    (tmp_path / "clauses.csv").write_text("text\nx\n")
    with pytest.raises(InputError, match=r"clauses.csv: expected columns text, stance, found text"):
        check(model, tmp_path)
