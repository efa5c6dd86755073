"""What the business systems add up to: expected counts and amounts per metric, month and kind.

Summed over the current version of every record that was delivered by the end of the window, in cents, so
that a warehouse can be compared to the last of them. Posted claims are net of tax, as the books hold them;
all other amounts are as delivered. The single causes are in ``truth_world``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sample_oem.business import Business
from sample_oem.business.frames import DAY_S, NONE, Frame, select
from sample_oem.shapes_business import SHAPES

HEADER = ("metric", "month", "kind", "records", "amount_cny")
Row = tuple[str, str, str, int, str]


@dataclass(frozen=True)
class Metric:
    """A sum: entity, date it counts by (``second`` when that is a time), kinds, amount and its sign."""

    name: str
    entity: tuple[str, str]
    date: str
    kinds: tuple[str, ...]
    amount: str = ""
    is_second: bool = False
    sign: Callable[[Frame], np.ndarray] | None = None
    only: tuple[str, str] | None = None


def _recovery(frame: Frame) -> np.ndarray:
    return np.where(frame["费用类型"] == "追偿", -1, 1)


def _back(frame: Frame) -> np.ndarray:
    return -_recovery(frame)


def _minus(frame: Frame) -> np.ndarray:
    return np.full(len(frame["_at"]), -1)


_CLAIM, _GOODWILL = ("warranty_claims", "claim_line"), ("crm", "goodwill")
METRICS: tuple[Metric, ...] = (
    Metric("claim_failed", _CLAIM, "故障日期", ("费用类型", "索赔类型"), "申请金额"),
    Metric("claim_posted", _CLAIM, "过账日期", ("费用类型",), "_net", sign=_recovery),
    Metric("claim_reversed", _CLAIM, "冲销日期", ("费用类型",), "_net", sign=_back),
    Metric("goodwill_posted", _GOODWILL, "posted_date", ("goodwill_kind",), "amount_cny"),
    Metric("goodwill_reversed", _GOODWILL, "reversed_date", ("goodwill_kind",), "amount_cny", sign=_minus),
    Metric("policy", ("insurance", "policy"), "起保日期", ("险种", "续保类型"), "含税保费"),
    Metric(
        "visit",
        ("service", "service_visit"),
        "arrived_at",
        ("visit_reason",),
        "customer_paid_incl_tax_cny",
        is_second=True,
    ),
    Metric(
        "order",
        ("sales", "vehicle_order"),
        "ordered_at",
        ("order_kind", "status"),
        "price_incl_tax_cny",
        is_second=True,
    ),
    Metric(
        "option_taken",
        ("sales", "order_option"),
        "chosen_at",
        ("option_code",),
        "price_incl_tax_cny",
        is_second=True,
        only=("is_taken", "true"),
    ),
    Metric(
        "accessory_order",
        ("sales", "accessory_order"),
        "ordered_at",
        ("status",),
        "amount_incl_tax_cny",
        is_second=True,
    ),
    Metric("contact", ("crm", "contact"), "started_at", ("contact_channel",), "cost_cny", is_second=True),
    Metric("case", ("crm", "complaint_case"), "opened_at", ("status",), is_second=True),
    Metric("lead", ("crm", "lead"), "created_at", ("status",), is_second=True),
    Metric("books", ("finance_books", "gl_control_total"), "期间起始日", ("科目", "口径"), "金额"),
)


def rows(business: Business, first_day: np.datetime64, days: int) -> Iterator[Row]:
    """All totals: metric, month ``YYYY-MM``, kind (parts joined by ``/``), records, amount (two decimals)."""
    start = int(first_day.astype("datetime64[D]").astype(int))
    known: dict[tuple[str, str], Frame] = {}
    for metric in METRICS:
        frame = known.get(metric.entity)
        if frame is None:
            frame = known[metric.entity] = current(business.frames[metric.entity], metric.entity, days)
        yield from _totals(metric, frame, start)


def current(frame: Frame, entity: tuple[str, str], days: int) -> Frame:
    """Newest version of each record among those delivered by the end."""
    shape = SHAPES[entity]
    frame = select(frame, np.flatnonzero(frame["_at"] < days * DAY_S))
    key, _ = _numbered([frame[shape.names[n]] for n in shape.key])
    order = np.lexsort((frame["_at"], key))
    last = np.append(key[order][1:] != key[order][:-1], True)[: len(order)]
    return select(frame, order[last])


def _totals(metric: Metric, frame: Frame, start: int) -> Iterator[Row]:
    counts = frame[metric.date] != NONE
    if metric.only is not None:
        counts &= frame[metric.only[0]] == metric.only[1]
    frame = select(frame, np.flatnonzero(counts))
    if not len(frame["_at"]):
        return
    day = frame[metric.date] // (DAY_S if metric.is_second else 1) + start
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(int)
    place, seen = _numbered([month, *(frame[name] for name in metric.kinds)])
    records = np.bincount(place)
    cents = np.zeros(len(seen), dtype=np.int64)
    if metric.amount:
        amount = np.where(frame[metric.amount] == NONE, 0, frame[metric.amount])
        np.add.at(cents, place, amount * (1 if metric.sign is None else metric.sign(frame)))
    labels = [
        (str(np.datetime64(int(month[row]), "M")), "/".join(str(frame[name][row]) for name in metric.kinds))
        for row in seen.tolist()
    ]
    for (when, what), count, total in sorted(
        zip(labels, records.tolist(), cents.tolist(), strict=True), key=lambda row: row[0]
    ):
        yield metric.name, when, what, count, _money(total) if metric.amount else ""


def _numbered(columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Dense number of each distinct row of some columns, and a row of each number."""
    number = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes, values = pd.factorize(column)
        number, _ = pd.factorize(number * (len(values) + 1) + codes)
    first = np.zeros(int(number.max(initial=-1)) + 1, dtype=np.int64)
    first[number[::-1]] = np.arange(len(number))[::-1]
    return number, first


def _money(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02d}"
