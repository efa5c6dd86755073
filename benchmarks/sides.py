"""The measured sides: this project, the hand-written baseline, the naive shell.

Each is a folder of state and a way to run one day in a child process. What they counted is read from
their own files afterwards, outside the measured time.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import naive_shell
from benchmarks.measure import PROJECT_ROOT, Cost, child_environment, run_child

Counts = dict[str, dict[str, int]]
COUNTED = ("records_in", "admitted", "duplicate", "superseded", "quarantined")
SQL_STAGES = ("window", "build")


@dataclass(frozen=True)
class DayRun:
    """One measured day: cost of all processes together, CPU seconds by stage, records read."""

    cost: Cost
    stages: Mapping[str, float]
    records: int = 0


@dataclass
class Ours:
    """Our own refresh in a home folder of its own."""

    folder: Path
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        from orchestration.admission.keys import create_key_file

        self.home, keys = self.folder / "home", self.folder / "keys.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        if not keys.exists():
            create_key_file(keys)
        self.env = child_environment({"VOC_HOME": str(self.home), "VOC_KEYS": str(keys)})

    def run(self, deliveries: Path, day: date) -> DayRun:
        """Land what the folder lists and refresh for `day`."""
        timings = self.folder / "timings.jsonl"
        timings.unlink(missing_ok=True)
        landed, _ = run_child([sys.executable, "-m", "benchmarks.land", str(deliveries)], self.env)
        refreshed, _ = run_child(
            [sys.executable, "-m", "orchestration.cli", "refresh", "--as-of", day.isoformat()],
            self.env | {"VOC_TIMINGS": str(timings)},
        )
        stages, records = _read_timings(timings)
        stages = {"collect": landed.cpu_s} | stages
        stages["shell"] = landed.cpu_s + refreshed.cpu_s - sum(stages.values())
        cost = Cost(
            landed.cpu_s + refreshed.cpu_s,
            landed.wall_s + refreshed.wall_s,
            max(landed.peak_mb, refreshed.peak_mb),
        )
        return DayRun(cost, stages, records)

    def counts(self, day: date | None = None) -> Counts:
        """Return what the ledger says became of the records received on `day` (or ever), by channel."""
        with sqlite3.connect(f"file:{self.home / 'restricted' / 'ops.sqlite'}?mode=ro", uri=True) as ledger:
            rows = ledger.execute(
                f"select channel, {', '.join(f'sum({name})' for name in COUNTED)} from delivery "
                "where ingest_date = coalesce(?, ingest_date) group by channel",
                [day and day.isoformat()],
            ).fetchall()
        return {channel: dict(zip(COUNTED, numbers, strict=True)) for channel, *numbers in rows}

    def facts(self) -> dict[str, Any]:
        """Return voices by channel and NPS counts from the built warehouse."""
        return _facts(
            self.home / "warehouse.duckdb",
            "select channel, count(*) from core.fct_feedback group by all order by all",
            "select sum(response_count), sum(promoter_count), sum(detractor_count) "
            "from experience.agg_nps_daily",
        )


@dataclass
class Baseline:
    """The hand-written script with a state folder of its own."""

    folder: Path
    with_mask: bool = True
    last: Counts = field(default_factory=dict)

    def run(self, deliveries: Path, day: date) -> DayRun:  # noqa: ARG002  (the script takes what is listed)
        """Run the script over what the folder lists."""
        flags = [] if self.with_mask else ["--no-mask"]
        cost, output = run_child(
            [
                sys.executable,
                "-m",
                "benchmarks.baseline",
                "--input",
                str(deliveries),
                "--state",
                str(self.folder),
                *flags,
            ],
            child_environment({}),
        )
        result = json.loads(output)
        self.last = {
            channel: {name: counts.get(name, 0) for name in COUNTED}
            for channel, counts in result["channels"].items()
        }
        records = sum(counts["records_in"] for counts in self.last.values())
        return DayRun(cost, result["cpu_s"], records)

    def counts(self, day: date) -> Counts:  # noqa: ARG002
        """Return what the last run counted, by channel."""
        return self.last

    def facts(self) -> dict[str, Any]:
        """Return voices by channel and NPS counts from the published file."""
        return _facts(
            self.folder / "published.duckdb",
            "select channel, count(*) from fct_feedback group by all order by all",
            "select sum(n), sum(promoters), sum(detractors) from agg_nps_daily",
        )


@dataclass
class Shell:
    """The naive shell, generated once from the real graph."""

    folder: Path

    def prepare(self, manifest: Path) -> naive_shell.Graph:
        """Generate it and run nothing; return the graph it imitates."""
        self.folder.mkdir(parents=True, exist_ok=True)
        graph = naive_shell.real_graph(manifest=manifest)
        self.location = naive_shell.generate(self.folder, graph)
        naive_shell.prepare(self.folder)
        return graph

    def run(self, day: date) -> DayRun:
        """Materialise one day."""
        env = child_environment(naive_shell.instance_environment(self.folder))
        cost, _ = run_child(naive_shell.command(self.location, day.isoformat()), env, self.folder)
        return DayRun(cost, {})


def _read_timings(path: Path) -> tuple[dict[str, float], int]:
    stages: dict[str, float] = defaultdict(float)
    records = 0
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        entry = json.loads(line)
        if entry["step"] == "total":
            continue
        stages[entry["step"]] += entry["cpu_s"]
        records += entry["rows"] if entry["step"] == "admit" else 0
    return dict(stages), records


def _facts(database: Path, voices: str, nps: str) -> dict[str, Any]:
    with duckdb.connect(str(database), read_only=True) as connection:
        by_channel = connection.execute(voices).fetchall()
        answers = connection.execute(nps).fetchone() or (0, 0, 0)
    return {
        "voices": {channel: int(count) for channel, count in by_channel},
        "nps": dict(zip(("answers", "promoters", "detractors"), map(int, answers), strict=True)),
    }


__all__ = ["COUNTED", "PROJECT_ROOT", "SQL_STAGES", "Baseline", "DayRun", "Ours", "Shell"]
