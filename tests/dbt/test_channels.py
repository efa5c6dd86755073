"""What each voice channel becomes in fct_feedback: its keys, roles, turns, stars, reposts, and its past.

Built once over a handful of records of every channel with a rule of its own; each expectation can be
read off the records below.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.conftest import Warehouse
from tests.support import sample_history as history
from tests.support.raw_home import RawHome, key
from tests.support.table_hash import differing, table_hashes

pytestmark = pytest.mark.slow

DAY = history.FIRST_DAY
NEXT = DAY + timedelta(days=1)
LATER = DAY + timedelta(days=3)


def at(day: date, second: int = 0) -> str:
    return history.stamp(day, second)


def chat(number: int, seq: int, sender: str, text: str, **more: str) -> dict[str, str]:
    return {
        "session_no": f"CH{number}", "message_seq": str(seq), "sender": sender, "content": text,
        "sent_at": at(DAY, seq * 10), "queue": "售后", **more,
    }  # fmt: skip


def thread_post(number: int, text: str, edited: str, state: str = "active", **more: str) -> dict[str, str]:
    return {
        "post_no": f"P{number}", "thread_no": "T1", "title": "用车感受", "content": text, "author": "uid-7",
        "state": state, "posted_at": at(DAY), "edited_at": edited, **more,
    }  # fmt: skip


def group_message(number: int, role: str, text: str, **more: str) -> dict[str, str]:
    return {
        "message_no": f"G{number}", "group_no": "R1", "member": f"m{number}", "member_role": role,
        "content": text, "sent_at": at(DAY, number), **more,
    }  # fmt: skip


def first_day(home: RawHome) -> None:
    received = history.received(DAY)
    turns = [
        chat(1, 1, "机器人", "您好，请问有什么可以帮您"),
        chat(1, 2, "客户", "空调不冷"),
        chat(1, 3, "坐席", "刹车失灵吗"),
        chat(1, 4, "客户", "修了三次", phone="13800000001"),
        chat(1, 10, "客户", "空调不冷"),
        chat(1, 11, "客户", "座椅也不行", app_account="app-1"),
        chat(2, 1, "机器人", "您好，请问有什么可以帮您"),
    ]
    home.deliver("online_chat", "message", received, list(reversed(turns)))
    home.deliver(
        "private_group",
        "message",
        received,
        [
            group_message(1, "客户", "刹车有点软", customer="C00001"),
            group_message(2, "顾问", "亲，刹车没问题的", replied_message_no="G1"),
            group_message(3, "机器人", "本周到店有礼"),
        ],
    )
    home.deliver("forum_threads", "post", received, [thread_post(1, "空调不冷", at(DAY))])
    home.deliver(
        "review_site",
        "review",
        received,
        [
            {
                "review_no": "K1", "author": "u1", "score_space": "5", "score_power": "4", "score_comfort": "2",
                "best_text": "空间大", "worst_text": "空调不冷", "posted_at": at(DAY), "updated_at": at(DAY),
            }
        ],
    )  # fmt: skip
    home.deliver(
        "social_media",
        "post",
        received,
        [
            {"post_no": "S1", "platform": "weibo", "content": "高速上抛锚", "author": "w1", "state": "active",
             "posted_at": at(DAY), "updated_at": at(DAY)},
            {"post_no": "S2", "platform": "weibo", "content": "扩散一下", "author": "w2", "state": "active",
             "reposted_post_no": "S1", "posted_at": at(DAY, 5), "updated_at": at(DAY, 5)},
            {"post_no": "S3", "platform": "weibo", "author": "w3", "state": "active",
             "reposted_post_no": "S1", "posted_at": at(DAY, 6), "updated_at": at(DAY, 6)},
        ],
    )  # fmt: skip
    home.deliver(
        "owner_app",
        "app_feedback",
        received,
        [
            {"feedback_no": "A1", "app_account": "app-1", "vin8": "12345678", "star_count": "2",
             "content": "车机卡顿", "vehicle_software_version": "2.1.0", "state": "active",
             "created_at": at(DAY), "updated_at": at(DAY)},
        ],
    )  # fmt: skip
    home.deliver(
        "order_message",
        "message",
        received,
        [
            {"message_no": "M1", "order_no": "O77", "message_kind": "催单", "phone": "13800000009",
             "content": "怎么还不发货", "written_at": at(DAY), "updated_at": at(DAY)},
        ],
    )  # fmt: skip
    home.deliver(
        "dealer_note",
        "note",
        received,
        [
            {"note_no": "N1", "dealer_code": "D001", "plate": "浙A12345", "content": "客反映座椅硬",
             "stage": "试驾", "written_at": at(DAY), "updated_at": at(DAY)},
        ],
    )  # fmt: skip
    home.deliver(
        "service",
        "repair_line",
        received,
        [
            {"visit_no": "V1", "line_no": "1", "vin": history.vin(1), "dealer_code": "D001", "payer": "保修",
             "complaint_note": "客诉空调不冷", "opened_at": at(DAY), "updated_at": at(DAY)},
            {"visit_no": "V1", "line_no": "2", "vin": history.vin(1), "dealer_code": "D001", "payer": "客户",
             "opened_at": at(DAY), "updated_at": at(DAY)},
        ],
    )  # fmt: skip
    home.deliver(
        "customer_mail",
        "mail",
        received,
        [
            {"message_no": "a1@mail.example", "sender": "a@example.com", "subject": "投诉", "body_own": "刹车失灵",
             "in_reply_to": "a0@mail.example", "sent_at": at(DAY)},
        ],
    )  # fmt: skip
    home.deliver(
        "news",
        "article",
        received,
        [
            {"article_no": "W2", "copied_article_no": "W1", "site_zh": "示例网", "title": "新车", "body": "空调很好",
             "published_at": at(DAY), "crawled_at": at(DAY)},
        ],
    )  # fmt: skip
    home.deliver(
        "interview",
        "interview",
        received,
        [
            {"interview_no": "I1", "study_zh": "家用", "customer": "C00002", "turns": "座椅舒服",
             "held_at": at(DAY), "updated_at": at(DAY)},
        ],
    )  # fmt: skip


def later_days(home: RawHome) -> None:
    """An edit and a late turn on the second day; a deletion and an answer of long ago on the fourth."""
    edited = thread_post(1, "空调还是不冷", at(NEXT))
    home.deliver("forum_threads", "post", history.received(NEXT), [edited])
    home.deliver("online_chat", "message", history.received(NEXT), [chat(1, 3 + 9, "客户", "再不回我就投诉")])
    gone = thread_post(1, "空调还是不冷", at(LATER), "deleted")
    home.deliver("forum_threads", "post", history.received(LATER), [gone])


def rows(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        cursor = connection.execute(sql)
        names = [one[0] for one in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def voice(warehouse: Warehouse, channel: str) -> dict[str, Any]:
    (found,) = rows(warehouse, f"select * from core.fct_feedback where channel = '{channel}'")
    return found


@pytest.fixture(scope="module")
def first(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    warehouse = new_warehouse()
    first_day(warehouse.home)
    result = warehouse.refresh(DAY)
    assert result.success, result.summary()
    return warehouse


@pytest.fixture(scope="module")
def later(first: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Day by day: the first day built in full, the second and the fourth as daily runs."""
    warehouse = first.copy(tmp_path_factory.mktemp("later") / "home")
    later_days(warehouse.home)
    for day in (NEXT, LATER):
        result = warehouse.refresh(day)
        assert result.success, result.summary()
    return warehouse


