"""The raw shape of each channel: events and texts become the lines its system would export.

One function per channel returns ``Item`` lists; order, faults and files come later in ``faults`` and
``deliveries``. Times in CSV files are Shanghai wall time, in calls epoch milliseconds.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import orjson

from sample_oem import identifiers
from sample_oem.catalogue import ASPECTS
from sample_oem.events import Happenings, Voices
from sample_oem.places import CITIES
from sample_oem.truth import Item, PlantedValue
from sample_oem.voices.compose import Composer
from sample_oem.world import BRAND, MODELS, World

HEADERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("complaint_site", "complaint"): (
        "投诉编号", "投诉品牌", "投诉车系", "投诉车型", "投诉简述", "投诉问题", "问题类型", "投诉日期",
    ),
    ("forum", "post"): ("text",),
    ("media_comments", "comment"): ("content_id", "content", "subject", "sentiment_value", "sentiment_word"),
    ("survey", "invitation"): (
        "邀请编号", "客户编号", "手机号", "车架号", "经销商代码",
        "触点", "邀请方式", "邀请状态", "邀请时间", "更新时间",
    ),
    ("survey", "response"): ("答卷编号", "邀请编号", "指标", "量表", "得分", "评论", "提交时间"),
    ("warranty_claims", "claim_line"): (
        "索赔单号", "行号", "车架号", "经销商代码", "故障日期",
        "维修日期", "申请日期", "里程", "零件号", "故障代码",
        "故障描述", "费用类型", "申请金额", "批准金额", "状态", "更新时间",
    ),
    ("customers_vehicles", "customer"): (
        "客户编号", "姓名", "手机号", "邮箱", "身份证号", "地址",
        "省份", "城市", "性别", "出生年", "注册时间", "更新时间",
    ),
    ("customers_vehicles", "vehicle"): (
        "车架号", "车主客户编号", "车牌号", "车型代码", "销售经销商代码", "生产日期", "销售日期", "更新时间",
    ),
    ("customers_vehicles", "dealer"): ("经销商代码", "经销商名称", "省份", "城市", "开业日期", "更新时间"),
    ("customers_vehicles", "vehicle_model"): (
        "车型代码", "品牌", "车系", "车型名称", "年款", "动力类型", "上市日期", "更新时间",
    ),
}  # fmt: skip
ENCODING = {"survey": "gb18030"}
TOUCHPOINTS = ("销售交付", "售后服务", "热线", "产品体验", "品牌关系")
_INVITE_BY = ("短信", "微信", "App", "电话", "邮件")
_QUEUES = ("after_sales", "complaint", "consult", "roadside", "sales")
_PERSONAL_SHARE = {
    "complaint_site": 0.05,
    "forum": 0.03,
    "media_comments": 0.015,
    "call_center": 0.12,
    "survey": 0.03,
}
_KINDS = (
    "phone", "phone", "phone", "phone", "landline", "mail",
    "id_card", "bank_card", "plate", "plate", "vin", "vin",
    "wechat", "qq", "name", "address",
)  # fmt: skip
_DAY_S = 86_400


def csv_line(cells: tuple[str, ...], encoding: str = "utf-8") -> bytes:
    """One CSV record with minimal quoting and a line feed."""
    quoted = (
        '"' + c.replace('"', '""') + '"' if ("," in c or '"' in c or "\n" in c or "\r" in c) else c
        for c in cells
    )
    return (",".join(quoted) + "\n").encode(encoding)


@dataclass
class Context:
    """What every channel needs: the world, what happened, the calendar and a stream of its own."""

    world: World
    happenings: Happenings
    first_day: np.datetime64
    days: int
    seed: int
    planted: list[PlantedValue] = field(default_factory=list)
    template_groups: dict[str, int] = field(default_factory=dict)
    _dates: dict[int, str] = field(default_factory=dict)

    def stream(self, name: str) -> random.Random:
        """Return an independent reproducible stream."""
        return random.Random(f"{self.seed}/shape/{name}")  # noqa: S311 - simulation

    def date(self, day: int) -> str:
        """ISO date of an event day."""
        found = self._dates.get(day)
        if found is None:
            found = self._dates[day] = str(self.first_day + np.timedelta64(day, "D"))
        return found

    def moment(self, day: int, second: int) -> str:
        """Shanghai wall time ``YYYY-MM-DD HH:MM:SS`` on an event day."""
        hours, rest = divmod(second % _DAY_S, 3600)
        return f"{self.date(day + second // _DAY_S)} {hours:02d}:{rest // 60:02d}:{rest % 60:02d}"

    def epoch_ms(self, day: int, second: int) -> int:
        """Epoch milliseconds of a Shanghai wall time."""
        base = int(self.first_day.astype("datetime64[s]").astype(np.int64))
        return (base + day * _DAY_S + second - 8 * 3600) * 1000


class Campaigns:
    """Owners who copy one another's complaint: groups of texts alike but for numbers and a few words."""

    _JOIN, _START, _EDITS = (
        0.058,
        0.004,
        ("！", "。请尽快处理", "，强烈要求解决", "", "，我也是", "。同款车主"),
    )

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.templates: list[str] = []
        self.members: dict[str, int] = {}

    def maybe(self, text: str, voice: str) -> str:
        """Give the text itself, or (one in twenty) a copy of a circulating template."""
        roll = self.rng.random()
        if roll < self._START and 12 < len(text) < 160:
            self.templates.append(text)
            self.members[voice] = len(self.templates) - 1
        elif self.templates and roll > 1 - self._JOIN:
            # Early templates spread further, as rows of one long quarrel do.
            group = int(len(self.templates) * self.rng.random() ** 2.5)
            self.members[voice] = group
            text = self.templates[group] + (self.rng.choice(self._EDITS) if self.rng.random() < 0.4 else "")
        return text


