"""Training data by name: the bundled corpus, public corpora, and the user's files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.bundled import data_folder
from pipeline.corpus.labelled import Columns, Corpus, files_of, merged, read_labelled, read_one, source_names
from pipeline.corpus.labelled_rows import SetAside, set_aside
from pipeline.corpus.near import is_near, signatures_of
from pipeline.corpus.spelling import KINDS, check_labels
from pipeline.errors import ConfigError, InputError, LabelConflictError, LabelError, SourceError, first_line
from pipeline.read.cleaning import clean
from pipeline.read.files import names_files, require_local
from pipeline.read.source import Written
from pipeline.read.tables import TABULAR, texts_of
from pipeline.read.tolerant import column_name, read_lines
from pipeline.sources.cards import Card, cards
from pipeline.sources.download import is_whole, place_of
from pipeline.strict import convert

EMBEDDED = "embedded"  # the bundled corpus
UNREADABLE = "a blank text, or a label that its card does not know"
AT_ODDS = "event type, quad class and stance of the row do not fit together"


@dataclass(frozen=True)
class Recipe:
    """How a corpus is put together.

    Attributes
    ----------
    data : `EMBEDDED`, names of public corpora, paths of labelled files or folders. A file with the name of a
        public corpus is written ``./plv``.
    columns : names of columns, for the paths.
    tests : names or paths of test data: near-duplicates of its rows are excluded. Available test files of the
        data's public corpora, and of those that overlap them, are included automatically.
    weights : how many times each row of one of the data counts in training, see `pipeline.model.settings.Training`.
    encoding, delimiter : of the paths; None: detected.
    """

    data: tuple[str, ...]
    columns: Columns = field(default_factory=Columns)
    tests: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()
    encoding: str | None = None
    delimiter: str | None = None

    @property
    def written(self) -> Written:
        """How the paths are written."""
        return Written(self.encoding, self.delimiter)

    def card(self) -> dict:
        """The recipe in the form of a model card."""
        return asdict(self)

    @staticmethod
    def from_card(card: dict) -> Recipe:
        """The recipe of a model card."""
        return convert(card, Recipe)


def weights_from(given: Iterable[str]) -> tuple[tuple[str, float], ...]:
    """Parse weights from the command line; raises `ConfigError` if one is not NAME=NUMBER.

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
    """Read the training snippets of a recipe; excluded rows are in `Corpus.set_aside`.

    Raises
    ------
    SourceError
        If a public corpus has not been downloaded.
    ConfigError
        If a weight is given for something not among the data, or is not a positive number.
    InputError, LabelError
        See `pipeline.corpus.labelled.read_labelled`.
    """
    known = cards()
    corpus = merged(_parts(recipe, known, "train"))
    corpus = replace(corpus, weights=_weights(recipe, known, corpus))
    return replace(_without_near(corpus, recipe, known), recipe=recipe)


def read_tests(recipe: Recipe) -> Corpus:
    """Read the snippets to measure a model on; of public corpora the test files, if any. Raises as `read_mix` does."""
    return merged(_parts(recipe, cards(), "test"))


def missing_tests(recipe: Recipe) -> list[str]:
    """Public corpora that share sentences with the data and whose test files are not available."""
    known = cards()
    return [name for name in _overlapping(recipe, known) if any(path is None for _, path in _test_files(known[name]))]


def _parts(recipe: Recipe, known: dict[str, Card], part: str) -> list[Corpus]:
    """Read each of the data; paths are read together, since a named column need only be in one of them."""
    parts, paths = [], _paths(recipe, known)
    for name in paths:
        require_local(name)
        if not names_files(name, TABULAR):
            raise InputError(f"{name}: no such file, and no corpus; expected {EMBEDDED}, {', '.join(known)} or a path")
    for name in dict.fromkeys(recipe.data):
        if name == EMBEDDED:
            parts.append(read_labelled([data_folder()]))
        elif name in known:
            parts += _public(known[name], part)
        elif name == paths[0]:
            parts.append(read_labelled(paths, recipe.columns, recipe.written))
    return parts


def _public(card: Card, part: str) -> list[Corpus]:
    """Read the files of a part of a public corpus, or all of it if it is not divided."""
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
    """(n,) float64, NaN if the recipe gives no weight."""
    weights = np.full(len(corpus), np.nan)
    for name, weight in recipe.weights:
        said = f"--weight {name}={weight:g}"
        named = [given for given in recipe.data if name in (given, Path(given).name)]
        if not named:
            raise ConfigError(f"{said}: not among the data; expected one of {', '.join(recipe.data)}")
        if not 0 < weight < np.inf:
            raise ConfigError(f"{said}: expected a number above 0")
        if len({*named}) > 1 and name not in named:
            raise ConfigError(f"{said}: several of the data have this name; write the path")
        chosen = name if name in named else named[0]
        weights[np.isin(corpus.sources.astype(str), sorted(_sources(chosen, recipe, known)))] = weight
    return weights


