"""Publishing: one asset per audience, after every gate.

A materialisation is one immutable version that `published/<audience>/current` points to.
"""

from collections.abc import Iterator

import dagster as dg

from orchestration import steps
from orchestration.defs.assure import GATE_KEY
from orchestration.defs.daily import as_of, daily_partitions, single_run
from orchestration.defs.ingest import PLATFORM_OWNER
from orchestration.defs.resources import RefreshRun
from orchestration.defs.transform import published_model_keys
from orchestration.settings import Settings
from orchestration.warehouse.state import manifest_dict


@dg.definitions
def defs() -> dg.Definitions:
    """The published version of every audience."""
    settings = Settings.load()
    upstream = [GATE_KEY, *published_model_keys(manifest_dict(settings))]

    @dg.multi_asset(
        name="published_versions",
        specs=[
            dg.AssetSpec(
                ["published", audience],
                deps=upstream,
                group_name="publish",
                kinds={"duckdb", "parquet"},
                owners=[PLATFORM_OWNER],
                description=str(entry.get("description_zh", "")),
            )
            for audience, entry in settings.audiences.items()
        ],
        partitions_def=daily_partitions,
        backfill_policy=single_run,
    )
    def published_versions(
        context: dg.AssetExecutionContext, refresh_run: RefreshRun
    ) -> Iterator[dg.MaterializeResult]:
        versions = steps.publish(refresh_run.settings)
        steps.retain(refresh_run.settings, as_of(context))
        for audience in settings.audiences:
            version = versions.get(audience)
            yield dg.MaterializeResult(
                asset_key=["published", audience],
                metadata={
                    "version_id": version.version_id if version else "no table for this audience",
                    "is_new": bool(version and version.is_new),
                },
            )

    return dg.Definitions(assets=[published_versions])
