"""Jobs: what the schedule, the command line and a backfill start."""

import dagster as dg

from orchestration.defs.daily import daily_partitions

daily_refresh = dg.define_asset_job(
    "daily_refresh",
    selection=dg.AssetSelection.all(),
    partitions_def=daily_partitions,
    executor_def=dg.in_process_executor,
    description="One business day from landed deliveries to published versions.",
    # A killed run is safe to repeat; a failed gate is not mended by repeating it.
    tags={"dagster/max_retries": "1", "dagster/retry_on_asset_or_op_failure": "false"},
)
