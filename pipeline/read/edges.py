"""Patterns of what stands at the edges of a snippet: datelines, dates, credits, links and names of sites.

`pipeline.read.cleaning` repeatedly removes what `HEADS` and `TAILS` match. `SUSPECT` are RE2 patterns that find the
texts worth looking at. Every text that a head or tail fits must also fit one of those: extend both together.
"""

from __future__ import annotations

import re

from pipeline.read.outlets import ACTORS, AGENCIES, AMBIGUOUS, COUNTRIES, OUTLETS, any_of, names
from pipeline.read.patterns import Edges, Pattern, word_key
from pipeline.read.stamps import (
    AGO,
    AM_PM,
    ANY_DATE,
    CLOCK,
    DATE,
    DATE_WORDS,
    DAY,
    FULL,
    LABEL,
    LABEL_WORDS,
    MONTH,
    RECENT,
    STAMP,
    TIME,
    WHEN,
    YEARLESS,
    ZONE,
)

HEAD = 70  # maximum length of a head; the prefilter searches as many characters
_AGENCY = any_of(*names(AGENCIES))
_OUTLET = any_of(*names(OUTLETS))
_EDITIONS = "Africa|Arabic|Asia|English|India|International|Media|News|Online|UK|US|World"
_EDITION = f"(?: (?:{_EDITIONS})){{0,2}}"
_SOURCE = f"(?:[Tt]he )?(?:{_AGENCY}|{_OUTLET}){_EDITION}"
_CREDITED = f"(?:{_SOURCE}|(?:{any_of(*names(AMBIGUOUS))}){_EDITION})"
_TLD = (
    "com|net|org|info|news|press|world|media|live|online|site|tv|co|gov|edu|eu|int|io|ae|af|am|ar|at|au|az|ba|be|bg|"
    "br|by|ca|ch|cn|cz|de|dk|eg|es|fi|fm|fr|gr|hk|hr|hu|id|ie|il|in|iq|ir|it|jo|jp|ke|kr|kw|kz|lb|lk|ly|ma|md|me|mk|"
    "mm|mx|my|ng|nl|no|np|nz|om|ph|pk|pl|ps|pt|qa|ro|rs|ru|sa|se|sg|sk|sy|th|tn|to|tr|ua|ug|uk|us|uz|ve|vn|ye|za|zw"
)
_DOMAIN = rf"(?:[\w-]+\.){{1,4}}(?i:{_TLD})\b"
_SITE = rf"(?:{_SOURCE}|(?:[A-Z][\w'’&-]* ){{0,3}}{_DOMAIN})\.?"
SITE = Pattern(_SITE)

# Words and marks after which a date or time belongs to the sentence.
_GOVERNING = (
    "a about after and around as at before between by dated during for from in last next of on or over since than "
    "the this through till to until was with within Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun"
)
_GOVERNED = "".join(rf"(?<!\b(?i:{word}) )" for word in _GOVERNING.split()) + r"(?<!day )(?<![\d,;] )(?<!\d [-–] )"
_ENDED = r" (?:(?<=[.!?…\"”’)\]»] )(?<!\bNo\. )|(?<!\d )[-–—|•·]+ ?)"  # the sentence, or the headline, is over

