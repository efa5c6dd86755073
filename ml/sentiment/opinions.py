"""What a clause judges: polarity words, fault words and the words that turn them.

Here: negation scope, double negation, rhetorical questions, softening (不是很…), resolved faults
(异响消失了), enquiries. To which aspect a judgement belongs is decided in `ml.aspects.attachment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml.lexicon import Lexicon, WordSense

# A negation reaches this many characters; further away it belongs to something else.
NEGATION_REACH = 8
# Two negations this close negate each other: 不是不好.
DOUBLE_NEGATION_GAP = 2
RESOLVED_REACH = 12

Word = tuple[int, int, WordSense]


@dataclass(slots=True)
class Opinion:
    """A judgement: span, polarity -1/0/1, intensity 1..3; `scale` is 1 / -1 for 高 / 低, else 0."""

    start: int
    end: int
    polarity: int
    intensity: int
    is_fault: bool = False
    scale: int = 0
    aspect_code: str = ""
    is_negated: bool = False


@dataclass(slots=True)
class _Scope:
    """What stands before the next judgement in the clause."""

    negations: int = 0
    end: int = -1
    soft: bool = False
    factor: int = 0
    factor_end: int = -1
    passed: int = -1
    factor_in_negation: bool = False


NEGATORS = frozenset({"negator", "soft_negator", "rhetorical"})
_SCALES = frozenset({"more", "less"})
JUDGES = _SCALES | {"opinion", "fault"}


def read_opinions(text: str, words: Sequence[Word], lexicon: Lexicon) -> list[Opinion]:
    """Return the judgements of one clause; `words` are its finds in order, spans in `text`."""
    opinions: list[Opinion] = []
    scope: _Scope | None = None
    for start, end, sense in words:
        role = sense.role
        if role in JUDGES:
            opinion = (
                _judge(text, (start, end, sense), scope, lexicon) if scope else _plain(start, end, sense)
            )
            if opinions and start - opinions[-1].end <= 1 and _asks_whether(text, opinions[-1], opinion):
                opinions[-1].polarity = opinion.polarity = 0
            opinions.append(opinion)
            scope = _after(opinion, text, scope, lexicon) if scope else None
        elif role == "resolved":
            _resolve(opinions, start)
        elif role != "mask":
            scope = scope or _Scope()
            _widen(scope, start, end, sense)
    return opinions


def _widen(scope: _Scope, start: int, end: int, sense: WordSense) -> None:
    """Take a negation or a degree into the scope."""
    if sense.role in NEGATORS:
        _negate(scope, start, end, sense)
        return
    scope.factor, scope.factor_end = sense.factor, end
    scope.factor_in_negation = scope.negations > 0 and start - scope.end <= 1


def _plain(start: int, end: int, sense: WordSense) -> Opinion:
    """Return the judgement of a word that nothing turns."""
    if sense.role in _SCALES:
        return Opinion(start, end, 0, sense.factor, False, 1 if sense.role == "more" else -1)
    return Opinion(start, end, sense.polarity, sense.factor, sense.role == "fault", 0, sense.aspect_code)


def _asks_whether(text: str, before: Opinion, after: Opinion) -> bool:
    """Return whether the two stand in A-not-A form (舒服不舒服, 好不好), which asks and does not judge."""
    gap = after.start - before.end
    if gap not in {0, 1}:
        return False
    word = text[before.start : before.end]
    return text[before.end : after.end] in {f"不{word}", f"没{word}"}


def _negate(scope: _Scope, start: int, end: int, sense: WordSense) -> None:
    if scope.negations and start - scope.end <= DOUBLE_NEGATION_GAP:
        scope.negations += 1
    else:
        scope.negations = 1
        scope.soft = False
    scope.soft |= sense.role == "soft_negator"
    scope.end = end
    scope.passed = end


def _judge(text: str, word: Word, scope: _Scope, lexicon: Lexicon) -> Opinion:
    start, end, sense = word
    intensity = _intensity(sense, scope, start)
    negated = _reaches(text, scope, start, lexicon)
    if sense.role in {"more", "less"}:
        scale = 1 if sense.role == "more" else -1
        if negated and scope.negations % 2:
            scale, intensity = -scale, 1
        return Opinion(start, end, 0, intensity, scale=scale, is_negated=negated)
    polarity = sense.polarity
    is_fault = sense.role == "fault"
    if negated and scope.negations % 2:
        # 不是很差 praises nothing; 不是很好 complains a little; 没有异响 is a mild good word.
        softened = scope.soft or scope.factor_in_negation
        polarity = 0 if softened and polarity < 0 and not is_fault else -polarity
        intensity = 1 if softened or is_fault else max(1, intensity - 1)
    elif negated:
        intensity = max(1, intensity - 1)
    return Opinion(start, end, polarity, intensity, is_fault, 0, sense.aspect_code, negated)


def _intensity(sense: WordSense, scope: _Scope, start: int) -> int:
    base = sense.factor
    if scope.factor == 0 or start - scope.factor_end > 2:
        return base
    if scope.factor == 1:
        return 1
    return min(3, max(base, scope.factor))


def _reaches(text: str, scope: _Scope, start: int, lexicon: Lexicon) -> bool:
    """Return whether the negation before reaches `start`: near enough, and nothing blocks it."""
    if scope.negations == 0 or start - scope.passed > NEGATION_REACH:
        return False
    return start <= scope.passed or lexicon.blocker.search(text, scope.passed, start) is None


def _after(opinion: Opinion, text: str, scope: _Scope, lexicon: Lexicon) -> _Scope | None:
    """Return the scope after a judgement: a negation goes on over a list (没有异响、漏油)."""
    if opinion.is_negated and lexicon.list_word.match(text, opinion.end):
        return _Scope(scope.negations, scope.end, scope.soft, passed=opinion.end)
    return None


def _resolve(opinions: list[Opinion], start: int) -> None:
    """Turn the fault just before, said to be gone, into a mildly good word."""
    if not opinions:
        return
    last = opinions[-1]
    if last.is_fault and last.polarity < 0 and 0 <= start - last.end <= RESOLVED_REACH:
        last.polarity, last.intensity, last.is_negated = 1, 1, True
