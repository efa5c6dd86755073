"""How urgent a voice is: part × what happened to it × where.

The ladder is safety > immobilised > function > comfort > wish > none. Here: the rules of
`urgency_rules.csv` over the finds of a clause; negated, hypothetical and merely asked-about dangers
are no dangers. The rules and words are data; wishes and defaults are added in `ml.scoring`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml.lexicon import URGENCY_RANK, Lexicon, UrgencyRule
from ml.text.clauses import Clause

Named = tuple[int, int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A rule that fits: span of part and symptom (normalised text), clause number, level, aspect or ''."""

    start: int
    end: int
    clause: int
    urgency: str
    aspect_code: str


@dataclass(slots=True)
class UrgencyClause:
    """What the rules need of one clause."""

    clause: Clause
    components: list[Named]
    symptoms: list[Named]
    drives: bool
    is_hypothetical: bool
    negated: list[tuple[int, int]]


def find_alarms(clauses: Sequence[UrgencyClause], lexicon: Lexicon) -> list[Alarm]:
    """Return the alarms of a text, one per symptom at most, in text order."""
    components: dict[int, set[str]] = {}
    driving: dict[int, bool] = {}
    for item in clauses:
        number = item.clause.sentence
        around = components.setdefault(number, set())
        for _, _, found in item.components:
            around.update(found)
        driving[number] = driving.get(number, False) or item.drives
    alarms = []
    for index, item in enumerate(clauses):
        if item.is_hypothetical or not item.symptoms:
            continue
        number = item.clause.sentence
        near = {name for _, _, found in item.components for name in found}
        for start, end, names in item.symptoms:
            if any(low <= start < high for low, high in item.negated):
                continue
            rule = _first_rule(names, near, components[number], driving[number], lexicon)
            if rule is not None:
                low, high = _with_component(start, end, rule.component, item.components)
                alarms.append(Alarm(low, high, index, rule.urgency, rule.aspect_code))
    return alarms


def _with_component(start: int, end: int, component: str, found: Sequence[Named]) -> tuple[int, int]:
    """Return the span of the symptom with the nearest part the rule names, if it is in the clause."""
    spans = [(low, high) for low, high, names in found if component in names]
    if not spans:
        return start, end
    low, high = min(spans, key=lambda span: (abs(span[0] - start), span))
    return min(low, start), max(high, end)


def _first_rule(
    symptoms: Sequence[str], near: set[str], around: set[str], drives: bool, lexicon: Lexicon
) -> UrgencyRule | None:
    """Return the topmost rule of the file that fits."""
    best: tuple[int, UrgencyRule] | None = None
    for symptom in symptoms:
        for component in ("*", *sorted(around)):
            for order, rule in lexicon.rules.get((component, symptom), ()):
                if rule.needs_driving and not drives:
                    continue
                if component != "*" and rule.same_clause and component not in near:
                    continue
                if best is None or order < best[0]:
                    best = (order, rule)
    return None if best is None else best[1]


def highest(levels: Sequence[str]) -> str:
    """Return the most urgent of the levels, `none` if there is none."""
    return max(levels, key=URGENCY_RANK.__getitem__, default="none")
