"""A home with raw and score files as admission and scoring leave them, without running either.

`RawHome.deliver` plays the door: one raw file per call in the shape of docs/interfaces.md §6,
record versions, voice days and touched days by the rules of §3 and §7, and a score file by a rule
small enough to check by hand (a word stands for an aspect). Tests of the warehouse build on it;
tests of the door itself have their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_quality.contract import Contract, Entity, load_contract
from ml.score_files import MENTION_SCHEMA, TEXT_SCHEMA
from orchestration.admission.shape import raw_schema
from orchestration.partitions import business_date, day_end
from orchestration.settings import Settings

SCORER_VERSION = "fixture-1"
# word in the text → (aspect, polarity, intensity, urgency)
RULES: Mapping[str, tuple[str, int, int, str]] = {
    "刹车失灵": ("SAF-BRK", -1, 3, "safety"),
    "刹车": ("SAF-BRK", -1, 1, "function"),
    "空调不冷": ("INT-HVC", -1, 2, "comfort"),
    "空调很好": ("INT-HVC", 1, 2, "none"),
    "座椅舒服": ("INT-SEA", 1, 2, "none"),
    "座椅": ("INT-SEA", 0, 1, "none"),
    "抛锚": ("PWR-STA", -1, 3, "immobilised"),
}


def md5(*parts: Any) -> str:
    """A stand-in for keyed identifiers: 32 hex of the parts."""
    return hashlib.md5("\x1f".join(map(str, parts)).encode()).hexdigest()


def key(domain: str, value: str) -> str:
    """A pseudonym-shaped key."""
    return "k1_" + md5(domain, value)


@dataclass
class _Held:
    version: tuple[str, str]
    event_date: date
    voice: str | None


@dataclass
class RawHome:
    """Deliveries of a made-up past, with the part of the ledger that the warehouse reads."""

    settings: Settings
    _contracts: dict[str, Contract] = field(default_factory=dict)
    _deliveries: list[Any] = field(default_factory=list)
    _files: list[Any] = field(default_factory=list)
    _touched: dict[str, list[Any]] = field(default_factory=dict)
    _held: dict[tuple[str, str, str], _Held] = field(default_factory=dict)
    _voices: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._contracts = {
            name: load_contract(channel.contract_path) for name, channel in self.settings.channels.items()
        }

    def at(self, settings: Settings) -> RawHome:
        """The same past in another home (whose files are a copy of this one's)."""
        return RawHome(
            settings,
            _deliveries=list(self._deliveries),
            _files=list(self._files),
            _touched=dict(self._touched),
            _held={place: _Held(**vars(held)) for place, held in self._held.items()},
            _voices={voice: set(records) for voice, records in self._voices.items()},
        )

    # -- the ledger's side ------------------------------------------------------------------

    def deliveries(
        self, *, status: str | Sequence[str] | None = None, received_before: datetime | None = None
    ) -> Sequence[Any]:
        wanted = {status} if isinstance(status, str) else set(status or ())
        return sorted(
            (
                one
                for one in self._deliveries
                if (not wanted or one.status in wanted)
                and (received_before is None or one.received_at < received_before)
            ),
            key=lambda one: (one.received_at, one.delivery_id),
        )

    def files(self, zone: str, *, delivery_ids: Iterable[str] | None = None) -> Sequence[Any]:
        wanted = None if delivery_ids is None else frozenset(delivery_ids)
        return [
            one for one in self._files if one.zone == zone and (wanted is None or one.delivery_id in wanted)
        ]

    def touched_days(self, delivery_ids: Iterable[str]) -> Sequence[Any]:
        return [day for one in delivery_ids for day in self._touched.get(one, [])]

    def channel_status(self, as_of: date) -> Sequence[Any]:
        rows = []
        for channel in sorted({one.channel for one in self._deliveries}):
            own = [one for one in self.deliveries(received_before=day_end(as_of)) if one.channel == channel]
            if not own:
                continue
            days = [day.event_date for one in own for day in self._touched[one.delivery_id]]
            sums = {
                name: sum(getattr(one, name) for one in own)
                for name in ("records_in", "admitted", "duplicate", "superseded", "quarantined", "bytes")
            }
            rows.append(
                SimpleNamespace(
                    channel=channel,
                    as_of=as_of,
                    last_event_date=max(days, default=None),
                    deliveries=len(own),
                    withheld_deliveries=0,
                    quarantined_open=0,
                    bytes_covered=sums["bytes"],
                    equations_closed=True,
                    **sums,
                )
            )
        return rows

    # -- the door's side --------------------------------------------------------------------

    def deliver(
        self, channel: str, entity_name: str, received_at: datetime, records: Iterable[Mapping[str, Any]]
    ) -> str:
        """Admit records (field name → canonical text; identifier fields as plain values)."""
        contract = self._contracts[channel]
        entity = contract.entities[entity_name]
        delivery_id = md5(channel, entity_name, received_at, len(self._deliveries))[:16]
        rows, counts, touched = [], {"admitted": 0, "duplicate": 0, "superseded": 0}, set()
        for ordinal, record in enumerate(records):
            row = self._row(contract, entity, record, received_at, delivery_id, ordinal)
            verdict, days = self._judge(contract, entity, row)
            counts[verdict] += 1
            touched |= days
            if verdict == "admitted":
                rows.append(row)
        self._note(contract, entity, received_at, delivery_id, counts, touched)
        if rows:
            self._write(contract, entity, received_at, delivery_id, rows)
        return delivery_id

    def _row(
        self,
        contract: Contract,
        entity: Entity,
        record: Mapping[str, Any],
        received_at: datetime,
        delivery_id: str,
        ordinal: int,
    ) -> dict[str, Any]:
        event_at, event_date = _event(entity, record, received_at)
        text = _verbatim(entity, record)
        version = str(record[entity.version_field]) if entity.version_field else _stamp(received_at)
        named = [str(record.get(part) or "") for part in entity.record_key]
        row: dict[str, Any] = {
            "record_id": md5("record", contract.channel, entity.name, *named),
            "voice_id": None,
            "version_key": version,
            "content_hash": md5("content", *(record.get(one.name) for one in entity.fields)),
            "delivery_id": delivery_id,
            "record_ordinal": ordinal,
            "byte_start": ordinal * 10,
            "byte_end": ordinal * 10 + 10,
            "received_at": received_at.astimezone(UTC).replace(tzinfo=None),
            "ingest_date": business_date(received_at),
            "event_at": event_at.astimezone(UTC).replace(tzinfo=None),
            "event_date": event_date,
            "event_basis": entity.event_basis,
            "is_deleted": _is_deleted(entity, record),
            "contract_version": contract.version,
            "masker_version": "fixture",
            "pii_found": "{}",
            "text_keys": [],
            "verbatim": text or None,
            "score_input_hash": hashlib.sha256(text.encode()).hexdigest() if text else None,
        }
        if entity.voice_key:
            row["voice_id"] = md5(
                "feedback", contract.channel, *(str(record.get(part) or "") for part in entity.voice_key)
            )
        for one in entity.fields:
            row.update(_field_columns(one, record.get(one.name)))
        return row

    def _judge(self, contract: Contract, entity: Entity, row: Mapping[str, Any]) -> tuple[str, set[date]]:
        """Verdict on a record, and the days (old and new) of what it changes."""
        place = (contract.channel, entity.name, row["record_id"])
        version = (row["version_key"], row["content_hash"])
        held = self._held.get(place)
        event_date = row["event_date"]
        if held is not None:
            if held.version[1] == version[1]:
                return "duplicate", set()
            if version < held.version:
                return "superseded", set()
            if entity.event_field is None:
                event_date = min(event_date, held.event_date)
        voice = row["voice_id"]
        before = self._voice_day(contract.channel, entity.name, voice)
        self._held[place] = _Held(version, event_date, voice)
        if voice is None:
            return "admitted", {event_date} | ({held.event_date} if held else set())
        self._voices.setdefault((contract.channel, voice), set()).add(row["record_id"])
        after = self._voice_day(contract.channel, entity.name, voice)
        return "admitted", {day for day in (before, after) if day}

    def _voice_day(self, channel: str, entity: str, voice: str | None) -> date | None:
        records = self._voices.get((channel, voice or ""), set())
        return min((self._held[channel, entity, one].event_date for one in records), default=None)

    def _note(
        self,
        contract: Contract,
        entity: Entity,
        received_at: datetime,
        delivery_id: str,
        counts: Mapping[str, int],
        touched: set[date],
    ) -> None:
        records_in = sum(counts.values())
        self._deliveries.append(
            SimpleNamespace(
                delivery_id=delivery_id,
                channel=contract.channel,
                received_at=received_at,
                sha256=delivery_id,
                status="admitted",
                records_in=records_in,
                quarantined=0,
                bytes=records_in * 10,
                bytes_structure=0,
                bytes_records=records_in * 10,
                **counts,
            )
        )
        self._touched[delivery_id] = [
            SimpleNamespace(
                delivery_id=delivery_id, channel=contract.channel, entity=entity.name, event_date=day
            )
            for day in sorted(touched)
        ]

    def _write(
        self,
        contract: Contract,
        entity: Entity,
        received_at: datetime,
        delivery_id: str,
        rows: Sequence[Mapping[str, Any]],
    ) -> None:
        day = business_date(received_at).isoformat()
        folder = Path("raw") / contract.channel / day
        self._put("raw", contract, entity, folder, delivery_id, rows, raw_schema(contract, entity))
        if entity.verbatim:
            folder = Path("scores") / contract.channel / day
            texts = [_score(row) for row in rows if row["verbatim"]]
            mentions = [mention for row in rows if row["verbatim"] for mention in _mentions(row)]
            self._put("score_text", contract, entity, folder, delivery_id, texts, TEXT_SCHEMA)
            self._put("score_mention", contract, entity, folder, delivery_id, mentions, MENTION_SCHEMA)

    def _put(
        self,
        zone: str,
        contract: Contract,
        entity: Entity,
        folder: Path,
        delivery_id: str,
        rows: Sequence[Mapping[str, Any]],
        schema: pa.Schema,
    ) -> None:
        path = folder / f"{entity.name}-{delivery_id}.{zone}.parquet"
        (self.settings.home / folder).mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(
            [{name: row.get(name) for name in schema.names} for row in rows], schema=schema
        )
        pq.write_table(table, self.settings.home / path)
        self._files.append(
            SimpleNamespace(
                file_id=md5(path),
                zone=zone,
                channel=contract.channel,
                entity=entity.name,
                path=str(path),
                rows=len(rows),
                delivery_id=delivery_id,
                scorer_version=None if zone == "raw" else SCORER_VERSION,
                ingest_date=date.fromisoformat(folder.name),
            )
        )


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _event(entity: Entity, record: Mapping[str, Any], received_at: datetime) -> tuple[datetime, date]:
    if entity.event_field is None:
        return received_at, business_date(received_at)
    value = str(record[entity.event_field])
    if entity.event_basis == "source_date":
        day = date.fromisoformat(value)
        return datetime(day.year, day.month, day.day, tzinfo=UTC), day
    instant = datetime.fromisoformat(value).replace(tzinfo=UTC)
    return instant, business_date(instant)


def _verbatim(entity: Entity, record: Mapping[str, Any]) -> str | None:
    """The words of a record; those of another role than the voice's are not its words."""
    if entity.verbatim is None:
        return None
    if entity.verbatim.role_field and record.get(entity.verbatim.role_field) != entity.verbatim.role:
        return None
    return "\n".join(str(record[name]) for name in entity.verbatim.fields if record.get(name)) or None


def _is_deleted(entity: Entity, record: Mapping[str, Any]) -> bool:
    return bool(entity.tombstone and record.get(entity.tombstone.field) in entity.tombstone.values)


def _field_columns(one: Any, value: Any) -> dict[str, Any]:
    if not one.raw_columns:
        return {}
    if one.pii == "vin":
        keys = (key("vin", value), key("vin8", value[-8:]), value[:3], None, None) if value else (None,) * 5
        return dict(zip(one.raw_columns, keys, strict=True))
    if one.is_identifier:
        return {one.raw_columns[0]: key(one.pii, value) if value else None}
    return {one.name: None if value is None else str(value)}


def _mentions(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    text, found, taken = row["verbatim"], [], set()
    for word, (aspect, polarity, intensity, urgency) in RULES.items():
        start = text.find(word)
        if start < 0 or start in taken:
            continue
        taken.add(start)
        found.append((start, word, aspect, polarity, intensity, urgency))
    return [
        {
            **{name: row[name] for name in ("record_id", "voice_id", "content_hash", "score_input_hash")},
            "scorer_version": SCORER_VERSION,
            "mention_seq": number,
            "aspect_code": aspect,
            "polarity": polarity,
            "intensity": intensity,
            "urgency": urgency,
            "evidence_start": start,
            "evidence_end": start + len(word),
            "confidence": 0.8,
            "is_cold_start": True,
        }
        for number, (start, word, aspect, polarity, intensity, urgency) in enumerate(sorted(found), start=1)
    ]


def _score(row: Mapping[str, Any]) -> dict[str, Any]:
    mentions = _mentions(row)
    total = sum(one["polarity"] * one["intensity"] for one in mentions)
    order = ("safety", "immobilised", "function", "comfort", "wish", "none")
    return {
        **{name: row[name] for name in ("record_id", "voice_id", "content_hash", "score_input_hash")},
        "scorer_version": SCORER_VERSION,
        "taxonomy_version": "fixture",
        "lexicon_version": "fixture",
        "scored_at": row["received_at"],
        "sentiment_polarity": (total > 0) - (total < 0),
        "sentiment_score": max(-1.0, min(1.0, total / 4)),
        "urgency": min((one["urgency"] for one in mentions), key=order.index, default="none"),
        "confidence": 0.8,
        "mention_count": len(mentions),
        "is_cold_start": True,
        "is_abstained": not mentions,
        "text_char_count": len(row["verbatim"]),
        "customer_char_count": len(row["verbatim"]),
    }
