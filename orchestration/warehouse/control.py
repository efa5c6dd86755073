"""The warehouse's control layer: which deliveries a build covers, and when everything is rebuilt.

Before dbt runs, `open_window` fixes the window and writes it into the schemas `raw` and `ctl`;
after a good build `close_window` marks the deliveries as built. The tables and views themselves are
`control_tables.py` (shapes: docs/interfaces.md §9). What was admitted is the ledger's knowledge
(`orchestration/admission`); what the tables mean stands in `dbt_project/`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb

from orchestration.partitions import day_end
from orchestration.settings import Settings
from orchestration.warehouse.connection import connect_writer
from orchestration.warehouse.control_tables import ADMITTED, LedgerReader, Scope, write_window
from orchestration.warehouse.dbt_runner import feedback_channels, project_hash


@dataclass(frozen=True)
class BuildWindow:
    """What one build covers."""

    as_of: date
    window_key: str
    is_full_rebuild: bool
    full_rebuild_reasons: tuple[str, ...]
    delivery_ids: tuple[str, ...]
    state: Mapping[str, str]
    raw_file_count: int = 0
    affected: Mapping[str, int] = field(default_factory=dict)

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
    renew_empty: bool = False,
    warehouse_path: Path | None = None,
) -> BuildWindow:
    """Fix what the next build covers and write it into the warehouse's `raw` and `ctl` schemas.

    The window is every admitted delivery received before the end of `as_of` and not yet built;
    all of them if the project, scorer or pseudonym key changed, or the warehouse is new. `as_of`
    never goes back behind the last build or the last window (a build that failed halfway may have
    written its day): a re-run of a past day is built with today's knowledge.
    An empty window writes nothing, so that an unfinished one before it is taken up again; with
    `renew_empty` (the one before is published) it is written, too: nothing is built twice, and the
    channel status says what was quarantined or withheld since. `warehouse_path`: another file than the
    home's own (to write the window down for another engine).

    Raises:
        WarehouseError: the warehouse is held by another process, or a listed raw file is missing.

    """
    state = build_state(settings, scorer_version, pseudonym_key_version)
    with connect_writer(settings, warehouse_path) as connection:
        _ensure_control_schema(connection)
        reasons = _full_rebuild_reasons(connection, state, force_full_rebuild)
        window = _fix_window(connection, ledger, as_of, state, reasons)
        if window.is_empty and not renew_empty:
            return window
        scope = Scope.of(
            connection=connection,
            settings=settings,
            ledger=ledger,
            as_of=window.as_of,
            delivery_ids=window.delivery_ids,
            scorer_version=scorer_version,
        )
        write_window(scope, window.window_key, window.is_full_rebuild)
        affected = connection.execute(
            "select partition_kind, count(*) from ctl.affected_partition group by 1 order by 1"
        ).fetchall()
    return replace(window, affected=dict(affected), raw_file_count=len(scope.raw_files))


def build_state(settings: Settings, scorer_version: str, pseudonym_key_version: int = 1) -> dict[str, str]:
    """Return what a build depends on besides its input; a difference means a full rebuild."""
    return {
        "project_hash": project_hash(settings, feedback_channels(settings)),
        "scorer_version": scorer_version,
        "pseudonym_key_version": str(pseudonym_key_version),
    }


def close_window(settings: Settings, window: BuildWindow) -> None:
    """Mark the window's deliveries as built, with the state they were built in (one transaction)."""
    with connect_writer(settings) as connection:
        connection.execute("begin")
        if window.delivery_ids:
            connection.executemany(
                "insert or ignore into ctl.built_delivery values (?)", [[one] for one in window.delivery_ids]
            )
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
        connection.execute(
            "create or replace table ctl.built_window as select ? as window_key", [window.window_key]
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


def _full_rebuild_reasons(
    connection: duckdb.DuckDBPyConnection, state: Mapping[str, str], forced: bool
) -> tuple[str, ...]:
    """Names of what changed since the last good build; empty for a daily build."""
    row = connection.execute(
        "select project_hash, scorer_version, pseudonym_key_version from ctl.build_state"
    ).fetchone()
    if row is None:
        return ("new_warehouse",)
    before = dict(zip(state, map(str, row), strict=True))
    changed = tuple(name for name, value in state.items() if before[name] != value)
    return (*changed, *(("requested",) if forced else ()))


def _days_behind(connection: duckdb.DuckDBPyConnection) -> list[date]:
    """Return the day of the last build and that of the last window: a build that failed halfway counts."""
    days = connection.execute("select max(as_of) from ctl.build_state").fetchall()
    # The table comes with the first window.
    if connection.execute("from duckdb_tables() where table_name = 'run_window'").fetchall():
        days += connection.execute("select max(as_of) from ctl.run_window").fetchall()
    return [day for (day,) in days if day is not None]


def _fix_window(
    connection: duckdb.DuckDBPyConnection,
    ledger: LedgerReader,
    as_of: date,
    state: Mapping[str, str],
    reasons: tuple[str, ...],
) -> BuildWindow:
    as_of = max([as_of, *_days_behind(connection)])
    deliveries = ledger.deliveries(status=ADMITTED, received_before=day_end(as_of))
    wanted = {one.delivery_id for one in deliveries}
    if not reasons:
        built = connection.execute("select delivery_id from ctl.built_delivery").fetchall()
        wanted -= {one[0] for one in built}
    delivery_ids = tuple(sorted(wanted))
    key = "\x1f".join((as_of.isoformat(), *state.values(), *delivery_ids))
    return BuildWindow(
        as_of=as_of,
        window_key=hashlib.sha256(key.encode()).hexdigest()[:12],
        is_full_rebuild=bool(reasons),
        full_rebuild_reasons=reasons,
        delivery_ids=delivery_ids,
        state=dict(state),
    )
