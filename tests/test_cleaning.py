import time

import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.arrays.arrow import as_strings, booleans
from pipeline.read import cleaning, outlets
from pipeline.read.cleaning import _SUSPECT, _SUSPECT_PAIRS, clean, clean_text, suspects
from pipeline.read.patterns import Edges, Pattern

PIECES = """
    Talks resume ; & #39; quot; amp; — – - -- ) ( ] [ : / | . , (Reuters) (AP) Read more: @desk #war • 12:30 2024-05-01
    é “no” â€™ \u200b \u00ad » www.x.org WWW.X.ORG 3 May KABUL Site.NET (Photo: AFP) ww w. GMT ago
    Updated May, 2023 Friday
    Credit: © :: AFP Reuters by BBC News here. more
""".split(" ")
# Edges around a sentence, {}.
HEADS = """
Share this article {}
UPDATE 2-{}
May 12, 2023 {}
Monday, 12 May 2023 {}
12 May 2023 - {}
12 May 2023 {}
[13/01/2022 - 07:12] {}
13/01/2022 - 07:12 {}
2023-05-12T14:30:00Z {}
2023-05-12 14:30:00 - {}
3 hours ago {}
3 hours ago | {}
Baghdad, Iraq - {}
Thimphu, Bhutan - {}
Skopje, North Macedonia - {}
MOSCOW, May 12. /TASS/. {}
(ANSA) - ROMA, 12 MAG - {}
WASHINGTON (CNN) --{}
WASHINGTON (CNN) -- {}
(CNN) {}
KABUL (Reuters) - {}
BEIRUT, Lebanon, Oct 3 (AP) — {}
WASHINGTON -- {}
REFILE-UPDATE 1-{}
EXCLUSIVE-{}
ANALYSIS-{}
Updated at 10:32 GMT: {}
Published: 12 May 2023 10:32 AM ET {}
10:32 GMT {}
Read more: {}
Read more here: {}
more on this: {}
BBC News | {}
Site.NET | {}
bbc.in/3xYz {}
RT @desk: {}
• {}
Reuters - {}
AFP: {}
LONDON—{}
PARIS – {}
(Updated at 10.32am) {}
Advertisement {}
Tel Aviv, Israel — {}
KYIV, Ukraine — {}
KYIV, Ukraine, May 12 (Reuters) - {}
Live updates: {}
www.site.net {}
May 12: {}
12th May 2023: {}
The Guardian | {}
LIVE: {}
COPENHAGEN, Denmark — {}
Gaza City, Gaza Strip - {}
(AFP) - {}
Skip to main content {}
Nov 3, 2023 | {}
Fri, 3 Nov 2023 10:32:00 GMT {}
2 mins ago - {}
[LIVE] {}
Posted on 3 November 2023: {}
ABUJA, Sept 3 (Xinhua) -- {}
BBC News - {}
The Guardian: {}
News | {}
World: {}
By Jane Doe, Reuters - {}
2) {}
12. {}
Share this: Facebook Twitter {}
Share Tweet {}
Share {}
""".strip("\n").split("\n")
HEADS += ["By Jane Doe\n{}", "By Jane Doe and John Roe, Reuters\n\n{}", "BY JANE DOE\r\n{}", "Jane Doe, BBC News\n{}"]
TAILS = """
{} | Site.NET
{} | Site.NET | News
{} - Times of India
{} - The New York Times
{} - Al Jazeera English
{} - Reuters News
{} - BBC News Africa
{} « Gulf Daily.NET
{} [Getty Images]
{} (Photo: AFP)
{} (AP Photo/Jane Doe)
{} via @user
{}. Updated at 10:32 GMT
{} Updated at 10:32 GMT
{} (Updated at 10.32am)
{}. Last updated 3 hours ago
{} Last updated: Monday, 12 May 2023 at 10:32 GMT
{}. Last updated on May 12, 2023 10:32 AM EDT.
{}. Read more here.
{} READ MORE ...
{} READ MORE...
{}. read more
{}. Share this article
{}. Photo: AFP
{} Photo: AFP
{} Credit: AP
{}. Image credit: Getty Images
{} © AFP
{} © 2023 AFP. All rights reserved.
{} / AFP
{}. (Reporting by Jane Doe)
{} 2023-05-12T14:30:00Z
{} Monday, 12 May 2023
{} 12 May 2023
{}. 12 May 2023
{} May 12, 2023
{} [13/01/2022 - 07:12]
{} 13/01/2022 - 07:12
{} bbc.in/3xYz
{} youtu.be/x
{} 3 hours ago
{}. 3 days ago
{} - 3 days ago
{} - 12 May
{} (13.01.22 07:12)
{} https://t.co/Ab3
{} www.site.net
{} #war
{} - Dawn.com
{} - news.bbc.co.uk
{} :: Politics
{} » World
{} - live
{} | The Guardian
{} - CNN.com
{} - RT
{} — Reuters
{} Read more »
{}. Click here to read more
{} May 12, 2023, 10:32 AM ET
{} (CNN)
{} (Reuters, AP)
{}. Photo: Jane Doe/AFP
{}. Photograph: Jane Doe/Getty Images
{} Source: Reuters
{}. Posted yesterday
{} 10:32 GMT, 12 May 2023
{}. Published 10:32 AM, May 12, 2023
{}. Updated Friday
{} (Updated: 12 May 2023 10:32 GMT+2)
{} | Reuters
{} - DW
{} - South China Morning Post
{} - Channel NewsAsia
{} [Reuters]
{} (AFP/Getty Images)
{} - Sat, 3 Nov 2023
{} Fri, 3 Nov 2023 10:32:00 GMT
{} 2 mins ago
{}. Continue reading...
{}. Click here for more.
{} [Read more]
{} (read more...)
{} Image source, Getty Images
{} © 2023 Site.net. All rights reserved.
{} Copyright 2023 AFP
{}. Reporting by Jane Doe; editing by John Roe
{}. Additional reporting by Jane Doe in Kyiv
{}. Share
{} Print Email Share
{}. Comments (12)
{} Share on Facebook
{} Subscribe now
{} – as it happened
""".strip("\n").split("\n")
KEPT = """
Monday talks - Kremlin
Russia - Ukraine war
Hamas - Israel truce
May hits back
Iran, Iraq - old foes - sign pact
Iran, Iraq - Old Foes - Sign Pact
Photo shows troops
By midnight the army had left
12 May marked the truce
Gaza war | Hamas rejects ceasefire offer
Gaza war » Hamas rejects ceasefire offer
Gaza war :: Hamas rejects ceasefire offer
The army signed the truce on 12 May 2023
The army signed the truce on Monday, 12 May 2023
The raid began at 10:32 GMT
The truce was signed 3 days ago.
The war began about 3 hours ago
NATO - Russia talks resume in Geneva
BHUTAN - King and prime minister sign the treaty
EU–China summit ends without a deal
IAEA–Iran talks collapse over inspectors
AP-led poll finds support for truce
March 14 Alliance wins Lebanon vote
October 7 Attacks remembered in Israel
2.50 Million Flee Sudan fighting
Deaths were war-related
Aid groups want people to read more
Hamas, Israel - Truce holds for the third day running
Imran Khan rejects talks - PTI
Israel must stop raids - PA
Talks between 10 - 12 May 2023
Strikes from 10:30 to 11:00
Source close to Hamas says talks are over
Video of the raid shows soldiers firing
May 12-15 summit agreed by leaders
Credit: a word that banks fear
The minister said: "Updated maps show the border"
He lives in the U.S. and works in the U.K.
Live fire kills two protesters in Hebron
Watch groups condemn the strike
Russia and Ukraine sign and/or reject the deal
Over 100 killed in Syria in 3 hours
Israel, Hamas agree truce - sources
Share this burden, minister tells EU
The Guardian of the Holy Places dies
Updated maps show troops near border
Ukraine, Russia — Talks to resume
Times of war - Times of peace
The crisis may end by 12 May
US–Iran talks resume
José’s party rejects “naïve” peace – again
By Friday
By Vladimir Putin's order the army withdrew
«No deal» says minister as talks fail
The ceasefire holds, 3 - 2 in favour
Talks resume - Nov elections loom
March on Kabul halted
Truce on Friday | Talks on Monday
The court struck down Law No. 27 January
Share Prices Fall In Kuwait
Shares tumble as talks fail
Iran blocks Facebook Twitter
Opinion: embargoes never worked
2.5 million flee
Reporting by Amnesty shows that 30 died
The army said the editing by censors went on
Copyright 2023 rules anger Turkish press unions too much for them to bear
x < y and y > z, says the envoy
""".strip("\n").split("\n")

