from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import Settings
from orchestration.warehouse import control, dbt_runner
from orchestration.warehouse.control import BuildWindow
from orchestration.warehouse.dbt_runner import BuildResult
from tests.support import sample_history
from tests.support.raw_home import SCORER_VERSION, RawHome


@dataclasses.dataclass
class Warehouse:
    """A home of fixture deliveries and the builds made of it."""

    home: RawHome

    @property
    def settings(self) -> Settings:
        return self.home.settings

    @property
    def path(self) -> Path:
        return self.settings.warehouse_path

    def open(self, as_of: date, *, full: bool = False, renew_empty: bool = False) -> BuildWindow:
        return control.open_window(
            self.settings,
            self.home,
            as_of,
            scorer_version=SCORER_VERSION,
            force_full_rebuild=full,
            renew_empty=renew_empty,
        )

    def refresh(self, as_of: date, *, full: bool = False) -> BuildResult:
        """Window, build, close; a build that fails leaves the window open."""
        window = self.open(as_of, full=full)
        result = dbt_runner.run_build(self.settings, window.is_full_rebuild)
        if result.success:
            control.close_window(self.settings, window)
        return result

    def copy(self, where: Path) -> Warehouse:
        """Another home with the same files, warehouse and memory of the door."""
        shutil.copytree(self.settings.home, where)
        return Warehouse(self.home.at(dataclasses.replace(self.settings, home=where)))


@pytest.fixture(scope="session")
def manifest(parsed_home: Path) -> Any:
    """dbt's manifest of the project."""
    return dbt_runner.load_manifest(_settings(parsed_home))


@pytest.fixture(scope="session")
def new_warehouse(parsed_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Warehouse]:
    """Make empty homes that share the parsed project."""

    def make() -> Warehouse:
        where = tmp_path_factory.mktemp("home")
        shutil.copytree(parsed_home / "dbt", where / "dbt")
        return Warehouse(RawHome(_settings(where)))

    return make


@pytest.fixture(scope="session")
def built(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """Masters and three days, built in full. Copy it before changing it."""
    warehouse = new_warehouse()
    sample_history.deliver_masters(warehouse.home)
    for index in range(3):
        day = sample_history.deliver_day(warehouse.home, index)
    result = warehouse.refresh(day)
    assert result.success, result.summary()
    return warehouse


def _settings(home: Path) -> Settings:
    return Settings.load({"VOC_HOME": str(home)})
