import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.naive_bayes import ComplementNB

from pipeline.corpus.labelled import Corpus
from pipeline.errors import ConfigError, InputError, ModelError
from pipeline.experiment.train import train
from pipeline.model.abstention import threshold_for
from pipeline.model.calibration import (
    PLOVER_STANCE_OF_LABEL,
    POLITICAL_SHARE,
    UNFAMILIAR,
    Calibration,
    calibrate,
    frequencies,
    label_proba,
    softmax,
    stance_proba,
)
from pipeline.model.fit import event_logits, fit, spread
from pipeline.model.folder import FILES
from pipeline.model.settings import Settings, Training, read_settings
from pipeline.model.store import load, load_pipeline, save
from pipeline.model.vectorizer import MARKS
from pipeline.read.cleaning import clean
from pipeline.read.furniture import furniture
from pipeline.score.snippets import score
from pipeline.stance import EVENTS, LABELS, OTHER, STANCES, quad_of, stance_of
from tests.conftest import whole_corpus
from tests.test_tokens import AWKWARD


def test_the_arrays_say_what_the_scikit_learn_pipeline_says(run, model, corpus):
    columns = [LABELS.index(label) for label in run.pipeline[-1].classes_]
    texts = corpus.texts[~furniture(corpus.texts)]  # which the scorer alone takes for no news
    theirs = run.pipeline.predict_proba(texts)
    assert len(texts) > 0.99 * len(corpus)
    assert np.abs(score(model, texts).label_proba[:, columns] - theirs).max() < 1e-12


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_arrays_say_so_of_any_text(run, model, corpus, data):
    """Words and texts of the corpus over and over, among awkward characters: marks and repeats in every order."""
    words = st.sampled_from(" ".join(corpus.texts[:30]).split())
    text = st.lists(st.one_of(words, words, AWKWARD), max_size=60).map(" ".join)
    drawn = np.array(data.draw(st.lists(text, min_size=1, max_size=5)), object)
    texts = drawn[~(furniture(drawn) | furniture(clean(drawn)))].tolist()
    assume(texts)
    columns = [LABELS.index(label) for label in run.pipeline[-1].classes_]
    ours = score(model, texts).label_proba
    theirs = run.pipeline.predict_proba(clean(texts).to_pylist())
    assert np.abs(ours[:, columns] - theirs).max() < 1e-12
    assert np.array_equal(ours, np.vstack([score(model, [text]).label_proba for text in texts]))


def test_a_text_scores_the_same_alone_and_in_a_batch(model, corpus):
    texts = corpus.texts[:40]
    alone = np.vstack([score(model, [text]).event_proba for text in texts])
    assert np.array_equal(alone, score(model, texts).event_proba)


def test_held_out_probabilities_are_calibrated(run):
    assert run.figures["ece"].value < 0.06  # a small corpus; the whole one is held to less


@pytest.mark.parametrize("n_classes", [2, len(EVENTS)])
def test_complement_naive_bayes_is_added_to_the_log_odds(corpus, n_classes):
    rows = corpus.take(np.isin(corpus.events.astype(str), EVENTS[-n_classes:]))
    plain, added = (fit(rows, Settings(training=Training(complement=c, balance=0.0))) for c in (0.0, 1.5))
    matrix = plain[:-1].transform(rows.texts)[:, : -len(MARKS)]  # without the marks, which count for relevance alone
    pole = np.array([stance_of(event) for event in rows.events])
    weights = _equal_poles(pole)
    bayes = ComplementNB(alpha=0.1).fit(matrix, rows.events.astype(str), sample_weight=weights)
    columns = [EVENTS.index(label) for label in bayes.classes_]
    difference = np.subtract(*(event_logits(model, rows.texts)[:, columns] for model in (added, plain)))
    wanted = 1.5 * (matrix @ bayes.feature_log_prob_.T)
    assert difference - difference[:, :1] == pytest.approx(wanted - wanted[:, :1], abs=1e-3)  # a constant says nothing


def _equal_poles(pole: np.ndarray) -> np.ndarray:
    """Weights by which escalation and de-escalation count alike, as in fitting."""
    up, down = (pole == stance for stance in STANCES[:2])
    if not up.any() or not down.any():
        return np.ones(len(pole))
    middle = np.sqrt(up.sum() * down.sum())
    return np.where(up, middle / up.sum(), np.where(down, middle / down.sum(), 1.0))


