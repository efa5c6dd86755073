"""Columns of business records and their versions over time.

A ``Frame`` is a table of record *versions*: numpy columns of equal length plus ``_at``, the second at which
the version came to be. Days count from the first event day, seconds from its midnight (Shanghai), money is
in cents, so that sums are exact. ``NONE`` stands for an empty cell. ``shapes_business`` writes the texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sample_oem.scenarios import Planted
from sample_oem.streams import Streams
from sample_oem.world import World

NONE = -(10**12)
DAY_S = 86_400
Frame = dict[str, np.ndarray]


@dataclass(frozen=True)
class Scene:
    """What every process reads: streams, world, first event day (days since the epoch), window length."""

    streams: Streams
    world: World
    first_day: int
    days: int

    @property
    def planted(self) -> Planted:
        """Parameters of this world."""
        return self.world.planted

    def opens(self, story: str) -> int:
        """First day of a story, counted from the first event day."""
        return self.world.opens(story, self.first_day)

    def latent(self, owner: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Latent satisfaction of owners on days counted from the first event day."""
        return self.world.life.latent_on(owner, day + self.first_day)

    def holder(self, car: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Owner of cars on days; -1 where out of sight."""
        return self.world.life.cars.holder(car, day + self.first_day)

    def has_left(self, owner: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Whether owners had left us by a day."""
        return self.world.life.left[np.maximum(owner, 0)] <= day + self.first_day

    def second(self, name: str, *identity: np.ndarray | int) -> np.ndarray:
        """Second of a working day."""
        return 8 * 3600 + self.streams.below(name + "/second", 11 * 3600, *identity)


def texts(values: Sequence[str] | np.ndarray, index: np.ndarray) -> np.ndarray:
    """Look up texts by index; a negative index gives an empty cell."""
    table = np.array([*values, ""], dtype=object)
    return table[np.where(index < 0, len(table) - 1, index)]


def numbers(prefix: str, number: np.ndarray, width: int = 8) -> np.ndarray:
    """Business numbers such as ``WO00012345``; a negative number gives an empty cell."""
    if not len(number):
        return np.zeros(0, dtype=object)
    made = np.char.add(prefix, zero_filled(np.maximum(number, 0).astype(np.int64), width))
    return np.where(number < 0, "", made).astype(object)


def zero_filled(number: np.ndarray, width: int) -> np.ndarray:
    """Texts of numbers with leading zeros."""
    return np.char.zfill(number.astype(str), width) if len(number) else number.astype(str)


Step = tuple[np.ndarray, Mapping[str, object]]


def timeline(base: Frame, steps: Sequence[Step]) -> Frame:
    """Versions of records: each step (second, changes) adds a version to the records it happens to.

    ``NONE`` as second: it does not happen. Changes stay for later steps. Rows come out step by step.
    """
    columns = dict(base)
    parts: list[Frame] = []
    for second, changes in steps:
        happens = second != NONE
        for name, value in changes.items():
            old = columns.get(name)
            new = (
                np.full(len(second), value, dtype=object)
                if isinstance(value, str)
                else np.broadcast_to(np.asarray(value), second.shape)
            )
            columns[name] = new if old is None else np.where(happens, new, old)
        parts.append({**{name: values[happens] for name, values in columns.items()}, "_at": second[happens]})
    names = [*base, *(n for n in columns if n not in base), "_at"]
    last = parts[-1]
    for part in parts:
        for name in names:
            if name not in part:
                filler: object = "" if last[name].dtype == object else NONE
                part[name] = np.full(len(part["_at"]), filler, dtype=last[name].dtype)
    return {name: np.concatenate([p[name] for p in parts]) for name in names}


def table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> Frame:
    """Columns of rows written out: integers (whole numbers, days, cents) or texts, by the first row."""
    if not rows:
        return {name: np.zeros(0, dtype=np.int64) for name in names}
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return {
        name: np.array(values, dtype=np.int64 if isinstance(values[0], int) else object)
        for name, values in columns
    }


def select(frame: Frame, rows: np.ndarray) -> Frame:
    """Return some rows."""
    return {name: values[rows] for name, values in frame.items()}


def stack(frames: Sequence[Frame]) -> Frame:
    """Put frames of the same columns below one another."""
    return {name: np.concatenate([f[name] for f in frames]) for name in frames[0]}


def length(frame: Frame) -> int:
    """Count the rows."""
    return len(frame["_at"])


def later(day: np.ndarray, wait: np.ndarray | int) -> np.ndarray:
    """A day some days on; ``NONE`` stays."""
    return np.where(day == NONE, NONE, day + wait)


def at(day: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Seconds from a day and a second of the day; ``NONE`` stays."""
    return np.where(day == NONE, NONE, day * DAY_S + second)


def gamma_days(streams: Streams, name: str, mean: float, *identity: np.ndarray | int) -> np.ndarray:
    """Waiting times in whole days, gamma of shape 2, by identity."""
    first, second = streams.chance(name + "/a", *identity), streams.chance(name + "/b", *identity)
    return (-np.log(first * second) * mean / 2).astype(int)


def lognormal_cents(
    streams: Streams, name: str, log_mean: float | np.ndarray, sigma: float, *identity: np.ndarray | int
) -> np.ndarray:
    """Amounts in cents, log-normal by identity."""
    return np.round(np.exp(log_mean + sigma * streams.normal(name, *identity)) * 100).astype(np.int64)
