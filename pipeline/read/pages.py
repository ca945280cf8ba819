"""Files that hold one article: plain text, web pages, e-mails and PDF."""

from __future__ import annotations

import codecs
import logging
import re
from io import BytesIO
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.errors import InputError, first_line
from pipeline.read.bounds import ELEMENTS, PAGE, TEXT, text_reason, whole
from pipeline.read.furniture import is_furniture
from pipeline.read.mail import message_of, require_bytes
from pipeline.read.rows import Reject, not_utf8
from pipeline.read.sentences import is_aside
from pipeline.read.source import Source, decoded, encoding_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

HTML_SUFFIXES = (".html", ".htm")
TEXT_SUFFIXES = (".txt", ".md", ".eml", ".pdf", "")
_BREAK = "\u204b"  # a reversed pilcrow: trafilatura keeps it, and hardly any page has one
_NOT_PROSE = ("figcaption", "aside", "nav", "button")
_ABOVE = ("h1", "h2", "h3", "h4", "h5", "h6", "p", "div")  # what "Most read" above a list of links may be
_BLOCKS = frozenset(
    """
    address article blockquote dd div dl dt figure footer h1 h2 h3 h4 h5 h6 header hr li main ol p pre section table td
    tr ul
    """.split()
)
_NO_TEXT = frozenset(("head", "noscript", "script", "style", "template"))
_CAPTION = re.compile(r"(?i)(?:^|[\s_-])(?:caption|credits?|byline|teaser|related|read-?more|also-?read)(?:$|[\s_-])")
_LONGEST_CAPTION = 300  # characters


def read_article(source: Source, set_aside: bool = False) -> tuple[str, list[Reject]]:
    """The text of a file and, with ``set_aside``, those of its lines that could not be read.

    The text of a web page is its main text; of an e-mail, its subject and body; of a PDF, the text of its pages.

    Raises `InputError` if the file cannot be read or decoded, or holds no text.
    """
    path, suffix, data, rejects = source.address, source.suffix, article_bytes(source), list[Reject]()
    if suffix == ".eml":
        message = message_of(require_bytes(data, path))
        text = "\n\n".join(filter(None, (message["title"], message["text"])))
    elif suffix == ".pdf":
        text = _pdf(data, path)
    elif suffix in HTML_SUFFIXES:
        text = _main_text(decoded(data, path, source.encoding, declares=True), path)
    else:
        text, rejects = _plain(data, path, source.encoding, set_aside)
    if not text.strip():
        raise InputError(f"{path}: only white space; expected an article")
    if (size := len(text.encode(errors="replace"))) > TEXT:
        raise InputError(f"{path}: {text_reason(size)}")
    return text, rejects


def article_bytes(source: Source) -> bytes:
    """The decompressed bytes of a file; raises `InputError` if it is damaged or too large."""
    try:
        return whole(source.unpacked()[1], source.address, PAGE)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise InputError(f"{source.address}: cannot be read: {first_line(error)}; check that it is complete") from None


def _plain(data: bytes, path: str, encoding: str | None, set_aside: bool) -> tuple[str, list[Reject]]:
    """A plain text; with ``set_aside`` and no encoding, its lines that are not UTF-8 are set aside if others are."""
    try:
        return decoded(data, path, encoding), []
    except InputError:
        if encoding or encoding_of(data) or not set_aside:
            raise
        lines, good, rejects = data.removeprefix(codecs.BOM_UTF8).split(b"\n"), [], []
        for number, line in enumerate(lines, start=1):
            try:
                good.append(line.decode())
            except UnicodeDecodeError as error:
                rejects.append(not_utf8(path, number, line, error))
        if not any(line.strip() for line in good):
            raise
        return "\n".join(good), rejects


def _main_text(page: str, path: str) -> str:
    """The main text of a page: paragraphs with a blank line between them, without captions, credits and teasers."""
    import trafilatura
    from trafilatura.utils import load_html

    tree = load_html(page)
    text = None
    if tree is not None:
        if sum(1 for _ in tree.iter()) > ELEMENTS:
            raise InputError(f"{path}: more than {ELEMENTS:,} elements, the limit for a page; save the article as text")
        _strip(tree)
        _mark_blocks(tree)
        text = trafilatura.extract(tree, include_comments=False, include_tables=False, deduplicate=False)
    # trafilatura ends most blocks, and every `br`, with a line end, but runs together the blocks of a short page.
    paragraphs = []
    for paragraph in (text or "").split(_BREAK):
        # trafilatura puts "-" before list items.
        lines = (" ".join(line.split()).removeprefix("- ") for line in paragraph.split("\n"))
        paragraphs.append("\n".join(line for line in lines if line.strip("- ") and not is_aside(line)))
    if not any(paragraphs):
        raise InputError(f"{path}: no main text found on this page; save the article as plain text and score that")
    return "\n\n".join(filter(None, paragraphs))


def _strip(tree: HtmlElement) -> None:
    """Remove captions, credits, navigation, and lists of links to other stories."""
    for element in list(tree.iter(*_NOT_PROSE, "p", "div", "span", "small", "cite", "ul", "ol")):
        if element.getparent() is None:
            continue
        named = _CAPTION.search(f"{element.get('class', '')} {element.get('id', '')}")
        above = element.getprevious() if element.tag in ("ul", "ol") else None
        if (
            element.tag in _NOT_PROSE
            or (named and len(element.text_content()) <= _LONGEST_CAPTION)
            or (above is not None and above.tag in _ABOVE and is_furniture(" ".join(above.text_content().split())))
        ):
            element.drop_tree()


def _mark_blocks(tree: HtmlElement) -> None:
    """Put `_BREAK` before the text of each block, and before text that follows a block.

    A ``time`` that begins a block is a block of its own, unless the sentence continues after it. Two ``br`` in a row
    are a break.
    """
    from lxml import etree

    pending = False
    walk = etree.iterwalk(tree, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        if element.tag in _NO_TEXT:
            walk.skip_subtree()
        tail = (element.tail or "").strip()
        if event == "start":
            stamp = element.tag == "time" and pending and not tail[:1].islower()
            if element.tag == "time":
                element.tag = "span"  # trafilatura leaves out the text of a `time`
            pending = pending or element.tag in _BLOCKS
            if pending and element.tag not in _NO_TEXT and (element.text or "").strip():
                element.text, pending = _BREAK + element.text, stamp
        else:
            following = element.getnext()
            blank = element.tag == "br" and not tail and following is not None and following.tag == "br"
            pending = pending or blank or (event == "end" and element.tag in _BLOCKS)
            if pending and tail:
                element.tail, pending = _BREAK + element.tail, False


def _pdf(data: bytes, path: str) -> str:
    """The text of a PDF; words that are hyphenated at a line end are joined."""
    try:
        from pypdf import PdfReader
    except ImportError:
        raise InputError(f"{path}: reading PDF needs pypdf; install it with: pip install 'detente[pdf]'") from None
    # It warns of faults that it repairs, and of those reported below.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        pages = [page.extract_text() for page in PdfReader(BytesIO(data)).pages]
    except Exception as error:  # noqa: BLE001  pypdf raises errors of every kind on damaged files
        raise InputError(f"{path}: cannot be read as PDF: {first_line(error)}") from None
    text = re.sub(r"(?<=[a-z])[-\u00ad\u2010]\n(?=[a-z])", "", "\n".join(pages))
    if not text.strip():
        raise InputError(f"{path}: no text in this PDF; scanned pages need text recognition (OCR) first")
    return text
