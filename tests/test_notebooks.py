import re

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 500_000  # bytes that a code host still shows


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_from_top_to_bottom(path, folder, monkeypatch):
    monkeypatch.setenv("DETENTE_MODEL", str(folder))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_numbered_asks_one_question_and_is_stored_with_its_outputs(path):
    assert path.name[:2].isdigit() and path.stat().st_size < LARGEST
    cells = nbformat.read(path, as_version=4).cells
    assert re.match(rf"# {int(path.name[:2])}\. .+\?\n", cells[0].source)
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert sum(bool(cell.outputs) for cell in code) > len(code) / 2
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_the_outputs_of_a_notebook_name_no_place_of_the_machine(path):
    cells = nbformat.read(path, as_version=4).cells
    said = "".join(str(output) for cell in cells if cell.cell_type == "code" for output in cell.outputs)
    said = re.sub(r"[A-Za-z0-9+/=\\n]{400,}", "", said)  # pictures
    assert not re.search(r"(?:/home|/root|/work|/tmp|/usr|/Users|C:\\\\)[/\\]", said)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_defines_nothing_that_could_be_used_again(path):
    cells = nbformat.read(path, as_version=4).cells
    assert not any(
        re.search(r"^\s*(?:def|class) ", cell.source, re.MULTILINE) for cell in cells if cell.cell_type == "code"
    )
