"""What must hold, judged from one run: gates first, then ratios, rates, memory and growth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RATIO_TO_BASELINE = 3.0
RATIO_TO_SHELL = 0.5
MASKER_TEXTS_PER_S = 10_000
BASELINE_ROWS_PER_S = 8_000
PEAK_MB = 1536
GROWTH_SLOPE = 0.1
WORLD_GENERATE_S = 600
WORLD_PEAK_MB = 4096


@dataclass(frozen=True)
class Verdict:
    """One goal: the measured value in words and whether it holds."""

    goal: str
    measured: str
    passed: bool

    def line(self) -> str:
        """Say it in one line."""
        return f"{'PASS' if self.passed else 'FAIL'}  {self.goal:<62} {self.measured}"


def at_most(goal: str, value: float, limit: float, unit: str = "") -> Verdict:
    """Judge an upper limit."""
    return Verdict(
        f"{goal} <= {limit:g}{unit}",
        f"{value:.3g}{unit}" if value < 1000 else f"{value:.0f}{unit}",
        value <= limit,
    )


def at_least(goal: str, value: float, limit: float, unit: str = "") -> Verdict:
    """Judge a lower limit."""
    return Verdict(f"{goal} >= {limit:g}{unit}", f"{value:.0f}{unit}", value >= limit)


def same(goal: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Verdict:
    """Judge that both sides came to the same numbers; name the first differences."""
    wrong = [
        f"{key}: {ours.get(key)} against {theirs.get(key)}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]
    return Verdict(goal, "equal" if not wrong else "; ".join(wrong[:3]), not wrong)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the least-squares slope of log(y) on log(x); 1.0 is proportional growth, 0.0 none."""
    xs, ys = zip(*((math.log(x), math.log(max(y, 1e-9))) for x, y in points), strict=True)
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread if spread else 0.0
