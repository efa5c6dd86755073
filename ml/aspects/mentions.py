"""What a text says of each aspect, put together from its clauses.

Here: the evidence of all texts of a batch in columns, judgements that go back to the clause before, and
merging to one mention per aspect. What a clause says by itself comes from `ml.reading`, dangers from
`ml.urgency`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.columns import Flags, Ints, firsts_of, spread
from ml.reading import Readings
from ml.text.clauses import Clauses
from ml.text.scan import Joined


class Evidence(NamedTuple):
    """Places that speak of an aspect: text, number of the reading, aspect, span, judgement, urgency."""

    texts: Ints
    readings: Ints
    codes: Ints
    starts: Ints
    ends: Ints
    weights: Ints
    polarities: Ints
    intensities: Ints
    turns: Ints
    ranks: Ints

    def take(self, which: Ints | Flags) -> Evidence:
        """Return the places of a mask or of a list of positions."""
        return Evidence(*(column[which] for column in self))


class Mentions(NamedTuple):
    """One row per aspect of a text, by text and first appearance, spans in the joined texts."""

    texts: Ints
    codes: Ints
    polarities: Ints
    intensities: Ints
    ranks: Ints
    starts: Ints
    ends: Ints
    confidences: NDArray[np.float64]

    def take(self, which: Ints) -> Mentions:
        """Return the mentions of a list of positions."""
        columns: list[NDArray[Any]] = [column[which] for column in self]
        return Mentions(*columns)


def gather(joined: Joined, clauses: Clauses, readings: Readings) -> Evidence:
    """Return the evidence of all clauses in order; weak terms that nothing judges are left out."""
    owners, columns = spread(readings.shapes, [item.evidence for item in readings.readings], 6)
    codes, starts, ends, weights, polarities, intensities = columns
    places = readings.places[owners]
    turns = clauses.turns[readings.clauses[owners]].astype(np.int64)
    found = Evidence(
        joined.owners(places),
        owners,
        codes,
        starts + places,
        ends + places,
        weights,
        polarities,
        intensities,
        turns,
        np.zeros_like(codes),
    )
    _take_back(found, clauses, readings)
    return found.take((found.weights > 1) | (found.polarities != 0))


def _take_back(found: Evidence, clauses: Clauses, readings: Readings) -> None:
    """Give the judgements without an aspect to the last one named before in the same sentence."""
    owners, columns = spread(readings.shapes, [item.loose for item in readings.readings], 4)
    before = np.searchsorted(found.readings, owners) - 1
    named = np.flatnonzero(before >= 0)
    sentences = clauses.sentences[readings.clauses]
    fits = named[sentences[found.readings[before[named]]] == sentences[owners[named]]]
    if not len(fits):
        return
    places = readings.places[owners[fits]]
    starts, ends, polarities, intensities = columns[:, fits]
    targets, where = np.unique(before[fits], return_inverse=True)
    mutable = (found.polarities, found.intensities, found.starts, found.ends)
    states = np.array([column[targets] for column in mutable]).T.tolist()
    rows = np.array([polarities, intensities, starts + places, ends + places]).T.tolist()
    for target, row in zip(where.tolist(), rows, strict=True):
        _add_judgement(states[target], row)
    for column, values in zip(mutable, zip(*states, strict=True), strict=True):
        column[targets] = values


def _add_judgement(state: list[int], row: list[int]) -> None:
    """Apply a judgement to polarity, intensity, start and end; the stronger judgement stays."""
    polarity, intensity, start, end = row
    if state[0] != 0 and (polarity == 0 or intensity < state[1]):
        return
    state[:] = polarity, intensity, min(state[2], start), max(state[3], end)


def merge(evidence: Evidence) -> Mentions:
    """Return one mention per aspect of each text.

    Polarity is the sign of the summed judgements (what follows a contrast counts half as much
    again); a tie of good and bad is bad. The evidence span is that of the strongest agreeing place.
    """
    if not len(evidence.texts):
        none = np.zeros(0, np.int64)
        return Mentions(none, none, none, none, none, none, none, none.astype(np.float64))
    keys = evidence.texts * (int(evidence.codes.max()) + 1) + evidence.codes
    order = np.argsort(keys, kind="stable")
    firsts = firsts_of(keys[order])
    mentions = _merge_groups(evidence.take(order), firsts)
    appearance = np.argsort(order[firsts])
    return mentions.take(appearance[np.argsort(mentions.texts[appearance], kind="stable")])


def _merge_groups(items: Evidence, firsts: Ints) -> Mentions:
    """Return the mention of each group of evidence; the groups begin at `firsts`."""
    counts = np.diff(np.append(firsts, len(items.texts)))
    number = np.repeat(np.arange(len(firsts)), counts)
    # Twice the sums, which are then whole numbers.
    force = items.intensities * np.where(items.turns > 0, 3, 2)
    good = np.add.reduceat(force * (items.polarities > 0), firsts)
    bad = np.add.reduceat(force * (items.polarities < 0), firsts)
    polarities = np.where(good + bad == 0, 0, np.where(good > bad, 1, -1))
    agrees = items.polarities == polarities[number]
    best = _best(items, agrees, firsts, number)
    return Mentions(
        items.texts[firsts],
        items.codes[firsts],
        polarities,
        np.maximum.reduceat(items.intensities * agrees, firsts),
        np.maximum.reduceat(items.ranks, firsts),
        items.starts[best],
        items.ends[best],
        _confidences(np.maximum.reduceat(items.weights, firsts), counts, good, bad),
    )


def _best(items: Evidence, agrees: Flags, firsts: Ints, number: Ints) -> Ints:
    """Return the strongest agreeing place of each mention, the first of equals; danger counts if bad."""
    danger = np.where(items.polarities < 0, items.ranks, 0)
    strength = (danger * 8 + items.intensities) * 8 + items.weights
    strength = (strength << 40) - items.starts
    strength = np.where(agrees, strength, -1)
    top = np.flatnonzero(strength == np.maximum.reduceat(strength, firsts)[number])
    return top[firsts_of(number[top])]


def _confidences(weights: Ints, counts: Ints, good: Ints, bad: Ints) -> NDArray[np.float64]:
    """Return the confidence of each mention; few combinations are many mentions."""
    cases, where = np.unique(
        (((good << 29) + bad) << 5) + (np.minimum(counts, 4) << 2) + weights, return_inverse=True
    )
    sums, bits = cases >> 5, cases & 31
    columns = (bits & 3, bits >> 2, (sums >> 29) / 2, (sums & ((1 << 29) - 1)) / 2)
    values = list(map(_confidence, *(column.tolist() for column in columns)))
    return np.array(values, np.float64)[where]


@lru_cache(maxsize=4096)
def _confidence(weight: int, places: int, good: float, bad: float) -> float:
    """Return 0..1: how plainly the aspect is named and how much its judgements agree (not calibrated)."""
    naming = {1: 0.4, 2: 0.6, 3: 0.75}[weight]
    if good + bad == 0:
        return naming * 0.8
    agreement = abs(good - bad) / (good + bad)
    return round(min(0.95, naming * (0.6 + 0.4 * agreement) + 0.05 * min(3, places - 1)), 4)
