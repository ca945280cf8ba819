"""Explanations: the words add up, what is left out says why, pages hold no script."""

import json

import numpy as np
import pytest
from scipy.special import softmax

from pipeline.arrays.arrow import as_strings
from pipeline.explain.explanation import explain_text, fragment, mark_of, write_page
from pipeline.score.evidence import explain_relevance
from pipeline.score.slopes import mean_softmax, nodes_for
from tests import forked

ARTICLE = "Rebels attacked a town and killed five soldiers. The army didn't reject the talks.\n\nRebels attacked a town and killed five soldiers.\n\nok then"


def test_the_mean_slope_is_exact_however_far_the_log_odds_move():
    rng = np.random.default_rng(7)
    start = rng.normal(0, 2, 9)
    for span in (1e-9, 0.01, 1, 4, 9, 15, 30):
        step = rng.uniform(-span / 2, span / 2, (9, 50))
        step[:2] = np.array([[-span / 2], [span / 2]])
        (n_nodes,) = set(nodes_for(step.max(axis=0) - step.min(axis=0)))
        end = start[:, None] + step
        rise = np.logaddexp.reduce(end) - np.logaddexp.reduce(start)
        mean = mean_softmax(start[:, None], end, rise, n_nodes)
        assert np.abs((mean * step).sum(axis=0) - rise).max() < 1e-9
        assert np.abs(mean.sum(axis=0) - 1).max() < 1e-12
        points = start[:, None, None] + step[:, None] * (np.arange(4_000) + 0.5)[:, None] / 4_000
        slow = softmax(points, axis=0).mean(axis=1)
        assert np.abs((mean - slow) * step).max() < 3e-6


def test_the_words_and_the_base_add_up_to_the_log_odds(model):
    for sentence in explain_text(model, ARTICLE).sentences:
        assert sentence.base + sum(piece.weight for piece in sentence.pieces) == pytest.approx(
            sentence.log_odds, abs=1e-6
        )
    first = explain_text(model, ARTICLE).sentences[0]
    assert "".join(piece.text for piece in first.pieces) == "Rebels attacked a town and killed five soldiers."
    assert max(first.pieces, key=lambda piece: piece.weight).text in ("attacked", "killed")


def test_repeats_and_what_is_left_out_are_said(model):
    found = explain_text(model, ARTICLE)
    assert [sentence.repeats for sentence in found.sentences] == [2, 1, 1]
    assert found.sentences[2].left_out == "too short"
    assert found.stance == "escalation"


def test_the_words_that_make_a_text_irrelevant_are_named_and_add_up(model):
    texts = ["The striker scored twice in the cup final.", "Peru's army shelled a town.", ""]
    found = explain_relevance(model, texts)
    marks = model.weights.vocabulary.read(as_strings(texts)).marks @ model.weights.marks
    for row, log_odds in enumerate(found.log_odds):
        words = sum(weight for _, weight in found.of(row))
        assert found.base + words + marks[row] == pytest.approx(log_odds, abs=1e-9)
    striker, army = explain_text(model, " ".join(texts)).sentences
    assert striker.left_out == "no politics" and all(weight < 0 for _, weight in striker.against)
    assert 1 <= len(striker.against) <= 3 and not army.against


def test_marks_tell_the_side_and_the_strength():
    assert [mark_of(w) for w in (1.0, 0.3, 0.29, -0.3, -1.0)] == ["up2", "up1", "", "down1", "down2"]


def test_a_page_stands_on_its_own_and_shows_html_as_text(model, tmp_path):
    found = explain_text(model, "<script>alert(1)</script> Rebels attacked the town.")
    html = write_page(found, tmp_path / "a.html", "<b>title</b>").read_text()
    assert "<script" not in html and "<b>" not in html and "http" not in html
    assert fragment(found) == found._repr_html_()
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


GIVEN = (
    "Menu\n\nRead more: Army didn't fire on Tarva\n\nArmy didn&#39;t fire on Tarva\n\nBy Jane Doe\n"
    "KABUL (AFP) - Gunmen at\u00adtacked the cease-\nfire monitors at the caf\u00c3\u00a9. Rebels killed six sol&shy;diers.\n\n"
    "Rebels killed six soldiers.\nhttps://t.co/x\n"
)


def test_sentences_and_words_have_their_places_in_the_text_as_given(model):
    found = explain_text(model, GIVEN)
    assert [GIVEN[one.start : one.end] for one in found.sentences] == [
        "Army didn&#39;t fire on Tarva",
        "KABUL (AFP) - Gunmen at\u00adtacked the cease-\nfire monitors at the caf\u00c3\u00a9.",
        "Rebels killed six sol&shy;diers.",
        "https://t.co/x",
    ]
    assert [one.text for one in found.sentences] == [
        "Army didn't fire on Tarva",
        "Gunmen attacked the ceasefire monitors at the café.",
        "Rebels killed six soldiers.",
        "",
    ]
    pieces = [piece for one in found.sentences for piece in one.pieces]
    broken = {piece.text: GIVEN[piece.start : piece.end] for piece in pieces if piece.text.isalpha()}
    differ = {text: given for text, given in broken.items() if text != given}
    assert differ == {
        "attacked": "at\u00adtacked",
        "ceasefire": "cease-\nfire",
        "café": "caf\u00c3\u00a9",
        "soldiers": "sol&shy;diers",
    }


def test_all_of_a_text_is_shown_as_given(model):
    found = explain_text(model, GIVEN)
    passages = list(found.passages())
    shown = [one if isinstance(one, str) else "".join(text for text, _ in found.shown(one)) for one in passages]
    assert "".join("".join(shown).split()) == "".join(GIVEN.split())
    assert next(found.shown(found.sentences[1])) == ("KABUL (AFP) - ", None)
    html = fragment(found)
    assert '<span class="unread">KABUL (AFP) - </span>' in html and ">at\u00adtacked</mark>" in html
    assert '<p class="unread">Menu\n\nRead more: Army didn&#39;t fire on Tarva</p>' in html


def test_rows_of_an_explanation_are_json_lines_with_places(folder, tmp_path):
    text = "Police ar\u00adrested 40 people.\x7f It rained."
    done = forked.run(["explain", text, "-m", folder, "--format", "jsonl", "--html", "a.html"], tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [text[row["start"] : row["end"]].strip("\x7f ") for row in rows] == [
        "Police ar\u00adrested 40 people.",
        "It rained.",
    ]
    words = {one["words"]: text[one["start"] : one["end"]] for one in rows[0]["evidence"]}
    assert words["arrested"] == "ar\u00adrested"
    assert sum(one["weight"] for one in rows[0]["evidence"]) + rows[0]["base"] == pytest.approx(rows[0]["log_odds"])
    assert done.stderr == "wrote a.html\n"
    done = forked.run(["explain", text, "-m", folder, "--format", "csv"], tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        "error: unknown output format 'csv'; expected table or jsonl (--format)\n",
    )
