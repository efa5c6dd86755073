"""What the last build changed, as the warehouse's `ctl` schema tells it.

The builder fixes its window in `ctl` (docs/interfaces.md §9); here that is turned into days per
published table, and into a name for the state the days are relative to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration.publishing.catalogue import DeclaredTable, PublishError
from orchestration.publishing.comparing import WAREHOUSE

Affected = Mapping[str, set[date] | None] | None
# Kinds whose days are derived while building, and the table that then holds them.
_DERIVED_KINDS = {
    "survey_response": "select event_date from {0}.intermediate.int_survey_affected_day",
    "warranty_claim_line": "select event_date from {0}.intermediate.int_warranty_affected_day",
    "software_install": "select event_date from {0}.intermediate.int_software_affected_day",
    "warranty_claim_month": "select cast(date_trunc('month', event_date) as date) "
    "from {0}.intermediate.int_warranty_affected_day",
}


@dataclass(frozen=True)
class WarehouseWindow:
    """The last build: its day, key, days changed by table, and the states before and after it."""

    as_of: date
    window_key: str
    affected: Affected
    since: str
    state: str


def read_window(connection: duckdb.DuckDBPyConnection, declared: Sequence[DeclaredTable]) -> WarehouseWindow:
    """Read the window of the warehouse attached to `connection`.

    Raises:
        PublishError: no build is recorded, or the last one did not finish.

    """
    try:
        found = connection.execute(
            f"select as_of, window_key, is_full_rebuild from {WAREHOUSE}.ctl.run_window"
        ).fetchone()
        window = _column(connection, f"select delivery_id from {WAREHOUSE}.ctl.window_delivery")
        built = _column(connection, f"select delivery_id from {WAREHOUSE}.ctl.built_delivery")
        made_by = _made_by(connection)
    except duckdb.CatalogException:
        found = None
    if found is None:
        raise PublishError("no build is recorded in the warehouse; run `voc refresh` first")
    if not window <= built:
        raise PublishError(
            f"the build of window {found[1]} did not finish "
            f"({len(window - built)} deliveries not marked as built); "
            "run `voc refresh`, which takes it up again"
        )
    return WarehouseWindow(
        as_of=found[0],
        window_key=found[1],
        affected=None if found[2] else _affected(connection, declared),
        since=_state(built - window, made_by),
        state=_state(built, made_by),
    )


def _affected(connection: duckdb.DuckDBPyConnection, declared: Sequence[DeclaredTable]) -> Affected:
    days: dict[str, set[date] | None] = {}
    for table in declared:
        if table.partition_by is not None:
            days[table.key] = _days(connection, table.partition_kind)
    return days


def _days(connection: duckdb.DuckDBPyConnection, kind: str | None) -> set[date] | None:
    """Return the days of a kind; None (compare every row) for a kind that is not known here."""
    if kind in _DERIVED_KINDS:
        sql = _DERIVED_KINDS[kind].format(WAREHOUSE)
    elif kind is None or kind.startswith(tuple(_DERIVED_KINDS)):
        return None
    else:
        sql = f"select event_date from {WAREHOUSE}.ctl.affected_partition where partition_kind = '{kind}'"
    try:
        return {row[0] for row in connection.execute(sql).fetchall()}
    except duckdb.CatalogException:
        return None


def _column(connection: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    return {row[0] for row in connection.execute(sql).fetchall()}


def _made_by(connection: duckdb.DuckDBPyConnection) -> str:
    """Name project, scorer and key version of the build: with others the same deliveries give other rows."""
    found = connection.execute(
        f"select project_hash, scorer_version, pseudonym_key_version from {WAREHOUSE}.ctl.build_state"
    ).fetchone()
    return "" if found is None else "/".join(map(str, found))


def _state(delivery_ids: Iterable[str], made_by: str) -> str:
    return hashlib.sha256("\n".join((made_by, *sorted(delivery_ids))).encode()).hexdigest()[:16]
