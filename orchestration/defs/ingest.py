"""One asset per channel: what it delivered becomes listed raw records.

A row is one admitted record (masked, pseudonymised). Stale when nothing arrived for the channel's
`stale_after_h`. A channel that cannot be read or admitted warns in its checks; the others go on.
"""

from datetime import timedelta
from typing import Any

import dagster as dg

from orchestration import steps
from orchestration.contracts import channel_contract
from orchestration.defs.daily import as_of, daily_partitions, single_run
from orchestration.defs.resources import RefreshRun
from orchestration.settings import ChannelConfig, Settings
from orchestration.sources.collecting import failure_of

EQUATIONS_CLOSE = "equations_close"
CHANNEL_IS_ADMITTED = "channel_is_admitted"
CHANNEL_IS_COLLECTED = "channel_is_collected"
PLATFORM_OWNER = "team:data-platform"


def channel_key(channel: str) -> dg.AssetKey:
    """Return the asset key of a channel's raw records."""
    return dg.AssetKey(["raw", channel])


def channel_asset(settings: Settings, channel: ChannelConfig) -> dg.AssetsDefinition:
    """Build the raw asset of one channel from its entry in `voc.yml`."""
    key = channel_key(channel.name)
    contract = channel_contract(settings, channel.name)

    @dg.asset(
        key=key,
        group_name="ingest",
        kinds={"python", "parquet"},
        owners=[PLATFORM_OWNER],
        description=f"{contract.label_zh}：{contract.description_zh}",
        partitions_def=daily_partitions,
        backfill_policy=single_run,
        retry_policy=dg.RetryPolicy(max_retries=2, delay=5),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=channel.stale_after_h)),
        metadata={"dagster/column_schema": _column_schema(contract), "contract_version": contract.version},
        check_specs=[
            dg.AssetCheckSpec(
                EQUATIONS_CLOSE,
                asset=key,
                description="记录等式与字节等式都闭合",
            ),
            dg.AssetCheckSpec(
                CHANNEL_IS_ADMITTED,
                asset=key,
                description="没有交付被整体扣下；被扣的渠道转为陈旧，其余照常发布",
            ),
            dg.AssetCheckSpec(
                CHANNEL_IS_COLLECTED,
                asset=key,
                description="来源系统最近一次读取成功；读取失败的渠道转为陈旧，其余照常发布",
            ),
        ],
    )
    def raw_records(context: dg.AssetExecutionContext, refresh_run: RefreshRun) -> dg.MaterializeResult:
        # A channel left out of this run is still checked: it may stand withheld or open.
        step = steps.admit if refresh_run.wants(channel.name) else steps.standing
        row = step(refresh_run.settings, as_of(context), channel.name)
        return _result(row, key, failure_of(refresh_run.settings, channel.name))

    return raw_records


def _result(row: Any, key: dg.AssetKey, collect_failure: str) -> dg.MaterializeResult:
    counts = {
        name: getattr(row, name)
        for name in ("deliveries", "records_in", "admitted", "duplicate", "superseded", "quarantined")
    }
    warn = dg.AssetCheckSeverity.WARN
    return dg.MaterializeResult(
        metadata={"dagster/row_count": row.admitted, **counts},
        check_results=[
            dg.AssetCheckResult(
                check_name=EQUATIONS_CLOSE,
                asset_key=key,
                passed=row.equations_closed,
                severity=warn,
                metadata=counts,
            ),
            dg.AssetCheckResult(
                check_name=CHANNEL_IS_ADMITTED,
                asset_key=key,
                passed=not row.withheld,
                severity=warn,
                metadata={"withheld": [str(reason) for reason in row.withheld]},
            ),
            dg.AssetCheckResult(
                check_name=CHANNEL_IS_COLLECTED,
                asset_key=key,
                passed=not collect_failure,
                severity=warn,
                metadata={"failure": collect_failure},
            ),
        ],
    )


def _column_schema(contract: Any) -> dg.TableSchema:
    """Show what admission writes: one column per contract field of each entity."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(field.name, field.type, description=f"{name} · {field.source} · pii: {field.pii}")
            for name, entity in contract.entities.items()
            for field in entity.fields
        ]
    )


@dg.definitions
def defs() -> dg.Definitions:
    """One raw asset per enabled channel."""
    settings = Settings.load()
    channels = settings.channels.values()
    return dg.Definitions(
        assets=[channel_asset(settings, channel) for channel in channels if channel.enabled]
    )
