"""Holds what Spark wrote against the DuckDB warehouse: both directions, row for row, types too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.spark.builds import PUBLISHED
from orchestration.warehouse.connection import quoted


@dataclass(frozen=True)
class Compared:
    """One table on both sides; `problem` is empty where everything is equal."""

    table: str
    rows: int
    only_duckdb: int = 0
    only_spark: int = 0
    problem: str = ""

    @property
    def is_equal(self) -> bool:
        """True if no row and no type differs."""
        return not self.problem and self.only_duckdb == self.only_spark == 0


def compare(duckdb_path: Path, spark_warehouse: Path, schemas: Collection[str] = PUBLISHED) -> list[Compared]:
    """Compare every table and view of the schemas, in order of name.

    Raises:
        duckdb.Error: the warehouse cannot be opened (a refresh holds it).

    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {quoted(duckdb_path)} as ours (read_only)")
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_catalog = 'ours' and list_contains(?, table_schema) order by 1",
            [sorted(schemas)],
        ).fetchall()
        return [_compare(connection, name, spark_warehouse) for (name,) in names]


def _compare(connection: duckdb.DuckDBPyConnection, table: str, warehouse: Path) -> Compared:
    (rows,) = connection.execute(f"select count(*) from ours.{table}").fetchone() or (0,)
    schema, _, name = table.partition(".")
    folder = warehouse / f"{schema}.db" / name
    if not any(folder.glob("**/*.parquet")):
        # Spark writes no file for a table without rows.
        missing = "" if folder.is_dir() and rows == 0 else "not written by Spark"
        return Compared(table, rows, only_duckdb=rows, problem=missing)
    theirs = f"read_parquet({quoted(folder / '**' / '*.parquet')})"
    ours_types = _types(connection, f"ours.{table}")
    theirs_types = _types(connection, theirs)
    problem = "; ".join(
        f"{column}: {ours_types.get(column, 'missing')} here, {theirs_types.get(column, 'missing')} on Spark"
        for column in sorted(ours_types.keys() | theirs_types.keys())
        if ours_types.get(column) != theirs_types.get(column)
    )
    columns = ", ".join(column for column in ours_types if column in theirs_types)
    ours = f"select {columns} from ours.{table}"
    there = f"select {columns} from {theirs}"
    return Compared(table, rows, _more(connection, ours, there), _more(connection, there, ours), problem)


def _types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"describe select * from {relation}").fetchall()}


def _more(connection: duckdb.DuckDBPyConnection, left: str, right: str) -> int:
    (count,) = connection.execute(f"select count(*) from ({left} except all {right})").fetchone() or (0,)
    return int(count)


def unequal(rows: Sequence[Compared]) -> list[Compared]:
    """Return the tables that differ."""
    return [row for row in rows if not row.is_equal]
