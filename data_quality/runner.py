"""Running a Great Expectations suite over one bounded frame.

Turns a suite and a pandas frame into plain `CheckOutcome` rows that any caller (asset checks, tests,
a notebook) can use. Great Expectations is imported here and nowhere else, at call time: the import
alone costs about five CPU seconds. Results hold counts and shares, never record text.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MAX_FRAME_ROWS = 10_000
BLOCK, WARN = "block", "warn"


@dataclass(frozen=True)
class Promise:
    """One expectation with its name, what to do when it breaks, and why it is asked.

    `expectation` is the Great Expectations class name, `kwargs` its arguments.
    """

    name: str
    expectation: str
    kwargs: dict[str, Any]
    severity: str = WARN
    why_zh: str = ""


@dataclass(frozen=True)
class CheckOutcome:
    """What one promise came to on one frame."""

    name: str
    passed: bool
    severity: str
    rows: int
    detail: dict[str, Any] = field(default_factory=dict)


def run_promises(frame: pd.DataFrame, promises: Sequence[Promise]) -> list[CheckOutcome]:
    """Validate `frame` (at most 10,000 rows) against the promises, in their order.

    Raises:
        ValueError: the frame is larger than the bound; sample it first (see `frames`).

    """
    if len(frame) > MAX_FRAME_ROWS:
        raise ValueError(
            f"frame has {len(frame)} rows, more than {MAX_FRAME_ROWS}: sample it before checking"
        )
    if not promises:
        return []
    batch, expectations = _batch(frame), _expectations()
    outcomes = []
    for promise in promises:
        expectation = getattr(expectations, promise.expectation)(**promise.kwargs)
        result = batch.validate(
            expectation, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
        )
        outcomes.append(
            CheckOutcome(promise.name, bool(result.success), promise.severity, len(frame), _detail(result))
        )
    return outcomes


def _batch(frame: pd.DataFrame) -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("frame").add_dataframe_asset("frame")
    return asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})


def _expectations() -> Any:
    from great_expectations import expectations

    return expectations


def _detail(result: Any) -> dict[str, Any]:
    """Keep the numbers of a result: counts, shares, the observed value."""
    kept = ("element_count", "unexpected_count", "unexpected_percent", "missing_count", "observed_value")
    detail = {key: _plain(result.result[key]) for key in kept if key in result.result}
    if result.exception_info.get("raised_exception"):
        detail["error"] = str(result.exception_info.get("exception_message"))[:300]
    return detail


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
