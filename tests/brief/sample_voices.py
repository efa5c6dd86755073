"""Published tables as the brief meets them: made from a seed, with names as the dbt models have them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.publishing.publisher import PublishedVersion, publish
from orchestration.settings import Settings
from tests.publishing.sample_warehouse import manifest_of, model

AS_OF = date(2026, 3, 31)
CHANNELS = {
    "call_center": "客服热线",
    "complaint_site": "投诉网站",
    "forum": "车主论坛",
    "media_comments": "媒体评论",
    "survey": "满意度调研",
    "warranty_claims": "保修索赔",
}
ASPECTS = [
    # code, label, group, department, weight, negative share, evidence by polarity (-1 | 1), safety share
    ("CHS-BRK", "制动", "底盘与操控", "底盘质量", 9, 0.9, "踩刹车时异响越来越大", "刹车脚感很线性", 0.2),
    ("ITL-CAR", "车机卡顿死机", "智能座舱", "智能座舱研发", 12, 0.85, "车机死机黑屏", "车机反应挺快", 0.0),
    ("PWR-TRN", "变速与换挡", "动力与传动", "动力总成研发", 8, 0.9, "低速换挡顿挫明显", "换挡很平顺", 0.05),
    (
        "PWR-OIL",
        "机油异常",
        "动力与传动",
        "动力总成质量",
        6,
        0.95,
        "五千公里少了一升机油",
        "机油消耗正常",
        0.0,
    ),
    ("CMF-SEA", "座椅舒适", "舒适与空间", "内饰研发", 7, 0.4, "坐久了腰酸", "座椅包裹性很好", 0.0),
    ("CMF-NVH", "噪声与异响", "舒适与空间", "整车性能", 8, 0.8, "高速风噪像开着窗", "隔音做得不错", 0.0),
    ("NEV-RNG", "续航", "三电", "三电研发", 7, 0.7, "冬天续航直接打六折", "续航扎实", 0.0),
    ("EXT-PNT", "漆面与外观", "外观", "制造质量", 5, 0.3, "漆面一碰就掉", "颜值很能打", 0.0),
    ("SVC-DLR", "经销商服务", "服务", "售后服务", 9, 0.6, "售后一直推脱", "服务顾问很耐心", 0.0),
    ("PRC-VAL", "价格与保值", "价格", "市场", 6, 0.7, "刚提车就官降两万", "这个价位很值", 0.0),
    ("ITL-ADS", "辅助驾驶", "智能驾驶", "智驾研发", 5, 0.6, "高速上突然幽灵刹车", "跟车很稳", 0.4),
    ("BDY-SEA", "密封与漏水", "车身", "制造质量", 3, 0.95, "下雨后备箱漏水", "密封没问题", 0.0),
]
OPENINGS = [
    "提车三个月，",
    "上周末跑高速，",
    "开了两万公里，",
    "昨天从4S店回来，",
    "家里人也说，",
    "冷车启动后，",
    "反馈过两次了，",
    "",
]
CLOSINGS = [
    "，打过[手机]也没人回电，希望厂家给个说法。",
    "，请尽快处理。",
    "，其他方面还算满意。",
    "，在4S店检查说是正常现象，实在不能接受。",
    "，不知道有没有同款车主遇到过。",
    "。",
    "，已经影响日常用车了，车架号[车架号]，联系人[姓名]。",
]
SERIES = ["远山 X5", "远山 X7", "云帆 EV", "云帆 PHEV", "小憩 1.5T"]


@dataclass
class Voices:
    """What goes into the tables: lists of rows by table."""

    feedback: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, day: date, channel: str, text: str, *, author: str | None = None, series: str = "云帆 EV"
    ) -> str:
        """Add a voice and return its id."""
        number = len(self.feedback)
        feedback_id = f"{number:032x}"
        self.feedback.append(
            {
                "feedback_id": feedback_id,
                "channel": channel,
                "author_key": author or feedback_id,
                "author_key_basis": "customer" if author else "voice",
                "series_zh": series,
                "model_zh": None,
                "verbatim": text,
                "repeat_group_id": None,
                "sentiment_polarity": None,
                "feedback_date": day,
            }
        )
        return feedback_id

    def mention(
        self, feedback_id: str, aspect: str, evidence: str, *, polarity: int = -1, urgency: str = "function"
    ) -> None:
        """Add a mention with its evidence span to a voice."""
        voice = self.feedback[int(feedback_id, 16)]
        start = voice["verbatim"].index(evidence)
        voice["sentiment_polarity"] = polarity
        self.mentions.append(
            {
                "mention_id": f"{feedback_id}-{aspect}",
                "feedback_id": feedback_id,
                "aspect_code": aspect,
                "channel": voice["channel"],
                "polarity": polarity,
                "intensity": 2,
                "urgency": urgency,
                "is_safety": urgency == "safety",
                "confidence": 0.8,
                "evidence_start": start,
                "evidence_end": start + len(evidence),
                "evidence_text": evidence,
                "feedback_date": voice["feedback_date"],
            }
        )


def many_voices(days: int = 70, per_day: int = 40) -> Voices:
    """Return voices of `days` days with some customers known, repeats and safety cases."""
    rng = random.Random(7)
    voices = Voices()
    for offset in range(days):
        day = AS_OF - timedelta(days=days - 1 - offset)
        for _ in range(rng.randint(per_day - 10, per_day + 10)):
            weights = [a[4] * (1.8 if a[0] == "ITL-CAR" and offset > days - 20 else 1) for a in ASPECTS]
            chosen = rng.choices(ASPECTS, weights)[0]
            polarity = -1 if rng.random() < chosen[5] else 1
            evidence = chosen[6] if polarity < 0 else chosen[7]
            text = rng.choice(OPENINGS) + evidence + rng.choice(CLOSINGS)
            channel = rng.choice(["call_center", "complaint_site", "forum", "media_comments", "survey"])
            author = f"k1_{rng.randrange(900):032x}" if rng.random() < 0.6 else None
            feedback_id = voices.add(day, channel, text, author=author, series=rng.choice(SERIES))
            is_safety = polarity < 0 and rng.random() < chosen[8]
            urgency = "safety" if is_safety else "function" if polarity < 0 else "none"
            voices.mention(feedback_id, chosen[0], evidence, polarity=polarity, urgency=urgency)
    return voices


def channel_status(**changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one healthy row a channel, changed where told: `forum={"is_stale": True}`."""
    rows = []
    for number, (channel, label) in enumerate(CHANNELS.items()):
        admitted = 3_000 + 517 * number
        rows.append(
            {
                "channel": channel,
                "label_zh": label,
                "as_of": AS_OF,
                "is_enabled": True,
                "expected_by": "05:00",
                "stale_after_h": 48,
                "last_received_at": datetime(2026, 3, 31, 21, 5 + number, tzinfo=UTC),
                "last_event_date": AS_OF,
                "is_stale": False,
                "stale_hours": 11.0,
                "withheld_delivery_count": 0,
                "record_count": admitted + 56,
                "admitted_count": admitted,
                "duplicate_count": 41,
                "superseded_count": 9,
                "quarantined_count": 6,
                "quarantined_open_count": 0,
                "byte_count": 5_120_000,
                "covered_byte_count": 5_120_000,
                "equations_closed": True,
            }
            | dict(changes.get(channel, {}))
        )
    return rows


