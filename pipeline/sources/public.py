"""Read the downloaded files of public corpora, as their cards say."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.corpus.labelled import Corpus
from pipeline.corpus.labelled_rows import SetAside
from pipeline.corpus.spelling import KINDS, check_labels
from pipeline.errors import InputError, LabelConflictError, LabelError, SourceError, first_line
from pipeline.read.cleaning import clean
from pipeline.read.tables import texts_of
from pipeline.read.tolerant import Table, column_name, read_lines
from pipeline.sources.cards import Card

UNREADABLE = "a blank text, or a label that its card does not know"
AT_ODDS = "event type, quad class and stance of the row do not fit together"


def read_public(path: Path, card: Card) -> Corpus:
    """Read the labelled snippets of a file; rows that cannot be read are in `Corpus.set_aside`.

    Raises `SourceError` if the file does not have the format given in its card.
    """
    try:
        table = read_lines(path, headed=card.header)
        columns = _columns(table, card)
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


def _columns(table: Table, card: Card) -> dict[str, np.ndarray]:
    """The columns named by a card, by kind; raises `KeyError` if one is missing."""
    given = {kind: name for kind in ("text", *KINDS) if (name := getattr(card, kind)) is not None}
    return {kind: table.columns[column_name(name, card.header)] for kind, name in given.items()}