SPACES = [
    "\t",
    "\n",
    "\r\n",
    "  ",
    *map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)),
]
INVISIBLE = list(
    map(
        chr,
        (
            *(0, 0x0B, 0x1F, 0x7F, 0x85, 0xAD, 0x34F, 0x61C, 0x180E, 0x200B, 0x200E, 0x202A, 0x2060, 0x2066, 0xFE0F),
            *(0xFEFF, 0xFFFE, 0x1B, 0xE0041),
        ),
    )
)
# What is written for an apostrophe, a dash, a letter and so on.
MISREAD = (
    "&#39; #39; &amp;#8217; â€™ â€” Ã© Â&nbsp; вЂ™ ﬁ ﬂ ｆ Ａ e\u0301 \u212a \u2126 √© ‚Äô ├⌐ quot; &lt; ¬ \x92 Å¡ <b> </p> <3 \\n \u2011 \u02bc"
).split(" ")
SENTENCES = [
    "The army fired on the crowd",
    "Hamas rejects the offer.",
    "José’s party – “naïve” – wins",
    "Will it hold?",
    "Truce holds",
    "Iran",
    "",
]


def both_ways(text):
    """The text as `clean_text` and `clean` return it, which must agree."""
    expected = clean_text(text)
    assert clean([text]).to_pylist() == [expected]
    assert clean([text, *["Truce holds"] * 60]).to_pylist()[0] == expected  # many texts are looked through first
    return expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from([*PIECES, "\n", "", " "]), max_size=12).map(" ".join), max_size=6))
