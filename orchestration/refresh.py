"""One refresh from the command line: the daily job, run in this process under the lease.

The same job that the schedule starts; nothing is done here that the asset graph does not do. With
nothing to do, neither Dagster nor dbt is loaded.
"""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.admission.ledger import Ledger
from orchestration.collector import paused_collector
from orchestration.lease import lease
from orchestration.notify import Notice, notify
from orchestration.settings import ConfigError, Settings
from orchestration.status import stale_notices
from orchestration.steps import WaitingWork, waiting_work


@dataclass(frozen=True)
class RefreshOutcome:
    """What a refresh came to."""

    work: WaitingWork
    ran: bool
    success: bool
    failures: list[str] = field(default_factory=list)


def run_refresh(
    settings: Settings,
    *,
    as_of: date | None = None,
    channels: tuple[str, ...] = (),
    full_rebuild: bool = False,
) -> RefreshOutcome:
    """Run the daily job for one business day.

    Raises:
        LeaseHeldError: another refresh is running.
        ConfigError: a channel named does not exist.

    """
    for channel in channels:
        settings.channel(channel)
    with lease(settings.lease_path, f"voc refresh pid {os.getpid()}"):
        work = waiting_work(settings, as_of)
        if work.as_of is None or (work.is_nothing and not full_rebuild):
            notify(settings, [])
            return RefreshOutcome(work, ran=False, success=True)
        return _run(settings, work, work.as_of, channels, full_rebuild)


def _run(
    settings: Settings, work: WaitingWork, as_of: date, channels: tuple[str, ...], full_rebuild: bool
) -> RefreshOutcome:
    run_id = str(uuid.uuid4())
    with Ledger.open(settings) as ledger:
        ledger.start_run(run_id, "refresh", as_of, datetime.now(UTC))
    try:
        with paused_collector():
            failures = _execute(settings, as_of, channels, full_rebuild)
    except Exception as error:
        failures = [f"{type(error).__name__} outside the asset graph: {str(error)[:300]}"]
    with Ledger.open(settings) as ledger:
        ledger.finish_run(
            run_id, "failed" if failures else "success", datetime.now(UTC), {"failures": failures}
        )
    if failures:
        notify(settings, [Notice("run_failed", "refresh", "; ".join(failures)[:500], as_of.isoformat())])
    return RefreshOutcome(work, ran=True, success=not failures, failures=failures)


def _execute(settings: Settings, as_of: date, channels: tuple[str, ...], full_rebuild: bool) -> list[str]:
    """Execute the job; return what failed, by step or check."""
    from orchestration.definitions import defs
    from orchestration.event_log import instance_in

    with instance_in(dagster_home(settings)) as instance:
        job = defs().resolve_job_def("daily_refresh")
        result = job.execute_in_process(
            instance=instance,
            partition_key=as_of.isoformat(),
            raise_on_error=False,
            run_config={
                "resources": {
                    "refresh_run": {"config": {"channels": list(channels), "full_rebuild": full_rebuild}}
                },
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
        )
    return [] if result.success else _failures(result)


def dagster_home(settings: Settings) -> Path:
    """Return the folder of Dagster's run storage, with our `dagster.yaml` in it."""
    home = Path(os.environ.get("DAGSTER_HOME") or settings.home / "dagster")
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").is_file():
        shutil.copyfile(Path(__file__).with_name("dagster.yaml"), home / "dagster.yaml")
    return home


def _failures(result: Any) -> list[str]:
    messages = []
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            text = (
                error.cause.message if error and error.cause else error.message if error else "failed"
            ).strip()
            messages.append(f"{event.step_key}: {text}")
    return messages or ["the run failed"]


def after_refresh(settings: Settings, now: datetime | None = None) -> list[Notice]:
    """Tell people what is stale, withheld or open; return the notices."""
    notices = stale_notices(settings, now or datetime.now(UTC))
    notify(settings, notices)
    return notices


__all__ = ["ConfigError", "RefreshOutcome", "after_refresh", "run_refresh"]
