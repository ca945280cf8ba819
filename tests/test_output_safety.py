"""What comes out cannot harm: no text and no file name commands a terminal, leaves its cell, or runs in a page."""

import csv
import io
import os
import re

import pytest

from pipeline.messages import plain
from tests.forked import Forked, run

pytestmark = pytest.mark.posix

BAD = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnol\u2066\u200f\x7f\x08[red]$\\frac$"
TEXT = f"Rebels fired{BAD} on the town and killed six people."
OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r\n|\r")  # colours, cursor and line ends, which Rich and the terminal make
ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def seen(cwd, *args, code=None):
    """What a command sends to a terminal that is both its standard output and its standard error."""
    import pty

    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "110"}
    running = Forked(args, cwd, env, terminal=theirs)
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    shown = b"".join(parts).decode("utf-8", "surrogateescape")
    done = running.wait().returncode
    assert done == code if code is not None else done in (0, 3), shown
    return shown


def assert_calm(shown):
    assert "\x1b[2J" not in shown
    assert "\x1b]" not in shown
    left = OURS.sub("", shown)
    assert not ODD.search(left), ascii(left)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / f"in{BAD}.csv"
    rows = "".join(f'"{TEXT} {n}",2024-01-{n:02},"{BAD}"\n' for n in range(1, 29))
    path.write_text('text,date,"side' + BAD + '"\n' + rows)
    return path


@pytest.mark.parametrize(
    "command", ["score", "score --format jsonl", "score --format csv", "score --articles", "explain"]
)
def test_a_text_cannot_command_the_terminal_that_shows_its_score(tmp_path, folder, command):
    name, *options = command.split()
    shown = seen(tmp_path, name, TEXT, *options, "-m", folder)
    assert "killed" in shown
    assert_calm(shown)


def test_neither_can_the_rows_and_the_name_of_a_table(tmp_path, folder, table):
    assert_calm(seen(tmp_path, "score", table, "-m", folder))
    assert_calm(seen(tmp_path, "score", table, "-m", folder, "--out", f"out{BAD}.csv"))
    assert_calm(seen(tmp_path, "timeline", table, "-m", folder, "--by", f"side{BAD}", "--out", f"drawn{BAD}"))
    assert_calm(
        seen(tmp_path, "drift", "--baseline", f"out{BAD}.csv", "--current", f"out{BAD}.csv", "-m", folder, "--no-log")
    )


def test_neither_can_labelled_rows(tmp_path):
    path = tmp_path / f"labels{BAD}.csv"
    path.write_text(
        "text,stance\n"
        + f"{TEXT},escalation\n{TEXT},de-escalation\n"
        + f"{TEXT} again,{BAD}\n" * 3
        + "Aid came.,de-escalation\n"
    )
    assert_calm(seen(tmp_path, "data", "check", path, "--no-errors", "--all"))
    assert_calm(seen(tmp_path, "data", "check", path, "--no-errors", "--fix", f"clean{BAD}.csv"))
    assert_calm(seen(tmp_path, "data", "import", path, "--out", f"mine{BAD}.csv", code=1))


@pytest.mark.parametrize("name", [f"gone{BAD}.csv", "gone\ud800.csv".encode("utf-8", "surrogatepass")])
def test_a_name_in_an_error_line_cannot_command_the_terminal(tmp_path, folder, name):
    name = name if isinstance(name, str) else os.fsdecode(name)
    shown = seen(tmp_path, "score", name, "-m", folder, code=1)
    assert "error:" in shown
    assert_calm(shown)


def test_files_passed_over_in_a_folder_are_named_plainly(tmp_path, folder):
    inside = tmp_path / f"news{BAD}"
    inside.mkdir()
    (inside / "a.txt").write_text(TEXT)
    (inside / f"b.{BAD}").write_text("")
    shown = seen(tmp_path, "score", inside, "-m", folder)
    assert "skipped" in shown
    assert_calm(shown)


def test_signs_stand_for_what_a_terminal_would_obey_and_letters_stay():
    assert plain("a\tb\nc é 政府 👩\u200d💻 می\u200cخواهم") == "a\tb\nc é 政府 👩\u200d💻 می\u200cخواهم"
    assert plain("\x1b[31m\x00\x7f\x9b\u202e\ud800") == "␛[31m␀␡���"


def test_nothing_leaves_its_cell_of_a_csv_file(tmp_path, folder):
    """A formula stays what it was, a quoted text: the file is for programs, and changed texts would be false data."""
    formula = '=HYPERLINK("http://evil","x")&"' + "\n+cmd|' /C calc'!A0"
    with (tmp_path / "in.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", 'a "b", c'], ["Rebels fired on the town.", formula]])
    done = run(["score", "in.csv", "--format", "csv", "-m", folder], tmp_path)
    (row,) = csv.DictReader(io.StringIO(done.stdout, newline=""))
    assert row['a "b", c'] == formula
    assert row["text"] == "Rebels fired on the town."
