"""When the daily refresh runs: 06:00 Asia/Shanghai, for the business day that has just closed."""

import dagster as dg

from orchestration.defs.jobs import daily_refresh
from orchestration.partitions import BUSINESS_ZONE_NAME, last_closed_day


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
