"""Scored texts as tables, explanations as texts with marked words, timelines as block charts with their turns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings
from pipeline.atomic import replacing
from pipeline.explain.explanation import Explanation, Sentence, mark_of
from pipeline.messages import count_of, one_line, plain, say
from pipeline.read.documents import Documents
from pipeline.score.articles import score_articles
from pipeline.score.documents import OutputOptions, ScoredTexts, score_sentences, score_texts
from pipeline.show import bare_table, console, styled
from pipeline.stance import MIXED, STANCES, UNCLEAR
from pipeline.write.tables import sentence_table, text_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pipeline.model.store import Model
    from pipeline.score.articles import Articles
    from pipeline.timeline.feed import Counts
    from pipeline.timeline.series import Period

_COLOURS = {STANCES[0]: "red", STANCES[1]: "green", STANCES[2]: "default", MIXED: "yellow", UNCLEAR: "bright_black"}
_TOGETHER = 200  # rows whose column widths are chosen together; the time that Rich takes for more is felt
_BLOCKS, _SERIES = 60, 12  # in a line, and shown, of a timeline
_LONGEST = 90  # characters of the text that moved a turn
_SIDE_BY_SIDE = 100  # columns of a terminal; in a narrower one the evidence is below the text
_SPACES = re.compile(r"\s+")
_STYLES = {
    "up2": "bold red underline",
    "up1": "red underline",
    "down1": "blue underline",
    "down2": "bold blue underline",
}


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
    return getattr(screen.file, "dropped", False)  # the reader of a pipe has closed it


def _article(screen: Console, name: str, article: Articles, scored: ScoredTexts) -> None:
    (stance,), (tension,), (counts,) = article.stance, article.tension, article.counts.tolist()
    screen.print(styled("\n", (name, "bold"), "  ", (stance, _COLOURS[stance]), f"  tension {tension:+z.2f}"))
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
        table.add_row(stance, f"{row['tension']:+z.2f}", event, *who, text, *([Text(evidence)] if beside else []))
    return table


def explanation(found: Explanation) -> None:
    """Print the result for the whole text, then for each sentence."""
    out = console()
    if not found.sentences:
        out.print("no sentence to explain: the text consists of page furniture", style="bright_black")
    if len(found.sentences) > 1:
        out.print(styled((found.stance, "bold"), f"  tension {found.tension:+z.2f}, {found.political:.0%} political\n"))
    for passage in found.passages():
        if isinstance(passage, str):
            lines = (" ".join(line.split()) for line in passage.splitlines())
            out.print(plain("\n".join(filter(None, lines))), style="dim")
        else:
            out.print(_marked(found, passage))
            out.print(_answer(passage), style="bright_black")


def explanation_rows(found: Explanation) -> None:
    """Print a JSON object per sentence, in ASCII, so that no escape of the terminal changes a text."""
    for row in found.rows():
        say(json.dumps(row).replace("\x7f", r"\u007f"), stderr=False)


def _marked(found: Explanation, sentence: Sentence) -> Text:
    """The sentence as given, in one line."""
    from rich.text import Text

    text = Text()
    for part, weight in found.shown(sentence):
        mark = mark_of(weight or 0.0)
        if mark:
            text.append("+" if mark.startswith("up") else "-", style=_STYLES[mark].replace(" underline", ""))
        text.append(plain(_SPACES.sub(" ", part)), style="dim" if weight is None else _STYLES.get(mark, ""))
    return text


def _answer(sentence: Sentence) -> str:
    parts = [
        sentence.stance,
        sentence.event,
        f"tension {sentence.tension:+z.2f}",
        f"relevance {sentence.relevance:.2f}",
    ]
    parts.append(f"log-odds {sentence.log_odds:+z.2f} from a base of {sentence.base:+z.2f}")
    if sentence.repeats > 1:
        parts.append(f"occurs {sentence.repeats} times")
    if sentence.left_out:
        words = "; ".join(f"{plain(words)} {weight:+.1f}" for words, weight in sentence.against)
        parts.append(f"left out: {sentence.left_out}{words and f' ({words})'}")
    return "  " + ", ".join(filter(None, parts))


def timeline(periods: list[Period], counts: Counts) -> None:
    """Print a block chart and the turns of every series, and what was left out."""
    from pipeline.timeline.output import blocks, date_of, greatest

    out = console()
    names = greatest(periods)
    for name in names[:_SERIES]:
        mine = [one for one in periods if one.series == name]
        values = np.array([one.tension[0] for one in mine])
        relevant = sum(one.relevant for one in mine)
        said = f"  {date_of(mine[0])} to {date_of(mine[-1])}, {count_of(relevant, 'relevant text')}"
        out.print(styled("\n", (one_line(name), "bold"), said))
        for start in range(0, len(values), _BLOCKS):
            out.print(blocks(values[start : start + _BLOCKS]))
        if turns := [one for one in mine if one.flag]:
            out.print(_turns(turns))
    if len(names) > _SERIES:
        more = f"{len(names) - _SERIES:,} more series with fewer texts"
        out.print(f"\n{more}: --only selects one, --out DIR writes all of them")
    if counts.series_left_out:
        more = f"{counts.series_left_out:,} series with even fewer texts left out"
        out.print(f"{more}: --top N keeps more, --top 0 keeps all")
    left_out = ", ".join(f"{n:,} with {why}" for why, n in counts.left_out.items())
    said = f"{counts.read:,} rows read, {counts.copies:,} of them copies"
    say(said + (f"; left out: {left_out}" if left_out else ""))


def _turns(periods: list[Period]) -> Table:
    """One row per turn, with the text that contributed most."""
    from pipeline.timeline.output import date_of

    table = bare_table("turn", "period", "tension", "texts", "what moved it", right=("tension", "texts"))
    for one in periods:
        wanted = 1 if one.flag == "rise" else -1
        said = next((text for text, tension, _, _ in one.examples if tension * wanted > 0), "")
        mark = styled((one.flag, "red" if one.flag == "rise" else "blue"))
        table.add_row(
            mark,
            date_of(one),
            f"{one.tension[0]:+z.2f}",
            f"{one.relevant}",
            shorten(plain(said), _LONGEST, placeholder=" …"),
        )
    return table
