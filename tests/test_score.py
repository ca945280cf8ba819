import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import weights
from pipeline.model.calibration import STANCE_OF_LABEL
from pipeline.model.settings import Abstention
from pipeline.read.sentences import distinct_sentences, split_sentences
from pipeline.score import contributions, snippets
from pipeline.score.articles import STANCES_OF_ARTICLES, least_acts, score_articles, stances, stances_of_sides
from pipeline.score.evidence import explain
from pipeline.score.snippets import Scores, from_proba, score
from pipeline.stance import LABELS
from pipeline.text.vocabulary import Knowledge


def one_hot(label, share=0.9):
    proba = np.full(len(LABELS), (1 - share) / (len(LABELS) - 1))
    proba[LABELS.index(label)] = share
    return proba


def scores_of(*proba, coverage=1.0, telling=5, small=0.5):
    n = len(proba)
    knowledge = Knowledge(np.full(n, coverage), np.full(n, telling), np.full(n, small))
    return from_proba(np.array(proba), knowledge, 0.6, Abstention(coverage_floor=0.5))


def test_tension_is_the_difference_of_two_probabilities():
    scores = scores_of(one_hot("AID", 1.0), one_hot("ASSAULT", 1.0))
    assert scores.tension.tolist() == [-1.0, 1.0]
    assert list(scores.stance) == ["de-escalation", "escalation"]


def test_the_event_type_is_one_of_the_stance():
    proba = np.zeros(len(LABELS))
    for event, share in (("YIELD", 0.4), ("ACCUSE", 0.3), ("REJECT", 0.3)):
        proba[LABELS.index(event)] = share
    scores = scores_of(proba)
    assert (scores.stance[0], scores.event[0]) == ("escalation", "ACCUSE")


def test_an_appeal_is_a_request_that_raises_nothing():
    scores = scores_of(one_hot("APPEAL", 1.0), one_hot("REQUEST", 1.0))
    assert list(scores.stance) == ["neutral", "escalation"]
    assert list(scores.event) == ["REQUEST", "REQUEST"]
    assert scores.tension.tolist() == [0.0, 1.0]
    assert scores.plover_proba[0].tolist() == [1.0, 0.0, 0.0]


def test_text_without_politics_is_neutral_and_irrelevant():
    scores = scores_of(one_hot("OTHER", 1.0))
    assert (scores.stance[0], scores.event[0], scores.relevance[0]) == ("neutral", "NEUTRAL", 0.0)


def test_an_unclear_answer_says_why():
    sure, unsure = one_hot("AID"), one_hot("AID", 0.3)
    assert list(scores_of(sure, unsure).reason) == ["", "not sure enough"]
    assert list(scores_of(sure, telling=1).reason) == ["too short"]
    assert list(scores_of(sure, coverage=0.4).reason) == ["too few known words"]
    assert list(scores_of(sure, coverage=0.4, small=0.05).reason) == ["not English"]
    assert list(scores_of(sure, coverage=0.4).stance) == ["unclear"]
    assert list(scores_of(sure, coverage=0.5).stance) == ["de-escalation"]
    assert list(scores_of(sure, coverage=0.5, small=0.05).reason) == ["not English"]


@pytest.mark.parametrize("text", ["", "   ", "Mời quý độc giả theo dõi", "xqzv blorp wug", "12345 67", "???", "Łódź"])
def test_what_is_no_english_is_unclear(model, text):
    assert score(model, [text]).stance[0] == "unclear"


@pytest.mark.parametrize(("together", "threads"), [(1, 3), (7, 1), (7, 2), (40, 2), (1000, 2)])
def test_scores_are_the_same_bits_for_any_batches_and_threads(model, corpus, monkeypatch, together, threads):
    texts = [*corpus.texts[:120], "", "Mời quý độc giả"]
    whole = snippets.score(model, texts)
    monkeypatch.setattr(snippets, "BATCH_ROWS", together)
    monkeypatch.setattr(weights, "FEW", 20)  # larger batches are added up by SciPy
    parts = snippets.score(model, texts, threads)
    for name in Scores.__dataclass_fields__:
        assert np.array_equal(getattr(parts, name), getattr(whole, name)), name


