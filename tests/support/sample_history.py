"""A small made-up carmaker's past for warehouse tests: every channel, every day, by formula.

Not the sample carmaker of `sample_oem/` (rich text, planted truths): here every number can be
worked out on paper, and a day is written in milliseconds.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from tests.support.raw_home import RawHome

FIRST_DAY = date(2026, 1, 1)
TEXTS = (
    "刹车失灵，差点追尾，要求厂家给说法",
    "空调不冷，去了三次店都没修好",
    "座椅舒服，空调很好，满意",
    "高速上抛锚，等了两个小时救援",
    "座椅一般，刹车有点软",
    "今天天气不错出去转了转",
)
TOUCHPOINTS = ("销售交付", "售后服务", "热线", "品牌关系")
CUSTOMERS = 40
DEALERS = ("D001", "D002", "D003")
MODELS = ("M-A1", "M-B2")


def received(day: date, hour: int = 18) -> datetime:
    """Receipt on a day at an hour UTC before the business day's end (16:00 UTC)."""
    return datetime.combine(day, time(hour % 16, 0), UTC)


def stamp(day: date, second: int = 0) -> str:
    """Canonical time text at 03:00 UTC (11:00 in Shanghai) of a day."""
    return (datetime.combine(day, time(3), UTC) + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S.%f")


def vin(number: int) -> str:
    """A VIN-shaped value."""
    return f"LSVAA{number:012d}"


def deliver_masters(home: RawHome, day: date = FIRST_DAY) -> None:
    """Customers, vehicles, dealers and models as of the first day."""
    at = stamp(day)
    home.deliver(
        "customers_vehicles",
        "dealer",
        received(day, 1),
        [
            {
                "dealer_code": code,
                "dealer_name_zh": f"经销商{code}",
                "province_zh": "浙江",
                "city_zh": "杭州",
                "opened_date": "2020-01-01",
                "updated_at": at,
            }
            for code in DEALERS
        ],
    )
    home.deliver(
        "customers_vehicles",
        "vehicle_model",
        received(day, 1),
        [
            {
                "vehicle_model_code": code,
                "brand_zh": "示例",
                "series_zh": code[:3],
                "model_zh": f"{code} 豪华版",
                "model_year": "2025",
                "powertrain_type": "纯电",
                "launched_date": "2024-06-01",
                "updated_at": at,
            }
            for code in MODELS
        ],
    )
    home.deliver(
        "customers_vehicles", "customer", received(day, 1), [customer(n, day) for n in range(CUSTOMERS)]
    )
    home.deliver(
        "customers_vehicles", "vehicle", received(day, 1), [vehicle(n, day) for n in range(CUSTOMERS)]
    )


def customer(number: int, updated: date, province: str = "浙江") -> dict[str, str]:
    """One customer record."""
    return {
        "customer": f"C{number:05d}",
        "phone": f"138{number:08d}",
        "mail": f"c{number}@example.com",
        "province_zh": province,
        "city_zh": "杭州",
        "gender": "未知",
        "birth_year": "1985",
        "registered_at": stamp(date(2025, 1, 1) + timedelta(days=number % 90)),
        "updated_at": stamp(updated),
    }


def vehicle(number: int, updated: date, model: str | None = None) -> dict[str, str]:
    """One vehicle record."""
    return {
        "vin": vin(number),
        "customer": f"C{number:05d}",
        "plate": f"浙A{number:05d}",
        "vehicle_model_code": model or MODELS[number % 2],
        "dealer_code": DEALERS[number % 3],
        "build_date": "2025-01-05",
        "sold_date": (date(2025, 2, 1) + timedelta(days=number % 60)).isoformat(),
        "updated_at": stamp(updated),
    }


def complaint(number: int, day: date, text: str | None = None, problem: str = "制动系统") -> dict[str, str]:
    """One row of a complaint."""
    return {
        "complaint_no": f"{20260000000000 + number:014d}",
        "brand_zh": "示例",
        "series_zh": "M-A",
        "model_zh": "A1",
        "verbatim_source": text or TEXTS[number % len(TEXTS)],
        "problem_system_zh": problem,
        "problem_type_zh": "异响",
        "complaint_date": day.isoformat(),
    }


def call(
    number: int, day: date, *, version: int = 0, status: str = "active", text: str | None = None
) -> dict[str, str]:
    """One call (the fixture's verbatim is the `turns` field itself)."""
    return {
        "call_no": f"CALL-{number:08d}",
        "started_at": stamp(day, number % 600),
        "ended_at": stamp(day, 900),
        "updated_at": stamp(day + timedelta(days=version), number % 600),
        "status": status,
        "caller_phone": f"138{number % CUSTOMERS:08d}",
        "customer": f"C{number % CUSTOMERS:05d}" if number % 3 else "",
        "vin": vin(number % CUSTOMERS),
        "agent_no": "A01",
        "queue": "after_sales",
        "agent_tags": "[]",
        "turns": text or TEXTS[(number + 1) % len(TEXTS)],
    }


def invitation(number: int, day: date, *, touchpoint: str | None = None, version: int = 0) -> dict[str, str]:
    """One invitation."""
    return {
        "invitation_no": f"INV-{number:08d}",
        "customer": f"C{number % CUSTOMERS:05d}",
        "phone": f"138{number % CUSTOMERS:08d}",
        "vin": vin(number % CUSTOMERS),
        "dealer_code": DEALERS[number % 3],
        "touchpoint": touchpoint or TOUCHPOINTS[number % 4],
        "invite_channel": "短信",
        "status": "已发送",
        "invited_at": stamp(day),
        "updated_at": stamp(day + timedelta(days=version)),
    }


def answers(number: int, day: date, *, score: int | None = None, scale: str = "0-10") -> list[dict[str, str]]:
    """The NPS and CSAT rows of one response; every fifth one has a comment."""
    common = {
        "response_no": f"R-{number:08d}",
        "invitation_no": f"INV-{number:08d}",
        "comment": TEXTS[number % len(TEXTS)] if number % 5 == 0 else "",
        "submitted_at": stamp(day, number % 600),
    }
    nps = number % 11 if score is None else score
    return [
        {**common, "metric": "NPS", "scale": scale, "score": str(nps)},
        {**common, "metric": "CSAT", "scale": "1-5", "score": str(number % 5 + 1)},
    ]


def claim(number: int, day: date, *, version: int = 0, status: str = "已批准") -> dict[str, str]:
    """One claim line."""
    return {
        "claim_no": f"CL-{number // 2:08d}",
        "line_no": str(number % 2 + 1),
        "vin": vin(number % CUSTOMERS),
        "dealer_code": DEALERS[number % 3],
        "failure_date": day.isoformat(),
        "repair_date": day.isoformat(),
        "submitted_date": day.isoformat(),
        "mileage_km": "12000",
        "part_code": "P-100",
        "fault_code": "F01",
        "fault_note": "更换制动片",
        "cost_type": ("配件", "工时", "外协")[number % 3],
        "claimed_amount_cny": f"{100 + number % 50}.50",
        "approved_amount_cny": f"{90 + number % 50}.25",
        "status": status,
        "updated_at": stamp(day + timedelta(days=version)),
    }


def deliver_day(home: RawHome, index: int, per_channel: int = 12) -> date:
    """All channels of one day: new records, one correction and one late row of earlier days."""
    day = FIRST_DAY + timedelta(days=index)
    numbers = range(index * per_channel, (index + 1) * per_channel)
    late_day = max(FIRST_DAY, day - timedelta(days=3))
    complaints = [complaint(n, day) for n in numbers]
    # A complaint over two rows, and one that comes late.
    complaints += [complaint(numbers[0], day, problem="车身附件"), complaint(900_000 + index, late_day)]
    home.deliver("complaint_site", "complaint", received(day, 2), complaints)
    home.deliver(
        "forum", "post", received(day, 3), [{"text": f"{TEXTS[n % len(TEXTS)]}，第{n}帖"} for n in numbers]
    )
    home.deliver(
        "media_comments",
        "comment",
        received(day, 4),
        [
            {
                "comment_no": f"m{n}",
                "content": TEXTS[n % len(TEXTS)],
                "label_aspect_zh": aspect,
                "label_polarity": "0",
            }
            for n in numbers
            for aspect in (("舒适性", "动力") if n % 4 == 0 else ("舒适性",))
        ],
    )
    calls = [call(n, day) for n in numbers]
    if index:
        before = day - timedelta(days=1)
        calls += [
            call(numbers[0] - per_channel, before, version=1, text="空调不冷，后来又打来说座椅舒服"),
            call(numbers[1] - per_channel, before, version=1, status="deleted"),
        ]
    home.deliver("call_center", "call", received(day, 5), calls)
    home.deliver("survey", "invitation", received(day, 6), [invitation(n, day) for n in numbers])
    rows = [row for n in numbers for row in answers(n, day, scale="1-10" if n % 13 == 0 else "0-10")]
    home.deliver("survey", "response", received(day, 7), rows)
    claims = [claim(n, day) for n in numbers]
    if index:
        claims.append(claim(numbers[0] - per_channel, day - timedelta(days=1), version=1, status="已冲销"))
    home.deliver("warranty_claims", "claim_line", received(day, 8), claims)
    return day
