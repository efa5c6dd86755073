"""The warehouse's control layer: which deliveries a build covers and which days it must redo.

Before dbt runs, `open_window` lays views `raw.<channel>__<entity>` over exactly the raw files of
the window and writes the `ctl` tables; after a good build `close_window` marks the deliveries as
built. Shapes: docs/interfaces.md §9. What was admitted is the ledger's knowledge
(`orchestration/admission`); what the tables mean stands in `dbt_project/`.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data_quality.contract import Contract
from orchestration.contracts import channel_contract
from orchestration.partitions import day_end
from orchestration.settings import Settings
from orchestration.warehouse.connection import WarehouseError, connect_writer, quoted
from orchestration.warehouse.dbt_runner import feedback_channels, project_hash

FEEDBACK = "feedback"
ADMITTED = "admitted"
STATUS_COUNTS = (
    "deliveries", "withheld_deliveries", "records_in", "admitted", "duplicate", "superseded", "quarantined",
    "quarantined_open", "bytes", "bytes_covered",
)  # fmt: skip

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


class LedgerReader(Protocol):
    """What the control layer asks of `orchestration.admission.ledger.Ledger`."""

    def deliveries(
        self, *, status: str | Sequence[str] | None = None, received_before: datetime | None = None
    ) -> Sequence[Any]:
        """Deliveries in order of receipt: delivery_id, channel, received_at (aware)."""

    def files(self, zone: str, *, delivery_ids: Iterable[str] | None = None) -> Sequence[Any]:
        """Listed files of a zone: channel, entity, path, rows, ingest_date, delivery_id, scorer_version."""

    def touched_days(self, delivery_ids: Iterable[str]) -> Sequence[Any]:
        """Old and new voice days (event days of business records): channel, entity, event_date."""

    def channel_status(self, as_of: date) -> Sequence[Any]:
        """Counts, newest event day and equations per channel (docs/interfaces.md §9)."""


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


def open_window(
    settings: Settings,
    ledger: LedgerReader,
    as_of: date,
    *,
    scorer_version: str,
    pseudonym_key_version: int = 1,
    force_full_rebuild: bool = False,
) -> BuildWindow:
    """Fix what the next build covers and write it into the warehouse's `raw` and `ctl` schemas.

    The window is every admitted delivery received before the end of `as_of` and not yet built;
    all of them if the project, scorer or pseudonym key changed, or the warehouse is new. `as_of`
    never goes back behind the last build: a re-run of a past day is built with today's knowledge.

    Raises:
        WarehouseError: the warehouse is held by another process, or a listed raw file is missing.
    """
    contracts = {name: channel_contract(settings, name) for name in settings.channels}
    with connect_writer(settings) as connection:
        _ensure_control_schema(connection)
        built_as_of = _built_as_of(connection)
        as_of = max(as_of, built_as_of) if built_as_of else as_of
        state = {
            "project_hash": project_hash(settings, feedback_channels(settings)),
            "scorer_version": scorer_version,
            "pseudonym_key_version": str(pseudonym_key_version),
        }
        reasons = _full_rebuild_reasons(connection, state, force_full_rebuild)
        window = _fix_window(connection, ledger, as_of, state, reasons)
        raw_file_count = _write_window(connection, settings, ledger, contracts, window)
        affected = connection.execute(
            "select partition_kind, count(*) from ctl.affected_partition group by 1 order by 1"
        ).fetchall()
        return replace(window, affected=dict(affected), raw_file_count=raw_file_count)


def close_window(settings: Settings, window: BuildWindow) -> None:
    """Mark the window's deliveries as built, with the state they were built in (one transaction)."""
    with connect_writer(settings) as connection:
        connection.execute("begin")
        connection.executemany(
            "insert or ignore into ctl.built_delivery values (?)",
            [[one] for one in window.delivery_ids] or [[""]],
        )
        connection.execute("delete from ctl.built_delivery where delivery_id = ''")
        connection.execute("delete from ctl.build_state")
        connection.execute(
            "insert into ctl.build_state values (?, ?, ?, ?)",
            [
                window.state["project_hash"],
                window.state["scorer_version"],
                int(window.state["pseudonym_key_version"]),
                window.as_of,
            ],
        )
        connection.execute("commit")
        connection.execute("checkpoint")


