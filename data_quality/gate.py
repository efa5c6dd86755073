"""The distribution gate: every suite over one warehouse for one business day.

The one entry point for callers; asset checks, the command line and tests all call
`run_distribution_gate`.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from data_quality import frames
from data_quality.runner import CheckOutcome, run_promises
from data_quality.suites import feedback

if TYPE_CHECKING:
    import duckdb

DRIFT_COLUMNS = ("sentiment_polarity", "urgency", "channel")


def run_distribution_gate(connection: duckdb.DuckDBPyConnection, as_of: date) -> list[CheckOutcome]:
    """Return the outcome of every distribution promise, blocking ones first."""
    voices = frames.scored_voices(connection, as_of)
    outcomes = run_promises(voices, feedback.score_health(voices))
    if not voices.empty:
        for column in DRIFT_COLUMNS:
            recent, promises = feedback.label_drift(voices, column)
            outcomes += run_promises(recent, promises)
        outcomes += run_promises(*feedback.volume_band(frames.daily_volume(connection, as_of)))
    return sorted(outcomes, key=lambda outcome: (outcome.severity != "block", outcome.name))
