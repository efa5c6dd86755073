"""The daily partition: one key per business day (`as_of`), and how a backfill runs.

A run for a day admits what was received before the end of that day. A backfill over a range is one
run: everything up to the end of the range is admitted oldest first and the touched event days are
built once.
"""

from datetime import date

import dagster as dg

from orchestration.partitions import BUSINESS_ZONE_NAME, FIRST_DAY

# An open day may be refreshed by hand before it has ended, hence one partition past yesterday.
daily_partitions = dg.DailyPartitionsDefinition(
    start_date=FIRST_DAY.isoformat(), timezone=BUSINESS_ZONE_NAME, end_offset=1
)
single_run = dg.BackfillPolicy.single_run()


def as_of(context: dg.AssetExecutionContext) -> date:
    """Return the business day a run is for: the last one of its range."""
    return date.fromisoformat(context.partition_key_range.end)
