"""What goes wrong on the way: repeats, late rows, corrections, damage — each planted and counted.

Works on the items of one channel before they are packed into files. Damaged rows are extra records
under keys of their own, so that no sound record is lost by them.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from dataclasses import replace

import orjson

from sample_oem.shapes import ENCODING, HEADERS, Context, csv_line
from sample_oem.truth import Item

_REPEAT_IN_FILE = 0.004
_REPEAT_LATER = 0.006
_LATE = 0.02
_CORRECTED = 0.008
_DAMAGED = 0.004
_REPOST = 0.06
_LATE_CHANNELS = frozenset({"complaint_site", "call_center", "survey", "warranty_claims"})

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
        ("value_not_allowed", 7, "未知状态"),
        ("invalid_time", 8, "昨天下午"),
        ("pattern_mismatch", 0, "??"),
    ),
    "response": (
        ("number_out_of_range", 4, "99"),
        ("value_not_allowed", 2, "满意度"),
        ("invalid_number", 4, "很满意"),
    ),
    "claim_line": (
        ("invalid_number", 12, "1,2O0"),
        ("number_out_of_range", 7, "-20"),
        ("value_not_allowed", 14, "处理中"),
    ),
    "customer": (
        ("value_not_allowed", 8, "?"),
        ("number_out_of_range", 9, "1066"),
        ("invalid_time", 10, "0000-00-00"),
    ),
    "vehicle": (("invalid_time", 6, "32.01.2025"), ("pattern_mismatch", 3, "车型 一")),
}  # fmt: skip


def inject(context: Context, channel: str, items: list[Item]) -> list[Item]:
    """All planted faults of one channel, in the order in which they would happen."""
    rng = random.Random(f"{context.seed}/faults/{channel}")  # noqa: S311 - simulation
    if channel in _LATE_CHANNELS:
        items = _late(context, rng, items)
    if channel == "complaint_site":
        items = items + _corrections(context, rng, items) + _lonely_day(context, items)
    if channel == "call_center":
        items = items + _lonely_call(context, items)
    if channel == "forum":
        items = items + _reposts(context, rng, items)
    items = items + _repeats(context, rng, items)
    items.sort(key=lambda item: item.day)
    return items + _damage(context, rng, channel, items)


def _late(context: Context, rng: random.Random, items: list[Item]) -> list[Item]:
    """Deliver some rows up to six days after they should have come."""
    out = []
    for item in items:
        wait = rng.randrange(1, 7) if rng.random() < _LATE else 0
        if wait and item.day + wait < context.days:
            item = replace(item, day=item.day + wait, late_by=wait)  # noqa: PLW2901
        out.append(item)
    return out


def _repeats(context: Context, rng: random.Random, items: list[Item]) -> list[Item]:
    """Give the same record again: in the same file, or in a later one (overlapping exports)."""
    out = []
    for item in items:
        roll = rng.random()
        if roll < _REPEAT_IN_FILE:
            out.append(item)
        elif roll < _REPEAT_IN_FILE + _REPEAT_LATER:
            later = item.day + 1 + int(rng.random() * 3)
            if later < context.days:
                out.append(replace(item, day=later))
    return out


def _reposts(context: Context, rng: random.Random, items: list[Item]) -> list[Item]:
    """Show the same post again over the following days, a few of them many times."""
    out = []
    for item in items:
        if rng.random() < _REPOST:
            for _ in range(1 if rng.random() < 0.8 else rng.randrange(2, 9)):
                later = item.day + int(rng.random() * 6)
                if later < context.days:
                    out.append(replace(item, day=later))
    return out


def _by_voice(items: list[Item]) -> dict[str, list[Item]]:
    voices: dict[str, list[Item]] = {}
    for item in items:
        voices.setdefault(item.voice, []).append(item)
    return voices


def _corrections(context: Context, rng: random.Random, items: list[Item]) -> list[Item]:
    """Export a complaint again with its date moved, or with words added: all its rows change."""
    out = []
    for rows in _by_voice(items).values():
        if rng.random() >= _CORRECTED:
            continue
        day = max(row.day for row in rows) + rng.randrange(2, 12)
        moved = rng.random() < 0.5
        if day < context.days:
            shift = rng.choice((-3, -2, -1, 1, 2))
            out += [_corrected(row, day, shift if moved else 0) for row in rows]
    return out


def _corrected(item: Item, day: int, shift: int) -> Item:
    cells = parse_csv(item.line)
    if shift:
        cells[7] = shifted_date(cells[7], shift)
    else:
        cells[4] += "（补充：问题仍未解决）"
    return replace(item, day=day, line=csv_line(tuple(cells)), event=cells[7])


def _lonely_day(context: Context, items: list[Item]) -> list[Item]:
    """Put one complaint on a day long past and correct its date later: that day must become empty."""
    if context.days < 4 or not items:
        return []
    source = items[0]
    lonely, corrected = context.date(-40), context.date(-44)
    number = lonely.replace("-", "") + "101500000001"
    rows = []
    for day, event in ((context.days // 5, lonely), (context.days * 3 // 5, corrected)):
        cells = parse_csv(source.line)
        cells[0], cells[7] = number, event
        rows.append(
            Item(day, "complaint", (number, cells[5], cells[6]), csv_line(tuple(cells)), event, number)
        )
    return rows


def _lonely_call(context: Context, items: list[Item]) -> list[Item]:
    """Put one call on a day long past and delete it later: its day must become empty as well."""
    if context.days < 4 or not items:
        return []
    body = orjson.loads(items[0].line)
    number = "CALL-LONELY-0001"
    rows = []
    for day, status in ((context.days // 4, "active"), (context.days // 2, "deleted")):
        body |= {"call_id": number, "status": status, "started_at_ms": context.epoch_ms(-50, 36_000)}
        body |= {"ended_at_ms": body["started_at_ms"] + 90_000, "updated_at_ms": context.epoch_ms(day, 3600)}
        line = orjson.dumps(body) + b"\n"
        event = context.date(-50)
        rows.append(
            Item(day, "call", (number,), line, event, number, str(body["updated_at_ms"]), status == "deleted")
        )
    return rows


def _damage(context: Context, rng: random.Random, channel: str, items: list[Item]) -> list[Item]:
    """Damaged variants of sound rows, spread over the window; at least one of each kind in long windows."""
    sound = [item for item in items if item.entity in _BREAKS or channel == "call_center"]
    if not sound:
        return []
    count = max(int(len(sound) * _DAMAGED), min(context.days // 4, 14))
    kinds = _json_breaks() if channel == "call_center" else None
    out = []
    for n in range(count):
        source = sound[int(rng.random() * len(sound))]
        if kinds is not None:
            reason, name, line = kinds[n % len(kinds)](source.line, n)
        else:
            reason, name, line = _broken_csv(channel, source, n)
        out.append(
            Item(source.day, source.entity, ("damaged", str(n)), line, reason=reason, damaged_field=name)
        )
    return out


def _broken_csv(channel: str, source: Item, n: int) -> tuple[str, str, bytes]:
    encoding = ENCODING.get(channel, "utf-8")
    cells = parse_csv(source.line, encoding)
    header = HEADERS[(channel, source.entity)]
    choices = _BREAKS[source.entity]
    general = ("invalid_encoding", "too_many_fields", "too_few_fields")
    turn = n % (len(choices) + len(general))
    if turn < len(choices):
        reason, column, value = choices[turn]
        cells[column] = value
        return reason, header[column], _unlike_blank(cells, encoding)
    reason = general[turn - len(choices)]
    if reason == "invalid_encoding" or len(cells) == 1:
        return _undecodable(cells, encoding)
    cells = [*cells, "多出一列"] if reason == "too_many_fields" else cells[:-1]
    return reason, "", csv_line(tuple(cells), encoding)


def _unlike_blank(cells: list[str], encoding: str) -> bytes:
    """Write a lone empty cell as quotes, or the record would be a blank line."""
    return b'""\n' if cells == [""] else csv_line(tuple(cells), encoding)


def _undecodable(cells: list[str], encoding: str) -> tuple[str, str, bytes]:
    line = csv_line(tuple(cells), encoding)
    return (
        "invalid_encoding",
        "",
        line[:-1] + b"\xff\xff\n" if not line.endswith(b'"\n') else line[:-2] + b'\xff\xff"\n',
    )


def _json_breaks() -> tuple[Callable[[bytes, int], tuple[str, str, bytes]], ...]:
    return (
        lambda line, _: ("invalid_json", "", _half(line)),
        lambda _line, _: ("not_an_object", "", b"[1,2,3]\n"),
        lambda line, n: _json_with(line, n, "value_not_allowed", "status", "archived"),
        lambda line, n: _json_with(line, n, "wrong_type", "started_at_ms", "昨天"),
        lambda line, n: _json_with(line, n, "missing_value", "turns", None),
        lambda line, _: ("invalid_encoding", "", line[:-2] + b"\xff\xfe}\n"),
        lambda line, n: _json_with(line, n, "pattern_mismatch", "agent_id", "坐席一"),
    )


def _half(line: bytes) -> bytes:
    """Cut a line in the middle, but not within a character: it must stay readable text."""
    return line[: len(line) // 2].decode("utf-8", errors="ignore").encode() + b"\n"


def _json_with(line: bytes, n: int, reason: str, name: str, value: object) -> tuple[str, str, bytes]:
    body = orjson.loads(line)
    body |= {"call_id": f"CALL-DAMAGED-{n:05d}", name: value}
    return (
        reason,
        {"agent_id": "agent_no", "started_at_ms": "started_at"}.get(name, name),
        orjson.dumps(body) + b"\n",
    )


def parse_csv(line: bytes, encoding: str = "utf-8") -> list[str]:
    """Read the cells of one encoded CSV record."""
    return next(csv.reader(io.StringIO(line.decode(encoding), newline="")))


def shifted_date(date: str, days: int) -> str:
    """Return an ISO date moved by days."""
    from datetime import date as calendar
    from datetime import timedelta

    return (calendar.fromisoformat(date) + timedelta(days=days)).isoformat()
