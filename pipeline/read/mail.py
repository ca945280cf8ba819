"""Read an e-mail message as an article and a mailbox as a table."""

from __future__ import annotations

import email
import email.policy
import mailbox
import shutil
from collections.abc import Iterator
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from pipeline.arrays.arrow import nullable_strings
from pipeline.errors import InputError
from pipeline.read.addresses import is_address
from pipeline.read.bounds import BLOCK
from pipeline.read.feeds import without_tags
from pipeline.read.rows import Choose, Reject, Rows
from pipeline.read.source import Source, encoding_of

MAIL_COLUMNS = ("id", "title", "text", "date", "from")
_TOGETHER = 500  # messages per batch
_parsed, _unparsed = HeaderRegistry(), HeaderRegistry(use_default_map=False)


def _header(name: str, value: str) -> Any:
    """Parse a header, or return it unparsed if Python fails: truncated headers raise IndexError and other errors."""
    for parse, written in ((_parsed, value), (_unparsed, value if not name.lower().startswith("content-") else "")):
        try:
            return parse(name, written)
        except Exception:  # noqa: BLE001, S112  known bugs of the standard library; keep such headers as text
            continue
    return _parsed(name, "")


_POLICY = email.policy.default.clone(header_factory=_header)


def read_mailbox(source: Source, choose: Choose) -> Iterator[Rows]:
    """Yield the messages of an mbox file, with the columns `MAIL_COLUMNS`; messages without text are rejected."""
    names = choose(list(MAIL_COLUMNS))
    raw, stream = source.unpacked()
    require_bytes(stream.read(4), source.address)
    with TemporaryDirectory() as folder:
        place = Path(source.address)
        if stream is not raw or is_address(source.address):  # Python reads mailboxes from plain local files only
            place = Path(folder) / "unpacked.mbox"
            with place.open("wb") as file:
                shutil.copyfileobj(source.unpacked()[1], file, BLOCK)
        box = mailbox.mbox(place, factory=None, create=False)
        yield from _messages(box, names, source.address, raw.size())
        box.close()


def _messages(box: mailbox.mbox, names: list[str], address: str, size: int) -> Iterator[Rows]:
    keys = box.keys()
    for start in range(0, len(keys), _TOGETHER):
        rows, numbers, rejects = [], [], []
        for number, key in enumerate(keys[start : start + _TOGETHER], start=start + 1):
            message = message_of(box.get_bytes(key))
            if message["text"]:
                rows.append(message)
                numbers.append(number)
            else:
                rejects.append(Reject(address, number, "no text in this message", message["title"] or ""))
        columns = {name: nullable_strings([row[name] for row in rows]) for name in names}
        done = size * (start + len(numbers)) // len(keys)
        yield Rows(columns, np.array(numbers, np.int64), rejects, len(rows) + len(rejects), done)


def require_bytes(start: bytes, address: str) -> bytes:
    """Return the start of an e-mail; raises `InputError` if it is UTF-16 or UTF-32, which no e-mail is."""
    if encoding := encoding_of(start):
        raise InputError(f"{address}: expected an e-mail, found {encoding.upper()}; convert the file to UTF-8")
    return start


def message_of(data: bytes) -> dict[str, str | None]:
    """Return the columns `MAIL_COLUMNS` of an e-mail; HTML is converted to text if there is no plain text."""
    message: EmailMessage = email.message_from_bytes(data, policy=_POLICY)
    body = message.get_body(preferencelist=("plain", "html"))
    text = ""
    if body is not None:
        try:
            text = body.get_content()
        except (LookupError, ValueError):  # unknown or invalid charset
            text = bytes(body.get_payload(decode=True) or b"").decode(errors="replace")
        text = without_tags(text) if body.get_content_type() == "text/html" else text
    headers = {name: message[header] for name, header in (("id", "message-id"), ("title", "subject"))}
    headers |= {"date": message["date"], "from": message["from"]}
    return {name: None if value is None else str(value) for name, value in headers.items()} | {"text": text.strip()}