_TEASERS = (
    "alert|also read|as it happened|breaking|breaking news|developing|exclusive|full report|full story|gallery|"
    "in pictures|just in|listen|live|live blog|live updates|more on this|news|photo|photos|politics|read also|"
    "read more|read more here|related|related articles|related stories|see also|the latest|update|updated|updates|"
    "video|videos|watch|watch live|world|world news"
)
_CALLS = (
    "click here(?: (?:for|to read) more)?|continue reading|full story|read (?:more|the full story)(?: here)?|"
    "share on (?:facebook|twitter|whatsapp|x)|share this(?: (?:article|page|post|story))?|subscribe (?:here|now)"
)
_BUTTON = (
    "(?:Share|Tweet|Print|E-?[Mm]ail|Facebook|Twitter|X|WhatsApp|Whatsapp|Telegram|LinkedIn|Reddit|Pinterest|Save|Like|"
    r"Follow|Subscribe|Advertisement|ADVERTISEMENT|Comments?(?: \(\d{1,5}\))?)"
)
_SHARING = r"(?=.*\b(?:Share|Tweet|Print|Email)\b)"  # without one, two names of sites may belong to the sentence
_SLUG = (
    "ANALYSIS|BREAKINGVIEWS|CORRECTED|CORRECTION|EXCLUSIVE|EXPLAINER|FACTBOX|FEATURE|FOCUS|INSIGHT|INTERVIEW|"
    "PREVIEW|REFILE|RPT|SPECIAL REPORT|TIMELINE|UPDATE|WRAPUP"
)
_SHARE = (
    "advertisement|click here(?: (?:for|to read) more)?|listen to this article|"
    "share on (?:facebook|twitter|whatsapp|x)|"
    rf"share this(?: (?:article|page|post|story|video))?(?-i::?(?: {_BUTTON})+)?|skip to (?:main )?content"
)
_PHOTO = "(?:[Ff]ile |FILE )?(?:[Pp]hoto|[Ii]mage|[Pp]hotograph|[Pp]icture|[Vv]ideo|[Pp]ic|PHOTO|IMAGE|PICTURE|VIDEO)s?"
_SHORT_LINK = r"(?:[a-z0-9-]+\.){1,3}[a-z]{2,6}/[\w/?=&%#.+-]+"
_NEXT = r"(?=[A-Z\"“‘'(\[])"
_NAME = r"[A-ZÀ-Þ][\w.'’-]*"
_NOT_CITY = rf"(?!(?i:{any_of(*names(COUNTRIES + ',' + ACTORS))})\b(?! City))"
_ROLE = "(?:[Rr]eporting|[Ww]riting|[Ee]diting|[Cc]ompiled|[Tt]ranslated)"
_SEPARATOR = r"(?:\s*[:|•·]+\s*|\s*[–—]+\s*(?!\d)|\s-+\s+|-(?=[A-Z]))"

BYLINE = Pattern(
    rf"^\s{{0,20}}(?:By|BY) (?!{DAY}|{MONTH}){_NAME}(?: {_NAME}){{1,3}}(?: and {_NAME}(?: {_NAME}){{1,3}})?"
    rf"(?:, {_NAME}(?: {_NAME}){{0,4}})?[ \t\r]*\n\s*{_NEXT}|"
    rf"^\s{{0,20}}{_NAME}(?: {_NAME}){{1,3}}, {_SOURCE}[ \t\r]*\n\s*{_NEXT}"
)
# RE2 patterns, each with bytes of which a text must contain one to match; without bytes, it is tried on all texts.
SUSPECT = (
    (rf"^.{{0,{HEAD}}}?(?:\)|--|—|–| - )", b")-\xe2"),  # datelines, agencies, and other heads with a dash
    (
        rf"^(?:(?i:{_TEASERS})(?: \d+)?|{_SOURCE}) ?:|::|"
        rf"(?:{_PHOTO}|(?i:credits?|source))(?: (?i:by|credits?|source))?:",
        b":",
    ),
    (r"[)\]]\.?$|\([cC]\) ?[A-Z\d]", b")]"),
    (r" [-–—]+ ?[^ ]+(?: [^ ]+){0,5}$", b"-\xe2"),  # " - The New York Times"
    (
        rf"^(?: |[-*>•·▪►▶■–—]|\d{{1,2}}[:.]\d\d|\d{{1,4}}[./-]\d{{1,2}}[./-]\d|\d{{4}} ?(?:GMT|UTC)|"
        rf"\d{{1,2}} ?{AM_PM}|\d{{1,2}}[.)] |(?:{_BUTTON} ){{2}}|(?:Share|Tweet|Print|Email) [A-Z“\"]|"
        rf"{YEARLESS}|{DAY},? \d|{AGO}|{LABEL}|(?:{_SLUG})(?: \d+)? ?[-–: ]|(?i:{_SHARE}))",
        b"",
    ),
    (
        rf"(?: |[:.]\d\d(?:\.\d+)?(?: ?{AM_PM})?(?: ?{ZONE})?\.?|\d ?{AM_PM}(?: {ZONE})?|\d{{4}} ?(?:GMT|UTC)\.?|"
        rf"{ANY_DATE}\.?|[0-9hmsnrekty] ago\.?|{LABEL}[A-Za-z]+\.?|(?i:{_CALLS})[:»>.… ]*|"
        rf"(?i:all rights reserved)\.?|[.!?…\"”’)»\]] {_BUTTON}|{_BUTTON} {_BUTTON}|"
        rf"(?:Copyright \d{{4}}|{_ROLE} by|[Ss]ource,)(?: (?:[A-Z\d][^ ]*|and|in|by|for|all rights reserved\.?|"
        rf"(?:additional )?{_ROLE}))+)$",
        b"",
    ),
)


