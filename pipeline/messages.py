"""Print lines for people: control and bidirectional characters are escaped, and no progress is shown if they ask for quiet."""

import re
import sys
from types import SimpleNamespace

terminal = SimpleNamespace(quiet=False, verbose=False)  # what the user of a terminal asked for

# Control characters except tab and line feed, bidirectional controls, line separators, lone surrogates.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """Replace each character that a terminal would interpret with a visible symbol.

    Examples
    --------
    >>> plain("red \\x1b[31m")
    'red ␛[31m'
    """
    return _UNSAFE.sub(_symbol, text)


def one_line(text: str) -> str:
    """`plain`, with line feeds replaced by spaces."""
    return plain(text).replace("\n", " ")


def say(text: str, stderr: bool = True) -> None:
    """Print an escaped line, by default to standard error, so that standard output holds only data."""
    print(plain(text), file=sys.stderr if stderr else sys.stdout)


def count_of(n: int, one: str) -> str:
    """A count with its noun, in the plural unless it is 1.

    Examples
    --------
    >>> count_of(1, "row"), count_of(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{n:,} {one}" if n == 1 else f"{n:,} {one}s"


def _symbol(found: re.Match[str]) -> str:
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"
