"""Leads and test drives: of buyers, of the lost (to whom, and why), of the referred."""

from __future__ import annotations

import numpy as np

from sample_oem.business.frames import NONE, Frame, Scene, at, numbers, stack, texts, timeline, zero_filled
from sample_oem.business.sales import Orders
from sample_oem.models import MODEL_INDEX, MODELS

CHANNEL = "crm"
SOURCES = ("官网", "车展", "自然到店", "垂直媒体", "直播", "转介绍", "老客户")
REASONS = ("座椅不舒服", "价格", "空间", "续航", "外观", "隔音异响", "等待时间长", "智能化")
RIVAL_BRANDS = ("衡岳", "朔风", "赤霄", "星桥", "沐野")


def record(scene: Scene, orders: Orders) -> dict[tuple[str, str], Frame]:
    """Versions of leads, and test drives."""
    won, lost = _won(scene, orders), _lost(scene)
    leads = stack([won, lost])
    return {(CHANNEL, "lead"): leads, (CHANNEL, "test_drive"): _drives(scene, leads)}


def _referrers(scene: Scene, orders: Orders) -> np.ndarray:
    """Give each referral a first purchase soon after: owner who referred, per order (-1: none)."""
    life = scene.world.life
    day = life.referral_day - scene.first_day
    first = np.flatnonzero(~orders.is_again)
    first = first[np.argsort(orders.day[first], kind="stable")]
    place = np.searchsorted(orders.day[first], day + 20)
    out = np.full(len(orders.day), -1)
    ok = (place < len(first)) & (
        scene.streams.chance("referral/won", life.referral_owner, life.referral_day) < 0.45
    )
    out[first[place[ok]]] = life.referral_owner[ok]
    return np.where(out == orders.owner, -1, out)


def _won(scene: Scene, orders: Orders) -> Frame:
    cars, people, streams = scene.world.vehicles, scene.world.customers, scene.streams
    number = cars.number
    created = orders.day - 4 - streams.below("lead/before", 45, number)
    referrer = _referrers(scene, orders)
    pick = streams.pick("lead/source", [0.25, 0.1, 0.3, 0.22, 0.13], number)
    source = np.where(referrer >= 0, 5, np.where(orders.is_again, 6, pick))
    second, n = scene.second("lead", number), len(number)
    blank = np.full(n, "", dtype=object)
    base = {
        "lead_no": numbers("LD", number, 9),
        "customer_no": blank,
        "phone": texts(people.phone, orders.owner),
        "dealer_code": texts(scene.world.dealers.code, cars.dealer),
        "vehicle_model_code": texts([m.code for m in MODELS], cars.model),
        "lead_source": texts(SOURCES, source),
        "referrer_customer_no": texts(people.number, referrer),
        "campaign_no": blank,
        "lost_reason_zh": blank,
        "lost_to_brand_zh": blank,
        "order_no": blank,
        "closed_date": np.full(n, NONE),
        "created_at": at(created, second),
    }
    done = {
        "status": "已订车",
        "order_no": orders.number,
        "closed_date": orders.day,
        "customer_no": texts(people.number, orders.owner),
    }
    return timeline(
        base,
        [
            (at(created, second), {"status": "新建"}),
            (at(created + 1, second), {"status": "跟进中"}),
            (at(created + 3, second), {"status": "已试驾"}),
            (at(np.maximum(orders.day, created + 3), second + 60), done),
        ],
    )


