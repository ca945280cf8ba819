"""What a word stands in reach of: reversing verbs, and the clause after the main act.

"Halted economic aid" and "delivered economic aid" share their object. Words in reach of a
reversal are marked, so that the model learns "reversed: aid" beside "aid" ("lifted
sanctions" against "lifted off"). The reach is the content words that follow up to the end of
the clause, at most REACH of them, and after a passive ("aid was halted") those before it.
"""

from __future__ import annotations

import numpy as np

REACH = 4
# Lower-case words that turn the act in their reach round.
REVERSALS = frozenset(
    [
        "abandon",
        "abandoned",
        "abandoning",
        "abolish",
        "abolished",
        "annul",
        "annulled",
        "avert",
        "averted",
        "avoid",
        "avoided",
        "backtrack",
        "block",
        "blocked",
        "blocking",
        "blocks",
        "boycott",
        "boycotted",
        "break",
        "breaking",
        "breaks",
        "broke",
        "broken",
        "call",
        "called",
        "calling",
        "calls",
        "cancel",
        "canceled",
        "canceling",
        "cancellation",
        "cancelled",
        "cancelling",
        "cancels",
        "cease",
        "ceased",
        "ceases",
        "ceasing",
        "curb",
        "curbed",
        "cut",
        "cuts",
        "cutting",
        "decline",
        "declined",
        "declines",
        "defer",
        "deferred",
        "defied",
        "defuse",
        "delay",
        "delayed",
        "delaying",
        "delays",
        "denial",
        "denied",
        "denies",
        "deny",
        "denying",
        "discontinue",
        "discontinued",
        "dismiss",
        "dismissed",
        "drop",
        "dropped",
        "dropping",
        "drops",
        "ease",
        "eased",
        "eases",
        "easing",
        "end",
        "ended",
        "ending",
        "ends",
        "expire",
        "expired",
        "fail",
        "failed",
        "failing",
        "fails",
        "failure",
        "forbid",
        "forgo",
        "freeze",
        "freezes",
        "freezing",
        "froze",
        "frozen",
        "give",
        "halt",
        "halted",
        "halting",
        "halts",
        "lack",
        "lift",
        "lifted",
        "lifting",
        "lifts",
        "never",
        "no",
        "nor",
        "not",
        "nt",
        "overturn",
        "overturned",
        "postpone",
        "postponed",
        "postponement",
        "postpones",
        "postponing",
        "prevent",
        "prevented",
        "preventing",
        "pull",
        "pulled",
        "pulling",
        "quash",
        "quashed",
        "quit",
        "rather",
        "refrain",
        "refrained",
        "refusal",
        "refuse",
        "refused",
        "refuses",
        "refusing",
        "reject",
        "rejected",
        "rejecting",
        "rejection",
        "rejects",
        "relax",
        "relaxed",
        "relaxing",
        "remove",
        "removed",
        "removing",
        "renounce",
        "renounced",
        "repeal",
        "repealed",
        "rescind",
        "rescinded",
        "reverse",
        "reversed",
        "revoke",
        "revoked",
        "scrap",
        "scrapped",
        "scrapping",
        "scraps",
        "shelve",
        "shelved",
        "stall",
        "stalled",
        "stop",
        "stopped",
        "stopping",
        "stops",
        "suspend",
        "suspended",
        "suspending",
        "suspends",
        "suspension",
        "terminate",
        "terminated",
        "unable",
        "undo",
        "veto",
        "vetoed",
        "vetoes",
        "vetoing",
        "waive",
        "waived",
        "withdraw",
        "withdrawal",
        "withdrawing",
        "withdrawn",
        "withdraws",
        "withdrew",
        "withheld",
        "withhold",
        "without",
    ]
)
BE_FORMS = frozenset(["am", "are", "be", "been", "being", "get", "got", "is", "was", "were"])
# Words after which a sentence tells the circumstances rather than the main act.
SUBORDINATORS = frozenset(
    [
        "accusing",
        "after",
        "although",
        "amid",
        "as",
        "because",
        "before",
        "citing",
        "despite",
        "during",
        "following",
        "if",
        "over",
        "saying",
        "since",
        "though",
        "unless",
        "until",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "whose",
    ]
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
    rank = np.cumsum(content)
    index = np.arange(n)
    before = np.maximum.accumulate(np.where(cue, index, -1))
    before = np.append(-1, before[:-1])  # a cue is not in its own reach
    forward = content & _reaches(clause, rank, index, before)
    after = np.minimum.accumulate(np.where(passive, index, n)[::-1])[::-1]
    after = np.where(after == n, -1, after)
    after[passive] = -1
    backward = content & _reaches(clause, rank, index, after)
    return np.where(forward, before, np.where(backward, after, -1))


def _reaches(clause: np.ndarray, rank: np.ndarray, index: np.ndarray, cue: np.ndarray) -> np.ndarray:
    there = cue >= 0
    cue = np.where(there, cue, index)
    return there & (clause[cue] == clause) & (np.abs(rank[cue] - rank) <= REACH)


def main_part(text: np.ndarray, subordinator: np.ndarray) -> np.ndarray:
    """(n_tokens,) bool: the token stands before the first subordinator of its text."""
    seen = np.cumsum(subordinator)
    first = np.ones(len(text), bool)
    first[1:] = text[1:] != text[:-1]
    start = np.maximum.accumulate(np.where(first, np.arange(len(text)), 0))
    before = seen - subordinator
    return seen == before[start] if len(text) else np.zeros(0, bool)
