"""Warranty claims in cost layers, from failure to posting, with refusals, reversals and resubmissions.

One claim per covered repair; its lines are 配件, 工时, 外协, 运费, 善意 and (later) 追偿 from the supplier.
Amounts are delivered with tax; the books hold them net (``_net``, in cents). Posting lags behind the event by
days or weeks: both dates are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem.business.frames import (
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
from sample_oem.business.service import Repairs
from sample_oem.catalogue import ASPECTS
from sample_oem.events import Problems
from sample_oem.models import COMPONENTS
from sample_oem.scenarios import STORY

CHANNEL = "warranty_claims"
LAYERS = ("配件", "工时", "外协", "运费", "善意", "追偿")
_SHARE = (0.86, 1.0, 0.08, 0.12, 0.0, 0.2)
_LOG_MEAN = (6.5, 5.3, 5.8, 4.0, 5.6, 5.9)


@dataclass(frozen=True)
class Claims:
    """Claims: number, repair, trouble, whether goodwill, days of submission and posting."""

    claim_no: np.ndarray
    repair: np.ndarray
    problem: np.ndarray
    is_goodwill: np.ndarray
    submitted: np.ndarray
    codes: np.ndarray

    def truth(self) -> Frame:
        """Return which trouble each claim is about."""
        return {"claim_no": self.claim_no, "problem": self.problem, "aspect": self.codes}


def record(scene: Scene, problems: Problems, repairs: Repairs) -> tuple[Claims, dict[tuple[str, str], Frame]]:
    """Versions of all claim lines."""
    streams = scene.streams
    courtesy = ~repairs.is_covered & (streams.chance("courtesy", repairs.key) < 0.12)
    row = np.flatnonzero(repairs.is_covered | courtesy)
    key = repairs.key[row]
    submitted = repairs.finished[row] + 1 + streams.below("claim/submit", 3, key)
    claims = Claims(
        numbers("WC", repairs.problem[row], 9),
        row,
        repairs.problem[row],
        courtesy[row],
        submitted,
        np.array([a.code for a in ASPECTS], dtype=object)[problems.aspect[repairs.problem[row]]],
    )
    lines = [_layer(scene, problems, repairs, claims, layer) for layer in range(len(LAYERS))]
    return claims, {(CHANNEL, "claim_line"): stack(lines)}


def _layer(scene: Scene, problems: Problems, repairs: Repairs, claims: Claims, layer: int) -> Frame:
    streams = scene.streams
    key = repairs.key[claims.repair]
    wanted = np.where(
        claims.is_goodwill,
        layer == LAYERS.index("善意"),
        streams.chance(f"layer{layer}", key) < _SHARE[layer],
    )
    one = np.flatnonzero(wanted)
    key, repair = key[one], claims.repair[one]
    claimed = lognormal_cents(streams, f"claimed{layer}", _LOG_MEAN[layer], 0.7, key)
    days = _dates(scene, problems, claims, one, layer)
    return _versions(
        scene,
        _base(scene, problems, repairs, claims, (one, repair, layer), claimed),
        claimed,
        days,
        (key, layer),
    )


def _dates(
    scene: Scene, problems: Problems, claims: Claims, one: np.ndarray, layer: int
) -> dict[str, np.ndarray]:
    """Submission, decision, posting, reversal, resubmission; supplier recovery follows weeks after."""
    streams, key = scene.streams, problems.key[claims.problem[one]]
    submitted = claims.submitted[one] + (25 + gamma_days(streams, "recovery", 15.0, key) if layer == 5 else 0)
    decided = submitted + 1 + gamma_days(streams, f"decide{layer}", 3.0, key)
    posted = decided + 1 + gamma_days(streams, f"post{layer}", 3.0, key)
    lot = problems.story[claims.problem[one]] == STORY["bad_lot"]
    first = scene.opens("bad_lot") + scene.planted.lot_lead_days
    posted = np.where(lot, np.maximum(posted, first), posted)
    fate = streams.chance(f"fate{layer}", key)
    refused, void = fate < 0.06, (fate >= 0.06) & (fate < 0.075)
    again = refused & (streams.chance(f"again{layer}", key) < 0.5)
    reversed_ = ~refused & ~void & (fate > 0.985)
    return {
        "submitted": submitted,
        "void": np.where(void, decided, NONE),
        "refused": np.where(refused, decided, NONE),
        "again": np.where(again, decided + 4, NONE),
        "decided": np.where(~refused & ~void, decided, NONE),
        "decided_again": np.where(again, decided + 9, NONE),
        "posted": np.where(~refused & ~void, posted, np.where(again, np.maximum(posted, decided + 12), NONE)),
        "reversed": np.where(reversed_, posted + 10 + streams.below("reverse", 30, key), NONE),
    }


def _base(
    scene: Scene,
    problems: Problems,
    repairs: Repairs,
    claims: Claims,
    which: tuple[np.ndarray, np.ndarray, int],
    claimed: np.ndarray,
) -> Frame:
    one, repair, layer = which
    cars = scene.world.vehicles
    car, problem, n = repairs.car[repair], claims.problem[one], len(one)
    courtesy = claims.is_goodwill[one]
    component, empty = _component(problems.aspect[problem]), np.full(n, NONE)
    supplier = np.where(component < 0, -1, cars.supplier[car, np.maximum(component, 0)])
    return {
        "索赔单号": claims.claim_no[one],
        "行号": np.full(n, layer + 1, dtype=np.int64),
        "车架号": texts(cars.vin, car),
        "经销商代码": texts(scene.world.dealers.code, cars.dealer[car]),
        "故障日期": problems.day[problem],
        "维修日期": repairs.arrived[repair],
        "申请日期": claims.submitted[one],
        "里程": repairs.km[repair],
        "零件号": repairs.part_code[repair],
        "故障代码": np.array([a.fault for a in ASPECTS], dtype=object)[problems.aspect[problem]],
        "费用类型": np.full(n, LAYERS[layer], dtype=object),
        "申请金额": _with_tax(claimed, layer),
        "批准金额": empty,
        "_net": np.zeros(n, dtype=np.int64),
        "索赔类型": np.where(courtesy, "善意", "保修").astype(object),
        "工单号": repairs.visit_no[repair],
        "批准日期": empty,
        "过账日期": empty,
        "冲销日期": empty,
        "供应商代码": _supplier_code(component, supplier),
        "零件批次": lot_number(scene, car, component, supplier),
        "税率": np.full(n, _rate(layer), dtype=np.int64),
        "币种": np.full(n, "CNY", dtype=object),
        "成本中心": texts(("CC-WAR-N", "CC-WAR-S", "CC-WAR-W"), cars.dealer[car] % 3),
        "_problem": problem,
    }


def _rate(layer: int) -> int:
    """Tax rate of a layer in percent."""
    return 6 if LAYERS[layer] == "工时" else 13


def _with_tax(net: np.ndarray, layer: int) -> np.ndarray:
    """Cents with tax, rounded; taking the tax off again gives the very same net cents."""
    return (net * (100 + _rate(layer)) + 50) // 100


def _component(aspect: np.ndarray) -> np.ndarray:
    of = np.full(len(ASPECTS), -1)
    for n, component in enumerate(COMPONENTS):
        of[[a.code == component.aspect for a in ASPECTS].index(True)] = n
    return of[aspect]


def _supplier_code(component: np.ndarray, supplier: np.ndarray) -> np.ndarray:
    out = np.full(len(component), "", dtype=object)
    for n, made in enumerate(COMPONENTS):
        rows = component == n
        out[rows] = texts(made.suppliers, supplier[rows])
    return out


def lot_number(scene: Scene, car: np.ndarray, component: np.ndarray, supplier: np.ndarray) -> np.ndarray:
    """Lot of a tracked part: supplier and week of build; empty where the part is not tracked."""
    built = scene.world.vehicles.built[car]
    week = (built.astype(int) - 4) // 7
    lots = np.char.add("L", week.astype(str)).astype(object)
    return np.where(component < 0, "", _supplier_code(component, supplier) + "-" + lots)


def _versions(
    scene: Scene,
    base: Frame,
    claimed: np.ndarray,
    days: dict[str, np.ndarray],
    identity: tuple[np.ndarray, int],
) -> Frame:
    key, layer = identity
    cut = np.array([1.0, 1.0, 1.0, 0.85, 0.7])[scene.streams.below(f"cut{layer}", 5, key)]
    approved = np.round(claimed * cut).astype(np.int64)
    second = scene.second(f"claim{layer}", key)
    zero = np.zeros(len(key), dtype=np.int64)
    decided = np.where(days["decided"] == NONE, days["decided_again"], days["decided"])
    return timeline(
        base,
        [
            (at(days["submitted"], second), {"状态": "已申请"}),
            (at(days["void"], second + 60), {"状态": "作废"}),
            (at(days["refused"], second + 120), {"状态": "已拒绝", "批准金额": zero}),
            (
                at(days["again"], second + 180),
                {"状态": "已申请", "申请日期": days["again"], "批准金额": np.full(len(key), NONE)},
            ),
            (
                at(decided, second + 240),
                {
                    "状态": "已批准",
                    "批准日期": decided,
                    "_net": approved,
                    "批准金额": _with_tax(approved, layer),
                },
            ),
            (at(days["posted"], second + 300), {"过账日期": _posting_date(scene, days["posted"], key)}),
            (at(days["reversed"], second + 360), {"状态": "已冲销", "冲销日期": days["reversed"]}),
        ],
    )


def _posting_date(scene: Scene, day: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Return the day a posting counts for: now and then one of the last days of the month before."""
    absolute = (day + scene.first_day).clip(0)
    month = absolute.astype("datetime64[D]").astype("datetime64[M]")
    before = month.astype("datetime64[D]").astype(int) - 1 - scene.first_day
    late = (day - before <= 3) & (scene.streams.chance("posted late", key) < 0.3)
    return np.where(day == NONE, NONE, np.where(late, before, day))
