"""Patterns of what stands at the edges of a snippet: datelines, dates, credits, links and names of sites.

`pipeline.read.cleaning` repeatedly removes what `HEADS` and `TAILS` match. `SUSPECT` are RE2 patterns that find the
texts worth looking at. Every text that a head or tail fits must also fit one of those: extend both together.
"""

from __future__ import annotations

from pipeline.read.outlets import ACTORS, AGENCIES, AMBIGUOUS, COUNTRIES, OUTLETS, any_of, names
from pipeline.read.patterns import Pattern

HEAD = 70  # maximum length of a head; the prefilter searches as many characters


_AGENCY = any_of(*names(AGENCIES))
_OUTLET = any_of(*names(OUTLETS))
_EDITION = "(?: (?:Africa|Arabic|Asia|English|India|International|Media|News|Online|UK|US|World)){0,2}"
_SOURCE = f"(?:[Tt]he )?(?:{_AGENCY}|{_OUTLET}){_EDITION}"
_CREDITED = f"(?:{_SOURCE}|(?:{any_of(*names(AMBIGUOUS))}){_EDITION})"
_TLD = (
    "com|net|org|info|news|press|world|media|live|online|site|tv|co|gov|edu|eu|int|io|ae|af|am|ar|at|au|az|ba|"
    "be|bg|br|by|ca|"
    "ch|cn|cz|de|dk|eg|es|fi|fm|fr|gr|hk|hr|hu|id|ie|il|in|iq|ir|it|jo|jp|ke|kr|kw|kz|lb|lk|ly|ma|md|me|mk|mm|"
    "mx|my|ng|nl|no|"
    "np|nz|om|ph|pk|pl|ps|pt|qa|ro|rs|ru|sa|se|sg|sk|sy|th|tn|to|tr|ua|ug|uk|us|uz|ve|vn|ye|za|zw"
)
_DOMAIN = rf"(?:[\w-]+\.){{1,4}}(?i:{_TLD})\b"
_SITE = rf"(?:{_SOURCE}|(?:[A-Z][\w'’&-]* ){{0,3}}{_DOMAIN})\.?"
SITE = Pattern(_SITE)

