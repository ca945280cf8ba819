"""The served model under parallel clients: errors, latencies, memory.

    python experiments/benchmarks/serving.py [SECONDS] [CLIENTS] [MODEL]

Logs MODEL (models/detente) to a temporary store, serves it with `mlflow models serve`, and lets CLIENTS (32) send requests
one after the other for SECONDS (60): two texts each, with evidence and actors, over connections of their own. Every
answer must have status 200 and be equal to the first. Memory is the resident memory of the server's processes from the
tenth second on. The exit code is 1 after an error, or if memory grew by a tenth. Linux only.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np

TEXTS = ["Kenya accused Uganda of an attack on two soldiers.", "Chad and Niger signed a truce on Monday."]
BODY = json.dumps({"inputs": TEXTS, "params": {"evidence": 3, "actors": True}}).encode()


def ask(port: int) -> bytes:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", BODY, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def client(port: int, right: bytes, end: float, took: list[float], wrong: list[str]) -> None:
    """Ask until the end."""
    while (begun := time.monotonic()) < end:
        try:
            if ask(port) != right:
                wrong.append("another answer")
        except OSError as error:
            wrong.append(f"{type(error).__name__} {error}")
        took.append(time.monotonic() - begun)


def memory(group: int) -> float:
    """MB of resident memory of a process group."""
    found = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[2]) == group:
                found += int(stat.with_name("statm").read_text().split()[1])
        except (OSError, ValueError):  # it has just ended
            continue
    return found * os.sysconf("SC_PAGE_SIZE") / 1e6


def serve(model: Path, place: Path) -> tuple[subprocess.Popen, int]:
    """A server of a model in a new store, and its port."""
    from pipeline.tracking.connection import import_mlflow, open_store
    from pipeline.tracking.runs import log_model

    uri = f"sqlite:///{place}/mlflow.db"
    os.environ["MLFLOW_TRACKING_URI"] = uri
    os.chdir(place)
    mlflow = import_mlflow()
    open_store()
    mlflow.set_experiment("serving")
    with mlflow.start_run():
        logged = log_model(mlflow, model)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", logged.model_uri, "-p", str(port)]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # as in an environment that is activated
    with (place / "log").open("wb") as log:
        server = subprocess.Popen(
            [*words, "--env-manager", "local"], env={**os.environ, "PATH": path}, stdout=log, stderr=log, start_new_session=True
        )  # fmt: skip
    for _ in range(240):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
            return server, port
        except OSError:
            time.sleep(0.5)
    sys.exit((place / "log").read_text())


def main() -> int:
    seconds, clients, *model = sys.argv[1:] or ["60", "32"]
    with tempfile.TemporaryDirectory() as folder:
        server, port = serve(Path(*model or ["models/detente"]).resolve(), Path(folder))
        try:
            right, took, wrong = ask(port), list[float](), list[str]()
            end = time.monotonic() + int(seconds)
            threads = [
                threading.Thread(target=client, args=(port, right, end, took, wrong)) for _ in range(int(clients))
            ]
            for thread in threads:
                thread.start()
            time.sleep(10)
            held = [memory(server.pid)]
            while time.monotonic() < end:
                time.sleep(5)
                held.append(memory(server.pid))
            for thread in threads:
                thread.join()
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)
    middle, high, highest = np.percentile(took, (50, 95, 99)) * 1000
    print(f"{len(took):,} requests of {clients} clients in {seconds} s, {len(wrong)} errors {wrong[:3]}")
    print(f"latency p50 {middle:.0f} ms, p95 {high:.0f} ms, p99 {highest:.0f} ms")
    print(f"memory {held[0]:.0f} MB after 10 s, {held[-1]:.0f} MB at the end, at most {max(held):.0f} MB")
    return int(bool(wrong) or held[-1] > 1.1 * held[0])


if __name__ == "__main__":
    sys.exit(main())