def survey_rows(value_name: str, cases: Sequence[tuple[str, str, int, float, float]]) -> list[dict[str, Any]]:
    """Return report rows: (type, touchpoint, n, value, half width)."""
    return [
        {
            "report_date": AS_OF,
            "window_days": 90,
            "survey_type": kind,
            "touchpoint": touchpoint,
            "response_count": n,
            "answer_count": n + 3,
            value_name: None if n < 50 else value,
            f"{value_name}_low": None if n < 50 else value - half,
            f"{value_name}_high": None if n < 50 else value + half,
            "is_suppressed": n < 50,
            "suppression_reason_zh": "样本少于 50" if n < 50 else None,
            "interval_method": "x",
        }
        for kind, touchpoint, n, value, half in cases
    ]


NPS = [
    ("relationship", "品牌关系", 412, 31.2, 7.9),
    ("touchpoint", "售后服务", 268, -4.1, 9.8),
    ("touchpoint", "销售交付", 77, 45.5, 15.2),
    ("touchpoint", "热线", 21, 0, 0),
]
CSAT = [
    ("touchpoint", "售后服务", 301, 0.742, 0.049),
    ("touchpoint", "销售交付", 83, 0.880, 0.07),
    ("touchpoint", "热线", 18, 0, 0),
]

_SCHEMAS = {
    "core.fct_feedback": """
        feedback_id varchar, channel varchar, author_key varchar, author_key_basis varchar, series_zh
        varchar, model_zh varchar, verbatim varchar, repeat_group_id varchar, sentiment_polarity
        integer, feedback_date date""",
    "core.fct_feedback_mention": """
        mention_id varchar, feedback_id varchar, aspect_code varchar, channel varchar, polarity integer,
        intensity integer, urgency varchar, is_safety boolean, confidence decimal(9,6), evidence_start
        integer, evidence_end integer, evidence_text varchar, feedback_date date""",
    "core.dim_aspect": """
        aspect_code varchar, label_zh varchar, l1_label_zh varchar, department_zh varchar""",
    "core.dim_channel": """
        channel varchar, label_zh varchar""",
    "reports.rpt_data_status": """
        channel varchar, label_zh varchar, as_of date, is_enabled boolean, expected_by varchar,
        stale_after_h integer, last_received_at timestamp, last_event_date date, is_stale boolean,
        stale_hours decimal(18,1), withheld_delivery_count bigint, record_count bigint, admitted_count
        bigint, duplicate_count bigint, superseded_count bigint, quarantined_count bigint,
        quarantined_open_count bigint, byte_count bigint, covered_byte_count bigint, equations_closed
        boolean""",
    "reports.rpt_nps": """
        report_date date, window_days integer, survey_type varchar, touchpoint varchar, response_count
        integer, answer_count integer, nps decimal(9,2), nps_low decimal(9,2), nps_high decimal(9,2),
        is_suppressed boolean, suppression_reason_zh varchar, interval_method varchar""",
    "reports.rpt_csat": """
        report_date date, window_days integer, survey_type varchar, touchpoint varchar, response_count
        integer, answer_count integer, top_two_rate decimal(9,4), top_two_rate_low decimal(9,4),
        top_two_rate_high decimal(9,4), is_suppressed boolean, suppression_reason_zh varchar,
        interval_method varchar""",
}
_SAFETY_WATCH = """create or replace table reports.rpt_safety_watch as
select m.mention_id, m.feedback_id, m.feedback_date, m.channel, m.aspect_code, a.label_zh as aspect_label_zh,
    a.department_zh, m.intensity, m.confidence, f.author_key, f.series_zh, f.model_zh, f.repeat_group_id,
    m.evidence_text, f.verbatim
from core.fct_feedback_mention as m
inner join core.fct_feedback as f on m.feedback_id = f.feedback_id
left join core.dim_aspect as a on m.aspect_code = a.aspect_code
where m.is_safety"""


