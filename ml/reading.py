"""Reading clauses: what a clause says, from the terms found in it.

Here: taking the finds of a batch to their clauses, and the reading of one clause from the places of its
finds. Clauses with the same finds at the same distances read alike, so each such shape is read once; the
text itself is part of a shape only where a negation or a repetition makes a rule look at it. The rules
for judgements are in `ml.sentiment`, for aspects in `ml.aspects`, for dangers in `ml.urgency`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ml.aspects.attachment import attach
from ml.columns import Flags, Ints, Row, firsts_of
from ml.lexicon import ASPECTS, COMPONENTS, MARKERS, SYMPTOMS, WORDS, Finds, Lexicon
from ml.sentiment.opinions import JUDGES, NEGATORS, Opinion, read_opinions
from ml.text.clauses import Clauses
from ml.text.scan import Joined

# Shapes remembered from batch to batch, a few hundred bytes each.
MAX_SHAPES = 1 << 15
_SENSE_BITS, _LENGTH_BITS = 24, 16
_SENSE_MASK, _LENGTH_MASK = (1 << _SENSE_BITS) - 1, (1 << _LENGTH_BITS) - 1
_PLACE_SHIFT = _SENSE_BITS + _LENGTH_BITS
_NO_NAMES: frozenset[str] = frozenset()
_NEVER = 1 << 30

# The packed finds of a clause, and its text where a rule looks at it.
Shape = tuple[bytes, str]
Named = tuple[int, int, tuple[str, ...]]


class Reading(NamedTuple):
    """What a clause says, places relative to its first find.

    `evidence`: rows of code, start, end, weight, polarity, intensity. `loose`: start, end, polarity,
    intensity of judgements on the aspect named before the clause. `good` and `bad` sum the judgements.
    `symptoms` are only those told as having happened.
    """

    evidence: list[Row]
    loose: list[Row]
    good: int
    bad: int
    components: list[Named]
    symptoms: list[Named]


class Readings(NamedTuple):
    """The clauses of a batch that say something, and what is told of whole sentences and texts.

    `clauses` are their numbers, `places` their first finds, `readings[shapes]` what they say.
    """

    clauses: Ints
    places: Ints
    shapes: Ints
    readings: list[Reading]
    component_senses: Ints
    component_sentences: Ints
    driving_sentences: Ints
    wishes: Ints


class Reader:
    """Reads the clauses of batches and remembers the shapes it has read."""

    def __init__(self, lexicon: Lexicon) -> None:
        """Read with the senses and rules of `lexicon`."""
        self.lexicon = lexicon
        self._known: dict[Shape, Reading] = {}
        self._judges = lexicon.flags(WORDS, lambda sense: sense.role in JUDGES)
        self._negates = lexicon.flags(WORDS, lambda sense: sense.role in NEGATORS)
        self._masks = lexicon.flags(WORDS, lambda sense: sense.role == "mask")
        self._wishes = lexicon.flags(MARKERS, lambda kinds: "wish" in kinds)
        self._driving = lexicon.flags(MARKERS, lambda kinds: "driving" in kinds)

    def read(self, joined: Joined, clauses: Clauses, finds: Finds) -> Readings:
        """Return what the clauses say, in order."""
        owners, finds = _within(clauses, finds)
        sentences = clauses.sentences[owners]
        parts = finds.layers == COMPONENTS
        telling = self._telling(owners, finds, len(clauses.starts))
        told_by, told = owners[telling], finds.take(telling)
        groups = firsts_of(told_by)
        shapes: dict[Shape, int] = {}
        keys = self._shapes(joined, clauses, told_by, told, groups)
        numbers = np.array([shapes.setdefault(key, len(shapes)) for key in keys], np.int64)
        return Readings(
            told_by[groups],
            told.starts[groups],
            numbers,
            [self._reading(shape) for shape in shapes],
            finds.senses[parts],
            sentences[parts],
            sentences[self._driving[finds.senses]],
            finds.starts[self._wishes[finds.senses]],
        )

    def _telling(self, owners: Ints, finds: Finds, clauses: int) -> Flags:
        """Return the finds that can change a reading: words need one that judges, parts a symptom."""
        judged, ill = np.zeros(clauses, np.bool_), np.zeros(clauses, np.bool_)
        judged[owners[self._judges[finds.senses]]] = True
        ill[owners[finds.layers == SYMPTOMS]] = True
        judged, ill, layers = judged[owners], ill[owners], finds.layers
        words = (layers == WORDS) & judged & ~self._masks[finds.senses]
        markers = (layers == MARKERS) & (judged | ill)
        telling: Flags = (layers == ASPECTS) | words | markers | (layers > MARKERS) & ill
        return telling

    def _shapes(
        self, joined: Joined, clauses: Clauses, owners: Ints, finds: Finds, groups: Ints
    ) -> list[Shape]:
        """Return the shape of each group of finds; a question only counts where something is judged."""
        sizes = np.diff(np.append(groups, len(owners)))
        number = np.repeat(np.arange(len(groups)), sizes)
        judges = self._judges[finds.senses]
        matters = np.zeros(len(groups), np.bool_)
        matters[number[judges | (finds.layers == SYMPTOMS)]] = True
        asks = (matters & clauses.asks[owners[groups]])[number]
        places = (finds.starts - finds.starts[groups][number]) * 2 + asks
        lengths = finds.ends - finds.starts
        packed = (((places << _LENGTH_BITS) + lengths) << _SENSE_BITS) + finds.senses
        blob, edges = packed.tobytes(), (np.append(groups, len(owners)) * packed.itemsize).tolist()
        shapes = [(blob[low:high], "") for low, high in pairwise(edges)]
        for which in np.flatnonzero(self._looks_at_text(finds, number, judges, len(groups))).tolist():
            low, high = groups[which], groups[which] + sizes[which]
            stop = finds.ends[low:high].max() + self.lexicon.list_reach
            shapes[which] = (shapes[which][0], joined.text[finds.starts[low] : stop])
        return shapes

    def _looks_at_text(self, finds: Finds, number: Ints, judges: Flags, groups: int) -> Flags:
        """Return the groups where a rule looks at the text: a negation, or two judgements side by side."""
        looks, judged = np.zeros(groups, np.bool_), np.zeros(groups, np.bool_)
        judged[number[judges]] = True
        looks[number[self._negates[finds.senses]]] = True
        looks &= judged
        here = np.flatnonzero(judges)
        before, after = here[:-1], here[1:]
        near = (finds.starts[after] - finds.ends[before] <= 1) & (number[after] == number[before])
        looks[number[after[near]]] = True
        return looks

    def _reading(self, shape: Shape) -> Reading:
        known = self._known.get(shape)
        if known is None:
            if len(self._known) >= MAX_SHAPES:
                self._known.clear()
            known = self._known[shape] = self._read_shape(*shape)
        return known

    def _read_shape(self, packed: bytes, text: str) -> Reading:
        asks, (aspects, words, markers, components, symptoms) = self._unpack(packed)
        if not words and not symptoms:
            return Reading(attach(aspects, [])[0], [], 0, 0, [], [])
        names, imagined = _context(markers)
        asks = (asks or "enquiry" in names) and "why" not in names
        opinions = read_opinions(text, words, self.lexicon)
        if asks or names:
            # 难道不漏油吗 complains in the form of a question.
            rhetorical = any(sense.role == "rhetorical" for _, _, sense in words)
            _reconsider(opinions, names, asks and not rhetorical, imagined)
        good = bad = 0
        for opinion in opinions:
            if opinion.polarity > 0:
                good += opinion.intensity
            elif opinion.polarity < 0:
                bad += opinion.intensity
        told = _told(symptoms, opinions, imagined) if symptoms and not asks else []
        return Reading(*attach(aspects, opinions), good, bad, components, told)

    def _unpack(self, packed: bytes) -> tuple[bool, tuple[list[Any], ...]]:
        """Return whether the clause asks, and start, end and sense of its finds by layer."""
        senses, layer_of = self.lexicon.senses, self.lexicon.layers
        layers: tuple[list[Any], ...] = ([], [], [], [], [])
        asks = 0
        for cell in np.frombuffer(packed, np.int64).tolist():
            sense, length, place = (
                cell & _SENSE_MASK,
                (cell >> _SENSE_BITS) & _LENGTH_MASK,
                cell >> _PLACE_SHIFT,
            )
            start, asks = place >> 1, place & 1
            layers[layer_of[sense]].append((start, start + length, senses[sense]))
        return asks > 0, layers


def _context(markers: Sequence[Named]) -> tuple[frozenset[str], int]:
    """Return the kinds of the markers, and from where on the clause only imagines."""
    if not markers:
        return _NO_NAMES, _NEVER
    names = frozenset(kind for _, _, kinds in markers for kind in kinds)
    return names, min((start for start, _, kinds in markers if "hypothetical" in kinds), default=_NEVER)


def _within(clauses: Clauses, finds: Finds) -> tuple[Ints, Finds]:
    """Return the finds that begin in a clause, and the clause of each."""
    if not len(clauses.starts):
        return finds.starts[:0], finds.take(np.zeros(0, np.int64))
    owners = np.searchsorted(clauses.starts, finds.starts, side="right") - 1
    inside = np.flatnonzero((owners >= 0) & (finds.starts < clauses.ends[owners]))
    return owners[inside], finds.take(inside)


def _reconsider(opinions: list[Opinion], names: frozenset[str], asks: bool, imagined: int) -> None:
    """Take back what is only asked, wished or imagined (from `imagined` on)."""
    if asks:
        _unjudge(opinions, 0)
    elif "wish" in names:
        # 希望后备箱大一点 wants, it does not praise.
        _unjudge([o for o in opinions if o.scale], 0)
    if "hypothetical" in names:
        _unjudge(opinions, imagined + 1)


def _unjudge(opinions: list[Opinion], start: int) -> None:
    """Take the judgement out of what is only asked (会烧机油吗) or imagined (万一漏油), from `start` on."""
    for opinion in opinions:
        if opinion.start >= start:
            opinion.polarity, opinion.scale, opinion.intensity = 0, 0, 1
            opinion.is_negated = True


def _told(symptoms: Sequence[Named], opinions: Sequence[Opinion], imagined: int) -> list[Named]:
    """Return the symptoms that are neither imagined nor negated."""
    denied = [(o.start, o.end) for o in opinions if o.is_negated]
    return [
        symptom
        for symptom in symptoms
        if symptom[0] < imagined and not any(low <= symptom[0] < high for low, high in denied)
    ]
