"""Kill runs at random moments, and see that nothing is lost.

    python experiments/faults.py [KILLS] [COMMAND ...]

Each command runs undisturbed once. Then it is started in an empty folder and killed (SIGKILL to its whole process group)
at a moment drawn at random between its start and its usual end, up to four times in a row, and at last left alone. After
every kill each file under its final name must be whole, and the last run must end with the bytes of the undisturbed one.
KILLS (200) are shared out over the commands: score (JSONL, CSV, Parquet), train, fetch, tune, timeline. The download comes
from a server on this machine. What was killed has all it wrote in the system's memory: this says nothing of power cuts.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd

from pipeline.corpus.labelled import SNIPPETS
from pipeline.errors import DetenteError
from pipeline.model.store import load

ROOT = Path(__file__).parents[1]
IN_A_ROW, ROWS = 4, 40_000
SENTENCES = ("Rebels fired on the town.", "Chad sent food to Niger.", "Talks were not halted.", "It rained.")
CORPUS = b"sentence\tgold_root\n" + b"Rebels fired on the town again.\tASSAULT\n" * 40_000
SHA = hashlib.sha256(CORPUS).hexdigest()


@dataclass(frozen=True)
class Command:
    """A command that is killed.

    Attributes
    ----------
    share : of all kills.
    args : of the first start.
    again : further arguments of every later start.
    promised : files whose bytes are those of an undisturbed run.
    """

    name: str
    share: float
    args: tuple[str, ...]
    again: tuple[str, ...] = ()
    promised: tuple[str, ...] = ()


@dataclass
class Count:
    """What came of the kills of a command."""

    tried: int = 0
    lost: list[str] = field(default_factory=list)
    seconds: float = 0.0


def commands() -> list[Command]:
    score = ("score", "../in.csv", "-m", "../model", "--max-rejects", "1", "--out")
    drawn = tuple(f"drawn/timeline.{kind}" for kind in ("csv", "json", "png", "html"))
    found = [
        Command(f"score {kind}", share, (*score, f"out.{kind}"), ("--resume",), (f"out.{kind}", f"out.{kind}.rejects.jsonl"))
        for kind, share in (("jsonl", 0.15), ("csv", 0.15), ("parquet", 0.2))
    ]  # fmt: skip
    train = ("train", "--data", "../small.csv", "--out", "model")
    tune = ("tune", "../search.toml", "--trials", "4", "--jobs", "1", "--out", "search")
    timeline = ("timeline", "../archive.csv", "-m", "../model", "--out", "drawn")
    return [
        *found,
        Command("train", 0.1, train, (), ("model/weights.safetensors", "model/seen.safetensors")),
        Command("fetch", 0.2, ("data", "fetch", "towns", "--to", "kept"), (), ("kept/towns/rows.tsv",)),
        Command("tune", 0.05, tune, (), ("search/best.toml",)),
        Command("timeline", 0.15, timeline, (), drawn),
    ]


class Slow(BaseHTTPRequestHandler):
    """Serves the corpus in a second or so, also from the middle."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        body = CORPUS[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            for start in range(0, len(body), 1 << 15):
                self.wfile.write(body[start : start + (1 << 15)])
                time.sleep(0.02)
        except OSError:  # the client was killed
            pass


