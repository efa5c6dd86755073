"""Cut a normalised text into sentences and clauses.

Here: where a clause begins and ends, whether it turns against the one before, whether it asks.
What a clause says is decided in `ml.sentiment` and `ml.aspects`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

# Contrast words that turn the judgement of what came before.
TURNING = frozenset(
    {"但是", "但", "不过", "可是", "然而", "却", "只是", "就是", "可惜", "反而", "反倒", "奈何", "美中不足"}
)
# A clause without any punctuation is cut here: no rule looks further than that anyway.
MAX_CLAUSE_CHARS = 160


@dataclass(slots=True)
class Clause:
    """A clause: span in the normalised text, number of its sentence, and how it begins and ends."""

    start: int
    end: int
    sentence: int
    turns: bool
    asks: bool


@lru_cache(maxsize=4)
def _splitter(contrast: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(contrast, key=lambda word: (-len(word), word)))
    # 不过如此, 就是说, 但凡, 可是说 are no contrasts.
    return re.compile(rf"[。！？!?;；\n~]+|\.{{2,}}|…+|[,，:：]+|\s+|(?:{words})(?!如此|凡|说)")


_HARD = frozenset("。！？!?;；\n~…")


def split_clauses(text: str, contrast: Iterable[str]) -> list[Clause]:
    """Return the clauses of `text` in order. Contrast words begin a clause of their own and belong to it.

    A clause `asks` when its own end is a question mark.
    """
    clauses: list[Clause] = []
    sentence, begin, turns = 0, 0, False
    for match in _splitter(tuple(contrast)).finditer(text):
        start, end = match.span()
        mark = text[start]
        is_word = mark not in _HARD and not mark.isspace() and mark not in ",，:：."
        _append(
            clauses, text, begin, start, sentence, turns, asks="?" in match.group() or "？" in match.group()
        )
        if is_word:
            begin, turns = start, match.group() in TURNING
            continue
        if mark in _HARD or (mark == "." and end - start >= 2):
            sentence += 1
        begin, turns = end, False
    _append(clauses, text, begin, len(text), sentence, turns, asks=False)
    return clauses


def _append(
    clauses: list[Clause], text: str, start: int, end: int, sentence: int, turns: bool, *, asks: bool
) -> None:
    while end - start > MAX_CLAUSE_CHARS:
        clauses.append(Clause(start, start + MAX_CLAUSE_CHARS, sentence, turns, asks=False))
        start, turns = start + MAX_CLAUSE_CHARS, False
    if end > start and not text[start:end].isspace():
        clauses.append(Clause(start, end, sentence, turns, asks))
    elif asks and clauses and clauses[-1].end == start:
        clauses[-1].asks = True