def _ensure_control_schema(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create schema if not exists raw;
        create schema if not exists ctl;
        create table if not exists ctl.built_delivery (delivery_id varchar primary key);
        create table if not exists ctl.build_state (
            project_hash varchar, scorer_version varchar, pseudonym_key_version integer, as_of date
        );
        """
    )


def _built_as_of(connection: duckdb.DuckDBPyConnection) -> date | None:
    row = connection.execute("select as_of from ctl.build_state").fetchone()
    return row[0] if row else None


def _full_rebuild_reasons(
    connection: duckdb.DuckDBPyConnection, state: Mapping[str, str], forced: bool
) -> tuple[str, ...]:
    row = connection.execute(
        "select project_hash, scorer_version, pseudonym_key_version from ctl.build_state"
    ).fetchone()
    if row is None:
        return ("new_warehouse",)
    before = dict(zip(state, map(str, row), strict=True))
    changed = tuple(name for name, value in state.items() if before[name] != value)
    return (*changed, *(("requested",) if forced else ()))


def _fix_window(
    connection: duckdb.DuckDBPyConnection,
    ledger: LedgerReader,
    as_of: date,
    state: Mapping[str, str],
    reasons: tuple[str, ...],
) -> BuildWindow:
    admitted = [one.delivery_id for one in ledger.deliveries(status=ADMITTED, received_before=day_end(as_of))]
    if not reasons:
        built = {
            row[0] for row in connection.execute("select delivery_id from ctl.built_delivery").fetchall()
        }
        admitted = [one for one in admitted if one not in built]
    delivery_ids = tuple(sorted(admitted))
    key = "\x1f".join((as_of.isoformat(), *state.values(), *delivery_ids))
    return BuildWindow(
        as_of=as_of,
        window_key=hashlib.sha256(key.encode()).hexdigest()[:12],
        is_full_rebuild=bool(reasons),
        full_rebuild_reasons=reasons,
        delivery_ids=delivery_ids,
        raw_file_count=0,
        state=dict(state),
    )


def _write_window(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    ledger: LedgerReader,
    contracts: Mapping[str, Contract],
    window: BuildWindow,
) -> int:
    """Write everything of a window in one transaction; returns the number of its raw files."""
    deliveries = ledger.deliveries(status=ADMITTED, received_before=day_end(window.as_of))
    raw_files = ledger.files("raw", delivery_ids=window.delivery_ids)
    connection.execute("begin")
    _write_run_window(connection, window, deliveries)
    _write_affected(connection, ledger, contracts, window)
    _write_channels(connection, settings, contracts)
    _write_taxonomy(connection, settings)
    _write_raw_views(connection, settings, contracts, raw_files)
    _write_score_views(connection, settings, ledger, window)
    _write_channel_status(connection, settings, ledger, contracts, window, deliveries, raw_files)
    connection.execute("commit")
    return len(raw_files)


def _write_run_window(
    connection: duckdb.DuckDBPyConnection, window: BuildWindow, deliveries: Sequence[Any]
) -> None:
    wanted = frozenset(window.delivery_ids)
    _replace_table(
        connection,
        "ctl.run_window",
        {"as_of": "date", "window_key": "varchar", "is_full_rebuild": "boolean"},
        [(window.as_of, window.window_key, window.is_full_rebuild)],
    )
    _replace_table(
        connection,
        "ctl.window_delivery",
        {"delivery_id": "varchar", "channel": "varchar", "received_at": "timestamp", "admitted": "bigint"},
        sorted(
            (one.delivery_id, one.channel, _naive(one.received_at), one.admitted)
            for one in deliveries
            if one.delivery_id in wanted
        ),
    )


def _write_affected(
    connection: duckdb.DuckDBPyConnection,
    ledger: LedgerReader,
    contracts: Mapping[str, Contract],
    window: BuildWindow,
) -> None:
    days = {
        (partition_kind(contracts[one.channel], one.entity), one.event_date)
        for one in ledger.touched_days(window.delivery_ids)
        if one.channel in contracts and one.entity in contracts[one.channel].entities
    }
    _replace_table(
        connection,
        "ctl.affected_partition",
        {"partition_kind": "varchar", "event_date": "date"},
        sorted(days),
    )


def partition_kind(contract: Contract, entity: str) -> str:
    """Return the kind under which the days of an entity's records stand in ctl.affected_partition."""
    return FEEDBACK if contract.entities[entity].is_voice else f"{contract.channel}__{entity}"


def _write_channels(
    connection: duckdb.DuckDBPyConnection, settings: Settings, contracts: Mapping[str, Contract]
) -> None:
    rows = []
    for name, contract in sorted(contracts.items()):
        entry, attributes = settings.channels[name], contract.attributes
        rows.append(
            (
                name, contract.label_zh, contract.description_zh, attributes.get("loop"),
                attributes.get("is_solicited"), attributes.get("author_role"), attributes.get("is_first_hand"),
                attributes.get("is_identified"), contract.id_basis, contract.version, entry.expected_by,
                entry.stale_after_h, entry.enabled,
            )
        )  # fmt: skip
    _replace_table(
        connection,
        "ctl.channel",
        {
            "channel": "varchar", "label_zh": "varchar", "description_zh": "varchar", "loop": "varchar",
            "is_solicited": "boolean", "author_role": "varchar", "is_first_hand": "boolean",
            "is_identified": "boolean", "id_basis": "varchar", "contract_version": "integer",
            "expected_by": "varchar", "stale_after_h": "integer", "is_enabled": "boolean",
        },
        rows,
    )  # fmt: skip


def _write_taxonomy(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    path = settings.project_root / "ml" / "resources" / "taxonomy.csv"
    if not path.is_file():
        raise WarehouseError(f"{path}: the taxonomy is missing; it belongs to the project's own files")
    version = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [
            (
                row["aspect_code"], row["label_zh"], row["l1_code"], row["l1_label_zh"], row["department_zh"],
                row["is_safety_critical"].lower() in {"1", "true"}, row.get("taxonomy_version") or version,
            )
            for row in csv.DictReader(stream)
        ]  # fmt: skip
    _replace_table(
        connection,
        "ctl.taxonomy",
        {
            "aspect_code": "varchar", "label_zh": "varchar", "l1_code": "varchar", "l1_label_zh": "varchar",
            "department_zh": "varchar", "is_safety_critical": "boolean", "taxonomy_version": "varchar",
        },
        rows,
    )  # fmt: skip


def _write_raw_views(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    contracts: Mapping[str, Contract],
    raw_files: Sequence[Any],
) -> None:
    from orchestration.admission.shape import raw_schema

    paths: dict[tuple[str, str], list[Path]] = {}
    for one in raw_files:
        paths.setdefault((one.channel, one.entity), []).append(settings.home / one.path)
    for contract in contracts.values():
        for name, entity in contract.entities.items():
            schema = raw_schema(contract, entity)
            empty = _empty_file(settings, f"{contract.channel}__{name}", schema)
            _create_view(
                connection, f"raw.{contract.channel}__{name}", empty, paths.get((contract.channel, name), [])
            )


def _write_score_views(
    connection: duckdb.DuckDBPyConnection, settings: Settings, ledger: LedgerReader, window: BuildWindow
) -> None:
    for zone, schema in (("score_text", SCORE_TEXT_SCHEMA), ("score_mention", SCORE_MENTION_SCHEMA)):
        paths = [
            settings.home / one.path
            for one in ledger.files(zone, delivery_ids=window.delivery_ids)
            if one.scorer_version == window.state["scorer_version"]
        ]
        _create_view(connection, f"raw.{zone}", _empty_file(settings, zone, schema), paths)


def _empty_file(settings: Settings, name: str, schema: pa.Schema) -> Path:
    """A Parquet file without rows, so that a day without files has the columns all the same."""
    folder = settings.home / "schema"
    folder.mkdir(parents=True, exist_ok=True)
    shape = hashlib.sha256(schema.to_string().encode()).hexdigest()[:8]
    path = folder / f"{name}-{shape}.parquet"
    if not path.is_file():
        temporary = path.with_suffix(".tmp")
        pq.write_table(schema.empty_table(), temporary)
        temporary.replace(path)
    return path


def _create_view(
    connection: duckdb.DuckDBPyConnection, name: str, empty: Path, paths: Sequence[Path]
) -> None:
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise WarehouseError(
            f"{missing[0]}: listed in the ledger but not on disk ({len(missing)} missing); "
            "restore it, or re-admit its delivery from landing"
        )
    files = ", ".join(quoted(path) for path in (empty, *sorted(paths)))
    connection.execute(
        f"create or replace view {name} as select * from read_parquet([{files}], union_by_name = true)"
    )


def _write_channel_status(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    ledger: LedgerReader,
    contracts: Mapping[str, Contract],
    window: BuildWindow,
    deliveries: Sequence[Any],
    raw_files: Sequence[Any],
) -> None:
    counted = {one.channel: one for one in ledger.channel_status(window.as_of)}
    received = {one.channel: one.received_at for one in deliveries}  # in order of receipt: the last one stays
    maskers = _kept_masker_versions(connection) | _masker_versions(settings, raw_files)
    rows = []
    for name, contract in sorted(contracts.items()):
        is_voice = any(entity.is_voice for entity in contract.entities.values())
        one = counted.get(name)
        counts = [getattr(one, column) if one else 0 for column in STATUS_COUNTS]
        rows.append(
            (
                name, window.as_of,
                *_freshness(received.get(name), window.as_of, settings.channels[name].stale_after_h),
                one.last_event_date if one else None, *counts, one.equations_closed if one else True,
                maskers.get(name), window.state["scorer_version"] if is_voice else None,
            )
        )  # fmt: skip
    _replace_table(
        connection,
        "ctl.channel_status",
        {
            "channel": "varchar", "as_of": "date", "last_received_at": "timestamp", "is_stale": "boolean",
            "stale_hours": "decimal(18, 1)", "last_event_date": "date",
            **dict.fromkeys(STATUS_COUNTS, "bigint"), "equations_closed": "boolean", "masker_version": "varchar",
            "scorer_version": "varchar",
        },
        rows,
    )  # fmt: skip


def _freshness(
    last: datetime | None, as_of: date, stale_after_h: int
) -> tuple[datetime | None, bool, float | None]:
    """Last admitted receipt, whether the channel is stale at the end of `as_of`, and hours since."""
    if last is None:
        return None, True, None
    hours = round((day_end(as_of) - last).total_seconds() / 3600, 1)
    return _naive(last), hours > stale_after_h, hours


def _kept_masker_versions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Masker per channel as of the last run, for channels without a file in this window."""
    exists = connection.execute(
        "select 1 from information_schema.tables where table_schema = 'ctl' and table_name = 'channel_status'"
    ).fetchone()
    if not exists:
        return {}
    return dict(connection.execute("select channel, masker_version from ctl.channel_status").fetchall())


def _masker_versions(settings: Settings, raw_files: Sequence[Any]) -> dict[str, str]:
    """Masker of the newest file of each channel."""
    newest: dict[str, Any] = {}
    for one in raw_files:
        held = newest.get(one.channel)
        if one.rows and (held is None or (one.ingest_date, one.path) > (held.ingest_date, held.path)):
            newest[one.channel] = one
    return {
        channel: pq.ParquetFile(settings.home / one.path).read_row_group(0, columns=["masker_version"])[0][0].as_py()
        for channel, one in newest.items()
    }


def _replace_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    connection.execute(f"create or replace table {name} ({declared})")
    values = [list(row) for row in rows]
    if values:
        marks = ", ".join("?" for _ in columns)
        connection.executemany(f"insert into {name} values ({marks})", values)


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
