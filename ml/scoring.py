"""The rule scorer: text in, mentions and an overall judgement out.

Here: the chain normalise → find → clauses → judgements → aspects → urgency for one text, the versions,
and the door to the scoring of a raw Parquet file. The parts live next door (`ml.text`,
`ml.sentiment`, `ml.aspects`, `ml.urgency`), files and cache in `ml.score_files` and `ml.score_cache`.
Rules only: every score is marked `is_cold_start`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ml.aspects.mentions import OUTRIGHT, ClauseReading, Evidence, Mention, attach, merge
from ml.lexicon import LEXICON_FILES, URGENCY_RANK, Finds, Lexicon, content_version, default_lexicon
from ml.sentiment.opinions import Opinion, Word, read_opinions
from ml.text.clauses import Clause, split_clauses
from ml.text.normalize import Normalized, normalize_all
from ml.text.segment import engine_name, segmenter, stand_alone
from ml.urgency import Alarm, UrgencyClause, find_alarms, highest

if TYPE_CHECKING:
    from ml.score_cache import ScoreCache

# The code whose change can change a score.
_CODE = (
    "aspects/mentions.py",
    "lexicon.py",
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
# Texts folded, searched and segmented together; a batch costs a few MB.
_BATCH_TEXTS, _BATCH_CHARS = 512, 1 << 16
# Subjects that are no product: being unhappy with them is a wish to be dealt with, not a fault.
_SERVICE_AREAS = frozenset({"AFT", "SAL", "PRI"})
_POSITIVE_EDGE, _NEGATIVE_EDGE = 0.15, -0.15
_URGENCY_INTENSITY = {"safety": 3, "immobilised": 3, "function": 2, "comfort": 1}


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


class Scorer:
    """Scores texts by rules; one instance may be used for any number of calls."""

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        """Use `lexicon` (default: the shipped one); the segmenter starts when first needed."""
        self.lexicon = lexicon or default_lexicon()
        self._words = tuple(self.lexicon.domain_words())

    def score(self, texts: Sequence[str | None]) -> list[TextScore]:
        """Return one score per text, in order. None and blank texts are abstained from."""
        scores: list[TextScore] = []
        for batch in _batches(texts):
            normalized = normalize_all([_blank_tokens(text) for text in batch])
            folded = [item.text for item in normalized]
            finds = self.lexicon.find_all(folded)
            self._keep_whole_words(folded, finds)
            scores.extend(map(self._score_one, batch, normalized, finds))
        return scores

    def _score_one(self, text: str, normalized: Normalized, finds: Finds) -> TextScore:
        if not finds.words and not finds.aspects and not finds.symptoms:
            wish = "wish" if any("wish" in kinds for _, _, kinds in finds.markers) else "none"
            return TextScore(0, 0.0, wish, 0.0, True, True, len(text), ())
        readings = self._read(normalized.text, finds)
        alarms = self._alarms(readings, finds) if finds.symptoms else []
        wishes = bool(finds.markers) and any("wish" in reading.markers for reading in readings)
        scored = tuple(
            [
                _mention_score(mention, normalized.original_span(mention.start, mention.end), wishes)
                for mention in merge(_evidence(readings, alarms), URGENCY_RANK)
            ]
        )
        return _text_score(text, scored, readings, alarms, wishes)

    def _keep_whole_words(self, texts: list[str], finds: list[Finds]) -> None:
        """Drop single characters (好, 响, 高) that are only part of a longer word of the segmentation."""
        asked = [
            (number, start, end)
            for number, found in enumerate(finds)
            for start, end, sense in found.words
            if sense.whole_word
        ]
        if not asked:
            return
        verdicts = stand_alone(texts, asked, segmenter(self._words))
        parts: dict[int, set[int]] = {}
        for (number, start, _), alone in zip(asked, verdicts, strict=True):
            if not alone:
                parts.setdefault(number, set()).add(start)
        # Finds of a layer do not overlap: the start alone tells which one is meant.
        for number, starts in parts.items():
            finds[number].words = [word for word in finds[number].words if word[0] not in starts]

    def _read(self, text: str, finds: Finds) -> list[ClauseReading]:
        """Return the clauses in which something was found."""
        finds.aspects.sort(key=_by_place)
        aspects, words, markers = _Cursor(finds.aspects), _Cursor(finds.words), _Cursor(finds.markers)
        readings = []
        for clause in split_clauses(text, self.lexicon.contrast):
            start, end = clause[:2]
            kinds = markers.within(start, end) if finds.markers else _NOTHING
            found = words.within(start, end)
            named = aspects.within(start, end)
            # Alarms look at parts and symptoms as well.
            if not (named or found or kinds or finds.symptoms):
                continue
            names, imagined = _NO_NAMES, len(text)
            if kinds:
                names = frozenset(kind for _, _, several in kinds for kind in several)
                imagined = _first(kinds, "hypothetical", len(text))
            opinions = self._opinions(text, clause, found, names, imagined) if found else _NOTHING
            readings.append(ClauseReading(clause, named, opinions, names, imagined))
        return readings

    def _opinions(
        self, text: str, clause: Clause, words: Sequence[Word], names: frozenset[str], imagined: int
    ) -> list[Opinion]:
        opinions = read_opinions(text, words, self.lexicon)
        if not names and not clause.asks:
            return opinions
        rhetorical = any(sense.role == "rhetorical" for _, _, sense in words)
        if (clause.asks or "enquiry" in names) and "why" not in names and not rhetorical:
            _unjudge(opinions, 0)
        elif "wish" in names:
            # 希望后备箱大一点 wants, it does not praise.
            _unjudge([o for o in opinions if o.scale], 0)
        if "hypothetical" in names:
            _unjudge(opinions, imagined + 1)
        return opinions

    def _alarms(self, readings: list[ClauseReading], finds: Finds) -> list[Alarm]:
        components, symptoms = _Cursor(finds.components), _Cursor(finds.symptoms)
        views = []
        for item in readings:
            clause = item.clause
            asks = (clause.asks or "enquiry" in item.markers) and "why" not in item.markers
            found = symptoms.within(clause.start, clause.end)
            view = UrgencyClause(
                clause,
                components.within(clause.start, clause.end),
                [s for s in found if s[0] < item.hypothetical_from] if found else found,
                "driving" in item.markers,
                asks,
                [(o.start, o.end) for o in item.opinions if o.is_negated] if found else _NOTHING,
            )
            views.append(view)
        return find_alarms(views, self.lexicon)


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


_NO_NAMES: frozenset[str] = frozenset()
_NOTHING: list[Any] = []
_by_place = itemgetter(0, 1)


class _Cursor:
    """Hands out the items of a sorted list that begin within successive spans; one pass in all."""

    __slots__ = ("items", "position")

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.position = 0

    def within(self, start: int, end: int) -> list[Any]:
        """Return the items that begin in [start, end); spans must come in order."""
        items, position, count = self.items, self.position, len(self.items)
        if position == count or items[position][0] >= end:
            return _NOTHING
        while position < count and items[position][0] < start:
            position += 1
        first = position
        while position < count and items[position][0] < end:
            position += 1
        self.position = position
        return items[first:position]


def _first(kinds: list[Any], kind: str, default: int) -> int:
    return min((start for start, _, several in kinds if kind in several), default=default)


def _unjudge(opinions: list[Opinion], start: int) -> None:
    """Take the judgement out of what is only asked (会烧机油吗) or imagined (万一漏油), from `start` on."""
    for opinion in opinions:
        if opinion.start >= start:
            opinion.polarity, opinion.scale, opinion.intensity = 0, 0, 1
            opinion.is_negated = True


def _evidence(readings: list[ClauseReading], alarms: list[Alarm]) -> list[Evidence]:
    by_clause = [[item for item in own if item.weight > 1 or item.polarity] for own in attach(readings)]
    found = list(chain.from_iterable(by_clause))
    for alarm in alarms:
        if alarm.aspect_code:
            turns = readings[alarm.clause].clause.turns
            intensity = _URGENCY_INTENSITY.get(alarm.urgency, 1)
            place = (alarm.aspect_code, alarm.start, alarm.end, OUTRIGHT)
            found.append(Evidence(*place, -1, intensity, True, turns, alarm.urgency))
            continue
        for item in by_clause[alarm.clause]:
            if item.polarity < 0 and URGENCY_RANK[item.urgency] < URGENCY_RANK[alarm.urgency]:
                item.urgency = alarm.urgency
    return found


def _mention_score(mention: Mention, span: tuple[int, int], wishes: bool) -> MentionScore:
    urgency = mention.urgency
    if mention.polarity < 0 and urgency == "none":
        service = "wish" if wishes else "none"
        urgency = service if mention.code[:3] in _SERVICE_AREAS else "comfort"
    return MentionScore(
        mention.code, mention.polarity, mention.intensity, urgency, span[0], span[1], mention.confidence
    )


def _text_score(
    text: str,
    mentions: tuple[MentionScore, ...],
    readings: list[ClauseReading],
    alarms: list[Alarm],
    wishes: bool,
) -> TextScore:
    good = bad = 0.0
    for item in readings:
        weight = 1.5 if item.clause.turns else 1.0
        for opinion in item.opinions:
            if opinion.polarity > 0:
                good += weight * opinion.intensity
            elif opinion.polarity < 0:
                bad += weight * opinion.intensity
    if good == bad == 0:
        decided = next((m.polarity for m in mentions if m.polarity), 0)
        good, bad = float(decided > 0), float(decided < 0)
    for alarm in alarms:
        if alarm.urgency in {"safety", "immobilised"}:
            bad += _URGENCY_INTENSITY[alarm.urgency]
    score = round((good - bad) / (good + bad + 1.0), 4)
    polarity = 1 if score > _POSITIVE_EDGE else (-1 if score < _NEGATIVE_EDGE else 0)
    levels = [*[m.urgency for m in mentions], *[a.urgency for a in alarms], "wish" if wishes else "none"]
    abstained = not mentions and good == bad == 0
    strength = max([m.confidence for m in mentions], default=0.0)
    confidence = 0.0 if abstained else round(max(abs(score) * 0.8, strength * 0.9), 4)
    return TextScore(polarity, score, highest(levels), confidence, True, abstained, len(text), mentions)


def score_texts(texts: Iterable[str]) -> list[TextScore]:
    """Score with the shipped lexicon (used by worker processes)."""
    global _worker_scorer  # noqa: PLW0603  one scorer per worker process
    if _worker_scorer is None:
        _worker_scorer = Scorer()
    return _worker_scorer.score(list(texts))


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
