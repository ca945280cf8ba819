"""Large files: read piece by piece, scored on threads, resumed after a kill, bad rows set aside."""

import gzip
import json
import os
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.arrays.arrow import as_strings
from pipeline.engines.threads import score_to_file
from pipeline.errors import InputError
from pipeline.model.store import load
from pipeline.read import documents
from pipeline.read.documents import Documents, ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.score.documents import OutputOptions
from pipeline.score.snippets import score
from pipeline.write import journal
from tests import forked

LINES = [
    "Kenya accused Uganda of an attack.",
    "Chad sent food to Niger.",
    "Mời quý độc giả",
    "",
    'He said "no", twice.',
]
ASIDE = ReadOptions(set_aside=True)


@pytest.fixture(scope="module")
def opened(folder):
    return load(folder)


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(documents, "BATCH_ROWS", 7)


def texts(n):
    return [f"{LINES[k % len(LINES)]} {k}" for k in range(n)]


def write(path, n=50):
    frame = pd.DataFrame({"id": [f"n{k}" for k in range(n)], "text": texts(n)})
    if path.suffix == ".zst":
        plain = write(path.with_suffix(""), n)
        path.write_bytes(pa.compress(plain.read_bytes(), "zstd", asbytes=True))
        plain.unlink()
        return path
    if path.name.endswith(".parquet"):
        frame.to_parquet(path, row_group_size=20)
    elif ".jsonl" in path.name:
        frame.to_json(path, orient="records", lines=True, force_ascii=False)
    else:
        frame.to_csv(
            path, sep="\t" if ".tsv" in path.name else ",", index=False, quoting=3 if ".tsv" in path.name else 0
        )
    return path


NAMES = ["a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.csv.gz", "a.jsonl.zst", "a.tsv.gz"]


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_table_is_read_alike_in_pieces(tmp_path, name, small_pieces):
    batches = list(read_inputs([str(write(tmp_path / name))], ReadOptions()))
    assert len(batches) > 5
    assert [t for batch in batches for t in batch.texts.to_pylist()] == texts(50)
    assert [i for batch in batches for i in batch.ids.to_pylist()] == [f"n{k}" for k in range(50)]
    assert sum(batch.read for batch in batches) == 50
    assert batches[-1].done == (tmp_path / name).stat().st_size


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_the_bytes_are_the_same_for_any_threads_and_pieces(tmp_path, opened, monkeypatch, kind):
    source = [str(write(tmp_path / "a.csv"))]
    found = set()
    for rows, threads in ((7, 1), (7, 3), (11, 2), (50, 1)):
        monkeypatch.setattr(documents, "BATCH_ROWS", rows)
        out = tmp_path / f"out.{kind}"
        totals = score_to_file(opened, source, ASIDE, OutputOptions(), out, kind, threads)
        assert (totals.rows, totals.scored, totals.rejected, totals.read) == (50, 50, 0, 50)
        found.add(out.read_bytes())
    assert len(found) == 1
    assert not (tmp_path / f"out.{kind}.parts").exists()


def test_parquet_says_what_the_scorer_says(tmp_path, opened):
    out = tmp_path / "o.parquet"
    score_to_file(opened, [str(write(tmp_path / "a.jsonl"))], ASIDE, OutputOptions(evidence=0), out, "parquet", 2)
    frame, scores = pd.read_parquet(out), score(opened, texts(50))
    assert frame.stance.tolist() == scores.stance.tolist()
    assert np.allclose(frame.tension, scores.tension, atol=1e-6)


def test_rows_that_cannot_be_read_are_set_aside_with_their_place(tmp_path, opened):
    (tmp_path / "bad.csv").write_bytes(b'id,text\n1,"two\nlines"\n2,a,b\n3,ok\xff\n4\n5,fine\n6,\n')
    (tmp_path / "bad.jsonl").write_bytes(
        b'{"text": "ok"}\n\n{"text": 1\n["text"]\n{"text": "\xff"}\n{"text": "\\ud800"}\n{"id": 7}\n'
    )
    out = tmp_path / "out.jsonl"
    totals = score_to_file(
        opened, [str(tmp_path / "bad.csv"), str(tmp_path / "bad.jsonl")], ASIDE, OutputOptions(), out, "jsonl"
    )
    assert (totals.scored, totals.rejected, totals.read) == (5, 7, 12)
    assert [json.loads(line)["id"] for line in out.open()] == ["1", "5", "6", "1", "7"]
    rejects = [json.loads(line) for line in totals.rejects.open()]
    assert [(r["file"][-5:], r["row"]) for r in rejects] == [
        ("d.csv", 3), ("d.csv", 4), ("d.csv", 5), ("jsonl", 3), ("jsonl", 4), ("jsonl", 5), ("jsonl", 6),
    ]  # fmt: skip
    assert "columns" in rejects[0]["reason"] and "0xff" in rejects[1]["reason"] and "JSON" in rejects[4]["reason"]


