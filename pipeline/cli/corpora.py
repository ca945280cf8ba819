"""Public corpora: `data list`, `data fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pipeline.cli.options import settings
from pipeline.errors import Interrupted, SourceError


def list_corpora(
    full: Annotated[bool, typer.Option("--full", help="Show licence, citation, labels and quirks too.")] = False,
) -> None:
    """List the public corpora, and which are downloaded; DETENTE_REGISTRY names a TOML file of further ones."""
    from pipeline.show import corpora
    from pipeline.sources.cards import cards
    from pipeline.sources.download import cache_folder, is_whole, place_of

    known = cards()
    kept = {name: [is_whole(place_of(card, file), file) for file in card.files] for name, card in known.items()}
    (corpora.cards if full else corpora.listing)(known, kept, cache_folder())


def fetch(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Corpora by name, see `detente data list`.")],
    to: Annotated[Optional[Path], typer.Option(help="Download here instead of to the cache.")] = None,
) -> None:
    """Download public corpora to the cache and verify their hashes; existing files are kept."""
    from pipeline.show import corpora
    from pipeline.sources import download
    from pipeline.sources.cards import card_of

    wanted = [card_of(name) for name in dict.fromkeys(names)]
    failed = []
    for card in wanted:
        try:
            with corpora.downloading(card.name, settings.quiet) as step:
                paths = download.fetch(card, to, step)
        except SourceError as error:
            failed.append(error)
            continue
        except KeyboardInterrupt:
            raise Interrupted("interrupted; the partial download is kept, and the same command continues it") from None
        corpora.fetched(card, paths)
    if failed:
        more = f" (and {len(failed) - 1} more failed)" if len(failed) > 1 else ""
        raise SourceError(f"{failed[0]}{more}")
