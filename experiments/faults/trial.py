"""One disturbed run."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from experiments.faults.checks import digests, incomplete
from experiments.faults.commands import Command

LONGEST = 300  # seconds that a run may take


class Run(subprocess.Popen):
    """A command that runs, and the file with what it says."""

    said: Path

    def says(self) -> str:
        return self.said.read_text(errors="replace")

    def is_over(self, seconds: float) -> bool:
        """Wait so long; whether it has ended by itself."""
        try:
            self.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


@dataclass
class Trial:
    """A command with its own copy of the inputs.

    Attributes
    ----------
    inputs : their folder; the command runs in the empty folder ``run`` inside it.
    lasts : seconds that an undisturbed run takes.
    right : the hashes of what it makes.
    needs : the bytes of all that it leaves.
    lost : what went wrong.
    """

    command: Command
    inputs: Path
    env: dict[str, str]
    lasts: float
    right: dict[str, str]
    needs: int
    chance: random.Random
    lost: list[str] = field(default_factory=list)
    runs: int = 0

    def __post_init__(self) -> None:
        self.place = self.inputs / "run"
        self.place.mkdir(exist_ok=True)
        self.make_temporary()

    def make_temporary(self) -> None:
        """Make the folder of the command's temporary files."""
        (self.place / ".tmp").mkdir()

    def start(
        self,
        *more: str,
        args: tuple[str, ...] = (),
        env: dict[str, str | None] | None = None,
        stdout: int | None = None,
        limit: Callable[[], None] | None = None,
    ) -> Run:
        """Start the command; a variable that is None is unset."""
        words = [sys.executable, "-m", "pipeline.cli", *(args or self.command.args), *more]
        given = {**self.env, "TMPDIR": str(self.place / ".tmp"), **(env or {})}
        given = {name: value for name, value in given.items() if value is not None}
        self.runs += 1
        path = self.inputs / f"said-{self.runs}"
        with path.open("wb") as said:
            run = Run(
                words, cwd=self.place, env=given, stdout=stdout or said, stderr=said, start_new_session=True, preexec_fn=limit
            )  # fmt: skip
        run.said = path
        return run

    def moment(self) -> float:
        """Seconds to a random moment between the start of a run and its usual end."""
        return self.chance.uniform(0, self.lasts)

    def ended(self, run: Run, *codes: int) -> int:
        """Wait for a run. It must end with one of the codes; a failure must be one line. All files must be complete."""
        code = run.wait(LONGEST)
        said = run.says()
        one_line = code <= 0 or sum(line.startswith(("error: ", "interrupted")) for line in said.splitlines()) == 1
        if code not in codes or not one_line or "Traceback" in said:
            self.lost.append(f"exit code {code}: {said[-1500:]}")
        self.look()
        return code

    def look(self) -> None:
        self.lost += incomplete(self.place)

    def finish(self, *more: str, **given) -> None:
        """Run the command once more, undisturbed; it must make the bytes of an undisturbed run."""
        self.ended(self.start(*more, **given), 0)
        self.same()

    def same(self) -> None:
        made = digests(self.command, self.place)
        self.lost += [f"{name} differs" for name in self.right if made.get(name) != self.right[name]]
