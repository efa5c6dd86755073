"""The event log with open files: Dagster's own class reads what it wrote, and it closes what it opened."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from orchestration.event_log import OpenSqliteEventLogStorage, instance_in


@dg.asset
def counted() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": 7})


def open_files(folder: Path) -> list[str]:
    links = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
    return [link for link in links if link.startswith(str(folder))]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at open files through /proc")
def test_dagsters_own_storage_reads_it_and_no_file_stays_open(tmp_path: Path) -> None:
    runs = []
    with instance_in(tmp_path) as instance:
        assert isinstance(instance.event_log_storage, OpenSqliteEventLogStorage)
        for _ in range(6):
            result = dg.materialize([counted], instance=instance)
            assert result.success
            runs.append(result.run_id)
        assert len({path for path in open_files(tmp_path / "history") if path.endswith(".db")}) <= 4
    assert open_files(tmp_path / "history") == []
    with dg.DagsterInstance.from_config(str(tmp_path)) as plain:
        assert not isinstance(plain.event_log_storage, OpenSqliteEventLogStorage)
        for run_id in runs:
            kinds = [
                record.dagster_event_type for record in plain.all_logs(run_id) if record.is_dagster_event
            ]
            assert dg.DagsterEventType.RUN_SUCCESS in kinds
        latest = plain.get_latest_materialization_event(counted.key)
        assert latest is not None
        assert latest.run_id == runs[-1]
        assert latest.asset_materialization.metadata["rows"].value == 7


def test_a_wiped_log_can_be_written_again(tmp_path: Path) -> None:
    with instance_in(tmp_path) as instance:
        first = dg.materialize([counted], instance=instance).run_id
        instance.event_log_storage.wipe()
        assert instance.all_logs(first) == []
        second = dg.materialize([counted], instance=instance).run_id
        assert instance.get_latest_materialization_event(counted.key).run_id == second