TWO = Settings(training=Training(folds=2))


def test_rows_with_only_a_stance_teach_as_well(corpus):
    corpus = corpus.take(np.arange(0, len(corpus), 3))
    events = corpus.events.copy()
    events[::2] = ""
    made = train(Corpus(corpus.texts, events, corpus.stances, corpus.sources), TWO)
    assert set(made.pipeline[-1].classes_) >= set(EVENTS)
    assert made.figures["two_way.macro_f1"].value > 0.7


def test_a_row_with_only_a_quad_class_counts_for_the_event_types_of_that_class(run, corpus):
    unknown = np.full(len(corpus), "", object)
    rows, events, weights = spread(run.pipeline, replace(corpus, events=unknown))
    assert all(quad_of(event) == corpus.quads[row] for row, event in zip(rows, events))
    assert np.bincount(rows, weights, len(corpus)) == pytest.approx(1, abs=0.2)
    rows, events, _ = spread(run.pipeline, replace(corpus, events=unknown, quads=unknown))
    assert any(quad_of(event) != corpus.quads[row] for row, event in zip(rows, events))
    assert all(stance_of(event) == corpus.stances[row] for row, event in zip(rows, events))


def test_stances_alone_are_enough(corpus, tmp_path):
    two = corpus.take(np.flatnonzero(corpus.stances != "neutral")[::2])
    made = train(Corpus(two.texts, np.full(len(two), "", object), two.stances, two.sources), TWO)
    model = load(save(tmp_path / "two", made.weights, made.card()))
    proba = score(model, two.texts).proba
    assert np.allclose(proba.sum(axis=1), 1)
    assert (proba[:, 2] == 0).all()
    assert made.figures["two_way.macro_f1"].value > 0.6


def test_too_few_rows_and_one_stance_are_errors(corpus):
    with pytest.raises(InputError, match="at least 30 labelled snippets to train on, got 5"):
        train(corpus.take(np.arange(5)), Settings())
    with pytest.raises(InputError, match="at least two stances, got only escalation"):
        train(corpus.take(corpus.stances == "escalation"), Settings())


def test_calibration_multiplies_a_known_temperature_and_lets_the_poles_weigh_alike():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20000, len(EVENTS)))
    chosen = [rng.choice(len(EVENTS), p=row) for row in softmax(logits)]
    stances = np.array([stance_of(EVENTS[k]) for k in chosen], object)
    unknown = np.full(20000, "", object)
    appeal_and_relevance = np.tile([-np.inf, np.inf], (20000, 1))
    fitted = calibrate(np.hstack([3 * logits, appeal_and_relevance]), stances, unknown, unknown)
    assert fitted.temperature == pytest.approx(3 * UNFAMILIAR, rel=0.08)
    # Nine event types rise and six ease: the offsets take that lead of the rising side away.
    rising, easing, _ = stance_proba(label_proba(fitted.apply(np.hstack([3 * logits, appeal_and_relevance])))).T
    rises = stances == "escalation"
    assert rises.sum() > 1.3 * (stances == "de-escalation").sum()
    assert rising[rises].mean() == pytest.approx(easing[stances == "de-escalation"].mean(), abs=0.02)
    assert fitted.offsets[2] == 0


def test_relevance_is_calibrated_to_the_assumed_share_of_political_text():
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 2, 20000)
    political = rng.random(20000) < 1 / (1 + np.exp(-logit))
    labels = np.where(political, "AID", OTHER).astype(object)
    stances = np.where(political, "de-escalation", "neutral").astype(object)
    logits = np.column_stack([np.zeros((20000, len(LABELS) - 1)), 2 * logit + 1])
    fitted = calibrate(logits, stances, labels, np.full(20000, "", object))
    assert fitted.relevance_temperature == pytest.approx(2, rel=0.05)
    odds = POLITICAL_SHARE / (1 - POLITICAL_SHARE)  # in the texts above both kinds are as frequent
    assert fitted.relevance_offset == pytest.approx(-0.5 + np.log(odds), abs=0.1)


