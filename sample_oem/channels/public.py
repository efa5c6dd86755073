"""Channels anybody can read: social posts, forum threads, news (JSON lines), reviews (tab-separated)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from sample_oem.channels.desk import Copies, Desk
from sample_oem.context import Context, csv_line, json_line
from sample_oem.damage import json_breaks
from sample_oem.places import CITIES
from sample_oem.registry import Channel, EntityFile, register
from sample_oem.spoken import NO_GROUP, Group, Row
from sample_oem.truth import Item
from sample_oem.voices.reported import NewsComposer
from sample_oem.voices.surface import SIMPLIFIED
from sample_oem.voices.written import ReviewWriter, SocialWriter, ThreadWriter
from sample_oem.world import BRAND, MODELS

_PLATFORMS = ("weibo", "weibo", "xiaohongshu", "douyin", "kuaishou")
_BOARDS = ("论坛", "提车作业", "用车问题", "改装", "自驾游")
_SITES = ("车行周报", "南风汽车", "车市观察", "经济日参", "驾趣网", "先锋车讯", "电驱时代", "大路新闻")
_EDITED, _DELETED = 0.05, 0.02
_REVIEW = (
    "口碑编号", "用户ID", "车系", "车型", "购车城市", "购车月份", "裸车价", "行驶里程",
    "空间", "动力", "操控", "能耗", "舒适性", "外观", "内饰", "性价比", "智能化",
    "最满意", "最不满意", "口碑正文", "发表时间", "更新时间",
)  # fmt: skip


class Said(NamedTuple):
    """A text with what is true about how it came to be."""

    text: str
    script: str
    noise: str
    group: Group


def _series(context: Context, row: Row) -> str:
    return MODELS[int(context.world.vehicles.model[row.vehicle])].series


def _counts(rng: random.Random) -> dict[str, int]:
    heat = int(rng.paretovariate(0.9))
    return {"likes": heat, "reposts": heat // 5, "comments": heat // 3}


# -- social posts ---------------------------------------------------------------------------------
def social_media(context: Context) -> list[Item]:
    """社交媒体: own posts, forwarded ones and edited copies; some edited or deleted later."""
    desk = Desk(context, "social_media", "post", SocialWriter, "public")
    copies = Copies(desk, 0.07)
    items: list[Item] = []
    for row in desk.rows():
        rival = desk.rival(row)
        number = f"{4_900_000_000_000 + row.number * 37 + 11}"
        platform = _PLATFORMS[row.number * 7 % len(_PLATFORMS)]
        said, origin = _social_said(desk, copies, row, f"{platform}/{number}")
        role = "rival_owner" if rival else "owner" if row.speaker >= 0 else "public"
        desk.account.note(
            row, f"{platform}/{number}", role=role, noise=said.noise, script=said.script, group=said.group
        )
        brand = rival or (BRAND, _series(context, row))
        items += _social_items(desk, row, (platform, number, origin), said.text, brand)
        desk.at_home()
    return items


def _social_said(desk: Desk[SocialWriter], copies: Copies, row: Row, key: str) -> tuple[Said, str]:
    source = copies.source(row)
    if source >= 0:
        return _passed_on(desk, copies, row, source)
    noise = desk.noise_kind(row)
    if noise:
        return Said(desk.noise.text(noise, row.vehicle), SIMPLIFIED, noise, NO_GROUP), ""
    topics, moods = desk.topics(row, 0.25)
    told = desk.claimed(row, desk.composer.own(row.vehicle, topics, moods))
    text = desk.personal.maybe(told, row.vehicle, key, row.day, row.speaker)
    copies.keep(row.number, key, text)
    text, script = desk.surfaced(text) if text == told else (text, SIMPLIFIED)
    return Said(text, script, "", NO_GROUP), ""


def _passed_on(desk: Desk[SocialWriter], copies: Copies, row: Row, source: int) -> tuple[Said, str]:
    """Forward a post behind ``//@name:``, or post an edited copy as one's own."""
    voice, original = copies.texts[source]
    group = f"social-{voice}"
    if desk.rng.random() < 0.5:
        name = desk.composer.name(row.vehicle)
        text = desk.composer.forward(row.vehicle, row.topic, original, name)
        return Said(text, SIMPLIFIED, "", (group, "quoted", voice)), voice.partition("/")[2]
    text, kind, voice = copies.edited(source)
    return Said(text, SIMPLIFIED, "", (group, kind, voice)), ""


