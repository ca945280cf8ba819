"""Terminal output of an explanation: words that raise or ease tension, marked by colour, sign and underline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.explain.explanation import Explanation, Sentence, mark_of
from pipeline.messages import plain
from pipeline.show import console, styled

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {
    "up2": "bold red underline",
    "up1": "red underline",
    "down1": "blue underline",
    "down2": "bold blue underline",
}


def explanation(found: Explanation) -> None:
    """Print the result for the whole text, then for each sentence."""
    out = console()
    if not found.sentences:
        out.print("no sentence to explain: the text consists of page furniture", style="bright_black")
    if len(found.sentences) > 1:
        out.print(styled((found.stance, "bold"), f"  tension {found.tension:+.2f}, {found.political:.0%} political\n"))
    for sentence in found.sentences:
        out.print(_text(sentence))
        out.print(_answer(sentence), style="bright_black")


def _text(sentence: Sentence) -> Text:
    from rich.text import Text

    text = Text()
    for piece in sentence.pieces:
        mark = mark_of(piece.weight)
        shown = plain(piece.text).replace("\n", " ").replace("\t", " ")
        if mark:
            text.append("+" if mark.startswith("up") else "-", style=_STYLES[mark].replace(" underline", ""))
        text.append(shown, style=_STYLES.get(mark, ""))
    return text


def _answer(sentence: Sentence) -> str:
    parts = [sentence.stance, sentence.event, f"tension {sentence.tension:+.2f}", f"relevance {sentence.relevance:.2f}"]
    parts.append(f"log-odds {sentence.log_odds:+.2f} from a base of {sentence.base:+.2f}")
    if sentence.repeats > 1:
        parts.append(f"occurs {sentence.repeats} times")
    if sentence.left_out:
        words = "; ".join(f"{plain(words)} {weight:+.1f}" for words, weight in sentence.against)
        parts.append(f"left out: {sentence.left_out}{words and f' ({words})'}")
    return "  " + ", ".join(filter(None, parts))
