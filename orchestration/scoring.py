"""Scoring what was admitted: every listed raw file of voices gets its score files.

Decides which files need scores and lists the result in the ledger; how a text becomes a score is
`ml.scoring`. A file is scored once per scorer version; its texts come from the cache where known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestration.admission.ledger import Ledger
from orchestration.admission.ledger_types import FileEntry
from orchestration.contracts import channel_contract
from orchestration.faults import fault_point
from orchestration.settings import Settings

CACHE_NAME = "score_cache.sqlite"


@dataclass(frozen=True)
class ScoreReport:
    """Totals of one scoring pass."""

    files: int = 0
    texts: int = 0
    scored_texts: int = 0
    cache_hits: int = 0
    mentions: int = 0


def scorer_version() -> str:
    """Return the version of the scorer this code would run."""
    from ml.scoring import SCORER_VERSION

    return SCORER_VERSION


def voice_entities(settings: Settings) -> set[tuple[str, str]]:
    """Return the (channel, entity) pairs whose records are voices."""
    return {
        (name, entity)
        for name in settings.channels
        for entity, spec in channel_contract(settings, name).entities.items()
        if spec.voice_key
    }


def score_pending(
    settings: Settings, ledger: Ledger, progress: Callable[[int, int], None] | None = None
) -> ScoreReport:
    """Score every listed voice file that has no scores of this scorer version yet."""
    from ml.score_cache import ScoreCache

    voices = voice_entities(settings)
    waiting = [one for one in ledger.unscored_files(scorer_version()) if (one.channel, one.entity) in voices]
    if not waiting:
        return ScoreReport()
    totals = dict.fromkeys(("texts", "scored_texts", "cache_hits", "mentions"), 0)
    settings.scores.mkdir(parents=True, exist_ok=True)
    with ScoreCache(settings.scores / CACHE_NAME) as cache:
        for done, raw_file in enumerate(waiting, 1):
            counts = _score_file(settings, ledger, raw_file, cache)
            totals = {key: value + counts[key] for key, value in totals.items()}
            fault_point("after_score_commit")
            if progress:
                progress(done, len(waiting))
    return ScoreReport(files=len(waiting), **totals)


def _score_file(settings: Settings, ledger: Ledger, raw_file: FileEntry, cache: object) -> dict[str, int]:
    """Write and list both score files of one raw file."""
    from ml.score_files import score_parquet
    from orchestration.admission.masking import mask_text

    raw_path = settings.home / raw_file.path
    folder = settings.scores / raw_file.channel / raw_file.ingest_date.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    version = scorer_version()
    outputs = {zone: folder / f"{raw_path.stem}.{zone}.{version}.parquet" for zone in ("text", "mention")}
    counts = score_parquet(
        raw_path,
        outputs["text"],
        outputs["mention"],
        cache,  # type: ignore[arg-type]
        mask=lambda text: mask_text(text).text,
    )
    fault_point("mid_score")
    rows = {"text": counts["texts"], "mention": counts["mentions"]}
    ledger.list_score_files(
        [_entry(settings, raw_file, zone, path, rows[zone], version) for zone, path in outputs.items()]
    )
    return counts


def _entry(
    settings: Settings, raw_file: FileEntry, zone: str, path: Path, rows: int, version: str
) -> FileEntry:
    return FileEntry(
        zone=f"score_{zone}",
        channel=raw_file.channel,
        entity=raw_file.entity,
        ingest_date=raw_file.ingest_date,
        path=str(path.relative_to(settings.home)),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        rows=rows,
        bytes=path.stat().st_size,
        delivery_id=raw_file.delivery_id,
        parent_file_id=raw_file.file_id,
        scorer_version=version,
    )