class Personal:
    """Puts a personal identifier into some of a channel's texts and keeps the account of it."""

    def __init__(self, context: Context, channel: str, entity: str, composer: Composer) -> None:
        self.context, self.channel, self.entity, self.composer = context, channel, entity, composer
        self.numbers = np.random.default_rng([context.seed, sum(map(ord, channel)), 77])
        self.share = _PERSONAL_SHARE[channel]

    def maybe(self, text: str, vehicle: int, voice: str, day: int) -> str:
        """Give the text, sometimes with a sentence that gives something away."""
        if self.composer.rand() >= self.share:
            return text
        kind = self.composer.pick(_KINDS)
        plain = self._value(kind, vehicle)
        form, written, rule = self._written(kind, plain)
        spoken = self.composer.with_personal(text, rule, written)
        voice = voice or hashlib.sha256(spoken.encode()).hexdigest()
        self.context.planted.append(
            PlantedValue(self.channel, self.entity, voice, day, kind, form, written, plain)
        )
        return spoken

    def _value(self, kind: str, vehicle: int) -> str:
        world = self.context.world
        owner = int(world.vehicles.owner[vehicle])
        people = world.customers
        own: dict[str, Callable[[], str]] = {
            "phone": lambda: people.phone[owner],
            "landline": lambda: identifiers.landline(self.numbers, CITIES[int(people.city[owner])]),
            "mail": lambda: people.mail[owner] or identifiers.mails(self.numbers, [people.phone[owner]])[0],
            "id_card": lambda: people.id_card[owner],
            "bank_card": lambda: identifiers.bank_card(self.numbers),
            "plate": lambda: world.vehicles.plate[vehicle],
            "vin": lambda: world.vehicles.vin[vehicle],
            "wechat": lambda: identifiers.wechat_id(self.numbers),
            "qq": lambda: identifiers.qq_number(self.numbers),
            "name": lambda: people.name[owner],
            "address": lambda: people.address[owner],
        }
        return own[kind]()

    def _written(self, kind: str, plain: str) -> tuple[str, str, str]:
        """(form, as written, stock rule) — phones are spaced, dashed or spoken as numerals at times."""
        if kind != "phone":
            return "plain", plain, kind
        roll = self.composer.rand()
        if self.channel == "call_center" and roll < 0.5:
            return "spoken", identifiers.spoken_number(plain), "phone_spoken"
        if roll < 0.55:
            return "written_numerals", identifiers.spoken_number(plain, written=True), "phone"
        if roll < 0.65:
            return "spaced", f"{plain[:3]} {plain[3:7]} {plain[7:]}", "phone"
        if roll < 0.72:
            return "dashed", f"{plain[:3]}-{plain[3:7]}-{plain[7:]}", "phone"
        return "plain", plain, "phone"


