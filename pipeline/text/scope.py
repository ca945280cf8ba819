"""Scope: which words are affected by a reversing verb, a modal or a negation, and which follow the main clause.

"Halted economic aid" and "delivered economic aid" share their object. Words in the scope of a
reversal are marked, so the model learns "reversed: aid" in addition to "aid" ("lifted
sanctions" against "lifted off"). The scope is the content words that follow up to the end of
the clause, at most REACH of them, and after a passive ("aid was halted") also those before it.
Words in the scope of a modal ("must withdraw") are marked in the same way, forwards only. What is
reversed, only wanted or only mentioned ("discussed the attack", "the freed hostages", a quotation) is not marked by its
place, at the beginning or in the main clause: the act must not outweigh what is done to it.

A plain negation ("has not withdrawn") has a stronger effect: the two content words in its scope become different words.
A clause between two commas directly after its noun ("The rebels, who freed two nurses, shelled the hospital") is left
out: it describes who acts, not what is done. Other subordinate clauses ("A day after lifting the siege, troops stormed
the town") stay, but only words of the main clause are marked as such.
"""

from __future__ import annotations

import numpy as np

from pipeline.arrays.ragged import within

REACH = 4
# Lower-case words that reverse the act in their scope.
REVERSALS = frozenset(
    """
    abandon abandoned abandoning abandons abolish abolished abolishes abolishing abort aborted aborting aborts
    abrogate abrogated abrogates abrogating allay allayed allaying allays alleviate alleviated alleviates
    alleviating annul annulled annulling annuls avert averted averting averts avoid avoided avoiding avoids axed
    axes axing backpedal backpedaled backpedaling backpedalled backpedalling backpedals backtrack backtracked
    backtracking backtracks barred barring block blocked blocking blocks boycott boycotted boycotting boycotts
    breach breached breaches breaching break breaking breaks broke broken bypass bypassed bypasses bypassing
    call called calling calls calmed calming calms cancel canceled canceling cancellation cancelled cancelling
    cancels cease ceased ceases ceasing cooled cooling cools curb curbed curbing curbs cut cuts cutting dampen
    dampened dampening dampens deactivate deactivated deactivates deactivating decline declined declines
    declining decommission decommissioned decommissioning decommissions defer deferred deferring defers defied
    defies defuse defused defuses defusing defy defying delay delayed delaying delays demobilise demobilised
    demobilises demobilising demobilize demobilized demobilizes demobilizing denial denied denies deny denying
    deprive deprived deprives depriving derail derailed derailing derails desist desisted desisting desists
    disavow disavowed disavowing disavows disband disbanded disbanding disbands discard discarded discarding
    discards discontinue discontinued discontinues discontinuing disengage disengaged disengages disengaging
    dismantle dismantled dismantles dismantling dismiss dismissed dismisses dismissing disown disowned disowning
    disowns disregard disregarded disregarding disregards disrupt disrupted disrupting disrupts dissolve
    dissolved dissolves dissolving ditch ditched ditches ditching drop dropped dropping drops dump dumped
    dumping dumps ease eased eases easing eliminate eliminated eliminates eliminating end ended ending ends
    eschew eschewed eschewing eschews evade evaded evades evading exempt exempted exempting exempts expire
    expired expires expiring fail failed failing fails failure flout flouted flouting flouts foil foiled foiling
    foils forbade forbid forbidden forbidding forbids forestall forestalled forestalling forestalls forgo
    forgoes forgoing forgone forwent freeze freezes freezing froze frozen give halt halted halting halts hamper
    hampered hampering hampers hinder hindered hindering hinders ignore ignored ignores ignoring impede impeded
    impedes impeding interrupt interrupted interrupting interrupts invalidate invalidated invalidates
    invalidating jettison jettisoned jettisoning jettisons lack lacked lacking lacks lapse lapsed lapses lapsing
    lessen lessened lessening lessens lift lifted lifting lifts loosen loosened loosening loosens lowered
    lowering lowers mitigate mitigated mitigates mitigating mothball mothballed mothballing mothballs nix nixed
    nixes nixing nullified nullifies nullify nullifying obstruct obstructed obstructing obstructs outlaw
    outlawed outlawing outlaws overridden override overrides overriding overrode overrule overruled overrules
    overruling overturn overturned overturning overturns pause paused pauses pausing postpone postponed
    postponement postpones postponing preclude precluded precludes precluding prevent prevented preventing
    prevents prohibit prohibited prohibiting prohibits pull pulled pulling pulls quash quashed quashes quashing
    quell quelled quelling quells quit quits quitting rather rebuff rebuffed rebuffing rebuffs reduce reduced
    reduces reducing refrain refrained refraining refrains refusal refuse refused refuses refusing reject
    rejected rejecting rejection rejects relax relaxed relaxes relaxing relinquish relinquished relinquishes
    relinquishing remove removed removes removing renege reneged reneges reneging renounce renounced renounces
    renouncing repeal repealed repealing repeals repudiate repudiated repudiates repudiating rescind rescinded
    rescinding rescinds resist resisted resisting resists restrict restricted restricting restricts retract
    retracted retracting retracts reverse reversed reverses reversing revoke revoked revokes revoking sabotage
    sabotaged sabotages sabotaging scaled scaling scrap scrapped scrapping scraps scupper scuppered scuppering
    scuppers scuttle scuttled scuttles scuttling sever severed severing severs shelve shelved shelves shelving
    shun shunned shunning shuns skip skipped skipping skips slash slashed slashes slashing snub snubbed snubbing
    snubs soften softened softening softens spurn spurned spurning spurns stall stalled stalling stalls stop
    stopped stopping stops stripped stripping stymie stymied stymieing stymies suspend suspended suspending
    suspends suspension terminate terminated terminates terminating thwart thwarted thwarting thwarts torpedoed
    torpedoing trim trimmed trimming trims unable undermine undermined undermines undermining undid undo undoes
    undoing undone unwind unwinding unwinds unwound vacate vacated vacates vacating veto vetoed vetoes vetoing
    violate violated violates violating void voided voiding voids waive waived waives waiving weaken weakened
    weakening weakens withdraw withdrawal withdrawing withdrawn withdraws withdrew withheld withhold withholding
    withholds without wreck wrecked wrecking wrecks
    """.split()
)
# Words after which an act is wanted, allowed or expected rather than done.
MODALS = frozenset(
    """
    appeal appealed appeals ask asked asks can could demand demanded demands intend intends may might must need
    needs offer offered ought plan planned plans pledge pledged promise promised ready shall should threaten
    threatened threatens urge urged urges urging vow vowed vows want wanted wants will willing would
    """.split()
)
# Words after which an act is talked about, investigated, suspected or feared rather than reported.
TOPICS = frozenset(
    """
    about charge charged charges charging commemorate commemorated commemorates commemorating concern concerned
    concerns convict convicted convicting convicts debate debated debates debating describe described describes
    describing discuss discussed discusses discussing discussion discussions fear feared fearing fears investigate
    investigated investigates investigating investigation investigations mark marked marking marks mention mentioned
    mentioning mentions mourn mourned mourning mourns predict predicted predicting predicts report reported
    reporting reports suspect suspected suspecting suspects
    """.split()
)
# Words after which a word in "-ed" or "-ing" names or describes an act: "the freed hostages", "condemned the bombing".
DETERMINERS = frozenset(
    """
    a an eight five four her his its many more my nine other our seven several six some ten that the their these this
    those three two your
    """.split()
)
# Words that negate an act; "t" of "n't" and the "yet" of "yet to" are recognised by their neighbours.
NEGATORS = frozenset(
    "barely cannot hardly neither never no nobody none nor not nothing nowhere nt rarely scarcely seldom without".split()
)
NEGATION_REACH = 2
# Words that begin a clause modifying the noun before it.
RELATIVES = frozenset("who whom whose which where when".split())
LONGEST_ASIDE = 30  # tokens
OPENING = 4  # a clause with a subordinator among this many first words is subordinate: "A day after lifting the siege,"
EARLY = 8  # a participle after a comma belongs to the subject if it is among this many first tokens
BE_FORMS = frozenset(["am", "are", "be", "been", "being", "get", "got", "is", "was", "were"])
# Words after which a sentence describes circumstances rather than the main act.
SUBORDINATORS = frozenset(
    """
    accusing after although amid as because before citing despite during following if over saying since though
    unless until when where which while who whom whose
    """.split()
)


