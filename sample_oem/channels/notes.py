"""Advisers' notes of the dealers: a workbook a day with one sheet, a row per note."""

from __future__ import annotations

import re

from sample_oem.channels.desk import Desk
from sample_oem.context import Context
from sample_oem.registry import Break, Channel, EntityFile, register
from sample_oem.sheet import Moment, row_xml
from sample_oem.spoken import Row
from sample_oem.truth import Item
from sample_oem.voices.reported import AdviserComposer
from sample_oem.voices.stories import story_name
from sample_oem.world import RIVALS

_HEADER = (
    "笔记编号", "经销商代码", "顾问工号", "岗位", "客户姓名", "客户电话", "车牌号", "线索编号", "阶段",
    "战败原因", "战败竞品", "笔记内容", "记录时间", "更新时间",
)  # fmt: skip
_SERVICE_STAGES = ("保养", "维修", "维修", "维修", "交付")
_SALES_STAGES = ("线索", "线索", "试驾", "谈判", "订车", "战败")
_LOST = ("价格", "价格", "座椅舒适性", "空间", "交付周期", "品牌", "智能化", "续航", "家人反对", "竞品优惠")
_ROLES = {True: ("销售顾问", "销售顾问", "客户经理"), False: ("服务顾问", "服务顾问", "客户经理")}
_LOST_TO_SEATS = "座椅舒适性"


def dealer_note(context: Context) -> list[Item]:
    """经销商顾问笔记: what advisers write down about customers, in their shorthand."""
    desk = Desk(context, "dealer_note", "note", AdviserComposer, "adviser")
    items: list[Item] = []
    for row in desk.rows():
        items += _note_items(desk, row)
    return items


def _note_items(desk: Desk[AdviserComposer], row: Row) -> list[Item]:
    context, rng, number = desk.context, desk.rng, f"N{row.number + 3_000_000}"
    is_sales, stage, lost, rival = _stage(desk, row)
    noise = desk.noise.kind(row.problem, row.story)
    if noise:
        text = desk.noise.text(noise, row.vehicle)
    else:
        write = desk.composer.lost if stage == "战败" else desk.composer.note
        mood = () if stage == "战败" else (row.mood,)
        text = desk.claimed(row, write(row.vehicle, row.topic, *mood))
        text = desk.personal.maybe(text, row.vehicle, number, row.day)
    desk.account.note(row, number, noise=noise)
    second, event = min(desk.second(row), 20 * 3600), context.date(row.day)
    at = context.moment(row.day, second)
    head = _note_head(desk, row, number, is_sales=is_sales)

    def item(day: int, said: str, changed: str) -> Item:
        cells = (*head, stage, lost, rival, said, Moment(at), changed)
        return Item(day, "note", (number,), row_xml(cells), event, number, changed)

    out = [item(row.day, text, at)]
    later = row.day + 1 + rng.randrange(6)
    if rng.random() < 0.04 and later < context.days:
        more = text + "；" + desk.composer.say("d_next", desk.composer.speaker(row.vehicle, row.topic))
        out.append(item(later, more, context.moment(later, rng.randrange(9 * 3600, 19 * 3600))))
    return out


def _stage(desk: Desk[AdviserComposer], row: Row) -> tuple[bool, str, str, str]:
    """(sales or service, stage, reason of the loss, rival it was lost to)."""
    rng, story = desk.rng, story_name(row.story)
    if story == "x05":
        return True, "战败", _LOST_TO_SEATS, RIVALS[rng.randrange(len(RIVALS))][1]
    if row.problem >= 0 or rng.random() < 0.5:
        return False, _SERVICE_STAGES[rng.randrange(len(_SERVICE_STAGES))], "", ""
    stage = _SALES_STAGES[rng.randrange(len(_SALES_STAGES))]
    if stage != "战败":
        return True, stage, "", ""
    rival = RIVALS[rng.randrange(len(RIVALS))][1] if rng.random() < 0.75 else ""
    return True, stage, _LOST[rng.randrange(len(_LOST))], rival


def _note_head(desk: Desk[AdviserComposer], row: Row, number: str, *, is_sales: bool) -> tuple[str, ...]:
    context, rng, world = desk.context, desk.rng, desk.context.world
    owner, code = desk.owner(row), world.dealers.code[int(world.vehicles.dealer[row.vehicle])]
    roles = _ROLES[is_sales]
    return (
        number,
        code,
        f"{code}E{rng.randrange(1, 20):02d}",
        roles[rng.randrange(len(roles))],
        world.customers.name[owner] if rng.random() < 0.8 else "",
        world.customers.phone[owner] if rng.random() < 0.85 else "",
        "" if is_sales else world.vehicles.plate[row.vehicle],
        f"L{context.date(row.day).replace('-', '')[2:]}{rng.randrange(100_000):05d}" if is_sales else "",
    )


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
