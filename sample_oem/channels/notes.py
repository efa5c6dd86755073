"""Advisers' notes of the dealers: a workbook a day with one sheet, a row per note."""

from __future__ import annotations

import re
from typing import NamedTuple

from sample_oem.channels.desk import Desk
from sample_oem.context import Context
from sample_oem.registry import Break, Channel, EntityFile, register
from sample_oem.sheet import Moment, row_xml
from sample_oem.spoken import Row
from sample_oem.subjects import Lead, Staff, leads, staff
from sample_oem.truth import Item
from sample_oem.voices.reported import AdviserComposer

_HEADER = (
    "笔记编号", "经销商代码", "顾问工号", "岗位", "客户姓名", "客户电话", "车牌号", "线索编号", "阶段",
    "战败原因", "战败竞品", "笔记内容", "记录时间", "更新时间",
)  # fmt: skip
_SERVICE_STAGES = ("保养", "维修", "维修", "维修", "交付")
_ADVISERS = ("销售顾问", "服务顾问", "客户经理")
_ROLES = {True: ("销售顾问", "客户经理"), False: ("服务顾问", "客户经理")}
# What the note calls the reasons of the leads.
_LOST = {"座椅不舒服": "座椅舒适性", "等待时间长": "交付周期", "隔音异响": "隔音"}


class _Notebook(NamedTuple):
    """The desk of the notes with the leads they are about and the staff who write them."""

    desk: Desk[AdviserComposer]
    numbers: list[str]
    leads: dict[str, Lead]
    staff: dict[str, list[Staff]]


class _Head(NamedTuple):
    """What stands before the note: dealer, stage, and of lost leads why and to whom."""

    dealer: str
    stage: str
    lost: str = ""
    rival: str = ""


def dealer_note(context: Context) -> list[Item]:
    """经销商顾问笔记: what advisers write down about customers and leads, in their shorthand."""
    desk = Desk(context, "dealer_note", "note", AdviserComposer, "adviser")
    business = context.happenings.business
    numbers: list[str] = context.happenings.links["dealer_note"].tolist()
    book = _Notebook(desk, numbers, leads(business), staff(business))
    items: list[Item] = []
    for row in desk.rows():
        items += _note_items(book, row)
    return items


def _note_items(book: _Notebook, row: Row) -> list[Item]:
    desk = book.desk
    context, rng, number = desk.context, desk.rng, f"N{row.number + 3_000_000}"
    head = _stage(book, row)
    noise = desk.noise_kind(row)
    if noise:
        text = desk.noise.text(noise, row.vehicle)
    else:
        write = desk.composer.lost if head.stage == "战败" else desk.composer.note
        mood = () if head.stage == "战败" else (row.mood,)
        text = desk.claimed(row, write(row.vehicle, row.topic, *mood))
        text = desk.personal.maybe(text, row.vehicle, number, row.day, row.speaker)
    desk.account.note(row, number, noise=noise)
    second, event = min(desk.second(row), 20 * 3600), context.date(row.day)
    at = context.moment(row.day, second)
    first = _first_cells(book, row, number, head)

    def item(day: int, said: str, changed: str) -> Item:
        cells = (*first, head.stage, head.lost, head.rival, said, Moment(at), changed)
        return Item(day, "note", (number,), row_xml(cells), event, number, changed)

    out = [item(row.day, text, at)]
    later = row.day + 1 + rng.randrange(6)
    if rng.random() < 0.04 and later < context.days:
        more = text + "；" + desk.composer.say("d_next", desk.composer.speaker(row.vehicle, row.topic))
        out.append(item(later, more, context.moment(later, rng.randrange(9 * 3600, 19 * 3600))))
    return out


def _stage(book: _Notebook, row: Row) -> _Head:
    """How the matter stands on the day of the note: of a lead by its own dates, else in the workshop."""
    world, rng = book.desk.context.world, book.desk.rng
    lead = book.leads.get(book.numbers[row.number])
    if lead is None:
        dealer = world.dealers.code[int(world.vehicles.dealer[row.vehicle])]
        return _Head(dealer, _SERVICE_STAGES[rng.randrange(len(_SERVICE_STAGES))])
    if lead.closed <= row.day:
        if not lead.is_lost:
            return _Head(lead.dealer_code, "订车")
        return _Head(lead.dealer_code, "战败", _LOST.get(lead.reason, lead.reason), lead.rival)
    driven = lead.driven <= row.day
    return _Head(lead.dealer_code, ("试驾", "谈判")[row.number % 2] if driven else "线索")


def _first_cells(book: _Notebook, row: Row, number: str, head: _Head) -> tuple[str, ...]:
    """Number, dealer, adviser, role, and who the customer is: by car in the workshop, by lead before."""
    desk, world, rng = book.desk, book.desk.context.world, book.desk.rng
    lead_no = book.numbers[row.number]
    known = rng.random() < 0.8
    name = (world.customers.name[row.speaker] if row.speaker >= 0 else desk.stranger()) if known else ""
    phone = book.leads[lead_no].phone if lead_no else desk.keys.phone(row)
    writer = _writer(book, row, head.dealer, is_sales=bool(lead_no))
    is_ours = not lead_no and row.speaker >= 0
    return (
        number,
        head.dealer,
        *writer,
        name,
        phone if rng.random() < 0.85 else "",
        world.vehicles.plate[row.vehicle] if is_ours else "",
        lead_no,
    )


def _writer(book: _Notebook, row: Row, dealer: str, *, is_sales: bool) -> tuple[str, str]:
    """(number, role) of somebody who works at the dealer that day."""
    roles = _ROLES[is_sales]
    there = [s for s in book.staff.get(dealer, ()) if s.role in _ADVISERS and s.joined <= row.day < s.left]
    # Where nobody is left for sales, service looks after the leads as well.
    there = [s for s in there if s.role in roles] or there
    if not there:
        return "", roles[0]
    chosen = there[book.desk.rng.randrange(len(there))]
    return chosen.number, chosen.role


_CELL = re.compile(rb"<c(?:/>|[ >].*?</c>)", re.DOTALL)


def _cell_break(reason: str, name: str, column: int, value: str) -> Break:
    def broken(line: bytes, _n: int) -> tuple[str, str, bytes]:
        cells = _CELL.findall(line)
        cells[column] = _CELL.findall(row_xml((value,)))[0]
        return reason, name, b"<row>" + b"".join(cells) + b"</row>"

    return broken


def register_all() -> None:
    """Enter the channel of this module."""
    note = EntityFile(
        "顾问笔记_{date}.xlsx",
        _HEADER,
        layout="xlsx",
        sheet="笔记",
        breaks=(
            _cell_break("missing_value", "dealer_code", 1, ""),
            _cell_break("value_not_allowed", "stage", 8, "成交"),
            _cell_break("pattern_mismatch", "note_no", 0, "笔记 一"),
            _cell_break("invalid_time", "updated_at", 13, "上午"),
        ),
    )
    register(Channel("dealer_note", dealer_note, 160, {"note": note}, is_late_prone=True))
