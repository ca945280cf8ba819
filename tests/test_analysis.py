"""What the model sees of a text, in symbols a person can read."""

import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from pipeline.actors.gazetteer import actor_words
from pipeline.arrays.arrow import as_strings, int64_column
from pipeline.model.vectorizer import MARKS, TermVectorizer
from pipeline.text import lexicon, memory, scope
from pipeline.text.analysis import read
from pipeline.text.names import quoted
from pipeline.text.scope import LONGEST_ASIDE, asides
from pipeline.text.terms import FAMILIES, PAIRED, decode, keys_of, places
from pipeline.text.tokens import tokenise
from pipeline.text.vocabulary import Features, learn
from tests.test_tokens import AWKWARD

TEXTS = [
    "The government halted economic aid to the north after talks failed.",
    "Rebels in the united south said the states would lift sanctions on trade.",
    "On Monday the police arrested a man who had accused the president of war crimes.",
    "Aid was halted, and the two sides did not agree to withdraw troops.",
    "Envoys of the United States and of North Korea met on trade.",
]


@pytest.fixture(scope="module")
def known():
    return lexicon.learn(TEXTS * 3)


def symbols(text, known):
    _, sequence = read([text], known)
    names = [*known.symbols.to_pylist(), "?"]
    return [names[symbol] for symbol in sequence.symbol]


def test_known_names_are_names_in_a_text_without_capitals():
    texts = [*TEXTS, "Iran met envoys in Hong Kong, as it may, and told us on Monday."] * 3
    known = lexicon.learn(texts, actors=(["Iran", "IRAN", "May", "US", "İzmir"], [], ["Hong Kong"], ["Bath Rugby"]))
    written = "Iran and Hong Kong may trade with us on Monday."
    lowered, whole = symbols(written.lower(), known), symbols(written, known)
    assert lowered == whole == ["<actor>", "and", "<name>", "may", "trade", "?", "us", "on", "<name>"]
    assert symbols("iran and US states", known)[0] == "iran", "one capital shows that case tells names"
    assert symbols("izmir met them", known)[0] == "<actor>", "a dotted capital has a plain small letter"
    both, alone = (read(batch, known)[1] for batch in (["Iran met them.", "iran met them"], ["iran met them"]))
    assert both.symbol[both.bounds[1] :].tolist() == alone.symbol.tolist()


@pytest.mark.parametrize(
    "text",
    [
        "Kenya halted aid to Peru",
        "North Korea halted aid to the United States",
        "The Bank of Zimbabwe halted aid to Prime Minister Abe Shinzo",
        "KENYA HALTED AID TO PERU",
        "Kenya Halted Aid To Peru",
        "Zxqw halted aid to Al Qorbo",
    ],
)
def test_a_sentence_reads_alike_whoever_acts(text, known):
    read_as = [symbol for symbol in symbols(text, known) if symbol != "the"]
    assert read_as == ["<name>", "halt", "aid", "to", "<name>"]


@pytest.mark.parametrize("name", ["the Popular Friendship Front", "the Army of Mercy", "a Unity Party"])
def test_a_group_that_no_gazetteer_knows_is_an_actor_by_the_head_of_its_name(name, known):
    assert symbols(f"Rebels halted aid to {name}", known)[-1] == "<actor>"


@pytest.mark.parametrize("name", ["the Pearl Theatre", "Front", "the army"])
def test_another_name_or_a_word_alone_is_no_actor(name, known):
    assert "<actor>" not in symbols(f"Rebels halted aid to {name}", known)


def test_a_sentence_may_begin_with_a_common_word(known):
    assert symbols("Police arrested rebels.", known)[0] == "polic"


def test_negation_is_a_word_of_its_own(known):
    assert symbols("They didn't agree", known)[1:3] == ["?", "not"]
    assert symbols("They didn’t agree", known)[1:3] == ["?", "not"]


