"""The business day: the one place that knows Asia/Shanghai.

Stored instants are UTC (`…_at`), business dates are Shanghai dates (`…_date`). Everything
that turns one into the other lives here; nothing else names the zone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BUSINESS_ZONE_NAME = "Asia/Shanghai"
BUSINESS_ZONE = ZoneInfo(BUSINESS_ZONE_NAME)
# The first business day that can be refreshed; nothing can have been received before it.
FIRST_DAY = date(2020, 1, 1)


def business_date(instant: datetime) -> date:
    """Return the Shanghai date on which an aware instant falls."""
    if instant.tzinfo is None:
        raise ValueError("business_date needs an aware datetime")
    return instant.astimezone(BUSINESS_ZONE).date()


def day_start(day: date) -> datetime:
    """Return the UTC instant at which a business day begins."""
    return datetime.combine(day, time.min, BUSINESS_ZONE).astimezone(UTC)


def day_end(day: date) -> datetime:
    """Return the UTC instant at which a business day ends (exclusive)."""
    return day_start(day + timedelta(days=1))


def last_closed_day(now: datetime) -> date:
    """Return the newest business day that has ended at `now` (aware)."""
    return business_date(now) - timedelta(days=1)
