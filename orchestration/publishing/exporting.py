"""Tables of the warehouse as content-addressed Parquet objects.

Given a table, the columns an audience may see and what the previous version had, decide which
days to export again, write them, and compare them with the warehouse. `publisher` makes a
version of the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from orchestration.publishing.catalogue import Column, DeclaredTable, PublishError
from orchestration.publishing.files import fsync_path, sha256_of
from orchestration.publishing.versions import AudienceStore

# Parquet has no 128-bit integer: DuckDB would write a double and lose digits.
_UNPUBLISHABLE_TYPES = ("HUGEINT", "UHUGEINT", "INTERVAL", "BIT", "UNION", "BIGNUM", "VARINT")
_VERIFY_BATCH = 200
_EXPORT_BATCH_ROWS = 250_000
WHOLE = ""
# The name under which dbt built it: views inside the warehouse spell it out.
WAREHOUSE = "warehouse"


@dataclass(frozen=True)
class Fingerprint:
    """Rows and the sum of their row hashes: equal for equal sets of rows in any order."""

    rows: int
    hash_sum: int


@dataclass(frozen=True)
class PublishedTable:
    """One table as one audience gets it."""

    declared: DeclaredTable
    columns: tuple[Column, ...]

    @property
    def key(self) -> str:
        """`schema.table`."""
        return self.declared.key

    @property
    def source(self) -> str:
        """Quoted name in the attached warehouse."""
        return f"{WAREHOUSE}.{quoted(self.declared.schema)}.{quoted(self.declared.name)}"

    @property
    def partition_by(self) -> str | None:
        """Day column, if this audience gets the table by day."""
        return self.declared.partition_by

    @property
    def select_list(self) -> str:
        """Columns with their types spelled out, so that hashes compare like with like."""
        return ", ".join(f"cast({quoted(c.name)} as {c.type}) as {quoted(c.name)}" for c in self.columns)

    @property
    def row_hash(self) -> str:
        """SQL expression hashing a row of `select_list`."""
        return f"hash({', '.join(quoted(c.name) for c in self.columns)})"

    def heading(self) -> dict[str, Any]:
        """Everything of the manifest entry but rows and partitions."""
        return {
            "columns": [column.as_json() for column in self.columns],
            "comment": self.declared.comment,
            "partition_by": self.partition_by,
            "holds_text": any(self.declared.columns[c.name][2] for c in self.columns),
        }


@dataclass
class Exporter:
    """Where the objects of one audience go, and how much was written and taken over so far.

    `widened` names the days that had to be exported although they were not said to be affected.
    """

    connection: duckdb.DuckDBPyConnection
    store: AudienceStore
    exported: int = 0
    reused: int = 0
    widened: dict[str, list[str]] = field(default_factory=dict)

    @property
    def staging(self) -> Path:
        """Folder of files that are not objects yet."""
        return self.store.root / ".tmp-objects"


def quoted(name: str) -> str:
    """Return an SQL identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def resolve_table(
    connection: duckdb.DuckDBPyConnection, declared: DeclaredTable, audience: str
) -> PublishedTable:
    """Match a declared table with the warehouse; columns come in warehouse order.

    Raises:
        PublishError: table or column missing, column undocumented, type that Parquet cannot hold.

    """
    actual = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        f"where database_name = '{WAREHOUSE}' and schema_name = ? and table_name = ? order by column_index",
        [declared.schema, declared.name],
    ).fetchall()
    if not actual:
        raise PublishError(
            f"{declared.key} is meant to be published but is not in the warehouse; run `voc refresh`"
        )
    types = dict(actual)
    missing = [name for name in declared.columns if name not in types]
    undocumented = [name for name in types if name not in declared.columns]
    if missing or undocumented:
        raise PublishError(
            f"{declared.key}: documented but not in the warehouse: {missing or 'none'}; in the warehouse but "
            f"not documented: {undocumented or 'none'}; make the model's yml and its columns agree"
        )
    wanted = set(declared.columns_for(audience))
    columns = tuple(Column(n, t, declared.columns[n][1]) for n, t in types.items() if n in wanted)
    _check_types(declared, columns)
    return PublishedTable(declared, columns)


