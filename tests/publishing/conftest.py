"""Fixtures of the publishing tests: a home folder and a small warehouse."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT_ROOT = Path(__file__).resolve().parents[2]
if str(PROJECT_ROOT) not in sys.path:
    sys.path.insert(0, str(PROJECT_ROOT))

from orchestration.settings import Settings  # noqa: E402
from tests.publishing.sample_warehouse import SampleWarehouse  # noqa: E402


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load({"VOC_HOME": str(tmp_path / "home"), "VOC_KEYS": str(tmp_path / "keys.json")})


@pytest.fixture
def warehouse(settings: Settings) -> SampleWarehouse:
    return SampleWarehouse(settings)


@pytest.fixture
def settings_with(settings: Settings) -> Callable[..., Settings]:
    """Return the settings with some retention changed."""
    from dataclasses import replace

    return lambda **retention: replace(settings, retention={**settings.retention, **retention})
