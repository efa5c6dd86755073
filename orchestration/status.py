"""What a person or a monitor asks first: is everything fresh, closed and published?

Reads the ledger and the published pointers only, so it works while a refresh runs and never blocks
one. The warehouse itself is not opened.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from orchestration.admission.ledger import Ledger
from orchestration.notify import Notice
from orchestration.partitions import business_date
from orchestration.settings import Settings


@dataclass(frozen=True)
class ChannelHealth:
    """One channel as `voc status` shows it."""

    channel: str
    last_received_at: str | None
    stale_hours: float | None
    is_stale: bool
    waiting: int
    withheld: int
    records_in: int
    admitted: int
    duplicate: int
    superseded: int
    quarantined: int
    quarantined_open: int
    equations_closed: bool


def channel_health(settings: Settings, ledger: Ledger, now: datetime) -> list[ChannelHealth]:
    """Return one row per enabled channel; a channel that never delivered is stale."""
    known = {row.channel: row for row in ledger.channel_status(business_date(now))}
    waiting: dict[str, int] = {}
    for delivery in ledger.deliveries():
        if delivery.status == "landed":
            waiting[delivery.channel] = waiting.get(delivery.channel, 0) + 1
    rows = []
    for name, channel in settings.channels.items():
        if not channel.enabled:
            continue
        row = known.get(name)
        last = row.last_received_at if row else None
        hours = None if last is None else (now - last).total_seconds() / 3600
        counts = {
            key: getattr(row, key) if row else 0
            for key in (
                "records_in",
                "admitted",
                "duplicate",
                "superseded",
                "quarantined",
                "quarantined_open",
            )
        }
        rows.append(
            ChannelHealth(
                channel=name,
                last_received_at=last.isoformat(timespec="seconds") if last else None,
                stale_hours=None if hours is None else round(hours, 1),
                is_stale=hours is None or hours > channel.stale_after_h,
                waiting=waiting.get(name, 0),
                withheld=row.withheld_deliveries if row else 0,
                equations_closed=row.equations_closed if row else True,
                **counts,
            )
        )
    return rows


def status_document(settings: Settings, now: datetime | None = None) -> dict[str, Any]:
    """Return everything `voc status --json` prints: channels, published versions, running refresh."""
    from orchestration.publishing.versions import current_version

    now = now or datetime.now(UTC)
    with Ledger.open(settings) as ledger:
        channels = channel_health(settings, ledger, now)
        runs = ledger.runs(limit=1)
    published = {}
    for audience in settings.audiences:
        version = current_version(settings, audience)
        published[audience] = version.name if version else None
    return {
        "home": str(settings.home),
        "channels": [asdict(row) for row in channels],
        "published": published,
        "last_run": runs[0] if runs else None,
        "is_refreshing": _is_refreshing(settings),
        "all_equations_closed": all(row.equations_closed for row in channels),
    }


def stale_notices(settings: Settings, now: datetime) -> list[Notice]:
    """Return one notice per stale or withheld channel and per open equation."""
    notices = []
    day = business_date(now).isoformat()
    with Ledger.open(settings) as ledger:
        rows = channel_health(settings, ledger, now)
    for row in rows:
        if row.is_stale:
            age = (
                "never delivered" if row.stale_hours is None else f"last delivery {row.stale_hours:.0f} h ago"
            )
            notices.append(Notice("channel_stale", row.channel, age, day))
        if row.withheld:
            notices.append(
                Notice(
                    "channel_withheld", row.channel, f"{row.withheld} deliveries could not be admitted", day
                )
            )
        if not row.equations_closed:
            notices.append(Notice("equation_open", row.channel, "records or bytes do not add up", day))
    return notices


def _is_refreshing(settings: Settings) -> bool:
    import fcntl

    try:
        with settings.lease_path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