def test_the_texts_to_look_at_are_those_that_any_pattern_fits(texts):
    column = as_strings([*texts, "Truce holds"])
    patterns = [pattern for pattern, _ in (*_SUSPECT, *_SUSPECT_PAIRS)]
    expected = np.any([booleans(pc.match_substring_regex(column, pattern)) for pattern in patterns], axis=0)
    assert suspects(column).tolist() == expected.tolist()
    assert suspects(column.slice(1)).tolist() == expected[1:].tolist()


def test_a_semicolon_alone_is_no_reason_to_look_but_an_entity_is():
    assert suspects(as_strings(["Talks end; troops leave", "No quot;deal quot; yet"])).tolist() == [False, True]


def test_two_spaces_are_found_within_a_text_only_and_across_blocks():
    texts = ["Truce ", " holds", "Truce  holds", "x" * 65_535 + "  y", "x" * 65_530 + " ", "y", "See WwW.site.net now"]
    assert suspects(as_strings(texts[2:4])).tolist() == [True, True]
    assert suspects(as_strings(["a"] * 5 + ["Truce holds", "y"])).sum() == 0
    assert clean(texts).to_pylist() == [clean_text(text) for text in texts]


def test_a_column_is_cleaned_as_its_texts_are():
    texts = ["KABUL (Reuters) - The army didn&#39;t fire.", "", "Truce holds", "War in X | Site.NET"]
    assert clean(texts).to_pylist() == [clean_text(text) for text in texts]
    assert clean([]).to_pylist() == []


@settings(max_examples=250, deadline=None)
@given(
    st.lists(st.sampled_from(HEADS), max_size=2),
    st.sampled_from([*SENTENCES, *KEPT]),
    st.sampled_from(["", *MISREAD, *SPACES, *INVISIBLE, *PIECES]),
    st.integers(0, 40),
    st.lists(st.sampled_from(TAILS), max_size=2),
)
@example([], "The minister,  who had praised the truce a month earlier,  expelled the envoy.", "", 0, [])
def test_the_column_and_the_single_text_agree_on_every_edge_and_trouble(heads, sentence, trouble, place, tails):
    broken = sentence[:place] + trouble + sentence[place:]
    for edge in (*heads, *tails):
        sentence, broken = edge.format(sentence), edge.format(broken)
    both_ways(broken)
    both_ways(trouble + sentence + trouble)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*PIECES, *SPACES, *INVISIBLE, *MISREAD, *" .,:-/()|"]), max_size=14),
    st.sampled_from(["", " "]),
)
def test_the_column_and_the_single_text_agree_on_mixed_pieces(pieces, between):
    both_ways(between.join(pieces))


@pytest.mark.parametrize("head", HEADS)
def test_a_head_is_stripped(head):
    assert both_ways(head.format("The army fired on the crowd.")) == "The army fired on the crowd."


@pytest.mark.parametrize("tail", TAILS)
def test_a_tail_is_stripped_and_the_full_stop_before_it_stays(tail):
    stop = "." if "{}. " in tail else ""
    assert both_ways(tail.format("The army fired on the crowd")) == "The army fired on the crowd" + stop
    assert both_ways(tail.replace("{}.", "{}").format("Has the army fired?")) == "Has the army fired?"


