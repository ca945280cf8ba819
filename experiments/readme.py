"""Write the real output of each command into the README.

    python experiments/readme.py

A fenced block whose first line begins with "$ " is a command and its output. Commands are run in the order of
the README, in the project's folder; progress bars and warnings (standard error) are left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"```\n\$ (?P<command>[^\n]+)\n.*?```", re.DOTALL)


def output_of(block: re.Match) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    options = {"cwd": README.parent, "env": {**os.environ, "PATH": path}}
    printed = subprocess.check_output(["/bin/bash", "-c", block["command"]], text=True, **options)
    lines = "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())
    return f"```\n$ {block['command']}\n{lines}\n```"


def main() -> None:
    README.write_text(BLOCK.sub(output_of, README.read_text()))


if __name__ == "__main__":
    main()
