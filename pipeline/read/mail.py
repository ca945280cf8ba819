"""Read an e-mail message as an article and a mailbox as a table."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.arrays.arrow import nullable_strings
from pipeline.errors import InputError
from pipeline.read.bounds import AT_ONCE, MANY, MARK, PAGE, TEXT, text_reason
from pipeline.read.feeds import without_tags
from pipeline.read.records import records
from pipeline.read.rows import SHOWN, Choose, Reject, Rows
from pipeline.read.source import Source, encoding_of

if TYPE_CHECKING:
    from pipeline.read.bounds import Readable

MAIL_COLUMNS = ("id", "title", "text", "date", "from")
_TOGETHER = 500  # messages per batch
_ENVELOPE = re.compile(rb"From \S+\s*$|From .*\d\d:\d\d")  # "From the army: …" is a line of a text
_LONGEST = 4_000  # characters of a header
_NO_TEXT = "no text in this message"
_PARTS = 5_000  # lines that may begin a part of a message; Python takes a minute for a hundred thousand
_OLDER = re.compile(r"(?mi)^-{3,} ?original message ?-{3,}\s*$")
_SIGNATURE = re.compile(r"(?m)^-- ?\r?$")  # RFC 3676, section 4.3; many programs lose the space
# A quoted line, or the line that introduces some; in prose, no quoted line follows "On Tuesday the minister wrote:".
_QUOTED = re.compile(r"^(?:>.*|on .{4,200}\bwrote:[ \t\r]*(?=\n\s*>))\n?", re.IGNORECASE | re.MULTILINE)
_parsed, _unparsed = HeaderRegistry(), HeaderRegistry(use_default_map=False)


def _header(name: str, value: str) -> Any:
    """Parse a header, or return it unparsed if Python fails: truncated headers raise IndexError and other errors.

    Only the start of a long header is parsed, because the time that Python takes grows with the square of its length.
    """
    value = value[:_LONGEST]
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
    require_bytes(source.unpacked()[1].read(4), source.address)
    raw, stream = source.unpacked()
    numbered = enumerate(_messages(stream), start=1)
    size = AT_ONCE
    while size:
        rows, numbers, rejects, size = [], [], [], 0
        for number, data in numbered:
            found = _message(data, source.address, number)
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                rows.append(found)
                numbers.append(number)
                size += len(found["text"] or "")
            size += 1
            if size >= AT_ONCE or len(rows) == _TOGETHER or len(rejects) == MANY:
                break
        if size:
            columns = {name: nullable_strings([row[name] for row in rows]) for name in names}
            yield Rows(columns, np.array(numbers, np.int64), rejects, len(rows) + len(rejects), raw.tell())


def _message(data: bytes | None, address: str, number: int) -> dict[str, str | None] | Reject:
    """Return the columns of a message of a mailbox, or its reject; None is a message over the size limit."""
    if data is None:
        return Reject(address, number, f"larger than {PAGE:,} bytes, the limit for an e-mail", "")
    if not data.strip():  # Python's parser takes a hundred times as long
        return Reject(address, number, _NO_TEXT, "")
    try:
        message = message_of(data)
    except InputError as error:
        return Reject(address, number, str(error), "")
    text = message["text"] or ""
    if text and len(text) <= TEXT:
        return message
    return Reject(address, number, text_reason(len(text)) if text else _NO_TEXT, (message["title"] or "")[:SHOWN])


def _messages(stream: Readable) -> Iterator[bytes | None]:
    """Yield the messages of a mailbox; None in place of one over the size limit."""
    message, begun = bytearray(), False
    for block in records(stream):
        for line in block.removesuffix(b"\n").split(b"\n"):
            if line.startswith(b"From ") and _ENVELOPE.match(line):
                if begun or message.strip():  # a file may begin with blank lines
                    yield bytes(message) if len(message) <= PAGE else None
                begun, message = True, bytearray()
            elif len(message) <= PAGE:
                message += (b"\n" * (PAGE + 1)) if line == MARK else line + b"\n"
    if begun or message.strip():
        yield bytes(message) if len(message) <= PAGE else None


def require_bytes(start: bytes, address: str) -> bytes:
    """Return the start of an e-mail; raises `InputError` if it is UTF-16 or UTF-32, which no e-mail is."""
    if encoding := encoding_of(start):
        raise InputError(f"{address}: expected an e-mail, found {encoding.upper()}; convert the file to UTF-8")
    return start


def own_words(text: str) -> str:
    """Remove the quoted lines of an e-mail, the line that introduces them, an older message below, and the signature; if
    nothing else is left, return the text.

    Examples
    --------
    >>> own_words("Talks resume.\\n\\nOn 3 May, Ada wrote:\\n> Will they meet?\\n-- \\nBen")
    'Talks resume.'
    >>> own_words("On Tuesday the foreign minister of Kenya wrote:\\n\\nWe stay.").splitlines()[0]
    'On Tuesday the foreign minister of Kenya wrote:'
    """
    own = _QUOTED.sub("", _OLDER.split(text, maxsplit=1)[0])
    return _SIGNATURE.split(own, maxsplit=1)[0].strip() or own.strip() or text


def message_of(data: bytes) -> dict[str, str | None]:
    """Return the columns `MAIL_COLUMNS` of an e-mail; HTML is converted to text if there is no plain text."""
    if data.count(b"\n--") > _PARTS:
        raise InputError(f"e-mail with more than {_PARTS:,} lines that may begin a part")
    message: EmailMessage = email.message_from_bytes(data, policy=_POLICY)
    body = message.get_body(preferencelist=("plain", "html"))
    text = ""
    if body is not None:
        try:
            text = body.get_content()
        except (LookupError, ValueError):  # unknown or invalid charset
            text = bytes(body.get_payload(decode=True) or b"").decode(errors="replace")
        text = without_tags(text) if body.get_content_type() == "text/html" else text
    text = own_words(text)
    headers = {
        "id": message["message-id"],
        "title": message["subject"],
        "date": message["date"],
        "from": message["from"],
    }
    return {name: None if value is None else str(value) for name, value in headers.items()} | {"text": text.strip()}
