"""How fast texts are scored: this scorer, stock scikit-learn, fastText and `wc -w`, and the command line end to end.

    pip install fasttext-wheel       # for its row; left out where it is not installed
    python experiments/benchmarks/scoring.py [SNIPPETS] [ROUNDS] [ROWS THAT CONTAIN THIS]

Makes its input from `data/` (`newslike.py`). Every row of the
table is a process of its own, the rows take turns, and the median of the rounds is shown; loading and training are
not counted, in the rows of the command line everything is. All models are trained on `data/`, the event types as
labels, so that each gives the same probabilities.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from newslike import ROOT, make_texts

from pipeline.corpus.labelled import SNIPPETS

DETENTE = str(Path(sys.executable).parent / "detente")


def prepare(folder: Path, n: int) -> None:
    """The input as Parquet, CSV and plain text, and the trained models."""
    import joblib
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    frame = pd.DataFrame({"id": [str(k) for k in range(n)], "text": make_texts(n)[0].to_pylist()})
    frame.to_parquet(folder / "in.parquet", row_group_size=100_000)
    frame.to_csv(folder / "in.csv", index=False)
    (folder / "in.txt").write_text("\n".join(frame.text) + "\n")
    data = pd.concat(
        [
            *(pd.read_csv(ROOT / "data" / name) for name in SNIPPETS),
            pd.read_csv(ROOT / "data" / "codebook.csv").rename(columns={"phrase": "text"}),
        ]
    )
    stock = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(max_iter=300))
    joblib.dump(stock.fit(data.text, data.event), folder / "stock.joblib")
    env = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    command = [DETENTE, "train", "--out", str(folder / "model")]
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        import fasttext
    except ImportError:
        return
    lines = [f"__label__{event} {text.lower()}" for event, text in zip(data.event, data.text)]
    (folder / "train.txt").write_text("\n".join(lines) + "\n")
    fasttext.train_supervised(str(folder / "train.txt"), wordNgrams=2, epoch=25, verbose=0).save_model(
        str(folder / "ft.bin")
    )


def texts_of(folder: Path):
    from pyarrow import parquet

    return parquet.read_table(folder / "in.parquet").column("text").combine_chunks()


def ours(folder: Path, threads: int) -> float:
    from pipeline.model.store import load
    from pipeline.score.snippets import score

    model, texts = load(folder / "model"), texts_of(folder)
    score(model, texts.slice(0, 1000))
    begun = time.perf_counter()
    score(model, texts, threads)
    return time.perf_counter() - begun


def stock(folder: Path) -> float:
    import joblib

    pipeline, texts = joblib.load(folder / "stock.joblib"), texts_of(folder).to_pylist()
    begun = time.perf_counter()
    pipeline.predict_proba(texts)
    return time.perf_counter() - begun


def fast_text(folder: Path) -> float:
    import fasttext

    fasttext.FastText.eprint = lambda *_: None
    model, lines = fasttext.load_model(str(folder / "ft.bin")), [text.lower() for text in texts_of(folder).to_pylist()]
    begun = time.perf_counter()
    model.predict(lines, k=-1)
    return time.perf_counter() - begun


def word_count(folder: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(["wc", "-w", str(folder / "in.txt")], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def command_line(folder: Path, given: str, out: str | None, evidence: int) -> float:
    """Seconds of `detente score` with two threads; to a pipe where ``out`` is None."""
    command = [DETENTE, "score", str(folder / given), "--model", str(folder / "model"), "--evidence", str(evidence)]
    command += ["--threads", "2", *(["--format", "jsonl"] if out is None else ["--out", str(folder / out)])]
    begun = time.perf_counter()
    if out is not None:
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    else:
        with (
            (folder / "pipe.jsonl").open("wb") as kept,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process,
        ):
            shutil.copyfileobj(process.stdout, kept, 1 << 16)
        assert process.returncode == 0
    return time.perf_counter() - begun


SCRIPT = """
import joblib, pandas as pd, sys
frame = pd.read_parquet(sys.argv[1])
model = joblib.load(sys.argv[2])
proba = model.predict_proba(frame.text)
out = pd.DataFrame(proba, columns=model.classes_)
out.insert(0, "event", model.classes_[proba.argmax(axis=1)])
out.insert(0, "id", frame.id)
out.to_parquet(sys.argv[3])
"""


def script(folder: Path) -> float:
    files = [str(folder / name) for name in ("in.parquet", "stock.joblib", "script.parquet")]
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", SCRIPT, *files], check=True)
    return time.perf_counter() - begun


ROWS = {
    "stock scikit-learn": stock,
    "fastText, predict-prob": fast_text,
    "wc -w": word_count,
    "detente, 1 thread": lambda folder: ours(folder, 1),
    "detente, 2 threads": lambda folder: ours(folder, 2),
    "pandas + joblib script, Parquet to Parquet": script,
    "detente score --evidence 0, Parquet to Parquet": lambda folder: command_line(folder, "in.parquet", "a.parquet", 0),
    "detente score, Parquet to Parquet": lambda folder: command_line(folder, "in.parquet", "b.parquet", 3),
    "detente score, Parquet to JSONL": lambda folder: command_line(folder, "in.parquet", "c.jsonl", 3),
    "detente score, Parquet to JSONL in a pipe": lambda folder: command_line(folder, "in.parquet", None, 3),
    "detente score, CSV to Parquet": lambda folder: command_line(folder, "in.csv", "d.parquet", 3),
}


def agreement(folder: Path) -> None:
    """Print how far the scorer is from the scikit-learn estimator of its model folder."""
    import numpy as np

    from pipeline.model.store import load, load_pipeline
    from pipeline.read.cleaning import clean
    from pipeline.read.furniture import furniture
    from pipeline.score.snippets import score
    from pipeline.stance import LABELS

    texts = texts_of(folder)
    texts = texts.filter(~furniture(texts))  # the scorer calls page furniture neutral, whatever its words
    ours, estimator = score(load(folder / "model"), texts, 2).label_proba, load_pipeline(folder / "model")
    theirs = estimator.predict_proba(clean(texts).to_pylist())  # the estimator takes texts as they are
    ours = ours[:, [LABELS.index(label) for label in estimator.classes_]]
    same = np.array_equal(theirs.argmax(axis=1), ours.argmax(axis=1))
    gap = np.abs(theirs - ours).max()
    print(
        f"labels of the scikit-learn estimator: {'all the same' if same else 'DIFFERENT'}; largest difference {gap:.1e}"
    )


COMMANDS = frozenset(row for row in ROWS if "score" in row or "script" in row or "wc" in row)


def measured(name: str, folder: Path) -> tuple[float, float, float]:
    """Seconds, peak memory in MB and processor seconds, start and loading included, of one row, in a process of its own."""
    code = [sys.executable, __file__, "--row", name, str(folder)]
    return tuple(json.loads(subprocess.run(code, check=True, stdout=subprocess.PIPE).stdout))


def run_row(name: str, folder: Path) -> None:
    seconds = ROWS[name](folder)
    # Of a command the peak of its process, of a library that of this one.
    who = resource.RUSAGE_CHILDREN if name in COMMANDS else resource.RUSAGE_SELF
    used = resource.getrusage(who)
    print(json.dumps([seconds, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime]))


def main() -> None:
    if sys.argv[1:2] == ["--row"]:
        run_row(sys.argv[2], Path(sys.argv[3]))
        return
    if sys.argv[1:2] == ["--prepare"]:
        prepare(Path(sys.argv[2]), int(sys.argv[3]))
        return
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: what this one held would count as the peak of its children.
        subprocess.run([sys.executable, __file__, "--prepare", name, str(n)], check=True)
        size = (folder / "in.txt").stat().st_size / 1e6
        rows = [row for row in ROWS if row != "fastText, predict-prob" or (folder / "ft.bin").exists()]
        rows = [row for row in rows if not sys.argv[3:] or sys.argv[3] in row]
        took = {row: [] for row in rows}
        for _ in range(rounds):
            for row in rows:
                took[row].append(measured(row, folder))
        show(took, n, size)
        agreement(folder)


def show(took: dict, n: int, size: float) -> None:
    middle = {row: statistics.median(seconds for seconds, *_ in times) for row, times in took.items()}
    print(f"{n:,} snippets, {size:.0f} MB, median of {len(next(iter(took.values())))}")
    print(
        f"| {'':46} | seconds | CPU s | MB/s | snippets/s | peak MB | to scikit-learn | to fastText | to the script |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for row, seconds in middle.items():
        peak = "" if row == "wc -w" else f"{max(memory for _, memory, _ in took[row]):.0f}"  # too small to be told
        cpu = statistics.median(used for *_, used in took[row])  # tells more where others use the machine
        others = ("stock scikit-learn", "fastText, predict-prob", "pandas + joblib script, Parquet to Parquet")
        ratios = " | ".join(f"{middle[other] / seconds:.2f}" if other in middle else "" for other in others)
        print(
            f"| {row:46} | {seconds:.2f} | {cpu:.2f} | {size / seconds:.1f} | {n / seconds:,.0f} | {peak} | {ratios} |"
        )


if __name__ == "__main__":
    main()
