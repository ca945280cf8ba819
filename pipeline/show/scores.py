"""Scored snippets and articles as tables."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.atomic import replacing
from pipeline.read.documents import Documents
from pipeline.score.articles import score_articles
from pipeline.score.documents import OutputOptions, ScoredTexts, score_sentences, score_texts
from pipeline.show import bare_table, console, styled
from pipeline.stance import MIXED, STANCES, UNCLEAR
from pipeline.write.tables import sentence_table, text_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pipeline.model.store import Model
    from pipeline.score.articles import Articles

_COLOURS = {STANCES[0]: "red", STANCES[1]: "green", STANCES[2]: "default", MIXED: "yellow", UNCLEAR: "bright_black"}
_TOGETHER = 200  # rows whose column widths are chosen together; the time that Rich takes for more is felt
_SIDE_BY_SIDE = 100  # columns of a terminal; in a narrower one the evidence is below the text


def scores(model: Model, batches: Iterable[Documents], asked: OutputOptions, out: Path | None) -> None:
    """Print tables of scored snippets and articles to the terminal or a file."""
    if out:
        with replacing(out) as part, part.open("w", encoding="utf-8") as file:
            _print(console(file=file), model, batches, asked)
    else:
        _print(console(), model, batches, asked)


def _print(screen: Console, model: Model, batches: Iterable[Documents], asked: OutputOptions) -> None:
    for batch in batches:
        if _is_unread(screen):
            return
        if batch.articles:
            for name, article in zip(batch.ids.to_pylist(), score_articles(model, batch.texts.to_pylist())):
                _article(screen, name, article, score_sentences(model, article, asked))
        else:
            rows = text_table(batch.ids, score_texts(model, batch.texts, asked)).append_column("text", batch.texts)
            for start in range(0, len(rows), _TOGETHER):
                if _is_unread(screen):
                    return
                screen.print(_text_table(rows.slice(start, _TOGETHER), screen.width))


def _is_unread(screen: Console) -> bool:
    """Whether the reader of a pipe has closed it."""
    return getattr(screen.file, "dropped", False)


def _article(screen: Console, name: str, article: Articles, scored: ScoredTexts) -> None:
    (stance,), (tension,), (counts,) = article.stance, article.tension, article.counts.tolist()
    screen.print(styled("\n", (name, "bold"), "  ", (stance, _COLOURS[stance]), f"  tension {tension:+.2f}"))
    said = ", ".join(f"{n} {word}" for n, word in zip(counts, ("rising", "easing", "neither", "unclear")))
    n = len(article.texts)
    screen.print(f"{n} distinct {'sentence' if n == 1 else 'sentences'}: {said}")
    screen.print(_text_table(sentence_table(as_strings([name]), article, scored), screen.width))


def _text_table(rows: pa.Table, width: int) -> Table:
    from rich.text import Text

    beside = width >= _SIDE_BY_SIDE
    table = bare_table(padding=(0, 1))
    table.add_column("stance")
    table.add_column("tension", justify="right")
    table.add_column("event")
    with_actors = "source" in rows.column_names
    if with_actors:
        table.add_column("who → whom")
    table.add_column("text" if beside else "text and evidence", ratio=3)
    if beside:
        table.add_column("evidence", ratio=2, style="bright_black")
    for row in rows.to_pylist():
        evidence = ", ".join(f"{e['words']} {e['weight']:+.1f}" for e in row["evidence"])
        stance = Text(row["stance"], style=_COLOURS[row["stance"]])
        event = Text(row["reason"], "bright_black") if row["stance"] == UNCLEAR else row["event"]
        text = Text(row["text"] + (f" (×{row['repeats']})" if row.get("repeats", 1) > 1 else ""))
        if not beside and evidence:
            text.append("\n" + evidence, "bright_black")
        who = [Text(f"{row['source']} → {row['target']}" if row["source"] else "")] if with_actors else []
        table.add_row(stance, f"{row['tension']:+.2f}", event, *who, text, *([Text(evidence)] if beside else []))
    return table
