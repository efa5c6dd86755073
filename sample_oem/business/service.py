"""Workshop visits: due services, which the satisfied keep, and repairs that troubles bring.

``Repairs`` says which trouble lies behind which visit; warranty and parts go on from there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem.business.frames import (
    DAY_S,
    NONE,
    Frame,
    Scene,
    at,
    gamma_days,
    lognormal_cents,
    numbers,
    stack,
    texts,
    timeline,
)
from sample_oem.catalogue import ASPECTS
from sample_oem.events import Problems
from sample_oem.lifecycle import centred
from sample_oem.scenarios import STORY
from sample_oem.seasons import come_on
from sample_oem.streams import logistic, places

CHANNEL = "service"
_LATENT_WHEN_DUE = -0.47  # mean satisfaction of owners with a service due
_PARTS = np.array([a.part for a in ASPECTS], dtype=object)
_FAULTS = np.array([a.fault for a in ASPECTS], dtype=object)
_CLAIM_SHARE = np.array([a.claim_share for a in ASPECTS])


@dataclass(frozen=True)
class Repairs:
    """Repair visits in order of troubles: trouble, arrival, hand-over, wait for the part."""

    problem: np.ndarray
    car: np.ndarray
    arrived: np.ndarray
    finished: np.ndarray
    part_wait: np.ndarray
    visit_no: np.ndarray
    part_code: np.ndarray
    km: np.ndarray
    is_repeat: np.ndarray
    is_covered: np.ndarray
    key: np.ndarray
    codes: np.ndarray

    def truth(self) -> Frame:
        """Return which trouble each repair visit is about."""
        return {"visit_no": self.visit_no, "problem": self.problem, "aspect": self.codes}


def record(scene: Scene, problems: Problems) -> tuple[Repairs, dict[tuple[str, str], Frame]]:
    """Versions of visits and repair lines."""
    repairs = _repairs(scene, problems)
    visits, lines = _due_services(scene)
    return repairs, {
        (CHANNEL, "service_visit"): stack([_repair_visits(scene, repairs), visits]),
        (CHANNEL, "repair_line"): stack([_repair_lines(scene, problems, repairs), lines]),
    }


def mileage(scene: Scene, car: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Odometer of cars on days."""
    age = np.maximum(day - (scene.world.vehicles.sold.astype(int)[car] - scene.first_day), 0)
    return 12 + (age * scene.world.vehicles.km_per_day[car]).astype(np.int64)