def test_a_batch_too_large_for_numbers_of_four_bytes_scores_the_same(model, monkeypatch):
    texts = ["Troops attacked the town and the town burned.", "Talks were held."]
    monkeypatch.setattr(snippets, "BATCH_ROWS", 150_000)
    many = snippets.score(model, texts * 70_000)
    assert np.array_equal(many.event_proba[-2:], score(model, texts).event_proba)
    assert (many.event_code.reshape(-1, 2) == many.event_code[:2]).all()


def test_evidence_adds_up_to_the_log_odds(model, corpus):
    texts = [*corpus.texts[:50], "", "Nothing known: qwxz."]
    evidence = explain(model, texts)
    sums = [evidence.base + sum(weight for _, weight in evidence.of(row)) for row in range(len(texts))]
    proba = score(model, texts).proba
    assert sums == pytest.approx(evidence.log_odds.tolist(), abs=1e-6)
    assert evidence.log_odds == pytest.approx(np.log(proba[:, 0] / proba[:, 1]), abs=1e-6)


def test_evidence_is_written_as_it_stands_in_the_text(model, corpus):
    texts = corpus.texts[:50]
    evidence = explain(model, texts)
    rows = np.repeat(np.arange(len(texts)), np.diff(evidence.bounds))
    for row, start, end, words in zip(rows, *evidence.spans.T, evidence.words.to_pylist()):
        shown = texts[row][start:end]
        assert words == shown or words.split(" … ") == [
            shown[: len(words.split(" … ")[0])],
            shown[-len(words.split(" … ")[1]) :],
        ]


def test_the_strongest_terms_come_first_and_no_more_than_asked(model):
    evidence = explain(model, ["Kenya accused Uganda of an attack."] * 2, top=2)
    weights = [abs(weight) for _, weight in evidence.of(1)]
    assert len(weights) == 2
    assert weights == sorted(weights, reverse=True)


def test_the_strongest_are_those_that_sorting_finds(model, corpus, monkeypatch):
    texts = [*corpus.texts[:200], "", "Kenya attacked. " * 300]
    quick = explain(model, texts, top=3)
    monkeypatch.setattr(contributions, "_FEW", 0)
    by_sorting = explain(model, texts, top=3)
    assert quick.bounds.tolist() == by_sorting.bounds.tolist()
    assert np.array_equal(quick.weight, by_sorting.weight)
    assert quick.words.to_pylist() == by_sorting.words.to_pylist()


def test_sentences_end_at_blank_lines_and_full_stops_but_not_inside_names():
    text = "Talks resume\n\nMr. Smith of the U.S. Army came. It rained.\nVisit VOV.VN now"
    assert split_sentences(text) == [
        "Talks resume",
        "Mr. Smith of the U.S. Army came.",
        "It rained.",
        "Visit VOV.VN now",
    ]


def test_hard_wrapped_lines_are_joined():
    text = (
        "The two governments agreed on Monday that their troops would\n"
        "Withdraw from the border within ten days, officials of both said\n"
        "in a statement that was read out on state television in the\nevening."
    )
    assert len(split_sentences(text)) == 1


def test_repeats_count_once_whatever_their_case_and_spaces():
    found = distinct_sentences("Aid arrives\n\nAID  ARRIVES\n\nIt rained.\n\nAid arrives")
    assert [(s.text, s.repeats) for s in found] == [("Aid arrives", 3), ("It rained.", 1)]


def test_an_article_is_mixed_where_the_weaker_side_has_a_third():
    both = np.ones(3, bool)
    codes = stances_of_sides(both, both, np.array([[2, 1, 0, 0], [3, 1, 0, 0], [1, 4, 9, 2]]))
    assert [STANCES_OF_ARTICLES[code] for code in codes] == ["mixed", "escalation", "de-escalation"]


