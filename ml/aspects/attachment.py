"""Which aspect a judgement belongs to, within one clause.

Here: aspects a clause names and the judgements attached to them. Judgements come from
`ml.sentiment.opinions`; what a whole text says of an aspect is put together in `ml.aspects.mentions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml.columns import Row
from ml.lexicon import AspectSense, aspect_numbers
from ml.sentiment.opinions import Opinion

# Weight of a term that names its aspect outright: weaker terms of the clause are then about it.
OUTRIGHT = 3

AspectFind = tuple[int, int, tuple[AspectSense, ...]]


@dataclass(slots=True)
class _Evidence:
    """One place that speaks of an aspect: span, weight of the term, judgement there."""

    code: str
    start: int
    end: int
    weight: int
    polarity: int = 0
    intensity: int = 1


def attach(aspects: Sequence[AspectFind], opinions: Sequence[Opinion]) -> tuple[list[Row], list[Row]]:
    """Return the evidence of a clause, and the judgements that belong to the clause before.

    A judgement belongs to the aspects before it that no earlier judgement took (空间、视野都不错), else to
    the next aspect behind it, else to the last aspect of the clause before (价格呢，有点贵).
    """
    named = _named(aspects) if aspects else []
    numbers = aspect_numbers()
    if not opinions:
        return [(numbers[sense.code], start, end, sense.weight, 0, 1) for start, end, sense in named], []
    own = [_Evidence(sense.code, start, end, sense.weight) for start, end, sense in named]
    loose: list[Row] = []
    taken = -1
    for opinion in opinions:
        if opinion.aspect_code:
            implied = _Evidence(opinion.aspect_code, opinion.start, opinion.end, OUTRIGHT)
            _apply(implied, opinion, 0)
            own.append(implied)
            continue
        if not own:
            # Only what a clause names gives a scale its direction.
            polarity = 0 if opinion.scale else opinion.polarity
            loose.append((opinion.start, opinion.end, polarity, opinion.intensity))
        for target in _targets(own, opinion.start, taken):
            _apply(target, opinion, _direction(named, target) if opinion.scale else 0)
        taken = opinion.end
    return [(numbers[e.code], e.start, e.end, e.weight, e.polarity, e.intensity) for e in own], loose


def _targets(own: Sequence[_Evidence], start: int, taken: int) -> list[_Evidence]:
    targets = [e for e in own if taken <= e.start <= start]
    if not targets and own:
        behind = next((e.start for e in own if e.start > start), -1)
        targets = [e for e in own if e.start == behind]
    return targets


def _named(finds: Sequence[AspectFind]) -> list[tuple[int, int, AspectSense]]:
    """Return the aspects a clause names; weak terms do not count beside an outright one."""
    named = [(start, end, sense) for start, end, senses in finds for sense in senses]
    if len(named) > 1:
        return [item for item in named if item[2].weight == OUTRIGHT] or named
    return named


def _direction(named: list[tuple[int, int, AspectSense]], target: _Evidence) -> int:
    for start, _, sense in reversed(named):
        if start == target.start and sense.code == target.code:
            return sense.direction
    return 0


def _apply(target: _Evidence, opinion: Opinion, direction: int) -> None:
    polarity = opinion.polarity if opinion.scale == 0 else opinion.scale * direction
    if polarity == 0 and target.polarity != 0:
        return
    # The stronger judgement stays; a fault outweighs praise of the same words.
    if target.polarity != 0 and opinion.intensity < target.intensity:
        return
    target.polarity, target.intensity = polarity, opinion.intensity
    target.start, target.end = min(target.start, opinion.start), max(target.end, opinion.end)
