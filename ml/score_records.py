"""The compact form of scores: one row of bytes per text, and columns over many of them.

Here: cells of fixed size, one for the text and one for each mention, in which scores go to the cache,
between processes and into score files. What the values mean is `ml.scoring`, where they are kept
`ml.score_cache` and `ml.score_files`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.columns import Ints, steps_of
from ml.lexicon import URGENCY_LEVELS, taxonomy

# Both have the same size, so that rows of different length lie in one array.
TEXT_CELL = np.dtype(
    [
        ("sentiment_score", "<f8"),
        ("confidence", "<f8"),
        ("text_char_count", "<i4"),
        ("sentiment_polarity", "i1"),
        ("urgency", "i1"),
        ("is_abstained", "?"),
        ("unused", "i1"),
    ]
)
MENTION_CELL = np.dtype(
    [
        ("confidence", "<f8"),
        ("evidence_start", "<i4"),
        ("evidence_end", "<i4"),
        ("aspect", "<i2"),
        ("polarity", "i1"),
        ("intensity", "i1"),
        ("urgency", "i1"),
        ("unused", "i1", 3),
    ]
)
_SIZE = TEXT_CELL.itemsize
_ANY_CELL = np.dtype((np.void, _SIZE))


class MentionScore(NamedTuple):
    """One aspect of one text. Evidence is a code-point span of the text as given."""

    aspect_code: str
    polarity: int
    intensity: int
    urgency: str
    evidence_start: int
    evidence_end: int
    confidence: float


class TextScore(NamedTuple):
    """One text: judgement -1/0/1 with score -1..1, urgency, confidence 0..1 (not calibrated), mentions."""

    sentiment_polarity: int
    sentiment_score: float
    urgency: str
    confidence: float
    is_cold_start: bool
    is_abstained: bool
    text_char_count: int
    mentions: tuple[MentionScore, ...]


class ScoreColumns(NamedTuple):
    """Scores of many texts: a text cell each, how many mentions each has, and those in order."""

    texts: NDArray[Any]
    counts: Ints
    mentions: NDArray[Any]


def pack(columns: ScoreColumns) -> list[bytes]:
    """Return one row of bytes per text."""
    cells = np.empty(len(columns.texts) + len(columns.mentions), _ANY_CELL)
    stops = np.cumsum(columns.counts + 1)
    heads = stops - columns.counts - 1
    is_head = np.zeros(len(cells), np.bool_)
    is_head[heads] = True
    cells[is_head] = columns.texts.view(_ANY_CELL)
    cells[~is_head] = columns.mentions.view(_ANY_CELL)
    blob = cells.tobytes()
    spans = zip((heads * _SIZE).tolist(), (stops * _SIZE).tolist(), strict=True)
    return [blob[start:stop] for start, stop in spans]


def unpack(rows: Sequence[bytes]) -> ScoreColumns:
    """Return the columns of `pack`."""
    cells = np.frombuffer(b"".join(rows), _ANY_CELL)
    counts = np.fromiter(map(len, rows), np.int64, len(rows)) // _SIZE - 1
    is_head = np.zeros(len(cells), np.bool_)
    is_head[np.cumsum(counts + 1) - counts - 1] = True
    return ScoreColumns(cells[is_head].view(TEXT_CELL), counts, cells[~is_head].view(MENTION_CELL))


def to_scores(columns: ScoreColumns) -> Iterator[TextScore]:
    """Yield the scores one by one."""
    codes, stop = list(taxonomy()), 0
    mentions = [
        MentionScore(codes[aspect], polarity, intensity, URGENCY_LEVELS[rank], start, end, confidence)
        for confidence, start, end, aspect, polarity, intensity, rank, _ in columns.mentions.tolist()
    ]
    for cell, count in zip(columns.texts.tolist(), columns.counts.tolist(), strict=True):
        score, confidence, chars, polarity, rank, abstained, _ = cell
        own = tuple(mentions[stop : stop + count])
        stop += count
        yield TextScore(polarity, score, URGENCY_LEVELS[rank], confidence, True, abstained, chars, own)


def mention_owners(counts: Iterable[int]) -> tuple[Ints, Ints]:
    """Return for each mention the number of its text and its place among those of the text, from 1."""
    owners, steps = steps_of(np.fromiter(counts, np.int64))
    return owners, steps + 1
