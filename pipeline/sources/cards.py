"""The registry of public corpora, from `registry.toml` and a registry file of the user."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from pipeline.errors import ConfigError
from pipeline.strict import convert, read_toml

REGISTRY = Path(__file__).with_name("registry.toml")
OWN_REGISTRY = "DETENTE_REGISTRY"  # environment variable: a TOML file of further corpora
_RAW = "https://raw.githubusercontent.com"
_FileName = Annotated[str, Meta(pattern=r"^[^./\\][^/\\]*\Z")]


@dataclass(frozen=True)
class PublicFile:
    """A file of a public corpus: its local name, its part, the hash of its bytes, and the URL that it is downloaded from,
    by default that of its path in the repository of the corpus."""

    name: _FileName
    part: Annotated[str, Meta(pattern=r"^(train|test)\Z")]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    address: str = ""
    path: str = ""

    def __post_init__(self) -> None:
        if not self.address and not self.path:
            raise ValueError("expected an address, or a path in the repository")


@dataclass(frozen=True)
class Card:
    """A public corpus.

    Attributes
    ----------
    name : its name in commands.
    title, home, commit, licence, citation : what it is, its repository and version, its licence and how to cite it.
    files : the files to download.
    text, event, quad, stance : columns of the file: names, or numbers from 0 if it has no header; None if absent.
    events, quads, stances : Detente's label for each label of the file; labels that are not listed are spelled alike.
    header : whether the first line names the columns.
    rows : number of rows in all files, 0 if unknown.
    overlaps : corpora whose test files share sentences with this one.
    quirks : known peculiarities of the files.
    """

    name: _FileName  # its folder in the cache
    title: str
    home: str
    licence: str
    citation: str
    files: Annotated[tuple[PublicFile, ...], Meta(min_length=1)]
    text: str | int
    commit: str = ""
    event: str | int | None = None
    quad: str | int | None = None
    stance: str | int | None = None
    events: dict[str, str] = field(default_factory=dict)
    quads: dict[str, str] = field(default_factory=dict)
    stances: dict[str, str] = field(default_factory=dict)
    header: bool = True
    rows: Annotated[int, Meta(ge=0)] = 0
    overlaps: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()

    def files_of(self, part: str) -> tuple[PublicFile, ...]:
        """The files of a part."""
        return tuple(file for file in self.files if file.part == part)


def cards() -> dict[str, Card]:
    """Every known corpus by name: the bundled registry, then the one that `OWN_REGISTRY` names.

    Raises `ConfigError` if the latter is missing or not TOML, or a card lacks a field, has an unknown one or one of
    another type.
    """
    own = os.environ.get(OWN_REGISTRY)
    return read_cards(REGISTRY) | (read_cards(Path(own)) if own else {})


def read_cards(path: Path) -> dict[str, Card]:
    """The cards of a registry file; raises as `cards` does."""
    tables = read_toml(path, f"corpora ({OWN_REGISTRY})")
    return {name: _card(name, table, f"{path}, [{name}]") for name, table in tables.items()}


def card_of(name: str) -> Card:
    """The card of a corpus; raises `ConfigError` if no registry has it."""
    known = cards()
    if name not in known:
        raise ConfigError(f"no public corpus {name!r}; expected one of {', '.join(known)}")
    return known[name]


def _card(name: str, table: object, where: str) -> Card:
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: expected a table, got {table!r}")
    try:
        card = convert(table | {"name": name}, Card)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
    base = f"{card.home.replace('https://github.com', _RAW)}/{card.commit}"
    return replace(card, files=tuple(replace(f, address=f.address or f"{base}/{f.path}") for f in card.files))
