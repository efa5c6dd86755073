"""Shared by the end-to-end suites: sample deliveries, refreshed homes to copy, the warm process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.home import LIGHT, Delivered, Home, Warm, made_once, samples, split


@pytest.fixture(scope="session")
def shared_root(session_root: Path) -> Path:
    """Where what all test processes share is kept."""
    folder = session_root / "pipeline"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    one = Warm(tmp_path_factory.mktemp("warm"))
    yield one
    one.close()


@pytest.fixture(scope="session")
def deliveries(shared_root: Path) -> list[Delivered]:
    """Ten days of every channel."""
    return samples(shared_root)


@pytest.fixture(scope="session")
def nine_days(shared_root: Path, warm: Warm, deliveries: list[Delivered], parsed_home: Path) -> Home:
    """A home refreshed with all days but the last. Copy it, never write into it."""

    def make(folder: Path) -> None:
        home = Home.create(folder, warm, parsed=parsed_home)
        home.land(split(deliveries)[0])
        outcome = home.voc("refresh").ok()
        (folder / "first_refresh.txt").write_text(outcome.out + outcome.err)

    return Home(made_once(shared_root / "nine-days", make), warm)


@pytest.fixture(scope="session")
def last_day(deliveries: list[Delivered]) -> list[Delivered]:
    return split(deliveries)[1]


@pytest.fixture(scope="session")
def ten_days(shared_root: Path, nine_days: Home, last_day: list[Delivered]) -> Home:
    """A home refreshed with nine days, then with the tenth: the clean run. Never write into it."""

    def make(folder: Path) -> None:
        folder.rmdir()
        home = nine_days.copy(folder)
        home.land(last_day)
        home.voc("refresh", **LIGHT).ok()

    return Home(made_once(shared_root / "ten-days", make), nine_days.warm)


@pytest.fixture
def home(nine_days: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of the refreshed home, for one test."""
    yield nine_days.copy(tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)


@pytest.fixture
def fresh_home(parsed_home: Path, warm: Warm, tmp_path: Path) -> Callable[..., Home]:
    """Makes empty homes (with the dbt project already parsed)."""

    def create(name: str = "fresh", **extra: str) -> Home:
        return Home.create(tmp_path / name, warm, parsed=parsed_home, **extra)

    return create


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the suites measured (`record_property("figure", …)`)."""
    figures = [
        str(value)
        for report in terminalreporter.stats.get("passed", [])
        for name, value in getattr(report, "user_properties", ())
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for line in sorted(figures):
            terminalreporter.write_line(line)
