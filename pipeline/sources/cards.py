"""The registry of public corpora, from `registry.toml` and a registry file of the user."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeVar

from pipeline.errors import ConfigError

T = TypeVar("T")

REGISTRY = Path(__file__).with_name("registry.toml")
OWN_REGISTRY = "DETENTE_REGISTRY"  # environment variable: a TOML file of further corpora
PARTS = ("train", "test")
_RAW = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class PublicFile:
    """A file of a public corpus.

    Attributes
    ----------
    name : its local name.
    part : ``train`` or ``test``.
    address : the URL it is downloaded from.
    sha256 : the hash of its bytes.
    """

    name: str
    part: str
    address: str
    sha256: str


@dataclass(frozen=True)
class Card:
    """A public corpus.

    Attributes
    ----------
    name : its name in commands.
    title, home, commit, licence, citation : what it is, its repository and version, its licence and how to cite it.
    files : the files to download.
    reader : name of a function of `pipeline.sources.readers`.
    text, event, quad, stance : columns of the file: names, or numbers from 0 if it has no header; None if absent.
    quads, stances : Detente's label for each label of the file. Event types are spelled alike.
    header : whether the first line names the columns.
    rows : number of rows in all files, 0 if unknown.
    overlaps : corpora whose test files share sentences with this one.
    quirks : known peculiarities of the files.
    """

    name: str
    title: str
    home: str
    licence: str
    citation: str
    files: tuple[PublicFile, ...]
    text: str
    commit: str = ""
    reader: str = "tab_separated"
    event: str | None = None
    quad: str | None = None
    stance: str | None = None
    quads: dict[str, str] = field(default_factory=dict)
    stances: dict[str, str] = field(default_factory=dict)
    header: bool = True
    rows: int = 0
    overlaps: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()

    def files_of(self, part: str) -> tuple[PublicFile, ...]:
        """The files of a part."""
        return tuple(file for file in self.files if file.part == part)


def cards() -> dict[str, Card]:
    """Every known corpus by name: the bundled registry, then the one that `OWN_REGISTRY` names.

    Raises
    ------
    ConfigError
        If the latter is missing or not TOML, or a card lacks a field or has an unknown one.
    """
    own = os.environ.get(OWN_REGISTRY)
    return read_cards(REGISTRY) | (read_cards(Path(own)) if own else {})


def read_cards(path: Path) -> dict[str, Card]:
    """The cards of a registry file, see `cards`."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a TOML file of corpora ({OWN_REGISTRY})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    return {name: _card(name, table, f"{path}, [{name}]") for name, table in tables.items()}


def card_of(name: str) -> Card:
    """The card of a corpus; raises `ConfigError` if no registry has it."""
    known = cards()
    if name not in known:
        raise ConfigError(f"no public corpus {name!r}; expected one of {', '.join(known)}")
    return known[name]


def _card(name: str, table: dict, where: str) -> Card:
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: expected a table, got {table!r}")
    base = f"{table.get('home', '').replace('https://github.com', _RAW)}/{table.get('commit', '')}"
    files = tuple(_file(file, base, where) for file in table.get("files", ()))
    if not files:
        raise ConfigError(f"{where}: expected at least one [[{name}.files]]")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return _made(Card, values | {"name": name, "files": files}, where)


def _file(table: dict, base: str, where: str) -> PublicFile:
    table = dict(table)
    if path := table.pop("path", None):  # within the repository, at the commit
        table["address"] = f"{base}/{path}"
    file = _made(PublicFile, table, f"{where}, files")
    if file.part not in PARTS or len(file.sha256) != 64 or Path(file.name).name != file.name:
        raise ConfigError(
            f"{where}, {file.name}: expected a plain file name, part {' or '.join(PARTS)} and a sha256 of 64 digits"
        )
    return file


def _made(kind: type[T], values: dict, where: str) -> T:
    known = [f.name for f in fields(kind)]  # type: ignore[arg-type]  # a dataclass: which, a type variable cannot say
    if unknown := sorted(set(values) - set(known)):
        raise ConfigError(f"{where}: unknown field {unknown[0]!r}; expected some of {', '.join(known)}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{where}: {str(error).split('() ')[-1]}") from None
