"""Order-independent hashes of warehouse tables, to tell whether two builds say the same.

Used by the fault, shuffle and incremental suites.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

HASHED_SCHEMAS = ("intermediate", "core", "experience", "finance", "reports")


def table_hashes(warehouse_path: Path | str, schemas: Sequence[str] = HASHED_SCHEMAS) -> dict[str, str]:
    """Return `{"schema.table": "<rows>:<hash>"}` for every table and view of the schemas.

    The hash is the sum of the row hashes, so the order of rows does not matter and a doubled row
    does. `int_*_affected_day` tables and `int_feedback__*` views are left out: they describe the window
    of a run, not the warehouse.
    """
    listed = ", ".join(f"'{schema}'" for schema in schemas)
    with duckdb.connect(str(warehouse_path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        tables = connection.execute(
            f"select table_schema, table_name from information_schema.tables "
            f"where table_schema in ({listed}) and not ends_with(table_name, 'affected_day') "
            "and not starts_with(table_name, 'int_feedback__') order by 1, 2"
        ).fetchall()
        return {f"{schema}.{table}": _hash(connection, f"{schema}.{table}") for schema, table in tables}


def _hash(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    row = connection.execute(
        f"select count(*), coalesce(sum(cast(hash(t) as hugeint)), 0) from {table} as t"
    ).fetchone()
    assert row is not None
    return f"{row[0]}:{row[1]:x}"


def differing(left: dict[str, str], right: dict[str, str]) -> dict[str, tuple[str | None, str | None]]:
    """Return the tables whose hashes differ, with both values."""
    names = sorted(left.keys() | right.keys())
    return {name: (left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)}
