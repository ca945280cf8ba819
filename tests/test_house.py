"""The house rules: imports run one way, modules stay small, MLflow and Typer live in one room each."""

import ast

import pytest

from tests.conftest import ROOT

ROOMS = """
    errors plain whole strict stance arrays read text actors corpus sources model score write engines explain timeline evaluate
    label experiment tracking reader show cli detente
""".split()
PIPELINE = ROOT / "pipeline"
MODULES = sorted(path for path in PIPELINE.rglob("*.py") if path.read_text())


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (
                f"{node.module}.{alias.name}"
                for alias in node.names
                if node.module == "pipeline" and alias.name in ROOMS
            )
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def room_of(path):
    part = path.relative_to(PIPELINE).parts[0].removesuffix(".py")
    return "cli" if part == "__init__" else part


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    here = ROOMS.index(room_of(path))
    for name in imported(path):
        if name.startswith("pipeline."):
            assert ROOMS.index(name.split(".")[1]) <= here, f"{path.name} imports {name}"


@pytest.mark.parametrize(("library", "room"), [("mlflow", "tracking"), ("typer", "cli"), ("rich", "show")])
def test_a_library_lives_in_one_room(library, room):
    users = {room_of(path) for path in MODULES if library in {name.split(".")[0] for name in imported(path)}}
    assert users == {room}


def test_no_module_is_long():
    assert {path.name: n for path in MODULES if (n := len(path.read_text().splitlines())) > 250} == {}


def test_no_function_needs_scrolling():
    long = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and (n := body[-1].end_lineno - body[0].lineno + 1) > 40:
                    long[f"{path.name}:{node.name}"] = n
    assert long == {}
