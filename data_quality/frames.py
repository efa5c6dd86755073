"""Bounded frames: the small, hash-sampled tables that distribution checks look at.

Reads the warehouse through a connection the caller owns; never more than `MAX_FRAME_ROWS` rows.
A hash sample (not a random one) makes the same input give the same frame.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from data_quality.runner import MAX_FRAME_ROWS

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

RECENT_DAYS = 7
BASELINE_DAYS = 28
VOLUME_WEEKS = 8


def scored_voices(connection: duckdb.DuckDBPyConnection, as_of: date) -> pd.DataFrame:
    """Return recent and baseline voices: one row per sampled voice.

    Columns: `period` (recent | baseline), `channel`, `sentiment_polarity` (text), `urgency`.
    Recent = the last 7 days by event date, baseline = the 28 days before; each half is capped so
    that a busy week cannot push the baseline out.
    """
    recent_from = as_of - timedelta(days=RECENT_DAYS - 1)
    baseline_from = recent_from - timedelta(days=BASELINE_DAYS)
    return connection.execute(
        """
        select period, channel, sentiment_polarity, urgency from (
            select
                case when feedback_date >= $recent_from then 'recent' else 'baseline' end as period,
                channel,
                coalesce(cast(sentiment_polarity as varchar), 'unscored') as sentiment_polarity,
                coalesce(urgency, 'unscored') as urgency,
                row_number() over (
                    partition by feedback_date >= $recent_from order by md5(feedback_id), feedback_id
                ) as sample_rank
            from core.fct_feedback
            where feedback_date between $baseline_from and $as_of
        ) where sample_rank <= $half
        order by period, channel, sample_rank
        """,
        {
            "recent_from": recent_from,
            "baseline_from": baseline_from,
            "as_of": as_of,
            "half": MAX_FRAME_ROWS // 2,
        },
    ).df()


def daily_volume(connection: duckdb.DuckDBPyConnection, as_of: date) -> pd.DataFrame:
    """Return voices per channel and day over the last eight weeks (days without voices count 0).

    Columns: `channel`, `feedback_date`, `voice_count`, `weeks_ago` (0 = the week that ends on as_of).
    """
    return connection.execute(
        """
        with days as (
            select cast(d as date) as feedback_date
            from range($first_day, $as_of + interval 1 day, interval 1 day) as r(d)
        ),
        channels as (
            select distinct channel from core.fct_feedback where feedback_date between $first_day and $as_of
        ),
        counted as (
            select channel, feedback_date, count(*) as voice_count
            from core.fct_feedback where feedback_date between $first_day and $as_of group by all
        )
        select channels.channel, days.feedback_date, coalesce(voice_count, 0) as voice_count,
            cast(floor(date_diff('day', days.feedback_date, $as_of) / 7) as integer) as weeks_ago
        from channels cross join days
        left join counted on counted.channel = channels.channel and counted.feedback_date = days.feedback_date
        order by 1, 2
        """,
        {"first_day": as_of - timedelta(days=7 * VOLUME_WEEKS - 1), "as_of": as_of},
    ).df()
