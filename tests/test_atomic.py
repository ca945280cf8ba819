"""What a command writes: never over one of its inputs, never over a FIFO, through links, into no folder of others."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.atomic import Sheet, replacing, write_files, write_whole
from pipeline.cli.streams import log_to
from pipeline.engines.threads import score_to_file
from pipeline.errors import InputError
from pipeline.explain.explanation import Explanation, write_page
from pipeline.model.store import load
from pipeline.read.documents import ReadOptions
from pipeline.score.documents import OutputOptions
from tests import forked

pytestmark = pytest.mark.posix

ROW = "Rebels fired on the town.,escalation,2024-01-01\n"
CONTENT = {
    ".csv": "text,stance,date\nTalks resumed.,escalation,2024-01-01\nTalks resumed.,de-escalation,2024-01-02\n" + ROW,
    ".jsonl": '{"text": "Rebels fired on the town."}\n',
    ".html": "<html><body><article><p>Rebels fired on the town and killed six people.</p></article></body></html>",
    ".toml": "",
    ".json": "{}",
}
MODEL = "-m {model}"


@pytest.mark.parametrize(
    ("inputs", "command"),
    [
        ("s.jsonl.rejects.jsonl", f"score s.jsonl.rejects.jsonl --out s.jsonl {MODEL}"),
        ("s.jsonl.parts/a.jsonl", f"score s.jsonl.parts/a.jsonl --out s.jsonl {MODEL}"),
        ("a.csv", f"score a.csv --format table --out a.csv {MODEL}"),
        ("p.html", f"explain p.html --html p.html {MODEL}"),
        ("timeline.csv", f"timeline timeline.csv --out . {MODEL}"),
        ("o.csv", "data import o.csv --out o.csv"),
        ("q.rejects.csv", "data import q.rejects.csv --out q.csv"),
        ("pool.csv", f"data pick pool.csv --n 1 --out pool.csv {MODEL}"),
        ("pool.csv half.csv", f"data pick pool.csv --n 1 --labelled half.csv --out half.csv {MODEL}"),
        ("a.csv b.csv", "data agreement a.csv b.csv --out b.csv"),
        ("train.csv", "data split train.csv --out ."),
        ("x.changes.csv", "data check x.changes.csv --no-errors --fix x.csv"),
        ("set_aside.csv", f"evaluate --data set_aside.csv --no-log {MODEL}"),
        ("a.csv", f"evaluate --data a.csv --set-aside a.csv --no-log {MODEL}"),
        ("a.csv", "train --data a.csv --set-aside a.csv --out trained"),
        ("a.csv b.csv", "train --data a.csv --test b.csv --set-aside b.csv --out trained"),
        ("old/a.csv old/card.json", "train --data old/a.csv --out old"),
        ("best.toml", "tune best.toml --out ."),
    ],
)
def test_no_command_writes_over_its_input(tmp_path, folder, inputs, command):
    before = {}
    for path in (tmp_path / name for name in inputs.split()):
        path.parent.mkdir(exist_ok=True)
        path.write_text(CONTENT[path.suffix])
        before[path] = CONTENT[path.suffix]
    done = forked.run(command.format(model=folder).split(), tmp_path)
    assert done.returncode in (1, 3) and "error: " in done.stderr, done
    assert "is an input; name another" in done.stderr or "would delete the input" in done.stderr, done.stderr
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["fifo.jsonl", "link.jsonl", "folder.jsonl", "o.jsonl.rejects.jsonl"])
def test_what_is_no_file_is_not_replaced(tmp_path, folder, name):
    path = tmp_path / name
    if "folder" in name:
        path.mkdir()
    else:
        os.mkfifo(tmp_path / "fifo" if "link" in name else path)
    if "link" in name:
        path.symlink_to("fifo")
    out = tmp_path / name.removesuffix(".rejects.jsonl")
    before = path.lstat()
    with pytest.raises(InputError, match=f"{name}: expected the name of a file, found a (FIFO|folder); "):
        score_to_file(load(folder), ["Rebels fired."], ReadOptions(), OutputOptions(), out, "jsonl")
    for write in (lambda: write_whole(path, "new"), lambda: write_files({path: Sheet(["a"], [])})):
        with pytest.raises(InputError, match="expected the name of a file, found a (FIFO|folder); "):
            write()
    assert path.lstat() == before
    assert len(list(tmp_path.iterdir())) == (2 if "link" in name else 1)


def test_a_link_stays_a_link(tmp_path, folder):
    (tmp_path / "disk").mkdir()
    (tmp_path / "a.csv").write_text("id,text\n1,Rebels fired.\n2,a,b\n")
    link, target = tmp_path / "link.jsonl", tmp_path / "disk" / "o.jsonl"
    for old in (None, "old"):
        if old:
            target.write_text(old)
        else:
            link.symlink_to("disk/o.jsonl")
        aside = ReadOptions(set_aside=True)
        score_to_file(load(folder), [str(tmp_path / "a.csv")], aside, OutputOptions(), link, "jsonl")
        assert target.read_text().count("Rebels fired.") == 1
    for write in (lambda: write_whole(link, "new"), lambda: write_files({link: "new"})):
        target.write_text("old")
        write()
        assert target.read_text() == "new"
    assert link.is_symlink()
    assert sorted(path.name for path in target.parent.iterdir()) == ["o.jsonl", "o.jsonl.rejects.jsonl"]


@pytest.mark.parametrize(
    "name", ["o.jsonl.parts/mine.txt", "o.jsonl.parts/rows", "o.jsonl.parts", ".o.jsonl.parts.gone/mine.txt"]
)
def test_a_folder_of_somebody_else_is_not_emptied(tmp_path, folder, name):
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(InputError, match="which Detente did not write; move it or name another file with --out"):
        score_to_file(load(folder), ["Rebels fired."], ReadOptions(), OutputOptions(), tmp_path / "o.jsonl", "jsonl")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "mine"


def test_a_log_is_appended_to_a_log_alone(tmp_path):
    path = tmp_path / "b.csv"
    path.write_text("text\nRebels fired.\n")
    with pytest.raises(
        InputError, match="b.csv: expected a new file or a log, found another file; name another --log-"
    ):
        log_to(path)
    assert path.read_text() == "text\nRebels fired.\n"
    (tmp_path / "n.log").touch()
    for times in (1, 2):
        done = forked.run(["--log-file", "n.log", "score", "no.csv"], tmp_path)
        assert done.returncode == 1 and "another file" not in done.stderr
        assert (tmp_path / "n.log").read_text().count("began: ") == times


def test_an_error_names_the_path_that_was_asked_for(tmp_path, monkeypatch):
    nothing = Explanation("unclear", 0.0, 0.0, [], "")
    with pytest.raises(InputError, match=r"no9/x.html: folder .*no9 does not exist; create it first"):
        write_page(nothing, tmp_path / "no9" / "x.html", "")
    monkeypatch.chdir(tmp_path)
    for write in (lambda: write_page(nothing, ".", ""), lambda: write_files({tmp_path: Sheet(["a"], [])})):
        with pytest.raises(InputError, match="expected the name of a file, found a folder; name a file"):
            write()
    with pytest.raises(OSError, match="File name too long") as error:
        write_whole(tmp_path / ("x" * 250), "")
    assert error.value.filename == str(tmp_path / ("x" * 250))
    assert not list(tmp_path.iterdir())


def test_threads_and_processes_that_write_one_file_do_not_disturb_each_other(tmp_path):
    path, contents = tmp_path / "a.txt", [letter * 10_000 for letter in "abcd"]
    code = "import sys; from pathlib import Path; from pipeline.atomic import write_whole\n"
    code += "for _ in range(50): write_whole(Path(sys.argv[1]), sys.argv[2])"
    others = [subprocess.Popen([sys.executable, "-c", code, path, content]) for content in contents[:2]]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda k: write_whole(path, contents[2 + k % 2]), range(100)))
    assert [other.wait(60) for other in others] == [0, 0]
    assert path.read_text() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_names_the_file(tmp_path):
    with pytest.raises(OSError, match="No space left") as caught, replacing(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
    assert caught.value.filename == str(tmp_path / "a.txt")
    assert list(tmp_path.iterdir()) == []
