"""What can trouble or please an owner: one row per aspect, with how often, on which cars, and what it costs.

Rates are relative weights; ``LIFTS`` are the planted weak spots of single models. The words people use
for an aspect are in ``voices/stock``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_oem.models import MODELS

# code | system | problem types | problem weight | powertrains (F fuel, H hybrid, P plug-in, E electric)
#   | claim share | part | fault code | media subject | talk weight (discussed without a problem)
_TABLE = """
PWR-ENG|发动机|抖动;动力不足;怠速不稳;加速无力;故障灯亮|6|FHP|0.6|1001-EN|P0300|动力|9
PWR-OIL|发动机|烧机油;漏机油;漏油;机油增多|5|FHP|0.6|1012-OL|P0521|动力|3
PWR-TRN|传动系|顿挫;异响;换挡困难;脱挡|6|FHP|0.6|1701-TR|P0730|操控|5
PWR-STA|发动机|动力中断;启动困难;动力消失|4|FHPE|0.5|3601-ST|P0335|动力|2
PWR-MOT|电力驱动系统|电机故障;控制器故障;电机异响|3|PE|0.7|2103-MT|P0A3F|动力|2
PWR-NVH|发动机|异响;抖动;共振|4|FHPE|0.4|1001-NV|P1300|舒适性|3
NEV-BAT|动力电池及电源管理系统|动力电池组故障;电池衰减严重|5|PE|0.5|2101-BT|P0AA6|动力|3
NEV-RNG|动力电池及电源管理系统|续航里程不准;续航里程不足|5|PE|0.05|2101-BM|P1A10|油耗|6
NEV-CHG|动力电池及电源管理系统|充电故障|4|PE|0.4|2107-OB|P0D2F|动力|3
NEV-FUE|发动机|油耗异常;其他|3|FHP|0.1|1130-FU|P0171|油耗|10
NEV-LVB|电气设备|电池亏电|4|FHPE|0.5|3703-LB|B1015|配置|2
CHS-STR|转向系|异响;卡滞;转向沉重;跑偏|4|FHPE|0.6|3401-ST|C1513|操控|4
CHS-SUS|悬架系|异响;偏硬;漏油|5|FHPE|0.5|2901-SU|C1110|操控|5
CHS-HDL|悬架系|设计缺陷|1|FHPE|0.05|2901-HD|C1111|操控|8
CHS-TYR|轮胎和车轮|吃胎;鼓包;轮胎偏磨;胎压异常|4|FHPE|0.3|3101-TY|C1A05|操控|4
SAF-BRK|制动系|刹车失灵;异响;刹车片异常磨损|4|FHPE|0.6|3501-BR|C1201|安全性|4
SAF-AIR|气囊和安全带|气囊未弹出;故障灯亮|1|FHPE|0.6|8204-AB|B0012|安全性|3
SAF-CRS|车身|设计缺陷;部件开裂|1|FHPE|0.1|5000-BD|B2000|安全性|5
SAF-FIR|电气设备|起火|0.5|FHPE|0.3|3700-WH|B1A00|安全性|1
SAF-REC|其他原因|厂家不召回;召回方案不合理|2|FHPE|0|0000-RC|U0000|安全性|2
ADS-ACC|附加设备|功能失效;故障灯亮|2|FHPE|0.3|3650-RD|C2A11|配置|4
ADS-NOA|附加设备|功能失效;与宣传不符|2|PE|0.1|3651-AD|C2B10|配置|4
ADS-PAR|电气设备|影像故障;雷达故障|3|FHPE|0.5|3652-CM|B2C05|配置|4
ADS-FAL|附加设备|误制动;EV功能受限|2|FHPE|0.2|3650-FB|C2A1F|安全性|2
ICT-SCR|电气设备|中控黑屏;中控卡顿|6|FHPE|0.5|7911-SC|B1F02|配置|5
ICT-VOI|附加设备|车载互联故障|2|FHPE|0.1|7912-VO|B1F10|配置|3
ICT-NAV|附加设备|车载互联故障;其他|3|FHPE|0.2|7913-NV|B1F20|配置|5
ICT-APP|附加设备|车载互联故障;备用钥匙失效|4|FHPE|0.2|7914-TB|U0198|配置|4
ICT-OTA|附加设备|其他;EV功能受限|3|PEH|0.1|7915-OT|U1000|配置|4
ICT-CFG|承诺不兑现|与宣传不符|2|FHPE|0|0000-CF|U0000|配置|8
EXT-DSN|车身|其他|0.3|FHPE|0|0000-ED|U0000|外观|12
EXT-PNT|车身|锈蚀;车漆脱落;车漆鼓包;色差|5|FHPE|0.4|5001-PT|B2001|外观|4
EXT-GAP|车身|漏水;部件开裂;变形|4|FHPE|0.5|5002-GP|B2002|外观|3
EXT-LMP|电气设备|车灯进水;车灯不亮|3|FHPE|0.6|4101-LP|B2A10|外观|4
EXT-GLS|车身|异响;失灵;漏水|4|FHPE|0.6|6104-GL|B2B10|外观|4
INT-DSN|附加设备|其他|0.5|FHPE|0|0000-ID|U0000|内饰|10
INT-CRF|车身|异响;起皮;部件开裂|5|FHPE|0.4|5300-IN|B2D01|内饰|5
INT-SMT|附加设备|异味|3|FHPE|0.1|5310-SM|B2D10|内饰|4
INT-SEA|附加设备|其他;失灵|3|FHPE|0.5|6800-SE|B2E01|舒适性|7
INT-HVC|附加设备|空调不制冷;空调异响|4|FHPE|0.6|8100-AC|B1E01|舒适性|5
INT-QUI|车身|异响;其他|4|FHPE|0.1|5320-NV|B2F01|舒适性|8
SPC-CAB|其他原因|其他|0.2|FHPE|0|0000-SC|U0000|空间|9
SPC-TRK|其他原因|其他|0.3|FHPE|0|0000-ST|U0000|空间|6
SPC-CHD|其他原因|其他|0.2|FHPE|0|0000-CH|U0000|空间|4
PRI-PRC|销售欺诈|变更价格;价格不透明|2|FHPE|0|0000-PR|U0000|价格|14
PRI-CUT|销售欺诈|变更价格|6|FHPE|0|0000-PC|U0000|价格|5
PRI-RSV|其他原因|其他|0.5|FHPE|0|0000-RV|U0000|价格|4
PRI-COS|服务收费|过度保养;变相收费|2|FHPE|0|0000-CO|U0000|价格|7
SAL-STF|服务态度|态度蛮横|2|FHPE|0|0000-SS|U0000|价格|4
SAL-PRM|承诺不兑现|销售承诺不兑现;与宣传不符|4|FHPE|0|0000-SP|U0000|价格|2
SAL-FIN|销售欺诈|定（订）金纠纷;变相收费|3|FHPE|0|0000-SF|U0000|价格|4
SAL-DLV|销售欺诈|未按时交付;未按时到货|3|FHPE|0|0000-SD|U0000|价格|4
SAL-INV|销售欺诈|出售问题车;出售库存车|2|FHPE|0|0000-SI|U0000|价格|2
AFT-ATT|服务态度|不解决问题;互相推诿;故意拖延|5|FHPE|0|0000-AA|U0000|价格|4
AFT-REP|人员技术|多次返修;维修技术差;操作不规范|4|FHPE|0.2|0000-AR|U0000|价格|4
AFT-PRT|配件争议|无零配件;配件质量差|3|FHPE|0.1|0000-AP|U0000|价格|2
AFT-WAR|服务态度|不履行三包;不予索赔;否认质量问题|4|FHPE|0|0000-AW|U0000|价格|3
AFT-CHG|服务收费|变相收费;价格不透明|2|FHPE|0|0000-AC|U0000|价格|3
AFT-NET|服务态度|服务网点少|2|FHPE|0|0000-AN|U0000|价格|3
"""

LIFTS: dict[tuple[str, str], float] = {
    ("QL-A3-23T", "PWR-TRN"): 5.0,
    ("QL-M6-20T", "PWR-OIL"): 6.0,
    ("QL-M6-22H", "EXT-PNT"): 3.0,
    ("QL-M6-22H", "PRI-CUT"): 3.0,
    ("QL-H8-22P", "NEV-LVB"): 4.0,
    ("QL-L7-23R", "ICT-SCR"): 5.0,
    ("QL-L7-25R", "ADS-FAL"): 4.0,
    ("QL-E5-22E", "NEV-BAT"): 4.0,
    ("QL-E5-24E", "INT-QUI"): 5.0,
    ("QL-E5-25E", "ICT-OTA"): 4.0,
}
SAFETY_CLUSTER_MODEL = "QL-H8-24P"
SAFETY_CLUSTER_ASPECT = "SAF-BRK"
SAFETY_ASPECTS = frozenset({"SAF-BRK", "SAF-AIR", "SAF-FIR", "ADS-FAL", "PWR-STA", "CHS-STR", "NEV-BAT"})
_DRIVE = {"燃油": "F", "混动": "H", "插混": "P", "增程": "P", "纯电": "E"}


@dataclass(frozen=True)
class Aspect:
    """One aspect of owning a car, with its place in the channels' own code lists."""

    code: str
    system: str
    types: tuple[str, ...]
    weight: float
    drives: str
    claim_share: float
    part: str
    fault: str
    subject: str
    talk: float


