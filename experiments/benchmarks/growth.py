"""How scoring and training grow with the rows.

    python experiments/benchmarks/growth.py [MOST_SCORED] [MOST_TRAINED]

From 10,000 rows in steps of ten: `detente score` from Parquet to Parquet and `detente train` on labelled rows, each a
process of its own, with its seconds and peak memory. The input is made from `data/` (`newslike.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
from newslike import make_texts
from pyarrow import parquet

DETENTE = str(Path(sys.executable).parent / "detente")
CHUNK = 1_000_000
PEAK = "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024); sys.exit(done.returncode)"


def write_input(path: Path, n: int, labelled: bool) -> None:
    """Rows of text, with their event types where they are to be learned from."""
    writer = None
    for start in range(0, n, CHUNK):
        texts, events = make_texts(min(CHUNK, n - start), seed=start)
        frame = pd.DataFrame({"text": texts.to_pylist()} | ({"event": events} if labelled else {}))
        # Short texts come again under another event type, which is an error in what is learned from.
        frame = frame.drop_duplicates("text") if labelled else frame
        table = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=100_000)
    writer.close()


def measured(command: list[str], folder: Path) -> tuple[float, int]:
    """Seconds and peak memory in MB of a command."""
    env = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    begun = time.perf_counter()
    # A small process between, since a child inherits the peak of the process that starts it.
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *command], env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    return time.perf_counter() - begun, int(done.stdout)


def main() -> None:
    most_scored = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    most_trained = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        measured([DETENTE, "train", "--out", str(folder / "model")], folder)
        print("| rows | score, seconds | rows/s | peak MB | train, seconds | microseconds a row | peak MB |")
        print("|---|---|---|---|---|---|---|")
        n = 10_000
        while n <= max(most_scored, most_trained):
            cells = [f"{n:,}"] + [""] * 6
            source = folder / "in.parquet"
            if n <= most_scored:
                write_input(source, n, labelled=False)
                command = [DETENTE, "score", str(source), "--model", str(folder / "model"), "--evidence", "0"]
                seconds, peak = measured([*command, "--out", str(folder / "out.parquet")], folder)
                cells[1:4] = f"{seconds:.1f}", f"{n / seconds:,.0f}", f"{peak:,}"
            if n <= most_trained:
                write_input(source, n, labelled=True)
                command = [DETENTE, "train", "--data", str(source), "--out", str(folder / "large")]
                seconds, peak = measured(command, folder)
                cells[4:] = f"{seconds:.1f}", f"{1e6 * seconds / n:.0f}", f"{peak:,}"
            print(f"| {' | '.join(cells)} |", flush=True)
            n *= 10


if __name__ == "__main__":
    main()