def _social_items(
    desk: Desk[SocialWriter], row: Row, ids: tuple[str, str, str], text: str, brand: tuple[str, str]
) -> list[Item]:
    context, rng, (platform, number, origin) = desk.context, desk.rng, ids
    second, handle = desk.second(row), desk.handle(row, 0.02)
    at = context.moment(row.day, second)
    body: dict[str, object] = {
        "post_id": number,
        "platform": platform,
        "author": {
            "uid": handle,
            "nickname": desk.nickname(handle, row.vehicle),
            "followers": int(rng.paretovariate(0.7) * 20) % 3_000_000,
            "verified": rng.random() < 0.02,
        },
        "text": text,
        "topics": [part for part in text.split("#")[1::2] if 0 < len(part) < 20],
        "repost_of": origin or None,
        **_counts(rng),
        "brand": brand[0],
        "series": brand[1],
        "ip_region": CITIES[int(context.world.customers.city[desk.owner(row)])].province,
        "state": "active",
        "created_at": at,
        "updated_at": at,
    }
    key = (platform, number)
    return _versions(
        desk, row, body, key, ("updated_at", f"{platform}/{number}"), "post", {"text": text + "（更正）"}
    )


def _versions(
    desk: Desk[Any],
    row: Row,
    body: dict[str, object],
    key: tuple[str, ...],
    names: tuple[str, str],
    entity: str,
    edit: Mapping[str, object],
) -> list[Item]:
    """Return the record as it is first seen, and perhaps as it is edited or deleted later."""
    context, (stamp, voice) = desk.context, names
    event = context.date(row.day)
    out = [Item(row.day, entity, key, json_line(body), event, voice, str(body[stamp]))]
    roll, later = desk.rng.random(), row.day + 1 + desk.rng.randrange(5)
    if roll < _EDITED + _DELETED and later < context.days:
        deleted = roll >= _EDITED
        at = context.moment(later, desk.rng.randrange(8 * 3600, 23 * 3600))
        change = {"state": "deleted"} if deleted else edit
        line = json_line({**body, **change, stamp: at})
        out.append(Item(later, entity, key, line, event, voice, at, deleted))
    return out


