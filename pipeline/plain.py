"""What a terminal may be shown of a text or a file name: nothing that moves its cursor or turns its letters round."""

import re
import sys

# Control characters but tab and line feed, marks and overrides of direction, separators of lines, lone surrogates.
_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """A text with a visible sign for each character that a terminal would obey in place of showing it.

    Examples
    --------
    >>> plain("red \\x1b[31m")
    'red ␛[31m'
    """
    return _ODD.sub(_sign, text)


def one_line(text: str) -> str:
    """The same on one line."""
    return plain(text).replace("\n", " ")


def say(text: str, stderr: bool = True) -> None:
    """Print a line to a person: on standard error, where programs do not read it."""
    print(plain(text), file=sys.stderr if stderr else sys.stdout)


def count_of(n: int, one: str) -> str:
    """A number of things in words.

    Examples
    --------
    >>> count_of(1, "row"), count_of(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{n:,} {one}" if n == 1 else f"{n:,} {one}s"


def _sign(found: re.Match[str]) -> str:
    code = ord(found.group())
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"
