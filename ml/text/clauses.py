"""Cut a normalised text into sentences and clauses.

Here: where a clause begins and ends, whether it turns against the one before, whether it asks.
What a clause says is decided in `ml.sentiment` and `ml.aspects`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

# Contrast words that turn the judgement of what came before.
TURNING = frozenset(
    {"但是", "但", "不过", "可是", "然而", "却", "只是", "就是", "可惜", "反而", "反倒", "奈何", "美中不足"}
)
# A clause without any punctuation is cut here: no rule looks further than that anyway.
MAX_CLAUSE_CHARS = 160


class Clause(NamedTuple):
    """A clause: span in the normalised text, number of its sentence, and how it begins and ends."""

    start: int
    end: int
    sentence: int
    turns: bool
    asks: bool


_SENTENCE, _COMMA = 1, 2
_SENTENCE_CLASS, _COMMA_CLASS = "。！？!?;；\n~…", ",，:：\\s"


@lru_cache(maxsize=4)
def _splitter(contrast: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of what ends a clause: group 1 a sentence end, group 2 a comma, else a contrast.

    It consumes its first character by one class and looks back at it: the regex engine skips to the
    next character of a leading class many times faster than it tries alternatives at every place.
    """
    rests: dict[str, list[str]] = {}
    for word in sorted(contrast, key=lambda word: (-len(word), word)):
        rests.setdefault(word[0], []).append(re.escape(word[1:]))
    starts = "".join(re.escape(char) for char in rests)
    ends = [
        rf"((?<=[{_SENTENCE_CLASS}])[{_SENTENCE_CLASS}]*|(?<=\.)\.+)",
        rf"((?<=[{_COMMA_CLASS}])[{_COMMA_CLASS}]*)",
        # 不过如此, 就是说, 但凡 are no contrasts.
        *(rf"(?<={re.escape(char)})(?:{'|'.join(rest)})(?!如此|凡|说)" for char, rest in rests.items()),
    ]
    return re.compile(rf"[{_SENTENCE_CLASS}{_COMMA_CLASS}.{starts}](?:{'|'.join(ends)})")


def split_clauses(text: str, contrast: tuple[str, ...]) -> list[Clause]:
    """Return the clauses of `text` in order. Contrast words begin a clause of their own and belong to it.

    A clause `asks` when its own end is a question mark. None is empty or blank.
    """
    clauses: list[Clause] = []
    sentence, begin, turns = 0, 0, False
    for match in _splitter(contrast).finditer(text):
        start, end = match.span()
        kind = match.lastindex
        if start > begin:
            asks = kind == _SENTENCE and "?" in match.group()
            clauses.append(Clause(begin, start, sentence, turns, asks))
        if kind is None:
            begin, turns = start, match.group() in TURNING
        else:
            sentence += kind == _SENTENCE
            begin, turns = end, False
    if begin < len(text):
        clauses.append(Clause(begin, len(text), sentence, turns, False))
    if len(text) <= MAX_CLAUSE_CHARS:
        return clauses
    return [piece for clause in clauses for piece in _pieces(clause)]


def _pieces(clause: Clause) -> Iterator[Clause]:
    """Yield the clause, cut if it is very long; its end is that of the last piece."""
    start, end, sentence, turns, asks = clause
    while end - start > MAX_CLAUSE_CHARS:
        yield Clause(start, start + MAX_CLAUSE_CHARS, sentence, turns, False)
        start, turns = start + MAX_CLAUSE_CHARS, False
    yield Clause(start, end, sentence, turns, asks)
