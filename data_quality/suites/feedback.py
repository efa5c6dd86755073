"""What we promise about the voices of the last days: their scores and their volume.

Each function takes a bounded frame from `data_quality.frames` and returns promises for
`data_quality.runner.run_promises`; with too little history it promises less, and says so by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_quality.runner import BLOCK, WARN, Promise

if TYPE_CHECKING:
    import pandas as pd

MIN_DRIFT_ROWS = 200  # below, a share moves by chance alone
DRIFT_WARN_NATS = 0.1  # Kullback-Leibler divergence, nats; near the PSI rule of thumb 0.1
MIN_HISTORY_WEEKS = 4
VOLUME_BAND_SIGMA = 4.0
URGENCY_LEVELS = ["safety", "immobilised", "function", "comfort", "wish", "none"]


def score_health(frame: pd.DataFrame) -> list[Promise]:
    """Promise that recent voices are scored and that the scorer still tells texts apart."""
    if frame.empty:
        return []
    promises = [
        Promise(
            "recent_voices_have_known_urgency",
            "ExpectColumnValuesToBeInSet",
            {"column": "urgency", "value_set": [*URGENCY_LEVELS, "unscored"]},
            BLOCK,
            "紧急程度只能取约定的等级",
        )
    ]
    if len(frame) >= MIN_DRIFT_ROWS:
        promises.append(
            Promise(
                "scorer_still_tells_texts_apart",
                "ExpectColumnUniqueValueCountToBeBetween",
                {"column": "sentiment_polarity", "min_value": 2},
                BLOCK,
                "所有声音得到同一情感，说明打分器已失效",
            )
        )
    return promises


def label_drift(frame: pd.DataFrame, column: str) -> tuple[pd.DataFrame, list[Promise]]:
    """Promise that the recent label shares are near those of the four weeks before.

    Returns the recent part of the frame and the promises for it (none with too few rows on either
    side: a cold start is not a drift).
    """
    recent = frame[frame["period"] == "recent"]
    baseline = frame[frame["period"] == "baseline"]
    if min(len(recent), len(baseline)) < MIN_DRIFT_ROWS:
        return recent, []
    values = sorted(set(frame[column]))
    counts = baseline[column].value_counts()
    # One pseudo-count per label keeps the divergence finite when a label is new.
    weights = [(counts.get(value, 0) + 1) / (len(baseline) + len(values)) for value in values]
    kwargs = {
        "column": column,
        "partition_object": {"values": values, "weights": weights},
        "threshold": DRIFT_WARN_NATS,
    }
    promise = Promise(
        f"{column}_shares_are_steady",
        "ExpectColumnKLDivergenceToBeLessThan",
        kwargs,
        WARN,
        "近七日标签占比与此前四周接近；偏离时先查渠道与打分器，再看业务",
    )
    return recent, [promise]


def volume_band(history: pd.DataFrame) -> tuple[pd.DataFrame, list[Promise]]:
    """Promise that each channel's last full week lies in the band of the weeks before.

    Weekly sums (so weekends need no model), band = mean ± 4 sample standard deviations, at least
    ±50 % of the mean. Returns one row (the last week, a column per channel) and its promises.
    """
    weekly = history.groupby(["weeks_ago", "channel"])["voice_count"].sum().unstack("channel").sort_index()
    last, before = weekly.loc[weekly.index == 0].astype(float), weekly.loc[weekly.index > 0]
    promises = []
    for channel in weekly.columns:
        known = before[channel][before[channel] > 0]
        if len(known) < MIN_HISTORY_WEEKS:
            continue
        half_width = max(VOLUME_BAND_SIGMA * float(known.std(ddof=1)), 0.5 * float(known.mean()))
        kwargs = {
            "column": channel,
            "min_value": max(0.0, float(known.mean()) - half_width),
            "max_value": float(known.mean()) + half_width,
        }
        promises.append(
            Promise(
                f"{channel}_weekly_volume_is_usual",
                "ExpectColumnValuesToBeBetween",
                kwargs,
                WARN,
                "一周声量落在此前各周的波动范围内",
            )
        )
    return last, promises
