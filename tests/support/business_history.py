"""The business side of the made-up carmaker: orders, ownership, service, claims, policies, the books.

Two things for warehouse tests: six cars whose months can be worked out on paper (`deliver_six_cars`),
and a run of business days in which everything that can come late, be corrected or be taken back
does so (`deliver_business_day`). Voices and masters of the same carmaker are `sample_history.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from tests.support.raw_home import RawHome
from tests.support.sample_history import DEALERS, MODELS, received, stamp, vin

BUSINESS_START = date(2025, 11, 20)
CARS = 12

Record = Mapping[str, str | None]


def day_text(day: date | None) -> str | None:
    """Canonical text of a day; none for none."""
    return None if day is None else day.isoformat()


def car(number: int, sold: date, updated: date, *, scrapped: date | None = None, model: str = "") -> Record:
    """One vehicle record."""
    return {
        "vin": vin(number),
        "customer": f"C{number:05d}",
        "plate": f"浙B{number:05d}",
        "vehicle_model_code": model or MODELS[number % 2],
        "dealer_code": DEALERS[number % 3],
        "build_date": day_text(sold - timedelta(days=30)),
        "sold_date": day_text(sold),
        "usage_kind": "家用",
        "warranty_start_date": day_text(sold),
        "scrapped_date": day_text(scrapped),
        "updated_at": stamp(updated),
    }


def owned(number: int, owner: str, since: date, updated: date, *, until: date | None = None) -> Record:
    """One ownership record."""
    return {
        "vin": vin(number),
        "customer": owner,
        "owned_from_date": day_text(since),
        "owned_until_date": day_text(until),
        "owner_relation": "车主",
        "updated_at": stamp(updated),
    }


def install(
    number: int, version: str, day: date, *, result: str = "成功", updated: date | None = None
) -> Record:
    """One software installation."""
    return {
        "vin": vin(number),
        "software_version": version,
        "ota_release_no": f"OTA-{version}",
        "install_result": result,
        "installed_at": stamp(day),
        "updated_at": stamp(updated or day, 1),
    }


def usage(number: int, month: date, odometer: int, distance: int, updated: date) -> Record:
    """One month of use."""
    return {
        "vin": vin(number),
        "usage_month": day_text(month),
        "odometer_km": str(odometer),
        "distance_km": str(distance),
        "active_days": "20",
        "app_open_days": "10",
        "updated_at": stamp(updated),
    }


def visit(no: int, number: int, day: date, updated: date, *, reason: str = "故障维修") -> Record:
    """One service visit."""
    return {
        "visit_no": f"V{no:06d}",
        "customer": f"C{number:05d}",
        "vin": vin(number),
        "dealer_code": DEALERS[number % 3],
        "visit_reason": reason,
        "mileage_km": "12000",
        "arrived_at": stamp(day),
        "delivered_at": stamp(day + timedelta(days=2)),
        "customer_paid_incl_tax_cny": "113.00",
        "updated_at": stamp(updated),
    }


def claim_line(no: int, number: int, failed: date, updated: date, **other: str | None) -> Record:
    """One claim line; `other` overrides fields."""
    return {
        "claim_no": f"CL-{no:08d}",
        "line_no": "1",
        "vin": vin(number),
        "dealer_code": DEALERS[number % 3],
        "failure_date": day_text(failed),
        "repair_date": day_text(failed + timedelta(days=1)),
        "cost_type": "配件",
        "claimed_amount_cny": "113.00",
        "status": "已申请",
        "claim_kind": "保修",
        "currency": "CNY",
        "tax_rate": "0.13",
        "cost_centre": "CC-WTY",
        "updated_at": stamp(updated),
        **other,
    }


def policy(no: int, number: int, start: date, updated: date, *, status: str = "有效") -> Record:
    """One policy of a year."""
    return {
        "policy_no": f"P{no:06d}",
        "policy_kind": "商业险",
        "vin": vin(number),
        "customer": f"C{number:05d}",
        "sold_by": "经销商",
        "renewal_kind": "续转续",
        "premium_incl_tax_cny": "5300.00",
        "tax_rate": "0.06",
        "status": status,
        "start_date": day_text(start),
        "end_date": day_text(start + timedelta(days=364)),
        "signed_date": day_text(start - timedelta(days=10)),
        "updated_at": stamp(updated),
    }


def order(no: int, number: int, day: date, updated: date, *, status: str = "已下订") -> Record:
    """One vehicle order."""
    return {
        "order_no": f"O{no:06d}",
        "customer": f"C{number:05d}",
        "dealer_code": DEALERS[number % 3],
        "vehicle_model_code": MODELS[number % 2],
        "vin": None,
        "order_kind": "换购",
        "buyer_type": "个人",
        "status": status,
        "price_incl_tax_cny": "226000.00",
        "ordered_at": stamp(day),
        "updated_at": stamp(updated),
    }


def contact(no: int, number: int, day: date, updated: date, minutes: str = "6.5") -> Record:
    """One contact."""
    return {
        "contact_no": f"K{no:06d}",
        "contact_channel": "电话",
        "customer": f"C{number:05d}",
        "contact_reason": "咨询",
        "handling_min": minutes,
        "cost_cny": "13.00",
        "started_at": stamp(day),
        "updated_at": stamp(updated),
    }


def deliver_six_cars(home: RawHome, on: date) -> None:
    """Six cars of 2025/26: kept, sold on in mid-month, scrapped, out of warranty, updated, just sold."""
    new, old = date(2026, 1, 10), date(2022, 12, 5)
    _put(home, "customers_vehicles", "vehicle", on, [
        car(900, new, on),
        car(901, new, on),
        car(902, new, on, scrapped=date(2026, 3, 11)),
        car(903, old, on),
        car(904, new, on),
        car(905, date(2026, 4, 2), on),
    ])  # fmt: skip
    _put(home, "customers_vehicles", "ownership", on, [
        owned(900, "C00900", new, on),
        owned(901, "C00901", new, on, until=date(2026, 2, 14)),
        owned(901, "C00990", date(2026, 2, 15), on),
        owned(902, "C00902", new, on),
        owned(903, "C00903", old, on),
        owned(904, "C00904", new, on),
    ])  # fmt: skip
    _put(home, "connected_car", "software_install", on, [
        install(904, "1.0", new),
        install(904, "1.1", date(2026, 2, 10)),
        install(904, "1.2", date(2026, 2, 20), result="失败"),
    ])  # fmt: skip
    _put(home, "connected_car", "vehicle_usage", on, [usage(900, date(2026, 2, 1), 2500, 900, on)])
    _put(home, "service", "service_visit", on, [visit(990001, 900, date(2026, 2, 28), on)])
    _put(home, "warranty_claims", "claim_line", on, [
        claim_line(990001, 900, date(2026, 1, 31), on),
        claim_line(990002, 900, date(2026, 2, 1), on, status="作废"),
    ])  # fmt: skip


def deliver_business_day(home: RawHome, index: int) -> date:
    """One business day of twelve cars, a week apart: new records, corrections and late ones of the past."""
    day = BUSINESS_START + timedelta(days=7 * index)
    chance = random.Random(index)
    if index == 0:
        _deliver_fleet(home, day)
    past = day - timedelta(days=chance.randrange(1, 70))
    number = chance.randrange(CARS)
    _put(home, "service", "service_visit", day, [
        visit(index, number, day, day), visit(5000 + index, number, past, day)
    ])  # fmt: skip
    _put(home, "crm", "contact", day, [
        contact(index, number, day, day),
        contact(5000 + index, number, past, day),
        contact(max(0, index - 3), number, day - timedelta(days=21), day, "9.0"),
    ])  # fmt: skip
    _put(home, "warranty_claims", "claim_line", day, [
        claim_line(index, number, past, day),
        claim_line(
            max(0, index - 2), number, past, day, status="已批准", approved_amount_cny="113.00",
            posted_date=day_text(day),
        ),
    ])  # fmt: skip
    _put(home, "sales", "vehicle_order", day, [
        order(index, number, day, day),
        order(max(0, index - 5), number, day - timedelta(days=35), day, status="已退订"),
    ])  # fmt: skip
    _put(home, "connected_car", "vehicle_usage", day, [
        usage(n, past.replace(day=1), 1000 * index + n, 800, day) for n in range(0, CARS, 3)
    ])  # fmt: skip
    _put(home, "connected_car", "software_install", day, [
        install(number, f"2.{index}", past),
        install(number, f"2.{max(0, index - 4)}", past, result="回滚", updated=day),
    ])  # fmt: skip
    _put(home, "insurance", "policy", day, [
        policy(index, number, day, day),
        policy(5000 + index, number, past - timedelta(days=365), day, status=chance.choice(["有效", "退保"])),
    ])  # fmt: skip
    if index % 3 == 2:
        _sell_on(home, day, past, number)
    if index % 4 == 3:
        _put(home, "customers_vehicles", "vehicle", day, [
            car(number, BUSINESS_START - timedelta(days=30 * number), day, scrapped=past, model=MODELS[index % 2])
        ])  # fmt: skip
    return day


def _deliver_fleet(home: RawHome, day: date) -> None:
    sold = [BUSINESS_START - timedelta(days=30 * n) for n in range(CARS)]
    _put(home, "customers_vehicles", "vehicle", day, [car(n, sold[n], day) for n in range(CARS)])
    _put(
        home, "customers_vehicles", "ownership", day,
        [owned(n, f"C{n:05d}", sold[n], day) for n in range(CARS)],
    )  # fmt: skip


def _sell_on(home: RawHome, day: date, since: date, number: int) -> None:
    """Close the first owner's time and open the next owner's."""
    first = BUSINESS_START - timedelta(days=30 * number)
    if since <= first:
        return
    _put(home, "customers_vehicles", "ownership", day, [
        owned(number, f"C{number:05d}", first, day, until=since),
        owned(number, f"C{(number + 1) % CARS:05d}", since, day),
    ])  # fmt: skip


def _put(home: RawHome, channel: str, entity: str, day: date, records: Iterable[Record]) -> None:
    home.deliver(channel, entity, received(day, 9), records)


def deliver_books(home: RawHome, on: date) -> None:
    """Claims, goodwill and contacts of January and February 2026, and books that say the same."""
    january, february = date(2026, 1, 20), date(2026, 2, 10)
    failed = date(2025, 12, 28)
    approved = {"status": "已批准", "approved_amount_cny": "113.00"}
    _put(home, "customers_vehicles", "vehicle", on, [car(950, date(2025, 6, 1), on)])
    _put(home, "warranty_claims", "claim_line", on, [
        claim_line(1, 950, failed, on, **approved, posted_date=day_text(january)),
        claim_line(2, 950, failed, on, **approved, posted_date=day_text(january), line_no="2", tax_rate=None),
        claim_line(
            3, 950, failed, on, cost_type="追偿", status="已批准", claimed_amount_cny="60.00",
            approved_amount_cny="60.00", tax_rate=None, posted_date=day_text(january),
        ),
        claim_line(
            4, 950, failed, on, status="已冲销", approved_amount_cny="226.00", posted_date=day_text(january),
            reversed_date=day_text(february),
        ),
        claim_line(5, 950, failed, on, status="已拒绝"),
    ])  # fmt: skip
    _put(home, "crm", "goodwill", on, [goodwill(1, 950, january, "300.00", on)])
    _put(home, "crm", "contact", on, [
        {**contact(8000 + n, 950, january, on), "cost_centre": "CC-CALL"} for n in range(3)
    ])  # fmt: skip
    _put(home, "finance_books", "gl_control_total", on, [
        control_total("2026-01", "6601-01", "CC-WTY", "发生", "413.00", on),
        control_total("2026-01", "6601-01", "CC-WTY", "追偿", "-60.00", on),
        control_total("2026-02", "6601-01", "CC-WTY", "冲回", "-200.00", on),
        control_total("2026-01", "6601-01", "CC-WTY", "计提", "999.00", on),
        control_total("2026-01", "6601-02", "CC-CARE", "发生", "300.00", on),
        control_total("2026-01", "6601-03", "CC-CALL", "发生", "39.00", on),
    ])  # fmt: skip
    _put(home, "finance_books", "close_calendar", on, [
        {
            "fiscal_period": f"2026-{number:02d}",
            "period_start_date": f"2026-{number:02d}-01",
            "period_end_date": f"2026-{number:02d}-28",
            "close_status": "已结",
            "updated_at": stamp(on),
        }
        for number in (1, 2)
    ])  # fmt: skip


def goodwill(no: int, number: int, posted: date, amount: str, updated: date) -> Record:
    """One payment of goodwill."""
    return {
        "goodwill_no": f"G{no:06d}",
        "goodwill_kind": "客户安抚",
        "form": "代金券",
        "customer": f"C{number:05d}",
        "amount_cny": amount,
        "status": "发放",
        "granted_date": day_text(posted - timedelta(days=5)),
        "posted_date": day_text(posted),
        "cost_centre": "CC-CARE",
        "updated_at": stamp(updated),
    }


def control_total(period: str, account: str, centre: str, kind: str, amount: str, updated: date) -> Record:
    """One line of the books."""
    return {
        "fiscal_period": period,
        "period_start_date": f"{period}-01",
        "account_code": account,
        "cost_centre": centre,
        "entry_kind": kind,
        "amount_cny": amount,
        "currency": "CNY",
        "updated_at": stamp(updated),
    }
