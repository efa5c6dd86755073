"""Master data: customers, vehicles, who owned which car when, dealers and models."""

from __future__ import annotations

import numpy as np

from sample_oem import identifiers
from sample_oem.business.frames import DAY_S, NONE, Frame, Scene, at, stack, texts, timeline
from sample_oem.models import BRAND, INCOMES, KINDS, MODELS, NEVER, USAGES
from sample_oem.places import CITIES

CHANNEL = "customers_vehicles"


def record(scene: Scene) -> dict[tuple[str, str], Frame]:
    """Versions of all master records."""
    return {
        (CHANNEL, "customer"): _customers(scene),
        (CHANNEL, "vehicle"): _vehicles(scene),
        (CHANNEL, "ownership"): _owned(scene),
        (CHANNEL, "dealer"): _dealers(scene),
        (CHANNEL, "vehicle_model"): _models(scene),
    }


def _customers(scene: Scene) -> Frame:
    people = scene.world.customers
    n, index = len(people.number), np.arange(len(people.number))
    epoch = np.datetime64(scene.first_day, "D").astype("datetime64[s]").astype(int)
    registered = people.registered.astype(int) - epoch
    city = people.city
    # A few customers move or change their number each year: a second version within the window.
    later = scene.streams.below("customer/change", max(scene.days, 1), index)
    changes = scene.streams.chance("customer/changes", index) < min(0.0006 * scene.days, 0.5)
    changed = at(later, scene.second("customer", index))
    changed = np.where(changes & (changed > registered + DAY_S), changed, NONE)
    fresh = np.array(people.phone, dtype=object)
    moved = np.flatnonzero(changed != NONE)
    fresh[moved] = identifiers.mobile_phones(scene.streams.generator("new phones"), n)[: len(moved)]
    base = {
        "客户编号": np.array(people.number, dtype=object),
        "姓名": np.array(people.name, dtype=object),
        "手机号": np.array(people.phone, dtype=object),
        "邮箱": np.array(people.mail, dtype=object),
        "身份证号": np.array(people.id_card, dtype=object),
        "地址": np.array(people.address, dtype=object),
        "省份": texts([c.province for c in CITIES], city),
        "城市": texts([c.name for c in CITIES], city),
        "性别": np.array(people.gender, dtype=object),
        "出生年": people.birth_year.astype(np.int64),
        "客户类型": texts(KINDS, people.kind),
        "收入档": texts(INCOMES, people.income),
        "注册时间": registered,
    }
    return timeline(base, [(registered, {}), (changed, {"手机号": fresh})])


def _vehicles(scene: Scene) -> Frame:
    cars, world = scene.world.vehicles, scene.world
    sold = cars.sold.astype(int) - scene.first_day
    handed = np.where(cars.handed.astype(int) >= NEVER, NONE, cars.handed.astype(int) - scene.first_day)
    numbers = world.customers.number
    second = scene.second("vehicle", cars.number)
    base = {
        "车架号": np.array(cars.vin, dtype=object),
        "车主客户编号": texts(numbers, cars.buyer),
        "车牌号": np.array(cars.plate, dtype=object),
        "车型代码": texts([m.code for m in MODELS], cars.model),
        "销售经销商代码": texts(world.dealers.code, cars.dealer),
        "生产日期": cars.built.astype(int) - scene.first_day,
        "销售日期": sold,
        "使用性质": texts(USAGES, cars.usage),
        "三包起算日": sold,
        "报废日期": np.full(len(sold), NONE),
    }
    return timeline(
        base,
        [(at(sold, second), {}), (at(handed, second), {"车主客户编号": texts(numbers, cars.next_owner)})],
    )


def _owned(scene: Scene) -> Frame:
    """One row per car and owner; the day of the change ends one and begins the next."""
    cars, numbers = scene.world.vehicles, scene.world.customers.number
    sold = cars.sold.astype(int) - scene.first_day
    handed = np.where(cars.handed.astype(int) >= NEVER, NONE, cars.handed.astype(int) - scene.first_day)
    second = scene.second("ownership", cars.number)
    vin = np.array(cars.vin, dtype=object)
    relation = np.where(scene.world.customers.kind[cars.buyer] == 1, "公司", "车主").astype(object)
    first = timeline(
        {
            "车架号": vin,
            "客户编号": texts(numbers, cars.buyer),
            "拥有起始日": sold,
            "拥有截止日": np.full(len(sold), NONE),
            "关系": relation,
        },
        [(at(sold, second), {}), (at(handed, second), {"拥有截止日": handed})],
    )
    rows = np.flatnonzero((cars.next_owner >= 0) & (handed != NONE))
    second_hand = timeline(
        {
            "车架号": vin[rows],
            "客户编号": texts(numbers, cars.next_owner[rows]),
            "拥有起始日": handed[rows],
            "拥有截止日": np.full(len(rows), NONE),
            "关系": np.full(len(rows), "车主", dtype=object),
        },
        [(at(handed[rows], second[rows]), {})],
    )
    return stack([first, second_hand])


def _dealers(scene: Scene) -> Frame:
    dealers = scene.world.dealers
    opened = dealers.opened.astype(int) - scene.first_day
    base = {
        "经销商代码": np.array(dealers.code, dtype=object),
        "经销商名称": np.array(dealers.name, dtype=object),
        "省份": texts([c.province for c in CITIES], dealers.city),
        "城市": texts([c.name for c in CITIES], dealers.city),
        "开业日期": opened,
    }
    return timeline(base, [(opened * DAY_S + 3600, {})])


def _models(scene: Scene) -> Frame:
    launched = np.array([m.launched for m in MODELS], dtype="datetime64[D]").astype(int) - scene.first_day
    base = {
        "车型代码": np.array([m.code for m in MODELS], dtype=object),
        "品牌": np.full(len(MODELS), BRAND, dtype=object),
        "车系": np.array([m.series for m in MODELS], dtype=object),
        "车型名称": np.array([m.name for m in MODELS], dtype=object),
        "年款": np.array([m.model_year for m in MODELS], dtype=np.int64),
        "动力类型": np.array([m.powertrain for m in MODELS], dtype=object),
        "上市日期": launched,
    }
    return timeline(base, [(launched * DAY_S + 3600, {})])
