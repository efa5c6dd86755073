"""The books close on the records, and defects seeded into business models are caught by a named check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.warehouse import dbt_runner
from tests.dbt.conftest import Warehouse
from tests.support import business_history as business
from tests.support import sample_history as history

pytestmark = pytest.mark.slow

AS_OF = date(2026, 5, 20)
BOOKS = ("fct_warranty_claim_line", "agg_gl_reconciliation")


@dataclass(frozen=True)
class Mutant:
    """A change of text in a model or macro, what is built then, and the check that must not pass."""

    name: str
    caught_by: str
    build: tuple[str, ...]
    place: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        "recovery raises the cost", "fct_warranty_claim_line__rules_hold", BOOKS, "fct_warranty_claim_line",
        "when cost_type = '追偿' then -1 else 1", "when cost_type = '追偿' then 1 else 1",
    ),
    Mutant(
        "tax left in", "assert_closed_books_reconcile", BOOKS, "net_of_tax",
        "' / (1 + ' ~ rate", "' / (1 + 0 * ' ~ rate",
    ),
    Mutant(
        "posted when it failed", "assert_closed_books_reconcile", BOOKS, "fct_warranty_claim_line",
        "{{ fiscal_period('posted_date') }}", "{{ fiscal_period('failure_date') }}",
    ),
    Mutant(
        "reversed in the period of its posting", "assert_closed_books_reconcile", BOOKS,
        "fct_warranty_claim_line", "{{ fiscal_period('reversed_date') }}", "{{ fiscal_period('posted_date') }}",
    ),
    Mutant(
        "reversal forgotten", "assert_closed_books_reconcile", BOOKS, "agg_gl_reconciliation",
        "where is_posted and reversal_period is not null\n    union all\n    select\n        fiscal_period",
        "where false\n    union all\n    select\n        fiscal_period",
    ),
    Mutant(
        "refused claims booked", "fct_warranty_claim_line__rules_hold", BOOKS, "fct_warranty_claim_line",
        "when status = '已批准' and reversed_date is null", "when status <> '已申请'",
    ),
    Mutant(
        "control totals lost", "agg_gl_reconciliation__holds_every_control_total", BOOKS,
        "agg_gl_reconciliation", "left join {{ ref('dim_gl_account') }}", "inner join (select * from "
        "{{ ref('dim_gl_account') }} where subject <> 'contact')",
    ),
    Mutant(
        "a car month for each owner there was", "fct_vehicle_month__car_months_are_unique",
        ("fct_vehicle_month",), "fct_vehicle_month",
        "            and vehicle_months.next_month_start_date <= owners.owned_before_date\n", "",
    ),
    Mutant(
        "cars without an owner left out", "assert_every_car_month_is_there", ("fct_vehicle_month",),
        "fct_vehicle_month", "left join owners", "inner join owners",
    ),
    Mutant(
        "scrapped cars drive on", "assert_every_car_month_is_there", ("fct_vehicle_month",), "fct_vehicle_month",
        "coalesce(scrapped_date, cast('9999-12-31' as date))", "cast('9999-12-31' as date)",
    ),
    Mutant(
        "the month that is not over", "assert_spines_hold_ended_periods", ("fct_vehicle_month",), "complete_months",
        "run_window.as_of + 1", "run_window.as_of + 31",
    ),
    Mutant(
        "withdrawn claims counted", "assert_claims_of_car_months_are_all_counted", ("fct_vehicle_month",),
        "fct_vehicle_month", "where\n        not is_deleted\n", "where\n        true\n",
    ),
    Mutant(
        "cancelled orders earn", "fct_vehicle_order__rules_hold", ("fct_vehicle_order",), "fct_vehicle_order",
        "status in ('已开票', '已交付')", "status is not null",
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def sound(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    warehouse = new_warehouse()
    history.deliver_masters(warehouse.home)
    business.deliver_six_cars(warehouse.home, AS_OF)
    business.deliver_books(warehouse.home, AS_OF)
    cancelled = business.order(1, 900, AS_OF, AS_OF, status="已红冲")
    warehouse.home.deliver("sales", "vehicle_order", history.received(AS_OF, 9), [
        {**cancelled, "invoiced_date": "2026-04-20"}
    ])  # fmt: skip
    result = warehouse.refresh(AS_OF)
    assert result.success, result.summary()
    return warehouse


def build(warehouse: Warehouse, names: tuple[str, ...], manifest: Any) -> dict[str, str]:
    arguments = ["build", "--exclude-resource-type", "unit_test", "--full-refresh", "--select", *names]
    result = dbt_runner.invoke(warehouse.settings, arguments, manifest=manifest)
    return {node.name: node.status for node in result.nodes}


def test_closed_books_equal_the_records_to_the_cent(sound: Warehouse) -> None:
    with duckdb.connect(str(sound.path), read_only=True) as connection:
        rows = connection.execute(
            "select fiscal_period, subject, entry_kind, booked_amount_cny, unallocated_amount_cny "
            "from finance.agg_gl_reconciliation where is_closed order by 1, 2, 3"
        ).fetchall()
    assert [tuple(map(str, row)) for row in rows] == [
        ("2026-01", "contact", "发生", "39.00", "0.00"),
        ("2026-01", "goodwill", "发生", "300.00", "0.00"),
        ("2026-01", "warranty", "发生", "413.00", "0.00"),
        ("2026-01", "warranty", "计提", "0.00", "999.00"),
        ("2026-01", "warranty", "追偿", "-60.00", "0.00"),
        ("2026-02", "warranty", "冲回", "-200.00", "0.00"),
    ]


def test_checks_are_silent_without_a_defect(sound: Warehouse, tmp_path: Path) -> None:
    warehouse = sound.copy(tmp_path / "home")
    names = tuple(sorted({name for mutant in MUTANTS for name in mutant.build}))
    found = build(warehouse, names, dbt_runner.load_manifest(warehouse.settings))
    checks = {mutant.caught_by for mutant in MUTANTS}
    assert checks <= found.keys()
    assert {found[name] for name in checks} == {"pass"}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_caught(mutant: Mutant, sound: Warehouse, tmp_path: Path) -> None:
    warehouse = sound.copy(tmp_path / "home")
    manifest = dbt_runner.load_manifest(warehouse.settings)
    node = manifest.nodes.get(f"model.voc_warehouse.{mutant.place}")
    attribute = "raw_code" if node else "macro_sql"
    thing = node or manifest.macros[f"macro.voc_warehouse.{mutant.place}"]
    text = getattr(thing, attribute)
    assert mutant.old in text, f"{mutant.place} no longer says {mutant.old!r}"
    setattr(thing, attribute, text.replace(mutant.old, mutant.new))
    found = build(warehouse, mutant.build, manifest)
    assert found[mutant.caught_by] in {"fail", "warn"}, found