def test_a_chat_is_one_voice_in_the_customers_words_and_order(first: Warehouse) -> None:
    found = voice(first, "online_chat")
    assert found["source_voice_no"] == "CH1"
    # Turn 10 stands after turn 4; what was said twice stands where it was said first.
    assert found["verbatim"] == "空调不冷\n修了三次\n座椅也不行"
    assert (found["record_count"], found["text_count"]) == (4, 3)
    # The last turn knows most about the customer.
    assert found["account_key"] == key("app_account", "app-1")
    assert (found["author_key"], found["author_key_basis"]) == (found["account_key"], "account")
    # What the agent says is no evidence.
    assert rows(first, "select distinct aspect_code from core.fct_feedback_mention where channel = 'online_chat'"
                " order by 1") == [{"aspect_code": "INT-HVC"}, {"aspect_code": "INT-SEA"}]  # fmt: skip


def test_only_customers_of_a_group_are_voices(first: Warehouse) -> None:
    found = voice(first, "private_group")
    assert (found["source_voice_no"], found["thread_no"], found["author_role"]) == ("G1", "R1", "owner")
    assert found["author_key_basis"] == "customer"
    kept = rows(
        first,
        "select author_role, is_voice from intermediate.int_feedback_record "
        "where channel = 'private_group' order by source_voice_no",
    )
    assert kept == [
        {"author_role": "owner", "is_voice": True},
        {"author_role": "advisor", "is_voice": False},
        {"author_role": "system", "is_voice": False},
    ]


def test_a_repost_without_words_is_spread_and_no_voice(first: Warehouse) -> None:
    found = rows(
        first,
        "select source_voice_no, repost_of_no, author_key_basis from core.fct_feedback "
        "where channel = 'social_media' order by source_voice_no",
    )
    assert found == [
        {"source_voice_no": "S1", "repost_of_no": None, "author_key_basis": "handle"},
        {"source_voice_no": "S2", "repost_of_no": "S1", "author_key_basis": "handle"},
    ]
    assert voice(first, "news")["repost_of_no"] == "W1"


