"""`make bench`: this project against a hand-written script and a naive shell, in one run.

    python -m benchmarks [--voices 20000,100000] [--history 30,120,480] [--repeat 3] [--quick]
        [--only masker,day,empty,growth,world] [--world S] [--out result.json]

Sides are interleaved (A, B, A, B, …) so that a noisy neighbour hits both. Correctness gates come
first: a fast wrong result is a FAIL. See docs/benchmarks.md for what is measured and why.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks import goals, world
from benchmarks.deliveries import Owners, make_owners, write_day, write_master, write_small
from benchmarks.goals import Verdict
from benchmarks.measure import child_environment, machine, median, run_child
from benchmarks.sides import SQL_STAGES, Baseline, DayRun, Ours, Shell

LAST_HISTORY_DAY = date(2025, 8, 31)
PARTS = ("masker", "day", "empty", "growth", "world")
STAGES = ("collect", "admit", "score", "link", "group", "window", "build", "assure", "publish", "shell")
WORLD_DAYS = {"S": 30, "M": 365}


@dataclass(frozen=True)
class Plan:
    """What to run: sizes in voices, days of history, repeats."""

    voices: tuple[int, ...]
    history: tuple[int, ...]
    repeat: int
    owners: int
    history_voices: int
    growth_voices: int
    parts: tuple[str, ...]
    world: str = "M"
    world_single_days: int = 7
    seed: int = 7


@dataclass
class Result:
    """Everything measured; `runs` by scenario and side."""

    plan: Plan
    machine: dict[str, Any]
    runs: dict[str, list[DayRun]] = field(default_factory=lambda: defaultdict(list))
    verdicts: list[Verdict] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def cpu(self, name: str) -> float:
        """Return the median CPU seconds of a scenario."""
        return median([run.cost.cpu_s for run in self.runs[name]])

    def stage(self, name: str, *stages: str) -> float:
        """Return the median CPU seconds of some stages together."""
        return median([sum(run.stages.get(stage, 0.0) for stage in stages) for run in self.runs[name]])


class Bench:
    """One run in one scratch folder."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self.folder = plan, folder
        self.owners: Owners = make_owners(plan.owners, plan.seed)
        self.result = Result(plan, machine())

    def run(self) -> Result:
        """Measure everything and judge it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        parts = {
            "masker": self._masker,
            "day": self._whole_days,
            "empty": self._empty_day,
            "growth": self._growth,
            "world": self._world,
        }
        for name in self.plan.parts:
            parts[name]()
        self.result.facts["load_after"] = machine()["load_1m"]
        return self.result

    def _keep(self, name: str, run: DayRun) -> DayRun:
        self.result.runs[name].append(run)
        say(f"  {name:<28} {run.cost.cpu_s:7.1f} CPU s  {run.cost.wall_s:7.1f} s  {run.cost.peak_mb:6.0f} MB")
        return run

    def _judge(self, verdict: Verdict) -> None:
        self.result.verdicts.append(verdict)
        say(verdict.line())

    def _input(self, name: str, day: date, voices: int) -> Path:
        """Write the deliveries of one day and return their folder; 0 voices: one small delivery."""
        folder = self.folder / "input" / f"{name}-{day}-{voices}"
        folder.mkdir(parents=True)
        if voices:
            write_day(folder, day, voices, self.owners, self.plan.seed)
        else:
            write_small(folder, day, self.owners, self.plan.seed)
        return folder

    def _master(self, day: date) -> Path:
        folder = self.folder / "input" / f"master-{day}"
        if not folder.exists():
            folder.mkdir(parents=True)
            write_master(folder, self.owners, day)
        return folder

    def _masker(self) -> None:
        say("masker")
        count = 40_000
        rates = []
        for _ in range(self.plan.repeat):
            _, output = run_child(
                [sys.executable, "-m", "benchmarks.masker", str(count)], child_environment({})
            )
            measured = json.loads(output)
            rates.append(measured["texts"] / measured["cpu_s"])
        self.result.facts["masker"] = measured | {"texts_per_cpu_s": median(rates)}
        self._judge(goals.at_least("masker, short texts per CPU s", median(rates), goals.MASKER_TEXTS_PER_S))

    def _whole_days(self) -> None:
        for voices in self.plan.voices:
            self._whole_day(voices)

    def _whole_day(self, voices: int) -> None:
        """Ours, the script, the script without masking: the same days, turn by turn."""
        say(f"day of {voices} voices")
        sides: dict[str, Ours | Baseline] = {
            "ours": Ours(self.folder / f"ours-{voices}"),
            "baseline": Baseline(self.folder / f"baseline-{voices}"),
            "baseline_no_mask": Baseline(self.folder / f"baseline-nm-{voices}", with_mask=False),
        }
        day = LAST_HISTORY_DAY
        for side in sides.values():
            side.run(self._master(day), day)
        for _ in range(self.plan.repeat):
            day += timedelta(days=1)
            deliveries = self._input("whole", day, voices)
            for name, side in sides.items():
                self._keep(f"{name}_{voices}", side.run(deliveries, day))
            ours, theirs = sides["ours"].counts(day), sides["baseline"].counts(day)
            for channel in sorted(ours.keys() | theirs.keys()):
                self._judge(
                    goals.same(
                        f"{day} {channel}: same record counts", ours.get(channel, {}), theirs.get(channel, {})
                    )
                )
        ours, theirs = sides["ours"].facts(), sides["baseline"].facts()
        self._judge(goals.same(f"{voices}: same voices by channel", ours["voices"], theirs["voices"]))
        self._judge(goals.same(f"{voices}: same NPS counts", ours["nps"], theirs["nps"]))
        self._judge_whole_day(voices)
        for side in sides.values():
            shutil.rmtree(side.folder)

    def _judge_whole_day(self, voices: int) -> None:
        result = self.result
        ratio = result.cpu(f"ours_{voices}") / result.cpu(f"baseline_{voices}")
        no_mask = result.runs[f"baseline_no_mask_{voices}"]
        rate = median([run.records / run.cost.cpu_s for run in no_mask])
        result.facts[f"ratio_{voices}"], result.facts[f"baseline_rows_per_cpu_s_{voices}"] = ratio, rate
        if voices != max(self.plan.voices):
            return
        self._judge(
            goals.at_most(
                f"day of {voices} voices, CPU against the script", ratio, goals.RATIO_TO_BASELINE, "x"
            )
        )
        self._judge(
            goals.at_least(
                "the script itself without masking, rows per CPU s", rate, goals.BASELINE_ROWS_PER_S
            )
        )
        peak = max(run.cost.peak_mb for run in result.runs[f"ours_{voices}"])
        self._judge(goals.at_most(f"day of {voices} voices, peak memory", peak, goals.PEAK_MB, " MB"))

    def _empty_day(self) -> None:
        """One small delivery for us, nothing at all for the shell."""
        from orchestration.settings import Settings
        from orchestration.warehouse.state import manifest_dict

        say("almost empty day")
        manifest = self.folder / "manifest.json"
        manifest.write_text(json.dumps(manifest_dict(Settings.load({})), default=str), encoding="utf-8")
        ours, shell = Ours(self.folder / "ours-empty"), Shell(self.folder / "shell")
        graph = shell.prepare(manifest)
        self.result.facts["shell_graph"] = {
            "models": len(graph.models),
            "tests": graph.tests,
            "channels": len(graph.channels),
        }
        day = LAST_HISTORY_DAY
        ours.run(self._master(day), day)
        ours.run(self._input("warm", day, 1000), day)
        for _ in range(self.plan.repeat):
            day += timedelta(days=1)
            self._keep("ours_empty", ours.run(self._input("small", day, 0), day))
            self._keep("shell_empty", shell.run(day))
        ratio = self.result.cpu("ours_empty") / self.result.cpu("shell_empty")
        self.result.facts["ratio_empty"] = ratio
        self._judge(
            goals.at_most("almost empty day, CPU against the naive shell", ratio, goals.RATIO_TO_SHELL, "x")
        )

    def _growth(self) -> None:
        """New days of one size on homes with more and more history, turn by turn."""
        plan = self.plan
        say(f"growth: {plan.growth_voices} new voices on {plan.history} days of {plan.history_voices}")
        homes = {days: self._with_history(days) for days in self.plan.history}
        day = LAST_HISTORY_DAY
        for _ in range(self.plan.repeat):
            day += timedelta(days=1)
            deliveries = self._input("growth", day, self.plan.growth_voices)
            for days, home in homes.items():
                self._keep(f"growth_{days}", home.run(deliveries, day))
        points = [(days, self.result.stage(f"growth_{days}", "admit", *SQL_STAGES)) for days in homes]
        self.result.facts["growth"] = {str(days): seconds for days, seconds in points}
        for stage in ("admit", "score", "window", "build", "assure", "publish"):
            curve = [(days, self.result.stage(f"growth_{days}", stage)) for days in homes]
            self.result.facts[f"growth_slope_{stage}"] = round(goals.slope(curve), 3)
        self._judge(
            goals.at_most("growth, log-log slope of admission + SQL", goals.slope(points), goals.GROWTH_SLOPE)
        )

    def _world(self) -> None:
        """The sample carmaker: generated, loaded in bulk, then its last days one by one."""
        plan, folder = self.plan, self.folder / "world"
        say(
            f"world {plan.world}: {WORLD_DAYS[plan.world]} days, the last {plan.world_single_days} one by one"
        )
        folder.mkdir()
        made = world.generate(folder, plan.world, WORLD_DAYS[plan.world], LAST_HISTORY_DAY, plan.seed)
        self._keep("world_generate", DayRun(made, {}))
        bulk, *single = world.listings(folder, plan.world_single_days)
        home = Ours(folder / "home")
        runs = [self._keep("world_bulk", home.run(bulk[1], bulk[0]))]
        runs += [self._keep("world_day", home.run(listed, day)) for day, listed in single]
        found, wanted = home.counts(), world.expected(folder)
        for channel in sorted(found.keys() | wanted.keys()):
            self._judge(
                goals.same(
                    f"world {channel}: same record counts", found.get(channel, {}), wanted.get(channel, {})
                )
            )
        self.result.facts["world_voices"] = sum(home.facts()["voices"].values())
        self._judge(goals.at_most("world, seconds to generate", made.wall_s, goals.WORLD_GENERATE_S, " s"))
        peak = max(made.peak_mb, *(run.cost.peak_mb for run in runs))
        self._judge(
            goals.at_most("world, peak memory of the largest process", peak, goals.WORLD_PEAK_MB, " MB")
        )

    def _with_history(self, days: int) -> Ours:
        home = Ours(self.folder / f"growth-{days}")
        home.run(
            self._master(LAST_HISTORY_DAY - timedelta(days=days)), LAST_HISTORY_DAY - timedelta(days=days)
        )
        folder = self.folder / "input" / f"history-{days}"
        folder.mkdir(parents=True)
        for back in range(days - 1, -1, -1):
            write_day(
                folder,
                LAST_HISTORY_DAY - timedelta(days=back),
                self.plan.history_voices,
                self.owners,
                self.plan.seed,
            )
        self._keep(f"bulk_{days}", home.run(folder, LAST_HISTORY_DAY))
        shutil.rmtree(folder)
        return home


def say(line: str) -> None:
    """Print at once: a run takes long."""
    print(line, flush=True)


def report(result: Result) -> Iterator[str]:
    """Yield the lines of the closing report."""
    at = result.machine
    yield f"machine: {at['cores']} cores, Python {at['python']}, DuckDB {at['duckdb']}"
    yield f"load average: {at['load_1m']} before, {result.facts['load_after']} after"
    if max(at["load_1m"], result.facts["load_after"]) > at["cores"]:
        yield "NOISE: others used this machine meanwhile; trust ratios, not seconds"
    yield f"{'CPU seconds (median)':<24}{'total':>8}{'MB':>7}{'rows/s':>9}  " + "".join(
        f"{stage:>9}" for stage in STAGES
    )
    for name, runs in result.runs.items():
        cpu = result.cpu(name)
        stages = "".join(
            f"{result.stage(name, stage):9.2f}" if any(stage in run.stages for run in runs) else f"{'':>9}"
            for stage in STAGES
        )
        peak = max(run.cost.peak_mb for run in runs)
        yield f"{name:<24}{cpu:8.1f}{peak:7.0f}{median([run.records for run in runs]) / cpu:9.0f}  {stages}"
    yield ""
    yield from (
        verdict.line()
        for verdict in result.verdicts
        if not verdict.passed or "same record" not in verdict.goal
    )
    equal = sum(verdict.passed for verdict in result.verdicts if "same record" in verdict.goal)
    yield f"record counts equal: {equal} channel-days"


def as_json(result: Result) -> dict[str, Any]:
    """Return the result as plain data."""
    return {
        "plan": asdict(result.plan),
        "machine": result.machine,
        "facts": result.facts,
        "runs": {name: [asdict(run) for run in runs] for name, runs in result.runs.items()},
        "verdicts": [asdict(verdict) for verdict in result.verdicts],
    }


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parts(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(PARTS):
        raise argparse.ArgumentTypeError(
            f"unknown: {', '.join(sorted(unknown))}; choose of {','.join(PARTS)}"
        )
    return chosen


def _plan(options: argparse.Namespace) -> Plan:
    if options.quick:
        return Plan((2000,), (4, 16), 1, 2000, 100, 2000, ("masker", "day", "growth"))
    return Plan(
        options.voices, options.history, options.repeat, 20_000, options.history_voices,
        options.growth_voices, options.only, options.world,
    )  # fmt: skip


def main() -> int:
    """Run the benchmark; 1 if a goal is missed or a gate fails."""
    parser = argparse.ArgumentParser(description="CPU-second ratios of this project, see docs/benchmarks.md")
    parser.add_argument("--voices", type=_numbers, default=(20_000, 100_000), help="sizes of the whole day")
    parser.add_argument(
        "--history", type=_numbers, default=(30, 120, 480), help="days of history for the growth law"
    )
    parser.add_argument("--history-voices", type=int, default=2000, help="voices of each history day")
    parser.add_argument("--growth-voices", type=int, default=20_000, help="voices of the new day on history")
    parser.add_argument("--world", choices=list(WORLD_DAYS), default="M", help="size of the sample carmaker")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", type=_parts, default=PARTS, help=f"parts to run, of {','.join(PARTS)}")
    parser.add_argument(
        "--quick", action="store_true", help="two minutes: gates and a first look, goals not binding"
    )
    parser.add_argument("--out", type=Path, help="write everything as JSON")
    parser.add_argument(
        "--folder", type=Path, help="scratch folder to use and keep (default: a temporary one)"
    )
    options = parser.parse_args()
    if options.folder and options.folder.is_dir() and any(options.folder.iterdir()):
        parser.error(f"--folder {options.folder} is not empty: results would mix; name a new one")
    folder = options.folder or Path(tempfile.mkdtemp(prefix="voc-bench-"))
    try:
        result = Bench(_plan(options), folder).run()
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    say("\n" + "\n".join(report(result)))
    if options.out:
        options.out.write_text(json.dumps(as_json(result), ensure_ascii=False, indent=1), encoding="utf-8")
    binding = [v for v in result.verdicts if not options.quick or v.goal.count("same ")]
    return int(any(not verdict.passed for verdict in binding))


if __name__ == "__main__":
    sys.exit(main())
