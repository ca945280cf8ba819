"""The command line as a user meets it: a process of its own, its output, its exit code."""

import json
import os
import re
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import _one_line_errors, app
from pipeline.cli.streams import Stream
from pipeline.errors import FLOOR, InputError
from pipeline.evaluate.drift import read_scored
from pipeline.model.store import load
from pipeline.score.snippets import score
from tests import forked
from tests.conftest import DATA

TEXTS = ["Kenya accused Uganda of an attack.", "Chad sent food to Niger.", "Mời quý độc giả theo dõi"]


@pytest.fixture
def detente(tmp_path, folder):
    """Runs a command in an empty folder; ``--model`` is the small model where the command is score."""

    def call(*args, stdin=None, model=folder, env=None):
        args = list(map(str, args))
        args += ["--model", str(model)] if model and args[0] in ("score", "evaluate", "drift", "check") else []
        surroundings = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/runs.db", **(env or {})}
        done = forked.run(args, tmp_path, surroundings, stdin or b"")
        done.out, done.err = done.stdout, done.stderr
        return done

    return call


def rows(done):
    assert done.returncode == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_text_becomes_a_line_of_json_in_a_pipe(detente, folder):
    (row,) = rows(detente("score", TEXTS[0]))
    expected = score(load(folder), [TEXTS[0]])
    assert row["stance"] == expected.stance[0] == "escalation"
    assert row["tension"] == pytest.approx(expected.tension[0], abs=1e-6)
    assert set(row) == {
        "id", "stance", "event", "tension", "relevance", "p_escalation", "p_de_escalation", "p_neutral", "coverage",
        "reason", "p_event", "event_2", "p_event_2", "event_3", "p_event_3", "evidence",
        "file", "row", "text",
    }  # fmt: skip


def test_standard_input_is_scored_line_by_line(detente):
    found = rows(detente("score", "-", stdin="\n".join([*TEXTS[:1], "", *TEXTS[1:]]).encode()))
    assert [row["id"] for row in found] == ["line-1", "line-3", "line-4"]
    assert [row["stance"] for row in found] == ["escalation", "de-escalation", "unclear"]


def test_without_a_file_what_cannot_be_read_is_named_on_standard_error(detente, tmp_path):
    (tmp_path / "a.txt").write_text("Rebels fired on the town.\n")
    (tmp_path / "b.txt").write_bytes("Le café fermé\n".encode("cp1252"))
    (tmp_path / "c.jsonl").write_text('{"text": "Talks resumed."}\n' + "null\n" * 12)
    done = detente("score", "a.txt", "b.txt")
    assert (len(rows(done)), done.err.count("set aside")) == (1, 1)
    assert "windows-1252" in done.err
    assert detente("score", "--strict", "a.txt", "b.txt").returncode == 1
    for asked in ("jsonl", "table"):
        done = detente("score", "--sentences", "--format", asked, ".")
        assert done.returncode == 5
        assert done.out.count("Talks resumed.") == done.out.count("Rebels fired") == 1
        assert "c.jsonl, row 2: expected a JSON object" in done.err
        assert "3 more rows set aside; `score --out FILE` lists all" in done.err
        assert "12 of 15 rows were rejected, more than --max-rejects 0.01 allows" in done.err


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_tables_are_scored_in_order_and_their_ids_kept(detente, tmp_path, suffix):
    frame = pd.DataFrame({"id": ["x", "y", "z"], "text": TEXTS})
    path = tmp_path / f"in{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, sep="\t" if suffix == ".tsv" else ",", index=False)
    found = rows(detente("score", path))
    assert [(row["id"], row["stance"]) for row in found] == [
        ("x", "escalation"),
        ("y", "de-escalation"),
        ("z", "unclear"),
    ]
    assert [(row["text"], row["file"]) for row in found] == [(text, str(path)) for text in TEXTS]
    assert [row["row"] for row in found] == ([2, 3, 4] if suffix in (".csv", ".tsv") else [1, 2, 3])


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_every_output_format_says_the_same(detente, tmp_path, kind):
    plain = rows(detente("score", *TEXTS))
    out = tmp_path / f"out.{kind}"
    done = detente("score", *TEXTS, "--out", out)
    assert "3 rows written to" in done.err
    readers = {"jsonl": lambda p: pd.read_json(p, lines=True), "csv": pd.read_csv, "parquet": pd.read_parquet}
    frame = readers[kind](out)
    assert frame.tension.tolist() == pytest.approx([row["tension"] for row in plain])
    assert frame.stance.tolist() == [row["stance"] for row in plain]
    assert [p.name for p in tmp_path.iterdir()] == [out.name]


