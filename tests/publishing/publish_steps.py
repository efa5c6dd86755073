"""Process bodies for the tests of readers and crashes: `python publish_steps.py <what> <home> …`.

`publish <home>` publishes the warehouse of that home once (a fault may be set by VOC_FAULT);
`read <home> <stop file> <report>` opens the current version again and again until told to stop.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT_ROOT))


def publish_once(home: str) -> None:
    """Publish what the warehouse of `home` holds."""
    from orchestration.settings import Settings
    from tests.publishing.sample_warehouse import SampleWarehouse

    SampleWarehouse(Settings.load({"VOC_HOME": home})).publish(window_key="w2")


def read_until_stopped(home: str, stop: str, report: str) -> None:
    """Check in every version seen that the fact, its aggregate and the total agree."""
    import duckdb

    path = Path(home) / "published/bi/current/voc_bi.duckdb"
    seen: list[str] = []
    reads, torn, errors = 0, [], []
    while True:
        stopping = Path(stop).exists()
        try:
            with duckdb.connect(str(path), read_only=True) as connection:
                row = connection.execute(
                    "select (select count(*) from core.fct_feedback), (select sum(feedback_count) from "
                    "experience.agg_daily), (select total from reports.rpt_total), "
                    "(select version_id from reports.rpt_published_version)"
                ).fetchone()
            reads += 1
            if len(set(row[:3])) != 1:
                torn.append(row)
            if row[3] not in seen:
                seen.append(row[3])
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
        if stopping:
            break
    result = {"reads": reads, "torn": torn, "errors": errors[:5], "seen": seen}
    Path(report).write_text(json.dumps(result))


if __name__ == "__main__":
    {"publish": publish_once, "read": read_until_stopped}[sys.argv[1]](*sys.argv[2:])
