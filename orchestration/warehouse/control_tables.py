"""The schemas `raw` and `ctl` of the warehouse: views over the window's files, and what dbt must know.

Shapes: docs/interfaces.md §9. Which deliveries are in the window decides `control.py`; the models
that read these tables stand in `dbt_project/`.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from orchestration.warehouse.connection import WarehouseError, quoted
from orchestration.warehouse.restated import WindowView, restated_partitions, unfinished_partitions

FEEDBACK = "feedback"
ADMITTED = "admitted"
STATUS_COUNTS = (
    "deliveries", "withheld_deliveries", "records_in", "admitted", "duplicate", "superseded", "quarantined",
    "quarantined_open", "bytes", "bytes_covered",
)  # fmt: skip

RUN_WINDOW = {"as_of": "date", "window_key": "varchar", "is_full_rebuild": "boolean"}
WINDOW_DELIVERY = {
    "delivery_id": "varchar", "channel": "varchar", "received_at": "timestamp", "admitted": "bigint",
}  # fmt: skip
AFFECTED_PARTITION = {"partition_kind": "varchar", "event_date": "date"}
CHANNEL = {
    "channel": "varchar", "label_zh": "varchar", "description_zh": "varchar", "loop": "varchar",
    "is_solicited": "boolean", "author_role": "varchar", "is_first_hand": "boolean",
    "is_identified": "boolean", "id_basis": "varchar", "contract_version": "integer",
    "expected_by": "varchar", "stale_after_h": "integer", "is_enabled": "boolean",
}  # fmt: skip
TAXONOMY = {
    "aspect_code": "varchar", "label_zh": "varchar", "l1_code": "varchar", "l1_label_zh": "varchar",
    "department_zh": "varchar", "is_safety_critical": "boolean", "taxonomy_version": "varchar",
}  # fmt: skip
CHANNEL_STATUS = {
    "channel": "varchar", "as_of": "date", "last_received_at": "timestamp", "is_stale": "boolean",
    "stale_hours": "decimal(18, 1)", "last_event_date": "date", **dict.fromkeys(STATUS_COUNTS, "bigint"),
    "equations_closed": "boolean", "masker_version": "varchar", "scorer_version": "varchar",
}  # fmt: skip


class LedgerReader(Protocol):
    """What the control layer asks of `orchestration.admission.ledger.Ledger`."""

    def deliveries(
        self, *, status: str | Sequence[str] | None = None, received_before: datetime | None = None
    ) -> Sequence[Any]:
        """Return deliveries in order of receipt: delivery_id, channel, received_at, sha256, admitted."""

    def files(self, zone: str, *, delivery_ids: Iterable[str] | None = None) -> Sequence[Any]:
        """Return listed files: channel, entity, path, rows, ingest_date, scorer_version."""

    def touched_days(self, delivery_ids: Iterable[str]) -> Sequence[Any]:
        """Return old and new voice days (event days of business records): channel, entity, event_date."""

    def channel_status(self, as_of: date) -> Sequence[Any]:
        """Return counts, newest event day and equations per channel (docs/interfaces.md §9)."""


@dataclass(frozen=True)
class Scope:
    """Everything that the writers of one window share."""

    connection: duckdb.DuckDBPyConnection
    settings: Settings
    ledger: LedgerReader
    as_of: date
    delivery_ids: frozenset[str]
    scorer_version: str
    contracts: Mapping[str, Contract]
    deliveries: Sequence[Any]
    raw_files: Sequence[Any]

    @classmethod
    def of(cls, *, settings: Settings, ledger: LedgerReader, as_of: date, **given: Any) -> Scope:
        """Read contracts, admitted deliveries and raw files of a window once."""
        wanted = frozenset(given.pop("delivery_ids"))
        return cls(
            settings=settings,
            ledger=ledger,
            as_of=as_of,
            delivery_ids=wanted,
            contracts={name: channel_contract(settings, name) for name in sorted(settings.channels)},
            deliveries=ledger.deliveries(status=ADMITTED, received_before=day_end(as_of)),
            raw_files=ledger.files("raw", delivery_ids=wanted),
            **given,
        )


def write_window(scope: Scope, window_key: str, is_full_rebuild: bool) -> None:
    """Write all `ctl` tables and `raw` views of a window in one transaction.

    Raises:
        WarehouseError: a listed file is not on disk.

    """
    unfinished = unfinished_partitions(scope.connection)
    scope.connection.execute("begin")
    replace_table(
        scope.connection, "ctl.run_window", RUN_WINDOW, [(scope.as_of, window_key, is_full_rebuild)]
    )
    _write_deliveries(scope)
    _write_affected(scope)
    _write_channels(scope)
    _write_taxonomy(scope)
    for relation in raw_relations(scope):
        _create_view(scope, relation)
    if not is_full_rebuild:
        _write_restated(scope, unfinished)
    _write_channel_status(scope)
    scope.connection.execute("commit")


def partition_kind(contract: Contract, entity: str) -> str:
    """Return the kind under which the days of an entity's records stand in ctl.affected_partition."""
    return FEEDBACK if contract.entities[entity].is_voice else f"{contract.channel}__{entity}"


