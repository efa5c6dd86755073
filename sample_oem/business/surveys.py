"""Survey invitations and what is answered: who is asked, who answers, how far from the truth.

Answers measure latent satisfaction with error; those at either end answer more often, the young and the
silent less; coaching dealers lift a share of answers. A random probe of the silent and a repeat wave are
asked on purpose. The written form is made in the channel's shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sample_oem import catalogue
from sample_oem.streams import Streams, pick_by_row, places

if TYPE_CHECKING:
    from sample_oem.events import Problems
    from sample_oem.world import World

INSTRUMENTS = ("SSI", "CSI", "热线", "产品", "关系")
_RESPONSE_RATE = 0.33
_ERROR = 0.95  # of the answer on the 0-10 scale: reliability about two thirds
_MEMORY_DAYS = 45
_PROBE_SHARE, _REPEAT_SHARE = 0.06, 0.3


@dataclass(frozen=True)
class Invitations:
    """Survey invitations in day order.

    ``latent`` is what is answered (0..10): felt satisfaction with error, lifted where coached; ``felt`` the
    truth. ``wave`` names month and kind; ``touchpoint`` indexes the five touchpoints and instruments;
    ``first`` is the row of the answered invitation a repeat asks about again (-1: no repeat).
    """

    day: np.ndarray
    vehicle: np.ndarray
    touchpoint: np.ndarray
    answered: np.ndarray
    latent: np.ndarray
    aspect: np.ndarray
    has_problem: np.ndarray
    felt: np.ndarray
    is_coached: np.ndarray
    is_probe: np.ndarray
    is_repeat: np.ndarray
    owner: np.ndarray
    wave: np.ndarray
    first: np.ndarray

    def __len__(self) -> int:
        return len(self.day)


def felt_satisfaction(world: World, owner: np.ndarray, day: np.ndarray, first_day: int) -> np.ndarray:
    """Felt satisfaction on 0..10 (unclipped) of owners on days counted from ``first_day``."""
    z = world.life.latent_on(owner, day + first_day)
    drop = world.planted.slow_service_drop * (day >= world.opens("x06", first_day))
    return 7.7 + 1.35 * z - drop


def invite(
    streams: Streams, world: World, answers: np.ndarray, first_day: int, problems: Problems
) -> Invitations:
    """Ask so many that about ``answers[d]`` answer on event day ``d``."""
    counts = streams.generator("invitations").poisson(answers / 0.36)
    day = np.repeat(np.arange(len(counts)), counts)
    place = places(counts)
    vehicle, owner, is_probe = _asked(streams, world, day, place, first_day)
    felt = felt_satisfaction(world, owner, day, first_day)
    answered = _answers(streams, world, (owner, vehicle), (day, place), felt, is_probe)
    first = np.arange(len(day))
    again, later = _repeated(streams, answered, is_probe, day, place, len(counts))
    row = np.concatenate([first, again])
    when = np.concatenate([day, later])
    is_repeat = np.concatenate([np.zeros(len(day), bool), np.ones(len(again), bool)])
    answered = np.concatenate([answered, streams.chance("repeat/answer", again, later) < 0.75])
    order = np.lexsort((row, is_repeat, when))
    row, when, is_repeat, answered = row[order], when[order], is_repeat[order], answered[order]
    return _asked_and_told(
        streams,
        world,
        (vehicle[row], owner[row], is_probe[row]),
        (when, row, is_repeat, answered),
        first_day,
        problems,
    )


def _asked(
    streams: Streams, world: World, day: np.ndarray, place: np.ndarray, first_day: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pick cars in use; a small share of invitations goes to the silent (the probe), by lot."""
    cars = world.life.cars
    silent = world.customers.is_silent[cars.owner]
    is_probe = streams.chance("probe", day, place) < _PROBE_SHARE
    draw = streams.chance("asked", day, place)
    vehicle = np.zeros(len(day), dtype=int)
    for unfit, rows in ((np.zeros(len(silent), bool), ~is_probe), (~silent, is_probe)):
        vehicle[rows] = world.car_in_use(day[rows] + first_day, draw[rows], unfit)
    owner = cars.holder(vehicle, day + first_day)
    return vehicle, np.where(owner < 0, cars.owner[vehicle], owner), is_probe


