"""Faults of the machine: killed at any moment, no room, no rights, no memory. Nothing is lost, nothing half-written.

`FAULTS=200` kills so many runs; `make faults` (`experiments/faults/`) disturbs more commands in more ways, and looks at every file.
"""

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from pipeline.cli.streams import open_streams
from tests import forked
from tests.conftest import DATA, ROOT, snippets
from tests.slowed import slow_down

KILLS = int(os.environ.get("FAULTS", "12"))
ROWS = 4_000
LITTLE = 2_000_000 << 10  # bytes, as after `ulimit -v 2000000`
SENTENCES = ("Rebels fired on the town.", "Chad sent food to Niger.", "Talks were not halted.", "It rained.")
pytestmark = pytest.mark.posix


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "in.csv"
    rows = (f"{n},{SENTENCES[n % 4]} {n}" for n in range(ROWS))
    path.write_text("id,text\n" + "\n".join([*rows, "x,y,z"]) + "\n")
    return path


@pytest.fixture
def detente(folder, tmp_path):
    """Run a command in a folder of its own; ``shell`` redirects."""

    def run(*args, shell="", env=(), limits=(), model=True):
        def limit():
            import resource

            for kind, most in limits:
                resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (most, most))

        args = [*args, "-m", folder] if model else args
        if not (shell or limits or env):
            return forked.run(args, tmp_path)
        command = [sys.executable, "-m", "pipeline.cli", *map(os.fsencode, map(str, args))]
        if shell:
            command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
        given = {**os.environ, "PYTHONPATH": str(ROOT), **dict(env)}
        if limits:
            given["COVERAGE_PROCESS_CONFIG"] = ""  # what is limited has no room for measuring
        return subprocess.run(
            command, cwd=tmp_path, env=given, capture_output=True, text=True, encoding="utf-8", errors="replace",
            timeout=120, preexec_fn=limit if limits else None,
        )  # fmt: skip

    return run


