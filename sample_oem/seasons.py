"""When people speak and when they come: weekdays, months, and the three long holidays of the Chinese year.

Daily factors of about one on average over a year, for voices and for workshop visits. Shorter holidays and
days worked in exchange count as the weekdays they fall on. What troubles cars in which season is in
``catalogue``. Days are integers since the epoch; holidays are those of the State Council's notices.
"""

from __future__ import annotations

import numpy as np

from sample_oem.streams import Streams

# Monday first. People write on working days and come at the weekend.
_SPEAK = np.array([1.08, 1.05, 1.03, 1.02, 1.02, 0.92, 0.88])
_COME = np.array([0.95, 0.85, 0.85, 0.90, 1.00, 1.30, 1.15])
# January first: heat and cold make calls, the weeks after the Spring Festival catch up.
_MONTH = np.array([1.02, 1.00, 1.04, 1.00, 0.99, 0.99, 1.04, 1.03, 0.98, 0.99, 0.97, 0.97])
SPRING_FESTIVAL: tuple[tuple[str, int], ...] = (  # first day off, days off
    ("2018-02-15", 7), ("2019-02-04", 7), ("2020-01-24", 10), ("2021-02-11", 7), ("2022-01-31", 7),
    ("2023-01-21", 7), ("2024-02-10", 8), ("2025-01-28", 8), ("2026-02-15", 9),
)  # fmt: skip
LABOUR_DAY: tuple[tuple[str, int], ...] = (
    ("2019-05-01", 4), ("2020-05-01", 5), ("2021-05-01", 5), ("2022-04-30", 5), ("2023-04-29", 5),
    ("2024-05-01", 5), ("2025-05-01", 5), ("2026-05-01", 5),
)  # fmt: skip
NATIONAL_DAY: tuple[tuple[str, int], ...] = (
    ("2018-10-01", 7), ("2019-10-01", 7), ("2020-10-01", 8), ("2021-10-01", 7), ("2022-10-01", 7),
    ("2023-09-29", 8), ("2024-10-01", 7), ("2025-10-01", 8), ("2026-10-01", 7),
)  # fmt: skip
# Holiday, then factors: in the week before, in it, in some days after it (how many, factor).
Rule = tuple[tuple[tuple[str, int], ...], float, float, int, float]
_VOICES: tuple[Rule, ...] = (
    (SPRING_FESTIVAL, 0.95, 0.45, 6, 1.20),
    (LABOUR_DAY, 1.0, 0.80, 2, 1.10),
    (NATIONAL_DAY, 1.0, 0.70, 3, 1.15),
)
_VISITS: tuple[Rule, ...] = (
    (SPRING_FESTIVAL, 1.25, 0.05, 4, 1.10),
    (LABOUR_DAY, 1.10, 0.70, 2, 1.0),
    (NATIONAL_DAY, 1.15, 0.65, 3, 1.05),
)
_TRIES = 14  # days after which everybody comes


def voice_factor(day: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Factor on the voices of days; ``strength`` 0 makes every day alike."""
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    return _damped(_SPEAK[_weekday(day)] * _MONTH[month] * _holidays(day, _VOICES), strength)


def visit_factor(day: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Factor on the arrivals at workshops; ``strength`` 0 makes every day alike."""
    return _damped(_COME[_weekday(day)] * _holidays(day, _VISITS), strength)


def come_on(streams: Streams, name: str, day: np.ndarray, key: np.ndarray, strength: float) -> np.ndarray:
    """Days on which people really come who meant to come on ``day``: the next that suits, by stable key."""
    if not len(day):
        return day
    first = int(day.min())
    suits = visit_factor(np.arange(first, int(day.max()) + _TRIES), strength)
    suits /= suits.max()
    out, waiting = day.copy(), np.arange(len(day))
    for turn in range(_TRIES - 1):
        draw = streams.chance(f"{name}/suits", key[waiting], turn)
        waiting = waiting[draw >= suits[out[waiting] - first]]
        out[waiting] += 1
    return out


def _weekday(day: np.ndarray) -> np.ndarray:
    return (day + 3) % 7  # the epoch was a Thursday


def _damped(factor: np.ndarray, strength: float) -> np.ndarray:
    return 1 + strength * (factor - 1)


def _holidays(day: np.ndarray, rules: tuple[Rule, ...]) -> np.ndarray:
    factor = np.ones(len(day))
    for spans, before, inside, days_after, after in rules:
        for first, length in spans:
            since = day - int(np.datetime64(first).astype(int))
            factor[(since >= -7) & (since < 0)] *= before
            factor[(since >= 0) & (since < length)] *= inside
            factor[(since >= length) & (since < length + days_after)] *= after
    return factor