def _rows(voices: Voices) -> Iterator[tuple[int, int, int, int, int]]:
    return zip(
        voices.day.tolist(), voices.vehicle.tolist(), voices.aspect.tolist(), voices.polarity.tolist(),
        voices.severity.tolist(), strict=True,
    )  # fmt: skip


def _neighbours(rng: random.Random, aspect: int, polarity: int, chance: float) -> tuple[list[int], list[int]]:
    """Add to the aspect spoken about perhaps one or two more, with moods of their own."""
    aspects, moods = [aspect], [polarity]
    while len(aspects) < 3 and rng.random() < chance:
        aspects.append(rng.randrange(len(ASPECTS)))
        moods.append(polarity if rng.random() < 0.4 else rng.choice((-1, 0, 1)))
    return aspects, moods


def complaint_site(context: Context) -> list[Item]:
    """投诉网站: one row per problem type of a complaint (a tenth have two or three)."""
    composer, rng = Composer(context.world, "complaint_site", context.seed), context.stream("complaint_site")
    personal, campaigns = Personal(context, "complaint_site", "complaint", composer), Campaigns(rng)
    items: list[Item] = []
    for n, (day, vehicle, aspect, _mood, _severity) in enumerate(
        _rows(context.happenings.voices["complaint_site"])
    ):
        second = rng.randrange(7 * 3600, 24 * 3600 - 1)
        stamp = context.moment(day, second)
        number = "".join(c for c in stamp if c.isdigit()) + f"{n % 1_000_000:06d}"
        model = MODELS[int(context.world.vehicles.model[vehicle])]
        text = campaigns.maybe(composer.complaint(vehicle, aspect), number)
        text = personal.maybe(text, vehicle, number, day)
        for system, kind in _problem_types(rng, aspect):
            cells = (number, BRAND, model.series, model.name, text, system, kind, stamp[:10])
            key = (number, system, kind)
            items.append(Item(day, "complaint", key, csv_line(cells), stamp[:10], number))
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
    personal = Personal(context, "forum", "post", composer)
    seen: set[str] = set()
    items: list[Item] = []
    for day, vehicle, aspect, mood, _severity in _rows(context.happenings.voices["forum"]):
        aspects, moods = _neighbours(rng, aspect, mood, 0.75)
        text = composer.post(vehicle, aspects, moods)
        while text in seen:
            text = composer.post(vehicle, aspects, moods)
        text = personal.maybe(text, vehicle, "", day)
        seen.add(text)
        items.append(Item(day, "post", (text,), csv_line((text,)), "", text))
    return items


def media_comments(context: Context) -> list[Item]:
    """汽车媒体评论: one row per aspect of a comment, with the labels of the platform."""
    composer, rng = Composer(context.world, "media_comments", context.seed), context.stream("media_comments")
    personal = Personal(context, "media_comments", "comment", composer)
    items: list[Item] = []
    for n, (day, vehicle, aspect, mood, _severity) in enumerate(
        _rows(context.happenings.voices["media_comments"])
    ):
        aspects, moods = _neighbours(rng, aspect, mood, 0.25)
        number = f"m{100_000 + n}"
        text = personal.maybe(composer.comment(vehicle, aspects, moods), vehicle, number, day)
        subjects: dict[str, int] = {}
        for a, m in zip(aspects, moods, strict=True):
            subjects.setdefault(ASPECTS[a].subject, m)
        for subject, label in subjects.items():
            line = csv_line((number, text, subject, str(label), ""))
            items.append(Item(day, "comment", (number, subject), line, "", number))
    return items


