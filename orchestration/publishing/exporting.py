"""Tables of the warehouse as content-addressed Parquet objects.

Given a table, the columns each audience may see and what its previous version had, decide which
days to export again and write them: read and sorted once for all audiences. `comparing` tells what
differs; `publisher` makes a version of the result and proves it equal to the warehouse.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.publishing.catalogue import PublishError
from orchestration.publishing.comparing import (
    WHOLE,
    Fingerprint,
    PublishedTable,
    days_filter,
    fingerprints,
    quoted,
    row_counts,
)
from orchestration.publishing.versions import AudienceStore
from orchestration.sources.files import fsync_path, sha256_of

_EXPORT_BATCH_ROWS = 250_000
# Up to here a sort by all columns costs less than finding out whether the first tells all rows apart.
_FULL_SORT_ROWS = 20_000


@dataclass
class Exporter:
    """Where the objects of one audience go, and how much was written and taken over so far.

    `widened` names the days that had to be exported although they were not said to be affected;
    `fresh` the days of each table whose object was written now and is still to be proven.
    """

    store: AudienceStore
    exported: int = 0
    reused: int = 0
    widened: dict[str, list[str]] = field(default_factory=dict)
    fresh: dict[str, set[str]] = field(default_factory=dict)

    @property
    def staging(self) -> Path:
        """Folder of files that are not objects yet."""
        return self.store.root / ".tmp-objects"


@dataclass(frozen=True)
class Wish:
    """One table as one audience is to get it.

    `previous` is the manifest entry to take partitions over from (None: export everything).
    `affected` are the days known to have changed (None: every row is compared).
    """

    exporter: Exporter
    table: PublishedTable
    previous: Mapping[str, Any] | None
    affected: set[date] | None

    @cached_property
    def before(self) -> dict[str, dict[str, Any]]:
        """Partitions of the previous version that are still stored, by day key."""
        partitions = (self.previous or {"partitions": []})["partitions"]
        return {p["key"]: p for p in partitions if _is_stored(self.exporter.store, p)}

    @property
    def days(self) -> set[date] | None:
        """The partitions that may differ; None if all rows are to be compared."""
        if self.table.partition_by is None or self.affected is None:
            return None
        return {self.table.partition_of(day) for day in self.affected}

    @property
    def _regrouped_before(self) -> str:
        """Partitions before this day may hold other days than in the previous version."""
        heading = self.table.heading()
        was, now = ((one or {}).get("day_objects_from", "") for one in (self.previous, heading))
        return "" if was == now else max(was, now)

    def suspects(self, counts: Mapping[str, int]) -> set[str] | None:
        """Return the day keys to compare: those affected, and those whose row count differs."""
        if self.days is None:
            return None
        before = self.before
        differing = {key for key, n in counts.items() if key not in before or before[key]["rows"] != n}
        named = {day.isoformat() for day in self.days} & counts.keys()
        unnamed = sorted(key for key in differing - named if key >= self._regrouped_before)
        if unnamed:
            self.exporter.widened[self.table.key] = unnamed
        return differing | named

    def dirty(self, marks: Mapping[str, Fingerprint], suspects: set[str] | None) -> set[str]:
        """Return the day keys whose rows are others than before."""
        return {
            key
            for key in (marks if suspects is None else suspects)
            if _mark(self.before.get(key)) != marks[key]
        }


@dataclass(frozen=True)
class _Part:
    """The rows of one day of a wish that are to be written, and their fingerprint."""

    wish: Wish
    key: str
    mark: Fingerprint


def export_table(connection: duckdb.DuckDBPyConnection, wishes: Sequence[Wish]) -> list[list[dict[str, Any]]]:
    """Bring the objects of one table up to the warehouse, for each audience that wishes it.

    Returns the manifest partitions of each wish, in order. Days whose row count differs from the
    previous version are exported whether they are named or not.
    """
    tables = [wish.table for wish in wishes]
    counts = {} if all(wish.days is None for wish in wishes) else row_counts(connection, tables[0])
    suspects = [wish.suspects(counts) for wish in wishes]
    keys: set[str] | None = set()
    for some in suspects:
        keys = None if keys is None or some is None else keys | some
    marks = fingerprints(connection, tables, tables[0].source, None if keys is None else sorted(keys))
    dirty = [wish.dirty(found, some) for wish, found, some in zip(wishes, marks, suspects, strict=True)]
    parts = [
        _Part(wish, key, marked[key])
        for wish, marked, days in zip(wishes, marks, dirty, strict=True)
        for key in sorted(days)
    ]
    written = _export_parts(connection, parts)
    present = marks[0].keys() if keys is None else counts.keys()
    return [_entries(wish, present, days, written) for wish, days in zip(wishes, dirty, strict=True)]


def _entries(
    wish: Wish, present: Iterable[str], dirty: set[str], written: Mapping[tuple[str, str], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the manifest partitions of a wish: those taken over and those written, in order."""
    exporter = wish.exporter
    entries = {key: wish.before[key] for key in present if key not in dirty}
    exporter.reused += len(entries)
    exporter.exported += len(dirty)
    exporter.fresh[wish.table.key] = dirty
    entries |= {key: written[exporter.store.audience, key] for key in dirty}
    if wish.table.partition_by is None and WHOLE not in entries:
        raise PublishError(f"{wish.table.key}: no object was made; this is a defect of the publisher")
    return [entries[key] for key in sorted(entries)]