def test_where_nothing_is_set_aside_the_first_bad_row_is_an_error(tmp_path):
    (tmp_path / "bad.csv").write_text("id,text\n1,one\n2,two,three\n")
    with pytest.raises(InputError, match=r"bad.csv, row 3: expected 2 columns, found 3; .*--out"):
        list(read_inputs([str(tmp_path / "bad.csv")], ReadOptions()))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b'\xef\xbb\xbf"te""xt",text,id\n"a\nb",Chad sent food.,7\n'),
        ("a.csv", b'\n\n"note, long\nand wide",text,id\n,Chad sent food.,7\n'),
        ("a.tsv", b'text\t"id\tid\nChad sent food.\tx\t7\n'),
    ],
)
def test_headers_are_read_as_the_rows_are(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    (batch,) = read_inputs([str(tmp_path / name)], ASIDE)
    assert (batch.texts.to_pylist(), batch.ids.to_pylist()) == (["Chad sent food."], ["7"])


def test_an_archive_without_a_header_is_one_line(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(InputError, match="cannot be read as CSV: expected a header, found nothing"):
        next(read_inputs([str(tmp_path / "a.csv.gz")], ASIDE))


def test_folders_and_patterns_hold_tables(tmp_path, opened):
    for name in ("b.csv", "a.csv.gz", "c.parquet"):
        write(tmp_path / name, 5)
    for given in (str(tmp_path), str(tmp_path / "*")):
        batches = list(read_inputs([given], ReadOptions()))
        assert [len(batch.texts) for batch in batches] == [5, 5, 5]
    with pytest.raises(InputError, match="no file matches this pattern"):
        list(read_inputs([str(tmp_path / "*.tsv")], ReadOptions()))


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\x00broken", b""])
def test_a_damaged_archive_is_one_line(tmp_path, content):
    (tmp_path / "a.csv.gz").write_bytes(content)
    with pytest.raises(InputError, match="a.csv.gz"):
        list(read_inputs([str(tmp_path / "a.csv.gz")], ReadOptions()))
    whole = gzip.compress(b"id,text\n" + b"1,two words here\n" * 1000)
    (tmp_path / "b.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="b.csv.gz"):
        list(read_inputs([str(tmp_path / "b.csv.gz")], ReadOptions()))


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_a_killed_run_goes_on_and_ends_the_same(tmp_path, opened, monkeypatch, small_pieces, kind):
    from pipeline.engines import threads as engine

    source, out, scored = [str(write(tmp_path / "a.csv"))], tmp_path / f"out.{kind}", engine.scored
    expected = tmp_path / f"expected.{kind}"
    score_to_file(opened, source, ASIDE, OutputOptions(), expected, kind)
    calls = []

    def dies(*args):
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return scored(*args)

    monkeypatch.setattr(engine, "scored", dies)
    with pytest.raises(KeyboardInterrupt):
        score_to_file(opened, source, ASIDE, OutputOptions(), out, kind)
    assert not out.exists()
    with pytest.raises(InputError, match="unfinished run of the same inputs; continue it with --resume"):
        score_to_file(opened, source, ASIDE, OutputOptions(), out, kind)
    with pytest.raises(InputError, match="have changed: options; omit --resume"):
        score_to_file(opened, source, ASIDE, OutputOptions(evidence=1), out, kind, resume=True)
    before = len(calls)
    score_to_file(opened, source, ASIDE, OutputOptions(), out, kind, resume=True)
    assert 0 < len(calls) - before < 8
    assert out.read_bytes() == expected.read_bytes()


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("step", range(5))
def test_a_run_killed_while_it_is_published_goes_on_and_ends_the_same(tmp_path, opened, monkeypatch, kind, step):
    from pipeline.write import journal

    (tmp_path / "a.csv").write_text("id,text\n1,Chad sent food.\n2,a,b\n3,They met.\n")
    source, out = [str(tmp_path / "a.csv")], tmp_path / f"out.{kind}"
    expected = score_to_file(opened, source, ASIDE, OutputOptions(), tmp_path / f"expected.{kind}", kind)
    calls, real = [], {"replace": journal.os.replace, "rmtree": journal.shutil.rmtree}

    def dies(name):
        def call(*args, **options):
            finished = (tmp_path / f"out.{kind}.parts" / "finished").exists() or calls
            calls.extend([name] if finished else [])
            if len(calls) == step + 1:
                raise KeyboardInterrupt
            return real[name](*args, **options)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(journal.os, "replace", dies("replace"))
        patched.setattr(journal.shutil, "rmtree", dies("rmtree"))
        with pytest.raises(KeyboardInterrupt):
            score_to_file(opened, source, ASIDE, OutputOptions(), out, kind)
    totals = score_to_file(opened, source, ASIDE, OutputOptions(), out, kind, resume=True)
    assert out.read_bytes() == expected.out.read_bytes()
    assert totals.rejects.read_bytes() == expected.rejects.read_bytes()
    assert (totals.rows, totals.rejected) == (2, 1)
    assert not (tmp_path / f"out.{kind}.parts").exists()


@pytest.mark.slow
def test_kill_minus_nine_after_some_batches(tmp_path, folder):
    source = tmp_path / "big.parquet"
    parquet.write_table(pa.table({"text": texts(80_000)}), source)
    command = ["score", source, "--model", folder, "--evidence", "0"]
    done = forked.run([*command, "--out", tmp_path / "whole.parquet"], tmp_path)
    assert done.returncode == 0, done.stderr
    out, kills = tmp_path / "o.parquet", 0
    lines = tmp_path / "o.parquet.parts" / "journal"

    def written():
        return lines.stat().st_size if lines.exists() else 0

    for kill in (True, True, True, False):
        before = written()
        running = forked.Forked([*command, "--out", out, "--resume"], tmp_path)
        while kill and running.runs and written() <= before:  # until one more batch is done
            time.sleep(0.005)
        if kill and running.runs:
            running.kill()
            kills += 1
        else:
            done = running.wait()
            break
    assert done.returncode == 0 and kills, done.stderr
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_second_run_of_one_output_is_refused_while_the_first_is_alive(tmp_path, opened):
    source, out = [str(write(tmp_path / "a.csv"))], tmp_path / "out.jsonl"
    with journal.Journal(out, "jsonl") as first:
        first.begin({"inputs": "others"}, resume=False)
        with pytest.raises(InputError, match=rf"another run \(process {os.getpid()}\) is writing this output"):
            score_to_file(opened, source, ASIDE, OutputOptions(), out, "jsonl", resume=True)
    # The first has ended without a finished batch: nothing has to be deleted by hand.
    assert score_to_file(opened, source, ASIDE, OutputOptions(), out, "jsonl").rows > 0


def test_a_run_that_scores_nothing_keeps_its_rejects_and_blocks_nothing(tmp_path, opened):
    (tmp_path / "a.csv").write_text("id,text\n2,a,b\n")
    with pytest.raises(InputError, match=r"no text could be read: 1 row rejected; see .*rejects.jsonl"):
        score_to_file(opened, [str(tmp_path / "a.csv")], ASIDE, OutputOptions(), tmp_path / "out.csv", "csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "out.csv.rejects.jsonl"]


def test_a_finished_file_with_lines_of_somebody_else_is_an_error(tmp_path, opened):
    with journal.Journal(tmp_path / "out.jsonl", "jsonl") as run:
        run.begin({}, resume=False)
        run.add(Documents(as_strings(["1"]), as_strings(["Chad sent food."])), b"{}\n", ["id"], 1)
        with (tmp_path / "out.jsonl.parts" / "rows").open("ab") as file:
            file.write(b"{}\n")
        with pytest.raises(InputError, match="expected 3 bytes, found 6: changed by another program"):
            run.finish()


@pytest.mark.parametrize("text", ["The army shelled\nthe\ttown {}.", "Rebels\tfreed {}.", 'He said\t"no"\n{} times.'])
def test_tables_that_pandas_writes_with_tabs_are_read_as_written(tmp_path, text):
    frame = pd.DataFrame({"id": [str(k) for k in range(100)], "text": [text.format(k) for k in range(100)]})
    frame.loc[::2, "text"] = [f"Rain fell on {k}." for k in range(50)]
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    batches = list(read_inputs([str(tmp_path / "a.tsv")], ASIDE))
    assert [one for batch in batches for one in batch.ids.to_pylist()] == frame.id.tolist()
    assert [one for batch in batches for one in batch.texts.to_pylist()] == frame.text.tolist()


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_rows_that_a_crash_has_cut_off_are_not_filled_up(tmp_path, opened, monkeypatch, small_pieces, kind):
    from pipeline.engines import threads as engine

    source, out, scored = [str(write(tmp_path / "a.csv"))], tmp_path / f"out.{kind}", engine.scored
    calls = []

    def failing(*args):
        calls.append(args)
        if len(calls) == 4:
            raise OSError("cut off")
        return scored(*args)

    monkeypatch.setattr(engine, "scored", failing)
    with pytest.raises(OSError, match="cut off"):
        score_to_file(opened, source, ASIDE, OutputOptions(), out, kind)
    monkeypatch.setattr(engine, "scored", scored)
    kept = tmp_path / f"out.{kind}.parts" / "rows"
    os.truncate(kept, kept.stat().st_size - 100)
    with pytest.raises(InputError, match=r"rows: expected [\d,]+ bytes, found [\d,]+: changed by .*; delete .* over"):
        score_to_file(opened, source, ASIDE, OutputOptions(), out, kind, resume=True)
    assert not out.exists()


def test_a_damaged_journal_or_plan_is_started_over(tmp_path, opened, small_pieces):
    source, out = [str(write(tmp_path / "a.csv"))], tmp_path / "out.jsonl"
    score_to_file(opened, source, ASIDE, OutputOptions(), tmp_path / "expected.jsonl", "jsonl")
    for name, content in (("journal", b"\0\0\0\0\n"), ("plan.json", b"[1]")):
        parts = tmp_path / "out.jsonl.parts"
        parts.mkdir()
        (parts / "lock").touch()
        (parts / name).write_bytes(content)
        score_to_file(opened, source, ASIDE, OutputOptions(), out, "jsonl")
        assert out.read_bytes() == (tmp_path / "expected.jsonl").read_bytes()


def test_a_file_that_shrinks_while_it_is_read_is_an_error(tmp_path, small_pieces):
    batches = read_inputs([str(write(tmp_path / "a.jsonl"))], ASIDE)
    next(batches)
    os.truncate(tmp_path / "a.jsonl", 10)
    with pytest.raises(InputError, match=r"a.jsonl: changed while it was read"):
        list(batches)


def test_numbers_that_are_not_finite_are_null_at_any_depth(tmp_path, opened):
    nan, infinite = float("nan"), float("inf")
    rows = pa.array([{"a": nan}, {"a": infinite}, {"a": 1.5}])
    table = pa.table({"text": texts(3), "one": [[nan], None, [infinite, 2.0]], "two": rows})
    parquet.write_table(table, tmp_path / "a.parquet")
    score_to_file(opened, [str(tmp_path / "a.parquet")], ASIDE, OutputOptions(), tmp_path / "o.jsonl", "jsonl")
    found = [json.loads(line, parse_constant=pytest.fail) for line in (tmp_path / "o.jsonl").open()]
    assert [row["one"] for row in found] == [[None], None, [None, 2.0]]
    assert [row["two"] for row in found] == [{"a": None}, {"a": None}, {"a": 1.5}]


def test_fields_of_one_name_are_an_error(tmp_path, opened):
    twice = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    parquet.write_table(pa.table({"text": texts(1), "c": twice}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="leave it out with --columns"):
        score_to_file(opened, [str(tmp_path / "a.parquet")], ASIDE, OutputOptions(), tmp_path / "o.jsonl", "jsonl")


def test_a_large_integer_beside_a_fraction_keeps_its_digits(tmp_path):
    lines = '{"text": "a b c", "n": 9007199254740993, "m": 2}\n{"text": "a b d", "n": 1.5, "m": 0.5}\n'
    (tmp_path / "a.jsonl").write_text(lines)
    (batch,) = read_inputs([str(tmp_path / "a.jsonl")], ASIDE)
    assert batch.columns["n"].to_pylist() == ["9007199254740993", "1.5"]
    assert batch.columns["m"].to_pylist() == [2.0, 0.5]