def test_pages_and_text_files_are_articles(detente, tmp_path):
    body = "".join(f"<p>{text} It was the {n}th such report this year.</p>" for n, text in enumerate(TEXTS[:2], 4))
    page = (
        f"<html><body><nav>Home | World</nav><article><h1>News</h1>{body}</article><footer>Legal</footer></body></html>"
    )
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    (tmp_path / "b.txt").write_text("\n\n".join(TEXTS), encoding="utf-8")
    page_row, text_row = rows(detente("score", tmp_path / "a.html", tmp_path / "b.txt"))
    assert page_row["rising"] >= 1 and page_row["easing"] >= 1
    assert (text_row["sentences"], text_row["unclear"]) == (3, 1)
    assert text_row["most_rising"] == TEXTS[0]
    sentences = rows(detente("score", tmp_path / "b.txt", "--sentences"))
    assert [row["text"] for row in sentences] == TEXTS


def test_rows_of_a_table_can_be_articles(detente, tmp_path):
    frame = pd.DataFrame({"id": ["n1"], "title": ["Talks held"], "body": ["\n\n".join(TEXTS)]})
    frame.to_csv(tmp_path / "news.csv", index=False)
    (row,) = rows(detente("score", tmp_path / "news.csv", "--articles"))
    assert (row["id"], row["sentences"]) == ("n1", 4)


def test_a_folder_is_scored_file_by_file_and_a_table_is_drawn(detente):
    done = detente("score", DATA / "examples", "--format", "table")
    assert done.returncode == 0, done.err
    for name in ("easing.txt", "mixed.txt", "rising.txt"):
        assert name in done.out
    assert "distinct sentences" in done.out


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_word_of_text_or_evidence_is_cut_on_a_terminal(detente, columns):
    text = "Kenya accused Uganda of an attack and sent food to Niger, the ministry of foreign affairs said on Tuesday."
    done = detente("score", text, "--format", "table", env={"COLUMNS": str(columns), "TTY_COMPATIBLE": "1"})
    assert done.returncode == 0, done.err
    lines = re.sub(r"\x1b\[[0-9;]*m", "", done.out).splitlines()
    assert max(map(len, lines)) <= columns
    assert "…" not in done.out
    assert set(text.split()) <= set(" ".join(lines).split())
    assert ("text and evidence" in " ".join(lines)) == (columns < 100)


def test_a_table_with_actors_says_who_does_what_to_whom(detente):
    done = detente("score", "Kenya shelled Chad.", "It rained in the hills.", "--actors", "--format", "table")
    assert done.returncode == 0, done.err
    assert "who → whom" in done.out
    assert "KEN → TCD" in done.out
    assert done.out.count(" → ") == 2


def test_an_evaluation_writes_its_report_and_compares_two_models(detente, tmp_path, folder):
    done = detente("evaluate", "--data", DATA / "heldout.csv", "--report", "out/report", "--compare", folder)
    assert done.returncode == 0, done.err
    assert "McNemar" in done.out
    names = {
        "report.html",
        "report.md",
        "report.json",
        "model-card.md",
        "confusion.png",
        "calibration.png",
        "risk.png",
        "events.png",
    }
    assert {path.name for path in (tmp_path / "out" / "report").iterdir()} == names


def test_drift_exits_with_3_where_the_feed_has_moved(detente, tmp_path):
    frame = pd.read_csv(DATA / "heldout.csv")
    frame.to_csv(tmp_path / "held.csv", index=False)
    frame.iloc[:90].to_csv(tmp_path / "rising.csv", index=False)
    for name in ("held", "rising"):
        assert detente("score", f"{name}.csv", "--out", f"{name}.jsonl").returncode == 0
    same = detente("drift", "--baseline", "held.jsonl", "--current", "held.jsonl")
    moved = detente("drift", "--baseline", "held.jsonl", "--current", "rising.jsonl")
    assert (same.returncode, moved.returncode) == (0, 3), (same.err, moved.err)
    assert "moved" in moved.out and "moved" not in same.out


def test_drift_finds_the_texts_under_the_name_that_they_had_in_the_input(tmp_path):
    frame = pd.DataFrame({"tension": [0.5], "coverage": [1.0], "stance": ["escalation"], "article": ["a1"]})
    frame.assign(Headline="Guns fell silent.").to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "b.csv", index=False)
    assert read_scored(tmp_path / "a.csv")["text"] == ["Guns fell silent."]
    assert "text" not in read_scored(tmp_path / "b.csv")