def in_reach(
    clause: np.ndarray, content: np.ndarray, cue: np.ndarray, passive: np.ndarray, reach: int = REACH
) -> np.ndarray:
    """The cue that reaches each word. The loop is over distances from the cues, which are few.

    Parameters
    ----------
    clause : (n_words,) int, the number of the clause, nondecreasing; no clause spans two texts.
    content : (n_content,) int, indices of the words that are not function words, increasing.
    cue : (n_cues,) int, indices of the cues, increasing.
    passive : (n_passive,) int, indices of the cues right after a form of "be", which reach back too.
    reach : how many content words a cue reaches.

    Returns
    -------
    (n_words,) int32 : the index of the nearest cue that reaches the word, one before it rather than one after it; -1
        if none does.
    """
    out = np.full(len(clause), -1, np.int32)
    far_to_near = np.arange(reach, 0, -1)[:, None]  # the nearest cue is written last
    for cues, place in (
        (passive, np.searchsorted(content, passive) - far_to_near),
        (cue, np.searchsorted(content, cue, side="right") + far_to_near - 1),
    ):
        step, which = np.nonzero((place >= 0) & (place < len(content)))
        word, by = content[place[step, which]], cues[which]
        same = clause[word] == clause[by]
        out[word[same]] = by[same]
    return out


