"""Consents with opt-outs, app accounts bound to cars, and the staff of dealers with their phones."""

from __future__ import annotations

import numpy as np

from sample_oem import identifiers
from sample_oem.business.frames import NONE, Frame, Scene, at, numbers, stack, texts, timeline
from sample_oem.models import NEVER
from sample_oem.streams import Streams

CHANNEL = "crm"
PURPOSES = (
    ("服务履约", 0.99),
    ("满意度调研", 0.8),
    ("营销推送", 0.55),
    ("公域身份关联", 0.06),
    ("产品改进分析", 0.6),
)
ROLES = ("服务顾问", "服务顾问", "销售顾问", "销售顾问", "技师", "技师", "客户经理", "店长")


def record(scene: Scene) -> dict[tuple[str, str], Frame]:
    """Versions of consents, app accounts and staff."""
    return {
        (CHANNEL, "consent"): _consents(scene),
        (CHANNEL, "app_account"): _accounts(scene),
        (CHANNEL, "dealer_staff"): _staff(scene),
    }


def _consents(scene: Scene) -> Frame:
    people, streams = scene.world.customers, scene.streams
    epoch = np.datetime64(scene.first_day, "D").astype("datetime64[s]").astype(int)
    given = people.registered.astype(int) - epoch + 600
    owner = np.arange(len(people.number))
    parts = []
    for n, (purpose, share) in enumerate(PURPOSES):
        granted = streams.chance("consent", owner, n) < share
        days = scene.days - given // 86_400
        out = (
            given // 86_400
            + 30
            + (streams.chance("opt-out/day", owner, n) * np.maximum(days - 30, 1)).astype(int)
        )
        leaves = granted & (n > 0) & (streams.chance("opt-out", owner, n) < 0.07)
        ended = at(np.where(leaves, out, NONE), scene.second("consent", owner))
        base = {
            "consent_no": numbers("CN", owner * 10 + n, 9),
            "customer_no": texts(people.number, owner),
            "purpose": np.full(len(owner), purpose, dtype=object),
            "contact_channel": np.full(len(owner), "全部", dtype=object),
            "is_granted": np.where(granted, "true", "false").astype(object),
            "valid_from": given,
            "valid_to": np.full(len(owner), NONE),
            "source": np.full(len(owner), "购车合同", dtype=object),
        }
        parts.append(timeline(base, [(given, {}), (ended, {"valid_to": ended, "source": "退订链接"})]))
    return stack(parts)


def _accounts(scene: Scene) -> Frame:
    cars, people, streams = scene.world.vehicles, scene.world.customers, scene.streams
    row = np.flatnonzero((streams.chance("app", cars.number) < 0.7) & (people.kind[cars.buyer] != 1))
    number, owner = cars.number[row], cars.buyer[row]
    bound = cars.sold.astype(int)[row] - scene.first_day + streams.below("app/bind", 30, number)
    handed = cars.handed.astype(int)[row]
    unbound = np.where(handed >= NEVER, NONE, handed - scene.first_day)
    unbound = np.where(unbound == NONE, NONE, np.maximum(unbound, bound + 1))
    second = scene.second("app", number)
    base = {
        "account_no": numbers("AP", number, 9),
        "app_user_id": texts(people.app_user, owner),
        "customer_no": texts(people.number, owner),
        "phone": texts(people.phone, owner),
        "vin": texts(cars.vin, row),
        "bound_at": at(bound, second),
        "unbound_at": np.full(len(row), NONE),
    }
    return timeline(
        base, [(at(bound, second), {}), (at(unbound, second), {"unbound_at": at(unbound, second)})]
    )


def staff_phones(scene: Scene) -> list[str]:
    """Phone of every member of staff, dealer by dealer."""
    n = len(scene.world.dealers.code) * len(ROLES)
    return identifiers.mobile_phones(scene.streams.generator("staff phones"), n)


def leaves(streams: Streams, row: np.ndarray) -> np.ndarray:
    """Whether members of staff (dealer times roles plus role) leave some day."""
    return streams.chance("staff/left", row) < 0.25


def _staff(scene: Scene) -> Frame:
    dealers = scene.world.dealers
    row = np.arange(len(dealers.code) * len(ROLES))
    dealer, role = row // len(ROLES), row % len(ROLES)
    joined = np.maximum(dealers.opened.astype(int)[dealer] - scene.first_day, -2500) + scene.streams.below(
        "joined", 400, row
    )
    gone = np.where(
        leaves(scene.streams, row),
        joined + 300 + scene.streams.below("staff/stay", 1200, row),
        NONE,
    )
    base = {
        "staff_no": numbers("ST", dealer * 100 + role, 6),
        "dealer_code": texts(dealers.code, dealer),
        "phone": np.array(staff_phones(scene), dtype=object),
        "role": texts(ROLES, role),
        "joined_date": joined,
        "left_date": np.full(len(row), NONE),
    }
    return timeline(
        base,
        [
            (at(joined, np.full(len(row), 36_000)), {}),
            (at(gone, np.full(len(row), 64_800)), {"left_date": gone}),
        ],
    )
