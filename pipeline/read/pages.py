"""One article a file: plain text, web pages, e-mails and feeds."""

from __future__ import annotations

import email
import email.policy
from pathlib import Path

from pipeline.errors import InputError
from pipeline.read.jsonl import Reject
from pipeline.read.source import decoded, require_file

HTML_SUFFIXES = (".html", ".htm")
TEXT_SUFFIXES = (".txt", ".md", ".eml", ".xml", ".rss", ".atom", "")
_FEEDS = (".xml", ".rss", ".atom")


def read_article(path: Path, encoding: str | None = None, set_aside: bool = False) -> tuple[str, list[Reject]]:
    """The text of a file and, with ``set_aside``, the lines of it that could not be read.

    Of a page it is the main text; of an e-mail the subject and the body; of a feed the titles and summaries of its entries,
    a paragraph each.

    Raises
    ------
    InputError
        Where there is no such file, it cannot be decoded, or it holds no text.
    """
    require_file(path)
    data, suffix, rejects = path.read_bytes(), path.suffix.lower(), []
    if suffix == ".eml":
        text = _mail(data, path)
    elif suffix in _FEEDS:
        text = _feed(data, path)
    elif suffix in HTML_SUFFIXES:
        text = _main_text(decoded(data, path, encoding, page=True), path)
    else:
        text, rejects = _plain(data, path, encoding, set_aside)
    if not text.strip():
        raise InputError(f"{path}: only white space; expected an article")
    return text, rejects


def _plain(data: bytes, path: Path, encoding: str | None, set_aside: bool) -> tuple[str, list[Reject]]:
    """A plain text; with ``set_aside`` the lines that are no UTF-8 are left out where others are."""
    try:
        return decoded(data, path, encoding), []
    except InputError:
        lines, good, rejects = data.split(b"\n"), [], []
        for number, line in enumerate(lines, start=1):
            try:
                good.append(line.decode())
            except UnicodeDecodeError as error:
                reason = f"expected UTF-8, found byte 0x{line[error.start]:02x}"
                rejects.append(Reject(str(path), number, reason, line.decode(errors="replace")[:200]))
        if not set_aside or not any(line.strip() for line in good):
            raise
        return "\n".join(good), rejects


def _main_text(page: str, path: Path) -> str:
    import trafilatura

    text = trafilatura.extract(page, include_comments=False, include_tables=False, deduplicate=False)
    if not text:
        raise InputError(f"{path}: no main text found on this page; save the article as plain text and score that")
    return "\n\n".join(text.split("\n"))  # trafilatura ends a paragraph with one line end


def _mail(data: bytes, path: Path) -> str:
    """Subject and body of an e-mail; of one in HTML alone, its main text."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        raise InputError(f"{path}: no text in this e-mail")
    content = body.get_content()
    if body.get_content_type() == "text/html":
        content = _main_text(content, path)
    return f"{message['subject'] or ''}\n\n{content}"


def _feed(data: bytes, path: Path) -> str:
    """Titles and summaries of the entries of an RSS or Atom feed."""
    from lxml import etree, html

    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    root = etree.fromstring(data, parser)
    entries = [] if root is None else root.xpath("//*[local-name()='item' or local-name()='entry']")
    paragraphs = []
    for entry in entries:
        for name in ("title", "description", "summary", "content"):
            for node in entry.xpath(f"*[local-name()='{name}']"):
                written = "".join(node.itertext()).strip()
                plain = html.fromstring(written).text_content() if "<" in written else written
                if plain.strip() and plain not in paragraphs:
                    paragraphs.append(plain)
    if not paragraphs:
        raise InputError(f"{path}: no entries found; expected an RSS or Atom feed")
    return "\n\n".join(paragraphs)
