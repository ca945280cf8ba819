import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.arrays.arrow import as_strings
from pipeline.model import weights
from pipeline.model.calibration import STANCE_OF_LABEL
from pipeline.model.settings import Abstention
from pipeline.read.furniture import LONGEST, furniture, is_furniture
from pipeline.read.sentences import distinct_sentences, split_sentences
from pipeline.score import contributions, snippets
from pipeline.score.articles import STANCES_OF_ARTICLES, at_least, score_articles, stances
from pipeline.score.documents import OutputOptions, score_texts
from pipeline.score.evidence import explain
from pipeline.score.snippets import Scores, from_proba, score
from pipeline.stance import LABELS
from pipeline.text.vocabulary import Knowledge
from pipeline.text.weight_rows import cells_of
from pipeline.write.tables import text_table


def one_hot(label, share=0.9):
    proba = np.full(len(LABELS), (1 - share) / (len(LABELS) - 1))
    proba[LABELS.index(label)] = share
    return proba


def scores_of(*proba, coverage=1.0, telling=5, small=0.5):
    n = len(proba)
    knowledge = Knowledge(np.full(n, coverage), np.full(n, telling), np.full(n, small))
    return from_proba(np.array(proba), knowledge, 0.6, Abstention(coverage_floor=0.5))


@pytest.mark.parametrize(("relevance", "telling", "reason"), [(0.85, 2, "too short"), (0.95, 2, ""), (0.85, 3, "")])
def test_two_words_take_a_side_only_if_they_are_political(relevance, telling, reason):
    proba = np.zeros(len(LABELS))
    proba[LABELS.index("AGREE")], proba[LABELS.index("OTHER")] = relevance, 1 - relevance
    assert scores_of(proba, telling=telling).reason.tolist() == [reason]
    other = np.zeros(len(LABELS))
    other[LABELS.index("OTHER")] = 1.0
    assert scores_of(other, telling=telling).stance.tolist() == ["neutral"]


@pytest.mark.parametrize("text", ["I refuse", "i agree", "Let's talk", "let us attack", "So I agreed", "I did so"])
def test_small_words_do_not_make_a_text_long_enough(model, text):
    knowledge = model.weights.vocabulary.knowledge(model.weights.vocabulary.read([text]))
    assert knowledge.telling[0] < 2


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


def test_a_model_of_stances_alone_writes_rows_without_event_types(model):
    alone = replace(model, card=model.card | {"data": model.card["data"] | {"events": {}}})
    scored = score_texts(alone, as_strings(["Rebels withdrew from the bridge."]), OutputOptions(actors=True))
    (row,) = text_table(as_strings(["a"]), scored).to_pylist()
    assert {row[name] for name in ("event", "event_2", "event_3")} == {""}
    assert {row[name] for name in ("p_event", "p_event_2", "p_event_3")} == {0.0}
    assert (row["source"], row["target"]) == ("rebels", "")


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


def test_a_whole_batch_fits_numbers_of_four_bytes(model):
    vocabulary = model.weights.vocabulary
    n_terms = (1 << 18) - 4 * len(vocabulary.lexicon)  # more than the shipped model has
    many = replace(vocabulary, keys=np.arange(n_terms))
    sequence = vocabulary.read(["Talks."] * snippets.BATCH_ROWS)
    cells = cells_of(many, sequence, [])
    assert cells.number.dtype == np.uint32
    assert (cells.text == sequence.text[sequence.symbol >= 0]).all()
    assert (cells.row >> 2 == sequence.symbol[sequence.symbol >= 0]).all()


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


@pytest.mark.parametrize("agency", ["Reuters", "dpa", "ANSA", "Kyodo", "PTI"])
def test_an_agency_in_brackets_between_sentences_is_left_out(agency):
    text = f"Talks resumed. ({agency}) The envoy left."
    assert split_sentences(text) == ["Talks resumed.", "The envoy left."]


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


def article_of(n, **acts):
    """The stance of an article of n sentences without politics, but for the given probabilities of event types."""
    rows = np.full((n, len(LABELS)), 0.0)
    rows[:, LABELS.index("OTHER")] = 1.0
    place = 0
    for event, probabilities in acts.items():
        for proba in probabilities:
            rows[place] = one_hot(event, proba)
            place += 1
    return STANCES_OF_ARTICLES[stances(np.array([0, n]), scores_of(*rows), 0.65)[0]]


