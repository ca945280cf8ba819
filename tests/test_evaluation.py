"""Leaks, baselines, slices, comparison, reports and drift."""

import base64
import json
import re
import shutil
import subprocess
import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from pipeline.corpus.labelled import Corpus, read_labelled
from pipeline.corpus.near import is_near, signatures_of
from pipeline.errors import InputError
from pipeline.evaluate.comparison import compare
from pipeline.evaluate.drift import category_psi, drift, psi
from pipeline.evaluate.evaluation import baseline_proba, evaluate, training_corpus
from pipeline.evaluate.pictures import risk_coverage
from pipeline.evaluate.report import write_report
from pipeline.evaluate.slices import slices
from pipeline.model.store import load_signatures
from tests.conftest import DATA
from tests.test_corpus import jaccard_by_hand
from tests.test_evaluate import made_up


@pytest.fixture(scope="module")
def held_out():
    return read_labelled([DATA / "heldout.csv"])


@pytest.fixture(scope="module")
def done(model, held_out, corpus):
    return evaluate(model, held_out, load_signatures(model), corpus)


def long_texts(corpus):
    return [text for text in corpus.texts if len(text) > 60]


def test_planted_near_copies_are_found_and_others_are_not(corpus, held_out):
    texts = long_texts(corpus)
    seen = signatures_of(texts)
    copies = [text.replace(text.split()[2], "indeed", 1) for text in texts]
    copies = [copy for copy, text in zip(copies, texts) if jaccard_by_hand(copy, text) >= 0.7]
    assert len(copies) > 200
    assert is_near(seen, copies).mean() >= 0.95
    assert is_near(seen, list(held_out.texts)).mean() < 0.005


def test_leaked_rows_are_left_out_of_the_headline_and_shown_beside_it(model, corpus, held_out):
    planted = corpus.take(np.flatnonzero(np.char.str_len(corpus.texts.astype(str)) > 60)[:40])
    names = ("texts", "events", "stances", "sources", "quads")
    both = Corpus(*(np.concatenate([getattr(held_out, n), getattr(planted, n)]) for n in names))
    found = evaluate(model, both, load_signatures(model))
    assert (found.rows, found.leaked) == (len(held_out), 40)
    alone = evaluate(model, held_out, load_signatures(model))
    assert found.figures == alone.figures
    assert found.figures_with_leaked["three_way.accuracy"].value > found.figures["three_way.accuracy"].value
    assert "left out: 40 snippets in or near the training texts" in " ".join(found.warnings)


def test_an_evaluation_on_nothing_but_training_texts_is_an_error(model, corpus):
    with pytest.raises(InputError, match=r"others in or near the training texts\); give other snippets"):
        evaluate(model, corpus.take(np.arange(60)), load_signatures(model))


def test_the_training_texts_are_found_again_only_if_unchanged(run, tmp_path):
    from pipeline.model.store import load

    path = tmp_path / "rows.csv"
    path.write_text(
        "event,text\n" + "\n".join(f'{e},"{t}"' for e, t in (("AID", "Food came."), ("ACCUSE", "A blames B.")))
    )
    from dataclasses import replace

    from pipeline.corpus.labelled import read_labelled

    model = load(replace(run, corpus=read_labelled([path])).save(tmp_path / "m"))
    assert len(training_corpus(model)) == 2
    path.write_text("event,text\nAID,Food came late.\n")
    assert training_corpus(model) is None
    path.unlink()
    assert training_corpus(model) is None


def test_baselines_are_what_their_names_say(corpus):
    corpus = corpus.take(np.arange(0, len(corpus), 4))
    phrases = [text for text in corpus.texts if len(text.split()) == 3 and text.islower()][:3]
    proba = baseline_proba(corpus, np.array([*phrases, "qwx"], object))
    shares = [(corpus.stances == s).mean() for s in ("escalation", "de-escalation", "neutral")]
    assert proba["commonest stance"][0] == pytest.approx(shares)
    truth = [corpus.stances[list(corpus.texts).index(phrase)] for phrase in phrases]
    votes = [("escalation", "de-escalation", "neutral")[k] for k in proba["phrase dictionary"][:3].argmax(axis=1)]
    assert votes == truth
    assert proba["phrase dictionary"][3] == pytest.approx(shares)
    assert all(np.allclose(table.sum(axis=1), 1) for table in proba.values())


