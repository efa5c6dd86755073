"""The tables: the build window, then every dbt model and test as assets and checks.

The window is an asset of its own, because it fixes what the build covers. The dbt project runs in
this process (see docs/decisions/0009) and its results are reported model by model.
"""

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets

from orchestration import steps
from orchestration.defs.daily import as_of, daily_partitions, single_run
from orchestration.defs.ingest import PLATFORM_OWNER, channel_key
from orchestration.defs.link import IDENTITY_KEY
from orchestration.defs.resources import RefreshRun
from orchestration.defs.score import SCORES_KEY, TEXT_GROUPS_KEY
from orchestration.settings import Settings
from orchestration.warehouse.control import BuildWindow
from orchestration.warehouse.dbt_runner import NodeResult
from orchestration.warehouse.state import manifest_dict

WINDOW_KEY = dg.AssetKey(["ctl", "run_window"])


class WarehouseTranslator(DagsterDbtTranslator):
    """Names dbt resources as the rest of the graph does: `[schema, table]`."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Map models to `[schema, name]` and sources to the assets that make them."""
        name = dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] != "source":
            return dg.AssetKey([dbt_resource_props["schema"], name])
        if dbt_resource_props["source_name"] == "ctl":
            return WINDOW_KEY
        if name.startswith("identity_"):
            return IDENTITY_KEY
        if name == "text_group":
            return TEXT_GROUPS_KEY
        return SCORES_KEY if name.startswith("score_") else channel_key(name.split("__")[0])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Group by layer, as the tree does."""
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Own by dbt group."""
        group = dbt_resource_props.get("config", {}).get("group") or "warehouse"
        return [f"team:{group}"]


@dg.asset(
    key=WINDOW_KEY,
    deps=[SCORES_KEY, TEXT_GROUPS_KEY, IDENTITY_KEY],
    group_name="window",
    kinds={"python", "duckdb"},
    owners=[PLATFORM_OWNER],
    description="本次构建的窗口：新交付、受影响的业务日、渠道状况（ctl 各表与 raw 视图）。",
    partitions_def=daily_partitions,
    backfill_policy=single_run,
)
def run_window(context: dg.AssetExecutionContext, refresh_run: RefreshRun) -> dg.MaterializeResult:
    """Fix what the build covers."""
    window = steps.fix_window(refresh_run.settings, as_of(context), full_rebuild=refresh_run.full_rebuild)
    return dg.MaterializeResult(metadata=_window_metadata(window))


def _window_metadata(window: BuildWindow) -> dict[str, Any]:
    return {
        "dagster/row_count": len(window.delivery_ids),
        "window_key": window.window_key,
        "is_full_rebuild": window.is_full_rebuild,
        "full_rebuild_reasons": list(window.full_rebuild_reasons),
        "affected_days": dict(window.affected),
    }


def models_definition(settings: Settings) -> dg.AssetsDefinition:
    """Build the multi-asset of all dbt models and tests from the parsed project."""

    @dbt_assets(
        manifest=manifest_dict(settings),
        name="warehouse_models",
        dagster_dbt_translator=WarehouseTranslator(),
        partitions_def=daily_partitions,
        backfill_policy=single_run,
        exclude="resource_type:unit_test",
    )
    def warehouse_models(context: dg.AssetExecutionContext, refresh_run: RefreshRun) -> Iterator[Any]:
        result = steps.build(refresh_run.settings)
        yield from _events(context, {node.unique_id: node for node in result.nodes}, manifest_dict(settings))
        if not result.success:
            raise dg.Failure(
                f"{len(result.failed)} models or tests failed; nothing is published:\n{result.summary()}",
                allow_retries=False,
            )

    return warehouse_models


def _events(
    context: dg.AssetExecutionContext, results: Mapping[str, NodeResult], manifest: Mapping[str, Any]
) -> Iterator[Any]:
    """Report every model as materialised and every test as a check result."""
    translator = WarehouseTranslator()
    failed = {unique_id for unique_id, node in results.items() if not node.ok}
    for unique_id in TopologicalSorter(manifest["parent_map"]).static_order():
        node = manifest["nodes"].get(unique_id, {"resource_type": "source"})
        if node["resource_type"] in ("model", "seed") and unique_id not in failed:
            key = translator.get_asset_key(node)
            if key in context.selected_asset_keys:
                seconds = results[unique_id].seconds if unique_id in results else 0.0
                yield dg.MaterializeResult(
                    asset_key=key, metadata={"unique_id": unique_id, "seconds": seconds}
                )
    checks = {key.name: key for key in context.selected_asset_check_keys}
    for unique_id, node in results.items():
        check = checks.get(node.name)
        if node.resource_type == "test" and check is not None:
            yield dg.AssetCheckResult(
                check_name=check.name,
                asset_key=check.asset_key,
                passed=node.status == "pass",
                severity=dg.AssetCheckSeverity.WARN if node.status == "warn" else dg.AssetCheckSeverity.ERROR,
                metadata={"failures": node.failures, "unique_id": unique_id},
            )


def published_model_keys(manifest: Mapping[str, Any]) -> list[dg.AssetKey]:
    """Return the keys of the models that some audience may read."""
    translator = WarehouseTranslator()
    return sorted(
        translator.get_asset_key(node)
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and (node.get("config", {}).get("meta") or {}).get("audiences")
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The window and the dbt models."""
    return dg.Definitions(assets=[run_window, models_definition(Settings.load())])