# -- forum threads --------------------------------------------------------------------------------
class _Threads:
    """Open threads to reply to: thread number, floors so far, topic, last text and its post number."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.open: list[dict[str, object]] = []

    def pick(self, topic: int) -> dict[str, object] | None:
        """A thread to reply to, one of the same topic by preference, or none (a new thread)."""
        if not self.open or self.rng.random() < 0.38:
            return None
        tail = self.open[-60:]
        same = [t for t in tail if t["topic"] == topic]
        pool = same or tail
        return pool[self.rng.randrange(len(pool))]


def forum_threads(context: Context) -> list[Item]:
    """车友论坛: threads with a first floor and replies, quotes, later edits and deletions."""
    desk = Desk(context, "forum_threads", "post", ThreadWriter, "public")
    copies, threads = Copies(desk, 0.02), _Threads(desk.rng)
    items: list[Item] = []
    for row in desk.rows():
        items += _floor(desk, copies, threads, row)
    return items


def _floor(desk: Desk[ThreadWriter], copies: Copies, threads: _Threads, row: Row) -> list[Item]:
    number = f"p{row.number + 70_000_000}"
    source = copies.source(row)
    thread = None if source >= 0 else threads.pick(row.topic)
    said = _floor_said(desk, copies, row, number, source, is_reply=thread is not None)
    desk.account.note(
        row, number, role="owner" if row.speaker >= 0 else "public",
        noise=said.noise, script=said.script, group=said.group,
    )  # fmt: skip
    title, text, quoted = "", said.text, None
    if thread is None:
        title = desk.composer.title(row.vehicle, row.topic)
        thread = {"tid": f"t{row.number + 3_000_000}", "floor": 0, "topic": row.topic}
        threads.open.append(thread)
    elif desk.rng.random() < 0.2 and not said.noise:
        quoted = str(thread["pid"])
        text = desk.composer.quoted(row.vehicle, row.topic, str(thread["text"])) + text
    thread |= {"floor": int(str(thread["floor"])) + 1, "pid": number, "text": said.text}
    place = (str(thread["tid"]), int(str(thread["floor"])), number, quoted or "")
    return _floor_items(desk, row, place, title, text)


def _floor_said(
    desk: Desk[ThreadWriter], copies: Copies, row: Row, number: str, source: int, *, is_reply: bool
) -> Said:
    if source >= 0:
        text, kind, voice = copies.edited(source)
        return Said(text, SIMPLIFIED, "", (f"threads-{voice}", kind, voice))
    noise = desk.noise_kind(row)
    if noise:
        return Said(desk.noise.text(noise, row.vehicle), SIMPLIFIED, noise, NO_GROUP)
    if is_reply:
        text = desk.composer.reply(row.vehicle, row.topic, row.mood)
    else:
        topics, moods = desk.topics(row, 0.75)
        text = desk.composer.post(row.vehicle, topics, moods)
    text = desk.claimed(row, text)
    told = desk.personal.maybe(text, row.vehicle, number, row.day, row.speaker)
    if not is_reply:
        copies.keep(row.number, number, told)
    told, script = desk.surfaced(told) if told == text else (told, SIMPLIFIED)
    return Said(told, script, "", NO_GROUP)


def _floor_items(
    desk: Desk[ThreadWriter], row: Row, place: tuple[str, int, str, str], title: str, text: str
) -> list[Item]:
    context, rng, (thread, floor, number, quoted) = desk.context, desk.rng, place
    at, handle = context.moment(row.day, desk.second(row)), desk.handle(row)
    model = MODELS[int(context.world.vehicles.model[row.vehicle])]
    body: dict[str, object] = {
        "pid": number,
        "tid": thread,
        "floor": floor,
        "board": f"{model.series}{_BOARDS[row.number % len(_BOARDS)]}",
        "author": {
            "id": handle,
            "name": desk.nickname(handle, row.vehicle),
            "certified_model": model.name if row.speaker >= 0 and rng.random() < 0.4 else None,
        },
        "title": title or None,
        "content": text,
        "quote_pid": quoted or None,
        "likes": int(rng.paretovariate(1.1)) - 1,
        "views": int(rng.paretovariate(0.8) * 10) % 900_000,
        "state": "active",
        "posted_at": at,
        "edited_at": at,
    }
    edit = {"content": text + desk.composer.news_of(row.vehicle, row.topic)}
    return _versions(desk, row, body, (number,), ("edited_at", number), "post", edit)


# -- news -----------------------------------------------------------------------------------------
def news(context: Context) -> list[Item]:
    """新闻资讯: articles, a third of them reprints of others' with small changes."""
    desk = Desk(context, "news", "article", NewsComposer, "public")
    copies = Copies(desk, 0.3, memory=60)
    titles: dict[int, str] = {}
    items: list[Item] = []
    for row in desk.rows():
        number = f"a{row.number + 500_000}"
        source, group, script, noise = copies.source(row), NO_GROUP, SIMPLIFIED, ""
        if source >= 0:
            text, kind, voice = copies.edited(source)
            title, group = titles[source], (f"news-{voice}", kind, voice)
        else:
            noise = desk.noise_kind(row)
            title, text, script = _article(desk, row, noise)
            if not noise and script == SIMPLIFIED:
                copies.keep(row.number, number, text)
                titles[row.number] = title
        desk.account.note(row, number, noise=noise, script=script, group=group)
        items.append(_article_item(desk, row, (number, group[2]), title, text))
    return items


def _article(desk: Desk[NewsComposer], row: Row, noise: str) -> tuple[str, str, str]:
    if noise:
        text = "\n".join(desk.noise.text(noise, row.vehicle) for _ in range(6))
        return text[:20], text, SIMPLIFIED
    topics, moods = desk.topics(row, 0.7)
    found = desk.composer.article(row.vehicle, topics, moods)
    return (
        found.title,
        desk.claimed(row, found.body) if found.script == SIMPLIFIED else found.body,
        found.script,
    )


def _article_item(desk: Desk[NewsComposer], row: Row, ids: tuple[str, str], title: str, text: str) -> Item:
    context, rng, (number, origin) = desk.context, desk.rng, ids
    second, site = desk.second(row, 21 * 3600), rng.randrange(len(_SITES))
    crawled = context.moment(row.day, second + 600 + rng.randrange(3600))
    body = {
        "id": number,
        "site": _SITES[site],
        "byline": desk.composer.say("n_given", desk.composer.speaker(row.vehicle, 0)),
        "title": title,
        "body": text,
        "url": f"https://www.news{site}.example/auto/{context.date(row.day).replace('-', '')}/{number}.html",
        "reprint_of": origin or None,
        "views": int(rng.paretovariate(0.8) * 100) % 3_000_000,
        "published_at": context.moment(row.day, second),
        "crawled_at": crawled,
    }
    return Item(row.day, "article", (number,), json_line(body), context.date(row.day), number, crawled)


# -- reviews --------------------------------------------------------------------------------------
def review_site(context: Context) -> list[Item]:
    """口碑评价: scores, what is best, what is worst, the long text; some extended later."""
    desk = Desk(context, "review_site", "review", ReviewWriter, "public")
    items: list[Item] = []
    for row in desk.rows():
        items += _review_items(desk, row)
    return items


