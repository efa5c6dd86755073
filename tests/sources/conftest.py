"""Shared fixtures of the source tests: a home with one channel, a clock that never waits, real servers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.admission.ledger import Ledger
from orchestration.admission.ledger_types import Delivery
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.collecting import Collected, collect_all
from orchestration.sources.connector import Clock

NOW = datetime(2024, 6, 1, 2, 30, tzinfo=UTC)
CONTRACT = str(PROJECT_ROOT / "data_quality/contracts/forum.yml")


@dataclass
class TestClock:
    """Time that passes only when somebody sleeps (or `tick` is set: at every look)."""

    __test__ = False
    now: float = 0.0
    tick: float = 0.0
    wall: float | None = None  # None: as it is
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def look(self) -> float:
        self.now += self.tick
        return self.now

    def clock(self) -> Clock:
        return Clock(self.look, self.sleep, lambda: self.wall or time.time(), lambda: 0.5)


class Bench:
    """A home whose channels a test sets by their `source`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.time = TestClock()
        self.lines: list[str] = []
        self.sources: dict[str, dict[str, Any]] = {}
        self.contract = CONTRACT

    def set(self, channel: str = "forum", **source: Any) -> None:
        self.sources[channel] = source
        document = {
            "channels": {
                name: {"contract": self.contract, "source": one} for name, one in self.sources.items()
            },
            "audiences": {"bi": {}},
        }
        (self.folder / "voc.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        return {"VOC_CONFIG": str(self.folder / "voc.yml"), "VOC_HOME": str(self.home)}

    @property
    def settings(self) -> Settings:
        return Settings.load(self.environment)

    def run(self, received_at: datetime = NOW, **arguments: Any) -> list[Collected]:
        settings = self.settings
        with Ledger.open(settings) as ledger:
            return collect_all(
                settings,
                ledger,
                received_at=received_at,
                say=self.lines.append,
                clock=self.time.clock(),
                **arguments,
            )

    def collect(self, received_at: datetime = NOW) -> list[Delivery]:
        """Collect the one channel; it must not fail."""
        (one,) = self.run(received_at)
        assert one.failure == ""
        return one.deliveries

    def failure(self, received_at: datetime = NOW) -> str:
        """Collect the one channel; it must fail, landing nothing; return its words."""
        (one,) = self.run(received_at)
        assert one.failure
        assert one.deliveries == []
        return one.failure

    def bytes_of(self, delivery: Delivery) -> bytes:
        return (self.home / delivery.landing_path).read_bytes()

    def records(self, deliveries: list[Delivery]) -> list[dict[str, Any]]:
        return [json.loads(line) for one in deliveries for line in self.bytes_of(one).splitlines()]

    def notices(self) -> list[dict[str, Any]]:
        path = self.home / "notifications.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def benches(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Bench]:
    return lambda: Bench(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of these tests are on this machine."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