def _answers(
    streams: Streams,
    world: World,
    who: tuple[np.ndarray, np.ndarray],
    when: tuple[np.ndarray, np.ndarray],
    felt: np.ndarray,
    is_probe: np.ndarray,
) -> np.ndarray:
    """People at either end answer more often than those in the middle, the young less; the silent never."""
    owner, vehicle = who
    people = world.customers
    rate = (
        _RESPONSE_RATE
        * (0.72 + 0.14 * np.abs(felt - 7.2))
        * np.where(people.birth_year[owner] >= 1995, 0.65, 1.1)
    )
    rate *= np.where(world.dealers.coaching[world.vehicles.dealer[vehicle]] > 0, 1.4, 1.0)
    rate = np.where(people.is_silent[owner], 0.0, rate)
    return streams.chance("answer", *when) < np.where(is_probe, 0.55, rate)


def _repeated(
    streams: Streams,
    answered: np.ndarray,
    is_probe: np.ndarray,
    day: np.ndarray,
    place: np.ndarray,
    days: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Ask some of those who answered a second time, three to six weeks later (sooner in short windows)."""
    wanted = np.flatnonzero(answered & ~is_probe & (streams.chance("repeat", day, place) < _REPEAT_SHARE))
    gap = min(21, max(days // 3, 1))
    later = day[wanted] + gap + streams.below("repeat/day", gap, day[wanted], place[wanted])
    inside = later < days
    return wanted[inside], later[inside]


def _asked_and_told(
    streams: Streams,
    world: World,
    who: tuple[np.ndarray, np.ndarray, np.ndarray],
    when: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    first_day: int,
    problems: Problems,
) -> Invitations:
    vehicle, owner, is_probe = who
    day, row, is_repeat, answered = when
    felt = felt_satisfaction(world, owner, day, first_day)
    told = felt + _ERROR * streams.normal("answer/error", row, is_repeat)
    told += 2 * world.planted.recontact * _recontacted(world, problems, vehicle, day, first_day)
    group = world.dealers.coaching[world.vehicles.dealer[vehicle]]
    share = np.array([0.0, *world.planted.coaching])[group]
    is_coached = answered & ~is_probe & (streams.chance("coached", row, is_repeat) < share)
    told = np.where(is_coached, np.maximum(told, 9.4 + 0.5 * streams.chance("coach", row)), told)
    aspect = recent_aspect(problems, vehicle, day)
    talk = catalogue.talk_weights()
    spoken = pick_by_row(talk, world.vehicles.model[vehicle], streams.chance("answer/topic", row))
    month = (day + first_day).astype("datetime64[D]").astype("datetime64[M]").astype(str)
    kind = np.where(is_probe, "P", np.where(is_repeat, "R", "W"))
    return Invitations(
        day,
        vehicle,
        streams.pick("touchpoint", [0.2, 0.4, 0.14, 0.18, 0.08], row),
        answered,
        np.clip(told, 0, 10),
        np.where(aspect >= 0, aspect, spoken),
        aspect >= 0,
        np.clip(felt, 0, 10),
        is_coached,
        is_probe,
        is_repeat,
        owner,
        np.char.add(np.char.add(month, "-"), kind),
        _first_rows(row, is_repeat),
    )


def _first_rows(row: np.ndarray, is_repeat: np.ndarray) -> np.ndarray:
    """Place of the first invitation of each repeat, both known by the number they were asked under."""
    place = np.full(int(row.max(initial=-1)) + 1, -1)
    place[row[~is_repeat]] = np.flatnonzero(~is_repeat)
    return np.where(is_repeat, place[row], -1)


def _recontacted(
    world: World, problems: Problems, vehicle: np.ndarray, day: np.ndarray, first_day: int
) -> np.ndarray:
    """Whether the owner of a car complained before and was called back (four in five)."""
    start = world.opens("x09", first_day)
    complained = np.zeros(len(world.vehicles.vin), dtype=bool)
    recent = problems.is_case & (problems.day > start - 60) & (problems.day < start)
    complained[problems.vehicle[recent]] = True
    return complained[vehicle] & (day >= start) & ~held_out(world, vehicle)


def held_out(world: World, vehicle: np.ndarray) -> np.ndarray:
    """Cars whose complaining owners are left without the call, by lot (one in five)."""
    return world.streams.chance("recontact/hold-out", world.vehicles.number[vehicle]) < 0.2


def recent_aspect(problems: Problems, vehicle: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Aspect of the latest trouble of each car within the last weeks (-1: none)."""
    stride = 100_000
    key = problems.vehicle * stride + problems.day + stride // 2
    order = np.argsort(key, kind="stable")
    key = key[order]
    until = vehicle * stride + day + stride // 2
    low, high = np.searchsorted(key, until - _MEMORY_DAYS), np.searchsorted(key, until, side="right")
    if not len(order):
        return np.full(len(day), -1)
    return np.where(high > low, problems.aspect[order[np.maximum(high - 1, 0)]], -1)
