"""Page furniture: buttons, greetings, bylines, page numbers and other text that reports nothing.

A text is furniture only if all of it is. Phrases are listed whole, and only names, numbers and dates vary, so a
sentence that begins like furniture ("Accept defeat, army tells rebels") does not match. Few texts are short and begin
like furniture, and the first bytes of a column tell which; only these are matched.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.arrays.arrow import as_strings, mask
from pipeline.read.outlets import AGENCIES, any_of, names
from pipeline.read.patterns import Pattern

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

LONGEST = 90  # bytes or characters
# In lower case, without the marks at the end; "&" is "and".
_PHRASES = """
ok | okay | got it | dismiss | cancel | submit | not now | no thanks | no, thanks | yes, please | cookies
more options | your privacy choices | necessary cookies only | we use cookies | this site uses cookies
this website uses cookies | we value your privacy | do not sell my personal information
do not sell or share my personal information | i agree | i accept | terms | terms of use | terms of service | legal
terms and conditions | accessibility | corrections | home | home page | homepage | menu | main menu | open menu
close menu | search | close search | site map | back | skip | skip ad | about | about us | contact | contact us
careers | help | help centre | help center | faq | faqs | advertise with us | rss | archive | table of contents
contents | in this article | in this story | expand | collapse | news | world | world news | uk | africa | asia
europe | americas | middle east | politics | business | economy | markets | money | sport | sports | tech | technology
science | health | climate | environment | culture | arts | books | music | film | lifestyle | travel | food | weather
opinion | entertainment | education | video | videos | photos | pictures | podcasts | audio | live | local
newsletters | epaper | e-paper | already a subscriber | already have an account | for subscribers
for subscribers only | subscribers only | support us | donate | donate now | gift this article | view in browser
view this email in your browser | forward to a friend | enter your email | enter your email address
you received this email because you subscribed | copy link | link copied | tweet | like | comment | reply
share, like and subscribe | facebook | twitter | x | instagram | telegram | whatsapp | youtube | tiktok | linkedin
reddit | pinterest | threads | bluesky | available on the app store | google play | app store | turn on notifications
be the first to comment | report comment | required fields are marked
save my name, email, and website in this browser for the next time i comment | notify me of new comments by email
pause | mute | advertisement | advertisements | ad | ads | advert | advertorial | ad feedback | ads by google
remove ads | scroll to continue | keep reading | recommended for you | today's top stories | today's headlines
top picks | editor's picks | editors' picks | read also | read next | read this next | also read | also watch
also on this site | see also | what to read next | up next | more like this | more from this author
in case you missed it | don't miss | gallery | in pictures | tags | topics | topics in this story | categories
key points | full story | breaking news | just in | live updates | live blog | hey | bye | goodbye | cheers
take care | stay safe | stay tuned | stay with us | what you need to know | all rights reserved | close image
"""
_READ = "(?: (?:comments|stories|more comments|articles|menu|search|caption|image))?"
_ITEMS = "(?:stories|articles|content|news|topics|coverage|posts|links|reading|videos?|headlines|updates|reads?)"
_BLOG = "(?:live )?(?:blog|coverage|updates|page|newsletter|briefing)"
_PART = "(?:day|morning|afternoon|evening|night|weekend|week)"
_MOST = "(?:read|popular|viewed|watched|shared|commented)(?: stories| articles| news)?(?: today| this week| now)?"
_WHEN = (
    r"(?: (?:today|tonight|now|for now|this (?:morning|afternoon|evening|week)|tomorrow|soon|shortly|later|next week))*"
)
_SITES = "(?:x|twitter|facebook|instagram|telegram|whatsapp|youtube|tiktok|linkedin|reddit|e-?mail|google news)"
_ON = f"(?: (?:on|via|by) {_SITES})?"
_LETTER = r"(?: (?:for|to) (?:our|the|free)(?: \w+){0,2} (?:newsletters?|briefing|channel|podcast|e-?mails?|alerts))?"
_BY = "(?:,? (?:today|now|here|free|for free|to read more|to continue|from this list))?"
_HELP = (
    "(?:joining|reading|following|watching|listening|subscribing|being with|tuning|your (?:support|company|comments))"
    rf"(?: us| in| along)*(?: (?:our|the|this) {_BLOG})?"
)
# The words that a family of phrases begins with, and behind "=" what follows any of them; written like the phrases.
_FAMILIES = rf"""
accept agree allow reject decline deny refuse consent confirm close proceed save =(?: all| settings)?(?: cookies)?
cookie privacy manage =(?: (?:and )?(?:cookies?|privacy|policy|notice|settings|preferences|choices|options))*
subscribe unsubscribe register sign log login logout =(?: ?(?:up|in|out|on))?{_BY}{_LETTER}{_BY}
become start =(?: a| your)(?: free)? (?:member|supporter|subscriber|trial)
create forgot my your =(?: a| an| your)?(?: free)? (?:account|password)
join =(?: us| now| the (?:conversation|discussion)| our (?:whatsapp|telegram) channel)
this =(?: article| content| story) is for subscribers(?: only)?
share =(?: this)?(?: article| story| post| page| video)?{_ON}
follow =(?: us| me)?(?: live| here)?{_ON}|(?: us on| us)? @\w+
print email save =(?: this article| article| for later)?
get download open try =(?: in)?(?: our| the)? app| it on google play| on the app store
enable allow get =(?: push)? notifications
leave post add write cancel =(?: a)? (?:comment|reply)
your = email address will not be published(?:\. required fields are marked)?
comments =(?: are (?:closed|off))?
view show hide read load see click tap learn find discover =(?: out| here)?(?: all| more| less)?{_READ}
read =(?: the)? full (?:story|article)
click = to (?:enlarge|expand|share)| here (?:for more|to (?:subscribe|read more))
listen watch play =(?: now| live| again| to this article| (?:the )?video)?
skip jump back = to (?:(?:main )?content|navigation|top|home)
next previous continue =(?: article| story| page| post| reading| to site| without (?:accepting|agreeing))?
related recommended similar more latest top other featured popular must trending =(?: now| {_ITEMS})?
more =(?: on| about) this(?: (?:story|topic))?
most = {_MOST}
you =(?: may| might)(?: also)? (?:like|be interested in)
sponsored promoted paid partner branded affiliate =(?: content| posts?| links| partnership)?
story article continue =(?: continues| reading) (?:below|after)(?: below)?(?: (?:this )?(?:ad|advertisement))?
file handout stock archive = (?:photo|picture|image)
good hello hi =(?: {_PART})?(?:,? (?:again|everyone|all|readers|folks))?(?:,? and welcome(?: back)?)?
welcome =(?: back)?(?:,? (?:everyone|all|again))?(?: to (?:our|the|this|another|today's)(?: \w+)? {_BLOG})?
dear best kind warm =(?: readers?| subscribers?| friends| all| regards| wishes)
have = a (?:good|great|nice|lovely|wonderful|pleasant) {_PART}
thanks thank many =(?: you)?(?: thanks)?(?: all| everyone)?(?: (?:so|very) much)?(?: for {_HELP})?{_WHEN}
that =(?:'s| is) (?:all|it)(?: from (?:me|us))?(?: for)?{_WHEN}(?: from (?:me|us))?
we i =(?:'ll| will) (?:be back|be with you|see you|return)(?: again| here)?{_WHEN}
we this our =(?:'re| are| {_BLOG} (?:is|has))(?: now)? (?:closed|closing|ended)(?: (?:this|our) {_BLOG})?{_WHEN}
here =(?:'s| is) what (?:you need to know|we know so far|you missed)
see until =(?: you)?(?: tomorrow| soon| later| then| next week| next time)
page pages p pp =(?:\.| |\. )\d{{1,4}}(?: ?(?:of|/|-) ?\d{{1,4}})?
slide image photo picture part video = \d{{1,3}} ?(?:of|/) ?\d{{1,3}}
[0-9]{{1,4}} =(?: of \d{{1,4}}| comments?| shares| likes| views| replies|[ -](?:min|minute|minutes) read)
home =(?: (?:news|world|politics|business|sports?|opinion|culture|video|weather|sign in|log in|subscribe))+
may = not be (?:(?:published|reproduced|broadcast|rewritten|or|redistributed),? ?)+(?:without permission)?
""".strip()

_TIME = r"\d{1,2}[:.]\d{2}(?::\d{2})?(?: ?[ap]\.?m\.?)?(?: ?(?:GMT|UTC|BST|CEST|CET|EST|EDT|ET|IST))?"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? )?"
    rf"(?:\d{{1,4}}[./-]\d{{1,2}}[./-]\d{{1,4}}|\d{{1,2}} {_MONTH}(?:,? \d{{4}})?|{_MONTH} \d{{1,2}}(?:, \d{{4}})?)"
)
_STAMPED = (
    r"(?i:(?:(?:first |last )?(?:updated|published|posted|modified)(?: on| at)?:? )?"
    rf"(?:{_DATE}(?:,? (?:at |- )?{_TIME})?|{_TIME}(?:,? {_DATE})?|\d{{1,3}} ?(?:m|h|min|minute|hour|day)s? ago))"
)
_STAMP = Pattern(_STAMPED)
_UPPER, _LOWER = "A-ZÀ-ÖØ-ÞĀ-žẠ-ỹ", "a-zß-öø-ÿĀ-žẠ-ỹ"
_WORD = rf"(?:[AaEe]l-)?[{_UPPER}](?:[{_UPPER}{_LOWER}.]|['’][{_UPPER}]|-[{_UPPER}{_LOWER}])*"
_OF = r"(?:(?:de|da|di|del|della|dos|van|von|der|den|bin|ibn|al|el|la|le|du|ter|y|e) )*"
_PERSON, _SHORT = rf"{_WORD}(?: {_OF}{_WORD}){{1,3}}", rf"{_WORD}(?: {_OF}{_WORD})?"
_AGENCY = f"(?:(?:The )?(?:{any_of(*names(AGENCIES))})|PA(?: Media| Wire)?|PTI|Staff(?: Reporters?)?)"
_MORE = "(?:, and |, | and | & )"
_ROLE = "(?:additional |with )?(?:reporting|writing|editing|compiled|edited|written|translated|inputs?) (?:by|from)"
_SHOT = "(?i:photos?|photograph|images?|pictures?|video|illustration|graphic|credit|source)(?i: credit)?"
_NAMED = Pattern(
    # By Maria Conte and Paul Brandt, Nairobi
    rf"(?:By|BY|by) (?P<names>(?:{_PERSON}|{_AGENCY})(?:{_MORE}(?:{_SHORT}|{_AGENCY})){{0,3}})"
    rf"(?: in {_SHORT}| for {_AGENCY})?(?:, {_STAMPED})?|"
    # Reporting by Maria Conte in Nairobi
    rf"(?i:{_ROLE}) (?:{_PERSON}|{_AGENCY})(?:{_MORE}(?:{_SHORT}|{_AGENCY})){{0,4}}(?: in {_SHORT})?|"
    # Photograph: Maria Conte/AFP
    rf"(?i:photograph(?:er|y|s)?|(?:photo|image|picture) credit)(?:: ?| by ){_PERSON}(?: ?/ ?{_SHORT})?|"
    rf"(?:{_SHOT}(?::| by| courtesy of) ?)?(?:{_SHORT} ?/ ?)?{_AGENCY}(?:(?: ?/ ?| via ){_AGENCY})?(?: ?/ ?{_SHORT})?|"
    # © 2024 Lake Herald
    r"(?:(?i:copyright )?©|(?i:copyright)(?: \(c\))? \d{4})(?: ?\d{4}(?: ?[-–] ?\d{2,4})?)?,?"
    rf"(?: ?(?:by )?{_WORD}(?:,? (?:{_WORD}|of|and|&)){{0,7}})?(?:,? \d{{4}})?"
)
_NAMED_FIRST = {
    *(name.lower().replace("-", " ").split()[0] for name in names(AGENCIES)),
    *"""
    additional by compiled copyright credit edited editing graphic illustration image images input inputs pa photo
    photograph photographer photographs photography photos picture pictures posted pti published reporting source
    staff translated updated video with writing written ©
    """.split(),
}
# Words of a headline with every word in capitals: "By Air And Sea, Army Pounds City".
_NO_NAMES = """
    A After Air All An And Any At Before Dawn Day Decree Default Demand Design Dusk Early End Far Force Friday His
    Her In Its Land Late Law Means Mid Midnight Monday Night Noon Of On Order Phone Popular Saturday Sea Some Sunday
    The Their Thursday Train Tuesday Using Vote Way Wednesday What
""".split()
_EDGES = " \t\r\n|·•∙*»›«<>→←▶[](){}:.!?…–—-"
_DIVISIONS = (re.compile(r"[|·•∙»›>\n;!?…–—]|(?<=\w\w)[.:] | - "), re.compile(r",| and | or | & |/"))
_WHOLE = frozenset(phrase for line in _PHRASES.strip().split("\n") for phrase in line.split(" | "))
_SPLIT = [line.split(" =") for line in _FAMILIES.split("\n")]
_FAMILY = Pattern("|".join(rf"(?:{first.replace(' ', '|')})(?:{rest})" for first, rest in _SPLIT))
_FIRST = re.compile(r"[^\W\d_]+|©")
_OPENERS = frozenset(
    (
        *_NAMED_FIRST,
        *_FIRST.findall(" ".join(first for first, _ in _SPLIT)),
        *(_FIRST.findall(one)[0] for one in _WHOLE),
    )
)
_KEY = 5  # bytes of a first word by which texts are selected
_LETTERS = np.array([ord(chr(byte).lower()) if chr(byte).isalpha() and byte < 128 else 0 for byte in range(256)])
_LETTERS[ord('"')] = 1  # no furniture begins with a quotation


def is_furniture(text: str) -> bool:
    """Whether a text consists of page furniture only.

    Examples
    --------
    >>> [is_furniture(text) for text in ("Subscribe | Sign in", "By Jane Doe, Nairobi", "Page 2 of the treaty")]
    [True, True, False]
    """
    first = _FIRST.search(text)
    if len(text) > LONGEST or not first or (first.start() == 0 and first[0].lower() not in _OPENERS):
        return False
    return _consists_of_pieces(text.replace("&amp;", "&")) and not is_stamp(text)


def is_stamp(text: str) -> bool:
    """Whether a text is a date or a time only: "Updated 10:32 GMT"."""
    return bool(_STAMP.fullmatch(text.strip(_EDGES)))


def furniture(texts: Texts) -> np.ndarray:
    """(n,) bool: `is_furniture` of each text."""
    column = as_strings(texts)
    found = _candidates(column)
    found[found] = [is_furniture(text) for text in column.filter(mask(found)).to_pylist()]
    return found


def _candidates(column: pa.Array) -> np.ndarray:
    """(n,) bool: a text is short and begins like furniture, or with no letter."""
    if not len(column):
        return np.zeros(0, bool)
    offsets = np.frombuffer(column.buffers()[1], np.int64, len(column) + 1, 8 * column.offset)
    short = np.flatnonzero(np.diff(offsets) <= LONGEST)
    data = np.frombuffer(column.buffers()[2] or b" ", np.uint8)
    place = offsets[short, None] + np.arange(_KEY)
    begins = np.where(place < offsets[short + 1, None], data[np.minimum(place, len(data) - 1)], 0)
    out = np.zeros(len(column), bool)
    out[short] = np.isin(_keys(begins), _OPENER_KEYS)
    return out


def _keys(begins: np.ndarray) -> np.ndarray:
    """(n,) int64: the letters up to the first other byte, in lower case, as a number; 0 if there are none."""
    letters = _LETTERS[begins]
    return np.where(np.logical_and.accumulate(letters > 0, axis=1), letters, 0) @ 256 ** np.arange(_KEY)


def _consists_of_pieces(text: str, divisions: tuple[re.Pattern, ...] = _DIVISIONS) -> bool:
    """Whether a text is a piece of furniture, or else each part between marks, or else between commas."""
    text = text.strip(_EDGES)
    if not text or _is_piece(text):
        return bool(text) or divisions != _DIVISIONS
    for level, division in enumerate(divisions, start=1):
        if len(parts := division.split(text)) > 1:
            return all(_consists_of_pieces(part, divisions[level:]) for part in parts)
    return False


def _is_piece(text: str) -> bool:
    first = _FIRST.match(text)
    word = first[0].lower() if first else ""
    if word in _OPENERS or not word:
        plain = " ".join(text.replace("’", "'").replace("&", "and").lower().split())
        if plain in _WHOLE or _FAMILY.fullmatch(plain):
            return True
    if word in _NAMED_FIRST and (named := _NAMED.fullmatch(text)):
        return not any(word in _NO_NAMES for word in re.findall(r"\w+", named["names"] or ""))
    return bool(_STAMP.fullmatch(text))


_OPENER_KEYS = np.append(0, _keys(np.array([list(word.encode()[:_KEY].ljust(_KEY)) for word in _OPENERS])))
