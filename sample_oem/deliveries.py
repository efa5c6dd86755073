"""From items to files: one file per channel, entity and day, with its receipt time and manifest row.

Bytes depend on the seed alone: compressed files carry no clock. File names keep what a source would
call them; the receipt time stands before two underscores (``arrivals``).
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sample_oem.arrivals import Arrival
from sample_oem.context import Context, csv_line
from sample_oem.registry import REGISTRY, EntityFile, entity_file
from sample_oem.sheet import sheet_bytes
from sample_oem.truth import Item, Oracle

BAD_DAY_CHANNEL = "call_center"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Delivery(Arrival):
    """One file of a voice channel with its records and their lines."""

    lines: tuple[tuple[Item, int], ...]
    kind: str


def bad_day(context: Context) -> int:
    """Find the day whose hotline file does not come (-1 in windows too short for one)."""
    return context.days * 7 // 10 if context.days >= 8 else -1


def pack(context: Context, channel: str, items: list[Item]) -> list[Delivery]:
    """Files of one channel in order of receipt; the second copy of one of them at the end of its day."""
    groups: dict[tuple[int, str, str], list[Item]] = {}
    gap = bad_day(context) if channel == BAD_DAY_CHANNEL else -1
    for item in items:
        recovered = item.day == gap
        key = (item.day + 2 if recovered else item.day, item.entity, "recovered" if recovered else "daily")
        groups.setdefault(key, []).append(item)
    files = [_file(context, channel, key, rows) for key, rows in sorted(groups.items(), key=_arrival_order)]
    return sorted([*files, *_redelivered(context, channel, files)], key=lambda d: d.received_at)


def _arrival_order(group: tuple[tuple[int, str, str], list[Item]]) -> tuple[int, str, str]:
    return group[0]


def _file(context: Context, channel: str, key: tuple[int, str, str], rows: list[Item]) -> Delivery:
    day, entity, kind = key
    file, place = entity_file(channel, entity), list(REGISTRY[channel].entities).index(entity)
    minute = REGISTRY[channel].arrival + place * 2 + (45 if kind == "recovered" else 0)
    received = _received(context, day, minute)
    payload, lines = _body(file, rows, has_bom=channel == "complaint_site" and day % 5 == 2)
    date = context.date(day if kind == "daily" else day - 2).replace("-", "")
    name, payload = _wrapped(channel, day, file.name.format(date=date), payload)
    return Delivery(channel, entity, name, received, payload, lines, kind)


def _received(context: Context, day: int, minute: int) -> datetime:
    """Items of event day ``d`` arrive early on ``d + 1`` (Shanghai)."""
    midnight = datetime.fromisoformat(context.date(day + 1)).replace(tzinfo=UTC) - timedelta(hours=8)
    return midnight + timedelta(minutes=minute, seconds=(day * 7) % 60, microseconds=(day * 9973) % 1_000_000)


def _body(file: EntityFile, rows: list[Item], *, has_bom: bool) -> tuple[bytes, tuple[tuple[Item, int], ...]]:
    """Payload bytes, and each record with the physical line it starts on (header is line 1).

    A mail's or a sheet row's "line" is its place in the file, counted in records (header row 1).
    """
    line_no = 2 if file.header else 1
    located = []
    for item in rows:
        located.append((item, line_no))
        line_no += item.line.count(b"\n") if file.layout == "lines" else 1
    body = b"".join(item.line for item in rows)
    if file.layout == "xlsx":
        return sheet_bytes(file.sheet, file.header, body), tuple(located)
    head = csv_line(file.header, file.encoding, file.delimiter) if file.header else b""
    return (_BOM if has_bom else b"") + head + body, tuple(located)


def _wrapped(channel: str, day: int, name: str, payload: bytes) -> tuple[str, bytes]:
    """Compress some files: forum by gzip, media comments as zip."""
    if channel == "forum" and day % 4 == 1:
        return name + ".gz", gzip.compress(payload, 6, mtime=0)
    if channel == "media_comments" and day % 9 == 4:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), payload, zipfile.ZIP_DEFLATED)
        return name.removesuffix(".csv") + ".zip", buffer.getvalue()
    return name, payload


def _redelivered(context: Context, channel: str, files: list[Delivery]) -> Iterator[Delivery]:
    """One file of the channel comes a second time two days later under another name."""
    place = len(files) * 2 // 5
    if context.days < 6 or not files:
        return
    first = files[place]
    later = first.received_at + timedelta(days=2, minutes=20)
    if later <= _received(context, context.days - 1, 23 * 60):
        stem, dot, suffix = first.name.partition(".")
        yield Delivery(
            channel,
            first.entity,
            f"{stem}_重发{dot}{suffix}",
            later,
            first.payload,
            first.lines,
            "redelivered",
        )


def write(out: Path, deliveries: list[Delivery], oracle: Oracle) -> None:
    """Write the files and let the oracle judge them in order of receipt."""
    for delivery in sorted(deliveries, key=lambda d: (d.received_at, d.channel)):
        folder = out / delivery.channel
        folder.mkdir(parents=True, exist_ok=True)
        (folder / delivery.path_name).write_bytes(delivery.payload)
        place = (delivery.channel, delivery.path_name, delivery.received_text)
        if delivery.kind == "redelivered":
            oracle.receive_again(*place, delivery.lines)
        else:
            oracle.receive(*place, delivery.kind, delivery.lines)
