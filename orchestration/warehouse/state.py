"""Reading back what the control layer fixed: the current window, what is left to build.

`control.py` writes these tables; this module answers questions of the orchestration about them
without opening a window. A missing or unreadable warehouse counts as "nothing built yet".
"""

from __future__ import annotations

import os
from argparse import Namespace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import orjson

from orchestration.partitions import day_end
from orchestration.settings import Settings
from orchestration.warehouse.connection import WarehouseError, connect_reader
from orchestration.warehouse.control import BuildWindow, LedgerReader, build_state
from orchestration.warehouse.dbt_runner import feedback_channels, load_manifest, project_hash


def current_window(settings: Settings, *, scorer_version: str, pseudonym_key_version: int = 1) -> BuildWindow:
    """Return the window that was fixed last.

    Raises:
        WarehouseError: no window was ever fixed.

    """
    with connect_reader(settings.warehouse_path, settings) as connection:
        row = connection.execute("select as_of, window_key, is_full_rebuild from ctl.run_window").fetchone()
        deliveries = connection.execute("select delivery_id from ctl.window_delivery order by 1").fetchall()
    if row is None:
        raise WarehouseError(f"{settings.warehouse_path}: no build window is fixed; run `voc refresh`")
    return BuildWindow(
        as_of=row[0],
        window_key=row[1],
        is_full_rebuild=row[2],
        full_rebuild_reasons=(),
        delivery_ids=tuple(one[0] for one in deliveries),
        raw_file_count=0,
        state=build_state(settings, scorer_version, pseudonym_key_version),
    )


def pending_build(settings: Settings, ledger: LedgerReader, as_of: date, *, scorer_version: str) -> str:
    """Name why something is left to build for `as_of`, or return ''."""
    built = _built(settings)
    if built is None:
        return "the warehouse has not been built"
    deliveries, state = built
    changed = [
        name
        for name, value in build_state(settings, scorer_version).items()
        if state.get(name) != value and name != "pseudonym_key_version"
    ]
    if changed:
        return f"{' and '.join(changed)} changed"
    waiting = [
        one
        for one in ledger.deliveries()
        if one.status == "admitted" and one.received_at < day_end(as_of) and one.delivery_id not in deliveries
    ]
    return f"{len(waiting)} admitted deliveries are not built" if waiting else ""


def _built(settings: Settings) -> tuple[set[str], dict[str, Any]] | None:
    query = (
        "select project_hash, scorer_version, (select list(delivery_id) from ctl.built_delivery)"
        " from ctl.build_state"
    )
    rows = _ask(settings, query)
    if not rows:
        return None
    project, scorer, deliveries = rows[0]
    return set(deliveries or ()), {"project_hash": project, "scorer_version": scorer}


def last_window_key(settings: Settings) -> str | None:
    """Return the key of the last fixed window, or None."""
    rows = _ask(settings, "select window_key from ctl.run_window")
    return rows[0][0] if rows else None


def voices_to_rebuild(settings: Settings) -> int:
    """Return how many built voices lie in the days that the last fixed window touches."""
    query = (
        "select count(*) from core.fct_feedback where feedback_date in"
        " (select event_date from ctl.affected_partition where partition_kind = 'feedback')"
    )
    rows = _ask(settings, query)
    return int(rows[0][0]) if rows else 0


def is_last_window_built(settings: Settings) -> bool:
    """Tell whether the build of the last fixed window ended well."""
    query = "select count(*) from ctl.run_window join ctl.built_window using (window_key)"
    return _ask(settings, query) == [(1,)]


def _ask(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query; none while there is no warehouse, or not yet with these tables."""
    try:
        with connect_reader(settings.warehouse_path, settings) as connection:
            return connection.execute(query).fetchall()
    except (WarehouseError, duckdb.CatalogException):
        return []


def manifest_dict(settings: Settings) -> dict[str, Any]:
    """Return dbt's manifest as plain data; parsed, and dbt imported, only when the project changed."""
    kept = manifest_path(settings)
    if not kept.is_file():
        for old in kept.parent.glob("manifest-*.json"):
            old.unlink()
        temporary = kept.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_bytes(orjson.dumps(_writable(settings), default=str))
        temporary.replace(kept)
    document: dict[str, Any] = orjson.loads(kept.read_bytes())
    return document


def manifest_path(settings: Settings) -> Path:
    """Return where the plain manifest of today's project is kept."""
    key = project_hash(settings, feedback_channels(settings))
    return settings.home / "dbt" / "target" / f"manifest-{key}.json"


def _writable(settings: Settings) -> dict[str, Any]:
    from dbt.flags import set_from_args

    manifest = load_manifest(settings)
    # dbt asks its global flags while it describes the manifest; outside an invocation there are none.
    set_from_args(Namespace(SEND_ANONYMOUS_USAGE_STATS=False), None)
    document: dict[str, Any] = manifest.writable_manifest().to_dict(omit_none=False)
    return document
