"""Jobs: what the schedules, the command line and a backfill start."""

import dagster as dg

from orchestration.defs.daily import daily_partitions
from orchestration.settings import Settings

daily_refresh = dg.define_asset_job(
    "daily_refresh",
    selection=dg.AssetSelection.all(),
    partitions_def=daily_partitions,
    executor_def=dg.in_process_executor,
    description="One business day from landed deliveries to published versions.",
    # A killed run is safe to repeat; a failed gate is not mended by repeating it.
    tags={"dagster/max_retries": "1", "dagster/retry_on_asset_or_op_failure": "false"},
)


@dg.op(out=dg.Out(dg.Nothing))
def collect_sources(context: dg.OpExecutionContext) -> None:
    """Land what is new at services, databases, object stores and mailboxes; a refresh admits it later.

    A channel that fails is noted and told; the run is no failure, since the other channels are landed.
    """
    from orchestration.admission.ledger import Ledger
    from orchestration.sources.collecting import KINDS, LOCAL_KINDS, collect_all

    settings = Settings.load()
    with Ledger.open(settings) as ledger:
        found = collect_all(settings, ledger, kinds=frozenset(KINDS) - LOCAL_KINDS, say=context.log.info)
    for one in found:
        if one.failure:
            context.log.warning(f"{one.channel}: {one.failure}")
    context.add_output_metadata(
        {
            "deliveries": sum(len(one.deliveries) for one in found),
            "failed": {one.channel: one.failure for one in found if one.failure},
        }
    )


@dg.job(executor_def=dg.in_process_executor, description="Read every channel's remote source once.")
def collect() -> None:
    """Read every channel's remote source once."""
    collect_sources()