# Dates and times.
_ZONE = (
    "(?:(?:AC[DS]T|AE[DS]T|AW?ST|BST|CAT|CES?T|C[DS]T|EAT|EES?T|E[DS]T|ET|GMT|GST|HKT|ICT|IDT|IRST|IST|JST|KST|"
    "M[DS]T|MSK|"
    r"NZ[DS]T|P[DS]T|PKT|PT|SAST|SGT|TRT|UTC|WAT|WES?T|WIB|Z|local time)(?:[+-]\d{1,2}(?::?\d\d)?)?|[+-]\d\d:?\d\d)"
)
_AM_PM = r"[AaPp]\.?[Mm](?:\.|\b)"
_TIME = (
    rf"(?:\d{{1,2}}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s?{_AM_PM})?(?:\s?{_ZONE})?(?!\d)|"
    rf"\d{{1,2}}(?:\.\d\d)?\s?{_AM_PM}(?:\s{_ZONE})?|"
    rf"\d{{1,2}}\.\d\d\s?{_ZONE}|\d{{4}}\s?(?:GMT|UTC))"
)
_CLOCK = rf"(?:{_TIME}|\d{{1,2}}\.\d\d(?!\d))"  # with a point only beside a date or in brackets: "2.50 million"
_MONTH = (
    "(?i:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY = "(?i:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs?)?|Fri|Sat(?:ur)?|Sun)(?:day)?)\\b\\.?"
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_NUMERIC = r"(?:\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{4})(?!\d)"
_YEARLY = rf"(?:(?:{_DAY},? )?(?:{_NUMERIC}|{_NTH} {_MONTH},? \d{{4}}\b|{_MONTH} {_NTH},? \d{{4}}\b))"
_YEARLESS = rf"(?:(?:{_DAY},? )?(?:{_NTH} {_MONTH}|{_MONTH} {_NTH}\b)|\d{{1,2}}[./-]\d{{1,2}}[./-]\d\d\b)"
_DATE = f"(?:{_YEARLY}|{_YEARLESS})"
_ANY_DATE = _DATE.replace(r"(?!\d)", "")  # RE2 has no assertions
_JOIN = r"(?:T|,? (?:at )?|,? [-–—|] ?)"
# More than a day or an hour alone.
_FULL = f"(?:{_DATE}{_JOIN}{_CLOCK}|(?:{_DAY},? )?{_TIME}(?:{_JOIN}|,? on ){_DATE}|{_YEARLY})"
_STAMP = f"(?:{_FULL}|{_DATE}|{_CLOCK})"
_AGO = r"(?:(?:\d{1,3}|[Aa]n?) ?(?i:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|[hmd]) ago)\b"
_RECENT = r"(?:\d{1,2} ?(?i:seconds?|secs?|minutes?|mins?|hours?|hrs?|[hm]) ago)\b"
_LABEL = "(?i:(?:(?:last|first) )?(?:edited|modified|posted|published|updated))(?:(?: (?:on|at))?: ?| (?:(?:on|at) )?)"
_WHEN = rf"(?:{_FULL}|{_DATE}(?! \d)|{_CLOCK}|{_AGO}|{_DAY}(?:{_JOIN}{_TIME})?|(?i:today|yesterday))"
# Words and marks after which a date or time belongs to the sentence.
_GOVERNING = (
    "a about after and around as at before between by dated during for from in last next of on or over since than "
    "the this through till to until was with within Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun"
)
_GOVERNED = "".join(rf"(?<!\b(?i:{word}) )" for word in _GOVERNING.split()) + r"(?<!day )(?<![\d,;] )(?<!\d [-–] )"
_ENDED = r" (?:(?<!\bNo\. )(?<=[.!?…\"”’)\]»] )|(?<!\d )[-–—|•·]+ ?)"  # the sentence, or the headline, is over

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
    "PREVIEW|REFILE|"
    "RPT|SPECIAL REPORT|TIMELINE|UPDATE|WRAPUP"
)
_SHARE = (
    "advertisement|click here(?: (?:for|to read) more)?|listen to this article|share on (?:facebook|twitter|"
    "whatsapp|x)|"
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
    rf"^\s{{0,20}}(?:By|BY) (?!{_DAY}|{_MONTH}){_NAME}(?: {_NAME}){{1,3}}(?: and {_NAME}(?: {_NAME}){{1,3}})?"
    rf"(?:, {_NAME}(?: {_NAME}){{0,4}})?[ \t\r]*\n\s*{_NEXT}|"
    rf"^\s{{0,20}}{_NAME}(?: {_NAME}){{1,3}}, {_SOURCE}[ \t\r]*\n\s*{_NEXT}"
)
# RE2 patterns, each with bytes of which a text must contain one to match; without bytes, it is tried on all texts.
SUSPECT = (
    (rf"^.{{0,{HEAD}}}?(?:\)|--|—|–| - )", b")-\xe2"),  # datelines, agencies, and other heads with a dash
    (
        rf"^(?:(?i:{_TEASERS})(?: \d+)?|{_SOURCE}) ?:|::|(?:{_PHOTO}|(?i:credits?|source))(?: (?i:by|credits?|"
        rf"source))?:",
        b":",
    ),
    (r"[)\]]\.?$|\([cC]\) ?[A-Z\d]", b")]"),
    (r" [-–—]+ ?[^ ]+(?: [^ ]+){0,5}$", b"-\xe2"),  # " - The New York Times"
    (
        rf"^(?: |[-*>•·▪►▶■–—]|\d{{1,2}}[:.]\d\d|\d{{1,4}}[./-]\d{{1,2}}[./-]\d|\d{{4}} ?(?:GMT|UTC)|"
        rf"\d{{1,2}} ?{_AM_PM}|"
        rf"\d{{1,2}}[.)] |(?:{_BUTTON} ){{2}}|(?:Share|Tweet|Print|Email) [A-Z“\"]|"
        rf"{_YEARLESS}|{_DAY},? \d|{_AGO}|{_LABEL}|(?:{_SLUG})(?: \d+)? ?[-–: ]|(?i:{_SHARE}))",
        b"",
    ),
    (
        rf"(?: |[:.]\d\d(?:\.\d+)?(?: ?{_AM_PM})?(?: ?{_ZONE})?\.?|\d ?{_AM_PM}(?: {_ZONE})?|\d{{4}} ?(?:GMT|UTC)\.?|"
        rf"{_ANY_DATE}\.?|[0-9hmsnrekty] ago\.?|{_LABEL}[A-Za-z]+\.?|(?i:{_CALLS})[:»>.… ]*|"
        rf"(?i:all rights reserved)\.?|[.!?…\"”’)»\]] {_BUTTON}|{_BUTTON} {_BUTTON}|"
        rf"(?:Copyright \d{{4}}|{_ROLE} by|[Ss]ource,)(?: (?:[A-Z\d][^ ]*|and|in|by|for|all rights reserved\.?|"
        rf"(?:additional )?{_ROLE}))+)$",
        b"",
    ),
)
HEADS = tuple(
    Pattern(source).match
    for source in (
        r"^RT\s+(?=@)",
        r"^[@#][\w.-]+:?\s+",
        r"^(?:[»•·▪►▶■*>|–—-]+\s*|«\s+)",
        rf"^\d{{1,2}}[.)]\s+{_NEXT}",
        rf"^(?={_BUTTON} ){_SHARING}(?:{_BUTTON} ){{2,}}{_NEXT}",
        r"^(?:Share|Tweet|Print|Email) (?=[A-Z“\"]\S* [a-z])",  # not "Share Prices Fall"
        rf"^[\[(]\s*(?:{_LABEL}{_WHEN}|{_STAMP}|{_AGO}|(?i:{_TEASERS}))\s*[\])]\s*[-–—:|]*\s*",
        rf"^(?:{_FULL}|{_TIME}|{_LABEL}{_WHEN}|(?=\d){_RECENT})(?:{_SEPARATOR}|,?\s+{_NEXT})",
        rf"^(?:{_DATE}|(?=\d){_AGO})(?:{_SEPARATOR}|\s(?=(?:A|An|At|In|The)\b))",
        rf"^(?i:{_TEASERS})(?:\s+\d+)?\s*(?:[:»]|[|](?![^|]*[|])|\s[-–—]+\s)\s*",
        rf"^(?:UPDATE \d+[-–: ]\s*|(?:{_SLUG})(?: \d+)?\s?-\s?(?=\w))",
        rf"^(?i:{_SHARE})(?:{_SEPARATOR}|[.…]*\s+{_NEXT})",
        rf"^By {_NAME}(?: {_NAME}){{1,3}}(?:, {_NAME}(?: {_NAME}){{0,3}})?(?:\s*[|–—]\s*|\s-+\s)",
        rf"^\((?:{_CREDITED})\)\s*(?:[-–—:|]+\s*|{_NEXT})",
        rf"^(?:{_AGENCY})(?:\s*[:|–—]+\s*|\s-+\s)",
        rf"^{_SOURCE}(?:\s?:\s+|\s[-–—]+\s)",
        rf"^(?=[^|»]{{2,60}}[|»])(?:{_SITE})\s*[|»]\s*",
        rf"^{_SHORT_LINK}\s+",
        # "KABUL (Reuters) - ", "BEIRUT, Lebanon, Oct 3 (AP) — ", "WASHINGTON (CNN) --"
        rf"^(?=[^(]{{2,60}}\([A-Z]){_NAME}(?:[, /]+{_NAME}){{0,5}}[, /]*(?:{_DATE}\s*)?"
        rf"\((?:{_CREDITED})\)(?:\s*[-–—:]+\s*|\s+{_NEXT})",
        # "MOSCOW, May 12. /TASS/. "
        rf"^(?=[^/]{{2,60}} /[A-Z]){_NAME}(?:,? {_NAME}){{0,4}}(?:,? {_DATE})?[.,]? /(?:{_CREDITED})/[.,]?\s*[-–—]*\s*",
        # "MOSCOW, May 12 - ", "ROMA, 12 MAG - "
        rf"^(?=[A-Z][A-Z.'’-]{{3}}){_NOT_CITY}[A-Z.'’-]+(?: [A-Z.'’-]+)*(?:,? [A-Z][a-z]+\.?)*"
        rf"(?:,? (?:{_DATE}|\d{{1,2}} [A-Z]{{3,4}}))?,? - (?=[A-Z][^A-Z]*[a-z])",
        # "LOS ANGELES -- ", "WASHINGTON—"
        rf"^(?=[A-Z][A-Z.'’ -]{{3}}){_NOT_CITY}[A-Z.'’ -]+(?:, (?:[A-Z][a-z]+\.? ?){{1,3}})?(?:,? {_DATE})?"
        r"(?:\s*(?:--+|—)\s*|\s–\s)(?=[A-Z\"“](?:\S* ){3})",
        # "Baghdad, Iraq - "
        rf"^(?=[^,]{{2,60}}, [^,]{{3,}}[-–—] ){_NOT_CITY}{_NAME}(?:[ -]{_NAME}){{0,2}}, (?:{any_of(*names(COUNTRIES))})"
        rf"(?:,? {_DATE})? (?:-+|[–—]) (?=[A-Z\"“‘](?:\S* ){{4}})",
    )
)
# `re` finds a character at memory speed, so each pattern begins with one that must be there. Spaces are single by now.
# The part after a bar is the only group: `pipeline.read.cleaning` removes it unless it is a headline.
TAILS = tuple(
    Pattern(source).search
    for source in (
        r" (?:(?:[Vv]ia|VIA|h/t|HT) )?[@#][\w.-]+$",
        rf"[\[(]\s*(?:{_LABEL}{_WHEN}|{_STAMP}|{_AGO})\s*[\])]\.?$",
        rf"[\[(]\s*(?:(?i:{_PHOTO}|credit|source|via|reporting by|writing by|editing by|with inputs from)\b[^\])]*|"
        rf"{_CREDITED}(?:(?:\s?[/,&|]\s?| and | via | )[A-Z][\w.’'-]*)*|{_DOMAIN})\s*[\])]\.?$",
        rf"[\[(]\s*(?i:{_CALLS}|{_TEASERS})\s*[:»>.…]*[\])]\.?$",
        rf" [-–—|]+\s*(?i:{_TEASERS})\.*$",
        rf" (?<=[.!?…\"”’)»\]] )(?:{_BUTTON} )*{_BUTTON}$",
        rf" (?={_BUTTON} ){_SHARING}(?:{_BUTTON} )+{_BUTTON}$",
        rf" (?:(?<=[.!?…\"”’)»] )|(?=[A-Z])|[-–—|]+ )(?i:{_CALLS})\s*[:»>.…]*$",
        rf" [-–—|»«]+\s*(?:[Vv]ia )?(?:{_SITE})$",
        r"\s(?:[|«»]|::)\s+([^|«»]{2,40})$",
        r"[|»]+$",
        rf"{_ENDED}(?:{_LABEL}{_WHEN}|{_FULL}|{_DATE}|{_TIME}|{_AGO})\.?$",
        rf" (?=[A-Z]){_LABEL}(?:{_FULL}|{_DATE}|{_CLOCK}|{_AGO})\.?$",
        rf" (?=\d|[ADFJMNOSTW][\w,.:/+ –|-]*\d)(?=(?:{_FULL}|(?=\d){_RECENT})$){_GOVERNED}.*$",
        rf" (?:[-–—|•·]+ )?(?:{_PHOTO}|[Cc]redits?|CREDIT|Source|SOURCE)"
        rf"(?:(?: (?i:by|credits?|source))?: ?| source, )(?:{_NAME}(?: {_NAME}){{0,2}} ?[/,] ?)?{_CREDITED}(?:[ /][A-Z][\w.’'-]*){{0,3}}\.?$",
        rf"{_ENDED}(?:{_PHOTO}|Credit)(?: [Cc]redit| by)?: ?{_NAME}(?: {_NAME}){{1,3}}\.?$",
        rf" (?<=[.!?…\"”’)»\]] )(?:(?:[Aa]dditional|[Ww]ith) )?{_ROLE}(?: and {_ROLE})? by {_NAME}"
        rf"(?:[,;]? (?:and|in|by|for|[Aa]dditional|{_ROLE}|{_NAME}))*$",
        r"(?:©|\([cC]\)(?= ?[A-Z\d])|Copyright (?:©|(?=\d{4})))(?:[^.!?©]|\.(?=\w)){0,50}(?i:\.? all rights reserved)?\.?$",
        r" (?i:all rights reserved)\.?$",
        rf" (?:[-–—|] {_NAME}(?: {_NAME}){{0,3}} ?)?/{{1,2}} ?{_CREDITED}(?: ?/ ?{_NAME}(?: {_NAME}){{0,2}})?/?\.?$",
        rf" (?:[-–—|] )?{_SHORT_LINK}$",
    )
)
