"""The gazetteer: political actors by key, with their names and aliases; and names of firms, clubs, stars and the like."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.bundled import data_folder
from pipeline.errors import InputError
from pipeline.text.tokens import tokenise
from pipeline.text.words import FILLERS, FUNCTION_WORDS

PATH = data_folder() / "actors.csv"
_WORD = re.compile(r"\w+")
# Parts of names that identify nobody on their own.
_COMMON_PARTS = frozenset(
    """
    New North South East West Central United Great Saint St San Port City Islands Island Republic States Kingdom
    Federation Democratic People Holy White House Street State Department Capitol Hill Palace Strip Bank El Lao Costa
    The Cape Authority Congress Southern Northern Minor Outlying Virgin Territories Territory Rico Grand Ocean
    African Islamic Kremlin Pentagon Whitehall Knesset Duma Bundestag Boko Haram CIA FBI IDF Quad Contra Wagner Libre
    Commonwealth Amnesty Republicans Democrats Tories CARE FACT G9 MEND SDF Azov Fano Blue Rock
    Casa Great Santo Aires Town Bay Heard Cook Wake Christmas Norfolk Isle Man Wallis Pierre Martin Royal Vincent Lucia
    """.split()
)
# Words that stand for a government or a parliament, and for nothing else.
_SEATS = ("Bundestag", "Duma", "Knesset", "Kremlin", "Pentagon", "Whitehall")
TYPES = ("state", "organisation", "group", "generic")
COLUMNS = ("key", "type", "name", "aliases", "people", "places")
NAME, PERSON, PLACE = range(3)  # what stands for an actor: a name of it, a person or a place
N_KINDS = 3


@dataclass(frozen=True)
class Actor:
    """A political actor: its names, the usual one first; people who act or acted for it, such as "Putin"; and places that
    belong to it, such as "Fallujah".

    The key of a state is its ISO 3166 alpha-3 code, that of others one such as ``PSE.HAMAS`` or ``rebels``. The type is one
    of `TYPES`; a ``generic`` actor has no name of its own.
    """

    key: str
    type: str
    names: tuple[str, ...]
    people: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gazetteer:
    """Actors, and a trie of the tokens of their names.

    Attributes
    ----------
    actors : in file order; a code is an index into it.
    words : number of every token of a name, in each of its spellings.
    edges : ``node * 2**20 + number of a word`` to the next node; 0 is the root.
    ends : a node to ``code * N_KINDS + kind`` of the actor and the kind of name that ends there.
    longest : number of tokens of the longest name.
    """

    actors: tuple[Actor, ...]
    words: dict[str, int]
    edges: dict[int, int]
    ends: dict[int, int]
    longest: int

    @cached_property
    def spellings(self) -> tuple[pa.Array, pa.Array]:
        """(n_names,) words of the names of states, organisations and groups, in lower case and as they are written.

        Without words that are also part of a generic name ("forces"), function words, and names of people, many of which
        are common words.
        """
        named = [name for actor in self.actors if actor.type != "generic" for name in actor.names]
        generic = {
            word for actor in self.actors if actor.type == "generic" for name in actor.names for word in name.split()
        }
        usual = generic | FUNCTION_WORDS | FILLERS | {name.lower() for name in named if name in _COMMON_PARTS}
        forms = [form for form in tokenise(named).forms.to_pylist() if form != form.lower()]
        written = {form.lower(): form for form in forms if form.lower() not in usual}
        return as_strings([*written]), as_strings([*written.values()])

    @property
    def keys(self) -> tuple[str, ...]:
        """The key of each actor."""
        return tuple(actor.key for actor in self.actors)


@cache
def gazetteer(path: Path = PATH) -> Gazetteer:
    """Read a gazetteer: columns key, type, name, aliases, people and places, the last three separated by ``|``.

    Raises `InputError` if the file is missing, or a row has no known type or no name.
    """
    if not path.exists():
        raise InputError(f"{path}: no gazetteer here; expected a table with columns {', '.join(COLUMNS)}")
    actors = []
    with path.open(encoding="utf-8", newline="") as file:
        for row, cells in enumerate(csv.DictReader(file), start=2):
            names, people, places = (
                tuple(name for column in columns for name in (cells.get(column) or "").split("|") if name)
                for columns in (("name", "aliases"), ("people",), ("places",))
            )
            if cells["type"] not in TYPES or not names:
                raise InputError(f"{path}, row {row}: expected a name and a type of {', '.join(TYPES)}, found {cells}")
            actors.append(Actor(cells["key"], cells["type"], names, people, places))
    return _trie(tuple(actors))


@cache
def actor_words() -> tuple[pa.Array, ...]:
    """Words that name a state; an organisation or a group; what is related to any of them; and what has no politics.

    Of a multi-word name of a state, the capitalised words ("Korean" of "North Korean"); the caller leaves out common
    words. Related are persons and places, and the first two words of every name that has more than one ("United
    Nations"), since neither of the two names an actor alone.
    """
    known = gazetteer()
    states = {w for a in known.actors if a.type == "state" for n in a.names for w in _WORD.findall(n)}
    groups = {n for a in known.actors if a.type in ("organisation", "group") for n in a.names if _WORD.fullmatch(n)}
    related = {n for a in known.actors for n in (*a.people, *a.places) if _WORD.fullmatch(n)}
    names = {n for a in known.actors for n in (*a.names, *a.places)}
    names |= {n for a in known.actors for n in a.people if len(n.split()) == 2}  # many are called "Abdul Aziz ..."
    openings = {pair for name in names if (pair := _opening(name))}
    beside = _names_among(related - states - groups)
    related = {*beside, *openings, *_SEATS}
    apolitical = apolitical_names() - states - groups - related
    found = _names_among(states), _names_among(groups - states), sorted(related), sorted(apolitical)
    return tuple(map(as_strings, found))


def apolitical_names() -> set[str]:
    """The first two words, or the only one, of each name of a firm, a club, a star or the like in `data/names.csv`."""
    with (data_folder() / "names.csv").open(encoding="utf-8", newline="") as file:
        names = (_WORD.findall(cells["name"])[:2] for cells in csv.DictReader(file))
        return {" ".join(words) for words in names if all(len(word) > 1 for word in words)}


def _opening(name: str) -> str:
    """The first two words of a name, joined by a space; empty unless both are capitalised."""
    words = name.split()[:2]
    fits = len(words) == 2 and all(_WORD.fullmatch(word) and word[0].isupper() for word in words)
    return " ".join(words) if fits else ""


def _names_among(words: set[str]) -> list[str]:
    """The words written as names, sorted."""
    return sorted({word for word in words if word[0].isupper() and len(word) > 1} - _COMMON_PARTS)


def _trie(actors: tuple[Actor, ...]) -> Gazetteer:
    names = [
        (code * N_KINDS + kind, name)
        for code, actor in enumerate(actors)
        for kind, written in ((NAME, actor.names), (PERSON, actor.people), (PLACE, actor.places))
        for name in written
    ]
    # Generic names at the beginning of a sentence; "Army" is also a part of names.
    names += [(meaning, name.capitalize()) for meaning, name in names if name[0].islower()]
    tokens = tokenise([name for _, name in names], join_hyphens=True)
    forms = tokens.forms.to_pylist()
    words: dict[str, int] = {}
    edges: dict[int, int] = {}
    ends: dict[int, int] = {}
    longest = 0
    for (meaning, _), begin, end in zip(names, tokens.bounds[:-1].tolist(), tokens.bounds[1:].tolist()):
        written = [forms[form] for form in tokens.form[begin:end].tolist()]
        longest, node = max(longest, len(written)), 0
        for word in written:
            number = words.setdefault(word, len(words))
            words.setdefault(word.upper() if len(word) > 2 else word, number)  # headlines in capitals
            node = edges.setdefault((node << 20) + number, len(edges) + 1)
        ends.setdefault(node, meaning)
    return Gazetteer(actors, words, edges, ends, longest)
