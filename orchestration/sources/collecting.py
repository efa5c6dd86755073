"""Collecting: every enabled channel is read once, and none stands in another's way.

Here: which connector a kind of source has, what it may know of earlier deliveries, landing of what it
brings, and what is said when it fails. A failed channel keeps a note (`failure.json` beside its scratch
files) until it succeeds; the others are landed as ever.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.admission.ledger import Ledger
from orchestration.admission.ledger_types import Delivery
from orchestration.notify import Notice, notify
from orchestration.partitions import business_date
from orchestration.settings import ChannelConfig, ConfigError, Settings
from orchestration.sources.connector import Clock, Connector, Harvest, Job, SourceError
from orchestration.sources.files import OWNER_FILE, make_folder, write_durably
from orchestration.sources.landing import DeliveryError, Parcel, land, sweep_landing
from orchestration.sources.options import Options
from orchestration.sources.watched_folders import collect_channel

WATCHED = "watched_folder"
CONNECTORS = {
    "imap": "orchestration.sources.imap:extract",
    "maildir": "orchestration.sources.mail_files:extract_maildir",
    "mbox": "orchestration.sources.mail_files:extract_mbox",
    "rest": "orchestration.sources.rest:extract",
    "s3": "orchestration.sources.object_store:extract",
    "sql": "orchestration.sources.sql:extract",
    "sqlite": "orchestration.sources.sql:extract",
}
# Read from this machine's disk: quick enough for a sensor.
LOCAL_KINDS = frozenset({WATCHED, "maildir", "mbox"})
KINDS = (WATCHED, *CONNECTORS)
_FAILURE, _LOCK = "failure.json", "lock"


@dataclass
class Collected:
    """What came of one channel: its new deliveries, and why it failed if it did."""

    channel: str
    deliveries: list[Delivery] = field(default_factory=list)
    failure: str = ""


def collect_all(
    settings: Settings,
    ledger: Ledger,
    *,
    channels: Sequence[str] = (),
    kinds: frozenset[str] | None = None,
    received_at: datetime | None = None,
    say: Callable[[str], None] = lambda _line: None,
    clock: Clock | None = None,
) -> list[Collected]:
    """Collect from every enabled channel (or those named; or of some kinds), each for itself.

    `received_at` (aware) is the time of receipt; default: the clock when a channel's turn comes.
    A failure is returned, noted and told once a day; it never stops another channel.

    Raises:
        ConfigError: a channel that does not exist.

    """
    for name in channels:
        settings.channel(name)
    sweep_landing(settings, ledger)
    found = []
    for channel in settings.channels.values():
        kind = channel.source.get("kind")
        named = channel.name in channels
        if (channels and not named) or not (channel.enabled or named):
            continue
        if not kind or (kinds is not None and kind not in kinds):
            continue
        one = _collect_one(settings, ledger, channel, received_at, say, clock or Clock())
        _note(settings, one)
        found.append(one)
    return found


def failure_of(settings: Settings, channel: str) -> str:
    """Return why the last collection of a channel failed, '' if it did not."""
    try:
        return str(json.loads((_folder(settings, channel) / _FAILURE).read_bytes())["failure"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _collect_one(
    settings: Settings,
    ledger: Ledger,
    channel: ChannelConfig,
    received_at: datetime | None,
    say: Callable[[str], None],
    clock: Clock,
) -> Collected:
    found = Collected(channel.name)
    moment = (received_at or datetime.now(UTC)).astimezone(UTC)
    try:
        with _alone(settings, channel.name) as is_alone:
            if not is_alone:
                say(f"{channel.name}: is being collected by another process")
                return found
            deliveries = _deliveries(settings, ledger, channel, moment, say, clock)
            for delivery in deliveries:
                found.deliveries.append(delivery)
    except (SourceError, DeliveryError, ConfigError) as error:
        found.failure = str(error)
    except ModuleNotFoundError as error:
        found.failure = (
            f"the package {error.name} is not installed; install it as docs/connect_sources.md says"
        )
    except Exception as error:  # one channel's surprise must not keep the others out
        found.failure = f"{_place(error)}: not foreseen; please report it"
    return found


def _place(error: Exception) -> str:
    """Name an error by type and place; its message could hold what somebody wrote."""
    trace = traceback.extract_tb(error.__traceback__)
    at = next((one for one in reversed(trace) if "orchestration" in one.filename), trace[-1])
    return f"{type(error).__name__} in {Path(at.filename).name} line {at.lineno}"


def _deliveries(
    settings: Settings,
    ledger: Ledger,
    channel: ChannelConfig,
    moment: datetime,
    say: Callable[[str], None],
    clock: Clock,
) -> Iterator[Delivery]:
    kind = str(channel.source.get("kind"))
    if kind == WATCHED:
        yield from collect_channel(settings, ledger, channel, moment, clock.wall())
        return
    connector = _connector(settings, channel, kind)
    folder = _folder(settings, channel.name)
    job = Job(
        settings=settings,
        channel=channel.name,
        options=Options(f"{settings.config_path.name}: channels.{channel.name}.source", channel.source),
        received_at=moment,
        folder=folder,
        history=_history(ledger, channel.name, kind),
        say=say,
        clock=clock,
    )
    for harvest in connector(job):
        yield _land(settings, ledger, channel.name, moment, harvest)


def _land(settings: Settings, ledger: Ledger, channel: str, moment: datetime, harvest: Harvest) -> Delivery:
    received_at = moment + timedelta(microseconds=harvest.order)
    parcel = Parcel(channel, harvest.path, harvest.file_name, received_at, harvest.source)
    delivery = land(settings, ledger, parcel)
    harvest.path.unlink(missing_ok=True)
    return delivery


def _history(ledger: Ledger, channel: str, kind: str) -> tuple[dict[str, Any], ...]:
    """What earlier deliveries of this kind say of themselves; files a person delivered say nothing."""
    family = {"sql", "sqlite"} if kind in ("sql", "sqlite") else {kind}
    return tuple(
        dict(one.source) for one in ledger.deliveries(channel=channel) if one.source.get("kind") in family
    )


def _connector(settings: Settings, channel: ChannelConfig, kind: str) -> Connector:
    target = CONNECTORS.get(kind)
    if target is None:
        where = f"{settings.config_path.name}: channels.{channel.name}.source.kind"
        raise ConfigError(f"{where}: is {kind!r}; allowed: {', '.join(KINDS)}")
    module, _, name = target.partition(":")
    connector: Connector = getattr(importlib.import_module(module), name)
    return connector


def _folder(settings: Settings, channel: str) -> Path:
    return settings.restricted / "spool" / channel


@contextmanager
def _alone(settings: Settings, channel: str) -> Iterator[bool]:
    """Hold the channel: two collections of one channel would read the same window twice."""
    folder = _folder(settings, channel)
    settings.home.mkdir(parents=True, exist_ok=True)
    make_folder(folder, settings.home)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, OWNER_FILE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


def _note(settings: Settings, one: Collected) -> None:
    """Keep the failure until the channel succeeds; tell people of a new one, and once a day of an old one."""
    path = _folder(settings, one.channel) / _FAILURE
    if not one.failure:
        path.unlink(missing_ok=True)
        return
    today = business_date(datetime.now(UTC)).isoformat()
    told = {"failure": one.failure, "on": today}
    try:
        if json.loads(path.read_bytes()) == told:
            return
    except (OSError, ValueError):
        pass
    write_durably(path, json.dumps(told, ensure_ascii=False).encode())
    notify(settings, [Notice("collect_failed", one.channel, one.failure[:500], today)])
