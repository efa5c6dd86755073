"""Which complete months and quarters of the exposure spines a window makes anew.

`core.fct_vehicle_month` and `core.fct_customer_quarter` hold a row per car and month (customer and
quarter) whether anything happened or not, so the days of changed records do not say which rows
change: a car sold to somebody else changes months from the sale on, a car scrapped months from the
scrapping on, and on most days nothing that is complete changes at all. What changed is told here by
comparing the window's records with the stored ones, before dbt writes them. The rows themselves are
made by dbt; the window is `control.py`'s, its tables `control_tables.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from orchestration.warehouse.connection import quoted_name

VEHICLE_MONTH = "vehicle_month"
CUSTOMER_QUARTER = "customer_quarter"
SPINES: Mapping[str, str] = {VEHICLE_MONTH: "month", CUSTOMER_QUARTER: "quarter"}


@dataclass(frozen=True)
class Watch:
    """What of an entity's records a spine shows.

    `columns`: those that matter (others may change without consequence). `day`: the day at which a
    record begins to matter; it matters in the partition of that day alone, or from then on
    (`is_lasting`). `tail`: the column that only ends a state, so that a change of nothing else
    matters from the end on. `around`: days before and after which a record also shows.
    """

    channel: str
    entity: str
    stored: str
    columns: tuple[str, ...]
    day: str = "event_date"
    is_lasting: bool = False
    tail: str | None = None
    around: int = 0
    other_days: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Name of the view over the window's records."""
        return f"staging.stg_{self.channel}__{self.entity}"


WATCHES: Mapping[str, tuple[Watch, ...]] = {
    VEHICLE_MONTH: (
        Watch(
            "customers_vehicles", "vehicle", "int_vehicle",
            ("vin_key", "vehicle_model_code", "dealer_code", "usage_kind", "sold_date", "warranty_start_date"),
            day="least(sold_date, coalesce(warranty_start_date, sold_date))",
            is_lasting=True, tail="scrapped_date",
        ),
        Watch(
            "customers_vehicles", "ownership", "int_ownership",
            ("vin_key", "customer_key", "owned_from_date", "owner_relation"),
            is_lasting=True, tail="owned_until_date",
        ),
        Watch(
            "connected_car", "software_install", "int_software_install",
            ("vin_key", "software_version", "install_result", "installed_at"), is_lasting=True,
        ),
        Watch("connected_car", "vehicle_usage", "int_vehicle_usage", ("vin_key", "odometer_km", "distance_km")),
        Watch("warranty_claims", "claim_line", "int_warranty_claim_line", ("vin_key",)),
        Watch("service", "service_visit", "int_service_visit", ("vin_key",)),
    ),
    CUSTOMER_QUARTER: (
        Watch("customers_vehicles", "customer", "int_customer", ("customer_key",), is_lasting=True),
        Watch(
            "customers_vehicles", "ownership", "int_ownership",
            ("vin_key", "customer_key", "owned_from_date", "owner_relation"),
            is_lasting=True, tail="owned_until_date",
        ),
        Watch("crm", "contact", "int_contact", ("customer_key", "handling_min")),
        Watch("crm", "complaint_case", "int_complaint_case", ("customer_key",)),
        Watch("service", "service_visit", "int_service_visit", ("customer_key",)),
        Watch(
            "sales", "vehicle_order", "int_vehicle_order",
            ("customer_key", "status", "order_kind", "buyer_type"),
        ),
        # A policy shows where it ends, and where those end that it may renew.
        Watch(
            "insurance", "policy", "int_insurance_policy",
            ("vin_key", "customer_key", "policy_kind", "status", "start_date", "end_date", "signed_date"),
            around=90, other_days=("end_date", "signed_date"),
        ),
    ),
}  # fmt: skip
# Voices and answers have no record of their own in the spine's tables: their touched days are taken.
LASTING_ANSWERS = ("survey", ("response", "invitation"))


@dataclass(frozen=True)
class WindowView:
    """What is known of a window before its build.

    `touched`: (channel, entity, day) of everything the window changed. `naming_voices`: the (channel,
    entity) whose voices name their customer. `entities`: the (channel, entity) with records in it.
    """

    as_of: date
    touched: Sequence[tuple[str, str, date]]
    naming_voices: frozenset[tuple[str, str]]
    entities: frozenset[tuple[str, str]]


