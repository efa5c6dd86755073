"""Arithmetic of database cursors: how far back the overlap reaches, and what lies in the future.

A cursor is kept as text (`canonical` of its value) and compared by the database in the column's own
type. SQLite has no time type: there the text is written in the very form the column uses.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from orchestration.partitions import BUSINESS_ZONE

_ISO = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:(?P<sep>[T ])\d\d:\d\d:\d\d(?:\.(?P<fraction>\d{1,6}))?(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
)
# Later than this after receipt, a time is a mistake; following it would hide every row to come.
AHEAD = timedelta(hours=24)


def moved(value: Any, overlap_s: float) -> Any:
    """Return the cursor `overlap_s` earlier (seconds for times, units for numbers), in the same form.

    Texts that are no times come back unchanged: they have no overlap.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value - int(overlap_s)
    moment = as_time(value)
    return value if moment is None else in_form(moment - timedelta(seconds=overlap_s), value)


def latest_credible(sample: Any, received_at: datetime, ahead: timedelta = AHEAD) -> Any:
    """Return the cursor `ahead` of receipt in the form of `sample`; None where cursors are no times.

    Times without an offset are taken for Asia/Shanghai.
    """
    moment = as_time(sample)
    if moment is None:
        return None
    limit = received_at + ahead
    if moment.tzinfo is None:
        limit = limit.astimezone(BUSINESS_ZONE).replace(tzinfo=None)
    else:
        limit = limit.astimezone(moment.tzinfo)
    return in_form(limit, sample)


def as_time(value: Any) -> datetime | None:
    """Return a cursor text as a time, None if it is none."""
    if not isinstance(value, str) or not _ISO.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def in_form(moment: datetime, sample: str) -> str:
    """Write a time as `sample` is written: separator, digits of the second, offset."""
    match = _ISO.fullmatch(sample)
    if match is None:
        raise ValueError(f"not a time: {sample!r}")
    if match["sep"] is None:
        return date.isoformat(moment.date())
    text = moment.replace(tzinfo=None, microsecond=0).isoformat(match["sep"])
    if match["fraction"]:
        text += "." + f"{moment.microsecond:06d}"[: len(match["fraction"])]
    return text + (match["zone"] or "")