def _parse(table: str) -> tuple[Aspect, ...]:
    rows = (line.split("|") for line in table.strip().splitlines())
    return tuple(
        Aspect(
            r[0], r[1], tuple(r[2].split(";")), float(r[3]), r[4], float(r[5]), r[6], r[7], r[8], float(r[9])
        )
        for r in rows
    )


ASPECTS: tuple[Aspect, ...] = _parse(_TABLE)
INDEX: dict[str, int] = {aspect.code: i for i, aspect in enumerate(ASPECTS)}
SUBJECTS: tuple[str, ...] = tuple(dict.fromkeys(a.subject for a in ASPECTS))


_WINTER = {"NEV-LVB": 1.2, "NEV-RNG": 1.6, "PWR-STA": 0.8, "NEV-CHG": 0.5}
_SUMMER = {"INT-HVC": 1.8, "INT-SMT": 1.0, "CHS-TYR": 0.4}


def problem_weights(quiet_lift: float | None = None) -> np.ndarray:
    """Share of each aspect in the problems of each model, shape (models, aspects), rows sum to 1.

    ``quiet_lift`` replaces the planted lift of noise on the car sold as quiet.
    """
    lifts = LIFTS if quiet_lift is None else {**LIFTS, ("QL-E5-24E", "INT-QUI"): quiet_lift}
    weights = np.array(
        [
            [
                a.weight * lifts.get((m.code, a.code), 1.0) if _DRIVE[m.powertrain] in a.drives else 0.0
                for a in ASPECTS
            ]
            for m in MODELS
        ]
    )
    return weights / weights.sum(axis=1, keepdims=True)


def seasonal_weights(quiet_lift: float, season: float) -> np.ndarray:
    """Shares by model, calendar month (0..11) and climate (1: cold), shape (models, 12, 2, aspects)."""
    factor = np.ones((12, 2, len(ASPECTS)))
    for month in range(12):
        for code, extra in (
            _WINTER if month in (11, 0, 1) else _SUMMER if month in (5, 6, 7) else {}
        ).items():
            factor[month, :, INDEX[code]] += season * extra
            factor[month, 1, INDEX[code]] += season * (extra if month in (11, 0, 1) else 0.0)
    weights = problem_weights(quiet_lift)[:, None, None, :] * factor
    return weights / weights.sum(axis=-1, keepdims=True)


def talk_weights() -> np.ndarray:
    """Share of each aspect in talk without a problem, shape (models, aspects), rows sum to 1."""
    weights = np.array(
        [[a.talk if _DRIVE[m.powertrain] in a.drives else 0.0 for a in ASPECTS] for m in MODELS]
    )
    return weights / weights.sum(axis=1, keepdims=True)
