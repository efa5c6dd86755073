"""Rows of the ledger as the rooms see them. Tables: `ledger_schema.py`; reading and writing: `ledger.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Delivery:
    """One delivery: what was received, and once admitted what became of it."""

    delivery_id: str
    channel: str
    file_name: str
    received_at: datetime  # aware, UTC
    ingest_date: date  # Shanghai
    file_bytes: int  # as received
    bytes: int  # of the content the spans cover: decompressed for archives
    sha256: str
    landing_path: str  # payload, relative to the home
    source: Mapping[str, Any] = field(default_factory=dict)
    status: str = "landed"
    status_reason: str = ""
    contract_version: int | None = None
    records_in: int = 0
    admitted: int = 0
    duplicate: int = 0
    superseded: int = 0
    quarantined: int = 0
    bytes_structure: int = 0
    bytes_records: int = 0
    last_event_date: date | None = None
    drift: Mapping[str, Any] = field(default_factory=dict)
    landing_deleted: str | None = None


@dataclass(frozen=True)
class FileEntry:
    """One file listed in the ledger; `path` is relative to the home."""

    zone: str
    channel: str
    entity: str
    ingest_date: date
    path: str
    sha256: str
    rows: int
    bytes: int
    delivery_id: str
    file_id: int = 0
    parent_file_id: int | None = None
    scorer_version: str | None = None
    status: str = "listed"


class TouchedDay(NamedTuple):
    """A voice day (or business record day) that deliveries changed."""

    channel: str
    entity: str
    event_date: date


@dataclass(frozen=True)
class Equation:
    """Both closing equations of one delivery, or of all together (`delivery_id` None)."""

    delivery_id: str | None
    channel: str | None
    records_in: int
    admitted: int
    duplicate: int
    superseded: int
    quarantined: int
    bytes: int
    bytes_structure: int
    bytes_records: int
    quarantined_open: int
    quarantined_released: int
    quarantined_discarded: int

    @property
    def closed(self) -> bool:
        """Whether nothing is lost: records, bytes and quarantine over time."""
        resolved = self.quarantined_open + self.quarantined_released + self.quarantined_discarded
        return (
            self.records_in == self.admitted + self.duplicate + self.superseded + self.quarantined
            and self.bytes == self.bytes_structure + self.bytes_records
            and self.quarantined == resolved
        )


@dataclass(frozen=True)
class QuarantineRow:
    """One quarantined record, without its payload."""

    quarantine_id: str
    delivery_id: str
    channel: str
    entity: str
    record_ordinal: int
    line_no: int
    byte_start: int
    byte_end: int
    field: str
    reason_code: str
    reason_detail: str
    payload_bytes: int
    header_id: str | None
    contract_version: int
    detected_at: str
    status: str
    resolved_by: str | None
    resolved_why: str | None
    resolved_at: str | None
    release_delivery_id: str | None


class AuditEntry(NamedTuple):
    """Who did what to what, and when; `detail` holds no value of a record."""

    at: datetime
    by: str
    action: str
    subject: str
    detail: Mapping[str, Any]


class ChannelStatus(NamedTuple):
    """One row of `ctl.channel_status` without staleness (docs/interfaces.md §9)."""

    channel: str
    as_of: date
    last_received_at: datetime | None
    last_event_date: date | None
    deliveries: int
    records_in: int
    admitted: int
    duplicate: int
    superseded: int
    quarantined: int
    quarantined_open: int
    bytes: int
    bytes_covered: int
    withheld_deliveries: int
    equations_closed: bool
