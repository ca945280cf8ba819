"""Runs the notebooks from top to bottom and stores them with their outputs.

    python experiments/notebooks.py [NAME…]

Needs models/detente (`detente train`). Outputs hold no time, no path and no name of a machine (`tests/test_notebooks.py`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def main() -> None:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if len(sys.argv) > 1 and not any(path.name.startswith(name) for name in sys.argv[1:]):
            continue
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
        notebook.metadata.pop("widgets", None)
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
            # What libraries say on standard error is of the machine, not of the question.
            if cell.cell_type == "code":
                cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
