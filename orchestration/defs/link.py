"""Identity: whose key is it, who owned a car when, who spoke in a voice.

A row is one sighted record. Stale when the rule table, a person's decision or the policy changes;
results are a function of all listed raw files, so every pass replaces them whole.
"""

import dagster as dg

from orchestration import steps
from orchestration.defs.daily import daily_partitions, single_run
from orchestration.defs.ingest import channel_key
from orchestration.defs.resources import RefreshRun
from orchestration.defs.score import SCORES_KEY
from orchestration.settings import Settings

IDENTITY_KEY = dg.AssetKey(["ml", "identity"])


@dg.definitions
def defs() -> dg.Definitions:
    """The identity asset, downstream of every enabled channel and of the scores."""
    channels = [name for name, channel in Settings.load().channels.items() if channel.enabled]

    @dg.asset(
        key=IDENTITY_KEY,
        deps=[*(channel_key(name) for name in channels), SCORES_KEY],
        group_name="link",
        kinds={"python", "parquet"},
        owners=["team:voc-analytics"],
        description="跨渠道的人与车：假名键归谁、车主是谁、原声是谁说的，附方法、把握与有效期。",
        partitions_def=daily_partitions,
        backfill_policy=single_run,
    )
    def identity(refresh_run: RefreshRun) -> dg.MaterializeResult:
        report = steps.link(refresh_run.settings)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": report.records,
                "new_files": report.new_files,
                "persons": report.persons,
                "keys": report.keys,
                "voices": report.voices,
                "voices_linked": report.voices_linked,
            }
        )

    return dg.Definitions(assets=[identity])
