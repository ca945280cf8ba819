"""Parse dates and assign them to periods; ambiguous dates are an error."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings, integers
from pipeline.errors import InputError
from pipeline.read.tables import column_of, plain_names

DATE_COLUMNS = ("date", "published", "pubdate", "published_at", "datetime", "timestamp", "time", "day")
NO_DATE = "no date"
_NEVER = np.iinfo(np.int64).min
FREQUENCIES = {"H": "hour", "D": "day", "W": "week", "M": "month"}
_NUMERIC = re.compile(r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})\b")
_YEAR_FIRST = re.compile(r"^(\d{4})[./](\d{2})[./](\d{2})")
_EARLIEST, _AHEAD = datetime(1900, 1, 1, tzinfo=UTC), timedelta(days=2)  # dates outside this range are mistakes


# Hours from UTC to the zones whose abbreviation has one meaning; others, such as IST, make a date invalid. `email.utils`
# knows those of the United States.
_ZONES = {
    name: timezone(timedelta(hours=hours))
    for hours, names in {
        0: "GMT UTC WET Z", 1: "CET WAT WEST", 2: "CAT CEST EET SAST", 3: "EAT EEST MSK TRT", 3.5: "IRST", 5: "PKT",
        7: "ICT WIB", 8: "AWST HKT SGT", 9: "JST KST", 9.5: "ACST", 10: "AEST", 11: "AEDT", 12: "NZST", 13: "NZDT",
    }.items()
    for name in names.split()
}  # fmt: skip


class AmbiguousDateError(InputError):
    """A date whose day and month cannot be told apart; the user must give their order."""


def date_columns(names: list[str], wanted: str | None, path: str | Path) -> list[str]:
    """The requested column of dates; or all usual ones, since files of different kinds scored together have several.

    Raises `InputError` if there is none.
    """
    first = column_of(names, wanted, DATE_COLUMNS, path)
    others = plain_names(names) if wanted is None else {}
    return list(dict.fromkeys([first, *(others[name] for name in DATE_COLUMNS if name in others)]))


def seconds_of(
    column: pa.Array, date_format: str | None = None, now: datetime | None = None
) -> tuple[np.ndarray, dict]:
    """Convert dates to seconds since 1970 in UTC.

    Raises `AmbiguousDateError` if dates are numeric and day and month cannot be told apart, and `InputError` if the
    format has no codes.

    Parameters
    ----------
    column : (n,) strings, dates or time stamps. A date without a zone is taken as UTC.
    date_format : format of `datetime.strptime` for ambiguous dates, such as ``%d/%m/%Y``.
    now : dates more than two days after it are rejected.

    Returns
    -------
    seconds : (n,) float64, NaN where there is no valid date.
    reasons : why there is none, and the indices of the rows for each reason.

    Examples
    --------
    >>> seconds, reasons = seconds_of(pa.array(["2024-03-01", "1 March 2024", "soon"]))
    >>> (seconds[0] == seconds[1]).item(), reasons
    (True, {'no date': [2]})
    """
    if date_format is not None and "%" not in date_format:
        raise InputError(f"date format {date_format!r}: expected codes such as %d.%m.%Y")
    now = now or datetime.now(UTC)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        stamps = integers(column.cast(pa.timestamp("s"), safe=False).cast(pa.int64()), missing=_NEVER)
        return _believed(np.where(stamps == _NEVER, np.nan, stamps), now)
    encoded = as_strings(column).dictionary_encode()
    distinct = np.array([_seconds(text, date_format) for text in encoded.dictionary.to_pylist()] + [np.nan])
    return _believed(distinct[integers(encoded.indices)], now)


def _believed(seconds: np.ndarray, now: datetime) -> tuple[np.ndarray, dict]:
    absent = np.isnan(seconds)
    odd = ~absent & ((seconds < _EARLIEST.timestamp()) | (seconds > (now + _AHEAD).timestamp()))
    rows = {NO_DATE: absent, "before 1900 or in the future": odd}
    return np.where(odd, np.nan, seconds), {why: np.flatnonzero(at).tolist() for why, at in rows.items() if at.any()}


def _seconds(text: str, date_format: str | None) -> float:
    """Seconds since 1970, NaN if the text is no date."""
    text = text.strip()
    parsers: tuple[Callable[[str], datetime], ...] = (datetime.fromisoformat, _of_email, _parsed)
    if date_format:
        parsers = (lambda text: datetime.strptime(text, date_format),)  # noqa: DTZ007  without a zone it is UTC, below
    elif _NUMERIC.match(text):
        parsers = (_numeric,)
    else:
        text = _YEAR_FIRST.sub(r"\1-\2-\3", text)
    for parse in parsers:
        try:
            date = parse(text)
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        except AmbiguousDateError:
            raise
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return np.nan


def _of_email(text: str) -> datetime:
    """A date of RFC 5322; invalid if it ends in a word that Python takes for an unknown zone, such as "PM"."""
    date = parsedate_to_datetime(text)
    if date.tzinfo is None and text[-1:].isalpha():
        raise ValueError(text)
    return date


def _numeric(text: str) -> datetime:
    """A numeric date; raises `AmbiguousDateError` if both of the first two numbers may be the month, or the first the year."""
    first, second, year = re.findall(r"\d+", text)[:3]
    year_first = len(year) == 2 and int(first) > 12 >= int(second) and 1 <= int(year) <= 31
    if year_first or (int(first) <= 12 and int(second) <= 12 and first != second):
        which, formats = (
            ("day and year", "%d-%m-%y or %y-%m-%d") if year_first else ("day and month", "%d/%m/%Y or %m/%d/%Y")
        )
        raise AmbiguousDateError(
            f"date {text!r}: {which} cannot be told apart; say which comes first with --date-format, such as {formats}"
        )
    from dateutil import parser

    return parser.parse(text, dayfirst=int(first) > 12)


def _parsed(text: str) -> datetime:
    """A date with a written month; one without a year or a day, or with an unknown time zone, is invalid."""
    from dateutil import parser

    if not re.search(r"\d{4}", text) or not re.search(r"[A-Za-z]{3}", text):
        raise ValueError(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error", parser.UnknownTimezoneWarning)  # else the hours would count as UTC
        try:
            one, other = (
                parser.parse(text, default=datetime(2000, 1, day), tzinfos=_ZONES)  # noqa: DTZ001  as above
                for day in (1, 2)
            )
        except parser.UnknownTimezoneWarning:
            raise ValueError(text) from None
    if one != other:  # the day was filled in
        raise ValueError(text)
    return one


def period_of(seconds: np.ndarray, frequency: str) -> np.ndarray:
    """(n,) datetime64[s]: the beginning of the hour, day, week (Monday) or month of each date.

    Examples
    --------
    >>> period_of(np.array([1709424000.0]), "W").astype("datetime64[D]").tolist()
    [datetime.date(2024, 2, 26)]
    """
    stamps = seconds.astype("datetime64[s]")
    if frequency == "W":
        days = stamps.astype("datetime64[D]").astype(np.int64)
        return (days - (days + 3) % 7).astype("datetime64[D]").astype("datetime64[s]")
    return stamps.astype(f"datetime64[{frequency.replace('H', 'h')}]").astype("datetime64[s]")


def next_period(period: np.datetime64, frequency: str) -> np.datetime64:
    """The beginning of the next period."""
    unit = {"H": "h", "D": "D", "W": "D", "M": "M"}[frequency]
    step = 7 if frequency == "W" else 1
    return (period.astype(f"datetime64[{unit}]") + step).astype("datetime64[s]")
