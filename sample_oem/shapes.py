"""The raw shape of the first channels: events and texts become the lines a system would export.

One function per channel returns ``Item`` lists; order, faults and files come later in ``faults`` and
``deliveries``. Times in CSV files are Shanghai wall time, in calls epoch milliseconds. Further voice
channels are in ``channels``; both enter themselves in ``registry``.
"""

from __future__ import annotations

import hashlib
import random

import orjson

from sample_oem import channels
from sample_oem.business.surveys import INSTRUMENTS
from sample_oem.catalogue import ASPECTS
from sample_oem.channels.copied import Again, Campaigns
from sample_oem.channels.people import Keys
from sample_oem.context import DAY_S, Context, csv_line
from sample_oem.damage import json_breaks
from sample_oem.personal import Personal
from sample_oem.registry import REGISTRY, Channel, EntityFile, register
from sample_oem.spoken import Account, Row, neighbours, rows
from sample_oem.truth import Item
from sample_oem.voices.compose import Composer
from sample_oem.world import BRAND, MODELS

_HEADERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("complaint_site", "complaint"): (
        "投诉编号", "投诉品牌", "投诉车系", "投诉车型", "投诉简述", "投诉问题", "问题类型", "投诉日期",
    ),
    ("forum", "post"): ("text",),
    ("media_comments", "comment"): ("content_id", "content", "subject", "sentiment_value", "sentiment_word"),
    ("survey", "invitation"): (
        "邀请编号", "客户编号", "手机号", "车架号", "经销商代码",
        "触点", "邀请方式", "问卷类型", "波次", "随机探访", "复测", "首次答卷编号",
        "邀请状态", "邀请时间", "更新时间",
    ),
    ("survey", "response"): ("答卷编号", "邀请编号", "指标", "量表", "得分", "评论", "提交时间"),
}  # fmt: skip
# A damaged field per entity and kind: column index and the value written there.
_BREAKS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "complaint": (
        ("invalid_time", 7, "2026-13-45"),
        ("pattern_mismatch", 0, "编号缺失"),
        ("missing_value", 4, ""),
    ),
    "post": (("missing_value", 0, ""),),
    "comment": (
        ("number_out_of_range", 3, "5"),
        ("pattern_mismatch", 0, "评论 #1"),
        ("missing_value", 1, ""),
        ("invalid_number", 3, "正"),
    ),
    "invitation": (
        ("value_not_allowed", 12, "未知状态"),
        ("invalid_time", 13, "昨天下午"),
        ("invalid_boolean", 9, "也许"),
        ("pattern_mismatch", 0, "??"),
    ),
    "response": (
        ("number_out_of_range", 4, "99"),
        ("value_not_allowed", 2, "满意度"),
        ("invalid_number", 4, "很满意"),
    ),
}  # fmt: skip
_CALL_BREAKS = json_breaks(
    {"call_id": "CALL-DAMAGED-{:05d}"},
    (
        ("value_not_allowed", "status", "status", "archived"),
        ("wrong_type", "started_at", "started_at_ms", "昨天"),
        ("missing_value", "turns", "turns", None),
        ("pattern_mismatch", "agent_no", "agent_id", "坐席一"),
    ),
)
TOUCHPOINTS = ("销售交付", "售后服务", "热线", "产品体验", "品牌关系")
_INVITE_BY = ("短信", "微信", "App", "电话", "邮件")
_QUEUES = ("after_sales", "complaint", "consult", "roadside", "sales")


