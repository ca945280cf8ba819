"""What share of the lines and of the branches of `pipeline` the tests have run, and whether that is enough.

``python tests/covered.py coverage.json`` ends with 1 where it is less than `LEAST`.
"""

import json
import sys
from pathlib import Path

LEAST = {"statements": 95.0, "branches": 90.0}
_SHOWN = 10  # files with the most lines and branches that nothing runs


def shares(report: dict) -> dict[str, float]:
    """Per cent of each kind, of the JSON report of coverage.py."""
    return {kind: report["totals"][f"percent_{kind}_covered"] for kind in LEAST}


def least_covered(report: dict) -> list[str]:
    """The files that leave most undone."""
    missing = {
        name: file["summary"]["missing_lines"] + file["summary"]["missing_branches"]
        for name, file in report["files"].items()
    }
    worst = sorted(missing, key=lambda name: (-missing[name], name))[:_SHOWN]
    return [f"{missing[name]:5} {name}" for name in worst if missing[name]]


def main(path: str) -> int:
    """Print both shares and the files that leave most undone; 1 where a share is too small, else 0."""
    report = json.loads(Path(path).read_text(encoding="utf-8"))
    print("\n".join(["not run", *least_covered(report)]))
    found = shares(report)
    print(", ".join(f"{kind} {found[kind]:.1f} % (at least {least:g})" for kind, least in LEAST.items()))
    return int(any(found[kind] < least for kind, least in LEAST.items()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
