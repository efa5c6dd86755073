"""Channels customers write to directly: app feedback (JSON lines), order messages (semicolon CSV).

Mails are in ``letters``, advisers' notes in ``notes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sample_oem.channels.desk import Desk
from sample_oem.context import Context, csv_line, json_line
from sample_oem.damage import json_breaks
from sample_oem.registry import Channel, EntityFile, register
from sample_oem.spoken import Row
from sample_oem.subjects import Goods, goods
from sample_oem.truth import Item
from sample_oem.voices.stories import story_name
from sample_oem.voices.surface import SIMPLIFIED
from sample_oem.voices.written import AppWriter, OrderWriter

_ORDER = (
    "留言编号", "订单号", "留言类型", "商品", "规格", "联系电话", "账号", "留言内容", "退款金额",
    "留言时间", "更新时间",
)  # fmt: skip
_CATEGORY = {
    -1: ("故障", "故障", "建议", "其他"),
    0: ("咨询", "建议", "建议", "其他"),
    1: ("表扬", "表扬", "其他", "建议"),
}
_PLATFORMS = ("ios", "android", "android", "harmony")
_KINDS = ("催单", "催单", "改单", "退货", "退货", "咨询", "咨询", "评价", "评价")
_CAR_KINDS = ("催单", "催单", "催单", "改单", "退订", "退订")
# What stories are told in which kind of message.
_STORY_KIND = {"x02": "退货", "x12": "催单", "x13": "咨询"}


def rename_day(context: Context) -> int:
    """Event day from which the app says ``stars`` and ``content`` (before: ``rating`` and ``comment``)."""
    return context.days // 2


def owner_app(context: Context) -> list[Item]:
    """车主 App 反馈: times in UTC, the car by the last eight of its VIN, two fields renamed on the way."""
    desk = Desk(context, "owner_app", "app_feedback", AppWriter, "owner")
    renamed = rename_day(context)
    items: list[Item] = []
    for row in desk.rows():
        number = f"fb{row.number + 10_000_000}"
        noise, script = desk.noise_kind(row), SIMPLIFIED
        if noise:
            text = desk.noise.text(noise, row.vehicle)
        else:
            topics, moods = desk.topics(row, 0.2)
            told = desk.claimed(row, desk.composer.feedback(row.vehicle, topics, moods))
            text = desk.personal.maybe(told, row.vehicle, number, row.day, row.speaker)
            text, script = desk.surfaced(text) if text == told else (text, SIMPLIFIED)
        desk.account.note(row, number, noise=noise, script=script)
        items += _app_versions(desk, row, number, text, renamed)
    return items


def _app_body(desk: Desk[AppWriter], row: Row, number: str, at: str) -> dict[str, object]:
    context, rng = desk.context, desk.rng
    choices = _CATEGORY[row.mood]
    has_car = rng.random() < 0.85 and row.speaker >= 0
    return {
        "id": number,
        "user": {"id": desk.keys.app_account(row)},
        "vehicle": {
            "vin_last8": context.world.vehicles.vin[row.vehicle][-8:] if has_car else None,
            "software_version": f"V{2 + row.day % 3}.{row.day // 30 % 10}.{row.vehicle % 4}",
        },
        "category": choices[rng.randrange(len(choices))],
        "app_version": f"5.{max(row.day, 0) // 30 % 10}.{rng.randrange(3)}",
        "device": {"platform": _PLATFORMS[rng.randrange(4)]},
        "state": "active",
        "created_at": at,
        "updated_at": at,
    }


def _app_versions(desk: Desk[AppWriter], row: Row, number: str, text: str, renamed: int) -> list[Item]:
    context, rng = desk.context, desk.rng
    at = context.moment_utc(row.day, desk.second(row))
    stars = min(max(round(rng.gauss(3 + 1.5 * row.mood, 0.7)), 1), 5)
    body = _app_body(desk, row, number, at)
    event = context.date(row.day)
    seen: list[tuple[int, dict[str, object], bool]] = [(row.day, {}, False)]
    roll, later = rng.random(), row.day + 1 + rng.randrange(8)
    if roll < 0.05 and later < context.days:
        at_later = context.moment_utc(later, rng.randrange(8 * 3600, 23 * 3600))
        change: dict[str, object] = {"updated_at": at_later}
        if roll < 0.015:
            change["state"] = "deleted"
        else:
            text_later = (
                text + "。补充：" + desk.composer.say("y_news", desk.composer.speaker(row.vehicle, row.topic))
            )
            change["text"] = text_later
        seen.append((later, change, roll < 0.015))
    out = []
    for day, change, deleted in seen:
        names = ("stars", "content") if day >= renamed else ("rating", "comment")
        told = change.pop("text", text)
        line = json_line({**body, names[0]: stars, names[1]: told, **change})
        version = str(change.get("updated_at", at))
        out.append(Item(day, "app_feedback", (number,), line, event, number, version, deleted))
    return out


def order_message(context: Context) -> list[Item]:
    """订单与退订留言: dates as day.month.year, amounts with a decimal comma; the order is the shop's own."""
    desk = Desk(context, "order_message", "message", OrderWriter, "owner")
    ordered = goods(context.happenings.business)
    numbers: list[str] = context.happenings.links["order_message"].tolist()
    items: list[Item] = []
    for row in desk.rows():
        items += _order_items(desk, row, _order(desk, row, numbers[row.number], ordered))
    return items


