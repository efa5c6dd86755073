"""Raw rows of the newer contract entries: joined texts, roles of records, and the newer identifiers."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pyarrow.parquet as pq

from orchestration.admission.admit import admit_pending
from orchestration.admission.keys import Keys
from orchestration.admission.ledger import Ledger
from orchestration.settings import Settings
from tests.admission.damage import CLAIM, row

AS_OF = date(2024, 6, 30)
MOMENT_MS = 1_716_200_000_000  # 2024-05-20


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in records)


def raw_rows(settings: Settings, ledger: Ledger, channel: str) -> list[dict[str, Any]]:
    entries = ledger.files("raw", channel=channel)
    return [row for one in entries for row in pq.read_table(settings.home / one.path).to_pylist()]


def identities(settings: Settings, ledger: Ledger) -> dict[tuple[str, str], dict[str, Any]]:
    entries = ledger.files("identity")
    rows = [row for one in entries for row in pq.read_table(settings.home / one.path).to_pylist()]
    return {(row["pii_class"], row["value"]): row for row in rows}


def article(number: int, title: str | None, body: str) -> dict[str, Any]:
    at = "2024-05-20 10:00:00"
    return {"id": f"A{number}", "title": title, "body": body, "published_at": at, "crawled_at": at}


def test_the_verbatim_joins_the_masked_texts_of_its_fields(
    settings: Settings, ledger: Ledger, drop: Any
) -> None:
    drop(
        "news",
        lines(article(1, "车门异响", "致电 13800138000 询问"), article(2, None, "只有正文"), article(3, "", "无题")),
    )  # fmt: skip
    assert admit_pending(settings, AS_OF).channels["news"].admitted == 3
    rows = raw_rows(settings, ledger, "news")
    assert [one["verbatim"] for one in rows] == ["车门异响\n致电 [手机] 询问", "只有正文", "无题"]
    assert all(one["score_input_hash"] for one in rows)
    assert rows[0]["pii_found"] == '{"phone":1}'


def message(number: int, role: str, text: str, member: str = "wm_张三") -> dict[str, Any]:
    return {
        "msgid": f"M{number}", "room_id": "R1", "from": {"userid": member, "role": role}, "text": text,
        "sent_ms": MOMENT_MS + number,
    }  # fmt: skip


def test_records_of_another_role_belong_to_the_voice_without_words(
    settings: Settings, ledger: Ledger, drop: Any
) -> None:
    said = (message(1, "客户", "空调不冷"), message(2, "顾问", "请到店检查"), message(3, "机器人", "欢迎"))
    drop("private_group", lines(*said))
    assert admit_pending(settings, AS_OF).channels["private_group"].admitted == 3
    rows = raw_rows(settings, ledger, "private_group")
    assert [one["verbatim"] for one in rows] == ["空调不冷", None, None]
    assert [one["score_input_hash"] is None for one in rows] == [False, True, True]
    assert [one["content"] for one in rows] == ["空调不冷", "请到店检查", "欢迎"]
    assert all(one["voice_id"] for one in rows)


def feedback(number: int, account: str, vin8: str) -> dict[str, Any]:
    at = "2024-05-20 10:00:00"
    return {
        "id": f"F{number}", "user": {"id": account}, "vehicle": {"vin_last8": vin8}, "content": "车机卡顿",
        "stars": 2, "state": "active", "created_at": at, "updated_at": at,
    }  # fmt: skip


def test_accounts_and_short_vins_go_to_identity_map_and_subject_index(
    settings: Settings, ledger: Ledger, keys: Keys, drop: Any
) -> None:
    drop("owner_app", lines(feedback(1, "U-77", "en123456"), feedback(2, "u-77 ", "EN123456")))
    assert admit_pending(settings, AS_OF).channels["owner_app"].admitted == 2
    rows = raw_rows(settings, ledger, "owner_app")
    account, vehicle = keys.pseudonym("account", "app:u-77"), keys.pseudonym("vin8", "EN123456")
    assert {one["app_account_key"] for one in rows} == {account}
    assert {one["vin8_key"] for one in rows} == {vehicle}
    found = identities(settings, ledger)
    assert found["app_account", "U-77"]["key"] == account
    assert (found["vin8", "en123456"]["domain"], found["vin8", "en123456"]["key"]) == ("vin8", vehicle)
    for subject in (f"account:{account}", f"vin8:{vehicle}"):
        zones = {one.zone for one in ledger.files_of_subject(subject)}
        assert zones == {"raw", "original", "identity"}, subject
    assert "U-77" not in str(rows)
    assert "EN123456" not in str(rows).upper()


def test_the_app_and_a_full_vin_meet_in_one_short_vin(
    settings: Settings, ledger: Ledger, keys: Keys, drop: Any
) -> None:
    drop("owner_app", lines(feedback(1, "U-77", "EN123456")))
    claims_file = f"{','.join(CLAIM)}\n{','.join(row('warranty_claims', 1, 1))}\n"  # its VIN ends on EN123456
    drop("warranty_claims", claims_file)
    admit_pending(settings, AS_OF)
    (short,) = {one["vin8_key"] for one in raw_rows(settings, ledger, "owner_app")}
    claims = raw_rows(settings, ledger, "warranty_claims")
    assert claims[0]["vin8_key"] == short
    assert len({one.channel for one in ledger.files_of_subject(f"vin8:{short}") if one.zone == "raw"}) == 2


def test_equal_handles_on_two_platforms_never_meet(
    settings: Settings, ledger: Ledger, keys: Keys, drop: Any
) -> None:
    drop("private_group", lines(message(1, "客户", "好", "小Ｍ"), message(2, "客户", "好", "小m")))
    admit_pending(settings, AS_OF)
    (key,) = {one["member_key"] for one in raw_rows(settings, ledger, "private_group")}
    assert key == keys.pseudonym("handle", "private_group:小m")
    assert key != keys.pseudonym("handle", "forum_threads:小m")
    assert {one.zone for one in ledger.files_of_subject(f"handle:{key}")} == {"raw", "original", "identity"}
    assert identities(settings, ledger)["handle", "小Ｍ"]["normalised"] == "private_group:小m"
