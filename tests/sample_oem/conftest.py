"""One small sample carmaker for all tests of this folder."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from sample_oem import Summary, generate

DAYS = 24
END = date(2026, 3, 31)


@dataclass(frozen=True)
class Made:
    """A generated sample with its folders."""

    out: Path
    truth: Path
    summary: Summary

    def rows(self, name: str) -> list[dict[str, str]]:
        """A truth table."""
        with (self.truth / name).open(encoding="utf-8", newline="") as handle:
            return list(csv.DictReader(handle))

    def manifest(self) -> list[dict[str, str]]:
        """The deliveries in order of receipt."""
        with (self.out / "deliveries.csv").open(encoding="utf-8", newline="") as handle:
            return list(csv.DictReader(handle))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    base = tmp_path_factory.mktemp("sample_oem")
    summary = generate(base / "deliveries", base / "truth", DAYS, END, seed=7, owners=600, voices_per_day=120)
    return Made(base / "deliveries", base / "truth", summary)
