"""Web pages and mails with the date on which they were published."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import InputError
from pipeline.read.mail import message_of
from pipeline.read.pages import HTML_SUFFIXES, read_article
from pipeline.read.source import decoded


def read_page(path: Path) -> tuple[str, str]:
    """The text of a page or mail and its date as it is written, empty where there is none.

    Raises
    ------
    InputError
        Where there is no such file, it is of a kind that holds no date, or `htmldate` is not installed.
    """
    text = read_article(path)[0]
    suffix = path.suffix.lower()
    if suffix == ".eml":
        return text, message_of(path.read_bytes())["date"] or ""
    if suffix not in HTML_SUFFIXES:
        raise InputError(
            f"{path}: a {suffix or 'plain'} file says no date; put texts and dates into a table with a column `date`"
        )
    return text, _published(decoded(path.read_bytes(), path, page=True), path)


def _published(page: str, path: Path) -> str:
    """The date on which a page says it was first published, as ``YYYY-MM-DD``."""
    try:
        from htmldate import find_date
    except ImportError:
        raise InputError(f"{path}: the dates of pages need htmldate; install it with: pip install htmldate") from None
    try:
        return find_date(page, original_date=True, extensive_search=False) or ""
    except (ValueError, TypeError):
        return ""