def test_an_article_is_mixed_where_the_weaker_side_has_a_third():
    assert article_of(5, REJECT=[0.9] * 2, AID=[0.9]) == "mixed"
    assert article_of(5, REJECT=[0.9] * 3, AID=[0.9]) == "escalation"
    assert article_of(5, REJECT=[0.9], AID=[0.9] * 3) == "de-escalation"


def test_one_doubtful_sentence_of_twenty_decides_nothing():
    assert article_of(1, REJECT=[0.7]) == "escalation"
    assert article_of(20, REJECT=[0.7]) == article_of(20, REJECT=[1.0] * 3) == "neutral"
    assert article_of(20, REJECT=[0.7] * 6) == article_of(20, REJECT=[1.0] * 4) == "escalation"


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.floats(0, 1), max_size=7), min_size=1, max_size=4), st.integers(1, 4))
def test_the_number_of_acts_is_that_of_all_ways_in_which_they_can_come_about(articles, least):
    def by_hand(proba):
        ways = itertools.product((0, 1), repeat=len(proba))
        return sum(np.prod([p if act else 1 - p for p, act in zip(proba, way)]) for way in ways if sum(way) >= least)

    bounds = np.cumsum([0, *map(len, articles)])
    found = at_least(bounds, np.array([p for one in articles for p in one]), np.full(len(articles), least))
    assert found == pytest.approx([by_hand(one) for one in articles], abs=1e-12)


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


FURNITURE = """
Accept; Accept all cookies; Agree & close; Agree and continue; Reject all; Manage preferences; OK, got it
Privacy policy; We use cookies.; Skip to main content; Home | World | Sport; Home News Politics Sign in; Next page; Contact us
Subscribe | Sign in; SUBSCRIBE NOW; Sign up for our weekly newsletter; Log in or register; Become a member; Your account
Share this article; Share on WhatsApp; Follow us on X, Facebook and Instagram; Follow @lakeherald; Copy link; 12 comments
Leave a comment; Cancel reply; Comments are closed; Get our app; Listen now; Watch live; Continue reading; Click to enlarge
Good evening.; Hello everyone; Good morning, and welcome to our live blog; Welcome back; Thanks for joining us today
That's all for today, thanks for joining us; That’s it from me; We'll be back tomorrow; See you next week; Have a good weekend!
This live blog is now closed.; Dear readers,; Best wishes; Stay tuned; Thank you for reading; By Ada Lund; BY ADA LUND
By Ada Lund and Bo Ek; By Ada Lund, Ovar; By Ada Lund, Bo Ek and José de la Cruz; By Jean-Luc O'Hara; By Reuters
By Ada Lund, 3 May 2021, 09:41 GMT; Reporting by Ada Lund in Ovar, editing by B. Ek; Page 2; Page 3 of 14; 1 of 4; pp. 7-9
Photo 2 of 9; 4 min read; Advertisement; Advertisement. Story continues below.; Sponsored content; Ad feedback; Most read
Most popular this week; Related stories:; Read more »; More on this story; You may also like; Don’t miss; Editor's picks
Latest news; Trending now; Up next; © 2021 Lake Herald. All rights reserved.; Copyright 2021 The Lake Herald; All rights reserved
Photograph: Ada Lund; Kyodo; By Press Trust of India; Photo by Yonhap; (Photo: Ada Lund/EPA); Photo by AFP via Getty Images; File photo; Updated 09:41 | Share
"""
NO_FURNITURE = """
Accept defeat, army tells rebels; Accept all terms; Agree to talks; Reject all talks, rebels say; Refuse all aid; Allow aid
Close the border, minister says; Close border; Continue the war; Manage the truce; Home rule; Skip to war; Join the war
Subscribe to peace; Sign the treaty; Sign up for war; Share power, UN tells rivals; Follow the law, court tells junta
Follow us into battle; Get our hostages out; Leave a town; Cancel talks; Watch the border; Open the border; Save the truce
Good evening, troops are in Ovar; Good morning in Ovar as shells fall; Welcome back, hostages told; Welcome to the war
Thanks to the truce, aid arrived; Thanks for nothing, Ovar tells Dorn; That is all we want; We will be back with more troops
We are closing the border today; See you in court, Ovar tells Dorn; Have a good war; By dawn troops had left; By Friday
By John Kerry's account the talks failed; By Friday, Troops Had Left; By Air And Sea, Army Pounds Ovar
By Force; By Ada Lund's side stood the rebels; Reporting by Ada Lund found that troops fired; Page 2 of the treaty names the border
Page 3 was torn out; 1 of 4 hostages freed; 12 killed; P5; Photo 2 shows the army firing; Advertisement ban lifted; Sponsored by Ovar
Most read the deal as a defeat; Related: Bomb kills four; Related attack; Read more: Truce holds; More sanctions; Latest attack
Breaking news: army fires on crowd; Copyright law struck down; Copyright 2021 law struck down; Photo: Army Shells Town; Press freedom; Kyodo talks end
Photograph shows army firing; All rights groups reserved judgment; 3 May 2021; 09:41; That; "Accept"; ...; ?
"""


