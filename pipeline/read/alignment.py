"""Map texts that were split and cleaned back to their places in the text as given.

Splitting and cleaning (`pipeline.read.sentences`, `pipeline.read.cleaning`) leave things out and replace characters, but
keep the order. So the places are found afterwards by comparing the texts, at no cost to scoring: first whole
sentences, then runs of words, then the words between these, then the characters between those. Sentences and runs are
paired if they occur equally often in both texts (after Bram Cohen's "patience diff"), what is between them by `difflib`.
A character without a counterpart takes its share of what stands in its place.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

import numpy as np

from pipeline.read.repair import traced
from pipeline.read.sentences import is_aside

_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"\w+|[^\w\s]|\s+")
_STOPS = '.!?…"”’)]»'  # a sentence may end with one of these and a space; it may also end with a line
_RUN = 3  # words
_COMPARED = 20_000_000  # pairs of words or characters that are compared for a text; beyond them, places are estimates


def stretches(given: str, made: str, spans: np.ndarray) -> np.ndarray:
    """Find where words of a text stood before it was cleaned.

    ``spans`` is (n, 2), start and end of each word in ``made``, which cleaning made of ``given``. Returns the same for
    ``given``, int64, as from `align`.

    Examples
    --------
    >>> given = "KABUL (AFP) - The cease-\\nfire didn&#39;t hold."
    >>> found = stretches(given, "The ceasefire didn't hold.", np.array([[4, 13], [14, 20], [21, 25]]))
    >>> [given[start:end] for start, end in found]
    ['cease-\\nfire', 'didn&#39;t', 'hold']
    """
    (places,) = align(given, [made])
    return np.column_stack([places[spans[:, 0], 0], places[spans[:, 1] - 1, 1]])


def align(given: str, parts: Sequence[str]) -> list[np.ndarray]:
    """Find the place of each character of texts that were made from a text.

    Parameters
    ----------
    given : the text as given.
    parts : what was made of it: its sentences, in order, or the text after cleaning.

    Returns
    -------
    For each part of n characters, (n, 2) int64: start and end of each character in ``given``, in characters (Unicode
    code points); 0 <= start < end <= len(given), and neither decreases.
    """
    plain, begin, end = traced(given)
    text = "\n".join(parts)
    # Links to other stories may quote a sentence and are not read; a sentence may be broken where they are not.
    read = _LINE.sub(lambda line: " " * len(line[0]) if is_aside(line[0].strip()) else line[0], plain)
    (left, ours, segment), (right, theirs, segment_there) = _words(text), _words(read)
    match = _in_segments(left, right, segment, segment_there)
    _in_runs(match, left, right, segment)
    budget = _compare_gaps(match, left, right, _COMPARED)
    of_character = np.full(len(text), -1)
    for (start, stop), k in zip(ours, match.tolist()):
        if k >= 0:
            of_character[start:stop] = np.arange(*theirs[k])
    text, plain = text.replace("\n", " "), plain.replace("\n", " ")
    _compare_gaps(of_character, text, plain, budget)
    first, last = _shared_out(of_character, text, plain)
    first = np.minimum(begin[first], len(given) - 1)
    places = np.column_stack([first, np.maximum(first + 1, np.append(0, end)[last])])
    origin = accumulate((len(part) + 1 for part in parts), initial=0)
    return [places[start : start + len(part)] for start, part in zip(origin, parts)]


def _words(text: str) -> tuple[list[str], list[tuple[int, int]], np.ndarray]:
    """The words and marks of a text, where they stand, and the number of the line or sentence that each belongs to."""
    words, spans, segments, number = list[str](), list[tuple[int, int]](), list[int](), 0
    for found in _WORD.finditer(text):
        start, end = found.span()
        if not found[0].isspace():
            words.append(found[0])
            spans.append((start, end))
            segments.append(number)
        elif "\n" in found[0] or text[start - 1] in _STOPS:
            number += 1
    return words, spans, np.array(segments, np.int64)


def _in_segments(left: list[str], right: list[str], segment: np.ndarray, segment_there: np.ndarray) -> np.ndarray:
    """(n,) the number in ``right`` of each word in ``left`` whose segment is one there too; -1 of the others.

    So a sentence is found where it stands for itself, not where another quotes it: "Read more: Truce holds".
    """
    match = np.full(len(left), -1)
    bounds, others = ([*np.flatnonzero(np.diff(one, prepend=-1)), len(one)] for one in (segment, segment_there))
    ours = [tuple(left[i:j]) for i, j in pairwise(bounds)]
    theirs = [tuple(right[i:j]) for i, j in pairwise(others)]
    for i, j in _runs(ours, theirs, np.arange(len(ours)), 1):
        match[bounds[i] : bounds[i + 1]] = np.arange(others[j], others[j + 1])
    return match


def _in_runs(match: np.ndarray, left: list[str], right: list[str], segment: np.ndarray) -> None:
    """Fill in the words of runs, and those beside them in their segment for as long as they are equal."""
    for i, j, a, b in _gaps(match, len(right)):
        for k, there in _runs(left[i:j], right[a:b], segment[i:j], _RUN):
            match[i + k] = a + there
    limit = np.minimum.accumulate(np.where(match < 0, len(right), match)[::-1])[::-1]
    for i in range(1, len(left)):
        j = match[i - 1] + 1
        if match[i] < 0 < j < limit[i] and segment[i] == segment[i - 1] and left[i] == right[j]:
            match[i] = j
    limit = np.maximum.accumulate(match)
    for i in range(len(left) - 2, -1, -1):
        j = match[i + 1] - 1
        if match[i] < 0 and j > limit[i] and segment[i] == segment[i + 1] and left[i] == right[j]:
            match[i] = j


def _runs(
    left: Sequence[Hashable], right: Sequence[Hashable], segment: np.ndarray, length: int
) -> list[tuple[int, int]]:
    """The first elements of runs that occur equally often in both texts: as many as are in the same order in both."""
    both: dict[tuple, tuple[list[int], list[int]]] = {}
    for i in np.flatnonzero(segment[length - 1 :] == segment[: len(segment) - length + 1]).tolist():
        both.setdefault(tuple(left[i : i + length]), ([], []))[0].append(i)
    for j in range(len(right) - length + 1):
        if (seen := both.get(tuple(right[j : j + length]))) is not None:
            seen[1].append(j)
    pairs = sorted(pair for ours, theirs in both.values() if len(ours) == len(theirs) for pair in zip(ours, theirs))
    return [pairs[k] for k in _rising([j for _, j in pairs])]


def _rising(numbers: list[int]) -> list[int]:
    """The places of a longest rising subsequence, by patience sorting."""
    tops, top, before = list[int](), list[int](), list[int]()  # of each length, the least end, its place; what precedes
    for k, number in enumerate(numbers):
        length = bisect_left(tops, number)
        before.append(top[length - 1] if length else -1)
        tops[length : length + 1], top[length : length + 1] = [number], [k]
    chosen, k = [], top[-1] if top else -1
    while k >= 0:
        chosen.append(k)
        k = before[k]
    return chosen[::-1]


def _gaps(match: np.ndarray, n: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield each run of elements i to j without a counterpart, and the elements a to b of the other n in its place."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], match < 0, [False]]).astype(np.int8)))
    for i, j in edges.reshape(-1, 2).tolist():
        yield i, j, int(match[i - 1]) + 1 if i else 0, int(match[j]) if j < len(match) else n


def _compare_gaps(match: np.ndarray, left: Sequence[Hashable], right: Sequence[Hashable], budget: int) -> int:
    """Find counterparts in the gaps while the pairs to compare are within the budget; return what is left of it."""
    for i, j, a, b in _gaps(match, len(right)):
        if left[i:j] == right[a:b]:
            match[i:j] = np.arange(a, b)
        elif 0 < (cost := (j - i) * (b - a)) <= budget:
            budget -= cost
            for block in SequenceMatcher(None, left[i:j], right[a:b], autojunk=False).get_matching_blocks():
                match[i + block.a : i + block.a + block.size] = np.arange(block.size) + a + block.b
    return budget


def _shared_out(match: np.ndarray, text: str, plain: str) -> tuple[np.ndarray, np.ndarray]:
    """First and last + 1 of the characters of ``plain`` for each of ``text``; those without counterpart share a gap."""
    first, last, around = match.copy(), match + 1, f" {text} "
    for i, j, a, b in _gaps(match, len(plain)):
        first[i:j] = last[i:j] = a
        start, stop = j - len(text[i:j].lstrip()), i + len(text[i:j].rstrip())
        if start < stop:
            first[stop:j] = last[stop:j] = b
            begin, end = _joined(plain, a, b, around[start] != " ", around[stop + 1] != " ")
            shares = begin + np.arange(stop - start + 1) * (end - begin) // (stop - start)
            first[start:stop], last[start:stop] = shares[:-1], shares[1:]
    return first, last


def _joined(plain: str, start: int, end: int, before: bool, after: bool) -> tuple[int, int]:
    """The part of a gap that belongs to its characters: what is joined to the word before or after, or all but spaces."""
    there = plain[start:end]
    if before and not after:
        return start, start + len(there.split(" ", 1)[0])
    if after and not before:
        return end - len(there.rsplit(" ", 1)[-1]), end
    if before or there.isspace():
        return start, end
    return end - len(there.lstrip()), start + len(there.rstrip())
