"""What the corpus promises in `data/README.md`, as far as a program can check it."""

import re
import runpy
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from Stemmer import Stemmer

from pipeline.corpus.labelled import read_labelled
from pipeline.corpus.near import near_pairs
from pipeline.stance import APPEAL, EVENTS, LABELS, OTHER, STANCES, stance_of
from pipeline.text.lexicon import learn
from pipeline.text.words import FUNCTION_WORDS
from tests.conftest import DATA, SHARED, snippets

SNIPPETS = pd.DataFrame(snippets())
CODEBOOK = pd.read_csv(DATA / "codebook.csv", dtype=str, keep_default_na=False)
OTHER_NEWS = pd.read_csv(DATA / "other_news.csv", dtype=str, keep_default_na=False)
HELD_OUT = pd.read_csv(DATA / "heldout.csv", dtype=str, keep_default_na=False)
# Verbs and nouns of conflict and diplomacy that everyday news uses too; any form of a word counts.
SHARED_WORDS = """
    accept accuse agree aid alliance ally appeal arrest attack back ban battle beat block blow bomb boycott
    break capture charge chief clash collapse condemn conflict crisis cut deal defeat defend demand deny deploy
    dispute drop end expel face fight fire force free halt help hit invade jail join kill launch leader lift
    lose meet negotiate offer open order oust peace plan pledge praise probe protest pull push raid rally reject
    release resign resume retreat return row rule sanction seize shoot shot sign slam split start stop strike
    struck sue summit support surrender suspend take talk target tension threat threaten truce urge veto victory
    visit vote vow war warn welcome win withdraw won
""".split()


def test_the_tables_have_their_columns_and_only_known_event_types():
    assert list(SNIPPETS) == list(OTHER_NEWS) == list(HELD_OUT) == ["id", "event", "text"]
    assert list(CODEBOOK) == ["event", "phrase"]
    assert set(SNIPPETS.event) == {*EVENTS, APPEAL}
    assert set(CODEBOOK.event) == set(LABELS)
    assert set(OTHER_NEWS.event) == {OTHER}
    assert set(HELD_OUT.event) == set(EVENTS)


def test_ids_are_unique_and_texts_are_clean():
    assert SNIPPETS.id.is_unique
    assert OTHER_NEWS.id.is_unique
    for text in [*SNIPPETS.text, *OTHER_NEWS.text, *CODEBOOK.phrase, *HELD_OUT.text]:
        assert text == " ".join(text.split()) != ""
        assert text.isprintable()


def test_every_event_type_has_its_share():
    assert len(SNIPPETS) >= 14_000
    assert SNIPPETS[SNIPPETS.event != APPEAL].event.value_counts().min() >= 650
    assert (SNIPPETS.event == "NEUTRAL").sum() >= 3000
    assert CODEBOOK[CODEBOOK.event != APPEAL].event.value_counts().min() >= 250
    assert len(CODEBOOK) >= 5000


def test_two_thirds_of_other_news_use_words_of_conflict_and_diplomacy():
    stem = Stemmer("english").stemWords
    stems = set(stem(SHARED_WORDS))
    shared = [not stems.isdisjoint(stem(re.findall("[a-z]+", text.lower()))) for text in OTHER_NEWS.text]
    share, words = re.search(r"(\d+) % of its lines use one of (\d+) words", (DATA / "README.md").read_text()).groups()
    assert (round(100 * np.mean(shared)), len(SHARED_WORDS)) == (int(share), int(words))
    assert np.mean(shared) > 0.6


def test_no_text_stands_under_two_labels():
    both = pd.concat(
        [SNIPPETS[["event", "text"]], OTHER_NEWS[["event", "text"]], CODEBOOK.rename(columns={"phrase": "text"})]
    )
    labels = both.groupby(both.text.str.casefold()).event.nunique()
    assert list(labels[labels > 1].index) == []


