"""Where actors stand in their clause: before a passive, after a verb, after "by", in a report, in a setting.

There is no parser. Verbs are told by their form (an ending in -ed, irregular participles) and by closed lists of auxiliaries,
and a mention is looked at together with the verb next to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from pipeline.actors.neighbours import NEAR, last, next_of, one_of, verbs
from pipeline.arrays.arrow import booleans
from pipeline.text import scope

if TYPE_CHECKING:
    from pipeline.actors.mentions import Mentions
    from pipeline.text.names import Shapes
    from pipeline.text.tokens import Tokens

PLACES = frozenset("in at near across throughout inside outside around".split())  # before a name: where, not who
_REACH = 8  # tokens between a passive and its "by" or its subject, or between a name and the verb of its report
_BETWEEN = 3  # tokens between a form of "be" and its participle, and between a participle and "from"
_SETTING = 12  # tokens of a phrase that opens a sentence
_DETERMINERS = frozenset(
    """
    the a an this that these those his her its their some any all most many more several another other no two three four
    five six seven eight nine ten dozens hundreds thousands of
    """.split()
)
_ARTICLES = ("the", "a", "an")
_AUXILIARIES = frozenset(
    "has have had will would may might could can must should also not now then t been being".split()
)
_PASTS = frozenset("began broke came fell fled left rose shook spread took went".split())  # no participles
# Participles that tell how something is, or what is expected of it, rather than what was done to it.
_STATES = frozenset(
    """
    alarmed aligned based committed composed comprised concerned convinced delighted deployed determined disappointed engaged
    expected forced inclined interested involved needed obliged opposed pleased poised prepared scheduled sent stationed supposed tasked
    united used willing worried
    """.split()
)
# In headlines, for the object of harm: "Bomb kills nine Iraqi soldiers".
_HARMS = frozenset(
    "batters destroys devastates hits injures jolts kills lashes pounds ravages rocks shakes strikes targets threatens wounds".split()
)
_SAYS = frozenset("said says say claims claimed reports reported insists insisted alleges alleged".split())
_OPINIONS = scope.BE_FORMS | scope.MODALS | {"s"}  # after "said the rebels": said of them rather than done by them
_NEW_CLAUSE = frozenset("and but or that than".split()) | scope.SUBORDINATORS | scope.RELATIVES | _SAYS
_HARMED = frozenset(
    "abducted arrested detained displaced evicted executed freed hurt injured jailed kidnapped killed released slain wounded".split()
)
_CIRCUMSTANCES = frozenset(
    "after amid as by during following for from in inside near off on outside over when while".split()
)
# They act for the state they are in.
_COURTS = frozenset("court courts judge judges jury police prosecutor prosecutors tribunal".split())
# Of a state, for "detained in Egypt"; who was killed in Egypt was not killed by it.
_STATE_ACTS = frozenset(
    "acquitted arrested banned barred charged convicted deported detained executed expelled extradited fined freed hanged held imprisoned indicted jailed released sentenced tried".split()
)
_DAYS = frozenset(
    "on monday tuesday wednesday thursday friday saturday sunday yesterday today late early earlier".split()
)
_OPENERS = frozenset("after amid at before despite during following from in on over since under with".split())


@dataclass(frozen=True)
class Standing:
    """How each mention stands in its clause; all are (n_mentions,) bool.

    ``agent``: after the "by" of a passive. ``undergoes``: subject of a passive. ``after_verb``: after the verb of its clause.
    ``place``: after a preposition of place. ``setting``: such a place, but not that of a court or police. ``scene``: a place
    after "jailed in" or "expelled from". ``beside``: a dateline, somebody who only reports what others do, in the phrase that
    opens the sentence, or in a clause between commas.
    """

    agent: np.ndarray
    undergoes: np.ndarray
    after_verb: np.ndarray
    place: np.ndarray
    setting: np.ndarray
    scene: np.ndarray
    beside: np.ndarray


def standing(tokens: Tokens, shape: Shapes, mentions: Mentions) -> Standing:
    """Find out how each mention stands."""
    begin = tokens.bounds[mentions.text]
    the, by, place = (one_of(tokens, members) for members in (_ARTICLES, ("by",), PLACES))
    before = mentions.start - 1
    before = np.where(the[before], before - 1, before)
    inside = before >= begin
    verb, passive = _verbs(tokens)
    held = passive | _bare(tokens, verb)
    where = inside & place[before]
    last_by = last(by, mentions.start)  # "by French troops", "by Boston police"
    by_near = (last_by >= begin) & (mentions.start - last_by <= NEAR)
    by_near &= last(np.append(shape.clause, True), mentions.start + 1) <= last_by
    by_near[1:] &= last_by[1:] >= mentions.end[:-1]
    by_agent = by_near & ~where & (last(held, last_by) >= np.maximum(last_by - _REACH, begin))
    from_there = (
        inside & one_of(tokens, ("from",))[before] & (last(passive, before) >= np.maximum(before - _BETWEEN, begin))
    )
    undergoes = _undergoes(tokens, shape, mentions, verb, held)
    act = last(held, before)
    return Standing(
        by_agent,
        undergoes & ~by_agent,
        _after_verb(tokens, shape, mentions, verb) & (where | ~by_near),
        where,
        where & ~one_of(tokens, _COURTS)[before - 1],
        (where & (act >= begin) & one_of(tokens, _STATE_ACTS)[act]) | from_there,
        _beside(tokens, shape, mentions, verb, undergoes),
    )


def _verbs(tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
    """(n_tokens + 1,) bool: a participle or past form; one that a form of "be" makes a passive."""
    verb = verbs(tokens)
    be, link = one_of(tokens, scope.BE_FORMS), one_of(tokens, _AUXILIARIES) | one_of(tokens, (), ending="ly")
    reached, passive = be.copy(), np.zeros_like(be)
    for _ in range(_BETWEEN):  # "was not immediately freed"
        reached = np.append(False, reached[:-1])
        reached[tokens.bounds] = False
        passive |= reached & verb
        reached = (reached & link) | be
    return verb, passive & ~one_of(tokens, _STATES)


def _bare(tokens: Tokens, verb: np.ndarray) -> np.ndarray:
    """(n_tokens + 1,) bool: a participle without an object that is the first verb of its text: "Gaza hit by shells", "Six
    Syrians killed near a bakery"."""
    by, auxiliary = one_of(tokens, ("by", "from")), np.append(False, one_of(tokens, _AUXILIARIES | scope.BE_FORMS)[:-1])
    by[tokens.bounds] = auxiliary[tokens.bounds] = False  # the first word of a text follows none
    place = np.flatnonzero(verb[:-1])
    harmed, follows = one_of(tokens, _HARMED), one_of(tokens, _CIRCUMSTANCES)
    follows[tokens.bounds] = True  # nothing follows
    by[place + 1] |= harmed[place] & follows[place + 1]
    first = np.ones(len(place), bool)
    first[1:] = tokens.text[place[1:]] != tokens.text[place[:-1]]
    out = np.zeros_like(verb)
    out[place[first & by[place + 1] & ~auxiliary[place]]] = True
    return out