def _suiting(scene: Scene, name: str, day: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Days of arrival: at the weekend rather than on a Tuesday, hardly in the Spring Festival."""
    first = scene.first_day
    return come_on(scene.streams, name, day + first, key, scene.planted.holidays) - first


def _repairs(scene: Scene, problems: Problems) -> Repairs:
    """Troubles that can be mended bring the car in after some days; a few parts have to be waited for."""
    streams = scene.streams
    share = np.minimum(_CLAIM_SHARE[problems.aspect] * 1.25, 0.92)
    told = (
        (problems.story == STORY["bad_lot"]) | problems.in_cluster | (problems.story == STORY["recurrence_a"])
    )
    comes = streams.chance("repair", problems.key) < np.where(told, 0.95, share)
    row = np.flatnonzero(comes & (problems.day < scene.days))
    key = problems.key[row]
    lot = problems.story[row] == STORY["bad_lot"]
    # Claims of the lot must not be posted before the planted lead is over: the part is waited for.
    wait = np.where(
        lot, 3 + streams.below("repair/lot", 3, key), 1 + gamma_days(streams, "repair/wait", 4.0, key)
    )
    arrived = _suiting(scene, "repair", problems.day[row] + wait, key)
    short = lot & (problems.day[row] > scene.opens("bad_lot") + 5)
    slow = streams.chance("part/slow", key) < np.where(short, 0.6, 0.08)
    part_wait = np.where(slow, 3 + gamma_days(streams, "part/wait", 8.0, key), 0)
    finished = arrived + part_wait + (streams.chance("repair/long", key) < 0.25)
    car = problems.vehicle[row]
    repeat = np.zeros(len(row), dtype=bool)
    order = np.lexsort((problems.day[row], problems.aspect[row], car))
    same = (car[order][1:] == car[order][:-1]) & (
        problems.aspect[row][order][1:] == problems.aspect[row][order][:-1]
    )
    repeat[order[1:]] = same & (np.diff(problems.day[row][order]) < 180)
    age = problems.day[row] - (scene.world.vehicles.sold.astype(int)[car] - scene.first_day)
    part = _PARTS[problems.aspect[row]] + (10 + streams.below("part", 5, key)).astype(str).astype(object)
    return Repairs(
        row,
        car,
        arrived,
        finished,
        part_wait,
        numbers("WO", row, 9),
        part,
        mileage(scene, car, arrived),
        repeat,
        (age < 3 * 365) & (_CLAIM_SHARE[problems.aspect[row]] > 0),
        key,
        np.array([a.code for a in ASPECTS], dtype=object)[problems.aspect[row]],
    )


def _head(scene: Scene, car: np.ndarray, day: np.ndarray, visit_no: np.ndarray, number: np.ndarray) -> Frame:
    cars, people = scene.world.vehicles, scene.world.customers
    owner = scene.holder(car, day)
    adviser = cars.dealer[car] * 100 + scene.streams.below("adviser", 4, number)
    return {
        "visit_no": visit_no,
        "customer_no": texts(people.number, owner),
        "phone": texts(people.phone, owner),
        "vin": texts(cars.vin, car),
        "dealer_code": texts(scene.world.dealers.code, cars.dealer[car]),
        "adviser_no": numbers("ST", adviser, 6),
    }


def _visits(
    scene: Scene,
    head: Frame,
    reason: np.ndarray,
    km: np.ndarray,
    days: tuple[np.ndarray, np.ndarray],
    paid: np.ndarray,
    number: np.ndarray,
) -> Frame:
    arrived, finished = days
    second = scene.second("visit", number) - 3600
    empty = np.full(len(km), NONE)
    booked = np.where(scene.streams.chance("booked", number) < 0.4, "true", "false").astype(object)
    base = {
        **head,
        "visit_reason": reason,
        "mileage_km": km,
        "is_online_booked": booked,
        "arrived_at": at(arrived, second),
        "finished_at": empty,
        "delivered_at": empty,
        "customer_paid_incl_tax_cny": np.zeros(len(km), dtype=np.int64),
    }
    hours = 3600 + scene.streams.below("visit/hours", 5 * 3600, number)
    done = at(finished, second) + hours
    return timeline(
        base,
        [
            (at(arrived, second), {}),
            (
                done + 1200,
                {"finished_at": done, "delivered_at": done + 1200, "customer_paid_incl_tax_cny": paid},
            ),
        ],
    )


def _repair_visits(scene: Scene, repairs: Repairs) -> Frame:
    head = _head(scene, repairs.car, repairs.arrived, repairs.visit_no, repairs.key)
    paid = np.where(repairs.is_covered, 0, lognormal_cents(scene.streams, "paid", 6.4, 0.7, repairs.key))
    reason = np.full(len(repairs.car), "故障维修", dtype=object)
    return _visits(scene, head, reason, repairs.km, (repairs.arrived, repairs.finished), paid, repairs.key)


def _repair_lines(scene: Scene, problems: Problems, repairs: Repairs) -> Frame:
    """One line per repair; its notes are put into words by the channel's shape (row ``_problem``)."""
    aspect, key, streams = problems.aspect[repairs.problem], repairs.key, scene.streams
    second = scene.second("repair line", key)
    payer = np.where(repairs.is_covered, "保修", np.where(streams.chance("kind", key) < 0.15, "善意", "客户"))
    opened = at(repairs.arrived, second)
    base = {
        "visit_no": repairs.visit_no,
        "line_no": np.ones(len(key), dtype=np.int64),
        "vin": texts(scene.world.vehicles.vin, repairs.car),
        "dealer_code": texts(scene.world.dealers.code, scene.world.vehicles.dealer[repairs.car]),
        "payer": payer.astype(object),
        "part_code": repairs.part_code,
        "fault_code": _FAULTS[aspect],
        "labour_code": numbers("LB", aspect, 4),
        "labour_h": 5 + streams.below("labour", 45, key),
        "parts_amount_cny": np.full(len(key), NONE),
        "labour_amount_cny": np.full(len(key), NONE),
        "is_repeat_repair": np.where(repairs.is_repeat, "true", "false").astype(object),
        "part_wait_days": np.full(len(key), NONE),
        "opened_at": opened,
        "_problem": repairs.problem,
    }
    done = at(repairs.finished, second) + 1800
    parts = lognormal_cents(streams, "parts", 6.5, 0.8, key)
    return timeline(
        base,
        [
            (opened, {}),
            (
                done,
                {
                    "parts_amount_cny": parts,
                    "labour_amount_cny": base["labour_h"] * 1800,
                    "part_wait_days": repairs.part_wait * 10,
                },
            ),
        ],
    )


def _due_services(scene: Scene) -> tuple[Frame, Frame]:
    """Half-yearly services; kept by age and satisfaction until the owner leaves."""
    cars, streams = scene.world.vehicles, scene.streams
    sold = cars.sold.astype(int) - scene.first_day
    count = np.clip((scene.days - 1 - sold) // 182, 0, 13)
    car = np.repeat(np.arange(len(sold)), count)
    turn = 1 + places(count)
    number = cars.number[car]
    meant = sold[car] + 182 * turn + streams.below("service/day", 40, number, turn) - 20
    day = _suiting(scene, "service", meant, number * 16 + turn)
    owner = scene.holder(car, day)
    odds = 1.1 - 0.18 * turn + centred(scene.planted.service, scene.latent(owner, day - 91), _LATENT_WHEN_DUE)
    kept = (owner >= 0) & ~scene.has_left(owner, day) & (day < scene.days)
    kept &= streams.chance("service", number, turn) < logistic(odds)
    car, turn, day, number = car[kept], turn[kept], day[kept], number[kept]
    visit_no = numbers("WM", number * 16 + turn, 11)
    key = number * 16 + turn
    paid = lognormal_cents(streams, "service/paid", 6.2, 0.35, key)
    head = _head(scene, car, day, visit_no, key)
    visits = _visits(
        scene, head, np.full(len(car), "保养", dtype=object), mileage(scene, car, day), (day, day), paid, key
    )
    return visits, _service_lines(scene, car, day, visit_no, key)


def _service_lines(
    scene: Scene, car: np.ndarray, day: np.ndarray, visit_no: np.ndarray, key: np.ndarray
) -> Frame:
    n = len(car)
    opened = day * DAY_S + scene.second("service line", key)
    return timeline(
        {
            "visit_no": visit_no,
            "line_no": np.ones(n, dtype=np.int64),
            "vin": texts(scene.world.vehicles.vin, car),
            "dealer_code": texts(scene.world.dealers.code, scene.world.vehicles.dealer[car]),
            "payer": np.full(n, "客户", dtype=object),
            "part_code": np.full(n, "1012-FL01", dtype=object),
            "fault_code": np.full(n, "", dtype=object),
            "labour_code": np.full(n, "LB9001", dtype=object),
            "labour_h": np.full(n, 8),
            "parts_amount_cny": np.full(n, 18_600),
            "labour_amount_cny": np.full(n, 14_400),
            "is_repeat_repair": np.full(n, "false", dtype=object),
            "part_wait_days": np.zeros(n, dtype=np.int64),
            "opened_at": opened,
            "_problem": np.full(n, -1),
        },
        [(opened, {})],
    )