def test_words_in_reach_of_a_negation_are_other_words(known):
    times = np.zeros(len(known), int)
    times[known.symbols.to_pylist().index("agre")] = 2
    taught = known.with_twins(times)
    assert symbols("They didn't agree", taught)[-2:] == ["not", "not agre"]
    assert symbols("They did agree", taught)[-1] == "agre"
    assert symbols("They have yet to agree", taught)[-1] == "not agre"
    assert symbols("They didn't arrest", taught)[-1] == "<negated>"  # never seen so


def test_a_clause_between_commas_that_tells_of_a_noun_is_left_out(known):
    plain = symbols("Rebels halted aid.", known)
    assert symbols("Rebels, who agreed, halted aid.", known) == plain
    assert symbols("Rebels, arrested in Oslo, halted aid.", known) == plain
    assert symbols("Rebels halted aid, which agreed.", known)[-1] == "agre"  # nothing follows the clause


def test_the_first_word_of_a_question_is_a_symbol(known):
    asked = symbols("Will Kenya halt aid to Peru?", known)
    assert asked[0] == symbols("Kenya halted aid?", known)[0] == "<question>"
    assert "<question>" not in symbols("Will Kenya halt aid to Peru? Yes.", known)
    assert symbols("?", known) == []
    _, both = read(["Kenya halted aid", "?"], known)
    assert lexicon.QUESTION not in both.symbol  # the mark belongs to the next text


def test_numbers_are_one_symbol(known):
    assert symbols("aid of 3,000 and 45", known).count("<number>") == 3


def reversed_words(text, known):
    _, sequence = read([text], known)
    names = [*known.symbols.to_pylist(), "?"]
    return [names[symbol] for symbol, by in zip(sequence.symbol, sequence.reversal) if by >= 0]


def test_a_reversal_reaches_forward_to_the_end_of_the_clause(known):
    assert reversed_words("halted economic aid, talks", known) == ["econom", "aid"]


def test_no_text_depends_on_the_end_of_the_text_before(known):
    before = ["Aid was", "They have yet", "Police arrested the", "Aid, arrested", "Aid that"]
    after = ["halted aid", "to agree on aid", "arrested man agreed", "Rebels, who agreed, halted aid"]
    for first in before:
        for text in after:
            (_, both), (_, alone) = read([first, text], known), read([text], known)
            begin = both.bounds[1]
            for name in ("symbol", "modal", "mentioned", "main"):
                assert getattr(both, name)[begin:].tolist() == getattr(alone, name).tolist(), (first, text, name)
            assert (both.reversal[begin:] >= 0).tolist() == (alone.reversal >= 0).tolist()


def test_a_passive_reversal_reaches_back(known):
    assert reversed_words("economic aid was halted", known) == ["econom", "aid"]


def test_a_clause_goes_on_after_an_aside(known):
    assert reversed_words("Economic aid, which the police agreed on, was halted", known) == ["econom", "aid"]
    _, sequence = read(["Economic aid, said police, was halted"], known)
    assert not np.any(sequence.reversal >= 0), "three clauses, of which none is left out"


def test_main_part_ends_at_the_first_subordinate_clause(known):
    _, sequence = read(["Police arrested one man who had accused the president"], known)
    assert sequence.main.tolist() == [True] * 4 + [False] * 5