def _check_types(declared: DeclaredTable, columns: Sequence[Column]) -> None:
    for column in columns:
        if column.type.split("(")[0].rstrip("[]") in _UNPUBLISHABLE_TYPES:
            raise PublishError(
                f"{declared.key}.{column.name}: type {column.type} cannot be published without loss; "
                "cast it in the model (bigint, decimal(38,0), …)"
            )
    if declared.partition_by is None:
        return
    day = next((c for c in columns if c.name == declared.partition_by), None)
    if day is None or day.type != "DATE":
        raise PublishError(
            f"{declared.key}: meta.partition_by names {declared.partition_by}, which must be a DATE column "
            "that every audience of the table may see"
        )


def export_table(
    exporter: Exporter,
    table: PublishedTable,
    previous: Mapping[str, Any] | None,
    affected: set[date] | None,
) -> list[dict[str, Any]]:
    """Bring the objects of one table up to the warehouse; return its manifest partitions in order.

    `previous` is the manifest entry to take partitions over from (None: export everything).
    `affected` are the days known to have changed (None: every row is compared). Days whose
    row count differs from `previous` are exported whether they are named or not.
    """
    before = {p["key"]: p for p in (previous or {"partitions": []})["partitions"]}
    before = {key: p for key, p in before.items() if _is_stored(exporter.store, p)}
    connection = exporter.connection
    if table.partition_by is None or affected is None:
        actual = fingerprints(connection, table, table.source)
        dirty = {key for key, mark in actual.items() if _mark(before.get(key)) != mark}
        rows = {key: mark.rows for key, mark in actual.items()}
    else:
        rows = _row_counts(connection, table)
        differing = {key for key, n in rows.items() if key not in before or before[key]["rows"] != n}
        named = {day.isoformat() for day in affected} & rows.keys()
        dirty = differing | named
        if differing - named:
            exporter.widened[table.key] = sorted(differing - named)
        actual = fingerprints(connection, table, table.source, sorted(dirty))
        dirty = {key for key in dirty if _mark(before.get(key)) != actual[key]}
    entries = {key: before[key] for key in rows if key not in dirty}
    exporter.reused += len(entries)
    exporter.exported += len(dirty)
    entries.update(_export_days(exporter, table, sorted(dirty), actual))
    if table.partition_by is None and WHOLE not in entries:
        raise PublishError(f"{table.key}: no object was made; this is a defect of the publisher")
    return [entries[key] for key in sorted(entries)]


def fingerprints(
    connection: duckdb.DuckDBPyConnection,
    table: PublishedTable,
    source: str,
    keys: Sequence[str] | None = None,
) -> dict[str, Fingerprint]:
    """Return rows and hash sum per day key (one key `''` for a whole table) of any relation."""
    day = f"coalesce({quoted(table.partition_by)}::varchar, '?')" if table.partition_by else literal(WHOLE)
    where = _days_filter(table, keys)
    found = connection.execute(
        f"select {day} as day_key, count(*), coalesce(sum({table.row_hash}), 0)::varchar "
        f"from (select {table.select_list} from {source} {where}) group by 1"
    ).fetchall()
    result = {key: Fingerprint(rows, int(total)) for key, rows, total in found}
    if "?" in result:
        raise PublishError(
            f"{table.key}: {result['?'].rows} rows have no {table.partition_by}; every row of a "
            "partitioned table needs its day (add a not_null test to the model)"
        )
    if table.partition_by is None:
        result.setdefault(WHOLE, Fingerprint(0, 0))
    return result


def _days_filter(table: PublishedTable, keys: Sequence[str] | None) -> str:
    if keys is None or table.partition_by is None:
        return ""
    days = ", ".join(f"date {literal(key)}" for key in keys)
    return f"where {quoted(table.partition_by)} in ({days})" if days else "where false"


