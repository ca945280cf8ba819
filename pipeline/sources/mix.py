"""Corpora put together by name: what comes with Detente, public ones, and one's own files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.arrays.places import data_folder
from pipeline.corpus.contradictions import set_aside
from pipeline.corpus.labelled import Columns, Corpus, files_of, joined, read_labelled, read_one
from pipeline.corpus.near import fingerprints
from pipeline.corpus.signatures import ESTIMATED_NEAR, nearest_signature, signatures
from pipeline.errors import ConfigError, InputError, SourceError
from pipeline.sources.cards import Card, cards
from pipeline.sources.download import is_whole, place_of
from pipeline.sources.readers import read_public

EMBEDDED = "embedded"  # the corpus that comes with Detente


@dataclass(frozen=True)
class Recipe:
    """How a corpus is put together.

    Attributes
    ----------
    data : `EMBEDDED`, names of public corpora, paths of labelled files or folders. A file that is called like a
        public corpus is written ``./plv``.
    columns : names of columns, for the paths.
    tests : names or paths of what the model will be tested on: rows near to a line of it are left out. The test files
        of public corpora that are at hand are among them of themselves.
    weights : how many times each row of one of the data counts in training, see `pipeline.model.settings.Training`.
    """

    data: tuple[str, ...]
    columns: Columns = field(default_factory=Columns)
    tests: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()

    def card(self) -> dict:
        """The recipe as a model card holds it."""
        return asdict(self)

    @staticmethod
    def from_card(card: dict) -> Recipe:
        """The recipe of a model card."""
        weights = tuple((name, weight) for name, weight in card["weights"])
        return Recipe(tuple(card["data"]), Columns(**card["columns"]), tuple(card["tests"]), weights)


def weights_from(given: Iterable[str]) -> tuple[tuple[str, float], ...]:
    """Weights as they are written on the command line; a `ConfigError` where one is not NAME=NUMBER.

    Examples
    --------
    >>> weights_from(["plv=4", "mine.csv=0.5"])
    (('plv', 4.0), ('mine.csv', 0.5))
    """
    out = []
    for one in given:
        name, _, number = one.rpartition("=")
        try:
            out.append((name, float(number)))
        except ValueError:
            name = ""
        if not name:
            raise ConfigError(f"--weight {one}: expected NAME=NUMBER, as in plv=4")
    return tuple(out)


def read_mix(recipe: Recipe) -> Corpus:
    """The training snippets of a recipe; what was left out is in `Corpus.set_aside`.

    Raises
    ------
    SourceError
        Where a public corpus has not been fetched.
    ConfigError
        Where a weight is given to what is not among the data, or is no positive number.
    InputError, LabelError
        See `pipeline.corpus.labelled.read_labelled`.
    """
    known = cards()
    corpus = joined(_parts(recipe, known, "train"))
    corpus = replace(corpus, weights=_weights(recipe, known, corpus))
    return replace(_without_near(corpus, recipe, known), recipe=recipe)


def read_tests(recipe: Recipe) -> Corpus:
    """The snippets to measure a model on: of public corpora the test files, where they have any."""
    return joined(_parts(recipe, cards(), "test"))


def missing_tests(recipe: Recipe) -> list[str]:
    """Public corpora that share sentences with the data and whose test files are not at hand."""
    known = cards()
    return [name for name in _overlapping(recipe, known) if any(path is None for _, path in _test_files(known[name]))]


def _parts(recipe: Recipe, known: dict[str, Card], part: str) -> list[Corpus]:
    """Each of the data; paths are read together, since a named column need be in one of them only."""
    parts, paths = [], [name for name in recipe.data if name != EMBEDDED and name not in known]
    for name in paths:
        if not Path(name).exists() and not Path(name).suffix:
            raise InputError(f"{name}: no such file, and no corpus; expected {EMBEDDED}, {', '.join(known)} or a path")
    for name in dict.fromkeys(recipe.data):
        if name == EMBEDDED:
            parts.append(read_labelled([data_folder()]))
        elif name in known:
            parts += _public(known[name], part)
        elif name == paths[0]:
            parts.append(read_labelled(paths, recipe.columns))
    return parts


def _public(card: Card, part: str) -> list[Corpus]:
    """The files of a part of a public corpus, or of all of it where it is not divided."""
    out = []
    for file in card.files_of(part) or card.files:
        if not is_whole(path := place_of(card, file), file):
            found = "other bytes" if path.exists() else "none"
            raise SourceError(
                f"{path}: expected {file.name} of {card.name}, found {found}; detente data fetch {card.name}"
            )
        out.append(read_public(path, card))
    return out


def _weights(recipe: Recipe, known: dict[str, Card], corpus: Corpus) -> np.ndarray:
    """(n,) float64, NaN where the recipe gives no weight."""
    weights = np.full(len(corpus), np.nan)
    for name, weight in recipe.weights:
        named = [given for given in recipe.data if name in (given, Path(given).name)]
        if not named:
            raise ConfigError(
                f"--weight {name}={weight:g}: not among the data; expected one of {', '.join(recipe.data)}"
            )
        if not 0 < weight < np.inf:
            raise ConfigError(f"--weight {name}={weight:g}: expected a number above 0")
        weights[np.isin(corpus.sources.astype(str), sorted(_sources(named[0], known)))] = weight
    return weights


def _sources(name: str, known: dict[str, Card]) -> set[str]:
    """What `Corpus.sources` calls the rows of one of the data."""
    if name in known:
        return {name}
    return {path.name for path in files_of(data_folder() if name == EMBEDDED else Path(name))}


def _overlapping(recipe: Recipe, known: dict[str, Card]) -> list[str]:
    """The public corpora among the data, and those they share sentences with."""
    named = [name for name in recipe.data if name in known]
    return list(dict.fromkeys([*named, *(other for name in named for other in known[name].overlaps if other in known)]))


def _test_files(card: Card) -> list[tuple[str, Path | None]]:
    """The test files of a corpus, by name, with None for the place of those that are not at hand."""
    places = ((file, place_of(card, file)) for file in card.files_of("test"))
    return [(file.name, path if is_whole(path, file) else None) for file, path in places]


def _tests(recipe: Recipe, known: dict[str, Card]) -> list[tuple[str, Corpus]]:
    """Test files at hand: those that the recipe names, and those of public corpora that overlap the data."""
    out = []
    for name in dict.fromkeys([*recipe.tests, *_overlapping(recipe, known)]):
        if name not in known:
            out.append((Path(name).name, joined([read_one(file, recipe.columns) for file in files_of(Path(name))])))
            continue
        if name in recipe.tests:
            _public(known[name], "test")  # an error where it is not at hand
        out += [(file, read_public(path, known[name])) for file, path in _test_files(known[name]) if path]
    return out


def _without_near(corpus: Corpus, recipe: Recipe, known: dict[str, Card]) -> Corpus:
    """The rows that are not near to a line of a test file, as `evaluate` would find them; the others are set aside."""
    tests = [(name, signatures(fingerprints(test.texts))) for name, test in _tests(recipe, known)]
    if not tests:
        return corpus
    every = np.concatenate([seen for _, seen in tests])
    rows = np.flatnonzero(nearest_signature(every, corpus.texts) >= ESTIMATED_NEAR)
    aside, named = [], np.zeros(len(rows), bool)
    for name, seen in tests:
        near = (nearest_signature(seen, corpus.texts[rows]) >= ESTIMATED_NEAR) & ~named
        aside += [set_aside(corpus, row, f"near to a line of {name}") for row in rows[near]]
        named |= near
    keep = np.setdiff1d(np.arange(len(corpus)), rows)
    return replace(corpus.take(keep), set_aside=(*corpus.set_aside, *aside))
