"""Values of a database as JSON lines: one canonical text per type, nothing guessed and nothing rounded.

Timestamps are ISO 8601 with microseconds (and their offset where they have one), exact numbers plain
decimal text, JSON columns stay JSON. Binary columns are refused. Reading is in `sql.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any
from uuid import UUID

import orjson


class UnusableValueError(ValueError):
    """A value of a type that has no text of its own."""


def canonical(value: Any) -> Any:
    """Return a value as it is written into a JSON line.

    Raises:
        UnusableValueError: bytes and every type not listed here.

    """
    try:
        return _WRITERS[type(value)](value)
    except KeyError:
        raise UnusableValueError(type(value).__name__) from None


def line_of(names: Sequence[str], values: Sequence[Any], fixed: bytes) -> bytes:
    """Return one JSON line of a row; `fixed` holds the leading members (`"record_type":"x"`).

    Raises:
        UnusableValueError: naming column and type.

    """
    row = {}
    for name, value in zip(names, values, strict=True):
        try:
            row[name] = canonical(value)
        except UnusableValueError as error:
            raise UnusableValueError(f"column {name} holds {error}") from None
    try:
        body = orjson.dumps(row)[1:]
    except TypeError as error:
        raise UnusableValueError(f"a row cannot be written as JSON ({error})") from None
    return b"{" + fixed + (b"," if body != b"}" else b"") + body + b"\n"


def _same(value: Any) -> Any:
    return value


def _float(value: float) -> Any:
    return value if math.isfinite(value) else str(value)


def _decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else str(value)


def _instant(value: datetime) -> str:
    return value.isoformat("T", "microseconds")


def _duration(value: timedelta) -> str:
    total = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
    sign = "-" if total < 0 else ""
    return f"{sign}PT{Decimal(abs(total)).scaleb(-6).normalize():f}S"


def _list(value: Sequence[Any]) -> list[Any]:
    return [canonical(one) for one in value]


_WRITERS: dict[type, Callable[[Any], Any]] = {
    type(None): _same,
    bool: _same,
    int: lambda value: value if -(2**63) <= value < 2**64 else str(value),
    str: _same,
    float: _float,
    Decimal: _decimal,
    datetime: _instant,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _duration,
    UUID: str,
    list: _list,
    tuple: _list,
    dict: lambda value: {str(name): canonical(one) for name, one in value.items()},
    IPv4Address: str,
    IPv6Address: str,
    IPv4Network: str,
    IPv6Network: str,
}
