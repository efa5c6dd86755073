"""Silence for third-party noise that nobody who runs a refresh can act on."""

from __future__ import annotations

import logging
import os
from types import ModuleType


def quiet_third_party(warnings: ModuleType) -> None:
    """Filter known deprecation noise and switch off every telemetry in this process."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    for module in (
        "sqlglot",
        "jieba",
        "dagster",
        "dagster_dbt",
        "dagster_shared",
        "great_expectations",
        "pydantic",
    ):
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=module)
        warnings.filterwarnings("ignore", category=SyntaxWarning, module=module)
    warnings.filterwarnings("ignore", message=".*sqlglotrs.*")
    # A day with nothing new for a model leaves its tests out (`warehouse/selection.py`), on purpose.
    logging.getLogger("dagster._core.execution.plan.active").addFilter(_is_no_idle_check)


def _is_no_idle_check(record: logging.LogRecord) -> bool:
    return "emitted no result" not in record.getMessage()
