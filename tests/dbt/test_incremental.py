"""A daily build says what a full rebuild says, whatever came late, was corrected or withdrawn."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.warehouse import control, dbt_runner
from tests.dbt.conftest import Warehouse
from tests.support import sample_history as history
from tests.support.raw_home import SCORER_VERSION
from tests.support.table_hash import differing, table_hashes

pytestmark = pytest.mark.slow

FIRST = history.FIRST_DAY


def rebuilt_hashes(warehouse: Warehouse, as_of: date, where: Path) -> dict[str, str]:
    """Hashes of a full rebuild of a copy."""
    other = warehouse.copy(where)
    result = other.refresh(as_of, full=True)
    assert result.success, result.summary()
    return table_hashes(other.path)


def query(warehouse: Warehouse, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def changed(built: Warehouse, tmp_path: Path) -> tuple[Warehouse, date]:
    """Three built days, then one with late rows, an emptied day, tombstones and late master data."""
    warehouse = built.copy(tmp_path / "home")
    home, day = warehouse.home, FIRST + timedelta(days=3)
    lonely = FIRST + timedelta(days=40)
    home.deliver("call_center", "call", history.received(day, 1), [history.call(777, lonely)])
    home.deliver("warranty_claims", "claim_line", history.received(day, 1), [history.claim(777, lonely)])
    assert warehouse.refresh(day).success
    history.deliver_day(home, 4)
    day += timedelta(days=1)
    # The only call and the only claim of a day move to another day: the day becomes empty.
    moved = {**history.call(777, FIRST), "updated_at": history.stamp(lonely, 999)}
    home.deliver("call_center", "call", history.received(day, 9), [moved])
    home.deliver(
        "warranty_claims", "claim_line", history.received(day, 9), [history.claim(777, FIRST, version=90)]
    )
    # An invitation is corrected and one comes after its answer.
    home.deliver("survey", "invitation", history.received(day, 10), [
        history.invitation(5, FIRST, touchpoint="热线", version=3),
        history.invitation(8888, FIRST + timedelta(days=1)),
    ])  # fmt: skip
    home.deliver(
        "survey", "response", history.received(day, 9), history.answers(8888, FIRST + timedelta(days=1))
    )
    # A car turns out to be another model; a customer moves.
    home.deliver(
        "customers_vehicles", "vehicle", history.received(day, 10), [history.vehicle(3, day, "M-A1")]
    )
    home.deliver(
        "customers_vehicles", "customer", history.received(day, 10), [history.customer(4, day, "上海")]
    )
    return warehouse, day


def test_daily_build_equals_full_rebuild(changed: tuple[Warehouse, date], tmp_path: Path) -> None:
    warehouse, day = changed
    result = warehouse.refresh(day)
    assert result.success, result.summary()
    window = query(warehouse, "select is_full_rebuild from ctl.run_window")
    assert window == [(False,)]
    expected = rebuilt_hashes(warehouse, day, tmp_path / "rebuilt")
    assert len(expected) >= 25
    assert differing(table_hashes(warehouse.path), expected) == {}


def test_an_emptied_day_is_empty_everywhere(changed: tuple[Warehouse, date]) -> None:
    warehouse, day = changed
    lonely = (FIRST + timedelta(days=40)).isoformat()
    tables = {
        "intermediate.int_feedback_record": "voice_date",
        "intermediate.int_feedback_score": "voice_date",
        "core.fct_feedback": "feedback_date",
        "core.fct_feedback_mention": "feedback_date",
        "core.fct_warranty_claim_line": "failure_date",
        "experience.agg_aspect_sentiment_daily": "feedback_date",
    }
    count = " union all ".join(
        f"select '{table}', count(*) from {table} where {column} = '{lonely}'"
        for table, column in tables.items()
    )
    before = dict(query(warehouse, count))
    assert all(before.values()), before
    assert warehouse.refresh(day).success
    assert dict(query(warehouse, count)) == dict.fromkeys(tables, 0)
    month = "select count(*) from finance.agg_warranty_claim_cost_monthly where failure_month = '2026-02-01'"
    assert query(warehouse, month) == [(0,)]


def test_tombstones_take_voices_away(changed: tuple[Warehouse, date]) -> None:
    warehouse, day = changed
    assert warehouse.refresh(day).success
    withdrawn = query(
        warehouse,
        "select count(*), count(f.feedback_id) from intermediate.int_feedback_record r "
        "left join core.fct_feedback f using (feedback_id) where r.is_deleted",
    )
    assert withdrawn[0][0] >= 3
    assert withdrawn[0][1] == 0


def test_joining_mentions_changes_no_voice_metric(built: Warehouse) -> None:
    """A mention row per voice and aspect: counting voices over the join gives the same distinct voices."""
    rows = query(
        built,
        "with joined as (select f.feedback_id, m.aspect_code from core.fct_feedback f "
        "left join core.fct_feedback_mention m using (feedback_id)) "
        "select count(distinct feedback_id), (select count(*) from core.fct_feedback), "
        "max(copies) from (select feedback_id, aspect_code, count(*) as copies from joined group by all)",
    )
    assert rows[0][0] == rows[0][1]
    assert rows[0][2] == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_order_of_refreshes_does_not_matter(
    new_warehouse: Callable[[], Warehouse], seed: int, tmp_path: Path
) -> None:
    """Deliveries split at random over three refreshes end in one and the same warehouse."""
    warehouse = new_warehouse()
    history.deliver_masters(warehouse.home)
    for index in range(4):
        day = history.deliver_day(warehouse.home, index, per_channel=6)
    chance = random.Random(seed)
    waiting = [one.delivery_id for one in warehouse.home.deliveries()]
    chance.shuffle(waiting)
    held_back = set(waiting)
    ledger = _Withholding(warehouse, held_back)
    third = len(waiting) // 3
    for part in (waiting[:third], waiting[third : 2 * third], waiting[2 * third :]):
        held_back.difference_update(part)
        window = control.open_window(warehouse.settings, ledger, day, scorer_version=SCORER_VERSION)
        result = dbt_runner.run_build(warehouse.settings, window.is_full_rebuild)
        assert result.success, result.summary()
        control.close_window(warehouse.settings, window)
    assert differing(table_hashes(warehouse.path), rebuilt_hashes(warehouse, day, tmp_path / "rebuilt")) == {}


class _Withholding:
    """The fixture's ledger with some deliveries not admitted yet."""

    def __init__(self, warehouse: Warehouse, held_back: set[str]) -> None:
        self._home, self._held_back = warehouse.home, held_back

    def deliveries(self, **narrowed: object) -> list:
        return [one for one in self._home.deliveries(**narrowed) if one.delivery_id not in self._held_back]

    def __getattr__(self, name: str) -> object:
        return getattr(self._home, name)


@pytest.mark.slow
def test_killed_in_the_middle_then_rerun_ends_the_same(
    changed: tuple[Warehouse, date], tmp_path: Path
) -> None:
    warehouse, day = changed
    window = warehouse.open(day)
    script = (
        "from orchestration.settings import Settings; from orchestration.warehouse import dbt_runner; "
        "dbt_runner.run_build(Settings.load(), False)"
    )
    environment = {
        **os.environ, "VOC_HOME": str(warehouse.settings.home), "VOC_FAULT": "mid_dbt",
        "PYTHONPATH": str(warehouse.settings.project_root),
    }  # fmt: skip
    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    assert warehouse.open(day).delivery_ids == window.delivery_ids
    assert warehouse.refresh(day).success
    assert differing(table_hashes(warehouse.path), rebuilt_hashes(warehouse, day, tmp_path / "rebuilt")) == {}
