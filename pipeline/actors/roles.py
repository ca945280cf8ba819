"""Source and target actors, from word order, voice and clause structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.actors.clauses import Standing, standing
from pipeline.actors.gazetteer import PERSON, PLACE, Gazetteer, gazetteer
from pipeline.actors.mentions import Mentions, find_mentions
from pipeline.actors.neighbours import helped, next_of, one_of, possessors, verbs
from pipeline.read.cleaning import clean
from pipeline.text import names
from pipeline.text.casing import with_capitals
from pipeline.text.tokens import Tokens, tokenise

if TYPE_CHECKING:
    from pipeline.arrays.arrow import Texts

_GENERIC = "generic"
_BELONGS = 3  # tokens between a name and a generic name that belongs to it
_LAST = 1 << 20  # added to the order of what counts only if there is nothing else


@dataclass(frozen=True)
class Actors:
    """The actors of n texts.

    Attributes
    ----------
    source, target : (n,) int64, codes into ``keys``, -1 if there is none: who acts, who is acted on.
    bounds : (n + 1,) int64, where the actors of each text begin in ``code``.
    code : codes of the distinct actors of each text, in order of mention.
    keys : the keys of the gazetteer.
    """

    source: np.ndarray
    target: np.ndarray
    bounds: np.ndarray
    code: np.ndarray
    keys: tuple[str, ...]

    def of(self, row: int) -> tuple[str, str, list[str]]:
        """Keys of the source, the target and all actors of one text; empty if there is none."""
        named = [*self.keys, ""]
        all_of = [self.keys[code] for code in self.code[self.bounds[row] : self.bounds[row + 1]].tolist()]
        return named[self.source[row]], named[self.target[row]], all_of


def find_actors(texts: Texts) -> Actors:
    """Find the actors of texts, without a loop over them.

    The first actor named acts and the next is acted on, except that

    - the subject of a passive is acted on ("three Israelis were killed"), and the one after "by" acts;
    - an actor after the verb is acted on if no other is named ("a car bomb killed nine Iraqi soldiers");
    - a place comes last ("in Iraq", "Fallujah"), and so do actors in a clause between commas, in a dateline, in the phrase
      that opens a sentence ("On a visit to Chad, ...") and those who only report ("Kenya says Somali troops shelled ...");
    - nor does the owner or helper of another actor act ("Sudan's RSF", "Rwanda-backed M23 rebels");
    - a generic name does not count beside the name that it belongs to: "Kenyan police", "President Mandela", "the president
      of Kenya".

    ``texts``: a list, Series or Arrow array of n strings.

    Examples
    --------
    >>> found = find_actors(["Kenya accused Uganda.", "In Chad, rebels were attacked by French troops."])
    >>> found.of(0), found.of(1)
    (('KEN', 'UGA', ['KEN', 'UGA']), ('FRA', 'rebels', ['TCD', 'rebels', 'FRA']))
    """
    known = gazetteer()
    tokens = with_capitals(tokenise(clean(texts)), known)
    shape = names.shapes(tokens)
    mentions = _merged(tokens, shape, find_mentions(tokens, known), known)
    acting = mentions.take(~possessors(tokens, shape, mentions), tokens)
    stand = standing(tokens, shape, acting)
    source, target = _first_two(acting, stand, _generic(acting, known), len(tokens.bounds) - 1)
    bounds, code = _distinct(mentions, len(tokens.bounds) - 1)
    return Actors(source, target, bounds, code, known.keys)


def _generic(mentions: Mentions, known: Gazetteer) -> np.ndarray:
    """(n_mentions,) bool: a generic name, such as "rebels"."""
    return np.array([actor.type == _GENERIC for actor in known.actors], bool)[mentions.code]


def _merged(tokens: Tokens, shape: names.Shapes, mentions: Mentions, known: Gazetteer) -> Mentions:
    """Mentions without the generic ones that belong to the name before or after them."""
    generic = _generic(mentions, known)
    breaks = np.append(np.cumsum(shape.clause), 0)
    near = mentions.start[1:] - mentions.end[:-1] <= _BELONGS
    beside = near & (breaks[mentions.start[1:]] == breaks[mentions.end[:-1] - 1])
    beside &= next_of(verbs(tokens), mentions.end[:-1]) > mentions.start[1:]  # not "Russia jailed dissidents"
    after = np.append(False, beside & ~generic[:-1])[: len(generic)]
    of = one_of(tokens, {"of"})[mentions.end[:-1]] & ~generic[1:]
    after &= ~np.append(False, helped(tokens, mentions))[:-1]
    before = np.append(beside & (of | (mentions.kind[1:] == PERSON)), False)[: len(generic)]
    return mentions.take(~(generic & (after | before)), tokens)


def _order(mentions: Mentions, stand: Standing, generic: np.ndarray) -> np.ndarray:
    """(n_mentions,) int64: the actor with the smallest value in a text acts, the next is acted on."""
    last = (stand.place & ~generic) | stand.beside | (mentions.kind == PLACE)
    return mentions.start + np.where(last, _LAST, 0) - np.where(stand.agent, 2 * _LAST, 0)


def _first_two(mentions: Mentions, stand: Standing, generic: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Source and target of each text: the first in order, and the first other one, named actors before generic ones.

    The subject of a passive is the target; its source is a place ("expelled from Poland"), or none. An actor after the verb
    is the target if nobody else is named, or only places are; a place without another actor is the target too.
    """
    text, code = mentions.text, np.append(mentions.code, -1)
    order = _order(mentions, stand, generic)
    source, target = np.full((2, n), len(mentions.start))  # mentions; the last stands for none
    ranked = np.lexsort((order, text))[::-1]  # of several values written to one index the last one stays
    source[text[ranked]] = ranked
    ranked = np.lexsort((order + np.where(generic, _LAST // 2, 0), text))[::-1]
    ranked = ranked[code[ranked] != code[source[text[ranked]]]]
    target[text[ranked]] = ranked
    undergoes, after, opening, scene, setting = (
        np.append(flags, False)
        for flags in (
            stand.undergoes,
            stand.after_verb & ~stand.agent,
            stand.place & stand.beside,
            stand.scene,
            stand.setting,
        )
    )
    alone = np.append(order >= _LAST, True)[target]
    passive, object_ = undergoes[source], (after | opening | setting)[source] & alone
    place = scene
    named = np.append(generic, False)[source] & (code[target] >= 0)
    turned = np.where(passive & place[target], code[target], -1)
    acted_on = np.where(passive | ~named, code[source], code[target])
    moved = passive | object_
    return np.where(moved, turned, code[source]), np.where(moved, acted_on, code[target])


def _distinct(mentions: Mentions, n: int) -> tuple[np.ndarray, np.ndarray]:
    key = mentions.text << 32 | mentions.code
    _, first = np.unique(key, return_index=True)
    first = np.sort(first)
    return np.searchsorted(mentions.text[first], np.arange(n + 1)), mentions.code[first]
