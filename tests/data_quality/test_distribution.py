"""The distribution gate: steady days pass, seeded shifts are named, little data promises little."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from data_quality import frames
from data_quality.gate import run_distribution_gate
from data_quality.runner import MAX_FRAME_ROWS, Promise, run_promises

AS_OF = date(2026, 3, 31)
DAYS = 63


def _voices(seed: int, per_day: int, recent_shift: dict[str, float] | None = None) -> pd.DataFrame:
    """Return voices of nine weeks; `recent_shift` replaces urgency shares of the last week."""
    rng = np.random.default_rng(seed)
    steady = {"none": 0.6, "function": 0.25, "comfort": 0.1, "safety": 0.05}
    parts = []
    for back in range(DAYS):
        shares = recent_shift if recent_shift and back < 7 else steady
        count = int(rng.poisson(per_day))
        parts.append(
            pd.DataFrame(
                {
                    "feedback_date": AS_OF - timedelta(days=back),
                    "channel": rng.choice(["survey", "forum"], count, p=[0.7, 0.3]),
                    "sentiment_polarity": rng.choice([-1, 0, 1], count, p=[0.4, 0.4, 0.2]),
                    "urgency": rng.choice(list(shares), count, p=list(shares.values())),
                }
            )
        )
    voices = pd.concat(parts, ignore_index=True)
    voices.insert(0, "feedback_id", [f"{seed:04d}{i:028x}" for i in range(len(voices))])
    return voices


def _gate(voices: pd.DataFrame) -> dict[str, bool]:
    with duckdb.connect() as connection:
        connection.execute("create schema core")
        connection.register("voices", voices)
        connection.execute("create table core.fct_feedback as select * from voices")
        return {outcome.name: outcome.passed for outcome in run_distribution_gate(connection, AS_OF)}


@pytest.mark.parametrize("seed", range(3))
def test_steady_weeks_pass(seed: int):
    outcomes = _gate(_voices(seed, 80))
    assert len(outcomes) >= 7
    assert all(outcomes.values()), outcomes


def test_shifted_urgency_is_named():
    outcomes = _gate(_voices(1, 80, {"none": 0.2, "function": 0.3, "comfort": 0.1, "safety": 0.4}))
    assert [name for name, passed in outcomes.items() if not passed] == ["urgency_shares_are_steady"]


def test_doubled_channel_is_named():
    voices = _voices(2, 80)
    recent = voices[(voices["feedback_date"] > AS_OF - timedelta(days=7)) & (voices["channel"] == "forum")]
    copies = [recent.assign(feedback_id=recent["feedback_id"] + str(n)) for n in range(2)]
    outcomes = _gate(pd.concat([voices, *copies], ignore_index=True))
    assert not outcomes["forum_weekly_volume_is_usual"]
    assert outcomes["survey_weekly_volume_is_usual"]


def test_dead_scorer_blocks():
    voices = _voices(3, 80).assign(sentiment_polarity=0)
    assert not _gate(voices)["scorer_still_tells_texts_apart"]


def test_little_data_promises_little_and_no_data_nothing():
    voices = _voices(4, 1)
    assert "urgency_shares_are_steady" not in _gate(voices)
    assert _gate(voices.head(0)) == {}


def test_frames_are_bounded_and_repeatable():
    with duckdb.connect() as connection:
        connection.execute("create schema core")
        connection.execute(
            "create table core.fct_feedback as select md5(cast(i as varchar)) as feedback_id, 'forum' as channel,"
            " date '2026-03-31' - cast(i % 30 as integer) as feedback_date, 0 as sentiment_polarity, 'none' as urgency"
            " from range(60000) as r(i)"
        )
        first, second = (frames.scored_voices(connection, AS_OF) for _ in range(2))
    assert len(first) == MAX_FRAME_ROWS
    pd.testing.assert_frame_equal(first, second)


def test_too_large_frame_is_refused():
    with pytest.raises(ValueError, match="sample it"):
        run_promises(pd.DataFrame({"a": range(MAX_FRAME_ROWS + 1)}), [])


def test_results_hold_no_values():
    frame = pd.DataFrame({"a": ["13800138000"] * 3})
    (outcome,) = run_promises(
        frame, [Promise("known", "ExpectColumnValuesToBeInSet", {"column": "a", "value_set": ["x"]})]
    )
    assert not outcome.passed
    assert "13800138000" not in str(outcome)
