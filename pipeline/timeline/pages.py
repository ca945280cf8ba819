"""Web pages and mail with their publication date."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import InputError
from pipeline.read.mail import message_of
from pipeline.read.pages import HTML_SUFFIXES, article_bytes, read_article
from pipeline.read.source import decoded, on_disk


def read_page(path: Path) -> tuple[str, str]:
    """The text of a page or mail, and its date as written, empty if there is none.

    Raises
    ------
    InputError
        If there is no such file, its type holds no date, or `htmldate` is not installed.
    """
    source = on_disk(path)
    text = read_article(source)[0]
    suffix = source.suffix
    if suffix == ".eml":
        return text, message_of(article_bytes(source))["date"] or ""
    if suffix not in HTML_SUFFIXES:
        raise InputError(
            f"{path}: a {suffix or 'plain'} file says no date; put texts and dates into a table with a column `date`"
        )
    return text, _published(decoded(article_bytes(source), path, declares=True), path)


def _published(page: str, path: Path) -> str:
    """The original publication date given by a page, as ``YYYY-MM-DD``."""
    try:
        from htmldate import find_date
    except ImportError:
        raise InputError(f"{path}: the dates of pages need htmldate; install it with: pip install htmldate") from None
    try:
        return find_date(page, original_date=True, extensive_search=False) or ""
    except (ValueError, TypeError):
        return ""