def test_the_model_beats_guessing_and_the_phrase_dictionary(done):
    ours = done.figures["three_way.macro_f1"].value
    for name in ("commonest stance", "phrase dictionary"):
        assert ours > done.baselines[name]["three_way.macro_f1"].value


def test_slices_hold_the_rows_they_name_and_mark_the_weak(model):
    texts = ["Talks were held.", "NATO SENDS SHIPS", "In 1994 talks were not held in Rome at all."] * 40
    column = np.array(texts, object)
    events = np.array(["CONSULT", "MOBILIZE", "REJECT"] * 40, object)
    corpus = Corpus(column, events, events, np.array(["a", "b", "b"] * 40, object))
    right = np.array([True, False, True] * 40)
    found = {(s.kind, s.name): s for s in slices(corpus, right, model.weights.vocabulary.lexicon)}
    assert found["event type", "MOBILIZE"].rows == 40
    assert (found["decade", "1990s"].rows, found["reversal", "with a reversing word"].rows) == (40, 40)
    assert (found["form", "headline"].rows, found["source", "b"].accuracy) == (40, 0.5)
    assert found["event type", "MOBILIZE"].worse and not found["event type", "CONSULT"].worse
    assert found["actor", "ITA"].rows == 40


def test_rows_picked_at_random_are_measured_apart_and_the_others_warned_of(model, held_out, tmp_path):
    part = held_out.take(np.arange(0, len(held_out), 2))
    rows = [
        (text, stance, "unsure" if k % 3 else " random")
        for k, (text, stance) in enumerate(zip(part.texts, part.stances))
    ]
    pd.DataFrame(rows, columns=["text", "stance", "Picked"]).to_csv(tmp_path / "picked.csv", index=False)
    read = read_labelled([tmp_path / "picked.csv"])
    assert read.picked.tolist() == [picked.strip() for _, _, picked in rows]
    found = evaluate(model, read)
    (apart,) = (one for one in found.slices if (one.kind, one.name) == ("picked", "random"))
    assert apart.rows == (read.picked == "random").sum()
    assert (
        f"{len(read) - apart.rows} snippets picked because a model was unsure of them: the figures are lower than for the "
        f"whole pool, which only rows picked at random represent ({apart.rows} here; {apart.accuracy:.0%} of their stances are "
        "right)"
    ) in found.warnings
    alone = evaluate(model, read.take(read.picked == "random"))
    assert not any("unsure" in warning for warning in alone.warnings)


def test_a_comparison_is_paired():
    rows = made_up(600)
    worse = made_up(600)
    worse.proba[::10] = np.roll(worse.proba[::10], 1, axis=1)
    same = compare(rows, rows, np.arange(600), 200)
    assert all(f.low == f.value == f.high == 0 for f in same.differences.values())
    assert same.p_value == 1
    found = compare(rows, worse, np.arange(600), 400)
    assert found.differences["three_way.accuracy"].low > 0
    assert found.p_value == binomtest(found.only_first, found.only_first + found.only_second).pvalue < 0.05


def test_risk_at_full_coverage_is_the_error():
    rows = made_up(500)
    coverage, risk = risk_coverage(rows)
    assert coverage[-1] == 1
    assert risk[-1] == pytest.approx((rows.proba.argmax(axis=1) != rows.stance).mean())


def test_mistakes_are_the_most_confident_ones_with_evidence(done):
    sure = [mistake.probability for mistake in done.mistakes]
    assert sure == sorted(sure, reverse=True)
    assert all(mistake.true != mistake.given and mistake.evidence for mistake in done.mistakes)


