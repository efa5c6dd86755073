"""The rule scorer: text in, mentions and an overall judgement out.

Here: the chain normalise → find → clauses → readings → aspects → urgency over a batch of texts, the
judgement of a whole text, the versions, and the door to the scoring of a raw Parquet file. The parts
live next door (`ml.text`, `ml.reading`, `ml.aspects`, `ml.urgency`), files and cache in
`ml.score_files` and `ml.score_cache`. Rules only: every score is marked `is_cold_start`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ml.aspects.attachment import OUTRIGHT
from ml.aspects.mentions import Evidence, Mentions, gather, merge
from ml.columns import Ints, firsts_of
from ml.lexicon import (
    LEXICON_FILES,
    URGENCY_RANK,
    WORDS,
    Finds,
    Lexicon,
    content_version,
    default_lexicon,
    taxonomy,
)
from ml.reading import Reader, Readings
from ml.score_records import (
    MENTION_CELL,
    TEXT_CELL,
    MentionScore,
    ScoreColumns,
    TextScore,
    pack,
    to_scores,
)
from ml.text.clauses import Clauses, split_clauses
from ml.text.normalize import Normalized, normalize_all
from ml.text.scan import Joined, join
from ml.text.segment import engine_name, segmenter, stand_alone
from ml.urgency import Alarms, find_alarms

if TYPE_CHECKING:
    from ml.score_cache import ScoreCache

__all__ = [
    "LEXICON_VERSION",
    "SCORER_VERSION",
    "TAXONOMY_VERSION",
    "MentionScore",
    "Scorer",
    "TextScore",
    "score_parquet",
    "score_texts",
]

# The code whose change can change a score or the form it is kept in.
_CODE = (
    "aspects/attachment.py",
    "aspects/mentions.py",
    "columns.py",
    "lexicon.py",
    "reading.py",
    "score_records.py",
    "scoring.py",
    "sentiment/opinions.py",
    "text/clauses.py",
    "text/normalize.py",
    "text/scan.py",
    "text/segment.py",
    "urgency.py",
)


def _scorer_version() -> str:
    digest = hashlib.sha256(f"{TAXONOMY_VERSION} {LEXICON_VERSION} {engine_name()}".encode())
    digest.update(content_version(_CODE, Path(__file__).parent).encode())
    return f"rules-{digest.hexdigest()[:12]}"


TAXONOMY_VERSION = f"tax-{content_version(['taxonomy.csv'])}"
LEXICON_VERSION = f"lex-{content_version(LEXICON_FILES)}"
SCORER_VERSION = _scorer_version()

_TOKEN = re.compile(r"\[(?:手机|座机|身份证|银行卡|邮箱|车牌|车架号|微信|qq|姓名|地址)\]")
# Texts scored together; a batch costs a few dozen MB.
_BATCH_TEXTS, _BATCH_CHARS = 4096, 1 << 18
# Subjects that are no product: being unhappy with them is a wish to be dealt with, not a fault.
_SERVICE_AREAS = frozenset({"AFT", "SAL", "PRI"})
_POSITIVE_EDGE, _NEGATIVE_EDGE = 0.15, -0.15
_WISH, _COMFORT = URGENCY_RANK["wish"], URGENCY_RANK["comfort"]
_SAFETY, _IMMOBILISED = URGENCY_RANK["safety"], URGENCY_RANK["immobilised"]
_URGENCY_INTENSITY = {"safety": 3, "immobilised": 3, "function": 2, "comfort": 1}
_INTENSITY_OF_RANK = np.array([_URGENCY_INTENSITY.get(level, 1) for level in URGENCY_RANK])
_IS_SERVICE = np.array([code[:3] in _SERVICE_AREAS for code in taxonomy()])


class Scorer:
    """Scores texts by rules; one instance may be used for any number of calls."""

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        """Use `lexicon` (default: the shipped one); the segmenter starts when first needed."""
        self.lexicon = lexicon or default_lexicon()
        self._words = tuple(self.lexicon.domain_words())
        self._whole_words = self.lexicon.flags(WORDS, lambda sense: sense.whole_word)
        self._reader = Reader(self.lexicon)

    def score(self, texts: Sequence[str | None]) -> list[TextScore]:
        """Return one score per text, in order. None and blank texts are abstained from."""
        return [score for batch in _batches(texts) for score in to_scores(self._score_batch(batch))]

    def score_packed(self, texts: Sequence[str | None]) -> list[bytes]:
        """Return the same in the form of `ml.score_records`, without an object for every mention."""
        return [row for batch in _batches(texts) for row in pack(self._score_batch(batch))]

    def _score_batch(self, texts: list[str]) -> ScoreColumns:
        normalized = normalize_all([_blank_tokens(text) for text in texts])
        joined = join([item.text for item in normalized])
        finds = self._keep_whole_words(joined, self.lexicon.find_all(joined))
        clauses = split_clauses(joined, self.lexicon.contrast)
        readings = self._reader.read(joined, clauses, finds)
        alarms = find_alarms(clauses, readings, self.lexicon)
        wishes = np.zeros(len(texts), np.bool_)
        wishes[joined.owners(readings.wishes)] = True
        mentions = merge(_with_alarms(gather(joined, clauses, readings), alarms, joined, clauses, readings))
        ranks = _mention_ranks(mentions, wishes)
        sums = _sums(len(texts), joined, clauses, readings)
        cells = _text_cells(texts, sums, mentions, ranks, wishes, alarms, joined.owners(alarms.starts))
        counts = np.bincount(mentions.texts, minlength=len(texts))
        return ScoreColumns(cells, counts, _mention_cells(mentions, ranks, joined, normalized))

    def _keep_whole_words(self, joined: Joined, finds: Finds) -> Finds:
        """Drop single characters (好, 响, 高) that are only part of a longer word of the segmentation."""
        asked = np.flatnonzero(self._whole_words[finds.senses])
        if not len(asked):
            return finds
        alone = stand_alone(joined, finds.starts[asked], finds.ends[asked], segmenter(self._words))
        kept = np.ones(len(finds.starts), np.bool_)
        kept[asked[~alone]] = False
        return finds.take(kept)


def _batches(texts: Sequence[str | None]) -> Iterator[list[str]]:
    """Yield the texts in batches of bounded length: what is done for all of a batch at once costs memory."""
    batch: list[str] = []
    chars = 0
    for text in texts:
        batch.append(text or "")
        chars += len(batch[-1])
        if chars >= _BATCH_CHARS or len(batch) == _BATCH_TEXTS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _blank_tokens(text: str) -> str:
    return _TOKEN.sub(lambda m: " " * len(m.group()), text) if "[" in text else text


def _with_alarms(
    evidence: Evidence, alarms: Alarms, joined: Joined, clauses: Clauses, readings: Readings
) -> Evidence:
    """Add the alarms that name an aspect; the others make what their clause complains of urgent."""
    own = alarms.codes < 0
    urgent = np.zeros(len(readings.clauses), np.int64)
    np.maximum.at(urgent, alarms.readings[own], alarms.ranks[own])
    bad = evidence.polarities < 0
    ranks = np.where(bad, urgent[evidence.readings], 0)
    named = Alarms(*(column[~own] for column in alarms))
    size = len(named.starts)
    more = Evidence(
        joined.owners(named.starts),
        named.readings,
        named.codes,
        named.starts,
        named.ends,
        np.full(size, OUTRIGHT),
        np.full(size, -1),
        _INTENSITY_OF_RANK[named.ranks],
        clauses.turns[readings.clauses[named.readings]].astype(np.int64),
        named.ranks,
    )
    both = Evidence(*map(np.concatenate, zip(evidence._replace(ranks=ranks), more, strict=True)))
    return both.take(np.argsort(both.texts, kind="stable"))


def _mention_ranks(mentions: Mentions, wishes: NDArray[np.bool_]) -> Ints:
    """Return the urgency of the mentions: what is bad and no danger is a discomfort or asks for service."""
    service = np.where(wishes[mentions.texts], _WISH, 0)
    plain = np.where(_IS_SERVICE[mentions.codes], service, _COMFORT)
    ranks: Ints = np.where((mentions.polarities < 0) & (mentions.ranks == 0), plain, mentions.ranks)
    return ranks


def _mention_cells(
    mentions: Mentions, ranks: Ints, joined: Joined, normalized: Sequence[Normalized]
) -> NDArray[np.void]:
    cells = np.zeros(len(ranks), MENTION_CELL)
    begins = joined.begins[mentions.texts]
    starts, ends = mentions.starts - begins, mentions.ends - begins
    shifted = np.array([item.starts is not None for item in normalized], np.bool_)
    for which in np.flatnonzero(shifted[mentions.texts]).tolist():
        item = normalized[mentions.texts[which]]
        starts[which], ends[which] = item.original_span(int(starts[which]), int(ends[which]))
    cells["evidence_start"], cells["evidence_end"] = starts, ends
    cells["aspect"], cells["polarity"] = mentions.codes, mentions.polarities
    cells["intensity"], cells["urgency"] = mentions.intensities, ranks
    cells["confidence"] = mentions.confidences
    return cells


def _sums(texts: int, joined: Joined, clauses: Clauses, readings: Readings) -> NDArray[np.float64]:
    """Return the good and the bad of each text; what follows a contrast counts half as much again."""
    owners = joined.owners(readings.places)
    weights = np.where(clauses.turns[readings.clauses], 1.5, 1.0)
    sums = [[item.good for item in readings.readings], [item.bad for item in readings.readings]]
    judged = np.array(sums, np.int64)[:, readings.shapes]
    return np.array([np.bincount(owners, weights * side, texts) for side in judged])


def _text_cells(
    texts: Sequence[str],
    sums: NDArray[np.float64],
    mentions: Mentions,
    ranks: Ints,
    wishes: NDArray[np.bool_],
    alarms: Alarms,
    alarmed: Ints,
) -> NDArray[np.void]:
    good, bad = sums
    decided = np.flatnonzero(mentions.polarities)
    decided = decided[firsts_of(mentions.texts[decided])]
    decided = decided[(good + bad)[mentions.texts[decided]] == 0]
    good[mentions.texts[decided]] = mentions.polarities[decided] > 0
    bad[mentions.texts[decided]] = mentions.polarities[decided] < 0
    grave = alarms.ranks >= _IMMOBILISED
    np.add.at(bad, alarmed[grave], _INTENSITY_OF_RANK[alarms.ranks[grave]])
    levels = np.where(wishes, _WISH, 0)
    np.maximum.at(levels, alarmed, alarms.ranks)
    np.maximum.at(levels, mentions.texts, ranks)
    strength = np.zeros(len(texts))
    np.maximum.at(strength, mentions.texts, mentions.confidences)
    has_mentions = np.zeros(len(texts), np.bool_)
    has_mentions[mentions.texts] = True
    cells = np.zeros(len(texts), TEXT_CELL)
    score = _rounded((good - bad) / (good + bad + 1.0))
    abstained = ~has_mentions & (good + bad == 0)
    cells["sentiment_score"], cells["urgency"], cells["is_abstained"] = score, levels, abstained
    cells["sentiment_polarity"] = np.where(score > _POSITIVE_EDGE, 1, np.where(score < _NEGATIVE_EDGE, -1, 0))
    cells["confidence"] = np.where(abstained, 0, _rounded(np.maximum(np.abs(score) * 0.8, strength * 0.9)))
    cells["text_char_count"] = list(map(len, texts))
    return cells


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round as Python does, to the nearest decimal; numpy scales first and is off by one at times."""
    return np.array([round(value, 4) for value in values.tolist()], np.float64)


def score_texts(texts: Iterable[str]) -> list[bytes]:
    """Score with the shipped lexicon, in the form of `ml.score_records` (used by worker processes)."""
    global _worker_scorer  # noqa: PLW0603  one scorer per worker process
    if _worker_scorer is None:
        _worker_scorer = Scorer()
    return _worker_scorer.score_packed(list(texts))


_worker_scorer: Scorer | None = None


def score_parquet(
    raw_path: Path | str,
    text_out: Path | str,
    mention_out: Path | str,
    cache: ScoreCache | Path | str | None = None,
    *,
    workers: int = 1,
) -> dict[str, int]:
    """Score one raw file into a text and a mention file; see `ml.score_files.score_parquet`."""
    from ml import score_files

    return score_files.score_parquet(raw_path, text_out, mention_out, cache, workers=workers)
