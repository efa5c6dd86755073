"""How urgent a voice is: part × what happened to it × where.

The ladder is safety > immobilised > function > comfort > wish > none. Here: the rules of
`urgency_rules.csv` over the finds of a clause; negated, hypothetical and merely asked-about dangers
are no dangers. The rules and words are data; wishes and defaults are added in `ml.scoring`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ml.columns import Ints, Row, spread
from ml.lexicon import URGENCY_RANK, Lexicon, UrgencyRule, aspect_numbers
from ml.reading import Named, Reading, Readings
from ml.text.clauses import Clauses


class Alarms(NamedTuple):
    """Rules that fit: number of the reading, span of part and symptom, rank, aspect (-1: as the clause)."""

    readings: Ints
    starts: Ints
    ends: Ints
    ranks: Ints
    codes: Ints


def find_alarms(clauses: Clauses, readings: Readings, lexicon: Lexicon) -> Alarms:
    """Return the alarms of a batch, one per symptom at most, in order."""
    ill = np.array([bool(item.symptoms) for item in readings.readings], np.bool_)
    here = np.flatnonzero(ill[readings.shapes])
    sentences, sentence = np.unique(clauses.sentences[readings.clauses[here]], return_inverse=True)
    drives = np.isin(sentences, readings.driving_sentences).tolist()
    settings = list(zip(_parts(sentences, readings), drives, strict=True))
    # Clauses that read alike raise the same alarms in sentences with the same parts.
    cases: dict[tuple[int, frozenset[int], bool], int] = {}
    numbers = [
        cases.setdefault((shape, *settings[which]), len(cases))
        for shape, which in zip(readings.shapes[here].tolist(), sentence.tolist(), strict=True)
    ]
    rows_of = []
    for shape, parts, driving in cases:
        around = {name for part in parts for name in lexicon.senses[part]}
        rows_of.append(_alarms(readings.readings[shape], around, driving, lexicon))
    owners, (starts, ends, ranks, codes) = spread(np.array(numbers, np.int64), rows_of, 4)
    owners = here[owners]
    places = readings.places[owners]
    return Alarms(owners, starts + places, ends + places, ranks, codes)


def _parts(sentences: Ints, readings: Readings) -> list[frozenset[int]]:
    """Return the senses of the parts named in each sentence."""
    lows = np.searchsorted(readings.component_sentences, sentences, "left").tolist()
    highs = np.searchsorted(readings.component_sentences, sentences, "right").tolist()
    senses = readings.component_senses.tolist()
    return [frozenset(senses[low:high]) for low, high in zip(lows, highs, strict=True)]


def _alarms(item: Reading, around: set[str], drives: bool, lexicon: Lexicon) -> list[Row]:
    """Return start, end, rank and aspect of what a clause raises; `around` are the parts of its sentence."""
    near = {name for _, _, names in item.components for name in names}
    alarms: list[Row] = []
    for start, end, names in item.symptoms:
        rule = _first_rule(names, near, around, drives, lexicon)
        if rule is not None:
            low, high = _with_component(start, end, rule.component, item.components)
            code = aspect_numbers()[rule.aspect_code] if rule.aspect_code else -1
            alarms.append((low, high, URGENCY_RANK[rule.urgency], code))
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