@pytest.mark.parametrize(
    ("text", "main"),
    [
        ("After talks on aid, police arrested one man", "police arrested one man"),
        ("A day after talks, police halted aid", "police halted aid"),
        ("Police, despite talks on aid, arrested one man", "police arrested one man"),
        ("On trade, although talks halted, police arrested one man after aid", "on trade police arrested one man"),
        ("While talks, after aid, went on, police arrested one man", "went on police arrested one man"),
        ("Police arrested one man after talks, aid", "police arrested one man"),  # the comma lists
        ("After talks on aid police arrested one man", ""),  # nothing tells where the clause ends
        ("Police arrested one man, after talks", "police arrested one man"),
        ("The new police of the man who halted aid, arrested one man", "the new police of the man"),
        ("Police agreed that rebels halted aid", "police agreed"),
        ("Police agreed that rebels halted, aid", "police agreed"),  # its comma may belong to a list
        ("That police halted aid", "that police halted aid"),
    ],
)
def test_a_subordinate_clause_ends_at_its_comma(known, text, main):
    """Not at one that follows a longer clause: which commas of it belong to a list is unknown."""
    tokens, sequence = read([text, "Aid."], known, masks=False)
    data = tokens.data.tobytes().decode().lower()
    written = [data[tokens.start[token] : tokens.end[token]] for token in sequence.token[sequence.main]]
    assert " ".join(written) == f"{main} aid".strip()


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("word", "polic would not halt trade after talk on aid aid"),
        ("pair", "polic would|would not|not halt|halt trade|trade after|after talk|talk on|on aid"),
        ("skip", "polic not|talk aid"),
        ("lead", "polic would aid"),
        ("main", "polic would aid"),
        ("reversed", "trade after talk aid"),
        ("cue", "halt trade|halt after|halt talk|halt aid"),
        ("modal", "not halt trade after"),
    ],
)
def test_each_family_has_its_terms_and_none_across_texts(known, family, expected):
    sequence = read(["Police would not halt trade after talks on aid", "Aid"], known, clauses=False)[1]
    names = known.symbols.to_pylist()
    i, j = places(sequence, family, lead=2)
    if family in PAIRED:
        found = "|".join(f"{names[sequence.symbol[a]]} {names[sequence.symbol[b]]}" for a, b in zip(i, j))
    else:
        assert i is j or i.tolist() == j.tolist()
        found = " ".join(names[symbol] for symbol in sequence.symbol[i])
    assert found == expected


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Police halted aid", "polic halt"),
        ("Aid to police was halted", "to was halt"),
        ("Police would halt aid", "polic would"),
        ("Police, on talks, halted aid", "polic on talk halt"),
        ("Police arrested the man", "polic arrest the man"),
        ("Police agreed on aid", "polic agre on aid"),
        ("Police feared war crimes", "polic ?"),
        ("Police said the arrested man agreed", "polic said the man agre"),
        ('Police said the "war crimes" failed', "polic said the fail"),
        ("“Economic aid failed,” police said", "polic said"),
    ],
)
def test_what_is_reversed_wanted_or_only_mentioned_is_not_marked_as_the_main_act(known, text, plain):
    sequence = read([text], known, clauses=False)[1]
    names = [*known.symbols.to_pylist(), "?"]
    for family in ("main", "lead"):
        marked, _ = places(sequence, family, lead=12)
        assert " ".join(names[symbol] for symbol in sequence.symbol[marked]) == plain


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('She said "we met" and “they left” on', "we met they left"),
        ('"We met', ""),
        ('"We met" and "left', "We met"),
        ('Met" and "they', "and"),
        ("'We met' and «they» ’ left", ""),
        ("", ""),
    ],
)
def test_quoted_words_stand_between_two_double_quotation_marks(text, inside):
    batch = tokenise([text, 'A "b" c', "“"])
    flags = quoted(batch)
    written = batch.forms.take(int64_column(batch.form)).to_pylist()
    assert [word for word, flag in zip(written, flags) if flag] == [*inside.split(), "b"]


def test_an_aside_ends_in_its_text_and_is_no_longer_than_its_bound():
    opener, comma = np.zeros((2, 80), bool)
    opener[[2, 42]], comma[[2, 8, 42, 75]] = True, True
    bounds = np.array([0, 10, 40, 80])
    assert np.flatnonzero(asides(opener, comma, comma, bounds)).tolist() == [2, 3, 4, 5, 6, 7]
    comma[[42 + LONGEST_ASIDE, 75]] = True, False
    assert np.count_nonzero(asides(opener, comma, comma, bounds)) == 6 + LONGEST_ASIDE
    comma[8] = False  # the next comma stands in another text
    assert np.count_nonzero(asides(opener, comma, comma, bounds)) == LONGEST_ASIDE
    comma[20] = True  # a comma that opens nothing
    assert np.count_nonzero(asides(opener, comma, comma, bounds)) == LONGEST_ASIDE