def _undergoes(tokens: Tokens, shape: Shapes, mentions: Mentions, verb: np.ndarray, passive: np.ndarray) -> np.ndarray:
    """(n_mentions,) bool: the next verb is a passive, with neither another mention nor a new clause before it."""
    stop = verb | np.append(shape.clause, True) | one_of(tokens, _NEW_CLAUSE | _HARMS | _PASTS)
    found = next_of(stop, mentions.end)
    following = np.append(mentions.start[1:], len(tokens))
    near = (found < tokens.bounds[mentions.text + 1]) & (found < following) & (found - mentions.end <= _REACH)
    return near & passive[found]


def _after_verb(tokens: Tokens, shape: Shapes, mentions: Mentions, verb: np.ndarray) -> np.ndarray:
    """(n_mentions,) bool: a verb precedes in the same clause."""
    attribute = np.append(False, one_of(tokens, _DETERMINERS)[:-1])  # "the wounded soldiers"
    digits = booleans(pc.utf8_is_numeric(tokens.forms))[tokens.form]
    attribute |= np.append(False, digits)
    attribute[tokens.bounds[:-1]] = True
    acts = (verb & ~attribute) | one_of(tokens, scope.BE_FORMS | _HARMS | _PASTS)
    begins = one_of(tokens, _NEW_CLAUSE)
    new = np.append(shape.clause, True) | begins
    new[tokens.bounds] = True
    return last(acts & ~begins, mentions.start) > last(new, mentions.start + 1)


