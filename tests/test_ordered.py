import os
import subprocess
import sys
import threading
import time

import pytest

from pipeline.engines.threads import in_order
from tests.conftest import ROOT

COMMAND = [sys.executable, "-m", "pipeline.cli", "score"]
SENTENCES = [f"Kenya accused Uganda of {n} attacks." for n in range(40)]


def test_what_takes_longer_is_still_given_out_first():
    def work(n):
        time.sleep(0.02 if n == 0 else 0)
        return n * n

    assert list(in_order(work, range(4), threads=2)) == [(0, 0), (1, 1), (2, 4), (3, 9)]


def test_what_came_before_a_failure_is_given_out_before_it():
    def items():
        yield from (1, 2)
        raise ValueError("row 3")

    found = in_order(str, items(), threads=4)
    assert [next(found), next(found)] == [(1, "1"), (2, "2")]
    with pytest.raises(ValueError, match="row 3"):
        next(found)


def test_an_item_that_wants_its_answer_has_it_before_the_next_is_asked_for():
    asked = []

    def items():
        for n in range(3):
            asked.append(n)
            yield n

    found = in_order(str, items(), threads=4, answer_now=lambda n: n == 1)
    assert (next(found), next(found), asked) == ((0, "0"), (1, "1"), [0, 1])


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_pipe_gets_the_bytes_that_a_file_gets(tmp_path, folder, kind):
    table = tmp_path / "in.csv"
    table.write_text("id,text\n" + "".join(f"{n},{text}\n" for n, text in enumerate(SENTENCES)))
    ends = ["--model", str(folder), "--format", kind]
    out = tmp_path / f"out.{kind}"
    call = {"cwd": ROOT, "check": True, "stderr": subprocess.DEVNULL}
    subprocess.run([*COMMAND, str(table), *ends, "--out", str(out)], **call)
    pipe = subprocess.run([*COMMAND, str(table), *ends, "--threads", "2"], **call, stdout=subprocess.PIPE)
    assert pipe.stdout == out.read_bytes()
    assert pipe.stdout.count(b"\n") == len(SENTENCES) + (kind == "csv")


def test_a_stream_is_answered_line_by_line(folder):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([*COMMAND, "-", "--model", str(folder), "--threads", "2"], cwd=ROOT, **pipes) as process:
        # Without an answer the pipe is closed, so that a failure does not wait for ever.
        late = threading.Timer(60, process.kill)
        late.start()
        for n, text in enumerate(SENTENCES[:3], start=1):
            os.write(process.stdin.fileno(), text.encode() + b"\n")
            assert process.stdout.readline().startswith(f'{{"id": "line-{n}"'.encode())
        process.stdin.close()
        assert process.stdout.read() == b""
        late.cancel()
