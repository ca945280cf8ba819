"""Public corpora: the registry, downloads from a server that fails in every way, and what is read from the files."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from requests.exceptions import HTTPError

from pipeline.errors import ConfigError, SourceError
from pipeline.sources.cards import Card, PublicFile, card_of, cards, read_cards
from pipeline.sources.download import Patience, fetch, is_whole, place_of
from pipeline.sources.download import _reason as reason_of
from tests.conftest import ROOT, SHARED

ROWS = b"sentence\tlabel\n" + b"".join(b"Envoys of two towns met for the %dth time.\tx\n" % n for n in range(9000))
SHA = hashlib.sha256(ROWS).hexdigest()
SOON = Patience(retries=2, connect=2, read=0.5)


class Server(ThreadingHTTPServer):
    """Serves `ROWS` in the way that the first part of the path asks for, and remembers each request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked, self.behaviour = [], []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # clients that go away are part of the tests

    def card(self, **changes):
        file = PublicFile("rows.tsv", "train", SHA, f"http://127.0.0.1:{self.server_port}/rows.tsv")
        return Card("towns", "Towns", "", "CC0-1.0", "nobody", (file,), "sentence", **changes)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server, begin = self.server, self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0]
        server.asked.append(int(begin))
        behaviour = server.behaviour.pop(0) if server.behaviour else "well"
        if isinstance(behaviour, int):
            return self.send_error(behaviour)
        body = ROWS[::-1] if behaviour == "wrong" else ROWS
        ranged = "Range" in self.headers and behaviour != "no ranges"
        body = body[int(begin) :] if ranged else body
        self.send_response(206 if ranged else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if behaviour in ("truncated", "stalled", "slow"):
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            if behaviour != "truncated":
                time.sleep(2 if behaviour == "stalled" else 30)
            return self.connection.close()
        return self.wfile.write(body)


@pytest.fixture
def server():
    made = Server()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Every test has a cache of its own."""
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr("pooch.core.time", SimpleNamespace(sleep=lambda seconds: None))


def left_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_is_downloaded_once_and_kept(server, cache):
    (path,) = fetch(server.card())
    assert path == cache / "towns" / "rows.tsv" and path.read_bytes() == ROWS
    assert left_in(cache) == ["rows.tsv"]
    fetch(server.card())
    assert server.asked == [0]


def test_a_kept_file_is_used_without_the_server(server):
    card = server.card()
    (path,) = fetch(card)
    server.shutdown()
    server.server_close()
    assert fetch(card, patience=SOON) == [path]


def test_another_folder_can_be_named(server, tmp_path, cache):
    (path,) = fetch(server.card(), tmp_path / "here")
    assert path == tmp_path / "here" / "towns" / "rows.tsv" and not cache.exists()


def test_progress_counts_bytes_up_to_the_size(server):
    steps = []
    fetch(server.card(), step=lambda name, done, size: steps.append((name, done, size)))
    assert steps[-1] == ("rows.tsv", len(ROWS), len(ROWS)) and len(steps) > 2


@pytest.mark.parametrize("behaviour", [[500, 500], [503, 429], ["wrong"], ["truncated", "truncated"], ["stalled"]])
def test_what_passes_is_tried_again(server, cache, no_pauses, behaviour):
    server.behaviour = behaviour.copy()
    (path,) = fetch(server.card(), patience=SOON)
    assert path.read_bytes() == ROWS and left_in(cache) == ["rows.tsv"]
    assert len(server.asked) == len(behaviour) + 1


def test_a_broken_download_goes_on_where_it_ended(server, no_pauses):
    server.behaviour = ["truncated"]
    fetch(server.card(), patience=SOON)
    assert server.asked[0] == 0 < server.asked[1] <= len(ROWS) // 2


def test_a_server_without_ranges_is_asked_for_all_of_it(server, no_pauses):
    server.behaviour = ["truncated", "no ranges"]
    (path,) = fetch(server.card(), patience=SOON)
    assert path.read_bytes() == ROWS


def test_a_leftover_of_another_file_is_not_joined_to_this_one(server, cache, no_pauses):
    card = server.card()
    part = place_of(card, card.files[0]).with_name("rows.tsv.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 5000)
    (path,) = fetch(card, patience=SOON)
    assert path.read_bytes() == ROWS and server.asked == [5000, 0] and left_in(cache) == ["rows.tsv"]


def test_a_damaged_copy_is_fetched_again(server):
    card = server.card()
    (path,) = fetch(card)
    path.write_bytes(ROWS[:-1])
    assert not is_whole(path, card.files[0])
    assert fetch(card)[0].read_bytes() == ROWS


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ([404], "the server answers 404 Not Found; check the address in the registry"),
        ([500] * 9, "the server answers 500 Internal Server Error, tried 3 times"),
        (["wrong"] * 9, f"expected bytes of sha256 {SHA[:12]}…, got others, 3 times; the public file has changed"),
        (["stalled"] * 9, "the server stopped responding, tried 3 times"),
        (["truncated"] * 9, "the connection was lost, tried 3 times"),
    ],
)
def test_what_does_not_pass_is_one_line_and_leaves_no_file(server, cache, no_pauses, behaviour, message):
    server.behaviour = behaviour.copy()
    with pytest.raises(SourceError, match=message) as caught:
        fetch(server.card(), patience=SOON)
    assert f"http://127.0.0.1:{server.server_port}/rows.tsv" in str(caught.value)
    assert set(left_in(cache)) <= {"rows.tsv.part"}


def test_no_server_at_all(server, cache, no_pauses):
    card = server.card()
    server.shutdown()
    server.server_close()
    with pytest.raises(SourceError, match="no connection, tried 3 times"):
        fetch(card, patience=SOON)
    assert left_in(cache) == []


def test_an_error_without_an_answer_says_what_it_is():
    assert reason_of(HTTPError("no answer")) == "HTTPError: no answer"


def registry_of(server, tmp_path):
    path = tmp_path / "more.toml"
    path.write_text(
        f'[towns]\ntitle = "Towns"\nhome = ""\nlicence = "CC0-1.0"\ncitation = "nobody"\ntext = "sentence"\n'
        f'[[towns.files]]\nname = "rows.tsv"\npart = "train"\nsha256 = "{SHA}"\n'
        f'address = "http://127.0.0.1:{server.server_port}/rows.tsv"\n'
    )
    return path


@pytest.fixture
def start(server, tmp_path, cache):
    """Starts `detente data` in a process of its own, with the test's server in its registry."""

    def call(*args, limit=None):
        first = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); " if limit else ""
        code = f"{first}from pipeline.cli.app import main; main()"
        env = {**os.environ, "DETENTE_REGISTRY": str(registry_of(server, tmp_path)), "PYTHONPATH": str(ROOT)}
        if limit:
            env["COVERAGE_PROCESS_CONFIG"] = ""  # no file of that size for measuring
        command = [sys.executable, "-c", code, "data", *map(str, args)]
        return subprocess.Popen(
            command, env=env, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    return call


def test_fetch_and_list_on_the_command_line(start, cache):
    process = start("fetch", "towns")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.splitlines() == [f"towns    {cache}/towns/rows.tsv", "licence  CC0-1.0", "cite     nobody"]
    out, _ = start("list").communicate(timeout=60)
    assert [line.split()[-1] for line in out.splitlines() if line.startswith(" towns")] == ["yes"]


def test_an_unknown_name_is_answered_with_the_known_ones(start):
    process = start("fetch", "moon")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == "error: no public corpus 'moon'; expected one of plv, aw, cameo, keep-it-local, towns\n"


@pytest.mark.posix
def test_a_full_disk_is_one_line(start, cache):
    process = start("fetch", "towns", limit=100_000)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1 and err.count("\n") == 1
    assert "cannot be written: File too large; make room, or name another folder by --to or DETENTE_CACHE" in err
    assert set(left_in(cache)) <= {"rows.tsv.part"}


@pytest.mark.posix
@pytest.mark.parametrize("moment", ["before", "while"])
def test_ctrl_c_leaves_no_file_and_the_next_fetch_goes_on(start, server, cache, moment):
    server.behaviour = ["slow"]
    process = start("fetch", "towns")
    if moment == "while":
        while not sum(path.stat().st_size for path in cache.rglob("*.part")):
            time.sleep(0.05)
    else:
        time.sleep(0.4)
    for _ in range(3):  # Python drops an interruption that falls into one of its own callbacks; a person presses again
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
            break
    _, err = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
    assert "rows.tsv" not in left_in(cache)
    if moment == "while":
        assert err == "error: interrupted; the partial download is kept, and the same command continues it\n"
        server.behaviour = []
        assert fetch(server.card())[0].read_bytes() == ROWS
        assert server.asked[-1] > 0


def test_every_card_names_what_a_user_must_know():
    for card in cards().values():
        assert card.licence and card.citation and card.home and card.commit
        assert {file.part for file in card.files} <= {"train", "test"}
        assert all(file.address.startswith("https://") and card.commit in file.address for file in card.files)
        assert set(card.overlaps) <= set(cards())


A_CARD = "title = 't'\nhome = 'h'\nlicence = 'l'\ncitation = 'c'\ntext = 's'\n"
A_FILE = f"[[x.files]]\nname = 'a'\npart = 'train'\naddress = 'u'\nsha256 = '{SHA}'\n"
A_REGISTRY = f"[x]\n{A_CARD}{A_FILE}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", r"\[x\]: expected a table, got 1"),
        (f"[x]\n{A_CARD}", r"\[x\]: object missing required field files"),
        (f"[x]\n{A_CARD}files = []", r"\[x\]: files: expected array of length >= 1"),
        (f"[x]\n{A_CARD}files = 'ab'", r"\[x\]: files: expected array, got str, found 'ab'"),
        (f"[x]\n{A_FILE}", "missing required field title"),
        (A_REGISTRY.replace("[x]", "[x]\ncolour = 'red'"), "unknown name 'colour'"),
        (A_REGISTRY.replace("home = 'h'", "home = 3"), "home: expected str, got int, found 3"),
        (A_REGISTRY.replace(f"'{SHA}'", "5"), r"files\[0\].sha256: expected str, got int, found 5"),
        (A_REGISTRY.replace(SHA, "12"), r"files\[0\].sha256: .*\{64\}.*, found '12'"),
        (A_REGISTRY.replace("'a'", "'../a'"), r"files\[0\].name: .*, found '../a'"),
        (A_REGISTRY.replace("'train'", "'dev'"), r"files\[0\].part: .*train\|test.*, found 'dev'"),
        (A_REGISTRY.replace("address", "adress"), "unknown name 'files.adress'; did you mean address"),
        (A_REGISTRY.replace("address = 'u'", ""), r"files\[0\]: expected an address, or a path in the repository"),
        ("[x", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_registry_that_does_not_fit_is_named_with_its_place(tmp_path, text, message):
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_cards(path)
    assert str(path) in str(caught.value)


@pytest.mark.shared
@pytest.mark.parametrize(("corpus", "name"), [("plv", "PLV_train.tsv"), ("aw", "AW_train.tsv")])
def test_the_pinned_hashes_are_those_of_the_files(corpus, name):
    (file,) = (file for file in card_of(corpus).files if file.name == name)
    assert is_whole(Path(SHARED) / "gold" / name, file)
