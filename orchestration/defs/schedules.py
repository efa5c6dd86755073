"""When what runs: sources are read every half hour, the refresh at 06:00 Asia/Shanghai.

The refresh is for the business day that has just closed.
"""

import dagster as dg

from orchestration.defs.jobs import collect, daily_refresh
from orchestration.partitions import BUSINESS_ZONE_NAME, last_closed_day
from orchestration.settings import Settings


@dg.schedule(
    job=daily_refresh,
    cron_schedule="0 6 * * *",
    execution_timezone=BUSINESS_ZONE_NAME,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def daily_refresh_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for a refresh of the last closed business day."""
    day = last_closed_day(context.scheduled_execution_time).isoformat()
    return dg.RunRequest(run_key=f"daily_refresh:{day}", partition_key=day)


@dg.schedule(
    job=collect,
    cron_schedule="*/30 * * * *",
    execution_timezone=BUSINESS_ZONE_NAME,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def collect_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for a collection, if any channel has a source beyond this machine."""
    from orchestration.sources.collecting import LOCAL_KINDS

    kinds = {one.source.get("kind") for one in Settings.load().channels.values() if one.enabled}
    if not kinds - LOCAL_KINDS - {None}:
        return dg.SkipReason("every channel is read from this machine")
    return dg.RunRequest(run_key=f"collect:{context.scheduled_execution_time.isoformat()}")
