"""Which aspect a judgement belongs to, and what of it is worth a mention.

Here: aspects of a clause, attachment of judgements, merging to one mention per aspect. Judgements
come from `ml.sentiment.opinions`, urgency from `ml.urgency`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ml.lexicon import AspectSense
from ml.sentiment.opinions import Opinion
from ml.text.clauses import Clause

# Weight of a term that names its aspect outright: weaker terms of the clause are then about it.
OUTRIGHT = 3

AspectFind = tuple[int, int, tuple[AspectSense, ...]]


@dataclass(slots=True)
class Evidence:
    """One place that speaks of an aspect: clause span, weight of the term, judgement there."""

    code: str
    start: int
    end: int
    weight: int
    polarity: int = 0
    intensity: int = 1
    is_fault: bool = False
    turns: bool = False
    urgency: str = "none"


@dataclass(slots=True)
class ClauseReading:
    """A clause with what was found in it; what is imagined begins at `hypothetical_from`."""

    clause: Clause
    aspects: Sequence[AspectFind]
    opinions: Sequence[Opinion]
    markers: frozenset[str]
    hypothetical_from: int


def attach(clauses: Sequence[ClauseReading]) -> list[list[Evidence]]:
    """Return the evidence clause by clause.

    A judgement belongs to the aspects before it in its clause that no earlier judgement took
    (空间、视野都不错), else to the next aspect behind it, else to the last aspect of the clause before in
    the same sentence (价格呢，有点贵).
    """
    found: list[list[Evidence]] = []
    open_aspects: list[Evidence] = []
    sentence = -1
    for reading in clauses:
        if reading.clause.sentence != sentence:
            open_aspects, sentence = [], reading.clause.sentence
        own = _attach_clause(reading, open_aspects)
        found.append(own)
        if own:
            open_aspects = own
    return found


def _attach_clause(reading: ClauseReading, before: list[Evidence]) -> list[Evidence]:
    named = _named(reading.aspects) if reading.aspects else []
    turns = reading.clause.turns
    own = [Evidence(s.code, start, end, s.weight, 0, 1, False, turns) for start, end, s in named]
    taken = -1
    for opinion in reading.opinions:
        start = opinion.start
        if opinion.aspect_code:
            implied = Evidence(opinion.aspect_code, start, opinion.end, OUTRIGHT, turns=turns)
            _apply(implied, opinion, 0)
            own.append(implied)
            continue
        targets = [e for e in own if taken <= e.start <= start]
        if not targets and own:
            behind = next((e.start for e in own if e.start > start), -1)
            targets = [e for e in own if e.start == behind]
        for target in targets if own else before[-1:]:
            # Only what this clause names gives a scale its direction.
            _apply(target, opinion, _direction(named, target) if opinion.scale else 0)
        taken = opinion.end
    return own


def _named(finds: Sequence[AspectFind]) -> list[tuple[int, int, AspectSense]]:
    """Return the aspects a clause names; weak terms do not count beside an outright one."""
    named = [(start, end, sense) for start, end, senses in finds for sense in senses]
    if len(named) > 1:
        return [item for item in named if item[2].weight == OUTRIGHT] or named
    return named


def _direction(named: list[tuple[int, int, AspectSense]], target: Evidence) -> int:
    for start, _, sense in reversed(named):
        if start == target.start and sense.code == target.code:
            return sense.direction
    return 0


def _apply(target: Evidence, opinion: Opinion, direction: int) -> None:
    polarity = opinion.polarity if opinion.scale == 0 else opinion.scale * direction
    if polarity == 0 and target.polarity != 0:
        return
    # The stronger judgement stays; a fault outweighs praise of the same words.
    if target.polarity != 0 and opinion.intensity < target.intensity:
        return
    target.polarity, target.intensity = polarity, opinion.intensity
    target.is_fault |= opinion.is_fault and polarity < 0
    target.start, target.end = min(target.start, opinion.start), max(target.end, opinion.end)


@dataclass(slots=True)
class Mention:
    """One aspect of one text with everything said of it (spans in the normalised text)."""

    code: str
    start: int
    end: int
    polarity: int
    intensity: int
    urgency: str
    confidence: float


def merge(evidence: Iterable[Evidence], rank: dict[str, int]) -> list[Mention]:
    """Return one mention per aspect, in order of first appearance.

    Polarity is the sign of the summed judgements (what follows a contrast counts half as much
    again); a tie of good and bad is bad. The evidence span is that of the strongest agreeing place.
    """
    by_code: dict[str, list[Evidence]] = {}
    for item in evidence:
        by_code.setdefault(item.code, []).append(item)
    return [_merge_one(code, items, rank) for code, items in by_code.items()]


def _merge_one(code: str, items: list[Evidence], rank: dict[str, int]) -> Mention:
    if len(items) == 1:
        only = items[0]
        confidence = _confidence(only.weight, 1, float(only.polarity > 0), float(only.polarity < 0))
        return Mention(code, only.start, only.end, only.polarity, only.intensity, only.urgency, confidence)
    good = sum(e.intensity * (1.5 if e.turns else 1.0) for e in items if e.polarity > 0)
    bad = sum(e.intensity * (1.5 if e.turns else 1.0) for e in items if e.polarity < 0)
    polarity = 0 if good == bad == 0 else (1 if good > bad else -1)
    agreeing = [e for e in items if e.polarity == polarity]
    urgency = max((e.urgency for e in items), key=rank.__getitem__)
    if polarity < 0:
        best = max(agreeing, key=lambda e: (rank[e.urgency], e.intensity, e.weight, -e.start))
    else:
        best = max(agreeing, key=lambda e: (e.intensity, e.weight, -e.start))
    intensity = max(e.intensity for e in agreeing)
    confidence = _confidence(max(e.weight for e in items), len(items), good, bad)
    return Mention(code, best.start, best.end, polarity, intensity, urgency, confidence)


@lru_cache(maxsize=4096)
def _confidence(weight: int, places: int, good: float, bad: float) -> float:
    """Return 0..1: how plainly the aspect is named and how much its judgements agree (not calibrated)."""
    naming = {1: 0.4, 2: 0.6, 3: 0.75}[weight]
    if good + bad == 0:
        return naming * 0.8
    agreement = abs(good - bad) / (good + bad)
    return round(min(0.95, naming * (0.6 + 0.4 * agreement) + 0.05 * min(3, places - 1)), 4)
