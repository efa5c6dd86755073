"""Deliveries to measure with: days of any size in the raw shapes of the shipped channels.

`write_day` writes one business day, `write_master` the customers, vehicles, dealers and models behind
it; both list what they wrote in `deliveries.json`. Repeats and damaged rows are planted at fixed
shares so that both measured sides must agree on their counts. Same arguments, same bytes.
"""

# Tables of columns, phrases and SQL are read more easily unbroken.
# ruff: noqa: E501

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from benchmarks.stock import AGENT, Words

SHARES = {"complaint_site": 0.14, "forum": 0.14, "media_comments": 0.34, "call_center": 0.22, "survey": 0.16}
REPEATED, DAMAGED, LATE = 0.02, 0.002, 0.08
_MODELS = tuple((f"XC-{place:02d}", f"星驰{name}") for place, name in enumerate("ABCDEFGH"))
_SYSTEMS = ("发动机", "传动系", "制动系", "转向系", "电气设备", "车身", "空调系统", "轮胎和车轮")
_ASPECTS = ("动力", "价格", "油耗", "操控", "舒适性", "内饰", "外观", "安全性", "空间", "配置")
_TOUCHPOINTS = ("销售交付", "售后服务", "热线", "产品体验", "品牌关系")
_VIN_VALUES = dict(
    zip(
        "0123456789ABCDEFGHJKLMNPRSTUVWXYZ",
        [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)],
        strict=True,
    )
)
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


@dataclass(frozen=True)
class Delivery:
    """One file of one channel and when it came (UTC ISO text)."""

    channel: str
    path: str
    received_at: str


@dataclass(frozen=True)
class Owners:
    """Aligned by index: customer numbers, phones, VINs, dealers, model codes."""

    customer: list[str]
    phone: list[str]
    vin: list[str]
    dealer: list[str]
    model: list[str]

    def __len__(self) -> int:
        return len(self.customer)


def make_owners(count: int, seed: int = 7) -> Owners:
    """Return `count` owners with one vehicle each."""
    rng = np.random.default_rng([seed, 1])
    tail = rng.permutation(100_000_000)[:count] if count > 1_000_000 else rng.choice(90_000_000, count, False)
    model = rng.integers(0, len(_MODELS), count)
    return Owners(
        [f"KH{place:08d}" for place in range(count)],
        [f"13{number + 1_0000_0000:09d}" for number in tail.tolist()],
        [_vin(f"LXC{'ABCDEFGH'[m]}EF4G0P1{place:06d}") for place, m in enumerate(model.tolist())],
        [f"D{number:04d}" for number in rng.integers(0, 300, count).tolist()],
        [_MODELS[m][0] for m in model.tolist()],
    )


def _vin(vin: str) -> str:
    rest = sum(_VIN_VALUES[c] * w for c, w in zip(vin, _VIN_WEIGHTS, strict=True)) % 11
    return f"{vin[:8]}{'X' if rest == 10 else rest}{vin[9:]}"


def write_master(folder: Path, owners: Owners, day: date) -> list[Delivery]:
    """Write the four business files of `day` and return their deliveries."""
    stamp, place = f"{day} 01:00:00", range(len(owners))
    files = {
        "customer": (
            ["客户编号", "姓名", "手机号", "邮箱", "身份证号", "地址", "省份", "城市", "性别", "出生年", "注册时间", "更新时间"],
            [
                [owners.customer[i], "王小明", owners.phone[i], f"u{i}@example.com", "", "人民路1号", "江苏省", "南京市",
                 ("男", "女")[i % 2], 1960 + i % 45, "2023-05-01 10:00:00", stamp]
                for i in place
            ],
        ),
        "vehicle": (
            ["车架号", "车主客户编号", "车牌号", "车型代码", "销售经销商代码", "生产日期", "销售日期", "更新时间"],
            [
                [owners.vin[i], owners.customer[i], f"苏A{i % 100000:05d}", owners.model[i], owners.dealer[i], "2023-03-01",
                 "2023-05-01", stamp]
                for i in place
            ],
        ),
        "dealer": (
            ["经销商代码", "经销商名称", "省份", "城市", "开业日期", "更新时间"],
            [[f"D{i:04d}", f"星驰{i}号店", "江苏省", "南京市", "2018-01-01", stamp] for i in range(300)],
        ),
        "vehicle_model": (
            ["车型代码", "品牌", "车系", "车型名称", "年款", "动力类型", "上市日期", "更新时间"],
            [[code, "星驰", name, f"{name} 豪华型", 2023, "纯电", "2023-01-01", stamp] for code, name in _MODELS],
        ),
    }  # fmt: skip
    written = [
        _write(folder, "customers_vehicles", f"{name}.csv", _csv(header, rows), day)
        for name, (header, rows) in files.items()
    ]
    return listed(folder, written)


