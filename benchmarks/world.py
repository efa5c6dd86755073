"""The sample carmaker as a load: generated in a process of its own, then listed as one bulk and single days.

What a day costs on records of even size is `__main__`'s affair; here every channel and business system
comes in its own shape and volume, with years of history behind it.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from datetime import date, datetime
from pathlib import Path

from benchmarks.deliveries import Delivery, listed
from benchmarks.measure import Cost, child_environment, run_child
from benchmarks.sides import COUNTED, Counts
from orchestration.partitions import business_date


def generate(folder: Path, size: str, days: int, end: date, seed: int) -> Cost:
    """Write the deliveries of a carmaker of `size` (S or M) to `folder`, by two processes."""
    arguments = {
        "--out": folder / "deliveries", "--truth": folder / "truth", "--size": size, "--days": days,
        "--end": end, "--seed": seed, "--processes": 2,
    }  # fmt: skip
    command = [sys.executable, "-m", "sample_oem", *(str(one) for pair in arguments.items() for one in pair)]
    return run_child(command, child_environment({}))[0]


def listings(folder: Path, single_days: int) -> list[tuple[date, Path]]:
    """List all but the last `single_days` days of receipt as one load, then each of those.

    Returns (last day received, folder that `Ours.run` takes), in order.
    """
    by_day: dict[date, list[Delivery]] = defaultdict(list)
    with (folder / "deliveries" / "deliveries.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            path = str(folder / "deliveries" / row["file"])
            day = business_date(datetime.fromisoformat(row["received_at"]))
            by_day[day].append(Delivery(row["channel"], path, row["received_at"]))
    days = sorted(by_day)
    bulk = len(days) - single_days
    parts = [days[:bulk], *([day] for day in days[bulk:])]
    found = []
    for part in parts:
        where = folder / f"listed-{part[-1]}"
        where.mkdir()
        listed(where, [one for day in part for one in by_day[day]])
        found.append((part[-1], where))
    return found


def expected(folder: Path) -> Counts:
    """Return the records the truth expects of every channel, by verdict."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    with (folder / "truth" / "deliveries_expected.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            counts[row["channel"]].update({name: int(row[name]) for name in COUNTED})
    return {channel: dict(one) for channel, one in counts.items()}
