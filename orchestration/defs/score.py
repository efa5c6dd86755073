"""Scores: every admitted voice gets its mentions, sentiment and urgency, and its group of like texts.

A row is one scored text (and one mention each in the mention files). Stale when the scorer,
taxonomy or lexicon version changes; then everything is scored anew and the next build is a full one.
"""

import dagster as dg

from orchestration import steps
from orchestration.defs.daily import daily_partitions, single_run
from orchestration.defs.ingest import channel_key
from orchestration.defs.resources import RefreshRun
from orchestration.settings import Settings

SCORES_KEY = dg.AssetKey(["ml", "feedback_scores"])
TEXT_GROUPS_KEY = dg.AssetKey(["ml", "text_groups"])


@dg.definitions
def defs() -> dg.Definitions:
    """The score asset, downstream of every enabled channel, and the groups of near-duplicate texts."""
    channels = [name for name, channel in Settings.load().channels.items() if channel.enabled]

    @dg.asset(
        key=SCORES_KEY,
        deps=[channel_key(name) for name in channels],
        group_name="score",
        kinds={"python", "parquet"},
        owners=["team:voc-analytics"],
        description="每条原声的属性提及、情感与紧急程度（规则打分，cold_start），附证据区间与版本。",
        partitions_def=daily_partitions,
        backfill_policy=single_run,
    )
    def feedback_scores(refresh_run: RefreshRun) -> dg.MaterializeResult:
        report = steps.score(refresh_run.settings)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": report.texts,
                "score_files": report.files,
                "cache_hits": report.cache_hits,
                "mentions": report.mentions,
            }
        )

    @dg.asset(
        key=TEXT_GROUPS_KEY,
        deps=[SCORES_KEY],
        group_name="score",
        kinds={"python", "parquet"},
        owners=["team:voc-analytics"],
        description="近似重复的文字编组（改写转发、投诉模板）：一行一段入组文字；与到达次序无关。",
        partitions_def=daily_partitions,
        backfill_policy=single_run,
    )
    def text_groups(refresh_run: RefreshRun) -> dg.MaterializeResult:
        report = steps.group_texts(refresh_run.settings)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": report.texts,
                "files": report.files,
                "newly_grouped": report.grouped,
            }
        )

    return dg.Definitions(assets=[feedback_scores, text_groups])
