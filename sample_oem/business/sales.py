"""Orders of cars with their options, orders of accessories: states over time, prices with tax.

Options follow satisfaction and income; accessories shown in a wrong colour or size come back (X02); late
orders whose status is not told are cancelled more often (X12).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem.business.frames import (
    NONE,
    Frame,
    Scene,
    at,
    numbers,
    stack,
    texts,
    timeline,
)
from sample_oem.lifecycle import LATENT_MEAN, centred
from sample_oem.models import MODELS
from sample_oem.streams import logistic

CHANNEL = "sales"
_PRICE = np.array(
    [
        98_000,
        119_000,
        158_000,
        182_000,
        199_000,
        189_000,
        229_000,
        289_000,
        319_000,
        149_000,
        199_000,
        249_000,
    ]
)
OPTIONS: tuple[tuple[str, str, int], ...] = (
    ("OP-PNT", "金属漆", 4000),
    ("OP-SEA", "真皮座椅包", 9000),
    ("OP-AUD", "高级音响", 8000),
    ("OP-ADS", "智驾选装包", 16_000),
)
ITEMS: tuple[tuple[str, tuple[str, ...], int, bool], ...] = (
    ("全包围脚垫", ("黑色", "棕色", "米色"), 398, True),
    ("座椅套", ("大号", "中号", "小号"), 680, True),
    ("车顶箱", ("银色", "黑色"), 2280, False),
    ("行车记录仪", ("标准版", "高清版"), 799, False),
    ("车载香薰", ("木质", "海洋"), 168, False),
)
_ACCESSORY_DAYS = 120  # history of accessory orders before the window


@dataclass(frozen=True)
class Orders:
    """Car orders that were delivered, by car: number, day of order, owner, whether bought again."""

    number: np.ndarray
    day: np.ndarray
    owner: np.ndarray
    car: np.ndarray
    is_again: np.ndarray


def record(scene: Scene) -> tuple[Orders, dict[tuple[str, str], Frame]]:
    """Versions of car orders, options and accessory orders."""
    orders = _orders(scene)
    return orders, {
        (CHANNEL, "vehicle_order"): stack([_delivered(scene, orders), _cancelled(scene)]),
        (CHANNEL, "order_option"): _options(scene, orders),
        (CHANNEL, "accessory_order"): _accessories(scene),
    }


def _orders(scene: Scene) -> Orders:
    cars, life = scene.world.vehicles, scene.world.life
    sold = cars.sold.astype(int) - scene.first_day
    day = sold - 3 - scene.streams.below("order/before", 38, cars.number)
    again = cars.order >= 0
    day[again] = life.purchases.day[cars.order[again]] - scene.first_day
    return Orders(_order_number(cars.number), day, cars.buyer, np.arange(len(day)), again)


def _order_number(number: np.ndarray) -> np.ndarray:
    return numbers("SO", number, 9)


def _kind(scene: Scene, orders: Orders) -> tuple[np.ndarray, np.ndarray]:
    """Kind of order, and VIN of the car handed in."""
    life, cars = scene.world.life, scene.world.vehicles
    traded = np.full(len(orders.day), -1)
    again = np.flatnonzero(orders.is_again)
    traded[again] = life.purchases.traded[cars.order[again]]
    kind = np.where(~orders.is_again, "首购", np.where(traded >= 0, "换购", "增购")).astype(object)
    return kind, texts(cars.vin, traded)


def _delivered(scene: Scene, orders: Orders) -> Frame:
    cars, people, streams = scene.world.vehicles, scene.world.customers, scene.streams
    sold, number = cars.sold.astype(int) - scene.first_day, cars.number
    kind, traded = _kind(scene, orders)
    buyer = np.where(
        people.kind[orders.owner] == 1, "公司", np.where(people.kind[orders.owner] == 2, "员工", "个人")
    )
    buyer = np.where(cars.usage == 2, "网约车", buyer).astype(object)
    price = (
        (_PRICE[cars.model] * 100 * (0.97 + 0.06 * streams.chance("price", number))).astype(np.int64)
        // 10_000
        * 10_000
    )
    discount = (price * 0.06 * streams.chance("discount", number)).astype(np.int64) // 10_000 * 10_000
    second = scene.second("order", number)
    empty = np.full(len(number), NONE)
    base = {
        **_order_head(scene, orders.number, orders.owner, cars.dealer, cars.model),
        "vin": np.full(len(number), "", dtype=object),
        "lead_no": numbers("LD", number, 9),
        "order_kind": kind,
        "buyer_type": buyer,
        "trade_in_vin": traded,
        "price_incl_tax_cny": price,
        "discount_cny": discount,
        "margin_cny": ((price - discount) / 1.13 * 0.11).round().astype(np.int64),
        "payment": texts(("全款", "贷款", "融资租赁"), streams.pick("payment", [0.35, 0.55, 0.1], number)),
        "ordered_at": at(orders.day, second),
        "promised_date": orders.day + 30,
        "invoiced_date": empty,
        "delivered_date": empty,
        "cancelled_date": empty,
        "cancel_reason_zh": np.full(len(number), "", dtype=object),
    }
    locked = np.minimum(orders.day + 2, sold)
    vin = np.array(cars.vin, dtype=object)
    return timeline(
        base,
        [
            (at(orders.day, second), {"status": "已下订"}),
            (at(locked, second + 60), {"status": "已锁单"}),
            (
                at(np.maximum(sold - 1, locked), second + 120),
                {"status": "已开票", "vin": vin, "invoiced_date": np.maximum(sold - 1, locked)},
            ),
            (at(sold, second + 180), {"status": "已交付", "delivered_date": sold}),
        ],
    )


def _order_head(
    scene: Scene, order_no: np.ndarray, owner: np.ndarray, dealer: np.ndarray, model: np.ndarray
) -> Frame:
    people = scene.world.customers
    return {
        "order_no": order_no,
        "customer_no": texts(people.number, owner),
        "phone": texts(people.phone, owner),
        "dealer_code": texts(scene.world.dealers.code, dealer),
        "vehicle_model_code": texts([m.code for m in MODELS], model),
    }


def _cancelled(scene: Scene) -> Frame:
    """Orders that were given up: as many as one in fourteen cars; more of the late ones (X12)."""
    cars, streams = scene.world.vehicles, scene.streams
    row = np.flatnonzero(streams.chance("cancelled", cars.number) < 0.15)
    number = cars.number[row]
    day = cars.sold.astype(int)[row] - scene.first_day + streams.below("cancelled/day", 60, number) - 30
    late = day + 21
    opens = scene.opens("x12")
    is_late = streams.chance("cancelled/late", number) < 0.5
    odds = -1.2 + scene.planted.order_status_cancel * (is_late & (day >= opens - 21)) + 0.6 * is_late
    gives_up = streams.chance("gives up", number) < logistic(odds)
    cancelled = np.where(
        gives_up, np.where(is_late, late + streams.below("cancel/wait", 20, number), day + 5), NONE
    )
    second = scene.second("cancelled", number)
    price = (_PRICE[cars.model[row]] * 100).astype(np.int64)
    n, empty = len(row), np.full(len(row), NONE)
    blank = np.full(n, "", dtype=object)
    base = {
        **_order_head(scene, numbers("SX", number, 9), cars.buyer[row], cars.dealer[row], cars.model[row]),
        "vin": blank,
        "lead_no": blank,
        "order_kind": np.full(n, "首购", dtype=object),
        "buyer_type": np.full(n, "个人", dtype=object),
        "trade_in_vin": blank,
        "price_incl_tax_cny": price,
        "discount_cny": np.zeros(n, dtype=np.int64),
        "margin_cny": (price * 0.09).round().astype(np.int64),
        "payment": np.full(n, "全款", dtype=object),
        "ordered_at": at(day, second),
        "promised_date": day + 21,
        "invoiced_date": empty,
        "delivered_date": empty,
        "cancelled_date": empty,
        "cancel_reason_zh": blank,
    }
    reason = np.where(is_late, "订单状态长期不更新", "个人原因").astype(object)
    return timeline(
        base,
        [
            (at(day, second), {"status": "已下订"}),
            (
                at(cancelled, second + 60),
                {"status": "已退订", "cancelled_date": cancelled, "cancel_reason_zh": reason},
            ),
        ],
    )


def _options(scene: Scene, orders: Orders) -> Frame:
    """Four offers per order; taking one follows satisfaction (of buyers we know) and income."""
    people, streams = scene.world.customers, scene.streams
    n, number = len(orders.day), scene.world.vehicles.number
    before = np.where(orders.is_again, scene.latent(orders.owner, orders.day - 91), LATENT_MEAN)
    rich = scene.planted.confounding * (
        0.5 * (people.income[orders.owner] == 2) - 0.3 * (people.income[orders.owner] == 0)
    )
    order, option = np.repeat(np.arange(n), len(OPTIONS)), np.tile(np.arange(len(OPTIONS)), n)
    odds = -0.7 - 0.3 * option + centred(scene.planted.options, before[order]) + rich[order]
    taken = streams.chance("option", number[order], option) < logistic(odds)
    price = np.array([o[2] for o in OPTIONS], dtype=np.int64)[option] * 100
    chosen = at(orders.day[order], scene.second("option", number[order]))
    yes, no = "true", "false"
    return timeline(
        {
            "order_no": orders.number[order],
            "option_code": texts([o[0] for o in OPTIONS], option),
            "option_name_zh": texts([o[1] for o in OPTIONS], option),
            "is_offered_only": np.where(taken, no, yes).astype(object),
            "is_taken": np.where(taken, yes, no).astype(object),
            "price_incl_tax_cny": price,
            "margin_cny": np.round(price / 1.13 * 0.35).astype(np.int64),
            "chosen_at": chosen,
        },
        [(chosen, {})],
    )


def accessory_numbers(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Day and number of every accessory order, in day order."""
    per_day = max(len(scene.world.customers.number) / 900, 0.3)
    counts = scene.streams.generator("accessories").poisson(per_day, scene.days + _ACCESSORY_DAYS)
    day = np.repeat(np.arange(-_ACCESSORY_DAYS, scene.days), counts)
    return day, numbers("AC", np.arange(len(day)), 8)