def complaint_site(context: Context) -> list[Item]:
    """投诉网站: one row per problem type of a complaint (a tenth have two or three)."""
    composer, rng = Composer(context.world, "complaint_site", context.seed), context.stream("complaint_site")
    personal, campaigns = Personal(context, "complaint_site", "complaint", composer), Campaigns(rng)
    again = Again(rng, share=0.03, least=80)
    account = Account(context, "complaint_site", "owner")
    items: list[Item] = []
    for row in rows(context, "complaint_site"):
        stamp = context.moment(
            row.day, row.second if row.second >= 0 else rng.randrange(7 * 3600, 24 * 3600 - 1)
        )
        number = "".join(c for c in stamp if c.isdigit()) + f"{row.number % 1_000_000:06d}"
        model = MODELS[int(context.world.vehicles.model[row.vehicle])]
        text = again.maybe(row, number)
        if not text:
            told = campaigns.maybe(composer.complaint(row.vehicle, row.topic), number)
            text = personal.maybe(told, row.vehicle, number, row.day, row.speaker)
            again.keep(row, number, text, is_own=text == told and number not in campaigns.members)
        account.note(row, number, group=again.groups.get(number) or campaigns.group(number))
        for system, kind in _problem_types(rng, row.aspect):
            cells = (number, BRAND, model.series, model.name, text, system, kind, stamp[:10])
            key = (number, system, kind)
            items.append(Item(row.day, "complaint", key, csv_line(cells), stamp[:10], number))
    context.template_groups.update(campaigns.members)
    return items


def _problem_types(rng: random.Random, aspect: int) -> list[tuple[str, str]]:
    main = ASPECTS[aspect]
    pairs = [(main.system, rng.choice(main.types))]
    while len(pairs) < 3 and rng.random() < 0.12:
        other = ASPECTS[rng.randrange(len(ASPECTS))]
        pair = (other.system, rng.choice(other.types))
        if pair not in pairs:
            pairs.append(pair)
    return pairs


def forum(context: Context) -> list[Item]:
    """车主论坛: one text column; the text itself is the key, so texts are made unique."""
    composer, rng = Composer(context.world, "forum", context.seed), context.stream("forum")
    personal, account = Personal(context, "forum", "post", composer), Account(context, "forum", "public")
    seen: set[str] = set()
    items: list[Item] = []
    for row in rows(context, "forum"):
        topics, moods = neighbours(rng, row, 0.75)
        text = composer.post(row.vehicle, topics, moods)
        while text in seen:
            text = composer.post(row.vehicle, topics, moods)
        text = personal.maybe(text, row.vehicle, "", row.day, row.speaker)
        seen.add(text)
        account.note(row, hashlib.sha256(text.encode()).hexdigest())
        items.append(Item(row.day, "post", (text,), csv_line((text,)), "", text))
    return items


def media_comments(context: Context) -> list[Item]:
    """汽车媒体评论: one row per aspect of a comment, with the labels of the platform."""
    composer, rng = Composer(context.world, "media_comments", context.seed), context.stream("media_comments")
    personal = Personal(context, "media_comments", "comment", composer)
    account, again = Account(context, "media_comments", "public"), Again(rng, share=0.015, least=48)
    items: list[Item] = []
    for row in rows(context, "media_comments"):
        topics, moods = neighbours(rng, row, 0.25)
        number = f"m{100_000 + row.number}"
        text = again.maybe(row, number)
        if not text:
            told = composer.comment(row.vehicle, topics, moods)
            text = personal.maybe(told, row.vehicle, number, row.day, row.speaker)
            again.keep(row, number, text, is_own=text == told)
        account.note(row, number, group=again.group(number))
        subjects: dict[str, int] = {}
        for topic, mood in zip([row.aspect, *topics[1:]], moods, strict=True):
            subjects.setdefault(ASPECTS[topic].subject, mood)
        for subject, label in subjects.items():
            line = csv_line((number, text, subject, str(label), ""))
            items.append(Item(row.day, "comment", (number, subject), line, "", number))
    return items


def call_center(context: Context) -> list[Item]:
    """客服热线: a call per line; a few come again corrected (newer version) or deleted."""
    composer, rng = Composer(context.world, "call_center", context.seed), context.stream("call_center")
    personal = Personal(context, "call_center", "call", composer)
    account, keys = Account(context, "call_center", "owner"), Keys(context, rng)
    items: list[Item] = []
    for row in rows(context, "call_center"):
        number = f"CALL{context.date(row.day).replace('-', '')}-{row.number:06d}"
        turns = composer.call(row.vehicle, row.topic, row.mood)
        spoken = [i for i, (who, _) in enumerate(turns) if who == "customer"]
        place = spoken[-1] if len(spoken) == 1 else spoken[1]
        turns[place] = (
            "customer",
            personal.maybe(turns[place][1], row.vehicle, number, row.day, row.speaker),
        )
        account.note(row, number)
        body = _call_body(keys, number, row, turns)
        items += _call_versions(context, rng, body, row.day, row.aspect)
    return items


