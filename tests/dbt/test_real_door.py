"""Files through the real door and the real scorer: what was delivered stands in the published tables."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ml.score_files import score_parquet
from ml.scoring import SCORER_VERSION
from orchestration.admission.admit import admit_pending
from orchestration.admission.keys import create_key_file
from orchestration.admission.ledger import Ledger
from orchestration.admission.ledger_types import FileEntry
from orchestration.settings import Settings
from orchestration.sources.landing import deliver
from orchestration.warehouse import control, dbt_runner
from tests.support.table_hash import differing, table_hashes

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 2)
COMPLAINTS = """投诉编号,投诉品牌,投诉车系,投诉车型,投诉简述,投诉问题,问题类型,投诉日期
20260302000001,示例,甲系,甲型,高速上刹车突然失灵，电话13812345678,制动系统,刹车失灵,2026-03-02
20260302000001,示例,甲系,甲型,高速上刹车突然失灵，电话13812345678,车身附件,异响,2026-03-02
20260302000002,示例,乙系,乙型,空调不制冷，去店里三次都没修好,空调,不制冷,2026-03-01
"""
SURVEY_INVITATIONS = """邀请编号,客户编号,手机号,车架号,经销商代码,触点,邀请方式,邀请状态,邀请时间,更新时间
INV-0001,C001,13800000001,,D001,售后服务,短信,已完成,2026-03-01 10:00:00,2026-03-02 10:00:00
INV-0002,C002,13800000002,,D001,品牌关系,短信,已完成,2026-03-01 10:00:00,2026-03-02 10:00:00
"""
SURVEY_RESPONSES = """答卷编号,邀请编号,指标,量表,得分,评论,提交时间
R-0001,INV-0001,NPS,0-10,9,服务态度很好，等待时间短,2026-03-02 12:00:00
R-0001,INV-0001,CSAT,1-5,5,服务态度很好，等待时间短,2026-03-02 12:00:00
R-0002,INV-0002,NPS,1-10,7,,2026-03-02 12:00:00
"""


def call(number: int, text: str, updated: datetime, status: str = "active") -> dict:
    started = int(datetime(2026, 3, 2, 2, tzinfo=UTC).timestamp() * 1000)
    return {
        "call_id": f"CALL-{number:04d}", "started_at_ms": started, "ended_at_ms": started + 60_000,
        "updated_at_ms": int(updated.timestamp() * 1000), "status": status, "caller_phone": "13912345678",
        "customer_id": "C001", "vin": "", "agent_id": "A01", "queue": "after_sales", "agent_tags": [],
        "turns": [{"speaker": "agent", "text": "您好"}, {"speaker": "customer", "text": text}],
    }  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path, parsed_home: Path) -> Settings:
    keys = tmp_path / "keys.json"
    create_key_file(keys)
    shutil.copytree(parsed_home / "dbt", tmp_path / "home" / "dbt")
    return Settings.load({"VOC_HOME": str(tmp_path / "home"), "VOC_KEYS": str(keys)})


def send(settings: Settings, channel: str, name: str, content: bytes, received_at: datetime) -> None:
    path = settings.home / "outside" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with Ledger.open(settings) as ledger:
        deliver(settings, ledger, channel, [path], received_at)


def refresh(settings: Settings, as_of: date) -> None:
    admit_pending(settings, as_of)
    with Ledger.open(settings) as ledger:
        score(settings, ledger)
        window = control.open_window(settings, ledger, as_of, scorer_version=SCORER_VERSION)
    result = dbt_runner.run_build(settings, window.is_full_rebuild)
    assert result.success, result.summary()
    control.close_window(settings, window)


def score(settings: Settings, ledger: Ledger) -> None:
    entries = []
    for raw in ledger.unscored_files(SCORER_VERSION):
        for_zone = {
            zone: Path("scores") / raw.channel / f"{raw.entity}-{raw.file_id}.{zone}.parquet"
            for zone in ("score_text", "score_mention")
        }
        for path in for_zone.values():
            (settings.home / path).parent.mkdir(parents=True, exist_ok=True)
        score_parquet(settings.home / raw.path, *(settings.home / path for path in for_zone.values()))
        entries += [
            FileEntry(
                zone=zone, channel=raw.channel, entity=raw.entity, ingest_date=raw.ingest_date,
                path=str(path),
                sha256="", rows=raw.rows, bytes=0, delivery_id=raw.delivery_id, parent_file_id=raw.file_id,
                scorer_version=SCORER_VERSION,
            )
            for zone, path in for_zone.items()
        ]  # fmt: skip
    ledger.list_score_files(entries)


def rows(settings: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_delivered_voices_reach_the_tables(settings: Settings, tmp_path: Path) -> None:
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    send(settings, "complaint_site", "c.csv", COMPLAINTS.encode(), at)
    calls = [call(1, "车子在路上抛锚了", at), call(2, "座椅加热坏了", at)]
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in calls)
    send(settings, "call_center", "calls.jsonl", text.encode(), at)
    send(settings, "survey", "inv.csv", SURVEY_INVITATIONS.encode("gb18030"), at)
    send(settings, "survey", "resp.csv", SURVEY_RESPONSES.encode("gb18030"), at + timedelta(minutes=1))
    refresh(settings, DAY)
    counts = "select channel, count(*), sum(record_count) from core.fct_feedback group by 1 order by 1"
    assert rows(settings, counts) == [("call_center", 2, 2), ("complaint_site", 2, 3), ("survey", 1, 2)]
    verbatim = rows(
        settings, "select verbatim from core.fct_feedback where record_count = 2 and channel <> 'survey'"
    )
    assert verbatim == [("高速上刹车突然失灵，电话[手机]",)]
    assert rows(settings, "select count(*) > 0 from reports.rpt_safety_watch") == [(True,)]
    nps = (
        "select survey_type, response_count, promoter_count, other_scale_count from experience.agg_nps_daily"
    )
    assert sorted(rows(settings, nps)) == [("relationship", 0, 0, 1), ("touchpoint", 1, 1, 0)]
    status = rows(
        settings, "select bool_and(equations_closed), sum(admitted_count) from reports.rpt_data_status"
    )
    assert status == [(True, 10)]
    # A day later one call is corrected and the other withdrawn; the daily build equals a rebuild.
    later = at + timedelta(days=1)
    changes = [call(1, "车子抛锚，救援来得很快", later), call(2, "座椅加热坏了", later, "deleted")]
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in changes)
    send(settings, "call_center", "calls2.jsonl", text.encode(), later)
    refresh(settings, DAY + timedelta(days=1))
    assert rows(settings, "select is_full_rebuild from ctl.run_window") == [(False,)]
    assert rows(settings, "select verbatim from core.fct_feedback where channel = 'call_center'") == [
        ("车子抛锚，救援来得很快",)
    ]
    daily = table_hashes(settings.warehouse_path)
    settings.warehouse_path.unlink()
    refresh(settings, DAY + timedelta(days=1))
    assert differing(daily, table_hashes(settings.warehouse_path)) == {}