def one_line(done, code=1):
    """The one line on standard error that a failed command says, beside the rows that it set aside."""
    said = done.stderr
    assert done.returncode == code, said
    assert sum(not line.endswith("; set aside") for line in said.splitlines()) == 1, said
    assert "Traceback" not in said
    return said


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_run_killed_at_any_moment_goes_on_to_the_same_bytes(tmp_path, folder, table, kind):
    def start(out):
        args = ["score", table, "-m", folder, "--out", out, "--max-rejects", "1"]
        resume = ["--resume"] if out.with_name(f"{out.name}.parts").exists() else []
        return forked.Forked([*args, *resume], ROOT, before=slow_down)

    whole, out = tmp_path / f"whole.{kind}", tmp_path / f"out.{kind}"
    begun = time.monotonic()
    first = start(whole).wait()
    assert first.returncode == 0, first.stderr
    lasts, chance = time.monotonic() - begun, random.Random(kind)
    for _ in range(-(-KILLS // 3)):
        running = start(out)
        time.sleep(chance.uniform(0, lasts))
        running.kill()
        if out.exists():
            assert digest(out) == digest(whole)
    last = start(out).wait()
    assert last.returncode == 0, last.stderr
    assert digest(out) == digest(whole)
    rejects = [json.loads(line)["row"] for line in (tmp_path / f"out.{kind}.rejects.jsonl").open()]
    assert rejects == [ROWS + 2]
    assert not (tmp_path / f"out.{kind}.parts").exists()


LAST = {".json": b"]", ".csv": b"True", ".png": b"IEND\xaeB`\x82", ".html": b"</html>"}  # how each file ends


@pytest.mark.slow
def test_a_killed_training_or_timeline_leaves_nothing_under_the_final_name(tmp_path, folder):
    chance = random.Random(1)
    commands = (
        ["timeline", str(DATA / "archive.csv"), "-m", str(folder), "--out", "drawn"],
        ["train", "--data", str(DATA), "--out", "model"],
    )
    for command in commands:
        for _ in range(max(KILLS // 6, 1)):
            running = forked.Forked(command, tmp_path)
            time.sleep(chance.uniform(0.3, 4))
            running.kill()
            assert not (tmp_path / "model").exists() or (tmp_path / "model" / "card.json").exists()
            for path in (tmp_path / "drawn").glob("timeline.*"):
                assert path.read_bytes().rstrip().endswith(LAST[path.suffix]), path.name


@pytest.mark.linux
@pytest.mark.parametrize("args", [("--format", "jsonl"), ("--format", "csv"), ("--format", "table")])
def test_a_full_disk_and_a_closed_output_are_one_line(detente, table, args):
    assert "No space left" in one_line(detente("score", table, *args, shell=">/dev/full"))
    detente("score", "Rebels fired.", *args, shell="2>/dev/full")
    one_line(detente("score", "Rebels fired on the town.", *args, shell=">&-"))


@pytest.fixture
def unread():
    """The writing end of a pipe that nobody reads."""
    ours, theirs = os.pipe()
    os.close(ours)
    yield theirs
    os.close(theirs)


@pytest.mark.parametrize(
    "args",
    [("--help",), ("score", "Rebels fired.", "--format", "table"), ("score", "in.csv"), ("explain", "Rebels fired."), ("score", "gone.csv")],
)  # fmt: skip
def test_what_nobody_reads_is_no_error(args, folder, tmp_path, table, unread):
    (tmp_path / "in.csv").symlink_to(table)
    model = ["-m", folder] if args[0] != "--help" else []
    done = forked.Forked([*args, *model], tmp_path, os.environ, terminal=unread).wait()
    assert done.returncode == (1 if "gone.csv" in args else 0)


def test_a_command_whose_output_nobody_reads_still_writes_its_files(folder, tmp_path, unread):
    args = ["timeline", DATA / "archive.csv", "-m", folder, "--out", "drawn"]
    assert forked.Forked(args, tmp_path, os.environ, terminal=unread).wait().returncode == 0
    assert len([*(tmp_path / "drawn").iterdir()]) == 4


@pytest.mark.parametrize("shell", ["2>&-", "2>/dev/full", "<&- >&- 2>&-"])
@pytest.mark.linux
def test_standard_error_that_cannot_be_written_changes_nothing(detente, table, tmp_path, shell):
    done = detente("score", table, "--out", "out.jsonl", shell=shell)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == ROWS


def test_characters_that_a_code_page_lacks_are_question_marks(monkeypatch):
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, "cp1252"))
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    open_streams()
    print("İzmir – ▅", flush=True)
    assert kept.getvalue().decode("cp1252") == "?zmir – ?\n"


def test_output_beyond_the_limit_of_a_file_is_one_line_and_the_run_can_go_on(detente, table, tmp_path):
    small = [("FSIZE", 200_000)]
    said = one_line(detente("score", table, "--out", "out.jsonl", limits=small))
    assert "File too large" in said
    assert not (tmp_path / "out.jsonl").exists()
    done = detente("score", table, "--out", "out.jsonl", "--resume")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == ROWS


@pytest.mark.linux
def test_few_file_descriptors_and_little_memory_are_enough(detente, table):
    for kind, most in (("NOFILE", 24), ("AS", LITTLE)):
        done = detente("score", table, "--out", f"out{kind}.jsonl", "--threads", "2", limits=[(kind, most)])
        assert done.returncode == 0, done.stderr


@pytest.mark.linux
@pytest.mark.slow
def test_two_gigabytes_of_address_space_are_enough_for_training(detente, tmp_path):
    every = [
        f"{row['id']},{row['event']},{json.dumps(row['text'], ensure_ascii=False)}"
        for row in snippets()[::40]
        if '"' not in row["text"]
    ]
    (tmp_path / "small.csv").write_text("\n".join(["id,event,text", *every]) + "\n", encoding="utf-8")
    args = ("train", "--data", "small.csv", "--no-curve", "--out", "trained")
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/runs.db"}
    done = detente(*args, env=store, limits=[("AS", LITTLE)], model=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trained" / "card.json").exists()


def test_memory_that_runs_out_is_one_line_and_no_internal_error():
    code = "import numpy\nfrom pipeline.cli import app\napp.app = lambda _: numpy.zeros(1 << 55)\napp.main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "out of memory (Unable to allocate" in one_line(done)


@pytest.mark.linux
def test_too_little_memory_is_one_line(detente, table):
    done = detente("score", table, "--out", "out.jsonl", limits=[("AS", 150 << 20)])
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_line(detente, table, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "Permission denied" in one_line(detente("score", table, "--out", "closed/out.jsonl"))


def test_output_into_a_file_system_without_files_is_one_line(detente, table):
    one_line(detente("score", table, "--out", "/proc/out.jsonl"))


def test_an_input_that_has_gone_is_one_line(detente, table, tmp_path):
    assert "no such file" in one_line(detente("score", "gone.csv", "--out", "out.jsonl"))
    (tmp_path / "link.csv").symlink_to("nowhere.csv")
    assert "no such file" in one_line(detente("score", "link.csv", "--out", "out.jsonl"))


@pytest.mark.parametrize(
    "env",
    [{"HOME": "/nowhere"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"TZ": "Pacific/Apia"}, {"LANG": "tr_TR.UTF-8"}],
)  # fmt: skip
def test_scores_are_the_same_wherever_they_are_made(detente, env):
    texts = ("Rebels fired on İzmir — “again”.", "Chad sent food to Niger.")
    usual = detente("score", *texts)
    assert usual.returncode == 0, usual.stderr
    assert detente("score", *texts, env=env).stdout == usual.stdout


def test_bytes_that_are_no_utf8_on_the_command_line_are_one_line(detente):
    one_line(detente("score", "caf\udce9 was shelled again"))
    one_line(detente("score", "caf\udce9.csv"))
    one_line(detente("score", "Rebels fired.", "--out", "caf\udce9/out.jsonl"))


SLOW = """
from tests.slowed import slow_down
from pipeline.cli.app import main
slow_down(0.2)
print("ready", flush=True)
main()
"""


def test_ctrl_c_is_130_and_one_line(tmp_path, folder, table):
    running = subprocess.Popen(
        [sys.executable, "-c", SLOW, "score", str(table), "-m", str(folder), "--out", str(tmp_path / "o.jsonl")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    running.stdout.readline()
    while not (tmp_path / "o.jsonl.parts" / "journal").exists():
        time.sleep(0.02)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert (running.returncode, said.decode()) == (
        130,
        "interrupted; `score --out` continues with --resume\n",
    )


# Python calls back when an object goes; what is raised there, it prints and drops.
CALLED_BACK = """
import signal, time, weakref
from pipeline.cli import app

class Lock: pass

def work(arguments):
    lock = Lock()
    watch = weakref.ref(lock, lambda _: signal.raise_signal(signal.SIGINT))
    del lock
    time.sleep(20)

app.app = work
app.main()
"""


def test_ctrl_c_in_a_callback_of_python_is_not_dropped():
    done = subprocess.run([sys.executable, "-c", CALLED_BACK], cwd=ROOT, capture_output=True, text=True, timeout=18)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_input_is_never_overwritten_with_its_own_scores(detente, tmp_path, kind):
    path = tmp_path / f"in.{kind}"
    path.write_text("text\nRebels fired.\n" if kind == "csv" else '{"text": "Rebels fired."}\n')
    before = path.read_bytes()
    (tmp_path / f"link.{kind}").symlink_to(path)
    for out in (path.name, f"link.{kind}", f"../{tmp_path.name}/{path.name}"):
        assert "is an input" in one_line(detente("score", path, "--out", out))
    assert "is an input" in one_line(detente("score", path, "--format", "table", "--out", path.name))
    assert path.read_bytes() == before


def test_neither_is_standard_input_nor_the_model(tmp_path, folder):
    path, card = tmp_path / "in.jsonl", folder / "card.json"
    path.write_text('{"text": "Rebels fired."}\n')
    before, read = path.read_bytes(), card.read_bytes()
    score = [sys.executable, "-m", "pipeline.cli", "score", "-m", str(folder), "--format", "jsonl"]
    for arguments, said in (
        (["-", "--out", str(path)], "is standard input"),
        (["Rebels fired.", "--out", str(card)], "is an input"),
    ):
        with path.open("rb") as given:
            done = subprocess.run([*score, *arguments], cwd=ROOT, stdin=given, capture_output=True, text=True)
        assert done.returncode == 1 and said in done.stderr
    assert path.read_bytes() == before and card.read_bytes() == read


def test_an_interruption_while_the_command_is_still_imported_is_one_line(tmp_path):
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", "--help"], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
