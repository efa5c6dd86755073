"""Troubles of the planted stories, laid over the common ones: who is hit, when, and what a null twin changes.

Every story draws its dates, cars and severities by identity, so that its null twin has the same number of
troubles on the same days; only what the parameter moves is moved. ``lifecycle`` merges them into its
quarters; words and records come later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sample_oem import catalogue
from sample_oem.catalogue import INDEX, problem_weights
from sample_oem.models import BAD_LOT_COMPONENT, BAD_LOT_MODEL, BAD_LOT_SUPPLIER, COMPONENTS, MODEL_INDEX
from sample_oem.places import CITIES
from sample_oem.scenarios import STORY, Planted
from sample_oem.streams import Streams

if TYPE_CHECKING:
    from sample_oem.lifecycle import Cars

Span = dict[str, tuple[np.datetime64, np.datetime64]]
_LOT_WEEKS = 13
_KEYS_PER_STORY = 10_000_000
_OTA_MODEL = "QL-L7-23R"


@dataclass(frozen=True)
class Overlay:
    """Story troubles: day since the epoch, car, aspect, severity, story, stable key (negative)."""

    day: np.ndarray
    car: np.ndarray
    aspect: np.ndarray
    severity: np.ndarray
    story: np.ndarray
    key: np.ndarray


@dataclass(frozen=True)
class Rollout:
    """The software update: first day per city, pilot cities, observed rates they were chosen by.

    ``installed`` is the day per first car of the model (``-1``: not concerned).
    """

    start: np.ndarray
    is_pilot: np.ndarray
    observed: np.ndarray
    installed: np.ndarray


def supplier_of(streams: Streams, component: int, number: np.ndarray) -> np.ndarray:
    """Supplier (index within the component) of cars by stable number; the second has more."""
    count = len(COMPONENTS[component].suppliers)
    return streams.pick(f"supplier{component}", [1.0, 1.6, 1.0][:count], number)


def built_before(streams: Streams, number: np.ndarray) -> np.ndarray:
    """Days from build to sale of cars by stable number."""
    return 6 + streams.below("built", 114, number)


def lot_weeks(streams: Streams, model: np.ndarray, sold: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Whether a car carries the bad lot: one supplier's battery in thirteen build weeks of one model."""
    right = model == MODEL_INDEX[BAD_LOT_MODEL]
    built = sold - built_before(streams, number)
    start = int(np.datetime64("2023-09-04").astype(int))
    inside = (built >= start) & (built < start + 7 * _LOT_WEEKS)
    return right & inside & (supplier_of(streams, BAD_LOT_COMPONENT, number) == BAD_LOT_SUPPLIER)


@dataclass(frozen=True)
class _Ground:
    """What every story needs to pick cars and days."""

    streams: Streams
    planted: Planted
    cars: Cars
    city: np.ndarray
    span: Span
    last: int
    days: int

    def day(self, name: str) -> int:
        """First day of a story."""
        return int(self.span[name][0].astype(int))

    def on_road(self, model: str, day: int) -> np.ndarray:
        """Cars of a model in our sight on a day."""
        cars = self.cars
        here = (cars.model == MODEL_INDEX[model]) & (cars.sold < day)
        return np.flatnonzero(here & ((cars.handed > self.last) | (cars.next_owner >= 0)))

    def some(self, name: str, cars: np.ndarray, n: int) -> np.ndarray:
        """Draw ``n`` of some cars with replacement (none if there are none)."""
        if not len(cars):
            return cars
        return cars[self.streams.below(name, len(cars), np.arange(n))]


def lay(
    streams: Streams,
    planted: Planted,
    cars: Cars,
    city: np.ndarray,
    lot: np.ndarray,
    span: Span,
    last: int,
    days: int,
) -> tuple[Overlay, Rollout]:
    """All story troubles on first cars, and how the software update was rolled out."""
    ground = _Ground(streams, planted, cars, city, span, last, days)
    trouble, rollout = _software(ground)
    parts = [
        trouble,
        _bad_lot(ground, lot),
        *_recurrence(ground),
        _peak(ground),
        _surge(ground),
        _cluster(ground),
    ]
    columns = [np.concatenate(c) for c in zip(*parts, strict=True)]
    return Overlay(*columns), rollout


Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _part(
    day: np.ndarray,
    car: np.ndarray,
    aspect: str,
    severity: np.ndarray,
    story: str,
    serial: np.ndarray | None = None,
) -> Part:
    """Troubles of one story; their key is story and ``serial`` (their place), not what became of others."""
    n = min(len(car), len(day))
    serial = np.arange(n) if serial is None else serial
    return (
        day[:n],
        car[:n],
        np.full(n, INDEX[aspect]),
        severity[:n],
        np.full(n, STORY[story]),
        -1 - STORY[story] * _KEYS_PER_STORY - serial[:n],
    )


