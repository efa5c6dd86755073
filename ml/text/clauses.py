"""Cut a normalised text into sentences and clauses.

Here: where a clause begins and ends, whether it turns against the one before, whether it asks.
What a clause says is decided in `ml.sentiment` and `ml.aspects`.
"""

from __future__ import annotations

import re
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
    # 不过如此, 就是说, 但凡 are no contrasts.
    return re.compile(rf"([。！？!?;；\n~…]+|\.{{2,}})|([,，:：\s]+)|({words})(?!如此|凡|说)")


_SENTENCE_END, _COMMA = 1, 2


def split_clauses(text: str, contrast: tuple[str, ...]) -> list[Clause]:
    """Return the clauses of `text` in order. Contrast words begin a clause of their own and belong to it.

    A clause `asks` when its own end is a question mark.
    """
    clauses: list[Clause] = []
    sentence, begin, turns = 0, 0, False
    for match in _splitter(contrast).finditer(text):
        start, end = match.span()
        kind = match.lastindex
        asks = kind == _SENTENCE_END and "?" in match.group()
        if start > begin:
            _append(clauses, text, Clause(begin, start, sentence, turns, asks))
        if kind == _SENTENCE_END:
            sentence += 1
            begin, turns = end, False
        elif kind == _COMMA:
            begin, turns = end, False
        else:
            begin, turns = start, match.group() in TURNING
    if begin < len(text):
        _append(clauses, text, Clause(begin, len(text), sentence, turns, asks=False))
    return clauses


def _append(clauses: list[Clause], text: str, clause: Clause) -> None:
    """Append the clause, cut into pieces if it is very long; blank ones are dropped."""
    while clause.end - clause.start > MAX_CLAUSE_CHARS:
        cut = clause.start + MAX_CLAUSE_CHARS
        clauses.append(Clause(clause.start, cut, clause.sentence, clause.turns, asks=False))
        clause = Clause(cut, clause.end, clause.sentence, turns=False, asks=clause.asks)
    if not text[clause.start : clause.end].isspace():
        clauses.append(clause)
