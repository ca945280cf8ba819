"""The house rules: imports run one way, modules stay small, MLflow and Typer live in one room each."""

import ast
import re
from graphlib import TopologicalSorter
from importlib.util import resolve_name

import pytest

from tests.conftest import ROOT

ROOMS = """
    errors messages atomic strict stance bundled arrays read text actors corpus sources model score write engines explain timeline evaluate
    label experiment tracking reader show cli detente
""".split()
PIPELINE = ROOT / "pipeline"
MODULES = sorted(path for path in PIPELINE.rglob("*.py") if path.stat().st_size)
NOT_ON_WINDOWS = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}


def parsed(path):
    return ast.parse(path.read_bytes())


def imported(path, nodes=ast.walk):
    """The modules that a file imports, inside functions too, and the names that it takes from them, all in full."""
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    for node in nodes(parsed(path)):
        if isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room_of(path):
    part = path.relative_to(PIPELINE).parts[0].removesuffix(".py")
    return "cli" if part == "__init__" else part


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    here = ROOMS.index(room_of(path))
    for name in imported(path):
        package, _, rest = name.partition(".")
        room = rest.split(".")[0]
        if package == "pipeline" and room in ROOMS:
            assert ROOMS.index(room) <= here, f"{path.name} imports {name}"


def test_the_rooms_stand_in_this_order_in_contributing():
    lists = re.findall(r"`\w+`(?:\s*(?:→|->)\s*`\w+`)+", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert re.findall(r"\w+", max(lists, key=len)) == ROOMS


def test_imports_make_no_circle():
    """Neither do those inside functions and those for annotations alone."""
    paths = {module_of(path): path for path in MODULES}
    graph = {name: set(imported(path)) & paths.keys() for name, path in paths.items()}
    assert len(graph) > 100 and graph["pipeline.explain.explanation"] > {"pipeline.stance", "pipeline.model.store"}
    TopologicalSorter(graph).prepare()  # or raises CycleError, which names one


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from . import page", {"pipeline.explain", "pipeline.explain.page"}),
        ("def f():\n    from .page import mark_of", {"pipeline.explain.page", "pipeline.explain.page.mark_of"}),
        ("if TYPE_CHECKING:\n    import pipeline.reader as r", {"pipeline.reader"}),
        ("from ..model import store", {"pipeline.model", "pipeline.model.store"}),
    ],
)
def test_imports_of_every_kind_are_seen(monkeypatch, code, names):
    monkeypatch.setattr("tests.test_house.parsed", lambda path: ast.parse(code))
    assert set(imported(PIPELINE / "explain" / "x.py")) == names


def test_every_module_can_be_imported_on_windows():
    for path in [*MODULES, *(ROOT / "tests").glob("*.py")]:
        assert not NOT_ON_WINDOWS & set(imported(path, ast.iter_child_nodes)), path.name


@pytest.mark.parametrize(("library", "room"), [("mlflow", "tracking"), ("typer", "cli"), ("rich", "show")])
def test_a_library_lives_in_one_room(library, room):
    users = {room_of(path) for path in MODULES if library in {name.split(".")[0] for name in imported(path)}}
    assert users == {room}


def test_no_module_is_long():
    assert {path.name: n for path in MODULES if (n := len(path.read_bytes().splitlines())) > 250} == {}


def test_no_body_of_a_function_needs_scrolling():
    """Its signature and its docstring do not count."""
    long = {}
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and (n := body[-1].end_lineno - body[0].lineno + 1) > 40:
                    long[f"{path.name}:{node.name}"] = n
    assert long == {}