def _size(ground: _Ground, share: float, least: int) -> int:
    return max(int(len(ground.city) * share), least)


def _bad_lot(ground: _Ground, lot: np.ndarray) -> Part:
    """Put failures of the lot on its cars (null twin: on any car of the model)."""
    start = ground.day("bad_lot")
    everyone = ground.on_road(BAD_LOT_MODEL, start)
    carriers = everyone[lot[everyone]]
    share = problem_weights()[MODEL_INDEX[BAD_LOT_MODEL], INDEX["NEV-LVB"]]
    usual = 1.44 / 365 * share * max(ground.last - start, 1)
    # The same count in every twin; small worlds get enough failures to be seen.
    n = max(int(5.0 * usual * len(carriers)), _size(ground, 0.0024, 8))
    excess = (ground.planted.lot_ratio - 1) / ground.planted.lot_ratio
    n_range = np.arange(n)
    hit = (ground.streams.chance("lot/hit", n_range) < excess * 1.2) & (ground.planted.lot_ratio > 1)
    car = (
        np.where(
            hit & (len(carriers) > 0),
            ground.some("lot/car", carriers if len(carriers) else everyone, n),
            ground.some("lot/any", everyone, n),
        )
        if len(everyone)
        else everyone
    )
    reach = max(ground.last - start, 1)
    day = start + (ground.streams.chance("lot/day", n_range) ** 0.8 * reach).astype(int)
    if n:
        day[0] = start
    return _part(day, car, "NEV-LVB", np.full(n, 2), "bad_lot")


def _software(ground: _Ground) -> tuple[Part, Rollout]:
    """Trouble with the screen by city and month; pilot cities are those that looked worst before."""
    cars, streams, last = ground.cars, ground.streams, ground.last
    pilot, rollout = ground.day("ota_pilot"), ground.day("ota_rollout")
    since = pilot - 200
    model = np.flatnonzero(cars.model == MODEL_INDEX[_OTA_MODEL])
    city = ground.city[cars.owner[model]]
    months = (last - since) // 28 + 1
    count_m, count_c = np.arange(months), np.arange(len(CITIES))
    level = 0.3 * streams.normal("x01/city", count_c)[:, None]
    level = level + 0.6 * streams.normal("x01/city-month", count_c[:, None], count_m[None, :])
    per_month = 0.028 * np.exp(level)[city]
    number = cars.number[model]
    count = streams.poisson("x01", per_month, number[:, None], count_m[None, :])
    row, month = np.repeat(np.indices(count.shape).reshape(2, -1), count.ravel(), axis=1)
    place = np.arange(len(row))
    day = since + month * 28 + streams.below("x01/day", 28, number[row], month, place % 3)
    seen = (day > cars.sold[model[row]]) & (day <= last) & (day < cars.handed[model[row]])
    row, day, place = row[seen], day[seen], place[seen]
    observed, is_pilot = _worst_cities(row, day, city, pilot)
    start = np.where(is_pilot, pilot, rollout)
    installed = np.full(len(cars.owner), -1)
    installed[model] = np.maximum(start[city] + streams.below("x01/install", 9, number), cars.sold[model])
    fixed = day >= installed[model[row]]
    kept = ~fixed | (streams.chance("x01/kept", number[row], day) < np.exp(ground.planted.ota_log_ratio))
    row, day, place = row[kept], day[kept], place[kept]
    severity = 1 + streams.below("x01/severity", 2, number[row], day)
    part = _part(day, model[row], "ICT-SCR", severity, "x01", place)
    return part, Rollout(start, is_pilot, observed, installed)