def _beside(tokens: Tokens, shape: Shapes, mentions: Mentions, verb: np.ndarray, undergoes: np.ndarray) -> np.ndarray:
    """(n_mentions,) bool: in a dateline, in a phrase that opens a sentence, between commas, or only the one who reports."""
    begin, end = tokens.bounds[mentions.text], tokens.bounds[mentions.text + 1]
    colon = np.array([gap.strip() == ":" for gap in tokens.gaps.to_pylist()], bool)[tokens.gap_of][tokens.code]
    dateline = (mentions.start == begin) & (mentions.end < end) & colon[mentions.end - 1]
    comma = next_of(np.append(shape.clause, True), begin + 1)
    opened = one_of(tokens, _OPENERS)[begin] | (
        one_of(tokens, ("according",))[begin] & one_of(tokens, ("to",))[begin + 1]
    )
    opened &= (comma < end) & (comma - begin <= _SETTING) & np.append(shape.comma, False)[comma]
    aside = scope.asides(one_of(tokens, scope.RELATIVES)[:-1], shape.comma, shape.clause, tokens.bounds)
    aside = np.append(aside, False)[mentions.start]
    reports = _reports(tokens, shape, mentions, verb, undergoes) | _reports_last(tokens, shape, mentions)
    return dateline | (opened & (mentions.start < comma)) | aside | reports


def _reports_last(tokens: Tokens, shape: Shapes, mentions: Mentions) -> np.ndarray:
    """(n_mentions,) bool: says at the end what happened: "Nine Syrians killed near a bakery, the health ministry says"."""
    says = next_of(one_of(tokens, _SAYS) | np.append(shape.clause, True), mentions.end)
    end = tokens.bounds[mentions.text + 1]
    told = one_of(tokens, _SAYS)[says] & (says < end) & (end - says <= NEAR) & (says - mentions.end <= NEAR)
    begun = last(np.append(shape.comma, False), mentions.start + 1)
    return told & (mentions.start - begun <= NEAR) & (begun > tokens.bounds[mentions.text])


def _reports(tokens: Tokens, shape: Shapes, mentions: Mentions, verb: np.ndarray, undergoes: np.ndarray) -> np.ndarray:
    """(n_mentions,) bool: says what the actor right after does ("Ukraine says Russian forces shelled a town")."""
    said = one_of(tokens, _SAYS)
    says = next_of(said | np.append(shape.clause, True), mentions.end)
    told = said[says] & (says - mentions.end <= _REACH)
    skipped = one_of(tokens, _DETERMINERS | _DAYS)
    subject = next_of(~skipped, says + 1)
    place = np.minimum(np.searchsorted(mentions.start, subject), max(len(mentions.start) - 1, 0))
    if not len(place):
        return told
    same = (mentions.start[place] == subject) & (mentions.text[place] == mentions.text)
    deed = next_of(verb | one_of(tokens, _OPINIONS) | np.append(shape.clause, True), mentions.end[place])
    acts = verb[deed] & (deed < tokens.bounds[mentions.text + 1])
    return told & same & acts & ~undergoes[place] & (mentions.code[place] != mentions.code)
