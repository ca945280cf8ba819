"""Dates, copies, shares, turns and the pages of a timeline."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline.arrays.arrow import as_strings
from pipeline.errors import InputError
from pipeline.model.calibration import POLITICAL_SHARE
from pipeline.reader import Reader
from pipeline.timeline import output
from pipeline.timeline.copies import first_copies, first_same
from pipeline.timeline.dated_texts import DatedTexts, FeedOptions, dated_texts_of
from pipeline.timeline.dates import period_of, seconds_of
from pipeline.timeline.feed import Counts, dated_files, is_flagged_last, read_feed, records_of
from pipeline.timeline.gathered import gather
from pipeline.timeline.memberships import all_of, by_actors, by_column, by_elements
from pipeline.timeline.output import COLUMNS, matrix, page, rows_of, write_timeline
from pipeline.timeline.series import Period, Records, timeline
from pipeline.timeline.shares import banded, mixtures
from pipeline.timeline.turns import LEAST, turns
from tests import forked

NOW = datetime(2024, 6, 1, tzinfo=UTC)
PRIORS = np.array([0.35, 0.35, 0.3])
SHELLED = ["The army shelled the town.", "Rebels shelled the port."]


@pytest.mark.parametrize(
    "written",
    ["2024-03-05", "5 March 2024", "Tue, 05 Mar 2024 00:00:00 GMT", "2024-03-05T01:00:00+01:00", "2024/03/05",
     "5 March 2024 01:00 CET", "5 March 2024 12:00 AM", "March 5, 2024 05:30 +0530"],
)  # fmt: skip
def test_dates_are_read_as_people_write_them(written):
    seconds, reasons = seconds_of(pa.array([written]), now=NOW)
    assert (seconds[0], reasons) == (datetime(2024, 3, 5, tzinfo=UTC).timestamp(), {})


def test_a_day_and_a_month_that_cannot_be_told_apart_are_asked_for():
    with pytest.raises(InputError, match=r"date '03/04/2024': day and month cannot be told apart; .*--date-format"):
        seconds_of(pa.array(["03/04/2024"]), now=NOW)
    seconds, _ = seconds_of(pa.array(["03/04/2024"]), "%d/%m/%Y", now=NOW)
    assert seconds[0] == datetime(2024, 4, 3, tzinfo=UTC).timestamp()
    with pytest.raises(InputError, match=r"date '24-03-05': day and year cannot be told apart; .*%d-%m-%y or %y-%m-%d"):
        seconds_of(pa.array(["24-03-05"]), now=NOW)
    seconds, _ = seconds_of(pa.array(["25/04/2024"]), now=NOW)
    assert seconds[0] == datetime(2024, 4, 25, tzinfo=UTC).timestamp()


def test_a_time_whose_zone_may_be_one_of_several_is_no_date():
    seconds, reasons = seconds_of(pa.array(["5 March 2024 01:00 IST", "5 March 2024 10:00 MSK"]), now=NOW)
    assert reasons == {"no date": [0]}
    assert seconds[1] == datetime(2024, 3, 5, 7, tzinfo=UTC).timestamp()


def test_missing_and_future_dates_are_counted_by_reason():
    seconds, reasons = seconds_of(pa.array(["", "soon", "2031-01-01", "1850-01-01", "2024-01-01"]), now=NOW)
    assert np.isnan(seconds).tolist() == [True, True, True, True, False]
    assert reasons == {"no date": [0, 1], "before 1900 or in the future": [2, 3]}


def test_periods_begin_on_the_hour_the_day_the_monday_and_the_first():
    seconds = np.array([datetime(2024, 5, 15, 13, 40, tzinfo=UTC).timestamp()])
    begins = {f: str(period_of(seconds, f)[0]) for f in "HDWM"}
    assert begins == {
        "H": "2024-05-15T13:00:00", "D": "2024-05-15T00:00:00", "W": "2024-05-13T00:00:00", "M": "2024-05-01T00:00:00",
    }  # fmt: skip


def test_copies_count_once_within_three_days_and_again_after():
    texts = ["Rebels shelled the harbour town on Monday."] * 3 + ["It rained."]
    assert first_copies(texts, np.array([0, 2, 9, 0]) * 86_400.0).tolist() == [0, 0, 2, 3]


def test_corrected_shares_err_at_most_half_as_much_as_counting():
    rng = np.random.default_rng(0)
    true = np.array([0.1, 0.2, 0.7])
    centres = np.eye(3) * 1.6
    kind = rng.choice(3, 4000, p=true)
    seen = centres[kind] + rng.normal(0, 1, (4000, 3))
    likelihood = np.exp(-((seen[:, None] - centres) ** 2).sum(axis=2) / 2)
    proba = likelihood * PRIORS
    proba /= proba.sum(axis=1, keepdims=True)
    counted = np.bincount(proba.argmax(axis=1), minlength=3) / 4000
    corrected = mixtures(proba / PRIORS, np.ones((1, 4000)), np.zeros(3), PRIORS)[0]
    assert np.abs(corrected - true).sum() < 0.5 * np.abs(counted - true).sum()


def test_a_series_without_a_turn_is_flagged_once_in_450_periods():
    rng = np.random.default_rng(1)
    flags = [turns(rng.normal(0, 0.1, 1000), np.full(1000, 0.1)) for _ in range(20)]
    rate = np.mean([[bool(flag) for flag in one] for one in flags])
    assert 1 / 600 < rate < 1 / 340


def test_the_series_with_the_most_relevant_texts_are_kept_and_the_rest_is_counted(tmp_path, model):
    texts = [
        "Kenya accused Uganda of an attack.",
        "Kenya accused Uganda of killing two soldiers in the north.",
        "Kenya accused Uganda of theft and lies.",
        "Kenya accused Chad of theft.",
        "Chad accused Mali of theft.",
    ]
    lines = "\n".join(f"2024-01-0{k + 1},{text}" for k, text in enumerate(texts))
    (tmp_path / "a.csv").write_text(f"date,text\n{lines}\n")
    found, counts = read_feed([tmp_path / "a.csv"], FeedOptions(by="pair", top=1), model)
    assert {found.names[k] for k in found.series} == {"KEN>UGA"}
    assert counts.series_left_out == 2
    found, counts = read_feed([tmp_path / "a.csv"], FeedOptions(by="pair", top=0), model)
    assert (len(set(found.series.tolist())), counts.series_left_out) == (3, 0)


@pytest.mark.parametrize(("step", "flag"), [(0.8, "rise"), (-0.8, "fall")])
def test_a_jump_is_flagged_at_once_and_a_slow_climb_in_time(step, flag):
    rng = np.random.default_rng(2)
    quiet = rng.normal(0, 0.1, 40)
    found = turns(np.append(quiet, quiet[:10] + step), np.full(50, 0.1))
    assert found[40] == flag and not any(found[:40])
    climb = np.append(quiet, np.sign(step) * np.linspace(0.05, 0.6, 20))
    assert flag in turns(climb, np.full(60, 0.1))[40:55]


def records(days, proba, text="Rebels attacked.", outlet="", relevance=1.0):
    """Records of texts that differ by a number at their end, on the given days."""
    n = len(days)
    seconds = np.array(days, "datetime64[s]").astype(float)
    texts, outlets = as_strings([f"{text} {k}" for k in range(n)]), as_strings([outlet] * n)
    batch = DatedTexts(
        seconds, np.array(proba, float), np.full(n, relevance), all_of(n), texts, texts, outlets, as_strings([""] * n)
    )
    found = gather([batch], "D")
    own = np.arange(n, dtype=np.int32)
    return Records(np.zeros(n, np.int32), own, found.names, found, own)


def test_gaps_stay_gaps_and_thin_periods_are_marked():
    found = timeline(records(["2024-01-01", "2024-01-04"], [[1, 0, 0], [0, 1, 0]]), "D", PRIORS)
    assert [str(one.period)[:10] for one in found] == ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
    assert [one.texts for one in found] == [1, 0, 0, 1]
    assert rows_of(found)[1]["tension"] is None
    assert found[0].tension[0] > 0.2 and found[3].tension[0] < -0.2
    assert found[0].tension[1] < 0 < found[0].tension[2]  # one text alone settles nothing
    assert found[0].thin


def test_the_files_of_a_timeline_hold_the_same_rows(tmp_path):
    found = timeline(records(["2024-01-01"] * 6, [[1, 0, 0]] * 6), "D", PRIORS)
    write_timeline(found, tmp_path, "A title")
    with (tmp_path / "timeline.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert list(row) == COLUMNS
    assert json.loads((tmp_path / "timeline.json").read_text())[0]["relevant"] == int(row["relevant"]) == 6
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob(".*"))


def test_a_turn_is_shown_with_its_hour_and_whole_words(capsys):
    from pipeline.show.scores import timeline as shown

    said = "Troops shelled " + " ".join(["harbour"] * 20)
    hour = np.datetime64("2024-03-01T13:00")
    numbers = {"tension": (0.5, 0.1, 0.9), "flag": "rise", "examples": [(said, 0.9, "", "")]}
    shown([Period("all", hour, 6, 6, 1, **numbers)], Counts(6, {}, 0, 6))
    out = " ".join(capsys.readouterr().out.split())
    assert "2024-03-01 13:00 to 2024-03-01 13:00" in out and "rise 2024-03-01 13:00 +0.50 6 Troops" in out
    assert out.endswith("harbour …")


def test_the_page_says_what_a_period_is(shipped, tmp_path):
    (tmp_path / "news.csv").write_text("date,text\n2024-03-05,The army shelled the town.\n")
    done = forked.run(["timeline", "news.csv", "-m", shipped, "--freq", "W", "--out", "made"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "<h1>Tension in news.csv by week</h1>" in (tmp_path / "made" / "timeline.html").read_text()


def test_script_inside_a_text_comes_out_as_text():
    found = timeline(records(["2024-01-01"], [[1, 0, 0]], "</script><script>alert(1)</script>"), "D", PRIORS)
    html = page(found, "<b>title</b>")
    assert html.count("<script") == 2 and "<b>title" not in html


def posterior(records):
    return records.feed.posterior[records.feed.cell[0]].tolist()


def test_texts_are_scored_and_scored_files_are_not_scored_again(model, tmp_path):
    (tmp_path / "a.csv").write_text("date,text\n2024-01-01,Rebels attacked the town and killed nine.\n2024-01-02,\n")
    scored, counts = read_feed([tmp_path / "a.csv"], FeedOptions(), model)
    assert posterior(scored)[0] > 0.5 and counts.read == 2
    (tmp_path / "b.csv").write_text("date,p_escalation,p_de_escalation,p_neutral,pair\n2024-01-01,0.1,0.7,0.2,A-B\n")
    again, _ = read_feed([tmp_path / "b.csv"], FeedOptions(by="pair"), model)
    assert posterior(again)[:2] == pytest.approx([0.1, 0.7])
    assert again.names == ("A-B",)


def test_a_table_without_dates_says_which_columns_it_looks_for(model, tmp_path):
    (tmp_path / "a.csv").write_text("text\nRebels attacked.\n")
    with pytest.raises(InputError, match=r"a.csv: expected a column named date or published"):
        read_feed([tmp_path / "a.csv"], FeedOptions(), model)
    (tmp_path / "a.csv").write_text("date,text\nsoon,Rebels attacked.\n")
    with pytest.raises(
        InputError, match=r"a.csv: no row has a date that can be read; name the column with --date-column"
    ):
        read_feed([tmp_path / "a.csv"], FeedOptions(), model)


@pytest.mark.slow
def test_every_planted_turn_of_the_archive_is_flagged_within_three_days_and_none_in_the_quiet(shipped, tmp_path):
    from tests.conftest import DATA

    done = forked.run(["timeline", DATA / "archive.csv", "-m", shipped, "--out", "."], tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "timeline.csv").open() as file:
        flags = {row["period"]: row["flag"] for row in csv.DictReader(file) if row["flag"]}
    days = {flag: [np.datetime64(day) for day, found in flags.items() if found == flag] for flag in ("rise", "fall")}
    # Day 61 begins the build-up, 106 the ceasefire, 131 the relapse; the first sixty days are quiet.
    for number, flag in ((61, "rise"), (106, "fall"), (131, "rise")):
        planted = np.datetime64("2023-01-01") + (number - 1)
        assert any(0 <= (day - planted).astype(int) <= 3 for day in days[flag]), (number, flags)
    assert all(np.datetime64(day) >= np.datetime64("2023-03-02") for day in flags)
    assert LEAST < 60


def synthetic(mix, days, n, rng):
    """Posteriors of three well-separated classes and other news, drawn day by day with a known mix."""
    centres = np.array([[2.0, 0, 0], [0, 2.0, 0], [0, 0, 2.0], [0, 0, -3.0]])
    kind = rng.choice(4, (days, n), p=mix)
    seen = centres[kind] + rng.normal(0, 1, (days, n, 3))
    density = np.exp(-((seen[:, :, None] - centres) ** 2).sum(axis=3) / 2)
    return density, density / density.sum(axis=2, keepdims=True)


@pytest.mark.parametrize("n", [10, 100])
def test_the_band_holds_the_true_tension_on_93_to_98_of_100_days(n):
    rng, mix = np.random.default_rng(3), np.array([0.35, 0.15, 0.3, 0.2])
    density, _ = synthetic(mix, 300, n, rng)
    true = (mix[0] - mix[1]) / (1 - mix[3])
    bands = [banded(day[None], np.ones((1, n), int), mix, rng)[0].tension for day in density]
    held = np.mean([low <= true <= high for _, low, high in bands])
    assert 0.92 < held < 0.985
    assert np.mean([value for value, _, _ in bands]) == pytest.approx(true, abs=0.03)


def test_shares_are_corrected_for_the_share_of_political_texts_that_the_calibration_assumes():
    rng, n, mix = np.random.default_rng(0), 6000, np.array([0.15, 0.05, 0.2, 0.6])
    centres = np.array([[1.5, 0, 0], [0, 1.5, 0], [0, 0, 1.5], [0, 0, -1.0]])
    seen = centres[rng.choice(4, n, p=mix)] + rng.normal(0, 1, (n, 3))
    density = np.exp(-((seen[:, None] - centres) ** 2).sum(axis=2) / 2)
    proba = density * np.append(PRIORS * POLITICAL_SHARE, 1 - POLITICAL_SHARE)
    proba /= proba.sum(axis=1, keepdims=True)
    stances, blank = np.column_stack([proba[:, :2], proba[:, 2:].sum(axis=1)]), as_strings([""] * n)
    batch = DatedTexts(np.zeros(n), stances, 1 - proba[:, 3], all_of(n), blank, blank, blank, blank)
    found, own = gather([batch], "D"), np.arange(n, dtype=np.int32)
    (period,) = timeline(Records(np.zeros(n, np.int32), own, found.names, found, own), "D", PRIORS)
    assert period.escalation[0] == pytest.approx(0.15 / 0.4, abs=0.05)
    assert period.de_escalation[0] == pytest.approx(0.05 / 0.4, abs=0.05)


def test_two_texts_that_agree_have_a_wide_band():
    (shares,) = banded(np.array([[[2.0, 0.1, 0.1, 0.1]]]), np.array([[2]]), np.full(4, 0.25), np.random.default_rng(0))
    assert shares.tension[2] - shares.tension[1] > 0.8


def test_copies_to_the_letter_are_the_same_for_few_texts_and_for_many():
    texts = ["Rebels shelled the harbour town on Monday.", "It rained all day in the hills."] * 20
    days = np.arange(40) // 4 * 2
    prints = np.array([hash(text) for text in texts])
    assert first_same(prints, days * 1440).tolist() == first_copies(texts, days * 86_400.0).tolist()


def test_the_date_of_a_page_is_that_of_its_publication_and_of_a_mail_its_header(model, tmp_path, capsys):
    body = "<p>Rebels attacked the harbour town on Saturday and killed nine soldiers, officials of the government said.</p>"
    stamp = '<meta property="article:published_time" content="2024-02-03T10:00:00Z">'
    (tmp_path / "a.html").write_text(f"<html><head>{stamp}</head><body><article>{body * 3}</article></body></html>")
    (tmp_path / "b.eml").write_text(
        "Subject: Attack\nDate: Sun, 04 Feb 2024 10:00:00 +0000\n\nRebels attacked the town.\n"
    )
    records, counts = read_feed(dated_files([str(tmp_path)]), FeedOptions(), model)
    found = timeline(records, "D", PRIORS)
    assert [str(one.period)[:10] for one in found] == ["2024-02-03", "2024-02-04"]
    assert counts.kept == 2
    (tmp_path / "c.txt").write_text("Rebels attacked the town.")
    with pytest.raises(InputError, match=r"c.txt: a .txt file has no date; put texts and dates into a table"):
        read_feed([tmp_path / "c.txt"], FeedOptions(), model)
    capsys.readouterr()
    assert read_feed(dated_files([str(tmp_path)]), FeedOptions(), model)[1].kept == 2
    assert "c.txt: a .txt file has no date" in capsys.readouterr().err
    (tmp_path / "d.csv").write_text("date,text\n03/04/2024,Rebels attacked the town.\n")
    with pytest.raises(InputError, match=r"d.csv, column date: date '03/04/2024': day and month cannot be told apart"):
        read_feed(dated_files([str(tmp_path)]), FeedOptions(), model)


def test_an_actor_goes_by_key_or_name_and_an_unknown_one_is_named(model, tmp_path):
    (tmp_path / "a.csv").write_text("date,text\n2024-01-01,Kenya accused Uganda of an attack.\n2024-01-02,It rained.\n")
    for only in ("KEN", "Kenya"):
        records, _ = read_feed([tmp_path / "a.csv"], FeedOptions(by="actor", only=only), model)
        assert [records.names[code] for code in records.series] == ["KEN"]
    with pytest.raises(InputError, match="--only Atlantis: is not an actor in the gazetteer; the feed has KEN, UGA"):
        read_feed([tmp_path / "a.csv"], FeedOptions(by="actor", only="Atlantis"), model)
    records, _ = read_feed([tmp_path / "a.csv"], FeedOptions(by="pair"), model)
    (row,) = matrix(timeline(records, "D", PRIORS))["rows"]
    assert (row["name"], row["cells"][0]["texts"]) == ("KEN", 1)
    assert matrix(timeline(read_feed([tmp_path / "a.csv"], FeedOptions(), model)[0], "D", PRIORS)) is None


def test_rows_that_cannot_be_read_are_counted_and_time_zones_are_heeded(model, tmp_path):
    rows = b"date,text\n2024-03-01T23:30:00-05:00,Rebels attacked.\n2024-03-01,\xff\xfe\n2024-03-01,Rebels attacked the bridge.\n"
    (tmp_path / "a.csv").write_bytes(rows)
    records, counts = read_feed([tmp_path / "a.csv"], FeedOptions(), model)
    assert [str(one.period)[:10] for one in timeline(records, "D", PRIORS)] == ["2024-03-01", "2024-03-02"]
    assert (counts.read, counts.left_out) == (3, {"bytes or columns that cannot be read": 1})


def test_what_cannot_be_read_or_dated_is_listed_beside_the_output(folder, tmp_path):
    rows = b"date,text\n2024-03-01,Rebels attacked.\nsoon,It rained.\n2024-03-01,\xff\xfe\n"
    (tmp_path / "a.csv").write_bytes(rows)
    (tmp_path / "b.csv").write_text("text\nRebels attacked.\n")
    command = ["timeline", "a.csv", "b.csv", "--model", folder]
    done = forked.run([*command, "--out", "out"], tmp_path)
    assert done.returncode == 0 and "3 of 4 rows and files set aside; see out/timeline.rejects.jsonl" in done.stderr
    assert "; set aside" not in done.stderr
    found = [json.loads(line) for line in (tmp_path / "out" / "timeline.rejects.jsonl").read_text().splitlines()]
    assert [(one["file"], one["row"]) for one in found] == [("a.csv", 3), ("a.csv", 4), ("b.csv", 0)]
    assert found[0]["reason"] == "no date" and found[0]["text"] == "It rained."

    done = forked.run(command, tmp_path)
    assert [line for line in done.stderr.splitlines() if line.endswith("; set aside")] == [
        "a.csv, row 3: no date; set aside",
        f"a.csv, row 4: {found[1]['reason']}; set aside",
        f"b.csv: {found[2]['reason']}; set aside",
    ]
    done = forked.run([*command, "--strict", "--out", "other"], tmp_path)
    assert (done.returncode, (tmp_path / "other").exists()) == (1, False)
    assert done.stderr.startswith("error: a.csv, row 3: no date; correct it; without --strict such rows are skipped")

    (tmp_path / "a.csv").write_text("date,text\n2024-03-01,Rebels attacked.\n")
    assert forked.run(["timeline", "a.csv", "--model", folder, "--out", "out"], tmp_path).returncode == 0
    assert not (tmp_path / "out" / "timeline.rejects.jsonl").exists()


def test_parquet_with_time_stamps_is_read_and_scores_that_are_missing_are_counted(model, tmp_path):
    from pyarrow import parquet

    stamps = pa.array(
        [datetime(2024, 1, 1, tzinfo=UTC), None, datetime(2024, 1, 2, tzinfo=UTC)], pa.timestamp("us", "UTC")
    )
    sides = {name: [0.5, 0.5, None] for name in ("p_escalation", "p_de_escalation", "p_neutral")}
    parquet.write_table(pa.table({"date": stamps, **sides}), tmp_path / "a.parquet")
    records, counts = read_feed([tmp_path / "a.parquet"], FeedOptions(), model)
    assert len(records.row) == 1 and counts.left_out == {"no date": 1, "no scores": 1}


def test_articles_show_their_strongest_sentence(model, tmp_path):
    (tmp_path / "a.csv").write_text(
        "date,text\n2024-01-01,It rained all day. Rebels attacked the town and killed nine soldiers.\n"
    )
    records, _ = read_feed([tmp_path / "a.csv"], FeedOptions(articles=True), model)
    (one,) = timeline(records, "D", PRIORS)
    assert one.examples[0][0] == "Rebels attacked the town and killed nine soldiers."


def test_outlets_of_copies_are_counted_and_named(model, tmp_path):
    text = "Rebels attacked the harbour town and killed nine soldiers."
    (tmp_path / "a.csv").write_text(
        f"date,outlet,text\n2024-01-01,B,{text}\n2024-01-02,A,{text}\n2024-01-02,A,It rained.\n"
    )
    records, counts = read_feed([tmp_path / "a.csv"], FeedOptions(), model)
    first, second = timeline(records, "D", PRIORS)
    assert (first.outlets, first.examples[0][2], second.texts, counts.copies) == (2, "A, B", 1, 1)


def test_only_a_turn_in_the_last_period_raises_the_alarm():
    quiet = timeline(records(["2024-01-01", "2024-01-02"], [[0.1, 0.1, 0.8]] * 2), "D", PRIORS)
    assert not is_flagged_last(quiet)
    assert is_flagged_last([quiet[0], replace(quiet[1], flag="rise")])
    assert not is_flagged_last([replace(quiet[0], flag="rise"), quiet[1]])


def test_a_column_of_lists_is_a_series_for_each_element():
    for column in (pa.array([["A", "B"], None, [], ["B"]]), pa.array(["A; B", "", None, "B"])):
        named = by_elements(column)
        assert [(row, named.names[code]) for row, code in zip(named.row, named.code)] == [(0, "A"), (0, "B"), (3, "B")]
    named = by_column(pa.array([["A", "B"], ["B"]]))
    assert [(row, named.names[code]) for row, code in zip(named.row, named.code)] == [(0, "A"), (0, "B"), (1, "B")]


@pytest.mark.parametrize(
    "actors",
    [["KEN; UGA", "TCD", ""], ['["KEN", "UGA"]', '["TCD"]', "[]"], pa.array([["KEN", "UGA"], ["TCD"], None])],
)
def test_series_are_read_from_the_columns_of_scored_files(actors):
    given = {"source": ["KEN", "TCD", ""], "target": ["UGA", "", ""], "actors": actors}
    columns = {name: cells if isinstance(cells, pa.Array) else as_strings(cells) for name, cells in given.items()}
    pair = by_actors(columns, None, "pair")
    assert [(row, pair.names[code]) for row, code in zip(pair.row, pair.code)] == [(0, "KEN>UGA")]
    actor = by_actors(columns, None, "actor")
    assert [(row, actor.names[code]) for row, code in zip(actor.row, actor.code)] == [
        (0, "KEN"),
        (0, "UGA"),
        (1, "TCD"),
    ]


@pytest.mark.parametrize("by", ["source", "target"])
def test_series_of_who_acts_and_who_is_acted_on_are_read_from_texts(by):
    texts = as_strings(["Kenya accused Uganda.", "Rain fell.", "Uganda accused Kenya."])
    named = by_actors({}, texts, by)
    names = [named.names[code] for code in named.code]
    assert named.row.tolist() == [0, 2] and names[0] != names[1]
    assert by_actors({}, None, by) is None


def test_what_a_feed_lacks_is_named(tmp_path, model):
    path = tmp_path / "feed.csv"
    path.write_text("date,text,p\n2024-01-01,Kenya accused Uganda.,x\n")
    for feed, message in (
        (FeedOptions(frequency="Y"), "--freq Y: expected H, D, W or M, for hours, days, weeks or months"),
        (
            FeedOptions(by="outlet_"),
            "--by outlet_: no such column; the file has date, text; .* are read from the texts",
        ),
        (FeedOptions(text_column="p", date_column="text"), "no row has a date that can be read"),
        (FeedOptions(date_column="when"), "when"),
    ):
        with pytest.raises(InputError, match=message):
            read_feed([path], feed, model)
    path.write_text("date,words\n2024-01-01,Rain fell.\n")
    with pytest.raises(InputError, match="expected texts .* or scores, found date, words"):
        read_feed([path], FeedOptions(), model)
    path.write_text("date,p_escalation,p_de_escalation,p_neutral\n2024-01-01,high,0.1,0.1\n")
    with pytest.raises(InputError, match="column p_escalation: expected numbers"):
        read_feed([path], FeedOptions(), model)
    path.write_text("date,p_escalation,p_de_escalation,p_neutral\n2024-01-01,0.8,0.1,0.1\n")
    with pytest.raises(InputError, match="--by pair: no such column; the file has date"):
        read_feed([path], FeedOptions(by="pair"), model)
    with pytest.raises(InputError, match="timeline: expected files, found standard input"):
        dated_files(["-"])
    with pytest.raises(InputError, match="no such file; check the path"):
        dated_files([str(tmp_path / "none.csv")])


def test_where_the_first_column_of_dates_is_empty_the_next_is_read(model):
    frame = pd.DataFrame({"date": ["2024-03-01", ""], "published": ["", "2024-03-02"], "text": SHELLED})
    assert Reader(model).timeline(frame).relevant.tolist() == [1, 1]


def test_a_format_of_dates_without_codes_is_refused():
    with pytest.raises(InputError, match=r"date format 'dd.mm.yyyy': expected codes such as %d.%m.%Y"):
        seconds_of(pa.array(["01.02.2024"]), "dd.mm.yyyy")


def test_a_picture_that_cannot_be_drawn_leaves_the_earlier_files(model, tmp_path, monkeypatch):
    frame = pd.DataFrame({"date": ["2024-03-01", "2024-03-02"], "text": SHELLED})
    feed = FeedOptions()
    records, _ = records_of([dated_texts_of(frame, feed, model)], feed, "the DataFrame")
    periods = timeline(records, "D", np.array(model.priors))
    write_timeline(periods, tmp_path, "one")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "_picture", killed)
    with pytest.raises(KeyboardInterrupt):
        write_timeline(periods[:1], tmp_path, "two")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before and len(before) == 4
