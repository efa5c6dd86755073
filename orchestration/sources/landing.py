"""Landing: deliveries exactly as received, each in a folder of its own with a manifest.

Here: taking files in, finding payloads the ledger does not know yet, and deleting old ones. A
delivery appears in one step (a folder is renamed), so there is never half of one. What is in the
files is admission's business; watched folders are next door.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.admission.ledger import Ledger, append_audit, utc_text
from orchestration.admission.ledger_types import AuditEntry, Delivery
from orchestration.faults import fault_point
from orchestration.partitions import business_date, day_start
from orchestration.settings import Settings
from orchestration.sources.files import copy_durably, fsync_path, make_folder, write_durably

MANIFEST = "manifest.json"
PAYLOAD = "payload"
_PART = ".part-"


class DeliveryError(Exception):
    """A file that cannot be taken in; says which and why."""


@dataclass(frozen=True)
class Parcel:
    """One file on its way into landing: where it lies, what it is called, when and how it came."""

    channel: str
    path: Path
    file_name: str
    received_at: datetime  # aware
    source: Mapping[str, Any]


def deliver(
    settings: Settings,
    ledger: Ledger,
    channel: str,
    files: Sequence[Path],
    received_at: datetime | None = None,
) -> list[Delivery]:
    """Land files for a channel and register them; admission is a later step.

    `received_at` (aware) defaults to now. The same file delivered twice with the same time is one
    delivery. All files are checked before the first is taken.

    Raises:
        ConfigError: unknown channel.
        DeliveryError: a file is missing, unreadable, no regular file, or the time has no zone.

    """
    settings.channel(channel)
    moment = datetime.now(UTC) if received_at is None else received_at
    if moment.tzinfo is None:
        raise DeliveryError("received_at has no time zone; write it as 2024-01-31T08:00:00+08:00")
    for path in files:
        _check_file(path)
    source = {"kind": "manual"}
    return [land(settings, ledger, Parcel(channel, path, path.name, moment, source)) for path in files]


def land(settings: Settings, ledger: Ledger, parcel: Parcel) -> Delivery:
    """Copy one file into landing and register it (see `deliver`); returns the ledger's entry."""
    received_at = parcel.received_at.astimezone(UTC)
    day = settings.landing / parcel.channel / business_date(received_at).isoformat()
    make_folder(day, settings.home)
    part = day / f"{_PART}{os.getpid()}-{secrets.token_hex(4)}"
    part.mkdir(mode=0o700)
    try:
        size, digest = copy_durably(parcel.path, part / PAYLOAD)
        delivery = _describe(settings, parcel, received_at, size, digest)
        known = ledger.delivery(delivery.delivery_id)
        if known is not None and known.status not in ("landed", "withheld"):
            return known  # admitted before; its payload may have left landing by retention
        write_durably(part / MANIFEST, _manifest(delivery))
        fsync_path(part)
        _into_place(part, day / delivery.delivery_id)
    except OSError as error:
        message = f"{parcel.path}: cannot be landed in {day} ({error.strerror}); nothing was taken"
        raise DeliveryError(message) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    fault_point("after_land_file")
    ledger.register_delivery(delivery)
    return ledger.delivery(delivery.delivery_id) or delivery


def sweep_landing(settings: Settings, ledger: Ledger) -> list[Delivery]:
    """Register payloads that landed but never reached the ledger; clear leavings of dead processes."""
    found = []
    for folder in sorted(settings.landing.glob("*/*/*")):
        if folder.name.startswith(_PART):
            if not _alive(folder.name):
                shutil.rmtree(folder, ignore_errors=True)
        elif ledger.delivery(folder.name) is None and (folder / MANIFEST).is_file():
            delivery = _from_manifest(settings, folder)
            ledger.register_delivery(delivery)
            found.append(delivery)
    return found


def enforce_landing_retention(settings: Settings, ledger: Ledger, as_of: date) -> list[Delivery]:
    """Delete payloads older than `retention.landing_days` that need no more admission.

    The ledger remembers them. Waiting and withheld deliveries are kept. Returns what was deleted.
    """
    limit = as_of - timedelta(days=int(settings.retention["landing_days"]))
    old = [
        one
        for one in ledger.deliveries(received_before=day_start(limit))
        if one.landing_deleted is None and one.status not in ("landed", "withheld")
    ]
    for one in old:
        shutil.rmtree((settings.home / one.landing_path).parent, ignore_errors=True)
    gone = [one for one in old if not (settings.home / one.landing_path).exists()]
    if gone:
        ledger.mark_landing_deleted([one.delivery_id for one in gone], as_of.isoformat())
        with ledger.transaction() as connection:
            detail = {"as_of": as_of.isoformat(), "deliveries": [one.delivery_id for one in gone]}
            entry = AuditEntry(day_start(as_of), "retention", "landing_deleted", "landing", detail)
            append_audit(connection, entry)
    return gone


def _check_file(path: Path) -> None:
    if not path.exists():
        raise DeliveryError(f"{path}: no such file; nothing was taken")
    if not path.is_file():
        raise DeliveryError(f"{path}: is not a regular file; name the files themselves; nothing was taken")
    if not os.access(path, os.R_OK):
        raise DeliveryError(f"{path}: cannot be read; check its permissions; nothing was taken")


def _describe(settings: Settings, parcel: Parcel, received_at: datetime, size: int, digest: str) -> Delivery:
    channel, file_name = parcel.channel, parcel.file_name
    identity = "\x1f".join((channel, utc_text(received_at), file_name, digest))
    delivery_id = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    day = business_date(received_at)
    path = settings.landing / channel / day.isoformat() / delivery_id / PAYLOAD
    return Delivery(
        delivery_id=delivery_id,
        channel=channel,
        file_name=file_name.encode("utf-8", "replace").decode(),
        received_at=received_at,
        ingest_date=day,
        file_bytes=size,
        bytes=size,
        sha256=digest,
        landing_path=path.relative_to(settings.home).as_posix(),
        source=dict(parcel.source),
    )


def _manifest(delivery: Delivery) -> bytes:
    document = {
        "delivery_id": delivery.delivery_id,
        "channel": delivery.channel,
        "file_name": delivery.file_name,
        "received_at": delivery.received_at.isoformat(timespec="microseconds"),
        "bytes": delivery.file_bytes,
        "sha256": delivery.sha256,
        "source": dict(delivery.source),
    }
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


def _from_manifest(settings: Settings, folder: Path) -> Delivery:
    document = json.loads((folder / MANIFEST).read_bytes())
    received_at = datetime.fromisoformat(document["received_at"])
    return Delivery(
        delivery_id=document["delivery_id"],
        channel=document["channel"],
        file_name=document["file_name"],
        received_at=received_at,
        ingest_date=business_date(received_at),
        file_bytes=document["bytes"],
        bytes=document["bytes"],
        sha256=document["sha256"],
        landing_path=(folder / PAYLOAD).relative_to(settings.home).as_posix(),
        source=document["source"],
    )


def _into_place(part: Path, target: Path) -> None:
    if not target.exists():
        try:
            part.rename(target)
        except OSError:
            # Another process landed the very same delivery in the meantime: then it is there.
            if not target.exists():
                raise
    fsync_path(target.parent)


def _alive(name: str) -> bool:
    try:
        os.kill(int(name.removeprefix(_PART).split("-")[0]), 0)
    except ProcessLookupError:
        return False
    except (ValueError, PermissionError):
        return True
    return True
