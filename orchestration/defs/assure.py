"""Distribution checks on the core facts: Great Expectations suites as asset checks.

Runs between the build and publishing. A broken blocking promise stops publishing; a broken warning
is shown and told. Row-level rules are dbt tests and ride with the models (`transform.py`).
"""

import dagster as dg

from orchestration import steps
from orchestration.defs.daily import as_of, daily_partitions, single_run
from orchestration.defs.ingest import PLATFORM_OWNER
from orchestration.defs.resources import RefreshRun

FEEDBACK_KEY = dg.AssetKey(["core", "fct_feedback"])
GATE_KEY = dg.AssetKey(["assure", "distribution_gate"])
SCORES_ARE_HEALTHY = "scores_are_healthy"
DISTRIBUTIONS_ARE_STEADY = "distributions_are_steady"


@dg.asset(
    key=GATE_KEY,
    deps=[FEEDBACK_KEY],
    group_name="assure",
    kinds={"python", "greatexpectations"},
    owners=[PLATFORM_OWNER],
    description="分布与漂移检查（Great Expectations，有界样本）：阻断项失败则不发布，警告项记录并通知。",
    partitions_def=daily_partitions,
    backfill_policy=single_run,
    check_specs=[
        dg.AssetCheckSpec(
            SCORES_ARE_HEALTHY, asset=GATE_KEY, blocking=True, description="打分器仍能区分文本"
        ),
        dg.AssetCheckSpec(DISTRIBUTIONS_ARE_STEADY, asset=GATE_KEY, description="声量与标签占比在波动范围内"),
    ],
)
def distribution_gate(context: dg.AssetExecutionContext, refresh_run: RefreshRun) -> dg.MaterializeResult:
    """Look at the distributions of the last weeks."""
    outcomes = steps.assure(refresh_run.settings, as_of(context))
    blocking = [one for one in outcomes if one.severity == "block"]
    warning = [one for one in outcomes if one.severity != "block"]
    return dg.MaterializeResult(
        metadata={"promises": len(outcomes)},
        check_results=[
            dg.AssetCheckResult(
                check_name=name,
                asset_key=GATE_KEY,
                passed=all(one.passed for one in part),
                severity=severity,
                metadata={one.name: {"passed": one.passed, "rows": one.rows} for one in part},
            )
            for name, part, severity in (
                (SCORES_ARE_HEALTHY, blocking, dg.AssetCheckSeverity.ERROR),
                (DISTRIBUTIONS_ARE_STEADY, warning, dg.AssetCheckSeverity.WARN),
            )
        ],
    )