def prepare(place: Path) -> dict[str, str]:
    """Inputs of every command in a folder, the model apart; gives the environment of the runs."""
    rows = (f"{n},{SENTENCES[n % 4]} {n}" for n in range(ROWS))
    (place / "in.csv").write_text("id,text\n" + "\n".join([*rows, "x,y,z"]) + "\n")
    snippets = [pd.read_csv(ROOT / "data" / name)[::8] for name in SNIPPETS]
    pd.concat(snippets).to_csv(place / "small.csv", index=False)
    shutil.copy(ROOT / "data" / "archive.csv", place)
    search = f'question = "Which?"\n[data]\ntrain = ["{place}/small.csv"]\nfolds = 2\n'
    (place / "search.toml").write_text(search + "[tune.space]\n'training.c' = { low = 1.0, high = 20.0 }\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    card = '[towns]\ntitle = "Towns"\nlicence = "none"\nhome = ""\ncitation = "none"\ntext = "sentence"\n[[towns.files]]\nname = "rows.tsv"\n'
    card += f'part = "train"\nsha256 = "{SHA}"\naddress = "http://127.0.0.1:{server.server_port}/rows.tsv"\n'
    (place / "registry.toml").write_text(card)
    return {**os.environ, "PYTHONPATH": str(ROOT), "DETENTE_REGISTRY": str(place / "registry.toml"), "NO_PROXY": "*"}


def start(command: Command, place: Path, env: dict[str, str], more: tuple[str, ...] = ()) -> subprocess.Popen:
    words = [sys.executable, "-m", "pipeline.cli", *command.args, *more]
    with (place / ".said").open("ab") as said:
        return subprocess.Popen(words, cwd=place, env=env, stdout=said, stderr=said, start_new_session=True)


def unwhole(place: Path) -> Iterator[str]:
    """What is wrong with the files of a folder that stand under a final name."""
    for path in sorted(place.rglob("*")):
        inner = path.relative_to(place).parts
        passed_over = (
            any(part.startswith(".") or part.endswith((".parts", ".part")) for part in inner) or "unsent" in inner
        )
        if path.is_file() and not passed_over and (check := CHECKS.get(path.suffix)):
            try:
                check(path)
            except (DetenteError, ValueError, KeyError, OSError, sqlite3.Error, AssertionError) as error:
                yield f"{path.relative_to(place)}: {type(error).__name__} {error}"


def _lines(path: Path) -> None:
    content = path.read_text()
    assert content.endswith("\n"), "its last line is cut off"
    for line in content.splitlines():
        json.loads(line)


def _csv(path: Path) -> None:
    with path.open(newline="") as file:
        assert len({len(row) for row in csv.reader(file, strict=True)}) == 1, "its rows differ in length"


def _parquet(path: Path) -> None:
    from pyarrow import parquet

    parquet.read_table(path).validate(full=True)


def _ends(end: bytes) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        assert path.read_bytes().rstrip().endswith(end), "its end is missing"

    return check


def _model(path: Path) -> None:
    load(path.parent)


def _database(path: Path) -> None:
    with sqlite3.connect(path) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",), "its pages do not fit"


def _corpus(path: Path) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA, "its hash is another"


CHECKS: dict[str, Callable[[Path], None]] = {
    ".jsonl": _lines,
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": lambda path: json.loads(path.read_text()),
    ".toml": lambda path: tomllib.loads(path.read_text()),
    ".png": _ends(b"IEND\xaeB`\x82"),
    ".html": _ends(b"</html>"),
    ".safetensors": _model,
    ".db": _database,
    ".tsv": _corpus,
}


def digests(command: Command, place: Path) -> dict[str, str]:
    made = {name: place / name for name in command.promised if (place / name).exists()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in made.items()}


def series(
    command: Command, place: Path, env: dict, lasts: float, right: dict, most: int, chance: random.Random
) -> Count:
    """Up to ``most`` kills of one run in an empty folder, and a last start that is left alone."""
    found, more = Count(), ()
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for _ in range(most):
        running = start(command, place, env, more)
        moment = chance.uniform(0, lasts)
        try:
            running.wait(moment)
            break  # it was quicker than usual
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        found.tried, more = found.tried + 1, command.again
        found.lost += [f"killed after {moment:.2f} s: {what}" for what in unwhole(place)]
    code = start(command, place, env, more).wait(300)
    if code:
        found.lost.append(f"exit code {code}: {(place / '.said').read_text()[-300:]}")
    found.lost += [f"at the end: {what}" for what in unwhole(place)]
    found.lost += [f"{name} differs" for name in right if digests(command, place).get(name) != right[name]]
    return found


def try_command(command: Command, place: Path, env: dict[str, str], kills: int, chance: random.Random) -> Count:
    """Kill a command so many times."""
    calm, total, begun = place / f"calm {command.name}", Count(), time.monotonic()
    calm.mkdir()
    if code := start(command, calm, env).wait(600):
        sys.exit(f"{command.name} undisturbed ends with {code}: {(calm / '.said').read_text()}")
    lasts, right = time.monotonic() - begun, digests(command, calm)
    assert set(right) == set(command.promised), f"{command.name}: promised but not there"
    if command.name == "train":
        shutil.copytree(calm / "model", place / "model")
    while total.tried < kills:
        most = min(IN_A_ROW, kills - total.tried)
        one = series(command, place / "killed", env, lasts, right, most, chance)
        total.tried, total.lost = total.tried + one.tried, total.lost + one.lost
    total.seconds = time.monotonic() - begun
    return total


def main() -> int:
    kills, *wanted = sys.argv[1:] or ["200"]
    chance, lost = random.Random(0), 0
    print("| killed | tried | survived | lost | seconds |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        place = Path(folder)
        env = prepare(place)
        for command in sorted(commands(), key=lambda one: one.name != "train"):  # it makes the model of the others
            if wanted and command.name.split()[0] not in (*wanted, "train"):
                continue
            share = round(int(kills) * command.share) if not wanted or command.name.split()[0] in wanted else 0
            count = try_command(command, place, env, share, chance)
            lost += len(count.lost)
            bad = min(len(count.lost), count.tried)
            print(f"| {command.name} | {count.tried} | {count.tried - bad} | {bad} | {count.seconds:.0f} |", flush=True)
            for what in count.lost:
                print(f"  {command.name}: {what}", file=sys.stderr, flush=True)
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
