"""Messages and notes join to the orders, leads and staff of the business systems they speak of."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sample_oem import generate
from sample_oem.reader import csv_records, json_records, sheet_records

Rows = list[dict[str, str]]


def table(folder: Path, entity: str, key: str) -> dict[str, Rows]:
    """All versions of the records of one business entity by key, in order of export."""
    found: dict[str, Rows] = {}
    for file in sorted(folder.iterdir()):
        for _, row in json_records(file):
            if isinstance(row, dict) and row.get("record_type") == entity and row.get(key):
                found.setdefault(str(row[key]), []).append({k: str(v or "") for k, v in row.items()})
    return found


@pytest.fixture(scope="module")
def messages(made) -> Rows:
    """Sound order messages, one row per message."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted((made.out / "order_message").iterdir()):
        (_, header), *records = csv_records(file, "utf-8", ";")
        for _, cells in records:
            if len(cells) == len(header):
                found.setdefault(cells[0], dict(zip(header, cells, strict=True)))
    return [row for row in found.values() if row["留言编号"].startswith("OM")]


@pytest.fixture(scope="module")
def notes(made) -> Rows:
    """Sound advisers' notes, one row per note."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted((made.out / "dealer_note").iterdir()):
        (_, header), *records = sheet_records(file, "笔记")
        for _, cells in records:
            if len(cells) == len(header) and cells[1] and cells[8] != "成交":
                found.setdefault(cells[0], dict(zip(header, cells, strict=True)))
    return [row for number, row in found.items() if number.startswith("N")]


def test_messages_are_written_by_those_who_placed_the_order(made, messages: Rows) -> None:
    cars = table(made.out / "sales", "vehicle_order", "order_no")
    goods = table(made.out / "sales", "accessory_order", "accessory_order_no")
    named = [m for m in messages if m["订单号"]]
    assert len(named) > 0.8 * len(messages) > 15
    found = [m for m in named if m["订单号"] in cars or m["订单号"] in goods]
    # A damaged row of the shop may hide an order.
    assert len(found) > 0.95 * len(named)
    for message in found:
        order = (cars.get(message["订单号"]) or goods[message["订单号"]])[0]
        assert message["联系电话"] in ("", order["phone"])
        day, month, year = message["留言时间"][:10].split(".")
        assert order["ordered_at"][:10] <= f"{year}-{month}-{day}"
        if message["订单号"] in goods:
            assert (message["商品"], message["规格"]) == (order["item_zh"], order["variant_zh"])
            assert message["账号"] in ("", order["app_user_id"])
        else:
            assert message["留言类型"] in ("催单", "改单", "退订", "退货", "咨询")
    assert {m["订单号"][:2] for m in named} >= {"AC", "SO"}


def test_notes_tell_of_leads_as_they_stand(made, notes: Rows) -> None:
    leads = table(made.out / "crm", "lead", "lead_no")
    about = [n for n in notes if n["线索编号"]]
    assert len(about) > 30
    found = [n for n in about if n["线索编号"] in leads]
    assert len(found) > 0.95 * len(about)
    for note in found:
        lead, day = leads[note["线索编号"]][-1], note["记录时间"][:10]
        assert note["经销商代码"] == lead["dealer_code"]
        assert note["客户电话"] in ("", lead["phone"])
        if note["阶段"] == "战败":
            assert lead["status"] == "战败"
            assert lead["closed_date"] <= day
            assert note["战败竞品"] == lead.get("lost_to_brand_zh", "")
        elif note["阶段"] != "订车":
            assert day < lead.get("closed_date", "9999")
    assert {"战败", "线索"} <= {n["阶段"] for n in about}
    assert not [n for n in notes if n["阶段"] in ("线索", "试驾", "谈判", "战败") and not n["线索编号"]]


def test_notes_are_written_by_staff_who_work_there(made, notes: Rows) -> None:
    staff = table(made.out / "crm", "dealer_staff", "staff_no")
    written = Counter(bool(n["顾问工号"]) for n in notes)
    assert written[True] > 0.9 * len(notes)
    for note in notes:
        if note["顾问工号"] in staff:
            one = staff[note["顾问工号"]][-1]
            assert (note["经销商代码"], note["岗位"]) == (one["dealer_code"], one["role"])
            assert note["记录时间"][:10] < one.get("left_date", "9999")


# -- staff who pose as customers ------------------------------------------------------------------
@dataclass(frozen=True)
class Posed:
    """A sample with its deliveries and the voices of staff who pose as customers."""

    out: Path
    told: Rows


def generated(base: Path, **how: Any) -> tuple[Path, Rows]:
    """Folder of the deliveries, and the account of all voices."""
    generate(base / "d", base / "t", **how)
    with (base / "t" / "voice_truth.csv").open(encoding="utf-8", newline="") as handle:
        return base / "d", list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def posed(tmp_path_factory: pytest.TempPathFactory) -> Posed:
    channels = ["call_center", "crm", "online_chat", "private_group", "review_site"]
    how = {"days": 30, "owners": 1000, "voices_per_day": 300, "seed": 8, "channels": channels}
    out, rows = generated(tmp_path_factory.mktemp("posed"), **how)
    return Posed(out, [row for row in rows if row["staff_no"]])


def test_truth_names_the_staff_who_praise_in_the_names_of_several_owners(posed: Posed) -> None:
    told, staff = posed.told, table(posed.out / "crm", "dealer_staff", "staff_no")
    assert {row["channel"] for row in told} == {"call_center", "online_chat", "private_group", "review_site"}
    assert all(row["speaker_role"] == "staff" and row["polarity"] == "1" for row in told)
    assert all(row["speaker"] == "-1" and not row["noise"] for row in told)
    names: dict[str, set[str]] = {}
    for row in told:
        names.setdefault(row["staff_no"], set()).add(row["vehicle"])
    assert len(names) >= 2
    assert all(len(cars) >= 3 for cars in names.values())
    assert set(names) <= set(staff)
    assert not [number for number in names if staff[number][-1].get("left_date")]


def test_posing_staff_leave_their_own_phone_or_handle(posed: Posed) -> None:
    staff = table(posed.out / "crm", "dealer_staff", "staff_no")
    phones = {number: rows[-1]["phone"] for number, rows in staff.items()}
    poser = {row["voice"]: row["staff_no"] for row in posed.told}
    customers: dict[str, set[str]] = {}
    for file in sorted((posed.out / "call_center").iterdir()):
        for _, call in json_records(file):
            if isinstance(call, dict) and call.get("call_id") in poser:
                number = poser[call["call_id"]]
                assert call["caller_phone"] == phones[number]
                customers.setdefault(number, set()).add(call["customer_id"])
    for file in sorted((posed.out / "online_chat").iterdir()):
        for _, cells in csv_records(file, "gb18030")[1:]:
            if len(cells) == 12 and cells[0] in poser:
                assert cells[6] == phones[poser[cells[0]]]
                customers.setdefault(poser[cells[0]], set()).add(cells[5])
    assert all(len(names - {""}) >= 2 for names in customers.values())
    handles: dict[str, set[tuple[str, str]]] = {}
    for file in sorted((posed.out / "private_group").iterdir()):
        for _, said in json_records(file):
            if isinstance(said, dict) and said.get("msgid") in poser:
                who = said["from"]["userid"], said["from"]["name"]
                handles.setdefault(poser[said["msgid"]], set()).add(who)
    assert all(len({handle for handle, _ in found}) == 1 for found in handles.values())
    assert max(len(found) for found in handles.values()) >= 2


def test_nobody_poses_in_the_null_twin(tmp_path: Path) -> None:
    how = {"days": 6, "owners": 300, "voices_per_day": 400, "channels": ["online_chat"]}
    _, rows = generated(tmp_path, scenario="null:posing", **how)
    assert len(rows) > 100
    assert not [row for row in rows if row["staff_no"]]