BAD = [
    (["score"], b"", "nothing to score: give a text, a file, a folder, or -"),
    (["score", "  "], None, "argument 1: the text is blank"),
    (["score", "none.txt"], None, "none.txt: no such file"),
    (["score", "-"], b"", "standard input: empty"),
    (["score", "-"], b"caf\xe9\n", "standard input, row 1: expected UTF-8, found byte 0xe9"),
    (["score", "empty.txt"], None, "empty.txt: the file is empty"),
    (["score", "blank.txt"], None, "blank.txt: only white space"),
    (["score", "latin.txt"], None, "latin.txt: expected UTF-8, found other bytes at 3; it looks like windows-1252"),
    (["score", "bare.html"], None, "bare.html: no main text found"),
    (["score", "words.csv"], None, "expected a column named text or sentence"),
    (["score", "words.csv", "--text-column", "phrase"], None, "no column 'phrase'; the file has words"),
    (["score", "Rain.", "--format", "yaml"], None, "unknown output format 'yaml'"),
    (["score", "Rain.", "--format", "parquet"], None, "Parquet cannot be printed"),
    (["score", "Rain.", "--out", "no/such/x.csv"], None, "create it first"),
    (["score", "Rain.", "--out", ".", "--format", "csv"], None, ".: is a folder; name a file with --out"),
    (
        ["score", "Rain.", "--out", "x.jsonl.gz"],
        None,
        "x.jsonl.gz: expected a name that ends in .jsonl, .csv or .parquet",
    ),
    (["data", "pick", "words.csv", "--for", "brat", "--out", "x.json"], None, "unknown tool 'brat'"),
    (
        ["data", "pick", "words.csv", "--for", "csv", "--out", "x.json"],
        None,
        "x.json: tasks for csv are written as .csv",
    ),
    (["evaluate", "--data", "words.csv"], None, "expected a column named text or sentence"),
    (["drift", "--baseline", "words.csv", "--current", "words.csv"], None, "words.csv: no column 'tension'"),
    (["train", "--data", "none.csv"], None, "none.csv: no such file"),
    (["train", "--config", "none.toml"], None, "none.toml: no such file"),
]


@pytest.mark.parametrize(("args", "stdin", "message"), BAD, ids=[" ".join(args) for args, _, _ in BAD])
def test_bad_input_is_one_line_and_exit_code_1(detente, tmp_path, args, stdin, message):
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "blank.txt").write_text(" \n\n ")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / "bare.html").write_text("<html><body></body></html>")
    (tmp_path / "words.csv").write_text("words\nRain.\n")
    before = sorted(p.name for p in tmp_path.iterdir())
    done = detente(*args, stdin=stdin)
    assert done.returncode == 1
    assert done.err.startswith("error: ")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_no_model_yet_says_what_to_run(detente):
    done = detente("score", "Rain fell.", model=None)
    assert done.returncode == 1
    assert (
        "error: models/detente: expected a model folder with card.json, found nothing; run `detente train`" in done.err
    )


def test_help_and_score_import_nothing_heavy(folder):
    heavy = "{'sklearn', 'pandas', 'mlflow', 'scipy', 'matplotlib'}"
    for args in (["--help"], ["score", TEXTS[0], "--model", str(folder)]):
        code = (
            f"import sys; sys.argv = ['detente', *{args!r}]\n"
            "from pipeline.cli.app import main\n"
            "try: main()\nexcept SystemExit: pass\n"
            f"print(sorted({heavy} & set(sys.modules)), file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stderr.strip() == "[]", done.stderr


def test_what_is_logged_or_compared_without_training_imports_no_scikit_learn():
    code = "import sys, pipeline.label.agreement, pipeline.tracking.measured, pipeline.tracking.outbox\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "sys.exit('sklearn' in sys.modules)"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_check_prints_rates_and_fails_under_a_floor(detente, folder, tmp_path):
    done = detente("check", "--checks", DATA / "checks", "--failed")
    assert [line.split()[0] for line in done.out.splitlines()[1:3]] == ["actors", "case"]
    assert done.returncode == (FLOOR if "below" in done.out else 0)
    checks = tmp_path / "checks"
    checks.mkdir()
    for path in (DATA / "checks").glob("*.csv"):
        (checks / path.name).write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:9]), "utf-8")
    (checks / "idioms.csv").write_text("text\nRebels killed ten soldiers in an attack.\n")
    done = detente("check", "--checks", checks, "--failed")
    assert done.returncode == FLOOR
    assert "failed   idioms: Rebels killed ten soldiers in an attack." in done.out


