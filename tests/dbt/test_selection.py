"""What a daily build leaves out: what would change nothing, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.warehouse import control, dbt_runner
from orchestration.warehouse.connection import connect_writer
from orchestration.warehouse.selection import IdleNodes, News, read_news
from tests.dbt.conftest import Warehouse
from tests.support import business_history as business
from tests.support import sample_history as history
from tests.support.table_hash import differing, table_hashes

pytestmark = pytest.mark.slow

DAY = history.FIRST_DAY + timedelta(days=3)


def deliver_calls(warehouse: Warehouse, day: date) -> None:
    warehouse.home.deliver(
        "call_center", "call", history.received(day, 5), [history.call(n, day) for n in range(700, 712)]
    )


def deliver_orders(warehouse: Warehouse, day: date) -> None:
    warehouse.home.deliver(
        "sales", "vehicle_order", history.received(day, 5), [business.order(1, 3, day, day)]
    )
    warehouse.home.deliver(
        "customers_vehicles", "vehicle", history.received(day, 5), [history.vehicle(3, day, "M-A1")]
    )


def idle_names(warehouse: Warehouse, manifest: Any) -> set[str]:
    with connect_writer(warehouse.settings) as connection:
        idle = IdleNodes(manifest, read_news(connection))
    return {manifest.nodes[one].name for one in idle.unique_ids()}


@pytest.mark.parametrize("deliver", [deliver_calls, deliver_orders])
def test_leaving_idle_nodes_out_changes_no_table(built: Warehouse, tmp_path: Path, deliver: Any) -> None:
    tables, counts = [], []
    for leave_out in (True, False):
        warehouse = built.copy(tmp_path / str(leave_out))
        deliver(warehouse, DAY)
        window = warehouse.open(DAY)
        assert not window.is_full_rebuild
        result = dbt_runner.run_build(warehouse.settings, False, leave_out_idle=leave_out)
        assert result.success, result.summary()
        control.close_window(warehouse.settings, window)
        tables.append(table_hashes(warehouse.path))
        counts.append(len(result.nodes))
    assert differing(*tables) == {}
    assert counts[0] < counts[1] / 2


def test_news_of_one_channel_wake_its_descendants_only(
    built: Warehouse, manifest: Any, tmp_path: Path
) -> None:
    warehouse = built.copy(tmp_path / "home")
    deliver_calls(warehouse, DAY)
    warehouse.open(DAY)
    idle = idle_names(warehouse, manifest)
    assert {"int_vehicle_order", "fct_warranty_claim_line", "agg_gl_reconciliation", "dim_date"} <= idle
    assert "fct_warranty_claim_line__ids_are_unique" in idle
    awake = {
        "int_feedback_record",
        "fct_feedback",
        "fct_feedback__ids_are_unique",
        "rpt_nps",
        "rpt_data_status",
    }
    assert not awake & idle
    assert "assert_raw_rows_equal_ledger" not in idle


def test_derived_days_keep_what_hangs_on_them_awake(built: Warehouse, manifest: Any, tmp_path: Path) -> None:
    """A changed car wakes the claims of its days, though no claim came."""
    warehouse = built.copy(tmp_path / "home")
    deliver_orders(warehouse, DAY)
    warehouse.open(DAY)
    idle = idle_names(warehouse, manifest)
    assert not {"int_warranty_affected_day", "fct_warranty_claim_line", "int_vehicle_order"} & idle
    assert {"int_warranty_claim_line", "int_feedback_record", "fct_survey_response"} <= idle


def test_unknown_inputs_are_never_idle(manifest: Any) -> None:
    """Nothing known to be quiet: only models that rebuild days of which there are none may rest."""
    nothing = frozenset[str]()
    idle = IdleNodes(manifest, News(quiet=nothing, kinds=nothing, known_kinds=nothing))
    names = {manifest.nodes[one].name for one in idle.unique_ids()}
    assert not {name for name in names if name.startswith(("int_", "fct_", "rpt_"))}
