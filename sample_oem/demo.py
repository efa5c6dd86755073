"""`make demo`: a sample carmaker from raw deliveries to published tables and the Chinese brief.

Lives beside the simulator because nothing of the warehouse may import it. Everything after the
generation goes through the same `voc` commands a real installation uses.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from orchestration.settings import PROJECT_ROOT, Settings
from sample_oem import generate

DEMO_HOME = PROJECT_ROOT / "data" / "demo"
DAYS = 30
END = date(2026, 3, 31)
SEED = 7
OWNERS = 5000
TOP_ASPECTS = """
select a.label_zh as "属性", sum(g.voice_count) as "声音数", sum(g.negative_voice_count) as "负面",
    sum(g.safety_voice_count) as "涉及安全"
from experience.agg_aspect_sentiment_daily as g join core.dim_aspect as a using (aspect_code)
group by 1 order by 2 desc, 1 limit 10
"""
SCORES = """
select 'NPS' as "指标", touchpoint as "触点", response_count as n, round(nps, 1) as "值",
    round(nps_low, 1) as "下限", round(nps_high, 1) as "上限", suppression_reason_zh as "说明"
from reports.rpt_nps
where window_days = 90 and report_date = (select max(report_date) from reports.rpt_nps)
union all
select 'CSAT 前两档 %', touchpoint, response_count, round(100 * top_two_rate, 1),
    round(100 * top_two_rate_low, 1), round(100 * top_two_rate_high, 1), suppression_reason_zh
from reports.rpt_csat
where window_days = 90 and report_date = (select max(report_date) from reports.rpt_csat)
order by 1 desc, 2
"""
CHANNELS = """
select c.label_zh as "渠道", case c.loop_type when 'inner' then '内环' else '外环' end as "环",
    coalesce(s.admitted_count, 0) as "收下记录", coalesce(f.voices, 0) as "声音",
    coalesce(q.persons, 0) as "对到人", coalesce(q.vehicles, 0) as "对到车"
from core.dim_channel as c
left join reports.rpt_data_status as s using (channel)
left join (select channel, count(*) as voices from core.fct_feedback group by 1) as f using (channel)
left join (
    select channel, sum(person_linked_count) as persons, sum(vehicle_linked_count) as vehicles
    from reports.rpt_identity_quality group by 1
) as q using (channel)
order by 2, 4 desc, 3 desc, 1
"""
EVENT_LABELS_ZH = {
    "order": "下订", "delivery": "交付", "cancellation": "退订", "accessory_order": "精品订单",
    "lead": "线索", "test_drive": "试驾", "ownership": "成为车主", "service_visit": "进店",
    "warranty_claim": "保修索赔", "goodwill": "补偿", "contact": "联络", "complaint_case": "投诉立案",
    "case_resolution": "投诉结案", "insurance_policy": "保单", "software_install": "软件安装",
    "consent": "授权", "survey_invitation": "调研邀请", "voice": "声音",
}  # fmt: skip
LOOK = "select channel, count(*) as voices from core.fct_feedback group by channel order by voices desc"


def main() -> int:
    """Make the deliveries once, land them, refresh, and show what came out."""
    home = Path(os.environ.setdefault("VOC_HOME", str(DEMO_HOME))).resolve()
    os.environ.setdefault("VOC_KEYS", str(home / "demo-keys" / "keys.json"))
    deliveries = home.parent / f"{home.name}-deliveries"
    _say("1. Sample carmaker")
    if not (deliveries / "deliveries.csv").is_file():
        made = generate(deliveries, home.parent / f"{home.name}-truth", DAYS, END, SEED, OWNERS)
        print(f"   {made.files} files, {made.bytes / 1e6:.1f} MB, {DAYS} days, in {deliveries}")
    else:
        print(f"   deliveries are there: {deliveries}")
    _voc("init-home")
    if not Path(os.environ["VOC_KEYS"]).is_file():
        _voc("keys", "init")
    _say("2. Deliver")
    print(f"   {land_all(deliveries)} new files landed")
    _say("3. Refresh")
    if _voc("refresh"):
        return 1
    _show(home)
    return 0


def land_all(folder: Path) -> int:
    """Land what is new of a `deliveries.csv`, under its own times of receipt; return how many."""
    from orchestration.admission.ledger import Ledger
    from orchestration.sources.landing import deliver

    settings = Settings.load()
    count = 0
    with (
        (folder / "deliveries.csv").open(encoding="utf-8", newline="") as stream,
        Ledger.open(settings) as ledger,
    ):
        landed = {(one.channel, one.file_name, one.received_at) for one in ledger.deliveries()}
        for row in csv.DictReader(stream):
            path, received_at = folder / row["file"], datetime.fromisoformat(row["received_at"])
            if (row["channel"], path.name, received_at) in landed:
                continue
            deliver(settings, ledger, row["channel"], [path], received_at=received_at)
            count += 1
    return count


def _show(home: Path) -> None:
    from orchestration.publishing.versions import current_version

    settings = Settings.load()
    _say("4. Channels: inner and outer loop, linked to persons and vehicles (published)")
    _voc("sql", CHANNELS)
    _say("5. One customer's journey across the most sources")
    _show_journey(settings)
    _say("6. NPS and CSAT")
    _voc("sql", SCORES)
    _say("7. Top aspects")
    _voc("sql", TOP_ASPECTS)
    brief = home / "brief.html"
    _say("8. Brief")
    _voc("brief", "--output", str(brief))
    version = current_version(settings, "bi")
    print("\nYours to open:")
    print(f"   brief      {brief}")
    if version is not None:
        print(f"   tables     {version / 'voc_bi.duckdb'}")
    print(f'   a query    VOC_HOME={home} {Path(sys.executable).parent / "voc"} sql "{LOOK}"')


def _show_journey(settings: Settings) -> None:
    from orchestration.journey import widest_journey
    from orchestration.publishing.query import run_query

    channels = dict(run_query(settings, "bi", "select channel, label_zh from core.dim_channel").rows)
    events = widest_journey(settings)
    table = Table("日期", "来源", "事件", "细节", "车龄（月）", "城市")
    for one in events:
        age = "" if one.vehicle_age_months is None else str(one.vehicle_age_months)
        label = EVENT_LABELS_ZH[one.event_kind]
        row = (str(one.event_date), channels[one.source_channel], label, one.detail_zh, age, one.city_zh)
        table.add_row(*(cell or "" for cell in row))
    Console().print(table)
    print(f"   {len(events)} events from {len({one.source_channel for one in events})} sources")


def _voc(*arguments: str) -> int:
    return subprocess.run([sys.executable, "-m", "orchestration.cli", *arguments], check=False).returncode


def _say(headline: str) -> None:
    print(f"\n{headline}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