@settings(max_examples=60, deadline=None)
@given(st.lists(AWKWARD, min_size=1, max_size=6))
def test_counts_equal_scikit_learns_where_they_overlap(texts):
    texts = [*texts, "aid talks aid"]
    ours = TermVectorizer(masks=False, stems=False, families=("word", "pair"), clauses=False, min_df=1).fit(texts)
    theirs = CountVectorizer(ngram_range=(1, 2)).fit(texts)
    names = ours.get_feature_names_out()[: -len(MARKS)]
    ours_by_name = {name.split(":", 1)[1]: i for i, name in enumerate(names)}
    assert ours_by_name.keys() == theirs.vocabulary_.keys()
    names = sorted(ours_by_name)
    a = ours.transform(texts)[:, [ours_by_name[n] for n in names]].toarray()
    b = theirs.transform(texts)[:, [theirs.vocabulary_[n] for n in names]].toarray()
    assert np.array_equal(a, b)


@settings(max_examples=60, deadline=None)
@given(st.lists(AWKWARD, min_size=1, max_size=8), st.data())
def test_a_text_has_the_same_terms_alone_and_in_any_batch(texts, data):
    texts = [*texts, *TEXTS]
    known = lexicon.learn(TEXTS)
    order = data.draw(st.permutations(range(len(texts))))
    cut = data.draw(st.integers(0, len(texts)))

    def terms(batch):
        _, sequence = read(batch, known)
        found = [[] for _ in batch]
        for family in FAMILIES:
            i, j = places(sequence, family, lead=12)
            for row, key in zip(sequence.text[i], keys_of(family, sequence.symbol[i], sequence.symbol[j])):
                found[row].append(int(key))
        return [sorted(keys) for keys in found]

    whole = terms(texts)
    shuffled = [texts[i] for i in order]
    parts = terms(shuffled[:cut]) + terms(shuffled[cut:]) if 0 < cut < len(texts) else terms(shuffled)
    assert parts == [whole[i] for i in order]
    assert [terms([text])[0] for text in texts] == whole


@pytest.mark.parametrize("family", FAMILIES)
def test_keys_can_be_read_back(known, family):
    _, sequence = read(TEXTS, known)
    i, j = places(sequence, family, lead=12)
    families, a, b = decode(keys_of(family, sequence.symbol[i], sequence.symbol[j]))
    assert {FAMILIES[f] for f in families} == {family}
    assert (a == sequence.symbol[i]).all()
    assert (b == (sequence.symbol[j] if family in PAIRED else 0)).all()


def test_an_unknown_symbol_makes_a_negative_key():
    unknown = np.array([-1, 3, -1]), np.array([3, -1, -1])
    assert (keys_of("pair", *unknown) < 0).all()


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("modernising", "modernizing"),
        ("defences", "defenses"),
        ("criticised", "criticized"),
        ("neighbouring", "neighboring"),
        ("expelled", "expel"),
        ("cancelled", "canceled"),
        ("centre", "center"),
        ("programmes", "programs"),
    ],
)
def test_both_spellings_have_one_stem(british, american):
    first, second = lexicon.stem(as_strings([british, american]), True).to_pylist()
    assert first == second


@pytest.mark.parametrize(
    ("word", "other"),
    [("executives", "executed"), ("related", "relations"), ("international", "interned"), ("important", "imports")],
)
def test_words_of_another_sense_keep_a_stem_of_their_own(word, other):
    first, second = lexicon.stem(as_strings([word, other]), True).to_pylist()
    assert first != second


