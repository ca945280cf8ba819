"""Start-up and training against importing scikit-learn and MLflow, side by side.

    python experiments/benchmarks/startup.py [ROUNDS]

Each command is a process of its own, the commands take turns, and the median of the rounds is shown as a ratio to
`import sklearn.linear_model, mlflow`. Trains into a temporary folder first, with a store of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
DETENTE = str(Path(sys.executable).parent / "detente")
LIMITS = {"detente --help": 0.1, "detente score": 0.2, "detente train": 6.0}


def seconds(command: list[str], env: dict) -> float:
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
        model = f"{folder}/model"
        commands = {
            "import": [sys.executable, "-c", "import sklearn.linear_model, mlflow"],
            "detente --help": [DETENTE, "--help"],
            "detente score": [DETENTE, "score", "Rebels released 26 hostages.", "--model", model],
            "detente train": [DETENTE, "train", "--out", model],
        }
        seconds(commands["detente train"], env)  # makes the model and the store
        took = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                took[name].append(seconds(command, env))
    base = statistics.median(took["import"])
    print(f"{'command':18}{'seconds':>9}{'ratio':>8}{'limit':>7}")
    for name, times in took.items():
        middle = statistics.median(times)
        print(f"{name:18}{middle:9.2f}{middle / base:8.2f}{LIMITS.get(name, ''):>7}")


if __name__ == "__main__":
    main()