def test_an_article_takes_a_side_where_chance_would_not():
    # 1 - .97 ** 2 = .059: one act of two sentences may be a false alarm, two of twelve (.049) may not, two of thirteen (.056) may.
    assert least_acts(np.array([0, 1, 2, 12, 13]), 0.03).tolist() == [1, 1, 2, 2, 3]
    assert least_acts(np.array([5, 6]), 0.01).tolist() == [1, 2]  # 1 - .99 ** 5 = .049


def test_one_doubtful_sentence_of_twenty_decides_nothing():
    rows = np.full((20, len(LABELS)), 0.0)
    rows[:, LABELS.index("OTHER")] = 1.0
    rows[11] = one_hot("REJECT", 0.7)
    scores = scores_of(*rows)
    counts = np.array([[1, 0, 19, 0]])
    assert STANCES_OF_ARTICLES[stances(np.array([0, 20]), scores, counts)[0]] == "neutral"
    rows[11:14] = one_hot("REJECT", 0.7)
    assert STANCES_OF_ARTICLES[stances(np.array([0, 20]), scores_of(*rows), counts)[0]] == "escalation"


def test_articles_are_scored_sentence_by_sentence(model):
    rising = "Rebels attacked a town and killed five soldiers.\n\nThe army accused them of murder."
    up, none = score_articles(model, [rising, "\n\n"])
    assert up.stance == ["escalation"]
    assert up.counts.tolist() == [[2, 0, 0, 0]]
    assert up.tension == pytest.approx(up.scores.tension.mean())
    assert up.strongest("de-escalation") == -1
    assert up.strongest("escalation") == up.scores.proba[:, 0].argmax()
    assert (none.stance, none.tension.tolist(), none.texts) == (["unclear"], [0.0], [])


def test_articles_are_scored_alike_alone_and_together(model, corpus):
    texts = ["\n\n".join(corpus.texts[k : k + 5]) for k in range(0, 50, 5)] + ["", "Nothing."]
    together = score_articles(model, texts)
    for row, text in enumerate(texts):
        alone = score_articles(model, [text])
        assert (alone.stance, alone.texts, alone.repeats.tolist()) == (
            together[row].stance,
            together[row].texts,
            together[row].repeats.tolist(),
        )
        assert np.array_equal(alone.scores.proba, together[row].scores.proba)
        for stance in ("escalation", "de-escalation"):
            assert alone.strongest(stance) == together[row].strongest(stance)


def slow_evidence(model, text):
    """What each place of a text adds, term by term, by scikit-learn's formula and 64 nodes: a reference."""
    weights, vocabulary = model.weights, model.weights.vocabulary
    counted, _ = vocabulary.count([text])
    values = weights.tfidf(counted)
    logits = weights.intercept[:-1] + values @ weights.coef[counted.indices, :-1]
    finite = np.isfinite(weights.intercept[:-1])
    slope = np.zeros(len(logits))
    for node, share in zip(*np.polynomial.legendre.leggauss(64)):
        at = np.where(finite, weights.intercept[:-1], 0) * (1 - node) / 2 + np.where(finite, logits, 0) * (1 + node) / 2
        for side, sign in ((0, 1), (1, -1)):
            events = finite & (STANCE_OF_LABEL[: len(at)] == side)
            shown = np.where(events, np.exp(at), 0)
            slope += sign * share / 2 * shown / shown.sum()
    added = dict(zip(counted.indices, values * (weights.coef[counted.indices, :-1] @ slope) / counted.counts))
    sequence, found = vocabulary.read([text]), {}
    for i, j, term in vocabulary.found(sequence, vocabulary.features.families):
        for left, right, one in zip(np.minimum(i, j), np.maximum(i, j), term):
            found[left, right] = found.get((left, right), 0.0) + added[one]
    return sorted(found.values(), key=abs, reverse=True)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from("Kenya lifted ended the ban on aid talks accused Uganda of raid not will , . who".split()),
        max_size=30,
    )
)
def test_evidence_is_that_of_the_reference(model, words):
    text = " ".join(words)
    expected = slow_evidence(model, text)
    for top in (3, None):
        found = explain(model, [text, "It rained."], top)
        assert [weight for _, weight in found.of(0)] == pytest.approx(expected[:top], abs=5e-6)
