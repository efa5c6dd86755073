"""What the warehouse holds of a published table, and whether two relations hold the same rows.

Here is how a table looks to one audience, and its fingerprint by day: rows and the sum of their row
hashes. `exporting` writes the days that differ; `publisher` compares what was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from orchestration.publishing.catalogue import Column, DeclaredTable, PublishError

# Parquet has no 128-bit integer: DuckDB would write a double and lose digits.
_UNPUBLISHABLE_TYPES = ("HUGEINT", "UHUGEINT", "INTERVAL", "BIT", "UNION", "BIGNUM", "VARINT")
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
    """One table as one audience gets it.

    From `day_objects_from` on an object holds a day, before it a month (None: always a day): the days
    that deliveries still change stay small, and years of history do not become thousands of files.
    """

    declared: DeclaredTable
    columns: tuple[Column, ...]
    day_objects_from: date | None = None

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
    def partition_day(self) -> str:
        """SQL expression of a row's partition: its day, or the first day of its month."""
        day = quoted(self.partition_by or "")
        month = f"cast(date_trunc('month', {day}) as date)"
        if self.declared.by_month:
            return month
        if self.day_objects_from is None:
            return day
        return f"case when {day} < date '{self.day_objects_from}' then {month} else {day} end"

    def partition_of(self, day: date) -> date:
        """Return the day that names the partition a day's rows are in, as `partition_day` does."""
        is_old = self.day_objects_from is not None and day < self.day_objects_from
        return day.replace(day=1) if self.declared.by_month or is_old else day

    @property
    def select_list(self) -> str:
        """Columns with their types spelled out, so that hashes compare like with like."""
        return ", ".join(f"cast({quoted(c.name)} as {c.type}) as {quoted(c.name)}" for c in self.columns)

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]

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
            **self._grain(),
            "holds_text": any(self.declared.columns[c.name][2] for c in self.columns),
        }

    def _grain(self) -> dict[str, str]:
        if self.partition_by is None:
            return {}
        if self.declared.by_month:
            return {"partition_grain": "month"}
        return {"day_objects_from": str(self.day_objects_from)} if self.day_objects_from else {}


def quoted(name: str) -> str:
    """Return an SQL identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def warehouse_columns(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    """Return what the attached warehouse holds: (schema, table) to column to type, in their order."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        f"where database_name = '{WAREHOUSE}' order by schema_name, table_name, column_index"
    ).fetchall():
        found.setdefault((schema, table), {})[column] = kind
    return found


def resolve_table(
    known: Mapping[tuple[str, str], Mapping[str, str]],
    declared: DeclaredTable,
    audience: str,
    day_objects_from: date | None = None,
) -> PublishedTable:
    """Match a declared table with the warehouse's columns (`known`); they come in warehouse order.

    Raises:
        PublishError: table or column missing, column undocumented, type that Parquet cannot hold.

    """
    types = known.get((declared.schema, declared.name))
    if not types:
        raise PublishError(
            f"{declared.key} is meant to be published but is not in the warehouse; run `voc refresh`"
        )
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
    return PublishedTable(declared, columns, day_objects_from)


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


def fingerprints(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[PublishedTable],
    source: str,
    keys: Sequence[str] | None = None,
) -> list[dict[str, Fingerprint]]:
    """Return rows and hash sum per day key of any relation, for each of `tables` over its columns.

    The `tables` are one table as several audiences see it; the relation is read once. A table that
    is not partitioned has one key, `''`.
    """
    table = max(tables, key=lambda one: len(one.columns))
    day = f"coalesce({table.partition_day}::varchar, '?')" if table.partition_by else literal(WHOLE)
    sums = ", ".join(f"coalesce(sum({one.row_hash}), 0)::varchar" for one in tables)
    found = connection.execute(
        f"select {day} as day_key, count(*), {sums} "
        f"from (select {_select_all(tables)} from {source} {days_filter(table, keys)}) group by 1"
    ).fetchall()
    result = [
        {key: Fingerprint(rows, int(totals[index])) for key, rows, *totals in found}
        for index in range(len(tables))
    ]
    for marks in result:
        _complete(table, marks)
    return result


def _complete(table: PublishedTable, marks: dict[str, Fingerprint]) -> None:
    if "?" in marks:
        raise PublishError(
            f"{table.key}: {marks['?'].rows} rows have no {table.partition_by}; every row of a "
            "partitioned table needs its day (add a not_null test to the model)"
        )
    if table.partition_by is None:
        marks.setdefault(WHOLE, Fingerprint(0, 0))


def _select_all(tables: Sequence[PublishedTable]) -> str:
    """Every column of any of the tables, once, with its type."""
    columns = {column.name: column for table in tables for column in table.columns}
    return PublishedTable(tables[0].declared, tuple(columns.values())).select_list


def days_filter(table: PublishedTable, keys: Sequence[str] | None) -> str:
    """Return a `where` clause for some days; empty for all (None) and for a table without days."""
    if keys is None or table.partition_by is None:
        return ""
    if not keys:
        return "where false"
    days = ", ".join(f"date {literal(key)}" for key in keys)
    # The plain range lets DuckDB pass over what lies outside; the longest partition is a month.
    return (
        f"where {quoted(table.partition_by)} between date {literal(min(keys))} "
        f"and date {literal(max(keys))} + 30 and {table.partition_day} in ({days})"
    )


def row_counts(connection: duckdb.DuckDBPyConnection, table: PublishedTable) -> dict[str, int]:
    """Return the rows of each day of a partitioned table in the warehouse."""
    found = connection.execute(
        f"select {table.partition_day}::varchar, count(*) from {table.source} group by 1"
    ).fetchall()
    counts = dict(found)
    if None in counts:
        raise PublishError(
            f"{table.key}: {counts[None]} rows have no {table.partition_by}; add a not_null test"
        )
    return counts
