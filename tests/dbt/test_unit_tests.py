"""dbt's unit tests of the rule-bearing models (they stand in the models' yml) pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.warehouse import dbt_runner
from tests.dbt.conftest import Warehouse

pytestmark = pytest.mark.slow

RULE_BEARING = {
    "int_feedback_record", "int_customer", "fct_feedback", "fct_feedback_mention", "fct_survey_response",
    "fct_warranty_claim_line", "agg_nps_daily", "rpt_nps", "rpt_csat", "fct_feedback_version",
    "agg_ingest_latency_daily", "int_feedback_text", "fct_vehicle_order", "fct_order_option",
    "fct_goodwill", "fct_insurance_policy", "fct_software_install", "fct_vehicle_month",
    "fct_customer_quarter", "agg_gl_reconciliation",
}  # fmt: skip


def test_unit_tests_pass(built: Warehouse, tmp_path: Path) -> None:
    warehouse = built.copy(tmp_path / "home")
    result = dbt_runner.invoke(warehouse.settings, ["test", "--select", "test_type:unit"])
    assert result.success, result.summary()
    assert len(result.nodes) >= 22
    assert {node.status for node in result.nodes} == {"pass"}


def test_rule_bearing_models_have_unit_tests(manifest: Any) -> None:
    assert {test.model for test in manifest.unit_tests.values()} >= RULE_BEARING