def _call_body(keys: Keys, number: str, row: Row, turns: list[tuple[str, str]]) -> dict[str, object]:
    context, rng, day, severity = keys.context, keys.rng, row.day, row.severity
    drawn = int(rng.gauss(14.5, 3.4) * 3600) % DAY_S
    second = min(row.second if row.second >= 0 else drawn, DAY_S - 1200)
    started, seconds = context.epoch_ms(day, second), 40 + 14 * len(turns) + rng.randrange(120)
    known = rng.random()
    phone, customer = keys.phone(row), keys.customer_no(row)
    vin = context.world.vehicles.vin[row.vehicle] if customer else ""
    return {
        "call_id": number,
        "started_at_ms": started,
        "ended_at_ms": started + seconds * 1000,
        "updated_at_ms": started + seconds * 1000 + 60_000,
        "status": "active",
        "caller_phone": phone if known < 0.96 or row.staff >= 0 else "",
        "customer_id": customer if known < 0.75 else "",
        "vin": vin if known < 0.62 else "",
        "agent_id": f"A{rng.randrange(1, 60):03d}",
        "queue": "roadside" if severity == 3 and known < 0.3 else rng.choice(_QUEUES),
        "agent_tags": [],
        "turns": [{"speaker": who, "text": text} for who, text in turns],
    }


def _call_versions(
    context: Context, rng: random.Random, body: dict[str, object], day: int, aspect: int
) -> list[Item]:
    number = str(body["call_id"])
    out = [_call_item(body, number, day, context.date(day))]
    roll = rng.random()
    if roll < 0.05 and day + 1 < context.days:
        updated = {
            **body,
            "agent_tags": [ASPECTS[aspect].system],
            "updated_at_ms": context.epoch_ms(day + 1, 36_000),
        }
        out.append(_call_item(updated, number, day + 1, context.date(day)))
    elif roll < 0.06 and day + 2 < context.days:
        deleted = {**body, "status": "deleted", "updated_at_ms": context.epoch_ms(day + 2, 40_000)}
        out.append(_call_item(deleted, number, day + 2, context.date(day), deleted=True))
    return out


def _call_item(body: dict[str, object], number: str, day: int, event: str, *, deleted: bool = False) -> Item:
    line = orjson.dumps(body) + b"\n"
    return Item(day, "call", (number,), line, event, number, str(body["updated_at_ms"]), deleted)


def survey(context: Context) -> list[Item]:
    """满意度调研: invitations with their later states, and answers of one row per metric."""
    composer, rng = Composer(context.world, "survey", context.seed), context.stream("survey")
    personal = Personal(context, "survey", "response", composer)
    sent = context.happenings.invitations
    items: list[Item] = []
    for n in range(len(sent)):
        number = _invitation_no(context, n)
        items += _invitation(context, rng, number, n)
        if sent.answered[n]:
            items += _response(context, rng, (composer, personal), number, n)
    return [item for item in items if item.day < context.days]


def _invitation_no(context: Context, n: int) -> str:
    return f"INV{context.date(int(context.happenings.invitations.day[n])).replace('-', '')}{n:07d}"


def _response_no(invitation: str) -> str:
    return "R" + invitation[3:]


def _invitation(context: Context, rng: random.Random, number: str, n: int) -> list[Item]:
    world, sent = context.world, context.happenings.invitations
    day, vehicle, answered = int(sent.day[n]), int(sent.vehicle[n]), bool(sent.answered[n])
    owner, first = int(sent.owner[n]), int(sent.first[n])
    second = rng.randrange(9 * 3600, 20 * 3600)
    invited = context.moment(day, second)
    head = (
        number, world.customers.number[owner], world.customers.phone[owner], world.vehicles.vin[vehicle],
        world.dealers.code[int(world.vehicles.dealer[vehicle])],
        TOUCHPOINTS[int(sent.touchpoint[n])], rng.choice(_INVITE_BY), INSTRUMENTS[int(sent.touchpoint[n])],
        str(sent.wave[n]), "是" if sent.is_probe[n] else "否", "是" if sent.is_repeat[n] else "否",
        _response_no(_invitation_no(context, first)) if first >= 0 else "",
    )  # fmt: skip
    states = [(day, "发送失败" if not answered and rng.random() < 0.04 else "已发送", invited)]
    if answered:
        states.append((day + 1, "已完成", context.moment(day + 1, rng.randrange(9 * 3600, 22 * 3600))))
    elif rng.random() < 0.25:
        state = "已打开" if rng.random() < 0.95 else "已退订"
        states.append((day + 1, state, context.moment(day + 1, rng.randrange(DAY_S))))
    return [
        Item(
            d,
            "invitation",
            (number,),
            csv_line((*head, s, invited, at), "gb18030"),
            context.date(day),
            "",
            at,
        )
        for d, s, at in states
    ]


