"""Disturb runs, and check that nothing is lost.

    python -m experiments.faults [KILLS] [COMMAND ...] [FAULT ...]

Each command runs undisturbed once. Then it is disturbed in an empty folder (`experiments/faults/kinds.py` has the faults)
and run again. After every end each file with a final name must be complete, a failure must be one line without a traceback,
and the last run must make the bytes of the undisturbed one. KILLS (200) are shared out over the commands; each other fault
is tried KILLS / 40 times per command, with `tune` once. Names of commands or faults select some of them. The download comes
from a server on this machine. Killed runs have all they wrote in the system's memory: this says nothing of power cuts. Root
gets small file systems for full disks and read-only folders, others limits and modes.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from experiments.faults.checks import digests
from experiments.faults.commands import COMMANDS, Command, prepare
from experiments.faults.kinds import KINDS
from experiments.faults.trial import Trial


class Bench:
    """Runs commands undisturbed, then disturbed."""

    def __init__(self, place: Path) -> None:
        self.place, self.chance = place, random.Random(0)
        self.inputs = place / "inputs"
        self.inputs.mkdir()
        self.env = prepare(self.inputs)

    def trial(self, command: Command, lasts: float = 0, right: dict[str, str] | None = None, needs: int = 0) -> Trial:
        shutil.rmtree(self.place / "trial", ignore_errors=True)
        shutil.copytree(self.inputs, self.place / "trial")
        return Trial(command, self.place / "trial", self.env, lasts, right or {}, needs, self.chance)

    def calm(self, command: Command) -> tuple[float, dict[str, str], int]:
        """Seconds, hashes and bytes of an undisturbed run."""
        trial, begun = self.trial(command), time.monotonic()
        trial.finish()
        lasts, right = time.monotonic() - begun, digests(command, trial.place)
        if trial.lost or set(right) != set(command.promised):
            sys.exit(f"{command.name} undisturbed: {trial.lost}, made {sorted(right)}")
        needs = sum(path.stat().st_size for path in trial.place.rglob("*") if path.is_file())
        if command.name == "train":
            shutil.copytree(trial.place / "model", self.inputs / "model")
        return lasts, right, needs

    def disturb(self, command: Command, fault: str, times: int, usual: tuple) -> tuple[int, int, list[str]]:
        """How often a fault was tried, how often survived, and what was lost."""
        tried, survived, lost = 0, 0, []
        while tried < times:
            trial = self.trial(command, *usual)
            done = KINDS[fault](trial)
            if not done:
                break
            tried += done
            survived += max(done - len(trial.lost), 0)
            lost += trial.lost
        return tried, survived, lost


def main() -> int:
    kills, *wanted = sys.argv[1:] or ["200"]
    if not kills.isdigit():
        sys.exit(__doc__)
    commands = [one for one in COMMANDS if one.name in wanted] or list(COMMANDS)
    faults = [one for one in KINDS if one in wanted] or list(KINDS)
    done, is_lost = defaultdict[str, dict](dict), False
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        bench = Bench(Path(folder))
        for command in COMMANDS:
            if command not in commands and command.name != "train":
                continue
            usual = bench.calm(command)
            for fault in faults if command in commands else ():
                times = max(int(kills) // 40, 1) if command.name != "tune" else 1
                times = round(int(kills) * command.share) if fault == "SIGKILL" else times
                found = done[fault][command.name] = bench.disturb(command, fault, times, usual)
                print(f"{command.name}, {fault}: {found[1]} of {found[0]} survived", file=sys.stderr, flush=True)
                for what in found[2]:
                    is_lost = True
                    print(f"  {what}", file=sys.stderr, flush=True)
    names = [command.name for command in commands]
    print(f"| fault | {' | '.join(names)} | tried | survived | nothing lost |\n|---{'|---' * len(names)}|---|---|---|")
    for fault, of in done.items():
        tried, survived = (sum(found[n] for found in of.values()) for n in (0, 1))
        cells = [*(of[name][0] for name in names), tried, survived, "yes" if tried == survived else "no"]
        print(f"| {fault} | {' | '.join(map(str, cells))} |")
    return int(is_lost)


if __name__ == "__main__":
    sys.exit(main())
