"""Insurance terms: compulsory and commercial policies year by year, renewed at the dealer or lost from sight.

Renewal follows satisfaction, a solved complaint, income and province. A policy not renewed with us leaves
no row: it is due and then missing, as in a dealer's own system.
"""

from __future__ import annotations

import numpy as np

from sample_oem.business.frames import NONE, Frame, Scene, at, numbers, stack, texts, timeline
from sample_oem.events import Problems
from sample_oem.lifecycle import centred
from sample_oem.streams import logistic

CHANNEL = "insurance"
_TERMS = 8
# Of terms due: mean satisfaction of owners, share who had a complaint solved in the year before.
_LATENT_WHEN_DUE, _SOLVED_BEFORE = -0.47, 0.23


def record(scene: Scene, problems: Problems) -> dict[tuple[str, str], Frame]:
    """Versions of all policies sold through us."""
    cars = scene.world.vehicles
    start = cars.sold.astype(int) - scene.first_day
    row, ours_before = np.arange(len(start)), np.ones(len(start), dtype=bool)
    terms: list[Frame] = []
    for term in range(_TERMS):
        begins = start[row] + 365 * term
        # Contracts are signed up to a month before they begin.
        signed = begins - (scene.streams.below("policy/early", 28, cars.number[row], term) if term else 0)
        open_now = signed < scene.days
        row, ours_before, begins, signed = (a[open_now] for a in (row, ours_before, begins, signed))
        if not len(row):
            break
        renewed = _renewed(scene, problems, row, begins, ours_before, term)
        terms += _policies(
            scene, row[renewed], begins[renewed], signed[renewed], (term, ours_before[renewed])
        )
        ours_before = renewed
    return {(CHANNEL, "policy"): stack(terms)}


def _renewed(
    scene: Scene, problems: Problems, car: np.ndarray, due: np.ndarray, ours_before: np.ndarray, term: int
) -> np.ndarray:
    if term == 0:
        return scene.streams.chance("policy/first", scene.world.vehicles.number[car]) < 0.92
    owner = scene.holder(car, due)
    people = scene.world.customers
    solved = solved_before(problems, np.maximum(owner, 0), due, len(people.number))
    rich = scene.planted.confounding * (0.3 * (people.income[owner] == 2) - 0.2 * (people.income[owner] == 0))
    odds = (
        0.9
        - 0.25 * term
        + centred(scene.planted.renewal, scene.latent(owner, due - 30), _LATENT_WHEN_DUE)
        + rich
    )
    odds += scene.planted.resolution * (solved - _SOLVED_BEFORE) - 2.5 * ~ours_before
    here = (owner >= 0) & ~scene.has_left(owner, due)
    return here & (scene.streams.chance("policy", scene.world.vehicles.number[car], term) < logistic(odds))


def solved_before(problems: Problems, owner: np.ndarray, day: np.ndarray, owners: int) -> np.ndarray:
    """Whether a complaint of the owner was solved in the year before a day."""
    rows = np.flatnonzero(problems.is_resolved)
    stride = 100_000
    key = np.sort(problems.owner[rows] * stride + problems.day[rows] + stride // 2)
    until = owner.clip(0, owners) * stride + day + stride // 2
    return np.searchsorted(key, until) > np.searchsorted(key, until - 365)


def _policies(
    scene: Scene, car: np.ndarray, begins: np.ndarray, signed: np.ndarray, kind: tuple[int, np.ndarray]
) -> list[Frame]:
    term, before = kind
    cars, people, streams = scene.world.vehicles, scene.world.customers, scene.streams
    number = cars.number[car]
    owner = scene.holder(car, signed)
    renewal = "新车" if term == 0 else ("新转续" if term == 1 else "续转续")
    second = scene.second("policy", number, term)
    gives_back = begins + 40 + streams.below("policy/back", 200, number, term)
    left = np.where(streams.chance("policy/left", number, term) < 0.01, gives_back, NONE)
    ends = np.where(left == NONE, begins + 365, NONE)
    out = []
    for name, low, spread, rate in (("交强险", 66_500, 28_500, 4), ("商业险", 210_000, 380_000, 15)):
        premium = (low + spread * streams.chance(name, number, term)).astype(np.int64)
        base = {
            "保单号": numbers("PL", number * 10 + term, 10),
            "险种": np.full(len(car), name, dtype=object),
            "车架号": texts(cars.vin, car),
            "客户编号": texts(people.number, owner),
            "投保人电话": texts(people.phone, owner),
            "出单渠道": texts(
                ("经销商", "电销", "互联网"), streams.pick("policy/by", [0.8, 0.12, 0.08], number, term)
            ),
            "经销商代码": texts(scene.world.dealers.code, cars.dealer[car]),
            "续保类型": np.where(before, renewal, "转入").astype(object),
            "含税保费": premium,
            "税率": np.full(len(car), 6, dtype=np.int64),
            "含税手续费": premium * rate // 100,
            "起保日期": begins,
            "到期日期": begins + 365,
            "签单日期": signed,
        }
        steps = [(at(signed, second), {"状态": "有效"}), (at(left, second), {"状态": "退保"})]
        out.append(timeline(base, [*steps, (at(ends, second), {"状态": "到期"})]))
    return out
