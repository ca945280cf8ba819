"""Read RSS and Atom feeds as tables with one row per entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import nullable_strings
from pipeline.read.bounds import whole
from pipeline.read.rows import Choose, Rows
from pipeline.read.source import Source

FEED_COLUMNS = ("id", "title", "text", "date", "link")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # characters that lxml rejects
# Names of each column in RSS, Atom and RDF; the first one with content is used.
_NAMES = {
    "id": ("guid", "id"),
    "title": ("title",),
    "text": ("encoded", "content", "description", "summary"),
    "date": ("pubDate", "published", "updated", "date"),
    "link": ("link",),
}


def read_feed_entries(source: Source, choose: Choose) -> Iterator[Rows]:
    """Yield the entries of an RSS or Atom feed, with the columns `FEED_COLUMNS`."""
    from lxml import etree

    data = whole(source.stream()[1], source.address)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise pa.ArrowInvalid(str(error)) from None
    entries = [] if root is None else root.xpath("//*[local-name()='item' or local-name()='entry']")
    if not entries:
        raise pa.ArrowInvalid("no entries found; expected an RSS or Atom feed")
    cells = {name: nullable_strings([_cell(entry, name) for entry in entries]) for name in choose(list(FEED_COLUMNS))}
    yield Rows(cells, np.arange(1, len(entries) + 1), [], len(entries), len(data))


def _cell(entry: Any, column: str) -> str | None:
    for name in _NAMES[column]:
        for node in entry.xpath(f"*[local-name()='{name}']"):
            written = "".join(node.itertext()).strip() or node.get("href", "")
            if written:
                return without_tags(written) if column in ("title", "text") else written
    return None


def without_tags(written: str) -> str:
    """Remove the HTML tags from a text and separate its paragraphs by blank lines."""
    from lxml import html

    if "<" not in written:
        return written
    tree = html.fromstring(f"<div>{_CONTROL.sub(' ', written)}</div>")
    for block in tree.iter("p", "br", "div", "li"):
        block.tail = "\n\n" + (block.tail or "")
    return tree.text_content().strip()
