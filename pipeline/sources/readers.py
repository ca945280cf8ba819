"""Readers of public corpora: each turns a file into texts and labels in the file's own spelling."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from pipeline.corpus.contradictions import SetAside
from pipeline.corpus.labelled import Corpus, check_labels
from pipeline.errors import LabelError, SourceError, first_line
from pipeline.read.cleaning import clean
from pipeline.sources.cards import Card
from pipeline.stance import LABELS, QUADS, STANCES

UNREADABLE = "a blank text, or a label that its card does not know"
AT_ODDS = "event type, quad class and stance of the row do not fit together"


def tab_separated(path: Path, card: Card) -> pa.Table:
    """Columns of a tab-separated file in which quotation marks have no special meaning."""
    read = pa.csv.ReadOptions(autogenerate_column_names=not card.header)
    parse = pa.csv.ParseOptions(delimiter="\t", quote_char=False, double_quote=False)
    names = [name if card.header else f"f{name}" for name in _columns(card).values()]
    strings = pa.csv.ConvertOptions(include_columns=names, column_types=dict.fromkeys(names, pa.large_string()))
    strings.strings_can_be_null = False
    return pa.csv.read_csv(path, read, parse, strings).rename_columns(list(_columns(card)))


READERS: dict[str, Callable[[Path, Card], pa.Table]] = {"tab_separated": tab_separated}


def read_public(path: Path, card: Card) -> Corpus:
    """Read the labelled snippets of a file; rows that cannot be read are in `Corpus.set_aside`.

    Raises
    ------
    SourceError
        If the file does not have the format given in its card.
    """
    try:
        table = READERS[card.reader](path, card)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise SourceError(f"{path}: not as the card of {card.name} says: {first_line(error)}") from None
    texts = clean(table["text"].combine_chunks()).to_pylist()
    given = [table[kind].to_pylist() if kind in table.column_names else [""] * len(texts) for kind in _KINDS]
    rows, aside = [], []
    for row, (text, event, quad, stance) in enumerate(zip(texts, *given), start=1):
        labels = event.upper(), card.quads.get(quad, quad), card.stances.get(stance, stance)
        known = all(not label or label in allowed for label, allowed in zip(labels, _KNOWN))
        try:
            if text.strip() and known:
                rows.append((text, row, *check_labels(path, row, *labels)))
                continue
        except LabelError:
            pass
        reason = AT_ODDS if known and text.strip() and any(labels) else UNREADABLE
        aside.append(SetAside(reason, card.name, row, event or quad or stance, text))
    if not rows:
        raise SourceError(f"{path}: no row has a label that the card of {card.name} knows")
    texts, places, events, quads, stances = (np.array(column, object) for column in zip(*rows))
    sources = np.full(len(rows), card.name, object)
    return Corpus(texts, events, stances, sources, quads, rows=places.astype(np.int64), set_aside=tuple(aside))


_KINDS = ("event", "quad", "stance")
_KNOWN = (LABELS, (*QUADS, "neutral"), STANCES)


def _columns(card: Card) -> dict[str, str]:
    """The columns named by a card."""
    return {kind: str(name) for kind in ("text", *_KINDS) if (name := getattr(card, kind)) is not None}
