"""Who and what exists: models, dealers, owners, vehicles — before anything happens to them.

Arrays are aligned by index and never change after ``build_world``; changes over time (a new phone
number, a resale) are events and live in ``events``. Days are numpy ``datetime64[D]``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem import identifiers
from sample_oem.places import CITIES

BRAND = "启岚"
WMI = "L0R"  # a world manufacturer identifier nobody holds; VINs know no I, O and Q
RIVALS: tuple[tuple[str, str], ...] = (
    ("衡岳", "衡岳S3"),
    ("衡岳", "衡岳S6"),
    ("朔风", "朔风X7"),
    ("朔风", "朔风E2"),
    ("赤霄", "赤霄GT"),
    ("星桥", "星桥V5"),
    ("星桥", "星桥元一"),
    ("沐野", "沐野T9"),
)


@dataclass(frozen=True)
class VehicleModel:
    """One sold variant: series, trim, model year and what drives it."""

    code: str
    series: str
    trim: str
    model_year: int
    powertrain: str
    vds: str
    plant: str
    launched: str
    share: float

    @property
    def name(self) -> str:
        """The name a customer reads on the contract, such as ``2025款 610km 尊享型``."""
        return f"{self.model_year}款 {self.trim}"

    @property
    def is_plug_in(self) -> bool:
        """Whether it wears a green plate and charges."""
        return self.powertrain in ("纯电", "插混", "增程")


MODELS: tuple[VehicleModel, ...] = (
    VehicleModel("QL-A3-21T", "启岚A3", "1.5T 自动精英型", 2021, "燃油", "RL1A3", "B", "2021-03-12", 0.10),
    VehicleModel("QL-A3-23T", "启岚A3", "1.5T 双离合尊享型", 2023, "燃油", "RL1B3", "B", "2023-02-18", 0.09),
    VehicleModel(
        "QL-M6-20T", "启岚M6", "2.0T 四驱豪华型 七座", 2020, "燃油", "RL2A6", "B", "2020-05-20", 0.07
    ),
    VehicleModel("QL-M6-22H", "启岚M6", "2.0L 双擎 旗舰型", 2022, "混动", "RL2H6", "B", "2022-04-15", 0.08),
    VehicleModel("QL-M6-24H", "启岚M6", "2.0L 双擎 荣耀版", 2024, "混动", "RL2J6", "C", "2024-03-08", 0.08),
    VehicleModel(
        "QL-H8-22P", "启岚H8", "1.5T 插混 120km 卓越型", 2022, "插混", "RL3P8", "C", "2022-09-01", 0.07
    ),
    VehicleModel(
        "QL-H8-24P", "启岚H8", "1.5T 插混 200km 智航版", 2024, "插混", "RL3R8", "C", "2024-05-18", 0.11
    ),
    VehicleModel("QL-L7-23R", "启岚L7", "增程 210 Max 六座", 2023, "增程", "RL4R7", "H", "2023-06-06", 0.10),
    VehicleModel(
        "QL-L7-25R", "启岚L7", "增程 260 Ultra 六座", 2025, "增程", "RL4S7", "H", "2025-03-20", 0.08
    ),
    VehicleModel("QL-E5-22E", "启岚E5", "510km 标准续航版", 2022, "纯电", "RL5E5", "H", "2022-03-28", 0.06),
    VehicleModel(
        "QL-E5-24E", "启岚E5", "610km 长续航 智驾版", 2024, "纯电", "RL5F5", "H", "2024-01-16", 0.10
    ),
    VehicleModel(
        "QL-E5-25E", "启岚E5", "680km 四驱 激光雷达版", 2025, "纯电", "RL5G5", "H", "2025-04-10", 0.06
    ),
)


@dataclass(frozen=True)
class Dealers:
    """Dealers by index; ``opened`` is datetime64[D]."""

    code: list[str]
    name: list[str]
    city: np.ndarray
    opened: np.ndarray
    care: np.ndarray


@dataclass(frozen=True)
class Customers:
    """Owners by index; ``registered`` is datetime64[s] in Shanghai wall time."""

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


@dataclass(frozen=True)
class Vehicles:
    """Vehicles by index; owner, model, dealer are indices; build and sold are datetime64[D]."""

    vin: list[str]
    plate: list[str]
    owner: np.ndarray
    model: np.ndarray
    dealer: np.ndarray
    built: np.ndarray
    sold: np.ndarray
    km_per_day: np.ndarray


@dataclass(frozen=True)
class World:
    """Everything that exists, and the last day it is seen on."""

    end: np.datetime64
    dealers: Dealers
    customers: Customers
    vehicles: Vehicles


def build_world(rng: np.random.Generator, owners: int, end: np.datetime64) -> World:
    """Make dealers, ``owners`` customers and about 1.12 vehicles each, sold until ``end``."""
    if owners < 1:
        raise ValueError(f"owners must be at least 1, got {owners}")
    dealers = _dealers(rng, int(np.clip(owners // 50, 12, 400)))
    vehicles_per_owner = 1 + (rng.random(owners) < 0.12)
    owner = np.repeat(np.arange(owners), vehicles_per_owner)
    customer_city = dealers.city[rng.integers(0, len(dealers.code), owners)]
    vehicles = _vehicles(rng, owner, customer_city, dealers, end)
    first_sale = np.full(owners, end)
    np.minimum.at(first_sale, owner, vehicles.sold)
    return World(end, dealers, _customers(rng, customer_city, first_sale), vehicles)


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
    opened = np.datetime64("2016-01-01") + rng.integers(0, 2500, n).astype("timedelta64[D]")
    return Dealers([f"D{i + 1:04d}" for i in range(n)], name, city, opened, rng.normal(0, 0.5, n))


def _customers(rng: np.random.Generator, city: np.ndarray, first_sale: np.ndarray) -> Customers:
    n = len(city)
    birth_year = np.clip(rng.normal(1987, 9, n).astype(int), 1950, 2005)
    phone = mobile_phones_unique(rng, n)
    mail = [
        m if keep else "" for m, keep in zip(identifiers.mails(rng, phone), rng.random(n) < 0.6, strict=True)
    ]
    gender = [("男", "女", "未知")[g] for g in rng.choice(3, n, p=[0.62, 0.36, 0.02])]
    lead = rng.integers(0, 40, n).astype("timedelta64[D]")
    clock = rng.integers(8 * 3600, 21 * 3600, n).astype("timedelta64[s]")
    registered = (first_sale - lead).astype("datetime64[s]") + clock
    return Customers(
        [f"C{10_000_000 + i * 7 + 3:08d}" for i in range(n)],
        identifiers.person_names(rng, n),
        phone,
        mail,
        identifiers.id_cards(rng, city, birth_year),
        identifiers.addresses(rng, city),
        city,
        gender,
        birth_year,
        registered,
    )


def mobile_phones_unique(rng: np.random.Generator, n: int) -> list[str]:
    """``n`` different mobile numbers (one customer, one number, at the start)."""
    seen: dict[str, None] = {}
    while len(seen) < n:
        seen.update(dict.fromkeys(identifiers.mobile_phones(rng, n - len(seen))))
    return list(seen)


def _vehicles(
    rng: np.random.Generator, owner: np.ndarray, city: np.ndarray, dealers: Dealers, end: np.datetime64
) -> Vehicles:
    n = len(owner)
    share = np.array([m.share for m in MODELS])
    model = rng.choice(len(MODELS), n, p=share / share.sum())
    launched = np.array([m.launched for m in MODELS], dtype="datetime64[D]")[model]
    span = np.maximum((end - launched).astype(int), 1)
    sold = np.minimum(launched + (rng.random(n) ** 0.8 * span).astype("timedelta64[D]"), end)
    built = sold - rng.integers(6, 120, n).astype("timedelta64[D]")
    dealer = _local_dealer(rng, city[owner], dealers.city)
    vin = identifiers.vins(
        [WMI + MODELS[m].vds for m in model],
        np.array([MODELS[m].model_year for m in model]),
        [MODELS[m].plant for m in model],
        rng.permutation(n) + 100_000,
    )
    green = np.array([m.is_plug_in for m in MODELS])[model]
    plate = identifiers.plates(rng, city[owner], green)
    return Vehicles(vin, plate, owner, model, dealer, built, sold, rng.gamma(4.0, 11.0, n))


def _local_dealer(rng: np.random.Generator, city: np.ndarray, dealer_city: np.ndarray) -> np.ndarray:
    dealer = rng.integers(0, len(dealer_city), len(city))
    for value in np.unique(city):
        local = np.flatnonzero(dealer_city == value)
        rows = np.flatnonzero(city == value)
        dealer[rows] = local[rng.integers(0, len(local), len(rows))]
    return dealer
