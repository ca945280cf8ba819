"""The README and the help say what there is."""

import re
import tomllib

import typer.main

from pipeline.cli.app import app
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text("utf-8")
TOP = typer.main.get_command(app).commands
GROUPS = {name: command for name, command in TOP.items() if hasattr(command, "commands")}
COMMANDS = {name: command for name, command in TOP.items() if name not in GROUPS} | {
    f"{group} {name}": command for group, of_group in GROUPS.items() for name, command in of_group.commands.items()
}


def test_every_command_is_in_the_readme_and_has_help():
    for name, command in COMMANDS.items():
        assert f"$ detente {name}" in README or f"detente {name}" in README
        assert command.help
        assert all(getattr(p, "help", None) for p in command.params if p.name != "help"), name


def test_every_command_of_the_readme_exists():
    used = set(re.findall(r"(?<!from )detente ([a-z]+)(?: |`|$)", README, re.MULTILINE))
    assert used <= set(TOP)


def test_every_option_of_the_readme_exists():
    commands = [typer.main.get_command(app), *COMMANDS.values()]
    known = {option for command in commands for p in command.params for option in (*p.opts, *p.secondary_opts)}
    text = re.sub(r"https?://\S+|mlflow .*|pip .*", "", README)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= known


def test_every_room_is_in_the_tree():
    tree = README.split("## The tree")[1].split("##")[0]
    for path in (ROOT / "pipeline").iterdir():
        if (path.suffix == ".py" and path.name != "__init__.py") or (path.is_dir() and (path / "__init__.py").exists()):
            assert path.name in tree


def test_every_dependency_has_its_reason():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for requirement in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        assert re.split(r"[>\[]", requirement)[0] in text


def test_pins_name_no_address():
    assert "://" not in (ROOT / "constraints.txt").read_text("utf-8")


def test_every_room_travels_in_the_wheel():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    rooms = {f"pipeline.{path.parent.name}" for path in (ROOT / "pipeline").glob("*/__init__.py")}
    assert set(packages) == {"pipeline", "pipeline.data", "detente", *rooms - {"pipeline.detente"}}


def test_every_path_of_the_table_of_changes_exists():
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("## To change this, go there")[1].split("\n## ")[0]
    paths = re.findall(r"`([^`]+)`", table)
    assert len(table.split("\n| ")) > 15
    for path in paths:
        assert "/" not in path or (ROOT / path).exists(), path