def _lost(scene: Scene) -> Frame:
    """Lost leads, about as many as cars; reasons and rivals shift when seats, noise or a rival's price do."""
    streams, people = scene.streams, scene.world.customers
    counts = streams.generator("lost leads").poisson(max(len(people.number) / 1500, 0.4), scene.days + 720)
    created = np.repeat(np.arange(-720, scene.days), counts)
    row, n = np.arange(len(created)), len(created)
    model = streams.pick("lost/model", [m.share for m in MODELS], row)
    closed = created + 10 + streams.below("lost/wait", 40, row)
    second = scene.second("lost", row)
    phones = np.char.add("19", zero_filled(700_000_000 + row * 13_007 % 99_999_989, 9)).astype(object)
    blank = np.full(n, "", dtype=object)
    base = {
        "lead_no": numbers("LL", row, 9),
        "customer_no": blank,
        "phone": phones,
        "dealer_code": texts(
            scene.world.dealers.code, streams.below("lost/dealer", len(scene.world.dealers.code), row)
        ),
        "vehicle_model_code": texts([m.code for m in MODELS], model),
        "lead_source": texts(SOURCES, streams.pick("lost/source", [0.3, 0.12, 0.25, 0.2, 0.13], row)),
        "referrer_customer_no": blank,
        "campaign_no": np.where(
            (model == MODEL_INDEX["QL-E5-24E"]) & (created >= scene.opens("campaign_quiet")), "CP-QUIET", ""
        ).astype(object),
        "lost_reason_zh": blank,
        "lost_to_brand_zh": blank,
        "order_no": blank,
        "closed_date": np.full(n, NONE),
        "created_at": at(created, second),
    }
    brand = _rival(scene, row, closed)
    ends = {
        "status": "战败",
        "closed_date": closed,
        "lost_reason_zh": _reason(scene, row, model, closed),
        "lost_to_brand_zh": brand,
    }
    return timeline(
        base,
        [
            (at(created, second), {"status": "新建"}),
            (at(created + 2, second), {"status": "跟进中"}),
            (
                at(np.where(streams.chance("lost/drive", row) < 0.45, created + 5, NONE), second),
                {"status": "已试驾"},
            ),
            (at(closed, second), ends),
        ],
    )


def _reason(scene: Scene, row: np.ndarray, model: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """X05: seats in the last quarter; X10: noise on the car sold as quiet, since the campaign."""
    usual = scene.streams.pick("lost/why", [0.05, 0.34, 0.12, 0.14, 0.1, 0.05, 0.1, 0.1], row)
    draw = scene.streams.chance("lost/seat", row)
    seats = (closed >= scene.opens("x05")) & (draw < scene.planted.seat_share)
    loud = (model == MODEL_INDEX["QL-E5-24E"]) & (closed >= scene.opens("campaign_quiet"))
    loud &= (scene.planted.quiet_lift > 1.5) & (scene.streams.chance("lost/loud", row) < 0.3)
    return texts(REASONS, np.where(loud, 5, np.where(seats, 0, usual)))


def _rival(scene: Scene, row: np.ndarray, closed: np.ndarray) -> np.ndarray:
    """Brand bought instead (-: bought nowhere); one rival draws more after its price cut."""
    weights = np.full(5, 1.0)
    usual = scene.streams.pick("lost/to", weights, row)
    share = 1 - 1 / scene.planted.rival if scene.planted.rival > 1 else 0.0
    drawn = (closed >= scene.opens("rival_event")) & (scene.streams.chance("lost/drawn", row) < share * 0.5)
    nowhere = scene.streams.chance("lost/nowhere", row) < 0.4
    return texts(RIVAL_BRANDS, np.where(drawn, 3, np.where(nowhere, -1, usual)))


def _drives(scene: Scene, leads: Frame) -> Frame:
    rows = np.flatnonzero(leads["status"] == "已试驾")
    driven = leads["_at"][rows]
    number = np.arange(len(rows))
    base = {
        "test_drive_no": np.char.replace(leads["lead_no"][rows].astype(str), "L", "T").astype(object),
        "lead_no": leads["lead_no"][rows],
        "customer_no": leads["customer_no"][rows],
        "dealer_code": leads["dealer_code"][rows],
        "vehicle_model_code": leads["vehicle_model_code"][rows],
        "duration_min": 15 + scene.streams.below("drive", 45, number),
        "driven_at": driven,
    }
    return timeline(base, [(driven + 3600, {})])
