"""Channels of turns: online chats (GB18030 CSV), owner groups and interviews (JSON lines)."""

from __future__ import annotations

from typing import Any

from sample_oem.channels.desk import Copies, Desk
from sample_oem.context import Context, csv_line, json_line
from sample_oem.damage import json_breaks
from sample_oem.registry import Channel, EntityFile, register
from sample_oem.spoken import Row
from sample_oem.truth import Item
from sample_oem.voices.dialogue import (
    ADVISER,
    AGENT,
    BOT,
    CUSTOMER,
    GUEST,
    ChatComposer,
    GroupComposer,
    InterviewComposer,
)
from sample_oem.voices.surface import fragments, traditional

_CHAT = (
    "会话编号", "消息序号", "发送方", "发送时间", "内容", "客户编号", "手机号", "App账号", "坐席编号", "队列",
    "等待秒数", "入口",
)  # fmt: skip
_QUEUES = ("售前", "售后", "售后", "投诉", "道路救援", "车联网")
_ENTRIES = ("官网", "小程序", "App", "App", "公众号")
_STUDIES = ("用车体验年度研究", "流失用户回访", "新品共创", "智能座舱专项", "服务体验专项")
_SEGMENTS = ("首购家庭", "增换购", "年轻单身", "二孩家庭", "企业主", "网约车")


def online_chat(context: Context) -> list[Item]:
    """在线客服: one row per message of a session; whose words they are stands in the row."""
    desk = Desk(context, "online_chat", "message", ChatComposer, "owner")
    items: list[Item] = []
    for row in desk.rows():
        number = f"S{context.date(row.day).replace('-', '')[2:]}{row.number:07d}"
        noise, script = desk.noise_kind(row), "simplified"
        if noise:
            turns = [(CUSTOMER, desk.noise.text(noise, row.vehicle))]
        else:
            turns, script = _chat_turns(desk, row, number)
        desk.account.note(row, number, noise=noise, script=script)
        items += _chat_items(desk, row, number, turns)
    return items


def _chat_turns(desk: Desk[ChatComposer], row: Row, number: str) -> tuple[list[tuple[str, str]], str]:
    turns = desk.composer.chat(row.vehicle, row.topic, row.mood)
    spoken = [i for i, (who, _) in enumerate(turns) if who == CUSTOMER]
    place = spoken[min(1, len(spoken) - 1)]
    text = desk.personal.maybe(desk.claimed(row, turns[place][1]), row.vehicle, number, row.day, row.speaker)
    turns[place] = (CUSTOMER, text)
    if desk.rng.random() < desk.script_share:
        return [(who, traditional(t) if who == CUSTOMER else t) for who, t in turns], "traditional"
    return turns, "simplified"


def _chat_items(desk: Desk[ChatComposer], row: Row, number: str, turns: list[tuple[str, str]]) -> list[Item]:
    context, rng, known = desk.context, desk.rng, desk.rng.random()
    customer = desk.keys.customer_no(row) if known < 0.5 else ""
    # Staff who pose as a customer give their own phone, for the answer to come back to them.
    phone = desk.keys.phone(row) if 0.35 < known < 0.7 or row.staff >= 0 else ""
    account = desk.keys.app_account(row) if known < 0.6 and row.staff < 0 else ""
    agent, queue = f"K{rng.randrange(1, 90):03d}", _QUEUES[rng.randrange(len(_QUEUES))]
    wait, entry = str(int(rng.expovariate(1 / 140))), _ENTRIES[rng.randrange(len(_ENTRIES))]
    second, event = desk.second(row, 86_400 - 3600), context.date(row.day)
    items = []
    for place, (who, text) in enumerate(turns, 1):
        cells = (
            number, str(place), who, context.moment(row.day, second), text, customer, phone, account,
            agent if who == AGENT else "", queue, wait, entry,
        )  # fmt: skip
        line = csv_line(cells, "gb18030")
        items.append(Item(row.day, "message", (number, str(place)), line, event, number))
        second += 4 + int(rng.random() * 50)
    return items


def private_group(context: Context) -> list[Item]:
    """私域社群: one row per message; a voice may come in two messages, advisers and bots answer."""
    desk = Desk(context, "private_group", "message", GroupComposer, "owner")
    copies = Copies(desk, 0.02)
    items: list[Item] = []
    for row in desk.rows():
        items += _group_rows(desk, copies, row)
    return items


def _group_rows(desk: Desk[GroupComposer], copies: Copies, row: Row) -> list[Item]:
    """The message or two of one voice, and what advisers and bots say after it."""
    second, number = desk.second(row), f"wm{row.day:04d}{row.number:07d}"
    parts, truth = _group_said(desk, copies, row, f"{number}a")
    handle, items = desk.handle(row), []
    for place, part in enumerate(parts):
        key = f"{number}{'ab'[place]}"
        desk.account.note(row, key, **truth)
        items.append(_group_item(desk, row, key, (CUSTOMER, handle), part, second + place * 9))
    for role, speaks, share in ((ADVISER, "adviser", 0.22), (BOT, "bot", 0.07)):
        if desk.rng.random() < share:
            key = f"{number}{speaks[0].upper()}"
            aside = desk.composer.aside(role, row.vehicle, row.topic)
            desk.account.note(row, key, role=speaks, noise="bot" if role == BOT else "agent_boilerplate")
            later = second + 40 + desk.rng.randrange(400)
            items.append(_group_item(desk, row, key, (role, ""), aside, later))
    return items