def replace_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Create a small table anew with these rows."""
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    connection.execute(f"create or replace table {name} ({declared})")
    values = list(rows)
    if values:
        arrays = [
            pa.array([row[position] for row in values]) for position in range(len(columns))
        ]  # one insert: a statement per row costs a second per thousand
        incoming = pa.Table.from_arrays(arrays, names=list(columns))
        connection.register("incoming_rows", incoming)
        connection.execute(f"insert into {name} select * from incoming_rows")
        connection.unregister("incoming_rows")


def _write_deliveries(scope: Scope) -> None:
    replace_table(
        scope.connection,
        "ctl.window_delivery",
        WINDOW_DELIVERY,
        sorted(
            (one.delivery_id, one.channel, _naive(one.received_at), one.admitted)
            for one in scope.deliveries
            if one.delivery_id in scope.delivery_ids
        ),
    )


def _write_affected(scope: Scope) -> None:
    known = {(name, entity) for name, one in scope.contracts.items() for entity in one.entities}
    days = {
        (partition_kind(scope.contracts[one.channel], one.entity), one.event_date)
        for one in scope.ledger.touched_days(scope.delivery_ids)
        if (one.channel, one.entity) in known
    }
    replace_table(scope.connection, "ctl.affected_partition", AFFECTED_PARTITION, sorted(days))


def _write_restated(scope: Scope, unfinished: Iterable[tuple[str, date]]) -> None:
    """Add the months and quarters of the exposure spines (a full rebuild makes them all anyway)."""
    touched = scope.ledger.touched_days(scope.delivery_ids)
    view = WindowView(
        as_of=scope.as_of,
        touched=[(one.channel, one.entity, one.event_date) for one in touched],
        naming_voices=frozenset(
            (name, entity)
            for name, contract in scope.contracts.items()
            for entity, described in contract.entities.items()
            if described.is_voice and any(one.pii == "customer_no" for one in described.fields)
        ),
        entities=frozenset((one.channel, one.entity) for one in scope.raw_files),
    )
    rows = sorted({*restated_partitions(scope.connection, view), *unfinished})
    if rows:
        scope.connection.executemany("insert into ctl.affected_partition values (?, ?)", rows)


def _write_channels(scope: Scope) -> None:
    rows = []
    for name, contract in scope.contracts.items():
        entry, of = scope.settings.channels[name], contract.attributes.get
        rows.append(
            (
                name, contract.label_zh, contract.description_zh, of("loop"), of("is_solicited"),
                of("author_role"), of("is_first_hand"), of("is_identified"), contract.id_basis,
                contract.version, entry.expected_by, entry.stale_after_h, entry.enabled,
            )
        )  # fmt: skip
    replace_table(scope.connection, "ctl.channel", CHANNEL, rows)


def _write_taxonomy(scope: Scope) -> None:
    from ml.scoring import TAXONOMY_VERSION

    path = scope.settings.project_root / "ml" / "resources" / "taxonomy.csv"
    if not path.is_file():
        raise WarehouseError(f"{path}: the taxonomy is missing; restore it from the project's own files")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [
            (
                row["aspect_code"], row["label_zh"], row["l1_code"], row["l1_label_zh"], row["department_zh"],
                row["is_safety_critical"].lower() == "true", TAXONOMY_VERSION,
            )
            for row in csv.DictReader(stream)
        ]  # fmt: skip
    replace_table(scope.connection, "ctl.taxonomy", TAXONOMY, rows)


@dataclass(frozen=True)
class RawRelation:
    """One relation of the schema `raw`: the columns it has, and exactly the files it stands over."""

    name: str
    schema: pa.Schema
    paths: tuple[Path, ...]


def raw_relations(scope: Scope) -> list[RawRelation]:
    """Return what the models of a window read besides `ctl`: records, scores, groups, identity.

    Raises:
        WarehouseError: a listed file is not on disk.

    """
    found = [*_record_relations(scope), *_score_relations(scope), *_identity_relations(scope)]
    for relation in found:
        missing = [path for path in relation.paths if not path.is_file()]
        if missing:
            raise WarehouseError(
                f"{missing[0]}: listed in the ledger but not on disk ({len(missing)} missing); "
                "restore the file, or re-admit its delivery from landing"
            )
    return found


def _record_relations(scope: Scope) -> Iterator[RawRelation]:
    from orchestration.admission.shape import raw_schema

    paths: dict[str, list[Path]] = {}
    for one in scope.raw_files:
        paths.setdefault(f"{one.channel}__{one.entity}", []).append(scope.settings.home / one.path)
    for contract in scope.contracts.values():
        for name, entity in contract.entities.items():
            relation = f"{contract.channel}__{name}"
            yield RawRelation(relation, raw_schema(contract, entity), tuple(sorted(paths.get(relation, []))))


def _score_relations(scope: Scope) -> Iterator[RawRelation]:
    from ml.near_duplicate_index import GROUP_FILE, GROUP_SCHEMA
    from ml.score_files import MENTION_SCHEMA, TEXT_SCHEMA

    for zone, schema in (("score_text", TEXT_SCHEMA), ("score_mention", MENTION_SCHEMA)):
        files = scope.ledger.files(zone, delivery_ids=scope.delivery_ids)
        paths = [
            scope.settings.home / one.path for one in files if one.scorer_version == scope.scorer_version
        ]
        yield RawRelation(zone, schema, tuple(sorted(paths)))
    # Groups are of all texts ever admitted, not of the window: an old voice may have come into one.
    groups = scope.settings.duplicates / GROUP_FILE
    yield RawRelation("text_group", GROUP_SCHEMA, (groups,) if groups.is_file() else ())


def _identity_relations(scope: Scope) -> Iterator[RawRelation]:
    """Results of the last linking pass; they cover all history, not only the window."""
    from ml.identity.graph import RESULTS

    for name, schema in RESULTS.items():
        path = scope.settings.identity_folder / f"{name}.parquet"
        yield RawRelation(f"identity_{name}", schema, (path,) if path.is_file() else ())


def _create_view(scope: Scope, relation: RawRelation) -> None:
    """Lay a view over exactly these files, and one without rows so that no file is no error."""
    empty = _empty_file(scope.settings, relation.name, relation.schema)
    files = ", ".join(quoted(path) for path in (empty, *relation.paths))
    scope.connection.execute(
        f"create or replace view raw.{relation.name} as"
        f" select * from read_parquet([{files}], union_by_name = true)"
    )


def _empty_file(settings: Settings, name: str, schema: pa.Schema) -> Path:
    folder = settings.home / "schema"
    folder.mkdir(parents=True, exist_ok=True)
    shape = hashlib.sha256(schema.to_string().encode()).hexdigest()[:8]
    path = folder / f"{name}-{shape}.parquet"
    if not path.is_file():
        temporary = path.with_suffix(".tmp")
        pq.write_table(schema.empty_table(), temporary)
        temporary.replace(path)
    return path


def _write_channel_status(scope: Scope) -> None:
    counted = {one.channel: one for one in scope.ledger.channel_status(scope.as_of)}
    received = _last_received(scope)
    maskers = _kept_masker_versions(scope.connection) | _masker_versions(scope)
    rows = []
    for name, contract in scope.contracts.items():
        is_voice = any(entity.is_voice for entity in contract.entities.values())
        one = counted.get(name)
        freshness = _freshness(received.get(name), scope.as_of, scope.settings.channels[name].stale_after_h)
        rows.append(
            (
                name, scope.as_of, *freshness, one.last_event_date if one else None,
                *(getattr(one, column) if one else 0 for column in STATUS_COUNTS),
                bool(one.equations_closed) if one else True, maskers.get(name),
                scope.scorer_version if is_voice else None,
            )
        )  # fmt: skip
    replace_table(scope.connection, "ctl.channel_status", CHANNEL_STATUS, rows)


def _last_received(scope: Scope) -> dict[str, datetime]:
    """When each channel last brought bytes that were new and good.

    The first copy counts, whichever of the copies was admitted: a file sent again brings nothing, and
    which copy is read first depends on the order in which deliveries are taken.
    """
    known = scope.ledger.deliveries(
        status=(ADMITTED, "duplicate_delivery"), received_before=day_end(scope.as_of)
    )
    admitted = {(one.channel, one.sha256) for one in scope.deliveries}
    first: dict[tuple[str, str], datetime] = {}
    for one in known:  # in order of receipt
        if (one.channel, one.sha256) in admitted:
            first.setdefault((one.channel, one.sha256), one.received_at)
    last: dict[str, datetime] = {}
    for (channel, _), moment in first.items():  # as they came: the last one stays
        last[channel] = moment
    return last


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


def _masker_versions(scope: Scope) -> dict[str, str]:
    """Masker of the newest file of each channel."""
    newest: dict[str, Any] = {}
    for one in scope.raw_files:
        held = newest.get(one.channel)
        if one.rows and (held is None or (one.ingest_date, one.path) > (held.ingest_date, held.path)):
            newest[one.channel] = one
    versions = {}
    for channel, one in newest.items():
        first = pq.ParquetFile(scope.settings.home / one.path).read_row_group(0, columns=["masker_version"])
        versions[channel] = str(first[0][0].as_py())
    return versions


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
