"""The warehouse's control layer: which deliveries a build covers and which days it must redo.

Before dbt runs, `open_window` lays views `raw.<channel>__<entity>` over exactly the raw files of
the window and writes the `ctl` tables; after a good build `close_window` marks the deliveries as
built. Shapes: docs/interfaces.md §9. What was admitted is the ledger's knowledge
(`orchestration/admission`); what the tables mean stands in `dbt_project/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from data_quality.contract import Contract, Entity, load_contract
from orchestration.partitions import day_end
from orchestration.settings import Settings
from orchestration.warehouse.connection import WarehouseError, connect_writer, quoted
from orchestration.warehouse.dbt_runner import feedback_channels, project_hash

FEEDBACK = "feedback"
ADMITTED = "admitted"
COUNTED = ("records_in", "admitted", "duplicate", "superseded", "quarantined", "bytes")

SCORE_TEXT_SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("voice_id", pa.string()),
        ("content_hash", pa.string()),
        ("score_input_hash", pa.string()),
        ("scorer_version", pa.string()),
        ("taxonomy_version", pa.string()),
        ("lexicon_version", pa.string()),
        ("scored_at", pa.timestamp("us")),
        ("sentiment_polarity", pa.int32()),
        ("sentiment_score", pa.float64()),
        ("urgency", pa.string()),
        ("confidence", pa.float64()),
        ("mention_count", pa.int32()),
        ("is_cold_start", pa.bool_()),
        ("is_abstained", pa.bool_()),
        ("text_char_count", pa.int32()),
    ]
)
SCORE_MENTION_SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("voice_id", pa.string()),
        ("content_hash", pa.string()),
        ("score_input_hash", pa.string()),
        ("scorer_version", pa.string()),
        ("mention_seq", pa.int32()),
        ("aspect_code", pa.string()),
        ("polarity", pa.int32()),
        ("intensity", pa.int32()),
        ("urgency", pa.string()),
        ("evidence_start", pa.int32()),
        ("evidence_end", pa.int32()),
        ("confidence", pa.float64()),
        ("is_cold_start", pa.bool_()),
    ]
)


class DeliveryRow(Protocol):
    """What the window needs to know of a delivery."""

    delivery_id: str
    channel: str
    received_at: datetime
    status: str


@dataclass(frozen=True)
class BuildWindow:
    """What one build covers."""

    as_of: date
    window_key: str
    is_full_rebuild: bool
    full_rebuild_reasons: tuple[str, ...]
    delivery_ids: tuple[str, ...]
    raw_file_count: int
    affected: Mapping[str, int] = field(default_factory=dict)
    state: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to build: no new delivery and no reason to rebuild."""
        return not self.delivery_ids and not self.is_full_rebuild
