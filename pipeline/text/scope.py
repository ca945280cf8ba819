"""What a word stands in reach of: reversing verbs, modals, and the clause after the main act.

"Halted economic aid" and "delivered economic aid" share their object. Words in reach of a
reversal are marked, so that the model learns "reversed: aid" beside "aid" ("lifted
sanctions" against "lifted off"). The reach is the content words that follow up to the end of
the clause, at most REACH of them, and after a passive ("aid was halted") those before it.
Words in reach of a modal ("must withdraw") are marked in the same way, ahead only.
"""

from __future__ import annotations

import numpy as np

REACH = 4
# Lower-case words that turn the act in their reach round.
REVERSALS = frozenset(
    """
    abandon abandoned abandoning abolish abolished annul annulled avert averted avoid avoided backtrack block
    blocked blocking blocks boycott boycotted break breaking breaks broke broken call called calling calls
    cancel canceled canceling cancellation cancelled cancelling cancels cease ceased ceases ceasing curb curbed
    cut cuts cutting decline declined declines defer deferred defied defuse delay delayed delaying delays denial
    denied denies deny denying discontinue discontinued dismiss dismissed drop dropped dropping drops ease eased
    eases easing end ended ending ends expire expired fail failed failing fails failure forbid forgo freeze
    freezes freezing froze frozen give halt halted halting halts lack lift lifted lifting lifts never no nor not
    nt overturn overturned postpone postponed postponement postpones postponing prevent prevented preventing
    pull pulled pulling quash quashed quit rather refrain refrained refusal refuse refused refuses refusing
    reject rejected rejecting rejection rejects relax relaxed relaxing remove removed removing renounce
    renounced repeal repealed rescind rescinded reverse reversed revoke revoked scrap scrapped scrapping scraps
    shelve shelved stall stalled stop stopped stopping stops suspend suspended suspending suspends suspension
    terminate terminated unable undo veto vetoed vetoes vetoing waive waived withdraw withdrawal withdrawing
    withdrawn withdraws withdrew withheld withhold without
    """.split()
)
# Words after which an act is wished, allowed or foreseen rather than done.
MODALS = frozenset(
    """
    appeal appealed appeals ask asked asks can could demand demanded demands intend intends may might must need
    needs offer offered ought plan planned plans pledge pledged promise promised ready shall should threaten
    threatened threatens urge urged urges urging vow vowed vows want wanted wants will willing would
    """.split()
)
BE_FORMS = frozenset(["am", "are", "be", "been", "being", "get", "got", "is", "was", "were"])
# Words after which a sentence tells the circumstances rather than the main act.
SUBORDINATORS = frozenset(
    """
    accusing after although amid as because before citing despite during following if over saying since though
    unless until when where which while who whom whose
    """.split()
)


def in_reach(clause: np.ndarray, content: np.ndarray, cue: np.ndarray, passive: np.ndarray) -> np.ndarray:
    """Which tokens a reversal reaches, and which reversal.

    Parameters
    ----------
    clause : (n_tokens,) int, the number of the clause; never falls, and no clause spans two texts.
    content : (n_tokens,) bool, no function word.
    cue : (n_tokens,) bool, a reversing word.
    passive : (n_tokens,) bool, a reversing word right after a form of "be".

    Returns
    -------
    (n_tokens,) int64 : the index of the nearest reversal that reaches the token, -1 where none does.
    """
    n = len(clause)
    index = np.arange(n)
    rank = np.cumsum(content)
    fresh = np.append(True, clause[1:] != clause[:-1]) if n else np.zeros(0, bool)
    begin = np.maximum.accumulate(np.where(fresh, index, 0))
    before = np.maximum.accumulate(np.where(cue, index, -1))
    before = np.append(-1, before[:-1])[:n]  # a cue is not in its own reach
    after = np.minimum.accumulate(np.where(passive, index, n)[::-1])[::-1]
    after = np.append(after[1:], n)[:n]
    out = np.full(n, -1)
    back = np.flatnonzero(content & (after < n))
    back = back[begin[after[back]] <= back]
    out[back] = np.where(rank[after[back]] - rank[back] <= REACH, after[back], -1)
    ahead = np.flatnonzero(content & (before >= begin))
    ahead = ahead[rank[ahead] - rank[before[ahead]] <= REACH]
    out[ahead] = before[ahead]
    return out


def main_part(text: np.ndarray, subordinator: np.ndarray) -> np.ndarray:
    """(n_tokens,) bool: the token stands before the first subordinator of its text."""
    seen = np.cumsum(subordinator)
    first = np.ones(len(text), bool)
    first[1:] = text[1:] != text[:-1]
    start = np.maximum.accumulate(np.where(first, np.arange(len(text)), 0))
    before = seen - subordinator
    return seen == before[start] if len(text) else np.zeros(0, bool)