def test_texts_are_marked_by_the_political_actors_that_they_name():
    made = TermVectorizer().fit(TEXTS * 3)
    texts = [
        "It rained.",
        "Kenya slept.",
        "Kenya met Uganda.",
        "NATO slept.",
        "HAMAS MET IRAN",
        "Putin spoke in Grozny.",
        "The Yankees slept.",
        "US fines Goldman Sachs",
    ]
    doubles = [
        "The United States slept.",
        "UNITED NATIONS SLEPT",
        "The White House",
        "United and Nations",
        "White. House",
    ]
    _, marks = made.vocabulary_.count([*texts, *doubles])
    assert marks.tolist() == [
        [0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [1, 1, 1, 0, 0],
        [0, 0, 1, 1, 0],
        [0, 0, 0, 0, 1],
        [1, 0, 0, 0, 1],
        *[[0, 0, 0, 1, 0]] * 3,
        *[[0, 0, 0, 0, 0]] * 2,
    ]


def test_a_person_or_place_counts_for_relevance_alone(corpus):
    """No gazetteer is complete: whether it knows a name must not change which event a text reports."""
    vocabulary = learn(as_strings(corpus.texts), Features(), actor_words())
    known, unknown = (vocabulary.count([f"{name} rejected the offer."]) for name in ("Museveni", "Mugorewera"))
    assert (known[1][0, 3], unknown[1][0, 3]) == (1, 0)
    assert known[0].indices.tolist() == unknown[0].indices.tolist()


def test_marks_of_a_text_do_not_depend_on_the_text_before_it(corpus):
    vocabulary = learn(as_strings(corpus.texts), Features(), actor_words())
    texts = ["Peru sent food to Chad.", "", "Chad sent food to Peru."]
    together = vocabulary.read(as_strings(texts)).marks
    assert together.tolist() == [[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 0, 0, 0]]


def test_a_word_is_looked_up_once_until_too_many_are_kept(monkeypatch):
    asked = []

    def look_up(words):
        asked.append(words.to_pylist())
        return np.array([len(word) for word in asked[-1]], np.int64), np.array(asked[-1], object)

    kept = memory.Memory()
    for words in (["aid", "truce"], ["truce", "war", "aid"], ["aid"], []):
        lengths, written = kept(as_strings(words), look_up)
        assert (lengths.tolist(), written.tolist()) == ([len(word) for word in words], words)
    assert asked == [["aid", "truce"], ["war"]]
    monkeypatch.setattr(memory, "MOST", 2)
    assert kept(as_strings(["war", "peace"]), look_up)[0].tolist() == [3, 5]
    assert asked[2:] == [["war", "peace"]]
    copied = pickle.loads(pickle.dumps(kept))
    assert copied(as_strings(["war"]), look_up)[0].tolist() == [3]
    assert asked[3:] == [["war"]]


def test_words_that_are_remembered_are_analysed_as_new_ones(known):
    again = lexicon.learn(TEXTS * 3)
    for text in (*TEXTS, *TEXTS[:2], "Envoys of the United States met."):
        fresh = replace(known)  # remembers nothing
        for name in ("symbol", "content", "reversal", "marks"):
            found, wanted = (getattr(read([text], one)[1], name) for one in (again, fresh))
            assert found.tolist() == wanted.tolist(), (text, name)


NOUNS = {"bars", "scales", "strips", "torpedoes"}  # forms that are usually something else


def test_a_reversing_verb_is_known_in_all_its_forms():
    past = [word for word in scope.REVERSALS if word.endswith("ed")]
    assert len(past) > 100
    for word in past:
        stem = re.sub("ied$", "y", word) if word.endswith("ied") else word[:-2]
        bases = {stem, stem + "e", stem[:-1]} - {""}
        present = {f"{base}s" for base in bases} | {f"{base}es" for base in bases} | {f"{word[:-2]}es"}
        assert present & (scope.REVERSALS | NOUNS), word
        assert {f"{stem}ing", f"{word[:-1]}ing"} & scope.REVERSALS, word


@pytest.mark.parametrize("word", ["hardly", "barely", "rarely"])
def test_an_act_that_hardly_happens_is_negated(word, known):
    _, sequence = read([f"Rebels {word} halted aid"], known)
    assert sequence.negated.tolist() == [False, False, True, True]
