"""Watched folders: files that sources drop into an inbox are landed once, when they are complete.

Complete is a file whose done-marker is there (`done_marker`), or whose size and time have not changed
for `stable_s` seconds. A landed file is removed from the inbox; where that is not allowed it is
remembered by path, size and time. Landing itself is next door.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from orchestration.admission.ledger import Ledger
from orchestration.admission.ledger_types import Delivery
from orchestration.settings import ChannelConfig, Settings
from orchestration.sources.landing import Parcel, land

DEFAULT_STABLE_S = 30


def collect_channel(
    settings: Settings, ledger: Ledger, channel: ChannelConfig, moment: datetime, wall_s: float
) -> Iterator[Delivery]:
    """Land every complete new file of one watched folder, received at `moment`.

    `wall_s` (seconds since 1970) ends the quiet period of files without a done-marker.

    Raises:
        DeliveryError: a file cannot be copied; files before it are landed.

    """
    for path in _complete_files(settings, channel, wall_s):
        delivery = _take(settings, ledger, channel, path, moment)
        if delivery is not None:
            yield delivery


def _complete_files(settings: Settings, channel: ChannelConfig, wall_s: float) -> Iterator[Path]:
    folder = settings.home / str(channel.source.get("path", f"inbox/{channel.name}"))
    if not folder.is_dir():
        return
    marker = channel.source.get("done_marker")
    stable_s = float(channel.source.get("stable_s", DEFAULT_STABLE_S))
    for path in sorted(folder.glob(str(channel.source.get("pattern", "*")))):
        if path.name.startswith(".") or not path.is_file() or path.is_symlink():
            continue
        if marker:
            if not path.name.endswith(marker) and path.with_name(path.name + marker).exists():
                yield path
        elif wall_s - path.stat().st_mtime >= stable_s:
            yield path


def _take(
    settings: Settings, ledger: Ledger, channel: ChannelConfig, path: Path, now: datetime
) -> Delivery | None:
    before = path.stat()
    name = path.resolve().relative_to(settings.home).as_posix() if _inside(path, settings.home) else str(path)
    delivery = None
    if not ledger.is_collected(name, before.st_size, before.st_mtime_ns):
        source = {"kind": "watched_folder", "path": name, "mtime_ns": before.st_mtime_ns}
        delivery = land(settings, ledger, Parcel(channel.name, path, path.name, now, source))
    after = path.stat()
    # A file that grew while it was copied stays: what was landed is part of it, the rest comes again.
    if (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns):
        _remove(path, channel.source.get("done_marker"))
    return delivery


def _remove(path: Path, marker: str | None) -> None:
    for one in (path, path.with_name(path.name + marker) if marker else None):
        if one is not None and os.access(one.parent, os.W_OK):
            try:
                one.unlink(missing_ok=True)
            except OSError:
                return  # not ours to remove: the ledger remembers it


def _inside(path: Path, home: Path) -> bool:
    return path.resolve().is_relative_to(home)
