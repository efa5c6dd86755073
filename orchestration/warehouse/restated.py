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
from datetime import date, timedelta

import duckdb

from orchestration.warehouse.connection import quoted

VEHICLE_MONTH = "vehicle_month"
CUSTOMER_QUARTER = "customer_quarter"
SPINES: Mapping[str, str] = {VEHICLE_MONTH: "month", CUSTOMER_QUARTER: "quarter"}
_MONTHS = {"month": 1, "quarter": 3}


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

    @property
    def tables(self) -> frozenset[str]:
        """Names of what is compared."""
        return frozenset({self.source, f"intermediate.{self.stored}"})


# Cars show their owner, customers their cars.
_OWNERSHIP = Watch(
    "customers_vehicles", "ownership", "int_ownership",
    ("vin_key", "customer_key", "owned_from_date", "owner_relation"),
    is_lasting=True, tail="owned_until_date",
)  # fmt: skip
WATCHES: Mapping[str, tuple[Watch, ...]] = {
    VEHICLE_MONTH: (
        Watch(
            "customers_vehicles", "vehicle", "int_vehicle",
            ("vin_key", "vehicle_model_code", "dealer_code", "usage_kind", "sold_date",
             "warranty_start_date"),
            day="least(sold_date, coalesce(warranty_start_date, sold_date))",
            is_lasting=True, tail="scrapped_date",
        ),
        _OWNERSHIP,
        Watch(
            "connected_car", "software_install", "int_software_install",
            ("vin_key", "software_version", "install_result", "installed_at"), is_lasting=True,
        ),
        Watch(
            "connected_car", "vehicle_usage", "int_vehicle_usage", ("vin_key", "odometer_km", "distance_km"),
        ),
        Watch("warranty_claims", "claim_line", "int_warranty_claim_line", ("vin_key",)),
        Watch("service", "service_visit", "int_service_visit", ("vin_key",)),
    ),
    CUSTOMER_QUARTER: (
        Watch("customers_vehicles", "customer", "int_customer", ("customer_key",), is_lasting=True),
        _OWNERSHIP,
        Watch("crm", "contact", "int_contact", ("customer_key", "handling_min")),
        Watch("crm", "complaint_case", "int_complaint_case", ("customer_key",)),
        Watch("service", "service_visit", "int_service_visit", ("customer_key",)),
        Watch(
            "sales", "vehicle_order", "int_vehicle_order",
            ("customer_key", "status", "order_kind", "buyer_type", "cancelled_date"),
        ),
        # A policy shows where it ends, and where those end that it may renew.
        Watch(
            "insurance", "policy", "int_insurance_policy",
            ("vin_key", "customer_key", "policy_kind", "status", "start_date", "end_date", "signed_date"),
            around=90,  # renewal_days() of dbt_project/macros/business.sql
            other_days=("end_date", "signed_date"),
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


def restated_partitions(connection: duckdb.DuckDBPyConnection, view: WindowView) -> list[tuple[str, date]]:
    """Return the (kind, first day) of each complete month and quarter whose rows may differ after the build.

    Reads the stored versions (schema `intermediate`) and the window's records (`staging`): call it
    after the window's views are laid and before dbt runs. A warehouse without them (before its
    first build) gives none: a full rebuild makes all.
    """
    stored = _tables(connection)
    ended = connection.execute("select max(as_of) + 1 from ctl.build_state").fetchone()
    # A set: what two spines show is compared once.
    changed = {
        watch: _changed_days(connection, watch)
        for watch in {one for watches in WATCHES.values() for one in watches}
        if (watch.channel, watch.entity) in view.entities and watch.tables <= stored
    }
    found: set[tuple[str, date]] = set()
    for kind, unit in SPINES.items():
        # What ended since the last good build is complete now.
        days = [(ended[0], True)] if ended and ended[0] else []
        for watch in WATCHES[kind]:
            days += changed.get(watch, [])
        if kind == CUSTOMER_QUARTER:
            days += _voice_days(view)
        found |= {(kind, day) for day in _partitions(days, unit, view.as_of)}
    return sorted(found)


def unfinished_partitions(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, date]]:
    """Return what a build that failed or died had to make anew, to be made in the next one as well.

    Its stored records may be the new ones already, so comparing finds no difference. Call it before
    the window's tables are written.
    """
    tables = _tables(connection)
    if not {"ctl.run_window", "ctl.affected_partition"} <= tables:
        return []
    open_key = "select window_key from ctl.run_window"
    done = "select window_key from ctl.built_window" if "ctl.built_window" in tables else "select null"
    kinds = ", ".join(quoted(kind) for kind in SPINES)
    return connection.execute(
        f"""
        select partition_kind, event_date from ctl.affected_partition
        where partition_kind in ({kinds}) and ({open_key}) is distinct from ({done})
        order by all
        """
    ).fetchall()


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    rows = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('intermediate', 'staging', 'ctl')"
    ).fetchall()
    return {row[0] for row in rows}


def _changed_days(connection: duckdb.DuckDBPyConnection, watch: Watch) -> list[tuple[date, bool]]:
    """Return the days on which, or from which on, the window's records say other things than the stored."""
    rows = connection.execute(_changed_sql(watch)).fetchall()
    return [(day, watch.is_lasting) for (day,) in rows if day is not None]


def _changed_sql(watch: Watch) -> str:
    shown = (*watch.columns, watch.day, "is_deleted")
    same = " and ".join(
        f"coming.shown_{place} is not distinct from stored.shown_{place}" for place in range(len(shown))
    )
    listed = ", ".join(f"{column} as shown_{place}" for place, column in enumerate(shown))
    days = [watch.day, *watch.other_days]
    if watch.around:
        days += [f"{watch.day} - {watch.around}", f"{watch.day} + {watch.around}"]
    tail = watch.tail or "cast(null as date)"
    picked = f"record_id, {listed}, {tail} as tail, [{', '.join(days)}] as shown_days"
    return f"""
        with coming as (select {picked} from {watch.source}),
        stored as (
            select {picked} from intermediate.{watch.stored}
            where record_id in (select record_id from {watch.source})
        )
        select distinct unnest(
            case
                when stored.record_id is null then coming.shown_days
                when not ({same}) then list_concat(coming.shown_days, stored.shown_days)
                when coming.tail is distinct from stored.tail then [least(coming.tail, stored.tail)]
                else []
            end
        ) as day
        from coming left join stored on coming.record_id = stored.record_id
    """


def _voice_days(view: WindowView) -> Iterable[tuple[date, bool]]:
    """Days of voices that name their customer; of answers, which are the last ones until the next."""
    channel, entities = LASTING_ANSWERS
    for of, entity, day in view.touched:
        if of == channel and entity in entities:
            yield day, True
        elif (of, entity) in view.naming_voices:
            yield day, False


def _partitions(days: Iterable[tuple[date, bool]], unit: str, as_of: date) -> set[date]:
    """Return the first days of the complete months or quarters in which, or from which on, these days lie."""
    found: set[date] = set()
    lasting_from = as_of
    for day, is_lasting in days:
        if is_lasting:
            lasting_from = min(lasting_from, day)
        else:
            found.add(_start(day, unit))
    start = _start(lasting_from, unit)
    while start <= as_of:
        found.add(start)
        start = _next(start, unit)
    return {start for start in found if _next(start, unit) <= as_of + timedelta(days=1)}


def _start(day: date, unit: str) -> date:
    """Return the first day of the month or quarter of a day."""
    return day.replace(month=(day.month - 1) // _MONTHS[unit] * _MONTHS[unit] + 1, day=1)


def _next(start: date, unit: str) -> date:
    """Return the first day of the next month or quarter."""
    return _start(start + timedelta(days=31 * _MONTHS[unit]), unit)
