"""The job of a night that nobody watches: a shell script, its exit codes, its log, a kill in the middle, two at once."""

import csv
import json
import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT, snippets

pytestmark = [pytest.mark.posix, pytest.mark.slow]

SCRIPT = r"""
detente() { "$PYTHON" -m pipeline.cli --log-file "$1" "$2" "${@:3}" -m "$MODEL"; }
code() { echo "$1 $2" >> codes; }

# Killed in the middle: as soon as the journal of the run holds something.
"$PYTHON" -m pipeline.cli --log-file night.log score archive -m "$MODEL" --out scored.jsonl --threads 1 &
first=$!
until [ -s scored.jsonl.parts/journal ] || ! kill -0 $first 2>/dev/null; do sleep 0.02; done
kill -STOP $first  # not done before the second has started
detente second.log score archive --out scored.jsonl; code two-at-once $?
kill -KILL $first 2>/dev/null; wait $first; code killed $?
[ -e scored.jsonl ] && code half-written 1
detente night.log score archive --out scored.jsonl --resume --max-rejects 1; code resumed $?
detente night.log score archive --out scored.jsonl; code again $?
detente night.log drift --baseline scored.jsonl --current scored.jsonl --no-log; code drift $?
detente night.log drift --baseline scored.jsonl --current war.jsonl --no-log; code moved $?
detente night.log timeline calm.csv --alert --out drawn; code calm $?
detente night.log timeline alarm.csv --alert --out drawn; code alarm $?
detente night.log score gone.csv --out scored.jsonl; code gone $?
"""
CODES = {
    "two-at-once": 1,
    "killed": 137,
    "resumed": 0,
    "again": 0,
    "drift": 0,
    "moved": 3,
    "calm": 0,
    "alarm": 6,
    "gone": 1,
}
ROWS, LOG_LINE = 36_000, re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \S.*")


@pytest.fixture
def work(tmp_path):
    """An archive with one bad file and one bad row, scores of a war, a quiet series and one that ends in alarm."""
    archive = tmp_path / "archive"
    archive.mkdir()
    calm = ("The ministers held talks in Geneva.", "Chad sent food to Niger.", "The election is in October.")
    rows = (f"{n},{calm[n % 3]} {n}" for n in range(ROWS))
    (archive / "a.csv").write_text("id,text\n" + "\n".join([*rows, "x,y,z"]) + "\n")
    (archive / "b\x1b[2J.parquet").write_bytes(b"PAR1 and no more")
    war = {"tension": 0.99, "stance": "escalation", "event": "ASSAULT", "coverage": 1.0, "relevance": 0.99}
    lines = (json.dumps({"text": f"Rebels shelled the town and killed {n} people.", **war}) for n in range(500))
    (tmp_path / "war.jsonl").write_text("\n".join(lines) + "\n")
    talks, killings = ([row["text"] for row in snippets() if row["event"] == event] for event in ("CONSULT", "ASSAULT"))
    quiet = [(f"2023-03-{1 + n // 5:02}", text) for n, text in enumerate(talks[:150])]
    for name, kept in (("calm.csv", quiet), ("alarm.csv", quiet + [("2023-03-31", text) for text in killings[:20]])):
        with (tmp_path / name).open("w", newline="") as file:
            csv.writer(file).writerows([("date", "text"), *kept])
    return tmp_path


def test_a_night_of_faults_twice_over_ends_as_the_readme_says(work, folder):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable, "MODEL": str(folder)}
    digests = []
    for _ in range(2):
        (work / "codes").unlink(missing_ok=True)
        (work / "scored.jsonl").unlink(missing_ok=True)
        done = subprocess.run(["bash", "-c", SCRIPT], cwd=work, env=env, capture_output=True, text=True, timeout=300)
        codes = dict(line.split() for line in (work / "codes").read_text().splitlines())
        assert {name: int(code) for name, code in codes.items()} == CODES, done.stderr
        digests.append((work / "scored.jsonl").read_bytes())
        assert digests[-1].count(b"\n") == ROWS
        assert len((work / "scored.jsonl.rejects.jsonl").read_text().splitlines()) == 2
        assert not (work / "scored.jsonl.parts").exists()
    assert digests[0] == digests[1]
    log = (work / "night.log").read_text()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", log)
    assert not re.search("[━╸╺█]", log)
    assert [line for line in log.splitlines() if not LOG_LINE.fullmatch(line)] == []
    assert log.count(f"{ROWS:,} rows written to scored.jsonl") == 4
    assert log.count("gone.csv: no such file") == 2
    assert "error:" in (work / "second.log").read_text()
    assert "another run" in (work / "second.log").read_text()