@pytest.mark.parametrize(("frame", "column"), [(SNIPPETS, "text"), (OTHER_NEWS, "text"), (CODEBOOK, "phrase")])
def test_no_near_copies_within_a_label(frame, column):
    texts, events = list(frame[column]), list(frame.event)
    assert [(texts[i], texts[j]) for i, j in near_pairs(texts) if events[i] == events[j]] == []


def test_no_held_out_snippet_is_near_to_one_that_is_trained_on():
    trained = [*SNIPPETS.text, *OTHER_NEWS.text, *CODEBOOK.phrase]
    pairs = near_pairs([*trained, *HELD_OUT.text], floor=0.6)
    assert [p for p in pairs.tolist() if p[0] < len(trained) <= p[1]] == []


def test_no_five_word_opening_stands_more_than_eight_times():
    openings = Counter(" ".join(re.findall(r"\w+", text.lower())[:5]) for text in SNIPPETS.text)
    assert {o: n for o, n in openings.items() if n > 8} == {}


def test_no_skeleton_of_function_words_recurs_like_a_template():
    skeletons = Counter()
    for text in SNIPPETS.text:
        words = [word if word in FUNCTION_WORDS else "_" for word in re.findall(r"\w+", text.lower())]
        skeleton = re.sub(r"(_ )+_", "_", " ".join(words))
        skeletons[skeleton] += 1
    common = {s: n for s, n in skeletons.items() if n > 0.003 * len(SNIPPETS) and len(s.split()) > 6}
    assert common == {}


def test_no_actor_owns_a_stance():
    """Every actor named 30 times or more is on the rising side as often as the corpus, give or take 0.3."""
    common = set(learn(list(SNIPPETS.text)).common.to_pylist())
    rising = (SNIPPETS.event.map(stance_of) == STANCES[0]).to_numpy()
    rows_of = {}
    for row, text in enumerate(SNIPPETS.text):
        for name in set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", text)):
            if name.lower() not in common:
                rows_of.setdefault(name, []).append(row)
    shares = {name: rising[rows].mean() for name, rows in rows_of.items() if len(rows) >= 30}
    assert len(shares) > 20
    assert {name: share for name, share in shares.items() if abs(share - rising.mean()) > 0.3} == {}


def test_the_corpus_is_read_by_the_product_and_has_all_rows():
    corpus = read_labelled([DATA])
    assert len(corpus) == len(SNIPPETS) + len(OTHER_NEWS) + len(CODEBOOK)
    assert np.array_equal(np.unique(corpus.stances.astype(str)), np.unique(STANCES))


ORIGINALITY = SHARED / "tools" / "originality.py"
GOLD = [SHARED / "gold", SHARED / "cases"]


def vectors(ours, theirs):
    """The tool's vectors of both.

    No n-gram crosses a space: the n-grams of a text are those of its words, and each word is taken apart once.
    """
    texts = CountVectorizer(analyzer=lambda text: text.lower().split(), dtype=np.float32)
    words = CountVectorizer(analyzer="char_wb", ngram_range=(4, 6), dtype=np.float32)
    counts = texts.fit_transform([*theirs, *ours])
    counts = counts @ words.fit_transform(texts.get_feature_names_out())
    counts = counts[:, counts[: len(theirs)].getnnz(axis=0) > 0]
    weights = TfidfTransformer().fit(counts[: len(theirs)])
    return weights.transform(counts[len(theirs) :]), weights.transform(counts[: len(theirs)])