def _outermost(place: int, alternatives: str) -> set[str]:
    return {word_key(re.findall(r"\w+", one)[place]) for one in alternatives.split("|")}


_DIGITS = "0123456789"
_ANY: set[str] = set()
_SOURCES = _outermost(0, any_of(*names(AGENCIES), *names(OUTLETS))) | {"the"}
_SITE_ENDS = _outermost(-1, f"{any_of(*names(AGENCIES), *names(OUTLETS))}|{_EDITIONS}|{_TLD}")
_BUTTONS = set(
    "0 comment comments e email facebook follow like linkedin mail pinterest print reddit save share subscribe telegram tweet "
    "twitter whatsapp x advertisement".split()
)
_CALL_ENDS = set("article facebook here more now page post reading story this twitter whatsapp x".split())
# For each edge: the outermost words and the characters of which one must be there, if there are any, and its pattern.
HEADS = Edges(
    Pattern(source, needs, frozenset(words))
    for words, needs, source in (
        ({"rt"}, "", r"^RT\s+(?=@)"),
        (_ANY, "@#", r"^[@#][\w.-]+:?\s+"),
        (_ANY, "", r"^(?:[»•·▪►▶■*>|–—-]+\s*|«\s+)"),
        ({"0"}, _DIGITS, rf"^\d{{1,2}}[.)]\s+{_NEXT}"),
        (_BUTTONS, "", rf"^(?={_BUTTON} ){_SHARING}(?:{_BUTTON} ){{2,}}{_NEXT}"),
        (_BUTTONS, "", r"^(?:Share|Tweet|Print|Email) (?=[A-Z“\"]\S* [a-z])"),  # not "Share Prices Fall"
        (_ANY, "([", rf"^[\[(]\s*(?:{LABEL}{WHEN}|{STAMP}|{AGO}|(?i:{_TEASERS}))\s*[\])]\s*[-–—:|]*\s*"),
        (
            DATE_WORDS | LABEL_WORDS,
            "",
            rf"^(?:{FULL}|{TIME}|{LABEL}{WHEN}|(?=\d){RECENT})(?:{_SEPARATOR}|,?\s+{_NEXT})",
        ),
        (DATE_WORDS, _DIGITS, rf"^(?:{DATE}|(?=\d){AGO})(?:{_SEPARATOR}|\s(?=(?:A|An|At|In|The)\b))"),
        (_outermost(0, _TEASERS), ":»|-–—", rf"^(?i:{_TEASERS})(?:\s+\d+)?\s*(?:[:»]|[|](?![^|]*[|])|\s[-–—]+\s)\s*"),
        (_outermost(0, _SLUG), "", rf"^(?:UPDATE \d+[-–: ]\s*|(?:{_SLUG})(?: \d+)?\s?-\s?(?=\w))"),
        (_outermost(0, _SHARE), "", rf"^(?i:{_SHARE})(?:{_SEPARATOR}|[.…]*\s+{_NEXT})"),
        ({"by"}, "|–—-", rf"^By {_NAME}(?: {_NAME}){{1,3}}(?:, {_NAME}(?: {_NAME}){{0,3}})?(?:\s*[|–—]\s*|\s-+\s)"),
        (_ANY, "(", rf"^\((?:{_CREDITED})\)\s*(?:[-–—:|]+\s*|{_NEXT})"),
        (_SOURCES, ":|–—-", rf"^(?:{_AGENCY})(?:\s*[:|–—]+\s*|\s-+\s)"),
        (_SOURCES, ":-–—", rf"^{_SOURCE}(?:\s?:\s+|\s[-–—]+\s)"),
        (_ANY, "|»", rf"^(?=[^|»]{{2,60}}[|»])(?:{_SITE})\s*[|»]\s*"),
        (_ANY, "/", rf"^{_SHORT_LINK}\s+"),
        # "KABUL (Reuters) - ", "BEIRUT, Lebanon, Oct 3 (AP) — ", "WASHINGTON (CNN) --"
        (
            _ANY,
            "(",
            rf"^(?=[^(]{{2,60}}\([A-Z]){_NAME}(?:[, /]+{_NAME}){{0,5}}[, /]*(?:{DATE}\s*)?"
            rf"\((?:{_CREDITED})\)(?:\s*[-–—:]+\s*|\s+{_NEXT})",
        ),
        # "MOSCOW, May 12. /TASS/. "
        (
            _ANY,
            "/",
            rf"^(?=[^/]{{2,60}} /[A-Z]){_NAME}(?:,? {_NAME}){{0,4}}(?:,? {DATE})?[.,]? /(?:{_CREDITED})/[.,]?\s*[-–—]*\s*",
        ),
        # "MOSCOW, May 12 - ", "ROMA, 12 MAG - "
        (
            _ANY,
            "-",
            rf"^(?=[A-Z][A-Z.'’-]{{3}}){_NOT_CITY}[A-Z.'’-]+(?: [A-Z.'’-]+)*(?:,? [A-Z][a-z]+\.?)*"
            rf"(?:,? (?:{DATE}|\d{{1,2}} [A-Z]{{3,4}}))?,? - (?=[A-Z][^A-Z]*[a-z])",
        ),
        # "LOS ANGELES -- ", "WASHINGTON—"
        (
            _ANY,
            "-–—",
            rf"^(?=[A-Z][A-Z.'’ -]{{3}}){_NOT_CITY}[A-Z.'’ -]+(?:, (?:[A-Z][a-z]+\.? ?){{1,3}})?(?:,? {DATE})?"
            r"(?:\s*(?:--+|—)\s*|\s–\s)(?=[A-Z\"“](?:\S* ){3})",
        ),
        # "Baghdad, Iraq - "
        (
            _ANY,
            "-–—",
            rf"^(?=[^,]{{2,60}}, [^,]{{3,}}[-–—] ){_NOT_CITY}{_NAME}(?:[ -]{_NAME}){{0,2}}, (?:{any_of(*names(COUNTRIES))})"
            rf"(?:,? {DATE})? (?:-+|[–—]) (?=[A-Z\"“‘](?:\S* ){{4}})",
        ),
    )
)
# `re` finds a character at memory speed, so each pattern begins with one that must be there. Spaces are single by now.
# The part after a bar is the only group: `pipeline.read.cleaning` removes it unless it is a headline.
TAILS = Edges(
    Pattern(source, needs, frozenset(words))
    for words, needs, source in (
        (_ANY, "@#", r" (?:(?:[Vv]ia|VIA|h/t|HT) )?[@#][\w.-]+$"),
        (DATE_WORDS, "([", rf"[\[(]\s*(?:{LABEL}{WHEN}|{STAMP}|{AGO})\s*[\])]\.?$"),
        (
            _ANY,
            "([",
            rf"[\[(]\s*(?:(?i:{_PHOTO}|credit|source|via|reporting by|writing by|editing by|with inputs from)\b[^\])]*|"
            rf"{_CREDITED}(?:(?:\s?[/,&|]\s?| and | via | )[A-Z][\w.’'-]*)*|{_DOMAIN})\s*[\])]\.?$",
        ),
        (_CALL_ENDS | _outermost(-1, _TEASERS), "([", rf"[\[(]\s*(?i:{_CALLS}|{_TEASERS})\s*[:»>.…]*[\])]\.?$"),
        (_outermost(-1, _TEASERS), "-–—|", rf" [-–—|]+\s*(?i:{_TEASERS})\.*$"),
        (_BUTTONS, "", rf" (?<=[.!?…\"”’)»\]] )(?:{_BUTTON} )*{_BUTTON}$"),
        (_BUTTONS, "", rf" (?={_BUTTON} ){_SHARING}(?:{_BUTTON} )+{_BUTTON}$"),
        (_CALL_ENDS, "", rf" (?:(?<=[.!?…\"”’)»] )|(?=[A-Z])|[-–—|]+ )(?i:{_CALLS})\s*[:»>.…]*$"),
        (_SITE_ENDS, "-–—|»«", rf" [-–—|»«]+\s*(?:[Vv]ia )?(?:{_SITE})$"),
        (_ANY, "|«»:", r"\s(?:[|«»]|::)\s+([^|«»]{2,40})$"),
        (_ANY, "|»", r"[|»]+$"),
        (DATE_WORDS, "", rf"{_ENDED}(?:{LABEL}{WHEN}|{FULL}|{DATE}|{TIME}|{AGO})\.?$"),
        (DATE_WORDS, "", rf" (?=[A-Z]){LABEL}(?:{FULL}|{DATE}|{CLOCK}|{AGO})\.?$"),
        (DATE_WORDS, _DIGITS, rf" (?=\d|[ADFJMNOSTW][\w,.:/+ –|-]*\d)(?=(?:{FULL}|(?=\d){RECENT})$){_GOVERNED}.*$"),
        (
            _ANY,
            ":,",
            rf" (?=[-–—|•·CFIPSVcfipsv])(?:[-–—|•·]+ )?(?:{_PHOTO}|[Cc]redits?|CREDIT|Source|SOURCE)"
            rf"(?:(?: (?i:by|credits?|source))?: ?| source, )(?:{_NAME}(?: {_NAME}){{0,2}} ?[/,] ?)?{_CREDITED}(?:[ /][A-Z][\w.’'-]*){{0,3}}\.?$",
        ),
        (_ANY, ":", rf"{_ENDED}(?:{_PHOTO}|Credit)(?: [Cc]redit| by)?: ?{_NAME}(?: {_NAME}){{1,3}}\.?$"),
        (
            _ANY,
            "",
            rf" (?<=[.!?…\"”’)»\]] )(?:(?:[Aa]dditional|[Ww]ith) )?{_ROLE}(?: and {_ROLE})? by {_NAME}"
            rf"(?:[,;]? (?:and|in|by|for|[Aa]dditional|{_ROLE}|{_NAME}))*$",
        ),
        (
            _ANY,
            "",
            r"(?:©|\([cC]\)(?= ?[A-Z\d])|Copyright (?:©|(?=\d{4})))(?:[^.!?©]|\.(?=\w)){0,50}(?i:\.? all rights reserved)?\.?$",
        ),
        ({"reserved"}, "", r" (?i:all rights reserved)\.?$"),
        (
            _ANY,
            "/",
            rf" (?:[-–—|] {_NAME}(?: {_NAME}){{0,3}} ?)?/{{1,2}} ?{_CREDITED}(?: ?/ ?{_NAME}(?: {_NAME}){{0,2}})?/?\.?$",
        ),
        (_ANY, "/", rf" (?:[-–—|] )?{_SHORT_LINK}$"),
    )
)