def test_stars_and_software_are_the_sources(first: Warehouse) -> None:
    app, review = voice(first, "owner_app"), voice(first, "review_site")
    assert (app["star_score"], app["software_version"]) == (Decimal("2.00"), "2.1.0")
    assert app["vin8_key"] == key("vin8", "12345678")
    # (5 + 4 + 2) / 3: dimensions that were not given do not count.
    assert review["star_score"] == Decimal("3.67")
    assert review["verbatim"] == "空间大\n空调不冷"


def test_keys_and_roles_of_the_inner_channels(first: Warehouse) -> None:
    order, note, repair = voice(first, "order_message"), voice(first, "dealer_note"), voice(first, "service")
    assert (order["order_no"], order["author_key_basis"]) == ("O77", "phone")
    assert (note["dealer_code"], note["author_role"]) == ("D001", "advisor")
    assert note["plate_key"] == key("plate", "浙A12345")
    assert (repair["source_voice_no"], repair["author_role"], repair["author_key_basis"]) == (
        "V1-1", "technician", "vehicle",
    )  # fmt: skip
    mail, interview = voice(first, "customer_mail"), voice(first, "interview")
    assert (mail["author_key_basis"], mail["verbatim"]) == ("mail", "投诉\n刹车失灵")
    # A mail's own id looks like an address; it and the one answered survive as pseudonyms.
    assert mail["source_voice_no"].startswith("k1_")
    assert mail["reply_to_no"].startswith("k1_")
    assert mail["source_voice_no"] != mail["reply_to_no"]
    assert (interview["author_key_basis"], interview["source_categories_zh"]) == ("customer", "家用")


def test_a_late_turn_joins_its_voice(later: Warehouse) -> None:
    found = voice(later, "online_chat")
    assert found["verbatim"] == "空调不冷\n修了三次\n座椅也不行\n再不回我就投诉"
    assert found["feedback_date"] == DAY


def as_known(warehouse: Warehouse, day: date) -> list[tuple[str, bool]]:
    """What was known of the forum at the end of a day."""
    moment = f"timestamp '{day} 16:00:00'"
    found = rows(
        warehouse,
        f"select verbatim, is_deleted from core.fct_feedback_version where channel = 'forum_threads' "
        f"and valid_from <= {moment} and (valid_to is null or {moment} < valid_to)",
    )
    return [(row["verbatim"], row["is_deleted"]) for row in found]


def test_an_as_of_query_returns_every_state_of_an_edited_and_deleted_post(later: Warehouse) -> None:
    assert as_known(later, DAY - timedelta(days=1)) == []
    assert as_known(later, DAY) == [("用车感受\n空调不冷", False)]
    assert as_known(later, NEXT) == [("用车感受\n空调还是不冷", False)]
    assert as_known(later, NEXT + timedelta(days=1)) == [("用车感受\n空调还是不冷", False)]
    assert as_known(later, LATER) == [("用车感受\n空调还是不冷", True)]
    changes = rows(
        later,
        "select version_no, change_kind, is_current from core.fct_feedback_version "
        "where channel = 'forum_threads' order by version_no",
    )
    assert [tuple(row.values()) for row in changes] == [
        (1, "first", False), (2, "text", False), (3, "deleted", True),
    ]  # fmt: skip
    assert rows(later, "select * from core.fct_feedback where channel = 'forum_threads'") == []


def test_latency_counts_the_first_sighting_of_a_voice(later: Warehouse) -> None:
    found = {
        row["channel"]: row
        for row in rows(
            later, f"select * from experience.agg_ingest_latency_daily where feedback_date = '{DAY}'"
        )
    }
    # Said at 03:00 UTC (the chat 10 s later), received at 02:00 of the same day's clock or later.
    assert found["online_chat"]["voice_count"] == 1
    assert found["online_chat"]["late_count"] == 0
    assert found["online_chat"]["person_keyed_count"] == 1
    assert found["service"]["vehicle_keyed_count"] == 1
    assert "forum_threads" not in found, "a withdrawn voice is counted nowhere"
    assert all(row["mart_p50_h"] >= row["receipt_p50_h"] for row in found.values())
    status = {row["channel"]: row for row in rows(later, "select * from reports.rpt_data_status")}
    assert status["social_media"]["voice_count"] == 2
    assert status["social_media"]["loop_type"] == "outer"
    assert status["order_message"]["person_keyed_voice_count"] == 1
    # Four days on, what has a day and a half to be stale is stale, and says so.
    assert status["order_message"]["is_stale"]
    assert not status["review_site"]["is_stale"]


def test_day_by_day_equals_at_once(later: Warehouse, tmp_path: Path) -> None:
    other = later.copy(tmp_path / "home")
    result = other.refresh(LATER, full=True)
    assert result.success, result.summary()
    assert differing(table_hashes(later.path), table_hashes(other.path)) == {}
