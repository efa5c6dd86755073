"""The rule scorer: text in, mentions and an overall judgement out.

Here: the chain normalise → find → clauses → readings → urgency → verdicts over a batch of texts, the
versions, and the door to the scoring of a raw Parquet file. The parts live next door (`ml.text`,
`ml.reading`, `ml.urgency`, `ml.verdicts`), files and cache in `ml.score_files` and `ml.score_cache`.
Rules only: every score is marked `is_cold_start`.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ml.lexicon import LEXICON_FILES, WORDS, Finds, Lexicon, content_version, default_lexicon
from ml.reading import Reader
from ml.score_records import MentionScore, ScoreColumns, TextScore, pack, to_scores
from ml.text.clauses import split_clauses
from ml.text.fold import fold_all
from ml.text.scan import MASK_TOKEN, Joined, join
from ml.text.segment import engine_name, segmenter, stand_alone
from ml.urgency import find_alarms
from ml.verdicts import Told, mention_cells, mentions_of, text_cells

if TYPE_CHECKING:
    from ml.score_cache import ScoreCache

__all__ = [
    "CACHE_VERSION",
    "LEXICON_VERSION",
    "SCORER_VERSION",
    "TAXONOMY_VERSION",
    "MentionScore",
    "Scorer",
    "TextScore",
    "score_packed",
    "score_parquet",
]

# The code whose change can change a score or the form the cache keeps it in.
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
    "text/fold.py",
    "text/pinyin.py",
    "text/scan.py",
    "text/segment.py",
    "urgency.py",
    "verdicts.py",
)
# Code and words of repair and noise: columns of the score files, told anew for each file and never cached.
_REPAIR_CODE = ("text/mojibake.py", "text/noise.py", "text/normalize.py", "text/traditional.py")
_REPAIR_FILES = ("noise_rules.csv", "traditional_phrases.csv")


def _cache_version() -> str:
    """Return the version of a score: a cached one of the same version need not be computed again."""
    code = content_version(_CODE, Path(__file__).parent)
    return f"score-{_digest(TAXONOMY_VERSION, LEXICON_VERSION, engine_name(), code)}"


def _scorer_version() -> str:
    """Return the version of a score file: its scores, and the repair and noise beside them."""
    code = content_version(_REPAIR_CODE, Path(__file__).parent)
    return f"rules-{_digest(CACHE_VERSION, code, content_version(_REPAIR_FILES))}"


def _digest(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]


TAXONOMY_VERSION = f"tax-{content_version(['taxonomy.csv'])}"
LEXICON_VERSION = f"lex-{content_version(LEXICON_FILES)}"
CACHE_VERSION = _cache_version()
SCORER_VERSION = _scorer_version()

# Texts scored together; a batch costs a few dozen MB.
_BATCH_TEXTS, _BATCH_CHARS = 4096, 1 << 18


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
        with _no_search_for_cycles():
            return [score for batch in _batches(texts) for score in to_scores(self._score_batch(batch))]

    def score_packed(self, texts: Sequence[str | None]) -> list[bytes]:
        """Return the same in the form of `ml.score_records`, without an object for every mention."""
        with _no_search_for_cycles():
            return [row for batch in _batches(texts) for row in pack(self._score_batch(batch))]

    def _score_batch(self, texts: list[str]) -> ScoreColumns:
        normalized = fold_all([_blank_tokens(text) for text in texts])
        joined = join([item.text for item in normalized])
        finds = self._keep_whole_words(joined, self.lexicon.find_all(joined))
        clauses = split_clauses(joined, self.lexicon.contrast)
        readings = self._reader.read(joined, clauses, finds)
        told = Told(joined, clauses, readings, find_alarms(clauses, readings, self.lexicon))
        mentions = mentions_of(told)
        counts = np.bincount(mentions.texts, minlength=len(texts))
        cells = text_cells(told, mentions)
        cells["text_char_count"] = list(map(len, texts))
        return ScoreColumns(cells, counts, mention_cells(mentions, joined, normalized))

    def _keep_whole_words(self, joined: Joined, finds: Finds) -> Finds:
        """Drop single characters (好, 响, 高) that are only part of a longer word of the segmentation."""
        asked = np.flatnonzero(self._whole_words[finds.senses])
        if not len(asked):
            return finds
        alone = stand_alone(joined, finds.starts[asked], finds.ends[asked], segmenter(self._words))
        kept = np.ones(len(finds.starts), np.bool_)
        kept[asked[~alone]] = False
        return finds.take(kept)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Keep the collector from looking through what is remembered: scoring makes many tuples and no cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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
    return MASK_TOKEN.sub(lambda m: " " * len(m.group()), text) if "[" in text else text


def score_packed(texts: Sequence[str]) -> list[bytes]:
    """Score with the shipped lexicon, in the form of `ml.score_records` (used by worker processes)."""
    global _worker_scorer  # noqa: PLW0603  one scorer per worker process
    if _worker_scorer is None:
        _worker_scorer = Scorer()
    return _worker_scorer.score_packed(texts)


_worker_scorer: Scorer | None = None


def score_parquet(
    raw_path: Path | str,
    text_out: Path | str,
    mention_out: Path | str,
    cache: ScoreCache | Path | str | None = None,
    *,
    workers: int = 1,
    mask: Callable[[str], str] = str,
) -> dict[str, int]:
    """Score one raw file into a text and a mention file; see `ml.score_files.score_parquet`."""
    from ml import score_files

    return score_files.score_parquet(raw_path, text_out, mention_out, cache, workers=workers, mask=mask)
