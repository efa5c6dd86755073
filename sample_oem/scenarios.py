"""What is planted: every effect as one parameter, its null twin, and when each story happens.

``Planted`` holds all parameters. ``NULL_TWINS`` are worlds with the same surface and the same dice in
which one effect is zero; ``scenario`` finds them by name. How an effect works stands in ``lifecycle``,
``events`` and ``business``; what became of it is written by ``truth``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np


@dataclass(frozen=True)
class Planted:
    """Effect parameters of one world. Log odds are per standard deviation of latent satisfaction."""

    repurchase: float = 0.35  # log odds of the quarterly repurchase hazard
    flat_from_birth_year: int = 1996  # owners born from this year on: satisfaction does not matter (r = 0)
    options: float = 0.45  # log odds of taking an offered option
    renewal: float = 0.45  # log odds of renewing the insurance at the dealer
    referral: float = 0.50  # log odds of the quarterly referral hazard
    service: float = 0.30  # log odds of coming to the dealer for a due service
    resolution: float = 0.60  # log odds of renewal and repurchase in the four quarters after a resolution
    relief: float = 0.50  # latent gain of a resolved complaint
    confounding: float = 1.0  # 1: income, province and vehicle move ratings and behaviour; 0: they do not
    silent_share: float = 0.12  # owners who never speak and never answer
    silent_leaving: float = 1.2  # log odds by which the dissatisfied silent leave sooner
    lot_ratio: float = 6.0  # failure rate of the bad supplier lot over the others; 1: any car of the model
    lot_lead_days: int = 9  # from the first forum post to the first posted claim of the lot
    ota_log_ratio: float = -1.2  # X01: log rate ratio of the trouble after the software update
    recurrence: float = 1.0  # share of the old defect's signs that come back three years later as that defect
    coaching: tuple[float, ...] = (0.2, 0.4, 0.6)  # share of answers coached, per group of coaching dealers
    posing: float = 0.015  # share of a channel's voices that dealers' advisers write in the name of owners
    viral: float = 1.0  # 1: the burst comes within four days; 0: the same posts spread over the window
    season: float = 1.0  # 1: some troubles have their season; 0: none
    holidays: float = 1.0  # 1: weekdays, months and holidays move voices and visits; 0: all days are alike
    idle_fix_log_ratio: float = 0.0  # a fix started at a peak that does nothing (effect twin: -0.7)
    quiet_lift: float = 6.0  # X14/X10: weight of noise among the troubles of the car sold as quiet
    rival: float = 2.5  # factor on leads lost to the rival after its event
    returns_display: float = (
        0.16  # X02: extra share of accessories returned where colour or size is shown wrong
    )
    navigation_harm: float = 0.9  # X03: latent loss per severity step of navigation trouble
    smart_focus: float = 0.75  # X04: share of talk on the smart cabin that is about stutter and speech
    seat_share: float = 0.24  # X05: share of lost prospects who name the seats in the last quarter
    slow_service_drop: float = 0.37  # X06: latent loss while the hotline is slow (five NPS points)
    slow_service_growth: float = 0.15  # X06: growth of complaints about slow service
    owner_scheme: float = 0.5  # X07: factor on response and solution time after each problem has an owner
    auto_answer: float = 0.8  # X08: share of enquiries answered automatically after roll-out
    auto_wait: float = 0.5  # X08: factor on waiting time after roll-out
    recontact: float = 0.25  # X09: points on the 1-5 scale by re-contacting complainers
    surge_lead_days: int = 2  # X11: social media speaks this many days before the hotline
    surge: float = 1.0  # X11: 1: a ramp at the end; 0: the same voices evenly
    order_status_growth: float = 0.30  # X12: growth of messages about the order status
    order_status_cancel: float = 1.5  # X12: log odds of cancelling a late order
    shipment_feature: float = 0.25  # X13: share of enquiries that the shipment status saves


BASE = Planted()
NULL_TWINS: dict[str, Planted] = {
    "repurchase": replace(BASE, repurchase=0.0),
    "options": replace(BASE, options=0.0),
    "renewal": replace(BASE, renewal=0.0),
    "referral": replace(BASE, referral=0.0),
    "service": replace(BASE, service=0.0),
    "resolution": replace(BASE, resolution=0.0, relief=0.0),
    "silent": replace(BASE, silent_leaving=0.0),
    "lot": replace(BASE, lot_ratio=1.0),
    "ota": replace(BASE, ota_log_ratio=0.0),
    "recurrence": replace(BASE, recurrence=0.0),
    "coaching": replace(BASE, coaching=(0.0, 0.0, 0.0)),
    "posing": replace(BASE, posing=0.0),
    "viral": replace(BASE, viral=0.0),
    "season": replace(BASE, season=0.0, holidays=0.0),
    "holidays": replace(BASE, holidays=0.0),
    "rival": replace(BASE, rival=1.0),
    "x01": replace(BASE, ota_log_ratio=0.0),
    "x02": replace(BASE, returns_display=0.0),
    "x03": replace(BASE, navigation_harm=0.0),
    "x04": replace(BASE, smart_focus=0.0),
    "x05": replace(BASE, seat_share=0.0),
    "x06": replace(BASE, slow_service_drop=0.0),
    "x07": replace(BASE, owner_scheme=1.0),
    "x08": replace(BASE, auto_answer=0.0, auto_wait=1.0),
    "x09": replace(BASE, recontact=0.0),
    "x10": replace(BASE, quiet_lift=1.0),
    "x11": replace(BASE, surge=0.0),
    "x12": replace(BASE, order_status_cancel=0.0),
    "x13": replace(BASE, shipment_feature=0.0),
    "x14": replace(BASE, quiet_lift=1.0),
}
_VARIANTS: dict[str, Planted] = {
    "base": BASE,
    "flip:repurchase": replace(BASE, repurchase=-BASE.repurchase),
    "effect:idle_fix": replace(BASE, idle_fix_log_ratio=-0.7),
    "unconfounded": replace(BASE, confounding=0.0),
}
SCENARIOS: tuple[str, ...] = (*sorted(_VARIANTS), *(f"null:{name}" for name in sorted(NULL_TWINS)))


def scenario(name: str) -> Planted:
    """Find a world by name; raises ``ValueError`` with the known names."""
    if name in _VARIANTS:
        return _VARIANTS[name]
    kind, _, effect = name.partition(":")
    if kind == "null" and effect in NULL_TWINS:
        return NULL_TWINS[effect]
    raise ValueError(f"unknown scenario {name!r}; known are {', '.join(SCENARIOS)}")


def moved(planted: Planted) -> dict[str, tuple[object, object]]:
    """Parameters in which a world differs from the base, as (base, here)."""
    pairs = {f.name: (getattr(BASE, f.name), getattr(planted, f.name)) for f in fields(Planted)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


# The stories by name; other modules keep the place in this list. Their words stand in ``voices/stock``.
STORIES: tuple[str, ...] = (
    "safety_cluster",  # 同月生产车辆制动失效
    "bad_lot",  # 某供应商批次低压蓄电池亏电
    "x01",  # 车机操作复杂卡顿，升级后消失
    "recurrence_a",  # 三年前的机油增多
    "recurrence_b",  # 同一缺陷换了说法换了车型
    "viral_burst",  # 与质量无关的热搜（代言人）
    "campaign_quiet",  # 极致静音宣传与异响
    "rival_event",  # 竞品星桥降价上市
    "idle_fix",  # 悬架技术通报（无效）
    "x02",  # 配件颜色尺寸与页面不符
    "x03",  # 导航绕路
    "x03_skin",  # 想要新主题皮肤
    "x04",  # 智能化体验不佳：卡顿与语音识别
    "x05",  # 座椅不舒服而放弃购买
    "x06",  # 客服响应慢
    "x07",  # 问题有了负责人，处理变快
    "x08",  # 试点城市咨询自动应答
    "x09",  # 回访后满意度
    "x10",  # 广告遇冷，真正原因是产品短板
    "x11",  # 辅助驾驶误制动投诉激增
    "x12",  # 订单状态不更新
    "x13",  # 物流进度查询
    "x14",  # 宣传极致静音，异响却说是正常现象
)
STORY: dict[str, int] = {name: n for n, name in enumerate(STORIES)}

CAMPAIGNS: tuple[str, ...] = ("CP-QUIET", "CP-SPRING", "CP-RIVAL")
CAMPAIGN: dict[str, int] = {code: n for n, code in enumerate(CAMPAIGNS)}


def windows(end: np.datetime64, days: int) -> dict[str, tuple[np.datetime64, np.datetime64]]:
    """First and last day of every story for a window of ``days`` days whose last event day is ``end``.

    Long windows give long stories; in a window of a few days most stories have begun before it.
    """

    def back(share: float, least: int) -> np.datetime64:
        return end - np.timedelta64(max(int(days * share), least), "D")

    at = np.timedelta64(1, "D")
    starts = {
        "safety_cluster": back(0.0, 20),
        "bad_lot": back(0.08, 22),
        "ota_pilot": back(0.5, 16),
        "ota_rollout": back(0.2, 6),
        "recurrence_b": back(0.25, 21),
        "campaign_quiet": back(0.4, 18),
        "rival_event": back(0.2, 12),
        "idle_fix": back(0.35, 15),
        "x03": back(1.0, 30),
        "x05": back(0.25, 21),
        "x06": back(0.25, 21),
        "x07": back(0.5, 15),
        "x08_pilot": back(0.5, 18),
        "x08_rollout": back(0.2, 8),
        "x09": back(0.3, 14),
        "x11": back(0.0, 12),
        "x12": back(0.5, 20),
        "x13": back(0.2, 8),
    }
    found = {name: (start, end) for name, start in starts.items()}
    viral = back(0.3, 10)
    found["viral_burst"] = (viral, viral + 3 * at)
    found["recurrence_a"] = (end - 1200 * at, end - 1050 * at)
    found["idle_fix_peak"] = (starts["idle_fix"] - 28 * at, starts["idle_fix"] - at)
    return found
