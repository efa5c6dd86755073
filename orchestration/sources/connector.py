"""What a connector is given and what it gives back; nothing of any one kind of source.

A connector is a function `extract(job) -> Iterator[Harvest]`. It reads where the last landed delivery
stopped (`job.state`, out of the ledger), writes what is new into files under `job.folder`, and yields
each with the `source` document that goes into its manifest. The state of a channel is nowhere else:
a copy of the ledger is enough to go on. Landing and isolation of channels are in `collecting.py`.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestration.settings import Settings
from orchestration.sources.options import Options


class SourceError(Exception):
    """A source that could not be read: what happened, where, why and what to do, in one line."""


@dataclass(frozen=True)
class Clock:
    """Time as a connector uses it; tests put their own in."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    # Seconds since 1970: files are quiet or not by this clock, whatever the time of receipt is set to.
    wall: Callable[[], float] = time.time
    # Waiting times differ between machines on purpose; no result depends on them.
    fraction: Callable[[], float] = random.random


class Budget:
    """Seconds a channel may take in one collection."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds
        self._end = clock.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left, 0 if none."""
        return max(0.0, self._end - self.clock.monotonic())

    @property
    def is_spent(self) -> bool:
        """Tell whether the time is up."""
        return self.left <= 0


@dataclass(frozen=True)
class Harvest:
    """One file ready to land; `source` goes into the manifest and is the state of the next time."""

    path: Path
    file_name: str
    source: Mapping[str, Any]
    # Several files of one collection keep their order by microseconds.
    order: int = 0


@dataclass(frozen=True)
class Job:
    """One channel to be read once."""

    settings: Settings
    channel: str
    options: Options
    received_at: datetime  # aware
    folder: Path  # owner-only scratch of this channel
    history: tuple[Mapping[str, Any], ...] = ()  # `source` of all its deliveries of this kind
    say: Callable[[str], None] = lambda _line: None
    clock: Clock = field(default_factory=Clock)

    @cached_property
    def state(self) -> Mapping[str, Any]:
        """The `source` document of the last delivery, or an empty one."""
        return max(self.history, key=lambda one: int(one.get("sequence", 0)), default={})

    @property
    def sequence(self) -> int:
        """Number of the delivery to come, from 1."""
        return int(self.state.get("sequence", 0)) + 1

    def budget(self) -> Budget:
        """Start the time budget (`budget_s`, default ten minutes)."""
        return Budget(self.clock, self.options.number("budget_s", 600, minimum=1))


Connector = Callable[[Job], Iterator[Harvest]]


class SetDigest:
    """Digest of a set of records whatever their order: the sum of their hashes, and their number."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, record: bytes) -> None:
        """Take one record in."""
        self.count += 1
        self._sum += int.from_bytes(hashlib.blake2b(record, digest_size=16).digest(), "big")

    def __str__(self) -> str:
        return f"{self.count}:{self._sum % (1 << 128):032x}"
