"""A sample carmaker with known truths: a seeded simulator that writes deliveries for every channel.

Only the demo command, benchmarks and tests import this package; the warehouse never does, and never
opens its truth files (a test sees to both). ``scenarios`` says what is planted, ``world`` who exists,
``lifecycle`` what years of ownership do, ``events`` what is voiced, ``business`` what systems record,
``voices`` what people say, ``shapes`` how a source exports it, ``faults`` what goes wrong on the way,
``deliveries`` which files arrive when, ``truth`` what a correct warehouse must then find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from sample_oem.context import Context
from sample_oem.deliveries import BAD_DAY_CHANNEL, bad_day
from sample_oem.events import Happenings, happen
from sample_oem.production import MergedOracle, produce, write_manifest
from sample_oem.scenarios import moved
from sample_oem.scenarios import scenario as find_scenario
from sample_oem.seasons import voice_factor
from sample_oem.shapes import BUILDERS
from sample_oem.shapes_business import BUSINESS_CHANNELS
from sample_oem.streams import Streams
from sample_oem.truth_world import write_world
from sample_oem.world import build_world

VOICE_CHANNELS: tuple[str, ...] = tuple(sorted(BUILDERS))
CHANNELS: tuple[str, ...] = tuple(sorted({*BUILDERS, *BUSINESS_CHANNELS}))
SIZES: dict[str, tuple[int, float]] = {"XS": (400, 40.0), "S": (5000, 250.0), "M": (100_000, 4100.0)}
DEFAULT_END = date(2026, 3, 31)


@dataclass(frozen=True)
class Summary:
    """What was written: where, how many files and bytes, and the expected counts per channel."""

    out: Path
    truth: Path
    files: int
    bytes: int
    channels: dict[str, dict[str, int]]


def generate(  # noqa: PLR0913 - one parameter per choice
    out: Path,
    truth: Path,
    days: int = 90,
    end: date = DEFAULT_END,
    seed: int = 7,
    owners: int = 3000,
    voices_per_day: float | Sequence[float] | None = None,
    channels: Sequence[str] = CHANNELS,
    scenario: str = "base",
    processes: int = 1,
) -> Summary:
    """Write ``days`` days of deliveries, the last received on ``end`` (Shanghai date).

    ``out`` gets ``<channel>/<received_at>__<name>`` and ``deliveries.csv``; ``truth`` the expected
    counts and planted rows, and must lie outside ``out``. ``voices_per_day`` is one number, or one
    per day (such as a small history before one large day); without it, what suits the owners. One
    number is a yearly mean: weekdays and holidays move it; a list is taken as it stands.
    ``scenario`` names a world of ``scenarios`` (base, a null twin, a variant).
    The same arguments give the same bytes, whatever the number of ``processes``. Raises
    ``ValueError`` with what to change.
    """
    _check(out, truth, channels)
    if days < 1:
        raise ValueError(f"days must be at least 1, got {days}")
    last = np.datetime64(end)
    first_day = last - np.timedelta64(days, "D")
    streams = Streams(seed)
    planted = find_scenario(scenario)
    volumes = _volumes(first_day, days, owners, voices_per_day, planted.holidays)
    world = build_world(streams, owners, last - np.timedelta64(1, "D"), planted, days)
    happenings = happen(streams, world, volumes, first_day)
    context = Context(world, happenings, first_day, days, seed)
    out.mkdir(parents=True, exist_ok=True)
    parts = produce(context, sorted(channels), out, processes)
    files = write_manifest(out, parts)
    notes = _notes(context, happenings, end, owners) | {"scenario": scenario, "moved": moved(planted)}
    oracle = MergedOracle(parts, notes)
    oracle.write(truth)
    write_world(truth / "world", world, happenings, first_day, days)
    return Summary(out, truth, files, sum(part.size for part in parts), oracle.channel_totals())


def _volumes(
    first_day: np.datetime64,
    days: int,
    owners: int,
    voices_per_day: float | Sequence[float] | None,
    holidays: float,
) -> np.ndarray:
    """Voices expected of each day; weekdays and holidays move one number, but not a list."""
    if voices_per_day is None:
        voices_per_day = owners / 15
    volumes = np.asarray(voices_per_day, dtype=float)
    if volumes.ndim == 0:
        return float(volumes) * voice_factor(int(first_day.astype(int)) + np.arange(days), holidays)
    if len(volumes) != days:
        raise ValueError(
            f"voices_per_day has {len(volumes)} values for {days} days; give one per day or one number"
        )
    return volumes


def _check(out: Path, truth: Path, channels: Sequence[str]) -> None:
    unknown = sorted(set(channels) - set(CHANNELS))
    if unknown:
        raise ValueError(f"unknown channels {', '.join(unknown)}; known are {', '.join(CHANNELS)}")
    inside, outer = truth.resolve(), out.resolve()
    if inside == outer or outer in inside.parents:
        raise ValueError(f"the truth folder {truth} must lie outside the deliveries {out}")
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty; choose a new folder so that old and new deliveries do not mix")


def _notes(context: Context, happenings: Happenings, end: date, owners: int) -> dict[str, object]:
    cluster = happenings.problems.in_cluster
    gap = bad_day(context)
    return {
        "seed": context.seed,
        "days": context.days,
        "end": end.isoformat(),
        "owners": owners,
        "problems": len(happenings.problems),
        "safety_cluster": {
            "problems": int(cluster.sum()),
            "voices": {
                name: int(cluster[v.problem[v.problem >= 0]].sum())
                for name, v in sorted(happenings.voices.items())
            },
        },
        "bad_day": {"channel": BAD_DAY_CHANNEL, "event_date": context.date(gap)} if gap >= 0 else None,
        "emptied_days": {
            "complaint_site": context.date(-40),
            "call_center": context.date(-50),
        }
        if context.days >= 4
        else {},
    }