def main_part(
    bounds: np.ndarray, clause: np.ndarray, comma: np.ndarray, subordinator: np.ndarray, that: np.ndarray
) -> np.ndarray:
    """(n_words,) bool: the word is in the main clause of its text.

    A subordinate clause that a comma ends ("A day after lifting the siege, troops stormed the town") is left out. Any
    other lasts to the end of its text; so does one that begins with "that" inside a clause.

    Parameters
    ----------
    bounds : (n_texts + 1,) int, the first word of each text, and the number of words.
    clause : (n_words,) int, the number of the clause between two breaks, nondecreasing; no clause spans two texts.
    comma : (n_words,) bool, the clause of the word follows a comma; false for the first clause of a text.
    subordinator, that : indices of the subordinators, and of the words "that" inside a clause, increasing.
    """
    n = len(clause)
    begin = np.flatnonzero(np.append(True, clause[1:] != clause[:-1])[:n])
    end = np.append(begin[1:], n)
    opener = np.append(subordinator, n)[np.searchsorted(subordinator, begin)]
    closed = (opener < np.minimum(begin + OPENING, end)) & (end - begin <= LONGEST_ASIDE)
    closed[:-1] &= comma[begin[1:]]
    closed[-1:] = False
    aside = within(begin[closed], end[closed], n)
    opens = np.sort(np.append(subordinator, that))
    opens = opens[~aside[opens]]
    first = np.append(opens, n)[np.searchsorted(opens, bounds[:-1])]
    return within(bounds[:-1], np.minimum(first, bounds[1:]), n) & ~aside


def asides(opener: np.ndarray, comma: np.ndarray, clause: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """(n_tokens,) bool: the token is in a clause between two commas.

    Parameters
    ----------
    opener : (n_tokens,) bool, the token may begin such a clause; it does if it follows a comma and the next break
        of its text is a comma too.
    comma, clause : (n_tokens,) bool, the token follows a comma, or any break.
    bounds : (n_texts + 1,) int, the first token of each text, and the number of tokens.
    """
    begin = np.flatnonzero(opener & comma)
    breaks = np.append(np.flatnonzero(clause), len(comma))
    end = breaks[np.searchsorted(breaks, begin, side="right")]
    text_end = bounds[np.searchsorted(bounds, begin, side="right")]
    closed = (end < text_end) & (end - begin <= LONGEST_ASIDE)
    closed[closed] = comma[end[closed]]
    return within(begin[closed], end[closed], len(comma))
