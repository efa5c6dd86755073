"""Weekdays and holidays move voices and visits, and do not in the twin."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import numpy as np

from sample_oem import seasons
from sample_oem.business.frames import NONE, Scene
from sample_oem.business.service import record
from sample_oem.events import happen, problems_of
from sample_oem.scenarios import scenario
from sample_oem.streams import Streams
from sample_oem.world import build_world

END = np.datetime64("2026-03-30")
SEED_FILE = Path(__file__).parents[2] / "dbt_project" / "seeds" / "cn_holiday_exception.csv"
YEAR = np.arange(int(np.datetime64("2025-01-01").astype(int)), int(np.datetime64("2026-01-01").astype(int)))


def _days(spans: tuple[tuple[str, int], ...]) -> list[int]:
    return [int(np.datetime64(first).astype(int)) + n for first, length in spans for n in range(length)]


def test_holidays_are_those_of_the_official_calendar() -> None:
    with SEED_FILE.open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    free = {np.datetime64(r["exception_date"]).astype(int) for r in rows if r["is_workday"] == "false"}
    worked = {np.datetime64(r["exception_date"]).astype(int) for r in rows if r["is_workday"] == "true"}
    for spans in (seasons.SPRING_FESTIVAL, seasons.LABOUR_DAY, seasons.NATIONAL_DAY):
        for day in _days(spans):
            weekend = (day + 3) % 7 >= 5
            assert day in free or weekend, np.datetime64(day, "D")
            assert day not in worked, np.datetime64(day, "D")
        for first, length in spans:
            start = int(np.datetime64(first).astype(int))
            assert not {start - 1, start + length} & free, first


def test_factors_keep_the_yearly_volume_and_the_twin_is_flat() -> None:
    for factor in (seasons.voice_factor, seasons.visit_factor):
        assert abs(factor(YEAR).mean() - 1) < 0.04
        assert factor(YEAR).std() > 0.1
        assert np.array_equal(factor(YEAR, 0.0), np.ones(len(YEAR)))


@lru_cache(maxsize=2)
def _visits(name: str) -> np.ndarray:
    """Days of arrival of the last three years, as integers since the epoch."""
    world = build_world(Streams(3), 4000, END, scenario(name), 60)
    first = int(END.astype(int)) - 59
    _, frames = record(Scene(world.streams, world, first, 60), problems_of(world, first))
    visits = frames["service", "service_visit"]
    # Every visit begins with one version that has no end yet.
    day = visits["arrived_at"][visits["finished_at"] == NONE] // 86_400 + first
    return day[(day > int(END.astype(int)) - 1100) & (day <= int(END.astype(int)))]


def _weekday_ratio(day: np.ndarray) -> float:
    """Saturdays over Tuesdays."""
    return float(((day + 3) % 7 == 5).sum() / ((day + 3) % 7 == 1).sum())


def _festival_ratio(day: np.ndarray) -> float:
    """Visits per day in Spring Festivals over those of the four weeks around each."""
    inside, around = [], []
    for first, length in seasons.SPRING_FESTIVAL:
        start = int(np.datetime64(first).astype(int))
        if start > day.min() + 40:
            inside.append(((day >= start) & (day < start + length)).sum() / length)
            near = ((day >= start - 28) & (day < start - 7)) | (
                (day >= start + length + 7) & (day < start + length + 21)
            )
            around.append(near.sum() / 35)
    return float(np.mean(inside) / np.mean(around))


def test_workshops_are_full_on_saturdays_and_empty_in_the_spring_festival() -> None:
    real, null = _visits("base"), _visits("null:holidays")
    assert 1.3 < _weekday_ratio(real) < 1.8
    assert 0.9 < _weekday_ratio(null) < 1.1
    assert _festival_ratio(real) < 0.3
    assert 0.8 < _festival_ratio(null) < 1.2
    # Who does not come on the day comes on another.
    assert abs(len(real) - len(null)) < 0.01 * len(null)


def test_voices_follow_the_calendar_and_the_twin_does_not() -> None:
    days, first = 100, END - np.timedelta64(99, "D")
    absolute = int(first.astype(int)) + np.arange(days)
    festival = np.isin(absolute, _days(seasons.SPRING_FESTIVAL))
    assert festival.sum() == 9
    ratio = {}
    for name in ("base", "null:holidays"):
        world = build_world(Streams(3), 800, END, scenario(name), days)
        volumes = 120 * seasons.voice_factor(absolute, world.planted.holidays)
        made = happen(world.streams, world, volumes, first)
        daily = sum(np.bincount(v.day, minlength=days) for v in made.voices.values())
        ratio[name] = daily[festival].mean() / daily[~festival].mean()
    assert 0.38 < ratio["base"] < 0.55
    assert 0.93 < ratio["null:holidays"] < 1.07
