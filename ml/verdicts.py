"""The verdict on whole texts: their mentions, their judgement, how urgent they are, how sure that is.

Here: what a batch tells (clauses read, alarms raised) becomes the cells of `ml.score_records`. What a
single clause says is `ml.reading`, the merging of evidence `ml.aspects.mentions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.aspects.attachment import OUTRIGHT
from ml.aspects.mentions import Evidence, Mentions, gather, merge
from ml.columns import Flags, Ints, firsts_of
from ml.lexicon import URGENCY_LEVELS, URGENCY_RANK, taxonomy
from ml.reading import Readings
from ml.score_records import MENTION_CELL, TEXT_CELL
from ml.text.clauses import Clauses
from ml.text.fold import Folded
from ml.text.scan import Joined
from ml.urgency import Alarms

Floats = NDArray[np.float64]

# Subjects that are no product: being unhappy with them is a wish to be dealt with, not a fault.
_SERVICE_AREAS = frozenset({"AFT", "SAL", "PRI"})
_IS_SERVICE = np.array([code[:3] in _SERVICE_AREAS for code in taxonomy()])
_POSITIVE_EDGE, _NEGATIVE_EDGE = 0.15, -0.15
_WISH, _COMFORT, _IMMOBILISED = (URGENCY_RANK[level] for level in ("wish", "comfort", "immobilised"))
_ALARM_INTENSITY = {"safety": 3, "immobilised": 3, "function": 2}
_INTENSITY_OF_RANK = np.array([_ALARM_INTENSITY.get(level, 1) for level in URGENCY_LEVELS])


class Told(NamedTuple):
    """What the texts of a batch tell."""

    joined: Joined
    clauses: Clauses
    readings: Readings
    alarms: Alarms

    def turns(self) -> Flags:
        """Return which readings follow a contrast."""
        return self.clauses.turns[self.readings.clauses]

    def alarmed(self) -> Ints:
        """Return the text of each alarm."""
        return self.joined.owners(self.alarms.starts)

    def wishes(self) -> Flags:
        """Return which texts wish for something."""
        wishes = np.zeros(len(self.joined.begins), np.bool_)
        wishes[self.joined.owners(self.readings.wishes)] = True
        return wishes


def mentions_of(told: Told) -> Mentions:
    """Return the mentions with their urgency: bad without danger is a discomfort or asks for service."""
    mentions = merge(_with_alarms(gather(told.joined, told.clauses, told.readings), told))
    service = np.where(told.wishes()[mentions.texts], _WISH, 0)
    plain = np.where(_IS_SERVICE[mentions.codes], service, _COMFORT)
    return mentions._replace(
        ranks=np.where((mentions.polarities < 0) & (mentions.ranks == 0), plain, mentions.ranks)
    )


def _with_alarms(evidence: Evidence, told: Told) -> Evidence:
    """Add the alarms that name an aspect; the others make what their clause complains of urgent."""
    alarms, own = told.alarms, told.alarms.codes < 0
    urgent = np.zeros(len(told.readings.clauses), np.int64)
    np.maximum.at(urgent, alarms.readings[own], alarms.ranks[own])
    ranks = np.where(evidence.polarities < 0, urgent[evidence.readings], 0)
    named = Alarms(*(column[~own] for column in alarms))
    size = len(named.starts)
    more = Evidence(
        told.joined.owners(named.starts),
        named.readings,
        named.codes,
        named.starts,
        named.ends,
        np.full(size, OUTRIGHT),
        np.full(size, -1),
        _INTENSITY_OF_RANK[named.ranks],
        told.turns()[named.readings].astype(np.int64),
        named.ranks,
    )
    both = Evidence(*map(np.concatenate, zip(evidence._replace(ranks=ranks), more, strict=True)))
    return both.take(np.argsort(both.texts, kind="stable"))


def mention_cells(mentions: Mentions, joined: Joined, normalized: Sequence[Folded]) -> NDArray[Any]:
    """Return the mentions with their places in the texts as they were given."""
    cells = np.zeros(len(mentions.texts), MENTION_CELL)
    begins = joined.begins[mentions.texts]
    starts, ends = mentions.starts - begins, mentions.ends - begins
    shifted = np.array([item.starts is not None for item in normalized], np.bool_)
    for which in np.flatnonzero(shifted[mentions.texts]).tolist():
        item = normalized[mentions.texts[which]]
        starts[which], ends[which] = item.original_span(int(starts[which]), int(ends[which]))
    cells["evidence_start"], cells["evidence_end"] = starts, ends
    cells["aspect"], cells["polarity"] = mentions.codes, mentions.polarities
    cells["intensity"], cells["urgency"] = mentions.intensities, mentions.ranks
    cells["confidence"] = mentions.confidences
    return cells


def text_cells(told: Told, mentions: Mentions) -> NDArray[Any]:
    """Return the judgement of each text; its length is left to the caller."""
    good, bad = _sums(told, mentions)
    score = _rounded((good - bad) / (good + bad + 1.0))
    strength = np.zeros(len(score))
    np.maximum.at(strength, mentions.texts, mentions.confidences)
    # No mention has confidence 0.
    abstained = (strength == 0) & (good + bad == 0)
    cells = np.zeros(len(score), TEXT_CELL)
    cells["sentiment_score"], cells["is_abstained"] = score, abstained
    cells["sentiment_polarity"] = (score > _POSITIVE_EDGE).astype(int) - (score < _NEGATIVE_EDGE)
    cells["urgency"] = _levels(told, mentions)
    cells["confidence"] = np.where(abstained, 0, _rounded(np.maximum(np.abs(score) * 0.8, strength * 0.9)))
    return cells


def _sums(told: Told, mentions: Mentions) -> tuple[Floats, Floats]:
    """Return the good and the bad of each text; what follows a contrast counts half as much again."""
    readings, alarms = told.readings, told.alarms
    texts, owners = len(told.joined.begins), told.joined.owners(readings.places)
    weights = np.where(told.turns(), 1.5, 1.0)
    sides = [[item.good for item in readings.readings], [item.bad for item in readings.readings]]
    judged = np.array(sides, np.int64)[:, readings.shapes]
    good, bad = (np.bincount(owners, weights * side, texts).astype(np.float64) for side in judged)
    # A text without a judgement of its own goes by its first mention that has one.
    decided = np.flatnonzero(mentions.polarities)
    decided = decided[firsts_of(mentions.texts[decided])]
    decided = decided[(good + bad)[mentions.texts[decided]] == 0]
    good[mentions.texts[decided]] = mentions.polarities[decided] > 0
    bad[mentions.texts[decided]] = mentions.polarities[decided] < 0
    grave = alarms.ranks >= _IMMOBILISED
    np.add.at(bad, told.alarmed()[grave], _INTENSITY_OF_RANK[alarms.ranks[grave]])
    return good, bad


def _levels(told: Told, mentions: Mentions) -> Ints:
    """Return the highest urgency of each text."""
    levels: Ints = np.where(told.wishes(), _WISH, 0)
    np.maximum.at(levels, told.alarmed(), told.alarms.ranks)
    np.maximum.at(levels, mentions.texts, mentions.ranks)
    return levels


def _rounded(values: Floats) -> Floats:
    """Round as Python does, to the nearest decimal; numpy scales first and is off at times."""
    return np.array([round(value, 4) for value in values.tolist()], np.float64)
