"""The daemon collects as the command does: a failed channel is told and warned of, and fails no run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration.admission.ledger import Ledger
from orchestration.defs.ingest import CHANNEL_IS_COLLECTED, _result, channel_key
from orchestration.defs.jobs import collect
from orchestration.defs.schedules import collect_schedule
from orchestration.defs.sensors import watched_folder_sensor
from orchestration.sources.collecting import failure_of
from orchestration.steps import ChannelAdmission
from tests.sources.conftest import Bench
from tests.sources.test_collecting import make_database


@pytest.fixture
def installed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """One channel of each sort: a database, one that is gone, an mbox that is gone, a folder with a file."""
    make_database(bench.folder / "shop.db")
    table = {"post": {"cursor": "at", "key": "id"}}
    bench.set("alpha", kind="sqlite", url=f"sqlite:///{bench.folder}/shop.db", tables=table)
    bench.set("beta", kind="sqlite", url="sqlite:///gone.db", tables=table)
    bench.set("gamma", kind="mbox", path="gone.mbox")
    bench.set("delta", kind="watched_folder", path="inbox/delta", stable_s=0)
    folder = bench.home / "inbox/delta"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("text\n响\n", encoding="utf-8")
    for name, value in bench.environment.items():
        monkeypatch.setenv(name, value)
    return bench


def landed(bench: Bench) -> list[str]:
    with Ledger.open(bench.settings) as ledger:
        return [one.channel for one in ledger.deliveries()]


def test_job_reads_what_is_far_away(installed: Bench, tmp_path: Path) -> None:
    result = collect.execute_in_process(instance=dg.DagsterInstance.ephemeral())
    assert result.success
    assert landed(installed) == ["alpha"]
    assert [one["subject"] for one in installed.notices()] == ["beta"]
    assert "no such SQLite file" in failure_of(installed.settings, "beta")


def test_sensor_reads_what_is_near(installed: Bench) -> None:
    with dg.build_sensor_context(instance=dg.DagsterInstance.ephemeral()) as context:
        reason = watched_folder_sensor(context)
    assert isinstance(reason, dg.SkipReason)
    assert reason.skip_message == "1 files landed; failed: gamma"
    assert landed(installed) == ["delta"]


def test_schedule_asks_only_where_there_is_something_far_away(installed: Bench) -> None:
    moment = datetime(2024, 6, 1, 2, 30, tzinfo=UTC)
    context = dg.build_schedule_context(scheduled_execution_time=moment)
    assert isinstance(collect_schedule(context), dg.RunRequest)
    del installed.sources["alpha"], installed.sources["beta"]
    installed.set("gamma", kind="mbox", path="gone.mbox")
    assert isinstance(collect_schedule(context), dg.SkipReason)


@pytest.mark.parametrize(("failure", "passed"), [("", True), ("no connection", False)])
def test_check_of_the_channel_warns(failure: str, passed: bool) -> None:
    result = _result(ChannelAdmission("alpha"), channel_key("alpha"), failure)
    (check,) = [one for one in result.check_results or [] if one.check_name == CHANNEL_IS_COLLECTED]
    assert (check.passed, check.severity) == (passed, dg.AssetCheckSeverity.WARN)