def test_event_types_become_as_frequent_as_in_a_users_own_labels():
    rng = np.random.default_rng(0)
    truth = np.linspace(-1, 1, len(EVENTS))
    logits = rng.normal(0, 1, (100_000, len(EVENTS)))
    chosen = (logits + truth + rng.gumbel(size=logits.shape)).argmax(axis=1)  # drawn by the probabilities
    events = np.array(EVENTS, object)[chosen]
    logits = np.hstack([logits, np.tile([-np.inf, np.inf], (100_000, 1))])
    offsets = frequencies(logits, events)
    for stance in STANCES:  # within a stance only differences count
        here = [k for k, event in enumerate(EVENTS) if stance_of(event) == stance]
        assert offsets[here] - offsets[here].mean() == pytest.approx(truth[here] - truth[here].mean(), abs=0.06)
    few = frequencies(logits[:20], events[:20])
    assert np.abs(few).max() < np.abs(offsets).max()


def test_without_labels_of_a_user_event_types_stay_as_they_are():
    assert not frequencies(np.zeros((3, len(LABELS))), np.array(["", "", ""], object)).any()
    shipped = whole_corpus()
    assert not shipped.own.any()
    assert set(shipped.own_events) == {""}
    alone = replace(shipped, sources=np.full(len(shipped), "mine.csv", object))
    assert alone.own.all()
    assert set(alone.own_events) == {""}  # the fit has seen how frequent they are
    both = replace(shipped, sources=np.where(np.arange(len(shipped)) < 9, "mine.csv", shipped.sources))
    assert set(both.own_events[:9]) == set(shipped.events[:9])
    assert set(both.own_events[9:]) == {""}


def test_stance_probabilities_are_sums_over_labels():
    proba = np.eye(len(LABELS))[[0, 9, 15, 16, 17]]
    assert stance_proba(proba).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]
    assert stance_proba(proba, PLOVER_STANCE_OF_LABEL)[3].tolist() == [1, 0, 0]  # PLOVER: an appeal is a request
    assert Calibration(2.0, (1.0, 0.0, 0.0)).apply(np.zeros((1, 18)))[0].tolist() == [1.0] * 9 + [0.0] * 9


def test_an_event_is_as_likely_as_politics_times_the_event_given_politics():
    logits = np.full((2, len(LABELS)), -np.inf)
    logits[:, :2] = np.log([[3, 1], [1, 1]])
    logits[:, -1] = np.log(4), np.inf
    proba = label_proba(logits)
    assert proba[0, [0, 1, -1]] == pytest.approx([0.6, 0.2, 0.2])
    assert proba[1, [0, 1, -1]] == pytest.approx([0.5, 0.5, 0.0])


def test_the_threshold_holds_what_it_promises_in_a_sample_of_its_size():
    # Seventy right answers down to .821, then one wrong in ten. The bound of 70 right ones of 70 is .05 ** (1 / 70) = .958.
    top = np.linspace(0.99, 0.6, 160)
    proba = np.column_stack([top, 1 - top, np.zeros(160)])
    truth = np.array(["escalation"] * 70 + (["de-escalation"] + ["escalation"] * 9) * 9, object)
    assert threshold_for(proba, truth, 0.95) == 0.82
    assert threshold_for(proba[:57], truth[:57], 0.95) == top[0]  # too few to promise it
    assert threshold_for(proba, truth, 0.5) == 0.34


def test_no_threshold_is_chosen_below_one_that_fails():
    # Half of the first 100 answers are wrong, and the next 10,000 right: all together are good enough.
    top = np.repeat([0.9, 0.8], [100, 10_000])
    proba = np.column_stack([top, 1 - top, np.zeros(len(top))])
    truth = np.array(["escalation", "de-escalation"] * 50 + ["escalation"] * 10_000, object)
    assert threshold_for(proba, truth, 0.9) == 0.9  # the largest that was seen
    assert threshold_for(proba[100:], truth[100:], 0.9) == 0.34


@pytest.mark.parametrize("share_right", [0.88, 0.9])
def test_the_promise_is_broken_in_one_sample_of_twenty_at_most(share_right):
    # Every threshold has the same precision, just too low or on the border: none may pass.
    rng = np.random.default_rng(0)
    top = rng.uniform(0.34, 1.0, 1000)
    proba = np.column_stack([top, 1 - top, np.zeros(1000)])
    proba[:, 2] = np.maximum(0, 1 - proba[:, :2].sum(axis=1))
    broken = 0
    for _ in range(200):
        sides = np.where(rng.random(1000) < share_right, proba.argmax(axis=1), 1 - proba.argmax(axis=1))
        truth = np.array(["escalation", "de-escalation"], object)[sides]
        broken += threshold_for(proba, truth, 0.9 + 1e-9) < proba.max()
    assert broken <= 20  # of 200: 5 % are allowed, and chance


