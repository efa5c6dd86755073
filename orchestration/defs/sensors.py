"""Notices from the daemon: a failed run, and channels gone stale between runs."""

from datetime import UTC, datetime

import dagster as dg

from orchestration.notify import Notice, notify
from orchestration.settings import Settings
from orchestration.status import stale_notices


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING)
def refresh_failure_sensor(context: dg.RunFailureSensorContext) -> None:
    """Tell people that a run failed; the version of yesterday stays."""
    run = context.dagster_run
    message = context.failure_event.message or "the run failed"
    notify(
        Settings.load(),
        [Notice("run_failed", run.job_name, message[:500], run.tags.get("dagster/partition"))],
    )


@dg.sensor(minimum_interval_seconds=3600, default_status=dg.DefaultSensorStatus.RUNNING)
def stale_channel_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Tell people, once per matter, channel and day, which channels are late, withheld or open."""
    settings = Settings.load()
    now = datetime.now(UTC)
    told = set((context.cursor or "").split(",")) - {""}
    notices = {f"{one.kind}:{one.subject}:{now.date()}": one for one in stale_notices(settings, now)}
    new = [one for key, one in notices.items() if key not in told]
    notify(settings, new)
    today = {key for key in told | notices.keys() if key.endswith(str(now.date()))}
    context.update_cursor(",".join(sorted(today)))
    return dg.SkipReason(f"{len(new)} new notices")


@dg.sensor(minimum_interval_seconds=300, default_status=dg.DefaultSensorStatus.RUNNING)
def watched_folder_sensor(_context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Land what lies on this machine: watched folders, maildirs, mbox files; a refresh admits it later.

    Sources that take longer than a sensor may are read by the job `collect`.
    """
    from orchestration.admission.ledger import Ledger
    from orchestration.sources.collecting import LOCAL_KINDS, collect_all

    settings = Settings.load()
    with Ledger.open(settings) as ledger:
        found = collect_all(settings, ledger, kinds=LOCAL_KINDS)
    landed = sum(len(one.deliveries) for one in found)
    failed = [one.channel for one in found if one.failure]
    return dg.SkipReason(f"{landed} files landed" + (f"; failed: {', '.join(failed)}" if failed else ""))