class _Order(NamedTuple):
    """The order a message is about: number (may be empty), goods, variant, and whether it is a car."""

    number: str
    goods: tuple[str, str]
    is_car: bool


def _order(desk: Desk[OrderWriter], row: Row, number: str, ordered: Mapping[str, Goods]) -> _Order:
    if number in ordered:
        return _Order(number, ordered[number], False)
    if number:
        return _Order(number, desk.composer.car(row.vehicle), True)
    return _Order("", desk.composer.goods(row.vehicle), False)


def _order_items(desk: Desk[OrderWriter], row: Row, order: _Order) -> list[Item]:
    context, rng, number = desk.context, desk.rng, f"OM{row.number + 1_000_000}"
    story, noise = story_name(row.story), desk.noise_kind(row)
    kinds = _CAR_KINDS if order.is_car else _KINDS
    kind = _STORY_KIND.get(story) or kinds[rng.randrange(len(kinds))]
    if noise:
        text = desk.noise.text(noise, row.vehicle)
    else:
        told = (row.vehicle, row.topic, row.mood)
        text = desk.composer.message(kind, told, order.goods, is_car=order.is_car, is_story=bool(story))
        text = desk.personal.maybe(desk.claimed(row, text), row.vehicle, number, row.day, row.speaker)
    desk.account.note(row, number, noise=noise)
    head = _order_head(desk, row, kind, number, order)
    second = desk.second(row)
    at, event = context.moment_dotted(row.day, second), context.date(row.day)

    def item(day: int, said: str, refund: str, changed: str, version: str) -> Item:
        line = csv_line((*head, said, refund, at, changed), delimiter=";")
        return Item(day, "message", (number,), line, event, number, version)

    out = [item(row.day, text, "", at, context.moment(row.day, second))]
    later = row.day + 1 + rng.randrange(9)
    if kind in ("退订", "退货") and rng.random() < 0.4 and later < context.days:
        when = rng.randrange(9 * 3600, 19 * 3600)
        paid = _decimal_comma(rng.lognormvariate(6.5, 1.2))
        out.append(item(later, text, paid, context.moment_dotted(later, when), context.moment(later, when)))
    return out


def _order_head(desk: Desk[OrderWriter], row: Row, kind: str, number: str, order: _Order) -> tuple[str, ...]:
    rng, (item, variant) = desk.rng, order.goods
    return (
        number, order.number, kind, f"{item}整车" if order.is_car else item, variant,
        desk.keys.phone(row) if rng.random() < 0.7 else "",
        desk.keys.app_account(row) if rng.random() < 0.75 else "",
    )  # fmt: skip


def _decimal_comma(amount: float) -> str:
    """``1.234,56``: thousands by point, cents by comma."""
    return f"{amount:,.2f}".translate(_COMMA)


_COMMA = str.maketrans(",.", ".,")


def register_all() -> None:
    """Enter the channels of this module."""
    app = json_breaks(
        {"id": "DAMAGED-{:05d}"},
        (
            ("value_not_allowed", "category", "category", "吐槽"),
            ("pattern_mismatch", "app_version", "app_version", "最新版"),
            ("invalid_time", "created_at", "created_at", "2026年3月1日"),
            ("missing_value", "updated_at", "updated_at", None),
        ),
    )
    register(
        Channel(
            "owner_app", owner_app, 140,
            {"app_feedback": EntityFile("app_feedback_{date}.jsonl", breaks=app)}, has_pages=True,
        )
    )  # fmt: skip
    message = EntityFile(
        "order_messages_{date}.csv",
        _ORDER,
        delimiter=";",
        cell_breaks=(
            ("value_not_allowed", 2, "换货"),
            ("invalid_time", 9, "31.02.2026 10:00:00"),
            ("invalid_number", 8, "一百元"),
            ("missing_value", 10, ""),
        ),
    )
    register(Channel("order_message", order_message, 150, {"message": message}, is_late_prone=True))