def call_center(context: Context) -> list[Item]:
    """客服热线: a call per line; a few come again corrected (newer version) or deleted."""
    composer, rng = Composer(context.world, "call_center", context.seed), context.stream("call_center")
    personal = Personal(context, "call_center", "call", composer)
    items: list[Item] = []
    for n, (day, vehicle, aspect, mood, severity) in enumerate(
        _rows(context.happenings.voices["call_center"])
    ):
        number = f"CALL{context.date(day).replace('-', '')}-{n:06d}"
        turns = composer.call(vehicle, aspect, mood)
        spoken = [i for i, (who, _) in enumerate(turns) if who == "customer"]
        place = spoken[-1] if len(spoken) == 1 else spoken[1]
        turns[place] = ("customer", personal.maybe(turns[place][1], vehicle, number, day))
        body = _call_body(context, rng, number, (day, vehicle, severity), turns)
        items += _call_versions(context, rng, body, day, aspect)
    return items


def _call_body(
    context: Context, rng: random.Random, number: str, row: tuple[int, int, int], turns: list[tuple[str, str]]
) -> dict[str, object]:
    day, vehicle, severity = row
    world = context.world
    owner = int(world.vehicles.owner[vehicle])
    second = min(int(rng.gauss(14.5, 3.4) * 3600) % _DAY_S, _DAY_S - 1200)
    started, seconds = context.epoch_ms(day, second), 40 + 14 * len(turns) + rng.randrange(120)
    known = rng.random()
    return {
        "call_id": number,
        "started_at_ms": started,
        "ended_at_ms": started + seconds * 1000,
        "updated_at_ms": started + seconds * 1000 + 60_000,
        "status": "active",
        "caller_phone": world.customers.phone[owner] if known < 0.96 else "",
        "customer_id": world.customers.number[owner] if known < 0.75 else "",
        "vin": world.vehicles.vin[vehicle] if known < 0.62 else "",
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
        number = f"INV{context.date(int(sent.day[n])).replace('-', '')}{n:07d}"
        items += _invitation(context, rng, number, n)
        if sent.answered[n]:
            items += _response(context, rng, (composer, personal), number, n)
    return [item for item in items if item.day < context.days]


def _invitation(context: Context, rng: random.Random, number: str, n: int) -> list[Item]:
    world, sent = context.world, context.happenings.invitations
    day, vehicle, answered = int(sent.day[n]), int(sent.vehicle[n]), bool(sent.answered[n])
    owner = int(world.vehicles.owner[vehicle])
    second = rng.randrange(9 * 3600, 20 * 3600)
    invited = context.moment(day, second)
    head = (
        number, world.customers.number[owner], world.customers.phone[owner], world.vehicles.vin[vehicle],
        world.dealers.code[int(world.vehicles.dealer[vehicle])],
        TOUCHPOINTS[int(sent.touchpoint[n])], rng.choice(_INVITE_BY),
    )  # fmt: skip
    states = [(day, "发送失败" if not answered and rng.random() < 0.04 else "已发送", invited)]
    if answered:
        states.append((day + 1, "已完成", context.moment(day + 1, rng.randrange(9 * 3600, 22 * 3600))))
    elif rng.random() < 0.25:
        state = "已打开" if rng.random() < 0.95 else "已退订"
        states.append((day + 1, state, context.moment(day + 1, rng.randrange(_DAY_S))))
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
    number = "R" + invitation[3:]
    mood = -1 if latent < 6.2 else (1 if latent > 7.8 else 0)
    comment = ""
    if rng.random() < 0.62:
        comment = personal.maybe(composer.survey_comment(vehicle, aspect, mood), vehicle, number, day)
    submitted = context.moment(day, rng.randrange(20 * 3600, _DAY_S - 60))
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


BUILDERS: dict[str, Callable[[Context], list[Item]]] = {
    "complaint_site": complaint_site,
    "forum": forum,
    "media_comments": media_comments,
    "call_center": call_center,
    "survey": survey,
}
