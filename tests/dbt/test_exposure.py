"""The exposure spines: worked out by hand, and the same however the records came in."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.warehouse import control, dbt_runner
from orchestration.warehouse.restated import CUSTOMER_QUARTER, SPINES, WATCHES
from tests.dbt.conftest import Warehouse
from tests.support import business_history as business
from tests.support import sample_history as history
from tests.support.raw_home import key
from tests.support.table_hash import differing, table_hashes

pytestmark = pytest.mark.slow

AS_OF = date(2026, 4, 20)
TABLES = ("fct_vehicle_month", "fct_customer_quarter")
MONTHS = """
    select month_start_date, customer_key, software_version, age_months, exposure_days, odometer_km,
        distance_km, claim_line_count, visit_count, is_in_warranty
    from core.fct_vehicle_month where vin_key = ? order by 1
"""


def owner(name: str) -> str:
    return key("customer_no", name)


def month(number: int) -> date:
    return date(2026, number, 1)


@pytest.fixture(scope="module")
def six_cars(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    warehouse = new_warehouse()
    history.deliver_masters(warehouse.home)
    business.deliver_six_cars(warehouse.home, AS_OF)
    result = warehouse.refresh(AS_OF)
    assert result.success, result.summary()
    return warehouse


def months_of(warehouse: Warehouse, number: int) -> list[tuple]:
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        return connection.execute(MONTHS, [key("vin", history.vin(number))]).fetchall()


def test_car_months_as_worked_out_by_hand(six_cars: Warehouse) -> None:
    """April is not over; February has 28 days; the car was sold on 10 January."""
    kept = owner("C00900")
    assert months_of(six_cars, 900) == [
        (month(1), kept, None, 0, 22, None, None, 1, 0, True),
        (month(2), kept, None, 1, 28, 2500, 900, 0, 1, True),
        (month(3), kept, None, 2, 31, None, None, 0, 0, True),
    ]
    assert [row[1] for row in months_of(six_cars, 901)] == [
        owner("C00901"), owner("C00990"), owner("C00990")
    ]  # fmt: skip
    assert [row[4] for row in months_of(six_cars, 902)] == [22, 28, 10]
    aged = months_of(six_cars, 903)
    assert (aged[0][0], aged[0][4]) == (date(2022, 12, 1), 27)
    assert len(aged) == 40
    assert [row[9] for row in aged] == [True] * 36 + [False] * 4
    assert [row[2] for row in months_of(six_cars, 904)] == [None, "1.0", "1.1"]
    assert months_of(six_cars, 905) == []


def test_quarters_as_worked_out_by_hand(six_cars: Warehouse) -> None:
    with duckdb.connect(str(six_cars.path), read_only=True) as connection:
        rows = connection.execute(
            """
            select customer_key, owned_vehicle_count, tenure_months, visit_count, is_owner
            from core.fct_customer_quarter
            where quarter_start_date = '2026-01-01' and customer_key in (?, ?, ?, ?)
            """,
            [owner(name) for name in ("C00900", "C00901", "C00902", "C00990")],
        ).fetchall()
    assert {row[0]: row[1:] for row in rows} == {
        owner("C00900"): (1, 2, 1, True),
        owner("C00901"): (0, 2, 0, False),
        # The scrapped car still has its owner; fct_vehicle_month tells that it is no longer in use.
        owner("C00902"): (1, 2, 0, True),
        owner("C00990"): (1, 1, 0, True),
    }


def affected(warehouse: Warehouse, kind: str) -> list[date]:
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        found = connection.execute(
            "select event_date from ctl.affected_partition where partition_kind = ? order by 1", [kind]
        ).fetchall()
    return [row[0] for row in found]


@pytest.mark.parametrize(
    ("what", "restated"),
    [
        ("sold today", []),
        ("sold late", [month(2), month(3)]),
        ("sold on in February, told now", [month(2), month(3)]),
        ("scrapped in March, told now", [month(3)]),
        ("another plate", []),
        ("claim of March", [month(3)]),
        ("claim approved", []),
        ("install in February, told now", [month(2), month(3)]),
    ],
)
def test_only_months_that_change_are_made_anew(
    six_cars: Warehouse, tmp_path: Path, what: str, restated: list[date]
) -> None:
    warehouse = six_cars.copy(tmp_path / "home")
    home, day = warehouse.home, AS_OF + timedelta(days=1)
    sold = date(2026, 1, 10)
    told = {
        "sold today": ("customers_vehicles", "vehicle", business.car(906, day, day)),
        "sold late": ("customers_vehicles", "vehicle", business.car(906, date(2026, 2, 3), day)),
        "sold on in February, told now": (
            "customers_vehicles", "ownership",
            business.owned(900, "C00900", sold, day, until=date(2026, 2, 3)),
        ),
        "scrapped in March, told now": (
            "customers_vehicles", "vehicle", business.car(900, sold, day, scrapped=date(2026, 3, 5)),
        ),
        "another plate": (
            "customers_vehicles", "vehicle", {**business.car(900, sold, day), "plate": "浙C00001"},
        ),
        "claim of March": (
            "warranty_claims", "claim_line", business.claim_line(990009, 900, date(2026, 3, 9), day),
        ),
        "claim approved": (
            "warranty_claims", "claim_line",
            business.claim_line(990001, 900, date(2026, 1, 31), day, status="已批准"),
        ),
        "install in February, told now": (
            "connected_car", "software_install", business.install(904, "1.1b", date(2026, 2, 12)),
        ),
    }  # fmt: skip
    channel, entity, record = told[what]
    home.deliver(channel, entity, history.received(day, 9), [record])
    warehouse.open(day)
    assert affected(warehouse, "vehicle_month") == restated


def test_an_ended_month_is_made_once_and_a_failed_build_forgets_nothing(
    six_cars: Warehouse, tmp_path: Path
) -> None:
    warehouse = six_cars.copy(tmp_path / "home")
    home, day = warehouse.home, date(2026, 5, 2)
    home.deliver(
        "customers_vehicles", "vehicle", history.received(day, 9),
        [business.car(900, date(2026, 1, 10), day, scrapped=date(2026, 3, 5))],
    )  # fmt: skip
    window = warehouse.open(day)
    expected = [month(3), month(4)]
    assert affected(warehouse, "vehicle_month") == expected
    # Built, but not marked as built: the stored car is the new one already.
    assert dbt_runner.run_build(warehouse.settings, window.is_full_rebuild).success
    later = day + timedelta(days=1)
    home.deliver("crm", "contact", history.received(later, 9), [business.contact(1, 900, later, later)])
    window = warehouse.open(later)
    assert affected(warehouse, "vehicle_month") == expected
    control.close_window(warehouse.settings, window)
    later += timedelta(days=1)
    home.deliver("crm", "contact", history.received(later, 9), [business.contact(2, 900, later, later)])
    warehouse.open(later)
    assert affected(warehouse, "vehicle_month") == []


def test_quarters_reach_as_far_as_renewals_do(manifest: Any) -> None:
    """A policy restates the quarters of those it may renew; how far that is, the models say."""
    days = int(manifest.macros["macro.voc_warehouse.renewal_days"].macro_sql.split("%}")[1].split("{%")[0])
    (policies,) = (one for one in WATCHES[CUSTOMER_QUARTER] if one.entity == "policy")
    assert policies.around == days


class _Notes:
    """Takes down what would be delivered."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def deliver(self, *call: Any) -> str:
        self.calls.append(call)
        return ""