def test_a_log_file_keeps_what_was_said_with_its_time(detente, tmp_path):
    assert detente("--log-file", "night.log", "score", "nothing.csv", model=None).returncode == 1
    began, said, ended = (tmp_path / "night.log").read_text().splitlines()
    assert began.endswith("began: detente --log-file night.log score nothing.csv")
    assert "error: models/detente: expected a model folder" in said and said[:2] == "20"
    assert ended.endswith("ended")


def test_a_log_file_has_one_line_for_each_message_whatever_the_arguments(detente, tmp_path):
    detente("score", "Rain.\n2020-01-01 forged\x1b]0;title\x07\x9b31m", "--log-file", "night.log", model=None)
    lines = (tmp_path / "night.log").read_text().splitlines()
    assert len(lines) == 3 and "began" in lines[0] and "Rain. 2020-01-01 forged␛]0;title␇\ufffd31m" in lines[0]


def test_options_of_every_command_may_stand_behind_it(detente, folder, tmp_path):
    behind = ("--log-file", "night.log", "--quiet", "-m", folder, "--", "--quiet")
    done = detente("score", "Rebels fired on the town.", *behind, model=None)
    assert [row["text"] for row in rows(done)] == ["Rebels fired on the town.", "--quiet"]
    assert done.err == ""
    assert "ended" in (tmp_path / "night.log").read_text()
    assert "requires an argument" in detente("score", "Rebels fired.", "--log-file", model=None).err


def test_quiet_leaves_out_everything_but_errors_and_what_cannot_be_read(detente, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "Talks resumed."}\nnull\n')
    told = detente("score", "--quiet", "a.jsonl", "--max-rejects", "1").err
    assert told == "a.jsonl, row 2: expected a JSON object, found null; set aside\n"
    told = detente("score", "--quiet", "a.jsonl", "--max-rejects", "1", "--out", "b.jsonl").err
    assert told.splitlines() == ["1 of 2 rows and files set aside; see b.jsonl.rejects.jsonl"]


@pytest.mark.parametrize(
    "args",
    [
        ("score", "Rain.", "--max-rejects", "nan"),
        ("score", "Rain.", "--evidence", "99999999999999999999"),
        ("score", "Rain.", "--threads", "99999999999999999999"),
        ("timeline", "a.csv", "--threads", "1001"),
        ("data", "pick", "a.csv", "--out", "b.csv", "--random", "nan"),
        ("data", "pick", "a.csv", "--out", "b.csv", "--seed", "-1"),
        ("data", "pick", "a.csv", "--out", "b.csv", "--seed", "99999999999999999999"),
        ("data", "split", "a.csv", "--out", "b", "--seed", "-1"),
        ("run", "a.toml", "--seeds", "99999999999999999999"),
        ("tune", "a.toml", "--jobs", "99999999999999999999"),
        ("tune", "a.toml", "--seed", "99999999999999999999"),
    ],
)
def test_a_number_out_of_range_is_refused_at_once(args):
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 2
    assert "Invalid value for" in done.output and args[-2] in done.output


@pytest.mark.parametrize("out", [(), ("--out", "scored.jsonl")])
def test_a_line_of_an_article_that_cannot_be_read_does_not_count_as_a_row(detente, tmp_path, out):
    (tmp_path / "a.txt").write_bytes(b"The army shelled the town.\n\nCaf\xe9s closed.\n\nRebels freed two captives.\n")
    done = detente("score", "a.txt", *out)
    assert done.returncode == 0, done.err
    if out:
        (reject,) = (tmp_path / "scored.jsonl.rejects.jsonl").read_text().splitlines()
        assert json.loads(reject)["row"] == 3
    else:
        assert "a.txt, row 3: expected UTF-8" in done.err


def test_a_long_table_is_printed_in_parts_that_hold_every_row(detente, tmp_path):
    (tmp_path / "a.csv").write_text("text\n" + "".join(f"It rained on {n} hills.\n" for n in range(450)))
    done = detente("score", tmp_path / "a.csv", "--format", "table", "--evidence", "0", env={"COLUMNS": "120"})
    assert done.returncode == 0 and done.out.count("stance ") == 3
    assert [int(n) for n in re.findall(r"rained on (\d+) hills", done.out)] == [*range(450)]