def _worst_cities(
    row: np.ndarray, day: np.ndarray, city: np.ndarray, pilot: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rank cities by troubles per car in the four weeks before the pilot; the worst sixth become pilots."""
    before = (day >= pilot - 28) & (day < pilot)
    troubles = np.bincount(city[row[before]], minlength=len(CITIES))
    fleet = np.bincount(city, minlength=len(CITIES))
    observed = troubles / np.maximum(fleet, 1)
    enough = fleet >= max(3, int(np.median(fleet[fleet > 0])) if (fleet > 0).any() else 3)
    wanted = max(1, int(enough.sum()) // 6)
    ranked = np.argsort(-np.where(enough, observed, -1.0), kind="stable")
    is_pilot = np.zeros(len(CITIES), dtype=bool)
    is_pilot[ranked[:wanted]] = True
    return observed, is_pilot


def _recurrence(ground: _Ground) -> list[Part]:
    """Lay the defect of three years ago, and its return on another model (null: other troubles)."""
    n = _size(ground, 0.006, 6)
    old = ground.day("recurrence_a")
    first = ground.some("old/car", ground.on_road("QL-M6-20T", old), n)
    when = old + ground.streams.below("old/day", 150, np.arange(n))
    severity = 1 + ground.streams.below("old/severity", 2, np.arange(n))
    start = ground.day("recurrence_b")
    again = ground.some("new/car", ground.on_road("QL-M6-24H", start), n)
    back = start + ground.streams.below("new/day", max(ground.last - start + 1, 1), np.arange(n))
    new = _part(back, again, "PWR-OIL", severity, "recurrence_b")
    if not ground.planted.recurrence:
        edges = catalogue.problem_weights()[MODEL_INDEX["QL-M6-24H"]].cumsum()
        other = np.searchsorted(edges, ground.streams.chance("new/other", np.arange(len(new[0]))))
        aspect = other.clip(0, len(edges) - 1)
        new = (new[0], new[1], aspect, new[3], np.full(len(aspect), -1), new[5])
    return [_part(when, first, "PWR-OIL", severity, "recurrence_a"), new]


def _peak(ground: _Ground) -> Part:
    """Raise suspension trouble by chance for four weeks; the idle bulletin starts at its height."""
    n = _size(ground, 0.004, 5)
    start = ground.day("idle_fix_peak")
    car = ground.some("peak/car", ground.on_road("QL-A3-21T", start), n)
    day = start + (28 * ground.streams.chance("peak/day", np.arange(n)) ** 0.6).astype(int)
    return _part(day, car, "CHS-SUS", np.full(n, 2), "idle_fix")


def _surge(ground: _Ground) -> Part:
    """A ramp of false braking at the end (in the null twin the same troubles over the whole window)."""
    n = _size(ground, 0.005, 10)
    start = ground.day("x11")
    draw = ground.streams.chance("surge/day", np.arange(n))
    ramp = start + (np.sqrt(draw) * (ground.last - start + 1)).astype(int)
    even = ground.last + 1 - ground.days + (draw * ground.days).astype(int)
    car = ground.some("surge/car", ground.on_road("QL-L7-25R", min(start, ground.last - ground.days)), n)
    return _part(ramp if ground.planted.surge else even, car, "ADS-FAL", np.full(n, 2), "x11")


def _cluster(ground: _Ground) -> Part:
    """A dozen brake failures on one model built in one month, thickening towards the end."""
    cars = ground.on_road(catalogue.SAFETY_CLUSTER_MODEL, ground.last - 25)
    if not len(cars):
        return _part(
            np.zeros(0, int), cars, catalogue.SAFETY_CLUSTER_ASPECT, np.zeros(0, int), "safety_cluster"
        )
    built = ground.cars.sold[cars] - built_before(ground.streams, ground.cars.number[cars])
    months = built.astype("datetime64[D]").astype("datetime64[M]")
    values, counts = np.unique(months, return_counts=True)
    lot = cars[months == values[np.argmax(counts)]]
    n = int(np.clip(ground.days // 3, 3, 18))
    reach = min(21, ground.days)
    draw = ground.streams.chance("cluster/day", np.arange(n))
    day = ground.last - (draw**1.6 * reach).astype(int)
    return _part(
        day,
        ground.some("cluster/car", lot, n),
        catalogue.SAFETY_CLUSTER_ASPECT,
        np.full(n, 3),
        "safety_cluster",
    )
