"""Windows, full-rebuild reasons, control tables, and how the file is opened."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from orchestration.settings import Settings
from orchestration.warehouse import control
from orchestration.warehouse.connection import WarehouseError, connect_reader, connect_writer
from orchestration.warehouse.state import is_last_window_built, voices_to_rebuild
from tests.dbt.conftest import Warehouse
from tests.support import sample_history as history
from tests.support.raw_home import SCORER_VERSION

DAY = history.FIRST_DAY


@pytest.fixture
def delivered(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """Masters and one day, nothing built."""
    warehouse = new_warehouse()
    history.deliver_masters(warehouse.home)
    history.deliver_day(warehouse.home, 0)
    return warehouse


def rows(warehouse: Warehouse, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_first_window_is_everything(delivered: Warehouse) -> None:
    window = delivered.open(DAY)
    assert window.is_full_rebuild
    assert window.full_rebuild_reasons == ("new_warehouse",)
    assert len(window.delivery_ids) == len(delivered.home.deliveries()) == 11
    assert window.affected["feedback"] == 1
    assert window.affected["warranty_claims__claim_line"] == 1
    assert rows(delivered, "select as_of, is_full_rebuild from ctl.run_window") == [(DAY, True)]
    raw = rows(delivered, "select count(*) from raw.complaint_site__complaint")
    assert raw == rows(delivered, "select admitted from ctl.window_delivery where channel = 'complaint_site'")


def test_closed_window_leaves_nothing_to_do(delivered: Warehouse) -> None:
    control.close_window(delivered.settings, delivered.open(DAY))
    again = delivered.open(DAY)
    assert again.is_empty
    assert not again.is_full_rebuild
    history.deliver_day(delivered.home, 1)
    later = delivered.open(DAY + timedelta(days=1))
    assert len(later.delivery_ids) == 7
    assert later.raw_file_count == 7
    assert not later.is_full_rebuild


def test_an_empty_window_after_a_published_one_builds_nothing_twice(delivered: Warehouse) -> None:
    control.close_window(delivered.settings, delivered.open(DAY))
    with_status = "select is_full_rebuild, (select count(*) from ctl.affected_partition) from ctl.run_window"
    delivered.open(DAY)
    assert rows(delivered, with_status)[0][0]  # kept: it may not be published yet
    assert delivered.open(DAY, renew_empty=True).is_empty
    assert rows(delivered, with_status) == [(False, 0)]
    assert rows(delivered, "select count(*) from raw.complaint_site__complaint") == [(0,)]


def test_deliveries_after_as_of_wait(delivered: Warehouse) -> None:
    history.deliver_day(delivered.home, 1)
    assert len(delivered.open(DAY).delivery_ids) == 11


def test_as_of_never_goes_back(delivered: Warehouse) -> None:
    control.close_window(delivered.settings, delivered.open(DAY + timedelta(days=5)))
    history.deliver_day(delivered.home, 1)
    assert delivered.open(DAY).as_of == DAY + timedelta(days=5)


def test_voices_of_touched_days_are_counted(delivered: Warehouse) -> None:
    """Late rows rebuild whole days: what that takes is known before the build."""
    assert voices_to_rebuild(delivered.settings) == 0
    delivered.open(DAY)
    assert voices_to_rebuild(delivered.settings) == 0  # nothing is built yet
    with connect_writer(delivered.settings) as connection:
        connection.execute("create schema if not exists core")
        touched = "select event_date from ctl.affected_partition where partition_kind = 'feedback'"
        connection.execute(
            f"create table core.fct_feedback as select event_date as feedback_date from ({touched})"
        )
        connection.execute("insert into core.fct_feedback values (date '1999-01-01')")
        days = connection.execute(f"select count(*) from ({touched})").fetchall()[0][0]
    assert days > 0
    assert voices_to_rebuild(delivered.settings) == days


def test_as_of_never_goes_back_behind_a_build_that_failed_halfway(delivered: Warehouse) -> None:
    """A half-written later day must be finished, not published as if it were the earlier one."""
    control.close_window(delivered.settings, delivered.open(DAY))
    assert is_last_window_built(delivered.settings)
    history.deliver_day(delivered.home, 1)
    broken_off = delivered.open(DAY + timedelta(days=1))
    assert not is_last_window_built(delivered.settings)
    again = delivered.open(DAY)
    assert (again.as_of, again.delivery_ids) == (broken_off.as_of, broken_off.delivery_ids)
    control.close_window(delivered.settings, again)
    assert is_last_window_built(delivered.settings)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"scorer_version": "other"}, "scorer_version"),
        ({"pseudonym_key_version": 2}, "pseudonym_key_version"),
        ({"force_full_rebuild": True}, "requested"),
    ],
)
def test_a_changed_state_rebuilds_everything(delivered: Warehouse, changed: dict, reason: str) -> None:
    control.close_window(delivered.settings, delivered.open(DAY))
    window = control.open_window(
        delivered.settings, delivered.home, DAY, **{"scorer_version": SCORER_VERSION, **changed}
    )
    assert window.full_rebuild_reasons == (reason,)
    assert len(window.delivery_ids) == 11


def test_a_changed_project_rebuilds_everything(delivered: Warehouse, tmp_path: Path) -> None:
    import shutil

    control.close_window(delivered.settings, delivered.open(DAY))
    root = delivered.settings.project_root
    shutil.copytree(root / "dbt_project", tmp_path / "dbt_project", ignore=shutil.ignore_patterns("target"))
    (tmp_path / "ml").symlink_to(root / "ml")
    model = tmp_path / "dbt_project" / "models" / "core" / "fct_feedback.sql"
    model.write_text(model.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    settings = dataclasses.replace(delivered.settings, project_root=tmp_path)
    window = control.open_window(settings, delivered.home, DAY, scorer_version=SCORER_VERSION)
    assert window.full_rebuild_reasons == ("project_hash",)


def test_scores_of_another_scorer_stay_out(delivered: Warehouse) -> None:
    control.open_window(delivered.settings, delivered.home, DAY, scorer_version="other")
    assert rows(delivered, "select count(*) from raw.score_text") == [(0,)]
    delivered.open(DAY)
    assert rows(delivered, "select count(*) > 0 from raw.score_text") == [(True,)]


def test_a_listed_file_that_is_gone_is_named(delivered: Warehouse) -> None:
    lost = delivered.home.files("raw")[0]
    (delivered.settings.home / lost.path).unlink()
    with pytest.raises(WarehouseError, match=r"listed in the ledger but not on disk.*restore"):
        delivered.open(DAY)


def test_channel_status_tells_freshness_and_versions(delivered: Warehouse) -> None:
    delivered.open(DAY + timedelta(days=3))
    status = rows(
        delivered,
        "select is_stale, stale_hours, masker_version, scorer_version, equations_closed "
        "from ctl.channel_status where channel in ('call_center', 'warranty_claims') order by channel",
    )
    # Received at 05:00 and 08:00 UTC of the first day; the fourth business day ends at 16:00 UTC.
    assert status == [(True, 83, "fixture", SCORER_VERSION, True), (True, 80, "fixture", None, True)]


@pytest.mark.parametrize(("moved_h", "stale_h"), [(30, 83), (-2, 85)])
def test_a_file_sent_twice_is_as_fresh_as_its_first_copy(
    delivered: Warehouse, moved_h: int, stale_h: int
) -> None:
    home = delivered.home
    (calls,) = (one for one in home.deliveries() if one.channel == "call_center")
    values = vars(calls) | {
        "delivery_id": "copy",
        "status": "duplicate_delivery",
        "received_at": calls.received_at + timedelta(hours=moved_h),
    }
    home._deliveries.append(SimpleNamespace(**values))
    home._touched["copy"] = []
    delivered.open(DAY + timedelta(days=3))
    status = rows(delivered, "select stale_hours from ctl.channel_status where channel = 'call_center'")
    assert status == [(stale_h,)]


def test_reader_can_reach_nothing_but_its_file(delivered: Warehouse, tmp_path: Path) -> None:
    delivered.open(DAY)
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with connect_reader(delivered.path, delivered.settings) as connection:
        assert connection.execute("select current_setting('TimeZone')").fetchone() == ("UTC",)
        assert connection.execute("select count(*) from ctl.channel").fetchone() == (
            len(delivered.settings.channels),
        )
        for statement in (
            f"select * from read_csv('{secret}')",
            "create table t (a int)",
            "set enable_external_access = true",
            f"attach '{tmp_path}/x.duckdb'",
            f"copy ctl.channel to '{tmp_path}/out.csv'",
            "install httpfs",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)


def test_a_missing_or_foreign_file_is_explained(tmp_path: Path) -> None:
    settings = Settings.load({"VOC_HOME": str(tmp_path)})
    with (
        pytest.raises(WarehouseError, match="run `voc refresh` first"),
        connect_reader(tmp_path / "no.duckdb", settings),
    ):
        pass
    (tmp_path / "text.duckdb").write_text("not a database, however long this text may be " * 100)
    with (
        pytest.raises(WarehouseError, match="cannot be opened"),
        connect_writer(settings, tmp_path / "text.duckdb"),
    ):
        pass


def test_a_held_file_is_explained(delivered: Warehouse) -> None:
    delivered.open(DAY)
    script = (
        "from pathlib import Path; from orchestration.settings import Settings; import sys\n"
        "from orchestration.warehouse.connection import WarehouseError, connect_writer\n"
        "try:\n    connect_writer(Settings.load()).__enter__()\n"
        "except WarehouseError as error:\n    print(error); sys.exit(7)\n"
    )
    with connect_writer(delivered.settings):
        other = subprocess.run(
            [sys.executable, "-c", script],
            env={
                "VOC_HOME": str(delivered.settings.home),
                "PYTHONPATH": str(delivered.settings.project_root),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert other.returncode == 7, other.stderr
    assert "held by another process" in other.stdout