def restated_partitions(
    connection: duckdb.DuckDBPyConnection, view: WindowView
) -> list[tuple[str, date]]:
    """Return the (kind, first day) of each complete month and quarter whose rows may differ after the build.

    Reads the stored versions (schema `intermediate`) and the window's records (`staging`): call it
    after the window's views are laid and before dbt runs. A warehouse without them (before its
    first build) gives none: a full rebuild makes all.
    """
    stored = _tables(connection)
    found: set[tuple[str, date]] = set()
    for kind, unit in SPINES.items():
        days = [(_built_as_of(connection), True)] if _built_as_of(connection) else []
        for watch in WATCHES[kind]:
            is_known = {("intermediate", watch.stored), ("staging", watch.source.split(".")[1])} <= stored
            if is_known and (watch.channel, watch.entity) in view.entities:
                days += _changed_days(connection, watch)
        if kind == CUSTOMER_QUARTER:
            days += _voice_days(view)
        found |= {(kind, day) for day in _partitions(connection, days, unit, view.as_of)}
    return sorted(found | _unfinished(connection))


def _tables(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    return set(
        connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema in ('intermediate', 'staging', 'ctl')"
        ).fetchall()
    )


def _changed_days(connection: duckdb.DuckDBPyConnection, watch: Watch) -> list[tuple[date, bool]]:
    """Return the days from which (or on which) records of the window say other things than the stored ones."""
    rows = connection.execute(_changed_sql(watch)).fetchall()
    return [(day, watch.is_lasting) for (day,) in rows if day is not None]


def _changed_sql(watch: Watch) -> str:
    shown = (*watch.columns, watch.day, "is_deleted")
    same = " and ".join(
        f"coming.shown_{place} is not distinct from stored.shown_{place}" for place in range(len(shown))
    )
    listed = ", ".join(f"{column} as shown_{place}" for place, column in enumerate(shown))
    tail = watch.tail or "cast(null as date)"
    days = [watch.day, *watch.other_days]
    if watch.around:
        days += [f"{watch.day} - {watch.around}", f"{watch.day} + {watch.around}"]
    picked = f"record_id, {listed}, {tail} as tail, unnest([{', '.join(days)}]) as shown_day"
    return f"""
        with coming as (select {picked} from {watch.source}),
        stored as (
            select {picked} from intermediate.{quoted_name(watch.stored)}
            where record_id in (select record_id from {watch.source})
        ),
        pairs as (
            select coming.shown_day as new_day, stored.shown_day as old_day, {same} as is_same,
                coming.tail as new_tail, stored.tail as old_tail, stored.record_id is not null as is_known
            from coming left join stored on coming.record_id = stored.record_id
        )
        select distinct unnest(
            case
                when is_known and is_same and new_tail is not distinct from old_tail then []
                when is_known and is_same then [least(new_tail, old_tail)]
                else [new_day, old_day]
            end
        ) as day
        from pairs
    """


def _voice_days(view: WindowView) -> Iterable[tuple[date, bool]]:
    """Days of voices that name their customer; of answers, which are the last ones until the next."""
    channel, entities = LASTING_ANSWERS
    for of, entity, day in view.touched:
        if of == channel and entity in entities:
            yield day, True
        elif (of, entity) in view.naming_voices:
            yield day, False


def _partitions(
    connection: duckdb.DuckDBPyConnection, days: Iterable[tuple[date, bool]], unit: str, as_of: date
) -> set[date]:
    """Return the first days of the complete months or quarters that these days (or all from them on) lie in."""
    given = set(days)
    points = {day for day, is_lasting in given if not is_lasting}
    onward = min((day for day, is_lasting in given if is_lasting), default=None)
    rows = connection.execute(
        f"""
        with starts as (
            select cast(unnest(generate_series(
                date_trunc('{unit}', least($first, $as_of)), date_trunc('{unit}', $as_of), interval 1 {unit}
            )) as date) as start_day
        )
        select start_day from starts
        where start_day + interval 1 {unit} <= $as_of + 1
            and (start_day >= date_trunc('{unit}', $onward)
                or start_day in (select date_trunc('{unit}', day) from (select unnest($points) as day)))
        """,
        {
            "first": min([*points, *([onward] if onward else [])], default=as_of),
            "as_of": as_of,
            "onward": onward,
            "points": sorted(points) or [None],
        },
    ).fetchall()
    return {row[0] for row in rows}


def _built_as_of(connection: duckdb.DuckDBPyConnection) -> date | None:
    """Return the first day that the last good build did not cover: what ended since is complete now."""
    found = connection.execute("select max(as_of) + 1 from ctl.build_state").fetchone()
    return found[0] if found else None


def _unfinished(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, date]]:
    """What a build that failed or died had to make anew: its stored records may be the new ones already."""
    if not {("ctl", "run_window"), ("ctl", "affected_partition")} <= _tables(connection):
        return set()
    if ("ctl", "built_window") in _tables(connection):
        done = "select window_key from ctl.built_window"
    else:
        done = "select cast(null as varchar)"
    kinds = ", ".join(f"'{kind}'" for kind in SPINES)
    rows: list[Any] = connection.execute(
        f"""
        select partition_kind, event_date from ctl.affected_partition
        where partition_kind in ({kinds}) and (select window_key from ctl.run_window) is distinct from ({done})
        """
    ).fetchall()
    return {(kind, day) for kind, day in rows}
