"""Where sentences and words stand in the text as given."""

import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.read.alignment import align, stretches
from pipeline.read.cleaning import clean_text
from pipeline.read.repair import repair
from pipeline.read.sentences import split_sentences

WORDS = "army rebels talks border mediators convoy village gunmen envoys ceasefire harbour prisoners released".split()
# What may happen to a word, and what it becomes.
TROUBLES = {
    "nothing": lambda word, k: word,
    "soft hyphen": lambda word, k: f"{word[:k]}\u00ad{word[k:]}",
    "soft hyphen as an entity": lambda word, k: f"{word[:k]}&shy;{word[k:]}",
    "zero-width space": lambda word, k: f"{word[:k]}\u200b{word[k:]}",
    "end of a line": lambda word, k: f"{word[:k]}-\n{word[k:]}",
    "entity": lambda word, k: f"{word[:k]}&#{ord(word[k])};{word[k + 1 :]}",
    "entity in an entity": lambda word, k: f"{word[:k]}&amp;#{ord(word[k])};{word[k + 1 :]}",
    "ligature": lambda word, k: word.replace("fi", "\ufb01"),
    "full width": lambda word, k: "".join(chr(ord(char) + 0xFEE0) for char in word),
}
HEADS = ("", "KABUL (Reuters) - ", "BREAKING: ", "RT @desk: ", "12 May 2024 | ", "LONDON, May 12 — ")
TAILS = ("", " https://t.co/army", " (Photo: AFP)", " #talks", " — BBC News", " | Reuters", " Read more")
SPACES = (" ", "\n", "  ", "\u00a0", "&nbsp;", " \u200b", "\r\n")
ASIDES = ("", "Advertisement", "Read more: {}", "Share this article", "Related: {}", "By Jane Doe")


@st.composite
def troubled(draw):
    """A snippet with edges and broken characters, its words, and the start and end of each."""
    text, words, places = draw(st.sampled_from(HEADS)), [], []
    for number in range(draw(st.integers(4, 14))):
        word = draw(st.sampled_from(WORDS))
        word = word.capitalize() if number == 0 else word
        made = TROUBLES[draw(st.sampled_from([*TROUBLES, *["nothing"] * 9]))](word, draw(st.integers(2, 3)))
        text += draw(st.sampled_from([*SPACES, *[" "] * 9])) if number else ""
        words.append(word)
        places.append((len(text), len(text) + len(made)))
        text += made
    return text + "." + draw(st.sampled_from(TAILS)), words, places


@settings(max_examples=50, deadline=None)
@given(troubled())
def test_a_word_has_its_whole_stretch_whatever_befell_it(snippet):
    text, words, places = snippet
    made = clean_text(text)
    assert made == " ".join(words) + "."
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    found = stretches(text, made, np.column_stack([ends - [len(word) for word in words], ends]))
    assert found.tolist() == [list(place) for place in places]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(troubled(), st.sampled_from(ASIDES), st.sampled_from(["\n\n", " "])), min_size=1, max_size=6))
def test_a_sentence_has_its_place_among_asides_that_repeat_it(snippets):
    text, places = "", []
    for (_, words, _), aside, gap in snippets:
        sentence = " ".join(words) + "."
        if aside:
            text = text.rstrip() + "\n\n" * bool(text) + aside.format(sentence) + "\n\n"
        places.append((len(text), len(text) + len(sentence)))
        text += sentence + ("\n\n" if aside else gap)
    sentences = split_sentences(text)
    assert sentences == [text[start:end] for start, end in places]
    found = [(int(place[0, 0]), int(place[-1, 1])) for place in align(text, sentences)]
    assert found == places


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("Troops shelled the town.Six people died.\n\nShare this article\n\nTroops shelled the town.\n", [0, 24, 62]),
        ("Read more: Troops shelled the northern town.\n\nTroops shelled the\nnorthern town.", [46]),
        ("Read more: Troops shelled the town.\n\nTroops &#115;helled the t\u00adown. Six died.", [37, 68]),
    ],
)
def test_a_sentence_has_its_place_although_it_stands_elsewhere_less_broken(text, starts):
    sentences = split_sentences(text)
    assert [int(place[0, 0]) for place in align(text, sentences)] == starts
    shown = [repair(text[place[0, 0] : place[-1, 1]]) for place in align(text, sentences)]
    assert shown == sentences


FRAGMENTS = st.one_of(
    troubled().map(lambda snippet: snippet[0]),
    st.sampled_from(
        [
            *HEADS,
            *TAILS,
            *SPACES,
            "\n\n",
            "\u00e2\u20ac\u2122",
            "caf\u00c3\u00a9",
            "<p>",
            "\\n",
            "quot;",
            "&amp;",
            "# 39;s",
        ]
    ),
    st.text(max_size=30),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(FRAGMENTS, max_size=8).map("".join))
def test_whatever_the_text_places_are_within_it_and_in_order(text):
    text = text.encode("utf-8", "replace").decode()
    sentences = split_sentences(text)
    assert_sound(text, sentences, align(text, sentences))
    for made in (clean_text(text), *sentences):
        assert_sound(text, [made], align(text, [made]))


def assert_sound(text, parts, found):
    flat = np.concatenate([*found, np.full((1, 2), len(text))])
    assert [len(part) for part in parts] == [len(places) for places in found]
    assert (flat >= 0).all() and (flat <= len(text)).all() and (np.diff(flat, axis=0) >= 0).all()
    for part, places in zip(parts, found):
        for word in re.finditer(r"\w+", part):
            start, end = places[word.start(), 0], places[word.end() - 1, 1]
            assert start < end, word


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_a_text_that_cleaning_leaves_alone_has_every_character_where_it_is(text):
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    if clean_text(text) == text:
        (places,) = align(text, [text])
        shown = [(start, end) for char, (start, end) in zip(text, places.tolist()) if char != " "]
        assert shown == [(k, k + 1) for k, char in enumerate(text) if char != " "]


@pytest.mark.parametrize(
    ("text", "word", "stretch"),
    [
        ("Iran #39;s army said quot;no deal quot; today.", "'", " #39;"),
        ("The presidentâ€™s cafÃ© in ZÃ¼rich", "café", "cafÃ©"),
        ("The presidentâ€™s cafÃ© in ZÃ¼rich", "’", "â€™"),
        ("KABUL (AFP) - ÃŽle talks of Î‘Î¸Î®Î½Î± on Monday", "Île", "ÃŽle"),
        ("KABUL (AFP) - ÃŽle talks of Î‘Î¸Î®Î½Î± on Monday", "Αθήνα", "Î‘Î¸Î®Î½Î±"),
        ("Zu\u0308rich talks fail again", "Zürich", "Zu\u0308rich"),
        ("Talks in Cafe\u0301", "Café", "Cafe\u0301"),
        ("THE \ufb01rst \ufb02oor burns", "floor", "\ufb02oor"),
        ("The cease&shy;\nfire is holding in Tarva", "ceasefire", "cease&shy;\nfire"),
        ("Rebels<br/>free 26 hostages &amp;amp; leave", "free", "free"),
    ],
)
def test_words_broken_in_other_ways_have_their_whole_stretch_too(text, word, stretch):
    made = clean_text(text)
    ((start, end),) = stretches(text, made, np.array([[made.index(word), made.index(word) + len(word)]]))
    assert text[start:end] == stretch


def test_places_in_a_long_text_that_repeats_itself_are_estimated_in_linear_time():
    text, part = "a b " * 30_000, ("a b " * 29_000).strip()
    began = time.process_time()
    assert_sound(text, [part], align(text, [part]))
    assert time.process_time() - began < 20
