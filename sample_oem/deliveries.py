"""From items to files: one file per channel, entity and day, with its receipt time and manifest row.

Bytes depend on the seed alone: compressed files carry no clock. File names keep what a source would
call them; the receipt time stands before two underscores.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sample_oem.shapes import HEADERS, Context, csv_line
from sample_oem.truth import Item, Oracle

# Minutes after midnight (Shanghai) at which a channel's file arrives.
ARRIVAL = {
    "customers_vehicles": 60,
    "call_center": 125,
    "survey": 190,
    "complaint_site": 215,
    "forum": 235,
    "media_comments": 245,
    "warranty_claims": 280,
}
_NAMES = {
    ("complaint_site", "complaint"): "投诉导出_{date}.csv",
    ("forum", "post"): "forum_posts_{date}.csv",
    ("media_comments", "comment"): "comments_{date}.csv",
    ("call_center", "call"): "calls_{date}.jsonl",
    ("survey", "invitation"): "survey_invitations_{date}.csv",
    ("survey", "response"): "survey_responses_{date}.csv",
    ("warranty_claims", "claim_line"): "claims_{date}.csv",
    ("customers_vehicles", "customer"): "customers_{date}.csv",
    ("customers_vehicles", "vehicle"): "vehicles_{date}.csv",
    ("customers_vehicles", "dealer"): "dealers_{date}.csv",
    ("customers_vehicles", "vehicle_model"): "vehicle_models_{date}.csv",
}
BAD_DAY_CHANNEL = "call_center"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Delivery:
    """One file as a source hands it over."""

    channel: str
    entity: str
    name: str
    received_at: datetime
    payload: bytes
    lines: tuple[tuple[Item, int], ...]
    kind: str

    @property
    def received_text(self) -> str:
        """UTC receipt time with microseconds."""
        return self.received_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    @property
    def path_name(self) -> str:
        """File name below the channel folder."""
        return f"{self.received_at.strftime('%Y%m%dT%H%M%S%fZ')}__{self.name}"


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
    entities = [e for c, e in HEADERS if c == channel] or ["call"]
    minute = ARRIVAL[channel] + entities.index(entity) * 2 + (45 if kind == "recovered" else 0)
    received = _received(context, day, minute)
    payload, lines = _body(channel, entity, day, rows)
    date = context.date(day if kind == "daily" else day - 2).replace("-", "")
    name, payload = _wrapped(channel, day, _NAMES[(channel, entity)].format(date=date), payload)
    return Delivery(channel, entity, name, received, payload, lines, kind)


def _received(context: Context, day: int, minute: int) -> datetime:
    """Items of event day ``d`` arrive early on ``d + 1`` (Shanghai)."""
    midnight = datetime.fromisoformat(context.date(day + 1)).replace(tzinfo=UTC) - timedelta(hours=8)
    return midnight + timedelta(minutes=minute, seconds=(day * 7) % 60, microseconds=(day * 9973) % 1_000_000)


def _body(
    channel: str, entity: str, day: int, rows: list[Item]
) -> tuple[bytes, tuple[tuple[Item, int], ...]]:
    """Payload bytes, and each record with the physical line it starts on (header is line 1)."""
    header = HEADERS.get((channel, entity))
    encoding = "gb18030" if channel == "survey" else "utf-8"
    head = csv_line(header, encoding) if header else b""
    line_no = 2 if header else 1
    located = []
    for item in rows:
        located.append((item, line_no))
        line_no += item.line.count(b"\n")
    bom = _BOM if channel == "complaint_site" and day % 5 == 2 else b""
    return bom + head + b"".join(item.line for item in rows), tuple(located)


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


def write_manifest(out: Path, deliveries: Sequence[Any]) -> None:
    """``deliveries.csv``: channel, file, received_at, in order of receipt."""
    with (out / "deliveries.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(("channel", "file", "received_at"))
        for delivery in sorted(deliveries, key=lambda d: (d.received_at, d.channel)):
            writer.writerow(
                (delivery.channel, f"{delivery.channel}/{delivery.path_name}", delivery.received_text)
            )