def _accessories(scene: Scene) -> Frame:
    streams, people = scene.streams, scene.world.customers
    day, order_no = accessory_numbers(scene)
    row = np.arange(len(day))
    owner = streams.below("accessory/owner", len(people.number), row)
    item = streams.below("accessory/item", len(ITEMS), row)
    variant = np.array(
        [
            ITEMS[i][1][int(u * len(ITEMS[i][1]))]
            for i, u in zip(item, streams.chance("variant", row), strict=True)
        ],
        dtype=object,
    )
    shown_wrong = np.array([i[3] for i in ITEMS])[item]
    comes_back = streams.chance("returned", row)
    extra = comes_back < 0.05 + scene.planted.returns_display * shown_wrong
    second = scene.second("accessory", row)
    shipped = day + 1 + streams.below("accessory/ship", 4, row)
    received = shipped + 1 + streams.below("accessory/way", 4, row)
    returned = np.where(extra, received + 1 + streams.below("accessory/back", 6, row), NONE)
    because = np.where(
        comes_back < 0.05, "不想要了", np.where(item == 1, "尺寸与页面不符", "颜色与页面显示不符")
    )
    empty = np.full(len(row), NONE)
    base = {
        "accessory_order_no": order_no,
        "customer_no": texts(
            people.number, np.where(streams.chance("accessory/guest", row) < 0.15, -1, owner)
        ),
        "phone": texts(people.phone, owner),
        "app_user_id": texts(people.app_user, owner),
        "item_zh": texts([i[0] for i in ITEMS], item),
        "variant_zh": variant,
        "amount_incl_tax_cny": np.array([i[2] for i in ITEMS], dtype=np.int64)[item] * 100,
        "ordered_at": at(day, second),
        "shipped_at": empty,
        "received_by_customer_at": empty,
        "returned_at": empty,
        "return_reason_zh": np.full(len(row), "", dtype=object),
    }
    back = at(returned, second)
    return timeline(
        base,
        [
            (at(day, second), {"status": "已付款"}),
            (at(shipped, second), {"status": "已发货", "shipped_at": at(shipped, second)}),
            (at(received, second), {"status": "已签收", "received_by_customer_at": at(received, second)}),
            (back, {"status": "已退货", "returned_at": back, "return_reason_zh": because.astype(object)}),
        ],
    )
