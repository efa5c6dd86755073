"""Storing a judged delivery: look up what is known, write its files, then one ledger transaction.

Here: the only writer of record keys, touched days, quarantine rows and counts. The rules of versions
are `dispositions.py`, the content of files `shape.py`, their writing `parquet_files.py`.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data_quality.contract import Contract, Entity
from orchestration.admission.dispositions import (
    ADMITTED,
    DUPLICATE,
    QUARANTINED,
    SUPERSEDED,
    Candidate,
    Current,
    Outcome,
    decide,
    sighting,
    version_key,
)
from orchestration.admission.keys import Keys
from orchestration.admission.ledger import Ledger, insert_file, instant_of, utc_text
from orchestration.admission.ledger_types import Delivery, FileEntry
from orchestration.admission.parquet_files import Written, write_table
from orchestration.admission.pseudonym import domain_of
from orchestration.admission.readers import Reading
from orchestration.admission.reasons import Reason
from orchestration.admission.records import Physical
from orchestration.admission.shape import Shaper, identity_table, table_of
from orchestration.admission.unpack import Opened
from orchestration.admission.xlsx_book import Book
from orchestration.admission.xlsx_rows import alone
from orchestration.faults import fault_point
from orchestration.partitions import business_date
from orchestration.settings import Settings
from orchestration.sources.files import make_folder, write_durably

INLINE_PAYLOAD_BYTES = 1024**2 + 64
_WHOLE = frozenset(
    {
        Reason.EMPTY_DELIVERY, Reason.HEADER_ONLY, Reason.ARCHIVE_DAMAGED, Reason.ARCHIVE_LIMIT,
        Reason.UNKNOWN_HEADER, Reason.MISSING_COLUMN, Reason.DUPLICATE_COLUMN, Reason.NOT_A_WORKBOOK,
        Reason.UNKNOWN_SHEET,
    }
)  # fmt: skip
_DISPOSITION_SCHEMA = pa.schema(
    [
        ("record_ordinal", pa.int64()),
        ("line_no", pa.int64()),
        ("byte_start", pa.int64()),
        ("byte_end", pa.int64()),
        ("entity", pa.string()),
        ("disposition", pa.string()),
        ("reason_code", pa.string()),
        ("field", pa.string()),
        ("record_id", pa.string()),
    ]
)
_CURRENT = (
    "voice_id, version, content_hash, event_date, is_deleted, first_sighting, content_sighting, delivery_id"
)


@dataclass(frozen=True)
class Intake:
    """Everything the storing of one judged delivery needs."""

    settings: Settings
    ledger: Ledger
    keys: Keys
    contract: Contract
    delivery: Delivery
    opened: Opened
    reading: Reading


class StaleProbeError(Exception):
    """The ledger changed between looking and writing."""


@dataclass
class _EntityPart:
    """One entity of the delivery at hand, on its way into the ledger."""

    entity: Entity
    entity_id: int
    outcome: Outcome
    subjects: set[str] = field(default_factory=set)
    files: list[FileEntry] = field(default_factory=list)
    has_own_voices: bool = False  # record and voice are one: no look-up of other records needed


def admit_reading(intake: Intake) -> Counter[str]:
    """Write files and ledger entries of a judged delivery; returns how often each reason was met.

    Raises:
        StaleProbeError: another admission came in between; nothing was changed.

    """
    ledger, contract, delivery, reading = intake.ledger, intake.contract, intake.delivery, intake.reading
    generation = _generation(ledger.connection)
    is_release = delivery.source.get("kind") == "quarantine_release"
    copy_of = None if is_release else ledger.admitted_copy(delivery)
    candidates = _candidates(contract, intake.keys, delivery, reading)
    parts = [
        _decide(ledger, contract, delivery, contract.entities[name], group, is_copy=copy_of is not None)
        for name, group in sorted(candidates.items())
    ]
    found: dict[int, Candidate] = {one.ordinal: one for group in candidates.values() for one in group}
    files = _write_files(intake, parts)
    files.append(_write_dispositions(intake, found, is_copy=copy_of is not None))
    bad = [] if copy_of else [one for one in reading.records if one.problem is not None]
    quarantine = [_quarantine_row(intake, one) for one in bad]
    with ledger.transaction() as connection:
        if _generation(connection) != generation:
            raise StaleProbeError
        _store_files(connection, parts, files)
        for part in parts:
            _store_keys(connection, delivery, part)
        _store_quarantine(connection, quarantine)
        _store_counts(connection, intake, parts, found, copy_of)
        fault_point("before_ledger_commit")
    fault_point("after_ledger_commit")
    return Counter(str(one.problem.reason) for one in bad if one.problem is not None)


# -- deciding -----------------------------------------------------------------------------------


def _candidates(
    contract: Contract, keys: Keys, delivery: Delivery, reading: Reading
) -> dict[str, list[Candidate]]:
    groups: dict[str, list[Candidate]] = {}
    received = utc_text(delivery.received_at)
    builders = {
        name: _builder(contract, entity, keys, received) for name, entity in contract.entities.items()
    }
    for one in reading.records:
        if one.problem is None:
            groups.setdefault(one.entity, []).append(builders[one.entity](one))
    return groups


def _builder(contract: Contract, entity: Entity, keys: Keys, received: str) -> Any:
    names = [one.name for one in entity.fields]
    record_at = [names.index(name) for name in entity.record_key]
    voice_at = [names.index(name) for name in entity.voice_key]
    event_at = None if entity.event_field is None else names.index(entity.event_field)
    version_at = None if entity.version_field is None else names.index(entity.version_field)
    version_is_number = version_at is not None and entity.fields[version_at].type == "integer"
    event_is_date = event_at is not None and entity.fields[event_at].type == "date"
    dead_at = None if entity.tombstone is None else names.index(entity.tombstone.field)
    dead = frozenset() if entity.tombstone is None else entity.tombstone.values
    days: dict[str, str] = {}
    identifier = keys.identifier_bytes

    def day_of(text: str) -> str:
        if event_is_date:
            return text
        hour = text[:13]  # the Shanghai date is the same for a whole hour
        if hour not in days:
            days[hour] = business_date(instant_of(text)).isoformat()
        return days[hour]

    def build(one: Physical) -> Candidate:
        values = one.values
        assert isinstance(values, tuple)  # noqa: S101 - candidates are valid records
        one.values = None  # the candidate has them now
        said = [
            part
            for name, value in zip(names, values, strict=True)
            if value is not None
            for part in (name, value)
        ]
        version = received if version_at is None else values[version_at] or ""
        return Candidate(
            one.ordinal,
            one,
            values,
            identifier("record", contract.channel, entity.name, *[values[at] or "" for at in record_at]),
            identifier("feedback", contract.channel, *[values[at] or "" for at in voice_at])
            if voice_at
            else None,
            _sortable(int(version)) if version_is_number else version,
            identifier("content", contract.channel, entity.name, *said),
            "" if event_at is None else day_of(values[event_at] or ""),
            dead_at is not None and values[dead_at] in dead,
        )

    return build


def _sortable(number: int) -> str:
    """Write an integer version so that text order is number order."""
    return f"{number + 10**18:019d}"


def _decide(
    ledger: Ledger,
    contract: Contract,
    delivery: Delivery,
    entity: Entity,
    group: list[Candidate],
    *,
    is_copy: bool,
) -> _EntityPart:
    entity_id = _entity_id(ledger, contract.channel, entity.name)
    current, past = _probe(ledger.connection, entity_id, group)
    seen = sighting(delivery.received_at, delivery.delivery_id)
    outcome = decide(
        group,
        current,
        past,
        seen,
        basis_received=entity.event_field is None,
        # The first copy of a delivery has left its old versions already.
        keeps_versions=entity.keeps_versions and not is_copy,
    )
    voices = [one for one in contract.entities.values() if one.is_voice]
    own = len(voices) == 1 and set(entity.record_key) == set(entity.voice_key)
    for one in outcome.admitted:
        known = current.get(one.record_id)
        event_date = one.event_date or _day_of_sighting(one.first_sighting)
        one.event_date = event_date
        outcome.upserts[one.record_id] = Current(
            None if own else one.voice_id, one.version, one.content_hash, event_date, one.is_deleted,
            one.first_sighting, one.content_sighting, delivery.delivery_id,
        )  # fmt: skip
        if known is not None:
            outcome.before[one.record_id] = known
    for one in outcome.kept:
        one.event_date = one.event_date or _day_of_sighting(one.first_sighting)
    for record_id, known in outcome.redated.items():
        outcome.before[record_id] = current[record_id]
        outcome.redated[record_id] = known._replace(event_date=_day_of_sighting(known.first_sighting))
    return _EntityPart(entity, entity_id, outcome, has_own_voices=own)


def _day_of_sighting(text: str) -> str:
    return business_date(instant_of(text.partition("/")[0])).isoformat()


def _entity_id(ledger: Ledger, channel: str, entity: str) -> int:
    query = "select entity_id from entity where channel = ? and entity = ?"
    row = ledger.connection.execute(query, (channel, entity)).fetchone()
    if row is None:
        with ledger.transaction() as connection:
            connection.execute(
                "insert or ignore into entity(channel, entity) values (?,?)", (channel, entity)
            )
        row = ledger.connection.execute(query, (channel, entity)).fetchone()
    return int(row[0])


def _generation(connection: sqlite3.Connection) -> int:
    row = connection.execute("select value from meta where name = 'generation'").fetchone()
    return int(row[0]) if row else 0


def _probe(
    connection: sqlite3.Connection, entity_id: int, group: Sequence[Candidate]
) -> tuple[dict[bytes, Current], dict[tuple[bytes, bytes], str]]:
    """Look up all records of a delivery at once, through a table in memory, in key order."""
    connection.execute("create temp table if not exists probe(record_id blob primary key) without rowid")
    connection.execute("begin")
    connection.execute("delete from probe")
    ids = sorted({one.record_id for one in group})
    connection.executemany("insert into probe values (?)", ((one,) for one in ids))
    rows = connection.execute(
        f"select p.record_id, {_CURRENT} from probe p cross join record_key r"
        " on r.entity_id = ? and r.record_id = p.record_id",
        (entity_id,),
    )
    current = {
        row[0]: Current(row[1], row[2], row[3], row[4], bool(row[5]), row[6], row[7], row[8]) for row in rows
    }
    rows = connection.execute(
        "select p.record_id, content_hash, sighting from probe p cross join past_content h"
        " on h.entity_id = ? and h.record_id = p.record_id",
        (entity_id,),
    )
    past = {(row[0], row[1]): row[2] for row in rows}
    connection.execute("commit")
    return current, past


# -- files --------------------------------------------------------------------------------------


def _write_files(intake: Intake, parts: Sequence[_EntityPart]) -> list[FileEntry]:
    settings, ledger, delivery = intake.settings, intake.ledger, intake.delivery
    contract, keys = intake.contract, intake.keys
    day = delivery.ingest_date.isoformat()
    identities: dict[tuple[str, str], tuple[str, str, str, str, str]] = {}
    for part in parts:
        outcome = part.outcome
        rows = sorted((*outcome.admitted, *outcome.kept), key=lambda one: one.ordinal)
        if not rows and not outcome.redated:
            continue
        shaper = Shaper(contract, part.entity, delivery, keys)
        table = shaper.raw_table(rows)
        part.subjects = shaper.subjects
        if outcome.redated:
            again = _redated_rows(settings, ledger, part, table.schema)
            part.subjects |= _subjects_in(part.entity, again)
            table = pa.concat_tables([table, again])
        folder = settings.raw / delivery.channel / day
        raw = write_table(
            table, folder, f"{part.entity.name}-{{sha16}}.parquet", settings.home, owner_only=False
        )
        part.files.append(_entry(settings, delivery, "raw", part.entity.name, raw))
        if rows:
            folder = settings.restricted / "originals" / delivery.channel / day
            table = shaper.original_table(rows)
            original = write_table(table, folder, "{sha}.parquet", settings.home, owner_only=True)
            part.files.append(_entry(settings, delivery, "original", part.entity.name, original))
        identities |= shaper.identities
    if not identities:
        return []
    table, folder = identity_table(identities), settings.restricted / "identity"
    # The delivery in the name: two deliveries with the same people keep files of their own.
    name = f"{delivery.delivery_id}-{{sha16}}.parquet"
    return [
        _entry(
            settings,
            delivery,
            "identity",
            "",
            write_table(table, folder, name, settings.home, owner_only=True),
        )
    ]


def _redated_rows(settings: Settings, ledger: Ledger, part: _EntityPart, schema: pa.Schema) -> pa.Table:
    """Fetch current rows from their raw files and give them the earlier event time."""
    redated = part.outcome.redated
    by_delivery: dict[str, list[str]] = {}
    for record_id, known in sorted(redated.items()):
        by_delivery.setdefault(known.delivery_id, []).append(record_id.hex())
    rows: list[dict[str, Any]] = []
    for delivery_id, ids in sorted(by_delivery.items()):
        for entry in ledger.files("raw", entity=part.entity.name, delivery_ids=[delivery_id]):
            rows += pq.read_table(
                settings.home / entry.path, filters=pc.field("record_id").isin(ids)
            ).to_pylist()
    for row in rows:
        known = redated[bytes.fromhex(row["record_id"])]
        instant = instant_of(known.first_sighting.partition("/")[0])
        row["event_at"] = instant.replace(tzinfo=None)
        row["event_date"] = business_date(instant)
        row["version_key"] = version_key(
            known.version, known.content_hash, known.content_sighting, known.first_sighting
        )
    rows.sort(key=lambda row: row["record_id"])
    known_rows = [{name: row.get(name) for name in schema.names} for row in rows]
    return pa.Table.from_pylist(known_rows, schema=schema)


def _subjects_in(entity: Entity, table: pa.Table) -> set[str]:
    subjects = {one for keys in table.column("text_keys").to_pylist() for one in keys or ()}
    for one in entity.fields:
        if one.is_identifier:
            for column in one.raw_columns[: 2 if one.pii == "vin" else 1]:
                domain = "vin8" if column == f"{one.name}8_key" and one.pii == "vin" else domain_of(one.pii)
                subjects |= {f"{domain}:{key}" for key in table.column(column).to_pylist() if key}
    return subjects


def _write_dispositions(intake: Intake, found: dict[int, Candidate], *, is_copy: bool) -> FileEntry:
    settings, delivery, reading = intake.settings, intake.delivery, intake.reading
    bad = DUPLICATE if is_copy else QUARANTINED
    rows: list[tuple[Any, ...]] = [
        (None, one.line_no, one.start, one.end, None, "structure", None, None, None)
        for one in reading.structure
    ]
    for one in reading.records:
        item, candidate, problem = one, found.get(one.ordinal), one.problem
        rows.append(
            (
                one.ordinal, item.line_no, item.start, item.end, item.entity or None,
                bad if candidate is None else candidate.disposition,
                None if problem is None else str(problem.reason),
                None if problem is None else problem.field or None,
                None if candidate is None else candidate.record_id.hex(),
            )
        )  # fmt: skip
    rows.sort(key=lambda row: (row[2], row[3]))
    table = table_of(rows, _DISPOSITION_SCHEMA)
    folder = settings.restricted / "dispositions"
    written = write_table(table, folder, f"{delivery.delivery_id}.parquet", settings.home, owner_only=True)
    return _entry(settings, delivery, "disposition", "", written)


def _entry(settings: Settings, delivery: Delivery, zone: str, entity: str, written: Written) -> FileEntry:
    path = written.path.relative_to(settings.home).as_posix()
    return FileEntry(
        zone, delivery.channel, entity, delivery.ingest_date, path, written.sha256, written.rows,
        written.bytes, delivery.delivery_id,
    )  # fmt: skip


def _quarantine_row(intake: Intake, item: Physical) -> tuple[tuple[Any, ...], tuple[str, bytes] | None]:
    delivery, problem = intake.delivery, item.problem
    assert problem is not None  # noqa: S101 - only records with a problem come here
    payload = _payload(intake, item.start, item.end)
    header = None
    if item.header is not None:
        raw = _payload(intake, *item.header)
        header = (hashlib.sha256(raw).hexdigest()[:16], raw)
    packed, path = _pack(intake.settings, payload)
    quarantine_id = hashlib.sha256(f"{delivery.delivery_id}/{item.ordinal}".encode()).hexdigest()[:16]
    row = (
        quarantine_id, delivery.delivery_id, delivery.channel, item.entity, item.ordinal, item.line_no,
        item.start, item.end, problem.field, str(problem.reason), problem.detail, packed, path, len(payload),
        None if header is None else header[0], intake.contract.version, utc_text(delivery.received_at),
    )  # fmt: skip
    return row, header


def _payload(intake: Intake, start: int, end: int) -> bytes:
    if intake.opened.problem is not None:
        return (intake.settings.home / intake.delivery.landing_path).read_bytes()
    for member in intake.opened.members:
        if member.base <= start and end <= member.base + member.size:
            part = bytes(member.data[start - member.base : end - member.base])
            if not isinstance(member.book, Book):
                return part
            # Of a workbook: all of it as received, or a row with the texts that stand elsewhere in it.
            return member.book.original if len(part) == member.size else alone(member.book, part)
    return b""


def _pack(settings: Settings, payload: bytes) -> tuple[bytes | None, str | None]:
    """Small payloads live in the ledger, large ones in a file of their own beside it."""
    packed = zlib.compress(payload, 6)
    if len(payload) <= INLINE_PAYLOAD_BYTES:
        return packed, None
    folder = settings.restricted / "quarantine"
    make_folder(folder, settings.home)
    path = folder / f"{hashlib.sha256(payload).hexdigest()}.zlib"
    if not path.exists():
        part = path.with_suffix(".part")
        write_durably(part, packed)
        part.replace(path)
    return None, path.relative_to(settings.home).as_posix()


# -- the transaction ------------------------------------------------------------------------------


def _store_files(
    connection: sqlite3.Connection, parts: Iterable[_EntityPart], others: Iterable[FileEntry]
) -> None:
    subjects: set[str] = set()
    for part in parts:
        ids = [insert_file(connection, one) for one in part.files]
        subjects |= part.subjects
        for file_id in ids:
            connection.executemany(
                "insert or ignore into subject_file values (?, ?)",
                ((one, file_id) for one in sorted(part.subjects)),
            )
    for one in others:
        file_id = insert_file(connection, one)
        if one.zone == "identity":
            connection.executemany(
                "insert or ignore into subject_file values (?, ?)",
                ((name, file_id) for name in sorted(subjects)),
            )


def _store_keys(connection: sqlite3.Connection, delivery: Delivery, part: _EntityPart) -> None:
    outcome = part.outcome
    for record_id, known in outcome.redated.items():
        outcome.upserts[record_id] = known._replace(delivery_id=delivery.delivery_id)
    changed = {one.record_id: one for one in outcome.admitted}
    days: set[str] = set()
    by_voice = part.entity.is_voice and not part.has_own_voices
    if by_voice:
        voices = {one.voice_id for one in outcome.before.values()} | {
            one.voice_id for one in changed.values()
        }
        days |= _voice_days(connection, {one for one in voices if one is not None})
    else:
        days |= {one.event_date for one in outcome.before.values()}
    connection.executemany(
        f"insert into record_key(entity_id, record_id, {_CURRENT}) values (?,?,?,?,?,?,?,?,?,?)"
        " on conflict do update set voice_id = excluded.voice_id, version = excluded.version,"
        " content_hash = excluded.content_hash, event_date = excluded.event_date,"
        " is_deleted = excluded.is_deleted, first_sighting = excluded.first_sighting,"
        " content_sighting = excluded.content_sighting, delivery_id = excluded.delivery_id",
        ((part.entity_id, record_id, *outcome.upserts[record_id]) for record_id in sorted(outcome.upserts)),
    )
    connection.executemany(
        "insert into past_content values (?,?,?,?) on conflict do update"
        " set sighting = min(sighting, excluded.sighting)",
        [(part.entity_id, *key, seen) for key, seen in sorted(outcome.past.items())],
    )
    if by_voice:
        days |= _voice_days(connection, None)
    else:
        days |= {outcome.upserts[one].event_date for one in (*changed, *outcome.redated)}
        days |= {one.event_date for one in outcome.kept}
    connection.executemany(
        "insert or ignore into touched_day values (?,?,?,?)",
        [(delivery.delivery_id, delivery.channel, part.entity.name, day) for day in sorted(days)],
    )


def _voice_days(connection: sqlite3.Connection, voices: set[bytes] | None) -> set[str]:
    """Return the voice days of these voices (None: of the same ones again)."""
    connection.execute("create temp table if not exists voice_probe(voice_id blob primary key) without rowid")
    if voices is not None:
        connection.execute("delete from voice_probe")
        connection.executemany("insert into voice_probe values (?)", ((one,) for one in sorted(voices)))
    rows = connection.execute(
        "select distinct min(r.event_date) from voice_probe p cross join record_key r using (voice_id)"
        " group by p.voice_id"
    )
    return {row[0] for row in rows}


def _store_quarantine(
    connection: sqlite3.Connection, rows: Sequence[tuple[tuple[Any, ...], tuple[str, bytes] | None]]
) -> None:
    headers = {header[0]: header[1] for _, header in rows if header is not None}
    connection.executemany("insert or ignore into csv_header values (?,?)", sorted(headers.items()))
    connection.executemany(
        "insert or ignore into quarantine(quarantine_id, delivery_id, channel, entity, record_ordinal,"
        " line_no, byte_start, byte_end, field, reason_code, reason_detail, payload, payload_path,"
        " payload_bytes, header_id, contract_version, detected_at)"
        " values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [row for row, _ in rows],
    )


def _store_counts(
    connection: sqlite3.Connection,
    intake: Intake,
    parts: Sequence[_EntityPart],
    found: dict[int, Candidate],
    copy_of: str | None,
) -> None:
    contract, delivery, opened, reading = intake.contract, intake.delivery, intake.opened, intake.reading
    counts = Counter(one.disposition for one in found.values())
    bad = len(reading.records) - len(found)
    counts[DUPLICATE if copy_of else QUARANTINED] += bad
    status, reason = _status(reading, counts, copy_of)
    last = max((one.event_date for part in parts for one in part.outcome.admitted), default=None)
    drift = {"unlisted_columns": sorted(reading.unlisted)} if reading.unlisted else {}
    changed = connection.execute(
        "update delivery set status = ?, status_reason = ?, contract_version = ?, records_in = ?,"
        " admitted = ?, duplicate = ?, superseded = ?, quarantined = ?, bytes = ?,"
        " bytes_structure = ?, bytes_records = ?,"
        " last_event_date = ?, drift_json = ? where delivery_id = ? and status in ('landed', 'withheld')",
        (
            status, reason, contract.version, len(reading.records), counts[ADMITTED], counts[DUPLICATE],
            counts[SUPERSEDED], counts[QUARANTINED], opened.size, reading.bytes_structure,
            reading.bytes_records, last, json.dumps(drift, ensure_ascii=False), delivery.delivery_id,
        ),
    ).rowcount  # fmt: skip
    if changed != 1:
        raise StaleProbeError
    connection.execute(
        "insert into meta values ('generation', '1')"
        " on conflict do update set value = cast(value as integer) + 1"
    )


def _status(reading: Reading, counts: Counter[str], copy_of: str | None) -> tuple[str, str]:
    if copy_of is not None and not counts[ADMITTED]:
        return "duplicate_delivery", f"same bytes as delivery {copy_of}"
    problems = [one.problem for one in reading.records if one.problem is not None]
    whole = (
        problems and len(problems) == len(reading.records) and not any(one.header for one in reading.records)
    )
    if whole and (len(problems) == 1 or all(one.reason in _WHOLE for one in problems)):
        return "quarantined_whole", str(problems[0].reason)
    return "admitted", ""
