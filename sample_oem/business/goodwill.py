"""Goodwill in its three kinds: 善意索赔 after the warranty, 客户安抚 to complainers, 法定退换 by law."""

from __future__ import annotations

import numpy as np

from sample_oem.business.contacts import CODES, Cases
from sample_oem.business.frames import (
    NONE,
    Frame,
    Scene,
    at,
    lognormal_cents,
    numbers,
    stack,
    texts,
    timeline,
)
from sample_oem.business.warranty import Claims
from sample_oem.events import Problems

CHANNEL = "crm"


def record(scene: Scene, problems: Problems, cases: Cases, claims: Claims) -> dict[tuple[str, str], Frame]:
    """Versions of all goodwill grants."""
    return {
        (CHANNEL, "goodwill"): stack(
            [
                _courtesy(scene, problems, claims),
                _soothing(scene, problems, cases),
                _by_law(scene, problems, cases),
            ]
        )
    }


def _courtesy(scene: Scene, problems: Problems, claims: Claims) -> Frame:
    """Money beside a goodwill claim: what the dealer lays out for the customer's share."""
    row = np.flatnonzero(claims.is_goodwill)
    problem = claims.problem[row]
    amount = lognormal_cents(scene.streams, "courtesy/amount", 6.0, 0.6, problems.key[problem])
    form = np.full(len(row), "配件工时", dtype=object)
    blank = np.full(len(row), "", dtype=object)
    numbers_ = (blank, claims.claim_no[row])
    return _grants(
        scene, problems, problem, ("善意索赔", form, "GA"), numbers_, (claims.submitted[row], amount)
    )


def _soothing(scene: Scene, problems: Problems, cases: Cases) -> Frame:
    """Vouchers, points and free services for a third of the complainers."""
    streams = scene.streams
    row = np.flatnonzero(streams.chance("soothe", cases.key) < 0.25 + 0.06 * cases.severity)
    key = cases.key[row]
    form = texts(("代金券", "积分", "保养"), streams.pick("soothe/form", [0.45, 0.35, 0.2], key))
    amount = lognormal_cents(streams, "soothe/amount", 5.2 + 0.25 * cases.severity[row], 0.5, key)
    wait = 4 + streams.below("soothe/wait", 12, key)
    numbers_ = (cases.case_no[row], np.full(len(row), "", dtype=object))
    return _grants(
        scene,
        problems,
        cases.problem[row],
        ("客户安抚", form, "GB"),
        numbers_,
        (cases.opened[row] + wait, amount),
    )


def _by_law(scene: Scene, problems: Problems, cases: Cases) -> Frame:
    """Returns and exchanges by law for a few of the gravest cases."""
    streams = scene.streams
    row = np.flatnonzero((cases.severity >= 3) & (streams.chance("by law", cases.key) < 0.02))
    key = cases.key[row]
    form = texts(("退车款", "换车差额", "现金"), streams.pick("law/form", [0.4, 0.3, 0.3], key))
    amount = lognormal_cents(streams, "law/amount", 10.3, 0.6, key)
    numbers_ = (cases.case_no[row], np.full(len(row), "", dtype=object))
    return _grants(
        scene,
        problems,
        cases.problem[row],
        ("法定退换", form, "GC"),
        numbers_,
        (cases.opened[row] + 25, amount),
    )


def _grants(
    scene: Scene,
    problems: Problems,
    problem: np.ndarray,
    kind: tuple[str, np.ndarray, str],
    numbers_: tuple[np.ndarray, np.ndarray],
    money: tuple[np.ndarray, np.ndarray],
) -> Frame:
    label, form, prefix = kind
    day, amount = money
    key, streams, n = problems.key[problem], scene.streams, len(problem)
    second = scene.second("goodwill" + prefix, key)
    paid = day + 3 + streams.below("goodwill/paid", 6, key)
    fate = streams.chance("goodwill/fate" + prefix, key)
    is_voucher = np.isin(form, ["代金券", "积分", "保养"])
    used = np.where(is_voucher & (fate < 0.6), paid + 5 + streams.below("goodwill/use", 60, key), NONE)
    expired = np.where(is_voucher & (fate > 0.85), paid + 180, NONE)
    taken_back = np.where(~is_voucher & (fate > 0.97), paid + 12, NONE)
    empty = np.full(n, NONE)
    base = {
        "goodwill_no": numbers(prefix, problem, 9),
        "goodwill_kind": np.full(n, label, dtype=object),
        "form": form,
        "customer_no": texts(scene.world.customers.number, problems.owner[problem]),
        "vin": texts(scene.world.vehicles.vin, problems.vehicle[problem]),
        "case_no": numbers_[0],
        "claim_no": numbers_[1],
        "aspect_tag": CODES[problems.aspect[problem]],
        "amount_cny": amount,
        "points": np.where(form == "积分", amount // 100 * 100, NONE),
        "granted_date": day,
        "redeemed_date": empty,
        "posted_date": empty,
        "reversed_date": empty,
        "cost_centre": np.full(n, "CC-GOODWILL", dtype=object),
    }
    return timeline(
        base,
        [
            (at(day, second), {"status": "申请"}),
            (at(day + 1, second), {"status": "批准"}),
            (at(paid, second), {"status": "发放", "posted_date": paid}),
            (at(used, second), {"status": "使用", "redeemed_date": used}),
            (at(expired, second), {"status": "过期"}),
            (at(taken_back, second), {"status": "冲销", "reversed_date": taken_back}),
        ],
    )