def test_answers_that_take_no_side_do_not_count_for_the_threshold():
    sides = np.tile([0.7, 0.3, 0.0], (10, 1))
    neutral = np.tile([0.0, 0.1, 0.9], (1000, 1))
    truth = np.array(["de-escalation"] * 10 + ["neutral"] * 1000, object)
    assert threshold_for(np.vstack([sides, neutral]), truth, 0.9) == 0.7  # none reaches it: the largest that was seen


def test_a_model_is_replaced_whole_and_leaves_nothing_beside_it(run, tmp_path):
    for _ in range(2):
        run.save(tmp_path / "m")
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
    files = set(vars(FILES).values()) - {FILES.run}  # written once the run is logged
    assert {p.name for p in (tmp_path / "m").iterdir()} == files


def test_a_failed_save_leaves_the_old_model(run, tmp_path):
    save(tmp_path / "m", run.weights, run.card())
    before = (tmp_path / "m" / FILES.card).read_bytes()
    with pytest.raises(TypeError):
        save(tmp_path / "m", run.weights, {"settings": object()})
    assert (tmp_path / "m" / FILES.card).read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_folder_with_something_else_is_not_replaced(run, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ModelError, match="contains something other than a model"):
        save(tmp_path, run.weights, run.card())


def test_no_model_yet_says_what_to_do(tmp_path):
    with pytest.raises(ModelError, match="found nothing; run `detente train`"):
        load(tmp_path / "none")


@pytest.mark.parametrize("name", [FILES.weights])
def test_a_damaged_file_is_found_by_its_hash(run, tmp_path, name):
    folder = save(tmp_path / "m", run.weights, run.card())
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"damaged model: {name} does not match its card"):
        load(folder)


def test_a_missing_file_a_broken_card_and_another_format_are_errors(run, tmp_path):
    folder = save(tmp_path / "m", run.weights, run.card())
    (folder / FILES.weights).unlink()
    with pytest.raises(ModelError, match="weights.safetensors is missing"):
        load(folder)
    (folder / FILES.card).write_text(json.dumps({"format": 99}))
    with pytest.raises(ModelError, match="model format 99, expected"):
        load(folder)
    (folder / FILES.card).write_text("{")
    with pytest.raises(ModelError, match="card.json is not a model card"):
        load(folder)


def test_opening_a_model_unpickles_nothing(folder, monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("unpickled")

    monkeypatch.setattr(pickle, "load", forbidden)
    monkeypatch.setattr(pickle, "loads", forbidden)
    load(folder)


def test_the_pipeline_can_be_had_back(folder, run, corpus):
    again = load_pipeline(folder).predict_proba(corpus.texts[:9])
    assert np.array_equal(again, run.pipeline.predict_proba(corpus.texts[:9]))


def test_settings_are_read_from_toml_and_checked(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('[training]\nc = 3\n[text]\nfamilies = ["word", "pair"]\n')
    settings = read_settings(path)
    assert (settings.training.c, settings.text.families) == (3.0, ("word", "pair"))
    for content, message in [
        ("[training]\ndepth = 3", "unknown name 'training.depth'; expected one of c, balance"),
        ("[forest]\nc = 3", "unknown name 'forest'; expected one of text, training"),
        ('[training]\nc = "x"', "training.c: expected float, got str, found 'x'"),
        ('[text]\nfamilies = ["verse"]', r"text.families\[0\]: invalid enum value 'verse'"),
        ("[training]\nbalanse = 0.1", "unknown name 'training.balanse'; did you mean balance"),
        ("[training]\nc = nan", "training.c: expected float > 0.0, found nan"),
        ("[training]\nfolds = 1", "training.folds: expected int >= 2, found 1"),
        ("[training]\nfolds = true", "training.folds: expected int, got bool, found True"),
        ("[text]\nfamilies = []", "text.families: expected array of length >= 1"),
        ("text = 3", "text: expected object, got int"),
        ("[training", "not valid TOML"),
    ]:
        path.write_text(content)
        with pytest.raises(ConfigError, match=message):
            read_settings(path)
