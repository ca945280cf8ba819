import numpy as np
import pytest
from sklearn import metrics as theirs

from pipeline.corpus.labelled import Corpus
from pipeline.errors import InputError
from pipeline.evaluate.evaluation import evaluate
from pipeline.evaluate.intervals import measure, point
from pipeline.evaluate.metrics import Judged, auroc
from pipeline.stance import EVENTS, QUADS, STANCES, quad_of, stance_of

SIDES = np.array([STANCES.index(stance_of(event)) for event in EVENTS])
QUAD = np.array([QUADS.index(quad_of(event)) if event != "NEUTRAL" else -1 for event in EVENTS])


def made_up(n, seed=0):
    rng = np.random.default_rng(seed)
    event = rng.integers(0, len(EVENTS), n)
    proba = rng.dirichlet([1, 1, 1], n)
    proba[np.arange(n), SIDES[event]] += 0.4
    guess = np.where(rng.random(n) < 0.6, event, rng.integers(0, len(EVENTS), n))
    return Judged(SIDES[event], proba / proba.sum(axis=1, keepdims=True), event, QUAD[event], guess)


def without_events(rows):
    return Judged(rows.stance, rows.proba, *2 * [np.full(len(rows), -1)], rows.event_guess)


def test_metrics_agree_with_scikit_learns():
    rows = made_up(3000)
    ours = point(rows)
    guess, sided = rows.proba.argmax(axis=1), rows.stance < 2
    two = rows.proba[sided]
    share = two[:, 0] / two[:, :2].sum(axis=1)
    precision, recall, f1, _ = theirs.precision_recall_fscore_support(rows.stance, guess)
    expected = {
        "three_way.macro_f1": theirs.f1_score(rows.stance, guess, average="macro"),
        "three_way.accuracy": theirs.accuracy_score(rows.stance, guess),
        "three_way.mcc": theirs.matthews_corrcoef(rows.stance, guess),
        "three_way.escalation.precision": precision[0],
        "three_way.de-escalation.recall": recall[1],
        "three_way.neutral.f1": f1[2],
        "two_way.macro_f1": theirs.f1_score(rows.stance[sided] == 0, share > 0.5, average="macro"),
        "two_way.auroc": theirs.roc_auc_score(rows.stance[sided] == 0, share),
        "events.macro_f1": theirs.f1_score(rows.event, rows.event_guess, average="macro"),
        "log_loss": theirs.log_loss(rows.stance, rows.proba),
        "brier": ((rows.proba - np.eye(3)[rows.stance]) ** 2).sum(axis=1).mean(),
    }
    assert {name: ours[name] for name in expected} == pytest.approx(expected, abs=1e-12)


def test_calibration_error_of_four_rows_by_hand():
    proba = np.array([[0.95, 0.05, 0], [0.95, 0.05, 0], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    rows = Judged(np.array([0, 1, 0, 0]), proba, np.full(4, -1), np.full(4, -1), np.zeros(4, int))
    # bins: 0.95 twice, right once; 0.5 twice, right twice: (|1 - 1.9| + |2 - 1|) / 4
    assert point(rows)["ece"] == pytest.approx(1.9 / 4)


def test_ties_count_half_in_auroc():
    assert auroc(np.array([0.5, 0.5, 0.9]), np.array([True, False, True]), np.ones((1, 3)))[0] == 0.75


def test_a_metric_of_classes_that_are_absent_is_left_out():
    rows = made_up(200)
    some = without_events(rows.take(np.flatnonzero(rows.stance < 2)))
    assert not any(name.startswith(("events", "quads")) for name in point(some))
    assert "three_way.neutral.f1" not in point(some)


def test_intervals_hold_the_value_and_repeat_with_the_seed():
    rows = made_up(400)
    one, two = (measure(rows, np.arange(400), 300, seed=4) for _ in range(2))
    assert one == two
    assert all(f.low <= f.value <= f.high for n, f in one.items() if n != "ece")


def test_rows_of_one_group_are_drawn_together():
    rows = made_up(400)
    doubled = rows.take(np.repeat(np.arange(400), 2))
    alone = measure(rows, np.arange(400), 500)["three_way.accuracy"]
    together = measure(doubled, np.repeat(np.arange(400), 2), 500)["three_way.accuracy"]
    apart = measure(doubled, np.arange(800), 500)["three_way.accuracy"]
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.15)
    assert apart.high - apart.low < 0.85 * (alone.high - alone.low)


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say():
    truth = point(made_up(200_000, seed=99))["three_way.macro_f1"]
    covered = 0
    for seed in range(500):
        figure = measure(without_events(made_up(400, seed)), np.arange(400), 200)["three_way.macro_f1"]
        covered += figure.low <= truth <= figure.high
    assert 465 <= covered <= 485  # 500 samples tell 95 % from 92 and from 98 %


def test_an_evaluation_warns_of_absent_stances_and_of_too_few_rows(model, corpus):
    some = corpus.take(np.flatnonzero(corpus.stances != "neutral")[::9])
    done = evaluate(model, some)
    assert done.warnings[0] == "no snippet is labelled neutral; figures for it are left out"
    assert done.figures["two_way.macro_f1"].value > 0.8  # it has seen these rows
    with pytest.raises(InputError, match="at least 10 labelled snippets that the model has not seen"):
        evaluate(model, some.take(np.arange(5)))


def test_foreign_text_is_warned_of(model):
    texts = np.array([f"Người dân ở vùng {k} đang chờ đợi tin tức mới" for k in range(20)], object)
    stances = np.array(["neutral"] * 20, object)
    done = evaluate(model, Corpus(texts, np.full(20, "", object), stances, stances))
    assert any("are they English?" in warning for warning in done.warnings)
    assert done.unclear == 1
