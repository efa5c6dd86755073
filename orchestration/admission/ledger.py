"""The operations ledger: what was received, what became of it, which files exist. SQLite, WAL.

The one owner of `restricted/ops.sqlite`. Write transactions are short, so that `voc status`,
`deliver` and `quarantine` work while a refresh runs. Deciding what a record becomes is
`dispositions.py`; the tables stand in `ledger_schema.py`, the rows' shapes in `ledger_types.py`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from orchestration.admission.ledger_schema import DDL, SCHEMA_VERSION
from orchestration.admission.ledger_types import (
    AuditEntry,
    ChannelStatus,
    Delivery,
    Equation,
    FileEntry,
    QuarantineRow,
    TouchedDay,
)
from orchestration.partitions import day_end
from orchestration.settings import Settings

BUSY_SECONDS = 60
_GENESIS = "0" * 64
_QUARANTINE_COLUMNS = ", ".join(one.name for one in dataclass_fields(QuarantineRow))
# Not for export: payloads and headers are original bytes.
# Not the record keys and the subject index: they grow with every record, and no model needs them.
_EXPORTED = ("delivery", "file", "entity", "touched_day", "run", "published_version", "audit")
# Not what people or sources wrote (a file or column may be called after a customer's number).
_NOT_EXPORTED = frozenset({"file_name", "source_json", "drift_json", "detail_json"})


class LedgerError(Exception):
    """A ledger that cannot be used; says where it is and what to do."""


def utc_text(instant: datetime) -> str:
    """Return the ledger's text of an aware instant."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def instant_of(text: str) -> datetime:
    """Return the aware instant of a ledger text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Ledger:
    """A connection to the ledger. Use as a context manager, one per thread."""

    def __init__(self, path: Path, home: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.home = home
        self.connection = connection

    @classmethod
    def open(cls, settings: Settings, *, read_only: bool = False) -> Ledger:
        """Open the ledger of a home, creating it (0600 in a 0700 folder) unless `read_only`.

        Raises:
            LedgerError: the file cannot be opened or was made by a newer version.

        """
        path = settings.ops_path
        try:
            if not read_only:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                if not path.exists():
                    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = _connect(path, read_only=read_only)
            ledger = cls(path, settings.home, connection)
            if not read_only:
                ledger._prepare()
            return ledger
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(
                f"{path}: cannot be opened ({error}); check VOC_HOME and run `voc init-home`"
            ) from error

    def _prepare(self) -> None:
        version = self.connection.execute("pragma user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise LedgerError(f"{self.path}: written by a newer version of this program; update it first")
        if version < SCHEMA_VERSION:
            self.connection.execute("pragma journal_mode = wal")
            with self.transaction():
                for statement in _statements(DDL):
                    self.connection.execute(statement)
                self.connection.execute(f"pragma user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all or nothing; waits for another writer up to `BUSY_SECONDS`."""
        self.connection.execute("begin immediate")
        try:
            yield self.connection
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("rollback")
            raise
        self.connection.execute("commit")

    # -- deliveries ---------------------------------------------------------------------------

    def register_delivery(self, delivery: Delivery) -> bool:
        """Enter a landed delivery; False if it is there already. Marks what it collects or releases."""
        with self.transaction() as connection:
            added = connection.execute(
                "insert or ignore into delivery(delivery_id, channel, file_name, received_at, ingest_date,"
                " file_bytes, bytes, sha256, landing_path, source_json) values (?,?,?,?,?,?,?,?,?,?)",
                (
                    delivery.delivery_id, delivery.channel, delivery.file_name,
                    utc_text(delivery.received_at), delivery.ingest_date.isoformat(),
                    delivery.file_bytes, delivery.bytes, delivery.sha256,
                    delivery.landing_path, json.dumps(delivery.source, ensure_ascii=False, sort_keys=True),
                ),
            ).rowcount  # fmt: skip
            self._note_source(connection, delivery)
        return bool(added)

    def _note_source(self, connection: sqlite3.Connection, delivery: Delivery) -> None:
        source = delivery.source
        if source.get("kind") == "watched_folder":
            connection.execute(
                "insert or ignore into collected values (?,?,?,?)",
                (source["path"], delivery.file_bytes, source["mtime_ns"], delivery.delivery_id),
            )
        if source.get("kind") == "quarantine_release":
            connection.executemany(
                "update quarantine set status = 'released', resolved_by = ?, resolved_why = ?,"
                " resolved_at = ?, release_delivery_id = ? where quarantine_id = ? and status = 'open'",
                [
                    (source["by"], source["why"], source["at"], delivery.delivery_id, one)
                    for one in source["quarantine_ids"]
                ],
            )

    def is_collected(self, path: str, size: int, mtime_ns: int) -> bool:
        """Whether a file of a watched folder was landed before."""
        query = "select 1 from collected where path = ? and bytes = ? and mtime_ns = ?"
        return self.connection.execute(query, (path, size, mtime_ns)).fetchone() is not None

    def deliveries(
        self,
        *,
        channel: str | None = None,
        status: str | Sequence[str] | None = None,
        received_before: datetime | None = None,
        delivery_ids: Iterable[str] | None = None,
    ) -> list[Delivery]:
        """List deliveries in order of receipt, narrowed by any of the arguments."""
        where, values = ["1 = 1"], []
        if channel is not None:
            where.append("channel = ?")
            values.append(channel)
        if status is not None:
            names = [status] if isinstance(status, str) else list(status)
            where.append(f"status in ({_marks(names)})")
            values += names
        if received_before is not None:
            where.append("received_at < ?")
            values.append(utc_text(received_before))
        query = f"select * from delivery where {' and '.join(where)} order by received_at, delivery_id"
        found = [_delivery(row) for row in self.connection.execute(query, values)]
        if delivery_ids is None:
            return found
        wanted = set(delivery_ids)
        return [one for one in found if one.delivery_id in wanted]

    def delivery(self, delivery_id: str) -> Delivery | None:
        """Return one delivery, if the ledger has it."""
        query = "select * from delivery where delivery_id = ?"
        row = self.connection.execute(query, (delivery_id,)).fetchone()
        return None if row is None else _delivery(row)

    def admitted_copy(self, delivery: Delivery) -> str | None:
        """Return the id of an admitted delivery of the same channel and bytes, if there is one."""
        row = self.connection.execute(
            "select delivery_id from delivery where channel = ? and sha256 = ? and delivery_id <> ?"
            " and status in ('admitted', 'quarantined_whole') order by received_at, delivery_id",
            (delivery.channel, delivery.sha256, delivery.delivery_id),
        ).fetchone()
        return None if row is None else str(row[0])

    def withhold(self, delivery_id: str, reason: str) -> None:
        """Note why a waiting delivery could not be admitted; it is tried again next time."""
        with self.transaction() as connection:
            connection.execute(
                "update delivery set status = 'withheld', status_reason = ? where delivery_id = ?"
                " and status in ('landed', 'withheld')",
                (reason, delivery_id),
            )

    def mark_landing_deleted(self, delivery_ids: Sequence[str], at: str) -> None:
        """Note that payloads were deleted from landing."""
        with self.transaction() as connection:
            connection.executemany(
                "update delivery set landing_deleted = ? where delivery_id = ?",
                [(at, one) for one in delivery_ids],
            )

    # -- files --------------------------------------------------------------------------------

    def files(
        self,
        zone: str | Sequence[str],
        channel: str | None = None,
        entity: str | None = None,
        delivery_ids: Iterable[str] | None = None,
        *,
        ingest_date: str | None = None,
        status: str | None = "listed",
    ) -> list[FileEntry]:
        """List files of a zone (or zones), narrowed by any of the arguments, in stable order."""
        zones = [zone] if isinstance(zone, str) else list(zone)
        where, values = [f"zone in ({_marks(zones)})"], list(zones)
        narrow = {"channel": channel, "entity": entity, "ingest_date": ingest_date, "status": status}
        for column, value in narrow.items():
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        order = "order by ingest_date, channel, entity, path"
        if delivery_ids is None:
            rows = self.connection.execute(f"select * from file where {' and '.join(where)} {order}", values)
            return [_file(row) for row in rows]
        ids = json.dumps(sorted(set(delivery_ids)))
        where.append("delivery_id in (select value from json_each(?))")
        rows = self.connection.execute(
            f"select * from file where {' and '.join(where)} {order}", [*values, ids]
        )
        return [_file(row) for row in rows]

    def unscored_files(self, scorer_version: str) -> list[FileEntry]:
        """List raw files of voices that have no scores of this scorer yet (rows with a verbatim or not)."""
        query = (
            "select * from file r where zone = 'raw' and status = 'listed' and not exists ("
            " select 1 from file s where s.parent_file_id = r.file_id and s.zone = 'score_text'"
            " and s.status = 'listed'"
            " and s.scorer_version = ?) order by ingest_date, channel, entity, path"
        )
        return [_file(row) for row in self.connection.execute(query, (scorer_version,))]

    def list_score_files(self, entries: Sequence[FileEntry]) -> None:
        """Enter score files (`parent_file_id` and `scorer_version` set); retires older ones of the parent."""
        with self.transaction() as connection:
            for entry in entries:
                connection.execute(
                    "update file set status = 'retired' where parent_file_id = ? and zone = ? and path <> ?",
                    (entry.parent_file_id, entry.zone, entry.path),
                )
                insert_file(connection, entry)

    def retire_files(self, file_ids: Sequence[int]) -> None:
        """Take files off the list; they stay known."""
        with self.transaction() as connection:
            connection.executemany(
                "update file set status = 'retired' where file_id = ?", [(one,) for one in file_ids]
            )

    def files_of_subject(self, subject_key: str) -> list[FileEntry]:
        """List the files that hold something of a subject (`domain:key`)."""
        query = (
            "select f.* from subject_file s join file f using (file_id) where subject_key = ? order by path"
        )
        return [_file(row) for row in self.connection.execute(query, (subject_key,))]

    def touched_days(self, delivery_ids: Iterable[str]) -> list[TouchedDay]:
        """List the distinct (channel, entity, day) that these deliveries changed."""
        query = (
            "select distinct channel, entity, event_date from touched_day"
            " where delivery_id in (select value from json_each(?)) order by 1, 2, 3"
        )
        rows = self.connection.execute(query, (json.dumps(sorted(set(delivery_ids))),))
        return [TouchedDay(row[0], row[1], date.fromisoformat(row[2])) for row in rows]

    # -- equations and status -----------------------------------------------------------------

    def equations(self, delivery_id: str | None = None, channel: str | None = None) -> list[Equation]:
        """Return the closing equations of one delivery, of a channel, or of all that was admitted."""
        query = (
            "select d.delivery_id, d.channel, d.records_in, d.admitted, d.duplicate, d.superseded,"
            " d.quarantined, d.bytes, d.bytes_structure, d.bytes_records,"
            " count(*) filter (where q.status = 'open'),"
            " count(*) filter (where q.status = 'released'), count(*) filter (where q.status = 'discarded')"
            " from delivery d left join quarantine q using (delivery_id)"
            " where d.status not in ('landed', 'withheld') and (?1 is null or d.delivery_id = ?1)"
            " and (?2 is null or d.channel = ?2)"
            " group by d.delivery_id order by d.received_at, d.delivery_id"
        )
        return [Equation(*row) for row in self.connection.execute(query, (delivery_id, channel))]

    def channel_status(self, as_of: date) -> list[ChannelStatus]:
        """Return one row per channel over deliveries received before the end of `as_of`."""
        query = (
            "with opened as (select delivery_id, count(*) as n,"
            "   count(*) filter (where status = 'open') as open from quarantine group by 1)"
            " select d.channel, max(d.received_at), max(d.last_event_date), count(*), sum(d.records_in),"
            "   sum(d.admitted), sum(d.duplicate), sum(d.superseded), sum(d.quarantined),"
            "   coalesce(sum(o.open), 0),"
            "   coalesce(sum(d.bytes) filter (where d.status not in ('landed', 'withheld')), 0),"
            "   sum(d.bytes_structure + d.bytes_records), count(*) filter (where d.status = 'withheld'),"
            "   min(d.status in ('landed', 'withheld') or (d.records_in = d.admitted + d.duplicate"
            "     + d.superseded + d.quarantined and d.bytes = d.bytes_structure + d.bytes_records"
            "     and d.quarantined = coalesce(o.n, 0)))"
            " from delivery d left join opened o using (delivery_id) where d.received_at < ?"
            " group by d.channel order by d.channel"
        )
        rows = self.connection.execute(query, (utc_text(day_end(as_of)),))
        return [
            ChannelStatus(  # type: ignore[call-arg]  # mypy cannot count a starred row
                row[0],
                as_of,
                instant_of(row[1]),
                None if row[2] is None else date.fromisoformat(row[2]),
                *row[3:13],
                bool(row[13]),
            )
            for row in rows
        ]

    # -- quarantine ---------------------------------------------------------------------------

    def quarantine_rows(
        self,
        *,
        channel: str | None = None,
        reason: str | None = None,
        status: str | None = None,
        ids: Sequence[str] | None = None,
    ) -> list[QuarantineRow]:
        """List quarantined records, oldest first; ids may be given by unique beginnings."""
        where: list[str] = ["1 = 1"]
        values: list[Any] = []
        for column, value in (("channel", channel), ("reason_code", reason), ("status", status)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if ids is not None:
            where.append("(" + " or ".join(["substr(quarantine_id, 1, ?) = ?"] * len(ids) or ["1 = 0"]) + ")")
            values += [part for one in ids for part in (len(one), one)]
        query = (
            f"select {_QUARANTINE_COLUMNS} from quarantine where {' and '.join(where)}"
            " order by detected_at, delivery_id, record_ordinal"
        )
        return [QuarantineRow(*row) for row in self.connection.execute(query, values)]

    def discard(self, quarantine_ids: Sequence[str], *, by: str, why: str, at: datetime) -> int:
        """Close open rows as discarded, audited; returns how many were open."""
        count = 0
        with self.transaction() as connection:
            for one in quarantine_ids:
                changed = connection.execute(
                    "update quarantine set status = 'discarded', resolved_by = ?, resolved_why = ?,"
                    " resolved_at = ? where quarantine_id = ? and status = 'open'",
                    (by, why, utc_text(at), one),
                ).rowcount
                if changed:
                    entry = AuditEntry(at, by, "quarantine_discard", one, {"why": why})
                    append_audit(connection, entry)
                count += changed
        return count

    # -- audit, runs, versions ----------------------------------------------------------------

    def audit(
        self, action: str, subject: str, *, by: str, at: datetime, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Add one entry to the hash-chained audit."""
        with self.transaction() as connection:
            append_audit(connection, AuditEntry(at, by, action, subject, detail or {}))

    def verify_audit(self) -> int | None:
        """Return the number of the first entry that was changed, removed or slipped in (None: all sound)."""
        previous, expected = _GENESIS, 1
        query = (
            "select seq, at, actor, action, subject, detail_json, previous_hash, hash from audit order by seq"
        )
        for seq, *entry, told_previous, told in self.connection.execute(query):
            if seq != expected or told_previous != previous or told != _chain(previous, seq, entry):
                return int(expected)
            previous, expected = told, expected + 1
        last = self.connection.execute("select value from meta where name = 'audit_head'").fetchone()
        return None if (last[0] if last else _GENESIS) == previous else expected

    def start_run(self, run_id: str, kind: str, as_of: date | None, at: datetime) -> None:
        """Note that a run has begun."""
        with self.transaction() as connection:
            connection.execute(
                "insert or replace into run(run_id, kind, as_of, started_at, status)"
                " values (?,?,?,?,'running')",
                (run_id, kind, None if as_of is None else as_of.isoformat(), utc_text(at)),
            )

    def finish_run(
        self, run_id: str, status: str, at: datetime, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Note how a run ended."""
        with self.transaction() as connection:
            connection.execute(
                "update run set finished_at = ?, status = ?, detail_json = ? where run_id = ?",
                (utc_text(at), status, json.dumps(detail or {}, ensure_ascii=False, sort_keys=True), run_id),
            )

    def runs(self, kind: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """List runs, newest first."""
        query = "select * from run where ?1 is null or kind = ?1 order by started_at desc, run_id limit ?2"
        return self._dicts(query, (kind, limit))

    def record_published_version(
        self, version_id: str, audience: str, as_of: date, at: datetime, manifest_sha256: str = ""
    ) -> None:
        """Note that a version became the current one of an audience."""
        with self.transaction() as connection:
            connection.execute(
                "update published_version set status = 'kept' where audience = ? and status = 'current'",
                (audience,),
            )
            connection.execute(
                "insert into published_version values (?,?,?,?,?,'current') on conflict do update set"
                " status = 'current', published_at = excluded.published_at",
                (version_id, audience, as_of.isoformat(), utc_text(at), manifest_sha256),
            )

    def published_versions(self, audience: str | None = None) -> list[dict[str, Any]]:
        """List published versions, newest first."""
        query = (
            "select * from published_version where ?1 is null or audience = ?1"
            " order by published_at desc, version_id, audience"
        )
        return self._dicts(query, (audience,))

    def _dicts(self, query: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        cursor = self.connection.execute(query, values)
        names = [one[0] for one in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    # -- export -------------------------------------------------------------------------------

    def export_parquet(self, dest: Path) -> list[Path]:
        """Write the ledger's tables as Parquet; returns the files.

        Left out: payloads, record keys, subjects, and texts that people or sources chose (file
        names, unlisted columns, reasons): the export does not stand in the restricted zone.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        dest.mkdir(parents=True, exist_ok=True)
        written = []
        columns_of = {
            name: ", ".join(one for one in self._kinds(name) if one not in _NOT_EXPORTED)
            for name in _EXPORTED
        } | {"quarantine": _QUARANTINE_COLUMNS}
        for name, columns in columns_of.items():
            cursor = self.connection.execute(f"select {columns} from {name} order by 1, 2")
            names = [one[0] for one in cursor.description]
            rows = cursor.fetchall()
            kinds = self._kinds(name)
            schema = pa.schema([(column, kinds.get(column, pa.string())) for column in names])
            table = pa.table(
                [pa.array(column, schema.field(i).type) for i, column in enumerate(zip(*rows, strict=True))]
                if rows
                else [pa.array([], one.type) for one in schema],
                schema=schema,
            )
            path = dest / f"{name}.parquet"
            part = dest / f".{name}.parquet.part"
            pq.write_table(table, part, compression="zstd")
            part.replace(path)
            written.append(path)
        return written

    def _kinds(self, table: str) -> dict[str, Any]:
        import pyarrow as pa

        rows = self.connection.execute(f"pragma table_info({table})")
        return {row[1]: pa.int64() if row[2].lower() == "integer" else pa.string() for row in rows}


def insert_file(connection: sqlite3.Connection, entry: FileEntry) -> int:
    """Enter one file (again: same path, same entry) and return its id."""
    row = connection.execute(
        "insert into file(zone, channel, entity, ingest_date, path, sha256, rows, bytes, delivery_id,"
        " parent_file_id, scorer_version) values (?,?,?,?,?,?,?,?,?,?,?)"
        " on conflict(path) do update set status = 'listed' returning file_id",
        (
            entry.zone, entry.channel, entry.entity, entry.ingest_date.isoformat(), entry.path, entry.sha256,
            entry.rows, entry.bytes, entry.delivery_id, entry.parent_file_id, entry.scorer_version,
        ),
    ).fetchone()  # fmt: skip
    return int(row[0])


def append_audit(connection: sqlite3.Connection, entry: AuditEntry) -> None:
    """Add one audit entry inside an open transaction."""
    at, by, action, subject, detail = entry
    last = connection.execute("select seq, hash from audit order by seq desc limit 1").fetchone()
    seq, previous = (last[0] + 1, last[1]) if last else (1, _GENESIS)
    told = [utc_text(at), by, action, subject, json.dumps(detail, ensure_ascii=False, sort_keys=True)]
    digest = _chain(previous, seq, told)
    connection.execute("insert into audit values (?,?,?,?,?,?,?,?)", (seq, *told, previous, digest))
    connection.execute("insert or replace into meta values ('audit_head', ?)", (digest,))


def _chain(previous: str, seq: int, entry: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps([previous, seq, *entry], ensure_ascii=False).encode()).hexdigest()


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    connection.execute(f"pragma busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma temp_store = memory")
    connection.execute("pragma cache_size = -65536")
    return connection


def _statements(script: str) -> Iterator[str]:
    buffer = ""
    for line in script.splitlines():
        buffer += line + "\n"
        if sqlite3.complete_statement(buffer):
            yield buffer
            buffer = ""


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _delivery(row: Sequence[Any]) -> Delivery:
    return Delivery(
        delivery_id=row[0], channel=row[1], file_name=row[2], received_at=instant_of(row[3]),
        ingest_date=date.fromisoformat(row[4]), file_bytes=row[5], bytes=row[6], sha256=row[7],
        landing_path=row[8], source=json.loads(row[9]), status=row[10], status_reason=row[11],
        contract_version=row[12], records_in=row[13], admitted=row[14], duplicate=row[15],
        superseded=row[16], quarantined=row[17], bytes_structure=row[18], bytes_records=row[19],
        last_event_date=None if row[20] is None else date.fromisoformat(row[20]),
        drift=json.loads(row[21]), landing_deleted=row[22],
    )  # fmt: skip


def _file(row: Sequence[Any]) -> FileEntry:
    return FileEntry(
        file_id=row[0], zone=row[1], channel=row[2], entity=row[3], ingest_date=date.fromisoformat(row[4]),
        path=row[5], sha256=row[6], rows=row[7], bytes=row[8], delivery_id=row[9], parent_file_id=row[10],
        scorer_version=row[11], status=row[12],
    )  # fmt: skip