def publish_voices(
    settings: Settings,
    voices: Voices,
    *,
    status: Sequence[Mapping[str, Any]] | None = None,
    nps: Sequence[Mapping[str, Any]] = (),
    csat: Sequence[Mapping[str, Any]] = (),
) -> PublishedVersion:
    """Write a warehouse with these rows, publish it, and return the version of audience `voice`."""
    settings.home.mkdir(parents=True, exist_ok=True)
    settings.warehouse_path.unlink(missing_ok=True)
    rows = {
        "core.fct_feedback": voices.feedback,
        "core.fct_feedback_mention": voices.mentions,
        "core.dim_aspect": [
            dict(zip(("aspect_code", "label_zh", "l1_label_zh", "department_zh"), a, strict=False))
            for a in ASPECTS
        ],
        "core.dim_channel": [{"channel": c, "label_zh": z} for c, z in CHANNELS.items()],
        "reports.rpt_data_status": channel_status() if status is None else status,
        "reports.rpt_nps": nps,
        "reports.rpt_csat": csat,
    }
    with duckdb.connect(str(settings.warehouse_path)) as connection:
        connection.execute("create schema core")
        connection.execute("create schema reports")
        for name, columns in _SCHEMAS.items():
            connection.execute(f"create table {name} ({columns})")
            if rows[name]:
                given = pa.Table.from_pylist([dict(row) for row in rows[name]])
                connection.register("given", given)
                connection.execute(f"insert into {name} by name select * from given")
        connection.execute(_SAFETY_WATCH)
        found = connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() "
            "where not internal and schema_name <> 'main' order by 1, column_index"
        ).fetchall()
    return publish(settings, _manifest(found), as_of=AS_OF, window_key="w-0123456789ab")["voice"]


def _manifest(found: Sequence[tuple[str, str]]) -> dict[str, Any]:
    columns: dict[str, dict[str, str]] = {}
    for table, column in found:
        columns.setdefault(table, {})[column] = column
    return manifest_of(
        *(
            model(*table.split("."), names, ["voice"], "feedback_date" if ".fct_" in table else None)
            for table, names in columns.items()
        )
    )
