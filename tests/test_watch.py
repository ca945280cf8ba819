"""A file that is changed or deleted while it is read is named: in a warning, with --strict in an error."""

import os
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.read.documents import BATCH_ROWS, ReadOptions
from pipeline.read.inputs import read_inputs
from pipeline.read.tables import read_numbered
from pipeline.read.tolerant import read_lines
from pipeline.timeline.dated_texts import FeedOptions
from pipeline.timeline.feed import read_feed
from tests import forked

LINE = '{"date": "2024-01-01", "text": "Rebels attacked the bridge."}\n'


@pytest.fixture
def large(tmp_path):
    """A file that is read in several batches."""
    path = tmp_path / "a.jsonl"
    path.write_text(LINE * 20 * BATCH_ROWS)
    return path


def append(path: Path):
    with path.open("a") as file:
        file.write(LINE)


def truncate(path: Path):
    os.truncate(path, path.stat().st_size - 5 * len(LINE))


CHANGES = [(append, "changed"), (truncate, "changed"), (Path.unlink, "deleted"), (os.utime, "changed")]


@pytest.mark.posix  # elsewhere a file that is open cannot be deleted
@pytest.mark.parametrize(("change", "said"), CHANGES)
@pytest.mark.parametrize("strict", [False, True])
def test_a_file_that_changes_between_two_batches_is_named_once(large, capsys, change, said, strict):
    batches = read_inputs([str(large)], ReadOptions(set_aside=not strict))
    next(batches)
    other = threading.Thread(target=change, args=[large])
    other.start()
    other.join()
    if strict or change is truncate:  # what was cut off is lost
        with pytest.raises(InputError, match=rf"a\.jsonl: {said} while it was read; .* run again on a file at rest"):
            list(batches)
    else:
        assert len(list(batches)) > 1
        assert capsys.readouterr().err.count(f"warning: {large}: {said} while it was read") == 1


@contextmanager
def touched(path: Path):
    """Change the time of a file again and again in another thread."""
    end, begun = threading.Event(), threading.Event()

    def touch():
        nanoseconds = 1
        while not end.wait(0.001):
            os.utime(path, ns=(nanoseconds, nanoseconds := nanoseconds + 1_000_000))
            begun.set()

    other = threading.Thread(target=touch)
    other.start()
    begun.wait()
    try:
        yield
    finally:
        end.set()
        other.join()


@pytest.mark.parametrize("strict", [False, True])
def test_every_reader_watches_its_file(tmp_path, capsys, model, strict):
    path = tmp_path / "a.jsonl"
    path.write_text(LINE * 5_000)
    with touched(path):
        read_lines(path)
        read_numbered(path)
        if strict:
            with pytest.raises(InputError, match="changed while it was read"):
                read_feed([path], FeedOptions(strict=True), model)
        else:
            read_feed([path], FeedOptions(), model)
    assert capsys.readouterr().err.count(f"warning: {path}: changed while it was read") == (2 if strict else 3)


def test_nothing_is_said_of_a_file_at_rest(large, capsys):
    assert sum(batch.read for batch in read_inputs([str(large)], ReadOptions())) == 20 * BATCH_ROWS
    assert capsys.readouterr().err == ""


def test_a_strict_run_writes_nothing_from_a_file_that_grows(tmp_path, folder):
    path = tmp_path / "a.jsonl"
    path.write_text(LINE * 5_000)
    with touched(path):
        done = forked.run(["score", path, "--strict", "--out", "out.csv", "--model", folder], tmp_path)
    assert (done.returncode, (tmp_path / "out.csv").exists()) == (1, False)
    assert f"error: {path}: changed while it was read" in done.stderr