def _is_stored(store: AudienceStore, partition: Mapping[str, Any]) -> bool:
    try:
        return store.object_path(partition["sha256"]).stat().st_size == partition["bytes"]
    except FileNotFoundError:
        return False


def _mark(partition: Mapping[str, Any] | None) -> Fingerprint | None:
    return None if partition is None else Fingerprint(partition["rows"], int(partition["hash_sum"]))


def _export_parts(
    connection: duckdb.DuckDBPyConnection, parts: Sequence[_Part]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Write the parts of a table; return their manifest entries by audience and day key."""
    by_day: dict[str, list[_Part]] = {}
    for part in parts:
        by_day.setdefault(part.key, []).append(part)
        part.wish.exporter.store.objects.mkdir(parents=True, exist_ok=True)
        part.wish.exporter.staging.mkdir(parents=True, exist_ok=True)
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for batch in _batches({key: by_day[key] for key in sorted(by_day)}):
        entries |= _write_batch(connection, batch)
    return entries


def _batches(by_day: Mapping[str, list[_Part]]) -> Iterator[dict[str, list[_Part]]]:
    """Group days so that one sorted query serves many small ones and memory stays bounded."""
    batch: dict[str, list[_Part]] = {}
    rows = 0
    for key, parts in by_day.items():
        if batch and rows + parts[0].mark.rows > _EXPORT_BATCH_ROWS:
            yield batch
            batch, rows = {}, 0
        batch[key] = parts
        rows += parts[0].mark.rows
    if batch:
        yield batch


def _write_batch(
    connection: duckdb.DuckDBPyConnection, batch: Mapping[str, list[_Part]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Write one file a day and audience, rows in one order.

    Audiences that see the same columns get the same bytes: copied, not linked, because a folder is a
    permission, and a link would take one folder's over to the other.
    """
    tables = {part.wish.table.columns: part.wish.table for parts in batch.values() for part in parts}
    total = sum(parts[0].mark.rows for parts in batch.values())
    rows = _sorted_rows(connection, list(tables.values()), list(batch), total)
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    start = 0
    for key, parts in batch.items():
        made: dict[Any, Path] = {}
        for part in parts:
            store, columns = part.wish.exporter.store, part.wish.table.columns
            path = part.wish.exporter.staging / f"{part.wish.table.key}.{key or 'all'}.parquet"
            if columns in made:
                shutil.copyfile(made[columns], path)
            else:
                _write_file(rows[columns].slice(start, part.mark.rows), path)
            entries[store.audience, key] = entry = _adopt(store, key, path, part.mark)
            made[columns] = store.object_path(entry["sha256"])
        start += parts[0].mark.rows
    return entries


def _write_file(rows: pa.Table, path: Path) -> None:
    """Write by pyarrow: DuckDB's own writer lets the source table's statistics show in the bytes."""
    pq.write_table(rows.combine_chunks(), path, compression="zstd", store_schema=False)


def _sorted_rows(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[PublishedTable], keys: Sequence[str], total: int
) -> dict[Any, pa.Table]:
    """Return the rows of some days in the order of all columns, for each set of columns.

    Where the first column tells the rows of a day apart, it alone gives that order: one short sort
    then serves every audience whose columns lie within the widest.
    """
    widest = max(tables, key=lambda one: len(one.columns))
    short = [name for name in (widest.partition_by, _first(widest)) if name]
    is_shared = all(set(one.names) <= set(widest.names) and _first(one) == _first(widest) for one in tables)
    if is_shared and total > _FULL_SORT_ROWS:
        rows = _query(connection, widest, keys, short)
        if _tells_apart(rows, short):
            return {one.columns: rows.select(one.names) for one in tables}
    return {one.columns: _query(connection, one, keys, _full_order(one)) for one in tables}


def _first(table: PublishedTable) -> str:
    """Name of the first column that is not the day."""
    return next((name for name in table.names if name != table.partition_by), "")


def _full_order(table: PublishedTable) -> list[str]:
    day = [table.partition_by] if table.partition_by else []
    return day + [name for name in table.names if name != table.partition_by]


def _query(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, keys: Sequence[str], order: Sequence[str]
) -> pa.Table:
    return connection.sql(
        f"select {table.select_list} from {table.source} {days_filter(table, keys)} "
        f"order by {', '.join(f'{quoted(name)} nulls last' for name in order)}"
    ).to_arrow_table()


def _tells_apart(rows: pa.Table, names: Sequence[str]) -> bool:
    """Tell whether no two neighbours of the sorted rows agree in all of `names`."""
    agree = None
    for name in names:
        column = rows.column(name)
        same = pc.fill_null(pc.equal(column.slice(1), column.slice(0, len(column) - 1)), True)
        agree = same if agree is None else pc.and_(agree, same)
    return agree is not None and not pc.any(agree).as_py()


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