def _sources(name: str, recipe: Recipe, known: dict[str, Card]) -> set[str]:
    """The names in `Corpus.sources` of the rows of one of the data."""
    if name in known:
        return {name}
    if name == EMBEDDED:
        return {path.name for path in files_of(data_folder())}
    names = source_names([file for one in _paths(recipe, known) for file in files_of(Path(one))])
    return {names[file] for file in files_of(Path(name))}


def _paths(recipe: Recipe, known: dict[str, Card]) -> list[str]:
    """The data that are named by path."""
    return [name for name in recipe.data if name != EMBEDDED and name not in known]


def _overlapping(recipe: Recipe, known: dict[str, Card]) -> list[str]:
    """The public corpora among the data, and those that share sentences with them."""
    named = [name for name in recipe.data if name in known]
    return list(dict.fromkeys([*named, *(other for name in named for other in known[name].overlaps if other in known)]))


def _test_files(card: Card) -> list[tuple[str, Path | None]]:
    """The test files of a corpus by name, with None as the path of those that are not available."""
    places = ((file, place_of(card, file)) for file in card.files_of("test"))
    return [(file.name, path if is_whole(path, file) else None) for file, path in places]


def _tests(recipe: Recipe, known: dict[str, Card]) -> list[tuple[str, Corpus]]:
    """Available test files: those named by the recipe, and those of public corpora that overlap the data."""
    out = []
    for name in dict.fromkeys([*recipe.tests, *_overlapping(recipe, known)]):
        if name not in known:
            parts = [read_one(file, recipe.columns, recipe.written) for file in files_of(Path(name))]
            out.append((Path(name).name, merged(parts)))
            continue
        if name in recipe.tests:
            _public(known[name], "test")  # an error if it is not available
        out += [(file, read_public(path, known[name])) for file, path in _test_files(known[name]) if path]
    return out


def _without_near(corpus: Corpus, recipe: Recipe, known: dict[str, Card]) -> Corpus:
    """The rows that are not near-duplicates of test rows, as `evaluate` would find them; the others are excluded."""
    tests = [(name, signatures_of(test.texts)) for name, test in _tests(recipe, known)]
    if not tests:
        return corpus
    every = np.concatenate([seen for _, seen in tests])
    rows = np.flatnonzero(is_near(every, corpus.texts))
    aside, named = [], np.zeros(len(rows), bool)
    for name, seen in tests:
        near = is_near(seen, corpus.texts[rows]) & ~named
        aside += [set_aside(corpus, row, f"a near-copy of a line of {name}") for row in rows[near]]
        named |= near
    keep = np.setdiff1d(np.arange(len(corpus)), rows)
    return replace(corpus.take(keep), set_aside=(*corpus.set_aside, *aside))


def read_public(path: Path, card: Card) -> Corpus:
    """Read the labelled snippets of a file; rows that cannot be read are in `Corpus.set_aside`.

    Raises `SourceError` if the file does not have the format given in its card.
    """
    named = {kind: name for kind in ("text", *KINDS) if (name := getattr(card, kind)) is not None}
    try:
        table = read_lines(path, headed=card.header)
        columns = {kind: table.columns[column_name(name, card.header)] for kind, name in named.items()}
    except (InputError, OSError, KeyError) as error:
        why = f"no column {error}" if isinstance(error, KeyError) else first_line(error).removeprefix(f"{path}: ")
        raise SourceError(f"{path}: not as the card of {card.name} says: {why}") from None
    texts = clean(texts_of(columns["text"].tolist())).to_pylist()
    given = [columns[kind].tolist() if kind in columns else [""] * len(texts) for kind in KINDS]
    rows, aside = [], [SetAside(one.reason, card.name, one.row, "", one.text) for one in table.rejects]
    for row, text, event, quad, stance in zip(table.rows.tolist(), texts, *given):
        labels = card.events.get(event, event).upper(), card.quads.get(quad, quad), card.stances.get(stance, stance)
        try:
            if not text.strip():
                raise LabelError
            rows.append((text, row, *check_labels(*labels)))
        except LabelError as error:
            reason = AT_ODDS if isinstance(error, LabelConflictError) else UNREADABLE
            aside.append(SetAside(reason, card.name, row, event or quad or stance, text))
    if not rows:
        raise SourceError(f"{path}: no row has a label that the card of {card.name} knows")
    texts, places, events, quads, stances = (np.array(column, object) for column in zip(*rows))
    sources = np.full(len(rows), card.name, object)
    return Corpus(texts, events, stances, sources, quads, rows=places.astype(np.int64), set_aside=tuple(aside))
