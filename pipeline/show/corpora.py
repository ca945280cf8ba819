"""Terminal output for public corpora: the list, and download progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.messages import say
from pipeline.show import bare_table, console, progress_bar, styled

if TYPE_CHECKING:
    from pipeline.sources.cards import Card


def listing(known: dict[str, Card], kept: dict[str, list[bool]], folder: Path) -> None:
    """Print one line per corpus."""
    table = bare_table("name", "title", "licence", "downloaded")
    for name, card in known.items():
        table.add_row(name, card.title, card.licence, _downloaded(kept[name]))
    console().print(table)
    console().print(f"cache    {_from_home(folder)}", soft_wrap=True)


def cards(known: dict[str, Card], kept: dict[str, list[bool]], folder: Path) -> None:
    """Print every registry field of each corpus."""
    out = console()
    for name, card in known.items():
        out.print(styled((name, "bold"), f"  downloaded: {_downloaded(kept[name])}"))
        labels = {**card.events, **card.quads, **card.stances}
        named = {kind: getattr(card, kind) for kind in ("text", "event", "quad", "stance")}
        columns = {kind: column for kind, column in named.items() if column is not None}
        rows = {
            "title": card.title,
            "licence": card.licence,
            "cite": card.citation,
            "source": f"{card.home} {card.commit[:12]}",
            "files": ", ".join(f"{file.name} ({file.part})" for file in card.files),
            "columns": ", ".join(f"{kind}: {column}" for kind, column in columns.items()),
            "labels": ", ".join(f"{raw} = {label}" for raw, label in labels.items()),
            "overlaps": ", ".join(card.overlaps),
            "caveats": "; ".join(card.quirks),
        }
        for what, said in rows.items():
            if said:
                out.print(f"  {what:11}{said}", soft_wrap=True)
    out.print(f"cache    {_from_home(folder)}", soft_wrap=True)


def _from_home(folder: Path) -> str:
    """The path of a folder, starting with `~` if it is in the home folder."""
    try:
        return str("~" / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # outside the home folder, or there is none
        return str(folder)


def _downloaded(whole: list[bool]) -> str:
    return "yes" if all(whole) else "partly" if any(whole) else "no"


@contextmanager
def downloading(name: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show a progress bar on a terminal; yields the callback of a download: file name, bytes so far, bytes in total."""
    columns = ("{task.fields[title]}", "BarColumn", "DownloadColumn", "TransferSpeedColumn")
    with progress_bar(None, *columns, transient=True, title=name) as update:
        yield lambda file, done, size: update(title=f"{name}: {file}", completed=done, total=size or None)


def fetched(card: Card, paths: list[Path]) -> None:
    """Print where the files are, their licence and how to cite them."""
    for path in paths:
        say(f"{card.name:9}{path}", stderr=False)
    say(f"licence  {card.licence}", stderr=False)
    say(f"cite     {card.citation}", stderr=False)