def near_ones(given, known, least, usual=5000):
    """Which of our texts have a cosine of ``least`` or more with one of theirs, once for each such pair, and the cosines.

    Nearly all the work of a cosine is for the n-grams that many texts share. The ``usual`` ones are left out of the
    product of all pairs. The norms of both texts in them bound what they would add; few pairs pass that bound.
    """
    order = np.argsort(-known.getnnz(axis=0).astype(float) * given.getnnz(axis=0))
    often, seldom = order[:usual], order[usual:]
    left, left_known = (np.sqrt(np.asarray(rows[:, often].power(2).sum(axis=1)).ravel()) for rows in (given, known))
    least = least - 1e-4  # more than single precision loses
    rare, rare_known = given[:, seldom], known[:, seldom].T.tocsr()
    mine = np.flatnonzero(left * left_known.max() >= least)
    yours = np.flatnonzero(left_known * left.max() >= least.min())
    # These pass the bound even where they share none of the other n-grams.
    alone = np.argwhere(np.outer(left[mine], left_known[yours]) >= least[mine, None])
    pairs = [np.stack([mine[alone[:, 0]], yours[alone[:, 1]]])]
    for start in range(0, len(least), 500):
        product = (rare[start : start + 500] @ rare_known).tocoo()
        row = product.row + start
        kept = product.data + left[row] * left_known[product.col] >= least[row]
        pairs.append(np.stack([row[kept], product.col[kept]]))
    row, column = np.unique(np.concatenate(pairs, axis=1), axis=1)
    cosine = np.asarray(given[row].multiply(known[column]).sum(axis=1)).ravel()
    return row[cosine >= least[row]], cosine[cosine >= least[row]]


@pytest.mark.slow
@pytest.mark.shared
def test_no_text_stands_near_a_gold_sentence():
    """What the tool says of all pairs of texts, in a quarter of its time."""
    tool = ORIGINALITY.read_text()
    assert 'analyzer="char_wb", ngram_range=(4, 6)' in tool and "args.floor if len(t.split()) >= 8 else 0.85" in tool
    texts = runpy.run_path(str(ORIGINALITY))["texts"]
    files = [path for path in sorted(DATA.rglob("*")) if path.suffix in {".csv", ".tsv", ".jsonl"}]
    ours = [text for path in files for text in texts(path, 6)]
    theirs = [text for folder in GOLD for path in sorted(folder.glob("*.[ct]sv")) for text in texts(path, 6)]
    planted = theirs[::500]  # as near to themselves as can be
    least = np.array([0.65 if len(text.split()) >= 8 else 0.85 for text in ours] + [0.99] * len(planted))
    row, _ = near_ones(*vectors([*ours, *planted], theirs), least)
    assert set(range(len(ours), len(least))) <= set(row)
    assert [ours[i] for i in row if i < len(ours)] == []


def test_the_near_texts_are_those_of_all_cosines():
    """And the vectors are scikit-learn's own."""
    theirs, ours = SNIPPETS.text[:300].tolist(), SNIPPETS.text[300:800].tolist()
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 6), dtype=np.float32)
    known = vectorizer.fit_transform(theirs)
    best = (vectorizer.transform(ours) @ known.T).max(axis=1).toarray().ravel()
    least = np.where(np.arange(500) % 2, 0.15, 0.2)
    assert 50 < (best >= least).sum() < 450
    compared = vectors(ours, theirs)
    for usual in (0, 100, 5000):
        row, cosine = near_ones(*compared, least, usual)
        assert np.array_equal(np.unique(row), np.flatnonzero(best >= least - 1e-4))
        assert pd.Series(cosine).groupby(row).max().to_numpy() == pytest.approx(best[np.unique(row)], abs=1e-5)


@pytest.mark.shared
def test_no_short_text_is_one_of_the_gold_texts():
    """The tool skips texts of fewer than six words; three words ("Truce in Tigray") may meet by chance."""
    texts = runpy.run_path(str(ORIGINALITY))["texts"]

    def plain(text):
        return tuple(re.findall(r"\w+", text.lower()))

    theirs = {plain(text) for folder in GOLD for path in sorted(folder.glob("*.[ct]sv")) for text in texts(path, 4)}
    ours = {plain(text) for path in sorted(DATA.rglob("*.csv")) for text in texts(path, 4)}
    assert len(theirs) > 10_000
    assert {words for words in ours & theirs if len(words) >= 4} == set()