def write_day(folder: Path, day: date, voices: int, owners: Owners, seed: int = 7) -> list[Delivery]:
    """Write one day of `voices` distinct voices over five channels, with invitations and claims."""
    maker = _Day(day, owners, np.random.default_rng([seed, day.toordinal(), voices]))
    count = {channel: max(1, round(voices * share)) for channel, share in SHARES.items()}
    count["media_comments"] += voices - sum(count.values())
    invitations, responses = maker.survey(count["survey"])
    files = [
        ("complaint_site", "complaints.csv", maker.complaints(count["complaint_site"])),
        ("forum", "posts.csv", maker.posts(count["forum"])),
        ("media_comments", "comments.csv", maker.comments(count["media_comments"])),
        ("call_center", "calls.jsonl", maker.calls(count["call_center"])),
        ("survey", "invitations.csv", invitations),
        ("survey", "responses.csv", responses),
        ("warranty_claims", "claims.csv", maker.claims(max(1, voices // 5))),
    ]
    return listed(folder, [_write(folder, channel, name, data, day) for channel, name, data in files])


def write_small(folder: Path, day: date, owners: Owners, seed: int = 7) -> list[Delivery]:
    """Write one small delivery (20 complaints): the almost empty day."""
    maker = _Day(day, owners, np.random.default_rng([seed, day.toordinal(), 20]))
    return listed(folder, [_write(folder, "complaint_site", "complaints.csv", maker.complaints(20), day)])


def read_listed(folder: Path) -> list[Delivery]:
    """Return the deliveries a folder lists."""
    return [Delivery(**entry) for entry in json.loads((folder / "deliveries.json").read_text())]


def _write(folder: Path, channel: str, name: str, data: bytes, day: date) -> Delivery:
    path = folder / channel / f"{day:%Y%m%d}_{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Delivery(channel, str(path), f"{day}T13:00:00+00:00")


def listed(folder: Path, written: list[Delivery]) -> list[Delivery]:
    """Add to what the folder lists; return what was added."""
    listing = folder / "deliveries.json"
    before = read_listed(folder) if listing.exists() else []
    listing.write_text(json.dumps([asdict(delivery) for delivery in before + written]))
    return written


def _csv(header: list[str], rows: list[list[Any]], encoding: str = "utf-8") -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode(encoding)


class _Day:
    """Rows of one day; every method draws from the day's own random stream."""

    def __init__(self, day: date, owners: Owners, rng: np.random.Generator) -> None:
        self.day, self.owners, self.rng = day, owners, rng
        self.words = Words(rng)
        self._days = [str(day - timedelta(days=back)) for back in range(6)]

    def complaints(self, count: int) -> bytes:
        texts = self.words.texts(count, 5, 9, 0.45, self.owners.phone)
        days, systems = self._event_days(count), self.rng.integers(0, len(_SYSTEMS), count).tolist()
        rows = []
        for place, (text, day, system) in enumerate(zip(texts, days, systems, strict=True)):
            model = _MODELS[system]
            number = f"{self.day:%Y%m%d}{place:08d}"
            row = [number, "星驰", model[1], f"{model[1]} 豪华型", text, _SYSTEMS[system], "异响", day]
            rows.append(row)
            if place % 10 == 0:
                rows.append([*row[:5], _SYSTEMS[system - 1], "故障", day])
        rows = self._with_repeats(rows, lambda row: [*row[:7], "2025-13-45"])
        header = [
            "投诉编号",
            "投诉品牌",
            "投诉车系",
            "投诉车型",
            "投诉简述",
            "投诉问题",
            "问题类型",
            "投诉日期",
        ]
        # One line that is not UTF-8: it must cost itself and no other.
        return (
            _csv(header, rows)
            + f"{self.day:%Y%m%d}99999999,星驰,星驰A,".encode()
            + b"\xff\xfe,x,x,x,2025-01-01\r\n"
        )

    def posts(self, count: int) -> bytes:
        texts = self.words.texts(count, 8, 17, 0.35, self.owners.phone)
        # The source has no post number: a running remark keeps two equal posts apart.
        rows = [[f"{text}（{self.day:%m%d}楼{place}）"] for place, text in enumerate(texts)]
        return _csv(["text"], self._with_repeats(rows, lambda _row: [""]))

    def comments(self, count: int) -> bytes:
        texts = self.words.texts(count, 1, 3, 0.35, self.owners.phone)
        aspects = self.rng.integers(0, len(_ASPECTS), count).tolist()
        rows = []
        for place, (text, aspect) in enumerate(zip(texts, aspects, strict=True)):
            number = f"m{self.day:%Y%m%d}-{place}"
            rows.append([number, text, _ASPECTS[aspect], place % 3 - 1, ""])
            if place % 4 == 0:
                rows.append([number, text, _ASPECTS[aspect - 1], 0, ""])
        rows = self._with_repeats(rows, lambda row: [*row[:3], "7", ""])
        return _csv(["content_id", "content", "subject", "sentiment_value", "sentiment_word"], rows)

    def calls(self, count: int) -> bytes:
        said = self.words.texts(count * 3, 1, 4, 0.4, self.owners.phone)
        owner = self.rng.integers(0, len(self.owners), count).tolist()
        start = int(datetime.fromisoformat(f"{self.day}T00:00:00+08:00").timestamp() * 1000)
        at = (start + self.rng.integers(0, 70_000_000, count)).tolist()
        lines = []
        for place, (who, when) in enumerate(zip(owner, at, strict=True)):
            turns = []
            for turn in range(3):
                turns += [
                    {"speaker": "agent", "text": AGENT[(place + turn) % len(AGENT)]},
                    {"speaker": "customer", "text": said[3 * place + turn]},
                ]
            lines.append(self._call(place, who, when, turns))
        lines = self._with_repeats(lines, lambda line: line.replace(b'"call_id"', b'"call-id"', 1))
        return b"\n".join(lines) + b"\n"

    def _call(self, place: int, who: int, when: int, turns: list[dict[str, str]]) -> bytes:
        owners = self.owners
        return orjson.dumps(
            {
                "call_id": f"C{self.day:%Y%m%d}-{place}", "started_at_ms": when, "ended_at_ms": when + 180_000,
                "updated_at_ms": when + 200_000, "status": "active", "caller_phone": owners.phone[who],
                "customer_id": owners.customer[who] if place % 2 else "", "vin": owners.vin[who] if place % 3 else "",
                "agent_id": f"A{place % 90}", "queue": "after_sales", "agent_tags": ["投诉"], "turns": turns,
            }
        )  # fmt: skip

    def survey(self, count: int) -> tuple[bytes, bytes]:
        """Return the invitation file and the response file; one invitation in three is answered."""
        owner = self.rng.integers(0, len(self.owners), 3 * count).tolist()
        invitations, responses = [], []
        comments = self.words.texts(count, 1, 3, 0.35, self.owners.phone)
        scores = self.rng.integers(0, 11, count).tolist()
        for place, who in enumerate(owner):
            answered = place % 3 == 0
            number = f"{self.day:%Y%m%d}-{place}"
            invitations.append(
                [f"I{number}", self.owners.customer[who], self.owners.phone[who], self.owners.vin[who], self.owners.dealer[who],
                 _TOUCHPOINTS[place % 5], "短信", "已完成" if answered else "已发送", f"{self.day} 09:00:00", f"{self.day} 12:00:00"]
            )  # fmt: skip
            if answered:
                responses += self._answers(number, scores[place // 3], comments[place // 3])
        header = [
            "邀请编号",
            "客户编号",
            "手机号",
            "车架号",
            "经销商代码",
            "触点",
            "邀请方式",
            "邀请状态",
            "邀请时间",
            "更新时间",
        ]
        answers = ["答卷编号", "邀请编号", "指标", "量表", "得分", "评论", "提交时间"]
        return (
            _csv(
                header, self._with_repeats(invitations, lambda row: [*row[:5], "门店", *row[6:]]), "gb18030"
            ),
            _csv(answers, self._with_repeats(responses, lambda row: [*row[:4], "很好", *row[5:]]), "gb18030"),
        )

    def _answers(self, number: str, score: int, comment: str) -> list[list[Any]]:
        at = f"{self.day} 11:{score:02d}:00"
        answer = [f"R{number}", f"I{number}", "NPS", "0-10", score, comment, at]
        return [answer, [*answer[:2], "CSAT", "1-5", 1 + score * 4 // 10, comment, at]]

    def claims(self, count: int) -> bytes:
        owner = self.rng.integers(0, len(self.owners), count).tolist()
        amount = self.rng.integers(20, 9000, count).tolist()
        notes = self.words.texts(count, 1, 1, 1.0, self.owners.phone)
        rows = [
            [f"W{self.day:%Y%m%d}-{place // 3}", place % 3 + 1, self.owners.vin[who], self.owners.dealer[who], str(self.day),
             str(self.day), str(self.day), 12_000 + place % 60_000, f"P-{place % 700}", "B1234", note,
             ("配件", "工时", "外协")[place % 3], f"{money}.50", f"{money}.00", "已批准", f"{self.day} 10:00:00"]
            for place, (who, money, note) in enumerate(zip(owner, amount, notes, strict=True))
        ]  # fmt: skip
        header = [
            "索赔单号", "行号", "车架号", "经销商代码", "故障日期", "维修日期", "申请日期", "里程", "零件号", "故障代码",
            "故障描述", "费用类型", "申请金额", "批准金额", "状态", "更新时间",
        ]  # fmt: skip
        return _csv(header, self._with_repeats(rows, lambda row: [*row[:12], "约三百", *row[13:]]))

    def _event_days(self, count: int) -> list[str]:
        back = np.where(self.rng.random(count) < LATE, self.rng.integers(1, 6, count), 0)
        return [self._days[number] for number in back.tolist()]

    def _with_repeats(self, rows: list[Any], damage: Any) -> list[Any]:
        """Append repeats of 2 % and damaged copies of 0.2 % (at least one) of the rows."""
        count = len(rows)
        repeats = self.rng.integers(0, count, max(1, round(count * REPEATED))).tolist()
        damaged = self.rng.integers(0, count, max(1, round(count * DAMAGED))).tolist()
        return rows + [rows[place] for place in repeats] + [damage(rows[place]) for place in damaged]