def listed(texts):
    return [text for line in texts.strip().split("\n") for text in line.split("; ")]


def test_furniture_is_told_from_reports_that_begin_like_it():
    assert [text for text in listed(FURNITURE) if not is_furniture(text)] == []
    assert [text for text in listed(NO_FURNITURE) if is_furniture(text)] == []
    assert is_furniture("Agree &amp; close")


def test_a_column_is_judged_text_by_text():
    texts = [
        "",
        *listed(FURNITURE),
        None,
        *listed(NO_FURNITURE),
        "Accept | " * 20,
        "© " + "Lund " * LONGEST,
        "Łódź",
        "x",
        "{}[]();",
        "| - |",
    ]
    found = furniture(texts)
    assert found.tolist() == [is_furniture(text or "") for text in texts]
    assert furniture(as_strings(texts).slice(3, 50)).tolist() == found[3:53].tolist()
    assert furniture([]).tolist() == furniture([""] * 0).tolist() == []


def test_furniture_in_the_corpus_is_other(corpus):
    rows = np.flatnonzero(furniture(corpus.texts))
    assert {corpus.events[row] for row in rows} <= {"OTHER", "NEUTRAL"}


def test_a_snippet_of_furniture_is_neutral_and_irrelevant(model):
    texts = listed(FURNITURE)
    scores = score(model, [*texts, "The government released all political prisoners."])
    assert set(scores.stance[:-1]) == {"neutral"} and set(scores.reason[:-1]) == {""}
    assert set(scores.event[:-1]) == {"NEUTRAL"}
    assert not scores.relevance[:-1].any() and not scores.tension[:-1].any()
    assert scores.label_proba.sum(axis=1) == pytest.approx(1.0)
    assert (scores.stance[-1], scores.relevance[-1] > 0.5) == ("de-escalation", True)


def test_furniture_is_no_sentence_of_an_article(model):
    prose = "Rebels attacked a town and killed five soldiers.\n\nThe army accused them of murder."
    between = "\n\n".join(
        [*listed(FURNITURE), "Read more: Truce holds in Ovar", "ALSO READ | Envoys meet", "3 May 2021, 09:41 GMT"]
    )
    bare, furnished, only = score_articles(model, [prose, prose.replace("\n\n", f"\n\n{between}\n\n"), between])
    assert furnished.texts == bare.texts
    assert (furnished.political, furnished.tension, furnished.stance) == (bare.political, bare.tension, bare.stance)
    assert (only.stance, only.texts, only.tension.tolist()) == (["neutral"], [], [0.0])


def test_furniture_between_the_lines_of_a_sentence_is_taken_out():
    assert split_sentences("The rebels\nAdvertisement\nfreed two sailors. Read more") == [
        "The rebels freed two sailors."
    ]
    assert split_sentences("Read more: Bomb kills\nfour in Ovar. Army silent.\nAid arrived.") == ["Aid arrived."]
    wrapped = "\n".join(
        [
            "Envoys of the two governments met in the capital on Friday and",
            "spoke of a truce that would let aid reach the towns of Asia and",
            "Africa.",
        ]
    )
    assert len(split_sentences(wrapped)) == 1 and wrapped.endswith("Africa.")
    assert split_sentences(wrapped)[0].endswith("Asia and Africa.")
    assert split_sentences(wrapped.replace("and\nspoke", "and\nPage 2 of 9\nspoke")) == split_sentences(wrapped)


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
