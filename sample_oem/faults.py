"""What goes wrong on the way: repeats, late rows, corrections, damage — each planted and counted.

Works on the items of one channel before they are packed into files. Damaged rows are extra records
under keys of their own, so that no sound record is lost by them.
"""

from __future__ import annotations

import csv
import io
import random
from dataclasses import replace
from itertools import groupby

import orjson

from sample_oem.context import Context, csv_line
from sample_oem.registry import REGISTRY, EntityFile
from sample_oem.truth import Item

_REPEAT_IN_FILE = 0.004
_REPEAT_LATER = 0.006
_LATE = 0.02
_CORRECTED = 0.008
_DAMAGED = 0.004
_REPOST = 0.06
_PAGE = 50
_PAGE_TWICE = 0.12


def inject(context: Context, channel: str, items: list[Item]) -> list[Item]:
    """All planted faults of one channel, in the order in which they would happen."""
    rng = random.Random(f"{context.seed}/faults/{channel}")  # noqa: S311 - simulation
    if REGISTRY[channel].is_late_prone:
        items = _late(context, rng, items)
    if channel == "complaint_site":
        items = items + _corrections(context, rng, items) + _lonely_day(context, items)
    if channel == "call_center":
        items = items + _lonely_call(context, items)
    if channel == "forum":
        items = items + _reposts(context, rng, items)
    items = items + _repeats(context, rng, items)
    items.sort(key=lambda item: item.day)
    if REGISTRY[channel].has_pages:
        items = _pages_twice(rng, items)
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


def _pages_twice(rng: random.Random, items: list[Item]) -> list[Item]:
    """Let a page of some days' reading come twice, as when a cursor is asked for again; ``items`` by day."""
    out: list[Item] = []
    for _, group in groupby(items, key=lambda item: item.day):
        rows = list(group)
        if len(rows) > 2 and rng.random() < _PAGE_TWICE:
            start = rng.randrange(len(rows))
            end = min(start + _PAGE, len(rows))
            rows = [*rows[:end], *rows[start:end], *rows[end:]]
        out += rows
    return out


def _damage(context: Context, rng: random.Random, channel: str, items: list[Item]) -> list[Item]:
    """Damaged variants of sound rows, spread over the window; at least one of each kind in long windows."""
    files = REGISTRY[channel].entities
    sound = [item for item in items if files[item.entity].breaks or files[item.entity].cell_breaks]
    if not sound:
        return []
    count = max(int(len(sound) * _DAMAGED), min(context.days // 4, 14))
    out = []
    for n in range(count):
        source = sound[int(rng.random() * len(sound))]
        file = files[source.entity]
        if file.breaks:
            reason, name, line = file.breaks[n % len(file.breaks)](source.line, n)
        else:
            reason, name, line = _broken_csv(file, source, n)
        out.append(
            Item(source.day, source.entity, ("damaged", str(n)), line, reason=reason, damaged_field=name)
        )
    return out


def _broken_csv(file: EntityFile, source: Item, n: int) -> tuple[str, str, bytes]:
    cells = parse_csv(source.line, file.encoding, file.delimiter)
    general = ("invalid_encoding", "too_many_fields", "too_few_fields")
    turn = n % (len(file.cell_breaks) + len(general))
    if turn < len(file.cell_breaks):
        reason, column, value = file.cell_breaks[turn]
        cells[column] = value
        return reason, file.header[column], _unlike_blank(cells, file)
    reason = general[turn - len(file.cell_breaks)]
    # A cell less in a record over several lines reads like a lost quote: not to be told apart for sure.
    is_ambiguous = reason == "too_few_fields" and any("\n" in cell for cell in cells)
    if reason == "invalid_encoding" or len(cells) == 1 or is_ambiguous:
        return _undecodable(cells, file)
    cells = [*cells, "多出一列"] if reason == "too_many_fields" else cells[:-1]
    return reason, "", csv_line(cells, file.encoding, file.delimiter)


def _unlike_blank(cells: list[str], file: EntityFile) -> bytes:
    """Write a lone empty cell as quotes, or the record would be a blank line."""
    return b'""\n' if cells == [""] else csv_line(cells, file.encoding, file.delimiter)


def _undecodable(cells: list[str], file: EntityFile) -> tuple[str, str, bytes]:
    line = csv_line(cells, file.encoding, file.delimiter)
    return (
        "invalid_encoding",
        "",
        line[:-1] + b"\xff\xff\n" if not line.endswith(b'"\n') else line[:-2] + b'\xff\xff"\n',
    )


def parse_csv(line: bytes, encoding: str = "utf-8", delimiter: str = ",") -> list[str]:
    """Read the cells of one encoded CSV record."""
    return next(csv.reader(io.StringIO(line.decode(encoding), newline=""), delimiter=delimiter))


def shifted_date(date: str, days: int) -> str:
    """Return an ISO date moved by days."""
    from datetime import date as calendar
    from datetime import timedelta

    return (calendar.fromisoformat(date) + timedelta(days=days)).isoformat()
