"""One article a file: plain text, web pages, e-mails and PDF."""

from __future__ import annotations

import codecs
import logging
import re
from pathlib import Path

from pipeline.errors import InputError, first_line
from pipeline.read.bounds import PAGE, TEXT, require_size, text_reason
from pipeline.read.mail import message_of
from pipeline.read.rows import Reject, not_utf8
from pipeline.read.source import decoded, require_file

HTML_SUFFIXES = (".html", ".htm")
TEXT_SUFFIXES = (".txt", ".md", ".eml", ".pdf", "")


def read_article(path: Path, encoding: str | None = None, set_aside: bool = False) -> tuple[str, list[Reject]]:
    """The text of a file and, with ``set_aside``, the lines of it that could not be read.

    Of a page it is the main text; of an e-mail the subject and the body; of a PDF the text of its pages.

    Raises
    ------
    InputError
        Where there is no such file, it cannot be decoded, or it holds no text.
    """
    require_file(path)
    require_size(path.stat().st_size, PAGE, path)
    suffix = path.suffix.lower()
    rejects: list[Reject] = []
    if suffix == ".eml":
        message = message_of(path.read_bytes())
        text = "\n\n".join(filter(None, (message["title"], message["text"])))
    elif suffix == ".pdf":
        text = _pdf(path)
    elif suffix in HTML_SUFFIXES:
        text = _main_text(decoded(path.read_bytes(), path, encoding, page=True), path)
    else:
        text, rejects = _plain(path.read_bytes(), path, encoding, set_aside)
    if not text.strip():
        raise InputError(f"{path}: only white space; expected an article")
    if (size := len(text.encode(errors="replace"))) > TEXT:
        raise InputError(f"{path}: {text_reason(size)}")
    return text, rejects


def _plain(data: bytes, path: Path, encoding: str | None, set_aside: bool) -> tuple[str, list[Reject]]:
    """A plain text; with ``set_aside`` and no encoding named, the lines that are no UTF-8 are left out where others are."""
    try:
        return decoded(data, path, encoding), []
    except InputError:
        if encoding or not set_aside:
            raise
        lines, good, rejects = data.removeprefix(codecs.BOM_UTF8).split(b"\n"), [], []
        for number, line in enumerate(lines, start=1):
            try:
                good.append(line.decode())
            except UnicodeDecodeError as error:
                rejects.append(not_utf8(str(path), number, line, error))
        if not any(line.strip() for line in good):
            raise
        return "\n".join(good), rejects


def _main_text(page: str, path: Path) -> str:
    import trafilatura

    text = trafilatura.extract(page, include_comments=False, include_tables=False, deduplicate=False)
    if not text:
        raise InputError(f"{path}: no main text found on this page; save the article as plain text and score that")
    return "\n\n".join(text.split("\n"))  # trafilatura ends a paragraph with one line end


def _pdf(path: Path) -> str:
    """The text of a PDF, words that are divided at a line end put together again."""
    try:
        from pypdf import PdfReader
    except ImportError:
        raise InputError(f"{path}: reading PDF needs pypdf; install it with: pip install 'detente[pdf]'") from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of faults that it mends, and of those told below
    try:
        pages = [page.extract_text() for page in PdfReader(path).pages]
    except Exception as error:  # noqa: BLE001  damaged files bring out errors of every kind in pypdf
        raise InputError(f"{path}: cannot be read as PDF: {first_line(error)}") from None
    text = re.sub(r"(?<=[a-z])[-\u00ad\u2010]\n(?=[a-z])", "", "\n".join(pages))
    if not text.strip():
        raise InputError(f"{path}: no text in this PDF; pictures of pages must go through a text recognition first")
    return text