def _response(
    context: Context, rng: random.Random, writers: tuple[Composer, Personal], invitation: str, n: int
) -> list[Item]:
    composer, personal = writers
    sent = context.happenings.invitations
    day = int(sent.day[n]) + (1 if rng.random() < 0.15 else 0)
    if day >= context.days:
        return []
    latent, vehicle, aspect = float(sent.latent[n]), int(sent.vehicle[n]), int(sent.aspect[n])
    number = _response_no(invitation)
    mood = -1 if latent < 6.2 else (1 if latent > 7.8 else 0)
    comment = ""
    if rng.random() < 0.62:
        comment = personal.maybe(composer.survey_comment(vehicle, aspect, mood), vehicle, number, day)
    submitted = context.moment(day, rng.randrange(20 * 3600, DAY_S - 60))
    return [
        Item(
            day, "response", (number, metric),
            csv_line((number, invitation, metric, scale, str(score), comment, submitted), "gb18030"),
            context.date(day), number, scores=(metric, scale, score),
        )
        for metric, scale, score in _scores(rng, int(sent.touchpoint[n]), latent)
    ]  # fmt: skip


def _scores(rng: random.Random, touchpoint: int, latent: float) -> list[tuple[str, str, int]]:
    """NPS 0–10 and CSAT 1–5; now and then a supplier's form asks on 1–10 (must not become NPS)."""
    nps = round(min(max(latent + rng.gauss(0, 0.7), 0), 10))
    csat = round(min(max(latent / 2 + 0.35 + rng.gauss(0, 0.4), 1), 5))
    answers: list[tuple[str, str, int]] = []
    if touchpoint != 2:
        answers.append(("NPS", "1-10", max(nps, 1)) if rng.random() < 0.02 else ("NPS", "0-10", nps))
    if touchpoint in (0, 1, 2):
        answers.append(("CSAT", "1-10", min(csat * 2, 10)) if rng.random() < 0.02 else ("CSAT", "1-5", csat))
    return answers


def _lines(channel: str, entity: str, name: str, **how: object) -> EntityFile:
    return EntityFile(name, _HEADERS[channel, entity], **how)  # type: ignore[arg-type]


def _register() -> None:
    complaint = _lines("complaint_site", "complaint", "投诉导出_{date}.csv", cell_breaks=_BREAKS["complaint"])
    register(Channel("complaint_site", complaint_site, 215, {"complaint": complaint}, is_late_prone=True))
    post = _lines("forum", "post", "forum_posts_{date}.csv", cell_breaks=_BREAKS["post"])
    register(Channel("forum", forum, 235, {"post": post}))
    comment = _lines("media_comments", "comment", "comments_{date}.csv", cell_breaks=_BREAKS["comment"])
    register(Channel("media_comments", media_comments, 245, {"comment": comment}))
    call = EntityFile("calls_{date}.jsonl", breaks=_CALL_BREAKS)
    register(Channel("call_center", call_center, 125, {"call": call}, is_late_prone=True))
    answers = {
        entity: _lines("survey", entity, name, encoding="gb18030", cell_breaks=_BREAKS[entity])
        for entity, name in (
            ("invitation", "survey_invitations_{date}.csv"),
            ("response", "survey_responses_{date}.csv"),
        )
    }
    register(Channel("survey", survey, 190, answers, is_late_prone=True))


_register()
channels.register_all()
BUILDERS = {name: channel.build for name, channel in REGISTRY.items()}
