"""The pictures of the README: a terminal, an explanation, a timeline and a report.

    python experiments/pictures.py [FOLDER]

Needs models/detente (`detente train`) and Chromium; writes into notebooks/pictures.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COMMAND = (sys.executable, "-m", "pipeline.cli")
ARTICLE = next(iter(sorted((ROOT / "data" / "examples").glob("*.txt"))))
LARGEST = 300_000  # bytes


def terminal(arguments: list[str], shown: str, path: Path) -> None:
    """What a command prints on a terminal, as SVG."""
    environment = os.environ | {"FORCE_COLOR": "1", "COLUMNS": "100", "TERM": "xterm-256color"}
    done = subprocess.run([*COMMAND, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {shown}", style="bold"))
    console.print(Text.from_ansi(done.stdout))
    console.save_svg(str(path), title="detente")


def page(source: Path, path: Path, width: int, height: int) -> None:
    """The top of a page, as PNG."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is absent; install it to draw the pages")
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=3000"]
        size = f"--window-size={width},{height}"
        target = [f"--user-data-dir={profile}", f"--screenshot={path}", source.as_uri()]
        subprocess.run([chromium, *flags, size, *target], capture_output=True, check=True, timeout=120)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "notebooks" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    sentence = "The two governments refused to sign a ceasefire, but exchanged forty prisoners."
    terminal(["explain", sentence], f'detente explain "{sentence}"', folder / "terminal.svg")
    terminal(["timeline", "data/archive.csv"], "detente timeline data/archive.csv", folder / "terminal-timeline.svg")
    with tempfile.TemporaryDirectory() as work:
        made = Path(work)
        for arguments in (
            ["explain", str(ARTICLE.relative_to(ROOT)), "--html", str(made / "explanation.html")],
            ["timeline", "data/archive.csv", "--freq", "W", "--out", str(made / "timeline")],
            ["evaluate", "--data", "data/heldout.csv", "--report", str(made / "report")],
        ):
            subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, check=True)
        page(made / "explanation.html", folder / "explanation.png", 760, 620)
        page(made / "timeline" / "timeline.html", folder / "timeline.png", 900, 560)
        page(made / "report" / "report.html", folder / "report.png", 1000, 1500)
    for path, size in sorted((path, path.stat().st_size) for path in folder.iterdir()):
        print(f"{path.name}: {size / 1000:.0f} kB" + (", too large" if size > LARGEST else ""))


if __name__ == "__main__":
    main()
