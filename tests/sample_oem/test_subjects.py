"""Messages and notes join to the orders, leads and staff of the business systems they speak of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

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
