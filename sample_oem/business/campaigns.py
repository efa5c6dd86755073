"""Marketing campaigns (with what they claim) and improvement actions, as the departments enter them."""

from __future__ import annotations

import numpy as np
import orjson

from sample_oem.business.contacts import pilot_cities
from sample_oem.business.frames import DAY_S, NONE, Frame, Scene, table, timeline
from sample_oem.places import CITIES

CHANNEL = "crm"


def record(scene: Scene) -> dict[tuple[str, str], Frame]:
    """Versions of campaigns and actions."""
    return {(CHANNEL, "campaign"): _campaigns(scene), (CHANNEL, "improvement_action"): _actions(scene)}


def calendar_day(scene: Scene, day: int) -> np.datetime64:
    """Calendar day of a day counted from the first event day."""
    return np.datetime64(scene.first_day + day, "D")


def _campaigns(scene: Scene) -> Frame:
    quiet, rival = scene.opens("campaign_quiet"), scene.opens("rival_event")
    rows: list[tuple[object, ...]] = [
        (
            "CP-QUIET",
            "极致静音试驾季",
            "启岚E5，极致静音，听见的只有自己的心跳",
            "INT-QUI",
            "QL-E5-24E",
            "短视频",
            860_000_000,
            "自有",
            "启岚",
            "客户反映异响时，请先说明轻微声响属正常现象",
            quiet,
            quiet + 60,
        ),
        (
            "CP-SPRING",
            "春季家庭出行",
            "六座大空间，一家人出发",
            "SPC-CAB",
            "QL-L7-25R",
            "门户",
            320_000_000,
            "自有",
            "启岚",
            "",
            quiet - 30,
            quiet + 30,
        ),
        (
            "CP-RIVAL",
            "星桥V5降价上市",
            "星桥V5限时直降三万",
            "PRI-PRC",
            "",
            "直播",
            0,
            "竞品",
            "星桥",
            "",
            rival,
            rival + 20,
        ),
    ]
    names = (
        "campaign_no",
        "campaign_name_zh",
        "claim_text",
        "aspect_tag",
        "vehicle_model_code",
        "medium",
        "spend_cny",
        "brand_side",
        "brand_zh",
        "service_script",
        "start_date",
        "end_date",
    )
    frame = table(names, rows)
    return timeline(frame, [(frame["start_date"] * DAY_S + 36_000, {})])


def _actions(scene: Scene) -> Frame:
    life = scene.world.life
    ota = [CITIES[i].name for i in np.flatnonzero(life.ota.is_pilot)]
    auto = [CITIES[i].name for i in np.flatnonzero(pilot_cities(scene))]
    rows: list[tuple[object, ...]] = [
        (
            "IA-OTA",
            "车机交互优化升级",
            "OTA",
            "ICT-SCR",
            "QL-L7-23R",
            {
                "pilot_cities": ota,
                "assignment": "选取近四周问题最多的城市",
                "rollout_date": str(calendar_day(scene, scene.opens("ota_rollout"))),
            },
            120_000_000,
            scene.opens("ota_pilot"),
            NONE,
            "OTA-L7-31",
            "智能座舱部",
        ),
        (
            "IA-TSB",
            "悬架异响技术通报",
            "技术通报",
            "CHS-SUS",
            "QL-A3-21T",
            {},
            40_000_000,
            scene.opens("idle_fix"),
            NONE,
            "",
            "质量部",
        ),
        (
            "IA-OWNER",
            "问题负责人制",
            "流程改进",
            "AFT-ATT",
            "",
            {},
            25_000_000,
            scene.opens("x07"),
            NONE,
            "",
            "客户服务部",
        ),
        (
            "IA-AUTO",
            "咨询自动应答试点",
            "流程改进",
            "AFT-NET",
            "",
            {
                "pilot_cities": auto,
                "assignment": "抽签",
                "rollout_date": str(calendar_day(scene, scene.opens("x08_rollout"))),
            },
            60_000_000,
            scene.opens("x08_pilot"),
            NONE,
            "",
            "客户服务部",
        ),
        (
            "IA-CALL",
            "投诉客户回访",
            "客户关怀",
            "AFT-ATT",
            "",
            {"hold_out_share": 0.2},
            18_000_000,
            scene.opens("x09"),
            NONE,
            "",
            "客户服务部",
        ),
        (
            "IA-SHIP",
            "物流进度上线",
            "流程改进",
            "SAL-DLV",
            "",
            {},
            30_000_000,
            scene.opens("x13"),
            NONE,
            "",
            "电商部",
        ),
        (
            "IA-OIL",
            "机油增多控制策略更新",
            "技术通报",
            "PWR-OIL",
            "QL-M6-20T",
            {},
            210_000_000,
            scene.opens("recurrence_a") + 150,
            scene.opens("recurrence_a") + 300,
            "",
            "动力部",
        ),
    ]
    rows = [tuple(orjson.dumps(c).decode() if isinstance(c, dict) else c for c in row) for row in rows]
    names = (
        "action_no",
        "action_name_zh",
        "action_kind",
        "aspect_tag",
        "vehicle_model_code",
        "scope",
        "cost_cny",
        "start_date",
        "end_date",
        "ota_release_no",
        "owner_department",
    )
    frame = table(names, rows)
    return timeline(frame, [(frame["start_date"] * DAY_S + 32_400, {})])
