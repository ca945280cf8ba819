"""The commands that are disturbed, and their inputs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from pipeline.corpus.labelled import SNIPPETS

ROOT = Path(__file__).parents[2]
ROWS = 40_000
SENTENCES = ("Rebels fired on the town.", "Chad sent food to Niger.", "Talks were not halted.", "It rained.")
CORPUS = b"sentence\tgold_root\n" + b"Rebels fired on the town again.\tASSAULT\n" * 40_000
SHA = hashlib.sha256(CORPUS).hexdigest()


@dataclass(frozen=True)
class Command:
    """A command that is disturbed.

    Attributes
    ----------
    share : of all kills.
    args : of the first start.
    again : further arguments of every later start.
    promised : files whose bytes are those of an undisturbed run.
    reads : its input; None: it downloads.
    piped : arguments that send the results to standard output; empty: as ``args``.
    """

    name: str
    share: float
    args: tuple[str, ...]
    reads: str | None
    promised: tuple[str, ...]
    again: tuple[str, ...] = ()
    piped: tuple[str, ...] = ()


def _score(kind: str, share: float) -> Command:
    args = ("score", f"../in.{kind}", "-m", "../model", "--max-rejects", "1")
    made = (f"out.{kind}",) if kind == "parquet" else (f"out.{kind}", f"out.{kind}.rejects.jsonl")
    piped = () if kind == "parquet" else (*args, "--format", kind)
    return Command(f"score {kind}", share, (*args, "--out", made[0]), f"in.{kind}", made, ("--resume",), piped)


_MODEL = ("model/weights.safetensors", "model/seen.safetensors")
_DRAWN = tuple(f"drawn/timeline.{kind}" for kind in ("csv", "json", "png", "html"))
_TUNE = ("tune", "../search.toml", "--trials", "4", "--jobs", "1", "--out", "search")
_TIMELINE = ("timeline", "../archive.csv", "-m", "../model", "--out", "drawn")
COMMANDS = (  # train makes the model of the others
    Command("train", 0.1, ("train", "--data", "../small.csv", "--out", "model"), "small.csv", _MODEL),
    _score("jsonl", 0.15),
    _score("csv", 0.15),
    _score("parquet", 0.2),
    Command("fetch", 0.2, ("data", "fetch", "towns", "--to", "kept"), None, ("kept/towns/rows.tsv",)),
    Command("timeline", 0.15, _TIMELINE, "archive.csv", _DRAWN),
    Command("tune", 0.05, _TUNE, "small.csv", ("search/best.toml",)),
)


class Server(BaseHTTPRequestHandler):
    """Serves the corpus in a second or so, also from the middle.

    Attributes
    ----------
    bytes_left : after so many bytes each connection ends; None: never.
    corpus : what is served.
    """

    bytes_left: int | None = None
    corpus = CORPUS

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        body = self.corpus[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            for start in range(0, len(body[: self.bytes_left]), 1 << 15):
                self.wfile.write(body[start : start + (1 << 15)])
                time.sleep(0.02)
        except OSError:  # the client was killed
            pass


def prepare(place: Path) -> dict[str, str]:
    """Write the inputs of every command to a folder, except the model, and start the server; gives the environment of the runs."""
    rows = [{"id": str(n), "text": f"{SENTENCES[n % 4]} {n}"} for n in range(ROWS)]
    (place / "in.csv").write_text("\n".join(["id,text", *(f"{row['id']},{row['text']}" for row in rows), "x,y,z\n"]))
    (place / "in.jsonl").write_text("\n".join([*map(json.dumps, rows), "null\n"]))
    parquet.write_table(pa.Table.from_pylist(rows), place / "in.parquet")
    snippets = [pd.read_csv(ROOT / "data" / name)[::8] for name in SNIPPETS]
    pd.concat(snippets).to_csv(place / "small.csv", index=False)
    shutil.copy(ROOT / "data" / "archive.csv", place)
    search = 'question = "Which?"\n[data]\ntrain = ["../small.csv"]\nfolds = 2\n'
    (place / "search.toml").write_text(search + "[tune.space]\n'training.c' = { low = 1.0, high = 20.0 }\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    card = '[towns]\ntitle = "Towns"\nlicence = "none"\nhome = ""\ncitation = "none"\ntext = "sentence"\n[[towns.files]]\nname = "rows.tsv"\n'
    card += f'part = "train"\nsha256 = "{SHA}"\naddress = "http://127.0.0.1:{server.server_port}/rows.tsv"\n'
    (place / "registry.toml").write_text(card)
    own = {"PYTHONPATH": str(ROOT), "DETENTE_REGISTRY": str(place / "registry.toml"), "NO_PROXY": "*"}
    return {**os.environ, **own, "PYTHONFAULTHANDLER": "1"}
