"""Read RSS and Atom feeds as tables with one row per entry.

A feed that is not well-formed is cut at the tags of its entries, and each entry is parsed on its own: a parser that
recovers from faults would drop the entries after a fault, or merge them into one. What cannot be parsed is rejected.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import nullable_strings
from pipeline.errors import InputError
from pipeline.messages import say
from pipeline.read.bounds import whole
from pipeline.read.rows import SHOWN, Choose, Reject, Rows, not_utf8
from pipeline.read.source import Source, decoded, encoding_of

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
_WANTED = frozenset(sum(_NAMES.values(), ()))
_PARSING = {"encoding": "utf-8", "resolve_entities": False, "no_network": True, "recover": True, "huge_tree": False}
_LONGEST = 160  # characters of a reason
_CDATA = r"<!\[CDATA\[(?:(?!<!\[CDATA\[).)*?\]\]>"
_ENTRY_TAG = re.compile(
    rf"{_CDATA}|<!--(?:(?!<!--).)*?-->"
    r"|<(?P<end>/?)(?P<name>(?:[\w.-]+:)?(?:item|entry))(?=[\s/>])(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>",
    re.DOTALL,
)
_CDATA_MARK = re.compile(r"<!\[CDATA\[|\]\]>")
_NAMESPACE = re.compile(r"xmlns:[\w.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_AMPERSAND = re.compile(rf"{_CDATA}|&(?!(?:amp|lt|gt|quot|apos);)(?:#?\w+;)?", re.DOTALL)


def read_feed_entries(source: Source, choose: Choose) -> Iterator[Rows]:
    """Yield the entries of an RSS or Atom feed, with the columns `FEED_COLUMNS`.

    The encoding is the given one, else that of the byte order mark, UTF-8, or the one that the feed declares.
    """
    text, size = _text(source)
    names = choose(list(FEED_COLUMNS))
    entries, fault = _well_formed(text, names)
    found: list[list[str | None] | Reject] = [*entries]
    if fault:
        found = [*_one_by_one(text, names, source.address)]
    if not found:
        raise pa.ArrowInvalid(f"no entries found; expected an RSS or Atom feed{f': {fault}' if fault else ''}")
    if fault:
        say(f"{source.address}: not well-formed XML: {fault}; each entry is read on its own")
    rejects = [entry for entry in found if isinstance(entry, Reject)]
    kept = [(number, entry) for number, entry in enumerate(found, start=1) if not isinstance(entry, Reject)]
    cells = {name: nullable_strings([entry[k] for _, entry in kept]) for k, name in enumerate(names)}
    yield Rows(cells, np.array([number for number, _ in kept], np.int64), rejects, len(found), size)


def _text(source: Source) -> tuple[str, int]:
    """Return the feed, its undecodable bytes as surrogate escapes, and the size of its file."""
    raw, stream = source.unpacked()
    data = whole(stream, source.address)
    size = raw.size()
    try:
        return decoded(data, source.address, source.encoding, declares=True).lstrip(), size
    except InputError:
        if source.encoding or encoding_of(data):
            raise
        return data.decode(errors="surrogateescape").lstrip(), size


def _well_formed(text: str, names: Sequence[str]) -> tuple[list[list[str | None]], str]:
    """Return the cells of each entry, and the first fault of the feed, empty if it is well-formed."""
    from lxml import etree

    if _nested_cdata(text):
        return [], "a CDATA section without an end"
    try:
        walk = etree.iterparse(BytesIO(text.encode()), ("end",), tag=("{*}item", "{*}entry"), **_PARSING)
        cells = []
        for _, entry in walk:
            cells.append(_cells(entry, names))
            entry.clear()
            while entry.getprevious() is not None:
                del entry.getparent()[0]
    except UnicodeEncodeError:
        return [], "bytes that are not UTF-8"
    except etree.XMLSyntaxError as error:
        return [], str(error)
    fault = _first_fault(walk.error_log)
    return cells, f"line {fault.line}: {fault.message}" if fault else ""


def _nested_cdata(text: str) -> bool:
    """Return whether a CDATA section begins within another: the first was not closed and holds the entries between."""
    before = ""
    for mark in _CDATA_MARK.finditer(text):
        if mark[0] == before != "]]>":
            return True
        before = mark[0]
    return False


def _first_fault(log: Any) -> Any:
    """Return the first error of a parser that can lose text; undeclared name spaces cannot."""
    return next((fault for fault in log if fault.domain_name != "NAMESPACE"), None)


def _one_by_one(text: str, names: Sequence[str], address: str) -> Iterator[list[str | None] | Reject]:
    """Yield the cells of each entry, or the reject for one that is not well-formed."""
    from lxml import etree

    parser = etree.XMLParser(**_PARSING)
    spaces, line, place = "", 1, 0
    for number, (start, end, closed) in enumerate(_entries(text), start=1):
        if number == 1:
            spaces = " ".join({one.split("=")[0].strip(): one for one in _NAMESPACE.findall(text[:start])}.values())
        line, place = line + text.count("\n", place, start), start
        written = text[start:end]
        if closed:
            yield _entry(written, names, spaces, Reject(address, number, f"line {line}", written[:SHOWN]), parser)
        else:
            yield Reject(address, number, f"line {line}: an entry without an end tag", written[:SHOWN])


def _entries(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield the start and end of each entry, and whether it has an end tag. One that has none ends at the next."""
    start = None
    for tag in _ENTRY_TAG.finditer(text):
        if tag["name"] is None:
            continue
        if start is not None:
            yield start, tag.end() if tag["end"] else tag.start(), bool(tag["end"])
        start = None if tag["end"] else tag.start()
        if start is not None and tag[0].endswith("/>"):
            yield start, tag.end(), True
            start = None
    if start is not None:
        yield start, len(text), False


