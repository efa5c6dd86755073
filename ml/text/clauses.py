"""Cut normalised texts into sentences and clauses, all texts of a batch at once.

Here: where a clause begins and ends, whether it turns against the one before, whether it asks.
What a clause says is decided in `ml.reading`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.columns import Flags, Ints
from ml.text.scan import Joined

# Contrast words that turn the judgement of what came before.
TURNING = frozenset(
    {"但是", "但", "不过", "可是", "然而", "却", "只是", "就是", "可惜", "反而", "反倒", "奈何", "美中不足"}
)
# A clause without any punctuation is cut here: no rule looks further than that anyway.
MAX_CLAUSE_CHARS = 160


class Clauses(NamedTuple):
    """The clauses of a batch in order: spans, number of the sentence, and how each begins and ends."""

    starts: Ints
    ends: Ints
    sentences: Ints
    turns: Flags
    asks: Flags


class _Breaks(NamedTuple):
    """What ends a clause, in order. A contrast word is empty (the clause behind begins with it)."""

    starts: Ints
    ends: Ints
    ends_sentence: Flags
    asks: Flags
    turns: Flags


_TEXT_END, _SENTENCE, _COMMA, _DOT, _LINE = range(1, 6)
_QUESTION = ord("?")


@lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    """Return the kind of every character; white space is only found in the basic plane."""
    kinds = np.zeros(0x110000, np.uint8)
    kinds[[code for code in range(0x10000) if re.match(r"\s", chr(code))]] = _COMMA
    kinds[[ord(char) for char in ",，:："]] = _COMMA
    kinds[[ord(char) for char in "。！？!?;；~…"]] = _SENTENCE
    kinds[ord("\n")], kinds[ord(".")], kinds[0] = _LINE, _DOT, _TEXT_END
    return kinds


@lru_cache(maxsize=4)
def _contrasts(contrast: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of contrast words; 不过如此, 就是说, 但凡 are none.

    It consumes its first character by one class and looks back at it: the regex engine skips to the
    next character of a leading class many times faster than it tries alternatives at every place.
    """
    rests: dict[str, list[str]] = {}
    for word in sorted(contrast, key=lambda word: (-len(word), word)):
        rests.setdefault(word[0], []).append(re.escape(word[1:]))
    starts = "".join(re.escape(char) for char in rests)
    ends = [rf"(?<={re.escape(char)})(?:{'|'.join(rest)})(?!如此|凡|说)" for char, rest in rests.items()]
    return re.compile(rf"[{starts}](?:{'|'.join(ends)})" if rests else r"(?!)")


def split_clauses(joined: Joined, contrast: tuple[str, ...]) -> Clauses:
    """Return the clauses of all texts. Contrast words begin a clause of their own and belong to it.

    A clause `asks` when its own end is a question mark. None is empty or goes over the end of a text.
    """
    breaks = _all_breaks(joined, contrast)
    begins, ends = np.concatenate(([0], breaks.ends[:-1])), breaks.starts
    sentences: Ints = np.cumsum(breaks.ends_sentence) - breaks.ends_sentence
    turns = np.concatenate(([False], breaks.turns[:-1]))
    kept = np.flatnonzero(ends > begins)
    clauses = Clauses(begins[kept], ends[kept], sentences[kept], turns[kept], breaks.asks[kept])
    long = clauses.ends - clauses.starts > MAX_CLAUSE_CHARS
    return _pieces(clauses) if long.any() else clauses


def _all_breaks(joined: Joined, contrast: tuple[str, ...]) -> _Breaks:
    marks = _marks(joined.codes)
    found = [(m.start(), m.group() in TURNING) for m in _contrasts(contrast).finditer(joined.text)]
    if not found:
        return marks
    places, turns = np.array(found, np.int64).T
    none = np.zeros(len(found), np.bool_)
    words = _Breaks(places, places, none, none, turns.astype(np.bool_))
    both = [np.concatenate(pair) for pair in zip(marks, words, strict=True)]
    order = np.argsort(both[0], kind="stable")
    return _Breaks(*(column[order] for column in both))


def _marks(codes: NDArray[np.uint32]) -> _Breaks:
    """Return the runs of marks of one kind; the end of each text is one, a single dot is none."""
    kinds = _kinds()[codes]
    places = np.flatnonzero(kinds)
    kinds = kinds[places]
    joins = np.concatenate(([False], np.diff(places) == 1))
    dots = kinds == _DOT
    before, behind = np.roll(dots, 1) & joins, np.roll(dots & joins, -1)
    kept = np.flatnonzero(~dots | before | behind)
    places = places[kept]
    joins = np.concatenate(([False], np.diff(places) == 1))
    kinds = _line_ends(kinds[kept], joins)
    new = ~joins | (kinds != np.concatenate(([0], kinds[:-1]))) | (kinds == _TEXT_END)
    firsts = np.flatnonzero(new)
    lasts = np.concatenate((firsts[1:], [len(places)])) - 1
    is_question = (codes[places] == _QUESTION).astype(np.int64)
    asks = np.add.reduceat(is_question, firsts) > 0 if len(firsts) else np.zeros(0, np.bool_)
    ends_sentence = kinds[firsts] != _COMMA
    return _Breaks(places[firsts], places[lasts] + 1, ends_sentence, asks, np.zeros(len(firsts), np.bool_))


def _line_ends(kinds: NDArray[np.uint8], joins: Flags) -> NDArray[np.uint8]:
    """Give each line end the kind of the marks it goes on: a comma or blank goes on over it."""
    before = np.concatenate(([0], kinds[:-1]))
    goes_on = (kinds == _LINE) & joins & np.isin(before, (_COMMA, _SENTENCE, _LINE))
    kinds = np.where((kinds == _LINE) & ~goes_on, _SENTENCE, kinds)
    source = np.maximum.accumulate(np.where(goes_on, 0, np.arange(len(kinds))))
    return kinds[source]


def _pieces(clauses: Clauses) -> Clauses:
    """Cut the clauses that are very long; the end of such a clause is that of its last piece."""
    counts = (clauses.ends - clauses.starts - 1) // MAX_CLAUSE_CHARS + 1
    owners = np.repeat(np.arange(len(counts)), counts)
    steps = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = clauses.starts[owners] + steps * MAX_CLAUSE_CHARS
    ends = np.minimum(clauses.ends[owners], starts + MAX_CLAUSE_CHARS)
    turns = clauses.turns[owners] & (steps == 0)
    asks = clauses.asks[owners] & (steps == counts[owners] - 1)
    return Clauses(starts, ends, clauses.sentences[owners], turns, asks)