READING = {  # commands that read files, with one that is windows-1252 and one whose separator is not found
    "score": "score {} --model none",
    "explain": "explain {} --model none",
    "timeline": "timeline {} --model none",
    "train": "train --data {}",
    "evaluate": "evaluate --data {} --model none",
    "drift": "drift --baseline {} --current {} --model none",
    "promote": "promote none --on {}",
    "data check": "data check {}",
    "data import": "data import {} --out b.csv",
    "data split": "data split {} --out b",
    "data pick": "data pick {} --out b.csv --model none",
    "data agreement": "data agreement {} {}",
}


@pytest.mark.parametrize("name", READING)
def test_a_command_has_the_options_that_its_messages_advise(tmp_path, folder, name):
    lines = ["date!text!stance!tension", *[f"2024-05-06!Café owners marched.!neutral!{k}" for k in range(3)]]
    (tmp_path / "one.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "west.csv").write_text("\n".join(lines).replace("!", ","), encoding="windows-1252")
    helped = forked.run([*name.split(), "--help"], tmp_path, {**os.environ, "COLUMNS": "300"}).stdout
    for file in ("one.csv", "west.csv"):
        words = READING[name].replace("none", str(folder)).format(file, file).split()
        done = forked.run(words, tmp_path, {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/runs.db"})
        advised = set(re.findall(r"--[a-z-]+", done.stdout + done.stderr)) - {"--verbose"}
        assert done.returncode in (1, 3) and advised, (file, done)
        assert all(re.search(rf"{option}\b", helped) for option in advised), (file, done)
        assert file != "one.csv" or "--delimiter" in advised or name == "data pick"  # takes the only column


def test_a_timeline_is_read_as_it_is_written(tmp_path, folder):
    written = "date!text\n2024-05-06!Rebels from Café Niño attacked the army and killed six soldiers.\n"
    (tmp_path / "a.csv").write_text(written, encoding="windows-1252")
    words = ["timeline", "a.csv", "--model", folder, "--encoding", "windows-1252", "--delimiter", "!", "--out", "out"]
    assert forked.run(words, tmp_path).returncode == 0
    assert "Café Niño" in (tmp_path / "out" / "timeline.json").read_text(encoding="utf-8")
    (tmp_path / "a.html").write_text(f"<html><body><p>{TEXTS[0]} Café.</p></body></html>", encoding="windows-1252")
    done = forked.run(["timeline", "a.html", "--model", folder, "--encoding", "windows-1252"], tmp_path)
    assert "no row has a date" in done.stderr
    (tmp_path / "a.rss").write_text("<rss><item><title>Café</title></item></rss>", encoding="windows-1252")
    done = forked.run(["timeline", "a.rss", "--model", folder], tmp_path)
    assert "expected UTF-8, found byte 0xe9; it looks like windows-1252" in done.stderr


def test_the_warning_of_a_library_is_one_line(tmp_path, detente):
    path = tmp_path / "a.dta"
    pd.DataFrame({"text": ["Chad sent café to Niger."]}).to_stata(path, version=118, write_index=False)
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9 "))
    done = detente("score", "a.dta")
    assert rows(done)[0]["stance"] == "de-escalation"
    (line,) = done.err.splitlines()
    assert line.startswith("warning: One or more strings in the dta file could not be decoded using utf-8, and so the")
    assert detente("score", "a.dta", "--quiet").err == ""


@pytest.mark.posix
def test_rows_that_find_no_room_are_an_error_without_a_buffer_too(folder, tmp_path):
    (tmp_path / "a.jsonl").write_text("".join(f'{{"text": "Rebels fired on town {k}."}}\n' for k in range(2000)))
    command = f"ulimit -f 20; {sys.executable} -m pipeline.cli score --model {folder} a.jsonl > rows.jsonl"
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 1 and "File too large" in done.stderr


@pytest.mark.posix
def test_rows_are_not_appended_to_the_input(folder, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "Rebels fired on the town."}\n')
    command = f"{sys.executable} -m pipeline.cli score --model {folder} a.jsonl >> a.jsonl"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "a.jsonl: is standard output and an input" in done.stderr
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 1


def test_an_error_closes_what_was_being_read():
    closed = []

    def reading():
        try:
            yield 1
        finally:
            closed.append(True)

    def command():
        batches = reading()
        next(batches)
        raise InputError("no such folder")

    with pytest.raises(SystemExit) as ended, _one_line_errors(Stream(sys.stderr, OSError)):
        command()
    assert ended.value.code == 1 and closed, "before the interpreter ends, when a thread that still reads aborts it"