@pytest.mark.parametrize("seed", [0, 1])
def test_days_and_shuffled_deliveries_equal_a_full_rebuild(
    new_warehouse: Callable[[], Warehouse], seed: int, tmp_path: Path
) -> None:
    """Half a year of business, late and corrected, in order (seed 0) or at random (seed 1)."""
    warehouse, notes = new_warehouse(), _Notes()
    history.deliver_masters(notes, business.BUSINESS_START)
    for index in range(24):
        last = business.deliver_business_day(notes, index)
    if seed:
        random.Random(seed).shuffle(notes.calls)
    parts = 5
    for part in range(parts):
        for call in notes.calls[part * len(notes.calls) // parts : (part + 1) * len(notes.calls) // parts]:
            warehouse.home.deliver(*call)
        build_spines(warehouse, last - timedelta(days=30 * (parts - 1 - part)) if not seed else last)
    other = warehouse.copy(tmp_path / "rebuilt")
    build_spines(other, last, full=True)
    expected = table_hashes(other.path)
    assert set(SPINES) == {"vehicle_month", "customer_quarter"}
    assert int(expected["core.fct_vehicle_month"].split(":")[0]) > 100
    assert int(expected["core.fct_customer_quarter"].split(":")[0]) > 50
    assert differing(table_hashes(warehouse.path), expected) == {}


def build_spines(warehouse: Warehouse, as_of: date, *, full: bool = False) -> None:
    """Build and test the spines and all they come from; the rest of the project is not asked."""
    window = warehouse.open(as_of, full=full)
    arguments = ["build", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious"]
    arguments += ["--full-refresh"] if window.is_full_rebuild else []
    result = dbt_runner.invoke(warehouse.settings, [*arguments, "--select", *(f"+{name}" for name in TABLES)])
    assert result.success, result.summary()
    control.close_window(warehouse.settings, window)
