"""Feeds and mailboxes as tables: a row an entry or a message."""

from __future__ import annotations

import email
import email.policy
import mailbox
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import nullable_strings
from pipeline.read.bounds import whole
from pipeline.read.rows import Choose, Reject, Rows
from pipeline.read.source import Source

FEED_COLUMNS = ("id", "title", "text", "date", "link")
MAIL_COLUMNS = ("id", "title", "text", "date", "from")
_TOGETHER = 500  # messages
# What RSS, Atom and RDF call each column; the first that an entry has counts.
_NAMES = {
    "id": ("guid", "id"),
    "title": ("title",),
    "text": ("encoded", "content", "description", "summary"),
    "date": ("pubDate", "published", "updated", "date"),
    "link": ("link",),
}


def read_feed_entries(source: Source, choose: Choose) -> Iterator[Rows]:
    """The entries of an RSS or Atom feed, with the columns `FEED_COLUMNS`."""
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
                return _plain(written) if column in ("title", "text") else written
    return None


def _plain(written: str) -> str:
    """A text without its tags, its paragraphs apart."""
    from lxml import html

    if "<" not in written:
        return written
    tree = html.fromstring(f"<div>{written}</div>")
    for block in tree.iter("p", "br", "div", "li"):
        block.tail = "\n\n" + (block.tail or "")
    return tree.text_content().strip()


def read_mailbox(source: Source, choose: Choose) -> Iterator[Rows]:
    """The messages of an mbox file, with the columns `MAIL_COLUMNS`; one without text is a reject."""
    box = mailbox.mbox(source.address, factory=None, create=False)
    names, size = choose(list(MAIL_COLUMNS)), Path(source.address).stat().st_size
    keys = box.keys()
    for start in range(0, len(keys), _TOGETHER):
        rows, numbers, rejects = [], [], []
        for number, key in enumerate(keys[start : start + _TOGETHER], start=start + 1):
            message = message_of(box.get_bytes(key))
            if message["text"]:
                rows.append(message)
                numbers.append(number)
            else:
                rejects.append(Reject(source.address, number, "no text in this message", message["title"] or ""))
        columns = {name: nullable_strings([row[name] for row in rows]) for name in names}
        done = size * (start + len(numbers)) // len(keys)
        yield Rows(columns, np.array(numbers, np.int64), rejects, len(rows) + len(rejects), done)


def message_of(data: bytes) -> dict[str, str | None]:
    """The columns `MAIL_COLUMNS` of an e-mail; of one in HTML alone, the text is what a reader sees."""
    message: EmailMessage = email.message_from_bytes(data, policy=email.policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    text = ""
    if body is not None:
        try:
            text = body.get_content()
        except (LookupError, ValueError):  # a charset that Python does not know, or cannot even look up
            text = bytes(body.get_payload(decode=True) or b"").decode(errors="replace")
        text = _plain(text) if body.get_content_type() == "text/html" else text
    headers = {name: message[header] for name, header in (("id", "message-id"), ("title", "subject"))}
    headers |= {"date": message["date"], "from": message["from"]}
    return {name: None if value is None else str(value) for name, value in headers.items()} | {"text": text.strip()}
