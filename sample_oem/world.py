"""Who and what exists: models, dealers, owners, households, vehicles with their owners over time.

Arrays are aligned by index and never change after ``build_world``. What satisfaction does to owners over
the years (``lifecycle``) runs inside it, because it sells further cars; what is said about it lives in
``events``, what the business systems record in ``business``. Days are numpy ``datetime64[D]``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem import identifiers, overlays
from sample_oem.lifecycle import Cars, Dealers, FirstCars, Life, live
from sample_oem.models import (
    BRAND,
    COMPONENTS,
    FLEET_STRIDE,
    MODELS,
    NEVER,
    REPURCHASE_PLACE,
    RIVALS,
    WMI,
    VehicleModel,
)
from sample_oem.places import CITIES
from sample_oem.scenarios import BASE, Planted
from sample_oem.streams import Streams, places

__all__ = [
    "BRAND",
    "MODELS",
    "RIVALS",
    "Customers",
    "Dealers",
    "VehicleModel",
    "Vehicles",
    "World",
    "build_world",
]


@dataclass(frozen=True)
class Customers:
    """Owners by index; ``registered`` is datetime64[s] in Shanghai wall time.

    ``income`` and ``kind`` index ``INCOMES`` and ``KINDS``; ``household`` numbers people who share a
    phone; ``is_silent`` never speak; ``temper`` is the lasting part of latent satisfaction.
    """

    number: list[str]
    name: list[str]
    phone: list[str]
    mail: list[str]
    id_card: list[str]
    address: list[str]
    city: np.ndarray
    gender: list[str]
    birth_year: np.ndarray
    registered: np.ndarray
    income: np.ndarray
    kind: np.ndarray
    household: np.ndarray
    is_silent: np.ndarray
    temper: np.ndarray
    app_user: list[str]


@dataclass(frozen=True)
class Vehicles:
    """Vehicles by index; owner, model, dealer are indices; build and sold are datetime64[D].

    ``owner`` is the owner at the end, ``buyer`` the first; ``handed`` the day the car changed hands
    (``NEVER``) and ``next_owner`` to whom (-1: out of our sight). ``number`` is stable across twins.
    ``supplier`` has one column per ``COMPONENTS``; ``is_bad_lot`` marks cars of the bad battery lot;
    ``order`` is -1 for a first car, else the repurchase that brought it.
    """

    vin: list[str]
    plate: list[str]
    owner: np.ndarray
    model: np.ndarray
    dealer: np.ndarray
    built: np.ndarray
    sold: np.ndarray
    km_per_day: np.ndarray
    buyer: np.ndarray
    handed: np.ndarray
    next_owner: np.ndarray
    number: np.ndarray
    usage: np.ndarray
    supplier: np.ndarray
    is_bad_lot: np.ndarray
    order: np.ndarray


@dataclass(frozen=True)
class World:
    """Everything that exists, and the last day it is seen on; ``life`` is what happened to the owners."""

    end: np.datetime64
    dealers: Dealers
    customers: Customers
    vehicles: Vehicles
    life: Life
    planted: Planted
    streams: Streams
    days: int

    def opens(self, story: str, first_day: int) -> int:
        """First day of a story, counted from ``first_day`` (days since the epoch)."""
        return int(self.life.windows[story][0].astype(int)) - first_day

    def car_in_use(self, day: np.ndarray, draw: np.ndarray, is_unfit: np.ndarray) -> np.ndarray:
        """Draw a car per day (integers since the epoch) among those sold before it that are not unfit.

        ``draw`` is uniform. Drawn are first cars, which all twins share; who handed that car in is met
        with the one that followed.
        """
        sold = self.vehicles.sold.astype(int)
        since = np.where(is_unfit | (self.vehicles.order >= 0), NEVER, sold)
        order = np.argsort(since, kind="stable")
        available = np.searchsorted(since[order], day, side="left")
        car = order[(draw * np.maximum(available, 1)).astype(int)]
        newer = np.full(len(sold), -1)
        bought = self.life.purchases
        handed_in = bought.traded >= 0
        newer[bought.traded[handed_in]] = bought.car[handed_in]
        has_followed = (newer[car] >= 0) & (sold[newer[car]] < day)
        return np.where(has_followed, newer[car], car)


def build_world(
    rng: np.random.Generator | Streams,
    owners: int,
    end: np.datetime64,
    planted: Planted = BASE,
    days: int = 90,
) -> World:
    """Make dealers, ``owners`` customers and their cars, sold and lived with until ``end``.

    ``days`` is the length of the delivered window: the planted stories lie in it.
    """
    if owners < 1:
        raise ValueError(f"owners must be at least 1, got {owners}")
    streams = Streams.of(rng)
    dealers = _dealers(streams.generator("dealers"), int(np.clip(owners // 50, 12, 400)))
    people = streams.generator("people")
    kind = people.choice(3, owners, p=[0.965, 0.015, 0.02])
    city = dealers.city[people.integers(0, len(dealers.code), owners)]
    cars = _first_cars(streams, city, kind, dealers, end)
    income = _incomes(streams, owners)
    traits = {
        "income": income,
        "kind": kind,
        "birth_year": np.clip(people.normal(1987, 9, owners).astype(int), 1950, 2005),
        "temper": streams.normal("temper", np.arange(owners)) * 0.7,
        "is_silent": (streams.chance("silent", np.arange(owners)) < planted.silent_share) & (kind == 0),
        "city": city,
    }
    life = live(streams, planted, traits, dealers, cars, end, days)
    vehicles = _vehicles(streams, city, life, end)
    first = _first_seen(vehicles, owners, end)
    return World(end, dealers, _customers(streams, traits, first), vehicles, life, planted, streams, days)


def _dealers(rng: np.random.Generator, n: int) -> Dealers:
    big_first = 1.0 / (1.0 + np.arange(len(CITIES)) * 0.05)
    city = rng.choice(len(CITIES), n, p=big_first / big_first.sum())
    words = [
        "恒通",
        "宏运",
        "百盛",
        "鑫源",
        "众诚",
        "广达",
        "瑞丰",
        "华骏",
        "世纪",
        "捷顺",
        "远航",
        "金驰",
        "润达",
        "凯越行",
        "天成",
        "亿嘉",
        "庆安",
        "同辉",
    ]
    pick = rng.integers(0, len(words), n)
    name = [f"{CITIES[c].name}启岚{words[p]}汽车销售服务有限公司" for c, p in zip(city, pick, strict=True)]
    opened = np.datetime64("2016-01-01") + rng.integers(0, 1500, n).astype("timedelta64[D]")
    coaching = np.zeros(n, dtype=int)
    each = max(1, n // 40)
    chosen = rng.permutation(n)[: 3 * each]
    coaching[chosen] = np.repeat([1, 2, 3], each)
    care = rng.normal(0, 0.5, n)
    care[chosen] = rng.normal(-0.1, 0.3, len(chosen))
    return Dealers([f"D{i + 1:04d}" for i in range(n)], name, city, opened, care, coaching)


def _incomes(streams: Streams, n: int) -> np.ndarray:
    return streams.pick("income", [0.26, 0.42, 0.24, 0.08], np.arange(n))


def _first_cars(
    streams: Streams, city: np.ndarray, kind: np.ndarray, dealers: Dealers, end: np.datetime64
) -> FirstCars:
    rng = streams.generator("first_cars")
    owners = len(city)
    count = 1 + (rng.random(owners) < 0.08)
    fleet = (kind == 1) & (rng.random(owners) < 0.4)
    count = np.where(fleet, rng.integers(5, 40, owners), count)
    owner = np.repeat(np.arange(owners), count)
    place = places(count)
    share = np.array([m.share for m in MODELS])
    model = rng.choice(len(MODELS), len(owner), p=share / share.sum())
    launched = np.array([m.launched for m in MODELS], dtype="datetime64[D]").astype(int)[model]
    span = np.maximum(int(end.astype(int)) - launched, 1)
    sold = np.minimum(launched + (rng.random(len(owner)) ** 0.8 * span).astype(int), int(end.astype(int)))
    dealer = _local_dealer(rng, city[owner], dealers.city)
    return FirstCars(owner, place, model, dealer, sold)


def _first_seen(vehicles: Vehicles, owners: int, end: np.datetime64) -> np.ndarray:
    """Day each owner first had a car of ours."""
    first = np.full(owners, end)
    np.minimum.at(first, vehicles.buyer, vehicles.sold)
    second = vehicles.next_owner >= 0
    np.minimum.at(first, vehicles.next_owner[second], vehicles.handed[second])
    return first


def _customers(streams: Streams, traits: dict[str, np.ndarray], first_sale: np.ndarray) -> Customers:
    rng = streams.generator("customers")
    city, birth_year = traits["city"], traits["birth_year"]
    n = len(city)
    phone = mobile_phones_unique(rng, n)
    mail = [
        m if keep else "" for m, keep in zip(identifiers.mails(rng, phone), rng.random(n) < 0.6, strict=True)
    ]
    gender = [("男", "女", "未知")[g] for g in rng.choice(3, n, p=[0.62, 0.36, 0.02])]
    lead = rng.integers(0, 40, n).astype("timedelta64[D]")
    clock = rng.integers(8 * 3600, 21 * 3600, n).astype("timedelta64[s]")
    registered = (first_sale - lead).astype("datetime64[s]") + clock
    address = identifiers.addresses(rng, city)
    household = np.arange(n)
    for second in np.flatnonzero(rng.random(n) < 0.03).tolist():
        # The neighbour by number becomes one household with it: one address, and one phone for both.
        first = second - 1
        if first >= 0 and household[first] == first and traits["kind"][[first, second]].max() == 0:
            household[second] = household[first]
            phone[second], address[second] = phone[first], address[first]
            city[second] = city[first]
    return Customers(
        [f"C{10_000_000 + i * 7 + 3:08d}" for i in range(n)],
        identifiers.person_names(rng, n),
        phone,
        mail,
        identifiers.id_cards(rng, city, birth_year),
        address,
        city,
        gender,
        birth_year,
        registered,
        traits["income"],
        traits["kind"],
        household,
        traits["is_silent"],
        traits["temper"],
        [f"u{v:010x}" for v in rng.permutation(n) * 40_503 + 1_000_003],
    )


def mobile_phones_unique(rng: np.random.Generator, n: int) -> list[str]:
    """``n`` different mobile numbers (one customer, one number, at the start)."""
    seen: dict[str, None] = {}
    while len(seen) < n:
        seen.update(dict.fromkeys(identifiers.mobile_phones(rng, n - len(seen))))
    return list(seen)


def _vehicles(streams: Streams, city: np.ndarray, life: Life, end: np.datetime64) -> Vehicles:
    cars = life.cars
    number = cars.owner * FLEET_STRIDE + cars.place
    sold = cars.sold.astype("datetime64[D]")
    built = sold - overlays.built_before(streams, number).astype("timedelta64[D]")
    serial = streams.generator("serials").permutation(900_000)
    vin = identifiers.vins(
        [WMI + MODELS[m].vds for m in cars.model],
        np.array([MODELS[m].model_year for m in cars.model]),
        [MODELS[m].plant for m in cars.model],
        serial[_serial_place(cars, len(city))] + 100_000,
    )
    green = np.array([m.is_plug_in for m in MODELS])[cars.model]
    plate = identifiers.plates(streams.generator("plates"), city[cars.owner], green)
    supplier = np.stack([overlays.supplier_of(streams, c, number) for c in range(len(COMPONENTS))], axis=1)
    owner = np.where(
        (cars.next_owner >= 0) & (cars.handed <= int(end.astype(int))), cars.next_owner, cars.owner
    )
    km = 10 + 60 * streams.chance("km", number) ** 1.5 + 20 * streams.chance("km2", number)
    usage = np.where(
        life.traits["kind"][cars.owner] == 1, 1, np.where(life.traits["kind"][cars.owner] == 2, 4, 0)
    )
    usage = np.where((usage == 1) & (streams.chance("hire", cars.owner) < 0.3), 2, usage)
    return Vehicles(
        vin,
        plate,
        owner,
        cars.model,
        cars.dealer,
        built,
        sold,
        km,
        cars.owner,
        cars.handed.astype("datetime64[D]"),
        cars.next_owner,
        number,
        usage,
        supplier,
        life.bad_lot,
        cars.order,
    )


def _serial_place(cars: Cars, owners: int) -> np.ndarray:
    """Give each car a serial place that does not depend on which repurchases came about."""
    first = cars.order < 0
    base = int(first.sum())
    place = np.where(first, np.cumsum(first) - 1, base + cars.owner * 2 + (cars.place - REPURCHASE_PLACE))
    return place % 900_000 if base + owners * 2 <= 900_000 else np.arange(len(first)) % 900_000


def _local_dealer(rng: np.random.Generator, city: np.ndarray, dealer_city: np.ndarray) -> np.ndarray:
    dealer = rng.integers(0, len(dealer_city), len(city))
    for value in np.unique(city):
        local = np.flatnonzero(dealer_city == value)
        rows = np.flatnonzero(city == value)
        dealer[rows] = local[rng.integers(0, len(local), len(rows))]
    return dealer