@pytest.fixture(scope="module")
def pages(done, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write_report(done, model, "held <out>", folder)
    return folder


def test_the_page_carries_its_pictures_and_escapes_what_it_shows(pages):
    page = (pages / "report.html").read_text()
    assert "held &lt;out&gt;" in page and "held <out>" not in page
    pictures = re.findall(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)"', page)
    assert len(pictures) == 4
    assert all(base64.b64decode(data)[:4] == b"\x89PNG" and len(alt) > 20 for data, alt in pictures)
    assert not re.search(r'(?:src|href)="(?!data:)', page)


def test_the_three_forms_of_the_report_say_the_same(pages, done):
    facts = json.loads((pages / "report.json").read_text())
    value = done.figures["three_way.macro_f1"].value
    assert facts["figures"]["three_way.macro_f1"]["value"] == value
    for name in ("report.html", "report.md", "model-card.md"):
        assert f"{value:.3f}" in (pages / name).read_text()
    assert len(facts["slices"]) == len(done.slices) and len(facts["mistakes"]) == len(done.mistakes)


def test_the_pictures_of_the_markdown_lie_beside_it_and_have_alternative_texts(pages):
    found = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", (pages / "report.md").read_text())
    assert len(found) == 4
    assert all(len(alt) > 20 and (pages / name).read_bytes()[:4] == b"\x89PNG" for alt, name in found)


def test_the_model_card_has_its_sections_and_every_slice(pages, done):
    card = (pages / "model-card.md").read_text()
    for section in ("Intended use", "Data", "Figures by slice", "Limits", "How to reproduce"):
        assert f"## {section}" in card
    assert all(f"| {one.kind} | {one.name} |" in card for one in done.slices)


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is absent")
def test_the_page_opens_in_a_browser_without_an_error_or_a_missing_picture(pages, tmp_path):
    probe = """<script>
    window.addEventListener('load', () => { document.body.dataset.pictures =
      [...document.images].map(i => i.complete && i.naturalWidth > 0).join(); });
    </script></body>"""
    page = tmp_path / "probe.html"
    page.write_text((pages / "report.html").read_text().replace("</body>", probe))
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    flags += "--disable-component-update --disable-sync --enable-logging=stderr --v=0 --window-size=390,844 --dump-dom"
    command = ["chromium", *flags.split(), f"--user-data-dir={tmp_path}/profile", page.as_uri()]
    opened = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert 'data-pictures="true,true,true,true"' in opened.stdout
    assert "CONSOLE" not in opened.stderr


def test_population_stability_by_hand():
    assert category_psi(["a"] * 50 + ["b"] * 50, ["a"] * 25 + ["b"] * 75) == pytest.approx(
        -0.25 * np.log(0.5) + 0.25 * np.log(1.5)
    )
    assert psi(np.arange(1000), np.arange(1000)) == pytest.approx(0)


def scored(rng, n, shift=0.0, words=("talks", "troops")):
    tension = np.clip(rng.normal(shift, 0.4, n), -1, 1)
    stance = np.where(tension > 0.3, "escalation", np.where(tension < -0.3, "de-escalation", "neutral"))
    return {
        "tension": tension,
        "coverage": rng.uniform(0.8, 1, n),
        "stance": list(stance),
        "text": list(rng.choice(words, n)),
    }


def test_a_feed_that_stays_has_not_moved_and_one_that_shifts_has():
    rng = np.random.default_rng(1)
    before = scored(rng, 2000)
    assert not drift(before, scored(rng, 2000)).moved
    assert drift(before, scored(rng, 2000, shift=0.5)).moved
    new = drift(before, scored(rng, 2000, words=("talks", "vaccine")), known=frozenset(["ceasefire"]))
    assert new.new_words[0][0] == "vaccine"
    assert [shift.what for shift in new.shifts if shift.moved] == ["new words"]


def test_two_thousand_resamples_of_five_thousand_rows_take_about_a_second():
    """A generous bound: the figure itself is in the benchmarks."""
    from pipeline.evaluate.intervals import measure

    started = time.perf_counter()
    measure(made_up(5000), np.arange(5000), 2000)
    assert time.perf_counter() - started < 10