def _row_counts(connection: duckdb.DuckDBPyConnection, table: PublishedTable) -> dict[str, int]:
    day = quoted(table.partition_by or "")
    found = connection.execute(f"select {day}::varchar, count(*) from {table.source} group by 1").fetchall()
    counts = dict(found)
    if None in counts:
        raise PublishError(
            f"{table.key}: {counts[None]} rows have no {table.partition_by}; add a not_null test"
        )
    return counts


def _is_stored(store: AudienceStore, partition: Mapping[str, Any]) -> bool:
    try:
        return store.object_path(partition["sha256"]).stat().st_size == partition["bytes"]
    except FileNotFoundError:
        return False


def _mark(partition: Mapping[str, Any] | None) -> Fingerprint | None:
    return None if partition is None else Fingerprint(partition["rows"], int(partition["hash_sum"]))


def _export_days(
    exporter: Exporter,
    table: PublishedTable,
    keys: Sequence[str],
    expected: Mapping[str, Fingerprint],
) -> dict[str, dict[str, Any]]:
    if not keys:
        return {}
    exporter.store.objects.mkdir(parents=True, exist_ok=True)
    exporter.staging.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    for batch in _batches(keys, expected):
        written.update(_write_batch(exporter, table, batch, expected))
    _verify_objects(exporter.connection, table, written, expected)
    return {key: _adopt(exporter.store, key, path, expected[key]) for key, path in written.items()}


def _batches(keys: Sequence[str], expected: Mapping[str, Fingerprint]) -> Iterator[list[str]]:
    """Group days so that one sorted query serves many small ones and memory stays bounded."""
    batch: list[str] = []
    rows = 0
    for key in keys:
        if batch and rows + expected[key].rows > _EXPORT_BATCH_ROWS:
            yield batch
            batch, rows = [], 0
        batch.append(key)
        rows += expected[key].rows
    yield batch


def _write_batch(
    exporter: Exporter,
    table: PublishedTable,
    keys: Sequence[str],
    expected: Mapping[str, Fingerprint],
) -> dict[str, Path]:
    """Write one file a day, rows in one order.

    By pyarrow, because DuckDB's own writer lets the source table's statistics show in the bytes:
    equal rows must give equal objects.
    """
    order = [table.partition_by] if table.partition_by else []
    order += [column.name for column in table.columns if column.name != table.partition_by]
    rows = exporter.connection.sql(
        f"select {table.select_list} from {table.source} {_days_filter(table, keys)} "
        f"order by {', '.join(f'{quoted(name)} nulls last' for name in order)}"
    ).to_arrow_table()
    written = {}
    start = 0
    for key in keys:
        part = rows.slice(start, expected[key].rows).combine_chunks()
        start += expected[key].rows
        path = exporter.staging / f"{table.key}.{key or 'all'}.parquet"
        pq.write_table(part, path, compression="zstd", store_schema=False)
        written[key] = path
    return written


def _verify_objects(
    connection: duckdb.DuckDBPyConnection,
    table: PublishedTable,
    written: Mapping[str, Path],
    expected: Mapping[str, Fingerprint],
) -> None:
    keys = list(written)
    for start in range(0, len(keys), _VERIFY_BATCH):
        batch = keys[start : start + _VERIFY_BATCH]
        files = ", ".join(literal(str(written[key])) for key in batch)
        found = fingerprints(connection, table, f"read_parquet([{files}])")
        for key in batch:
            if found.get(key) != expected[key]:
                raise PublishError(
                    f"{table.key} {key or '(whole)'}: the exported object has {found.get(key)}, "
                    f"the warehouse {expected[key]}; nothing was published, the last version stays"
                )


def _adopt(store: AudienceStore, key: str, path: Path, mark: Fingerprint) -> dict[str, Any]:
    digest, size = sha256_of(path), path.stat().st_size
    target = store.object_path(digest)
    if target.is_file() and target.stat().st_size == size:
        path.unlink()
    else:
        path.chmod(0o444)
        fsync_path(path)
        path.replace(target)
    return {
        "key": key,
        "object": f"objects/{target.name}",
        "rows": mark.rows,
        "hash_sum": str(mark.hash_sum),
        "bytes": size,
        "sha256": digest,
    }