def test_looking_at_the_outermost_words_and_characters_hides_no_match(monkeypatch):
    texts = [
        head.replace("{}", tail.replace("{}", text))
        for text in ("The army fired on the crowd", "REBELS SEIZE TOWN")
        for head in (*HEADS, "{}")
        for tail in (*TAILS, "{}")
    ]
    expected = [clean_text(text) for text in [*texts, *KEPT]]
    for name in ("HEADS", "TAILS"):
        plain = Edges(Pattern(pattern._source) for pattern in getattr(cleaning, name)._patterns)
        monkeypatch.setattr(cleaning, name, plain)
    assert [clean_text(text) for text in [*texts, *KEPT]] == expected


@pytest.mark.parametrize("text", KEPT)
def test_a_text_that_only_resembles_an_edge_stays(text):
    assert both_ways(text) == text


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from("army talks truce fired crowd said on the Kabul Iran minister".split()), min_size=1, max_size=12
    )
)
def test_a_clean_text_is_left_as_it_is(words):
    for end in ("", ".", "?"):
        text = " ".join(words) + end
        assert not suspects(as_strings([text])).any()
        assert both_ways(text) == text


@pytest.mark.parametrize("space", [*SPACES, "   "])
def test_any_space_becomes_an_ordinary_one(space):
    assert both_ways(f"The minister,{space}who left,{space}returned.") == "The minister, who left, returned."


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("ﬁre Ａrmy", "fire Army"),
        ("Jose\u0301 itâ€™s", "José it’s"),
        ("itвЂ™s on", "it’s on"),
        ("don#39;t &amp;#39;go&amp;#39;", "don't 'go'"),
        ("ac-\ncept it", "accept it"),
        ("ac\xad\ncept it", "accept it"),
        ("ac¬\r\n cept it", "accept it"),
        ("re\u2011open the minister\u02bcs", "re-open the minister's"),
        ("<p>The <b>army</b> fired.</p>", "The army fired."),
        ("&lt;p&gt;The army fired.&lt;/p&gt;", "The army fired."),
        ('The <a href="x" target=\\"_top\\">army</a> fired', "The army fired"),
        ("Talks end.\\nTroops leave", "Talks end. Troops leave"),
        *((f"The ar{one}my fi{one}red", "The army fired") for one in "\u034f\u061c\u180e\ufe0f\U000e0041"),
    ],
)
def test_broken_characters_are_repaired(broken, whole):
    assert both_ways(broken) == whole


@pytest.mark.parametrize("edge", ["{} | Reuters", "{} (Photo: AFP)", "UPDATE 1-{}", "Reuters - {}"])
def test_an_edge_stays_if_too_little_would_be_left(edge):
    assert both_ways(edge.format("Iran")) == edge.format("Iran")


@pytest.mark.parametrize("site", ["BBC News", "The New York Times", "Site.net"])
def test_a_headline_in_capitals_before_a_site_is_no_dateline(site):
    assert both_ways(f"REBELS SEIZE TOWN — {site}") == "REBELS SEIZE TOWN"


def test_several_parts_after_bars_are_stripped_up_to_the_headline():
    assert both_ways("Hamas rejects ceasefire offer | Gaza war | Al Jazeera") == "Hamas rejects ceasefire offer"
    assert (
        both_ways("Gaza war | Hamas rejects ceasefire offer | BBC News") == "Gaza war | Hamas rejects ceasefire offer"
    )


@pytest.mark.parametrize("names", ["ACTORS", "AGENCIES", "AMBIGUOUS", "COUNTRIES", "OUTLETS"])
def test_the_lists_of_names_are_sorted_and_hold_no_name_twice(names):
    found = [" ".join(name.split()) for name in getattr(outlets, names).split(",")]
    assert found == sorted(set(found), key=lambda name: (name.casefold(), name))


@pytest.mark.parametrize(
    "text",
    [
        "C" * 90 + " urges b=oths",
        "A" + "-" * 50_000,
        "a-" + "\n" * 50_000 + "1",
        "@a " * 50_000,
        "Aa " * 130 + "(",
        "A.A " * 100 + "/",
        "1:11 " * 80,
        "a." * 200 + "/",
        "By A " + "A " * 300 + "\n",
        "May 1, " * 60,
        "| " * 200,
        "(AP " + "A/A " * 99,
    ],
    ids=range(12),
)
def test_no_text_takes_longer_than_its_length_lets_it(text):
    """Found by fuzzing: 60 capitals in a row took the pattern of datelines minutes."""
    start = time.process_time()
    assert len(clean([text, text[::-1]])) == 2
    assert time.process_time() - start < 5