def _entry(written: str, names: Sequence[str], spaces: str, where: Reject, parser: Any) -> list[str | None] | Reject:
    """Return the cells of an entry, or its reject; ``where`` says the line on which it begins."""
    from lxml import etree

    raw = written.encode(errors="surrogateescape")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        bad = not_utf8(where.file, where.row, raw, error)
        return replace(bad, reason=f"{where.reason}: {bad.reason}")
    plain = _AMPERSAND.sub(_escaped, _CONTROL.sub("", written))
    tree = etree.fromstring(f"<feed {spaces}>{plain}</feed>".encode(), parser)
    if fault := _first_fault(parser.error_log):
        reason = re.sub(r" line \d+", "", fault.message)  # counted from the start of the entry
        return replace(where, reason=f"{where.reason}: an entry that is not well-formed XML: {reason}"[:_LONGEST])
    return _cells(tree[0], names)


def _escaped(found: re.Match[str]) -> str:
    """Return an entity of HTML as a character, and an ampersand that begins none as an entity of XML."""
    written = found[0]
    if written.startswith("<"):
        return written
    return html.escape(_CONTROL.sub("", html.unescape(written)))


def _cells(entry: Any, names: Sequence[str]) -> list[str | None]:
    """Return the columns of an entry, each from the first element with content of the names that it may have."""
    written: dict[str, str] = {}
    for node in entry.iterchildren("*"):
        name = node.tag.rpartition("}")[2]
        if name in _WANTED and not written.get(name):
            written[name] = "".join(node.itertext()).strip() or node.get("href", "")
    found = {name: next(filter(None, map(written.get, _NAMES[name])), None) for name in names}
    return [without_tags(cell) if cell and name in ("title", "text") else cell for name, cell in found.items()]


def without_tags(written: str) -> str:
    """Remove the HTML tags from a text and separate its paragraphs by blank lines."""
    from lxml import html as lxml_html

    if "<" not in written:
        return written
    tree = lxml_html.fromstring(f"<div>{_CONTROL.sub(' ', written)}</div>")
    for block in tree.iter("p", "br", "div", "li"):
        block.tail = "\n\n" + (block.tail or "")
    return tree.text_content().strip()