def _group_said(
    desk: Desk[GroupComposer], copies: Copies, row: Row, key: str
) -> tuple[list[str], dict[str, Any]]:
    """(messages, what is true about them): noise, a copy, or a message of one's own in one or two pieces."""
    source = copies.source(row)
    if source >= 0:
        text, kind, voice = copies.edited(source)
        return [text], {"group": (f"group-{voice}", kind, voice)}
    noise = desk.noise_kind(row)
    if noise:
        return [desk.noise.text(noise, row.vehicle)], {"noise": noise}
    told = desk.claimed(row, desk.composer.message(row.vehicle, row.topic, row.mood))
    text = desk.personal.maybe(told, row.vehicle, key, row.day, row.speaker)
    if text != told:
        # A message that gives something away stays whole, or the account of it would be wrong.
        return [text], {}
    parts = fragments(text, desk.composer.rand, 2) if desk.rng.random() < 0.4 else [text]
    if len(parts) > 1:
        return parts, {}
    copies.keep(row.number, key, text)
    text, script = desk.surfaced(text)
    return [text], {"script": script}


def _group_item(
    desk: Desk[GroupComposer], row: Row, key: str, who: tuple[str, str], text: str, second: int
) -> Item:
    context, (role, handle) = desk.context, who
    dealer = int(context.world.vehicles.dealer[row.vehicle])
    code = context.world.dealers.code[dealer]
    is_customer = role == CUSTOMER
    user = handle or f"{'bot' if role == BOT else 'adv'}_{code}"
    body = {
        "msgid": key,
        "room_id": f"wr{code}{row.vehicle % 3}",
        "from": {
            "userid": user,
            "name": _group_name(desk, row, user) if is_customer else f"{role}{code[-2:]}",
            "role": role,
            "customer_no": (desk.keys.customer_no(row) or None)
            if is_customer and int(user) % 10 < 3
            else None,
        },
        "dealer_code": code,
        "msgtype": "text",
        "text": text,
        "reply_to": None if is_customer else f"{key[:-1]}a",
        "sent_ms": context.epoch_ms(row.day, min(second, 86_399)),
    }
    # What advisers and bots say is a record, not a voice.
    voice = key if is_customer else ""
    return Item(row.day, "message", (key,), json_line(body), context.date(row.day), voice)


def _group_name(desk: Desk[GroupComposer], row: Row, user: str) -> str:
    """Nickname of a member; staff who pose as customers change it with the customer."""
    return desk.nickname(f"{user}/{row.vehicle}" if row.staff >= 0 else user, row.vehicle)


def interview(context: Context) -> list[Item]:
    """深度访谈: one line per interview with all its turns."""
    desk = Desk(context, "interview", "interview", InterviewComposer, "owner")
    return [_interview_item(desk, row) for row in desk.rows()]


def _interview_item(desk: Desk[InterviewComposer], row: Row) -> Item:
    context, rng = desk.context, desk.rng
    topics, moods = desk.topics(row, 0.8)
    number = f"IV{context.date(row.day).replace('-', '')}{row.number:05d}"
    turns = desk.composer.interview(row.vehicle, topics, moods)
    place = next(i for i, (who, _) in enumerate(turns) if who == GUEST)
    text = desk.personal.maybe(desk.claimed(row, turns[place][1]), row.vehicle, number, row.day, row.speaker)
    turns[place] = (GUEST, text)
    desk.account.note(row, number)
    second = min(desk.second(row), 20 * 3600)
    at = context.moment(row.day, second + 5400)
    body = {
        "interview_no": number,
        "study": _STUDIES[rng.randrange(len(_STUDIES))],
        "customer_no": desk.keys.customer_no(row) or None,
        "vin": context.world.vehicles.vin[row.vehicle] if rng.random() < 0.8 and row.speaker >= 0 else None,
        "interviewer_no": f"R{rng.randrange(1, 15):02d}",
        "segment": _SEGMENTS[rng.randrange(len(_SEGMENTS))],
        "turns": [{"speaker": who, "text": said} for who, said in turns],
        "held_at": context.moment(row.day, second),
        "updated_at": at,
    }
    return Item(row.day, "interview", (number,), json_line(body), context.date(row.day), number, at)


def register_all() -> None:
    """Enter the channels of this module."""
    chat = EntityFile(
        "chat_{date}.csv",
        _CHAT,
        encoding="gb18030",
        cell_breaks=(
            ("value_not_allowed", 2, "经理"),
            ("invalid_time", 3, "刚才"),
            ("number_out_of_range", 1, "0"),
            ("pattern_mismatch", 0, "会话 1"),
            ("invalid_number", 10, "很久"),
        ),
    )
    register(Channel("online_chat", online_chat, 130, {"message": chat}, is_late_prone=True))
    group = EntityFile(
        "group_messages_{date}.jsonl",
        breaks=json_breaks(
            {"msgid": "DAMAGED-{:05d}"},
            (
                ("value_not_allowed", "member_role", "from.role", "群主"),
                ("wrong_type", "sent_at", "sent_ms", "昨晚"),
                ("missing_value", "group_no", "room_id", None),
                ("pattern_mismatch", "dealer_code", "dealer_code", "经销商1"),
            ),
        ),
    )
    register(Channel("private_group", private_group, 255, {"message": group}))
    talk = EntityFile(
        "interviews_{date}.jsonl",
        breaks=json_breaks(
            {"interview_no": "DAMAGED-{:05d}"},
            (
                ("missing_value", "turns", "turns", None),
                ("invalid_time", "held_at", "held_at", "上周三下午"),
                ("pattern_mismatch", "interviewer_no", "interviewer_no", "访谈员 一"),
            ),
        ),
    )
    register(Channel("interview", interview, 260, {"interview": talk}))
