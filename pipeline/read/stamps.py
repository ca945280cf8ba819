"""Patterns of dates and times, and of the labels that stand before them."""

from __future__ import annotations

ZONE = (
    "(?:(?:AC[DS]T|AE[DS]T|AW?ST|BST|CAT|CES?T|C[DS]T|EAT|EES?T|E[DS]T|ET|GMT|GST|HKT|ICT|IDT|IRST|IST|JST|KST|"
    "M[DS]T|MSK|NZ[DS]T|P[DS]T|PKT|PT|SAST|SGT|TRT|UTC|WAT|WES?T|WIB|Z|local time)"
    r"(?:[+-]\d{1,2}(?::?\d\d)?)?|[+-]\d\d:?\d\d)"
)
AM_PM = r"[AaPp]\.?[Mm](?:\.|\b)"
TIME = (
    rf"(?:\d{{1,2}}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s?{AM_PM})?(?:\s?{ZONE})?(?!\d)|"
    rf"\d{{1,2}}(?:\.\d\d)?\s?{AM_PM}(?:\s{ZONE})?|"
    rf"\d{{1,2}}\.\d\d\s?{ZONE}|\d{{4}}\s?(?:GMT|UTC))"
)
CLOCK = rf"(?:{TIME}|\d{{1,2}}\.\d\d(?!\d))"  # with a point only beside a date or in brackets: "2.50 million"
MONTH = (
    "(?i:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
DAY = "(?i:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs?)?|Fri|Sat(?:ur)?|Sun)(?:day)?)\\b\\.?"
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_NUMERIC = r"(?:\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4})(?!\d)"
_IN_MONTH = rf"(?:{_NTH} {MONTH}|{MONTH} {_NTH}\b)"
YEARLESS = rf"(?:(?:{DAY},? )?{_IN_MONTH}|\d{{1,2}}[./-]\d{{1,2}}[./-]\d\d\b)"
DATE = rf"(?:(?:{DAY},? )?(?:{_NUMERIC}|{_IN_MONTH}(?:,? \d{{4}}\b)?)|\d{{1,2}}[./-]\d{{1,2}}[./-]\d\d\b)"
ANY_DATE = DATE.replace(r"(?!\d)", "")  # RE2 has no assertions
_JOIN = r"(?:T|,? (?:at )?|,? [-–—|] ?)"
_YEARLY = rf"(?:{DAY},? )?(?:{_NUMERIC}|{_IN_MONTH},? \d{{4}}\b)"
_TIMED = f"(?:{DAY},? )?{TIME}(?:{_JOIN}|,? on ){DATE}"
# More than a day or an hour alone.
FULL = f"(?:{DATE}{_JOIN}{CLOCK}|{_TIMED}|{_YEARLY})"
STAMP = f"(?:{DATE}(?:{_JOIN}{CLOCK})?|{_TIMED}|{CLOCK})"
AGO = r"(?:(?:\d{1,3}|[Aa]n?) ?(?i:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|[hmd]) ago)\b"
RECENT = r"(?:\d{1,2} ?(?i:seconds?|secs?|minutes?|mins?|hours?|hrs?|[hm]) ago)\b"
LABEL = "(?i:(?:(?:last|first) )?(?:edited|modified|posted|published|updated))(?:(?: (?:on|at))?: ?| (?:(?:on|at) )?)"
WHEN = rf"(?:{FULL}|{DATE}(?! \d)|{CLOCK}|{AGO}|{DAY}(?:{_JOIN}{TIME})?|(?i:today|yesterday))"
# The words, as from `word_key`, that a date or time, or its label, can begin and end with.
DATE_WORDS = set(
    """
    0 ago am m pm time today yesterday z
    jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov
    november dec december
    mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday
    acdt acst aedt aest awst ast bst cat cet cest cdt cst eat eet eest edt est et gmt gst hkt ict idt irst ist jst kst
    mdt mst msk nzdt nzst pdt pst pkt pt sast sgt trt utc wat wet west wib
    """.split()
)
LABEL_WORDS = set("edited first last modified posted published updated".split())