def _review_items(desk: Desk[ReviewWriter], row: Row) -> list[Item]:
    context, rng, number = desk.context, desk.rng, f"k{row.number + 2_000_000}"
    topics, moods = desk.topics(row, 0.8)
    liked = [t for t, m in zip(topics, moods, strict=True) if m > 0]
    disliked = [t for t, m in zip(topics, moods, strict=True) if m <= 0]
    best, worst, content = desk.composer.review(row.vehicle, liked, disliked)
    noise = desk.noise_kind(row)
    if noise:
        best, worst, content = "", "", desk.noise.text(noise, row.vehicle)
    elif content:
        content = desk.personal.maybe(desk.claimed(row, content), row.vehicle, number, row.day, row.speaker)
    else:
        worst = desk.claimed(row, worst)
    desk.account.note(row, number, noise=noise, role="owner" if row.speaker >= 0 else "public")
    second = desk.second(row)
    head, at = _review_head(desk, row, number), context.moment(row.day, second)
    event = context.date(row.day)
    line = csv_line((*head, best, worst, content, at, at), delimiter="\t")
    out = [Item(row.day, "review", (number,), line, event, number, at)]
    later = row.day + 1 + rng.randrange(20)
    if rng.random() < 0.03 and later < context.days and not noise:
        more = (
            content + "\n追加：" + desk.composer.say("y_news", desk.composer.speaker(row.vehicle, row.topic))
        )
        changed = context.moment(later, rng.randrange(8 * 3600, 23 * 3600))
        line = csv_line((*head, best, worst, more, at, changed), delimiter="\t")
        out.append(Item(later, "review", (number,), line, event, number, changed))
    return out


def _review_head(desk: Desk[ReviewWriter], row: Row, number: str) -> tuple[str, ...]:
    context, rng, cars = desk.context, desk.rng, desk.context.world.vehicles
    model = MODELS[int(cars.model[row.vehicle])]
    age = max(int((context.first_day - cars.sold[row.vehicle]).astype(int)) + row.day, 1)
    level = 4.1 + 0.5 * row.mood
    scores = [str(min(max(round(rng.gauss(level, 0.8)), 1), 5)) for _ in range(9)]
    price = f"{10 + rng.random() * 18:.2f}"
    return (
        number,
        desk.handle(row),
        model.series,
        model.name,
        CITIES[int(context.world.customers.city[desk.owner(row)])].name,
        f"{str(cars.sold[row.vehicle])[:7]}-01",
        f"{float(price) * 10_000:.2f}",
        str(max(int(age * float(cars.km_per_day[row.vehicle])), 8)),
        *scores[:8],
        scores[8] if model.model_year >= 2022 else "",
    )


def register_all() -> None:
    """Enter the channels of this module."""
    social = json_breaks(
        {"post_id": "DAMAGED-{:05d}"},
        (
            ("value_not_allowed", "platform", "platform", "tieba"),
            ("invalid_time", "posted_at", "created_at", "3分钟前"),
            ("wrong_type", "like_count", "likes", "1万+"),
            ("missing_value", "updated_at", "updated_at", None),
        ),
    )
    register(
        Channel(
            "social_media", social_media, 210,
            {"post": EntityFile("social_posts_{date}.jsonl", breaks=social)}, has_pages=True,
        )
    )  # fmt: skip
    floor = json_breaks(
        {"pid": "DAMAGED-{:05d}"},
        (
            ("missing_value", "thread_no", "tid", None),
            ("number_out_of_range", "floor_no", "floor", 0),
            ("invalid_time", "edited_at", "edited_at", "2026-02-30 10:00:00"),
            ("value_not_allowed", "state", "state", "hidden"),
        ),
    )
    register(
        Channel(
            "forum_threads", forum_threads, 230,
            {"post": EntityFile("threads_{date}.jsonl", breaks=floor)}, has_pages=True,
        )
    )  # fmt: skip
    article = json_breaks(
        {"id": "DAMAGED-{:05d}"},
        (
            ("missing_value", "body", "body", None),
            ("invalid_time", "published_at", "published_at", "昨天 08:00"),
            ("number_out_of_range", "view_count", "views", -5),
        ),
    )
    register(Channel("news", news, 265, {"article": EntityFile("articles_{date}.jsonl", breaks=article)}))
    review = EntityFile(
        "reviews_{date}.tsv",
        _REVIEW,
        delimiter="\t",
        cell_breaks=(
            ("number_out_of_range", 8, "6"),
            ("invalid_number", 6, "十五万八"),
            ("invalid_time", 20, "很久以前"),
            ("missing_value", 0, ""),
        ),
    )
    register(Channel("review_site", review_site, 250, {"review": review}, is_late_prone=True))
