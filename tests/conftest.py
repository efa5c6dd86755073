"""Shared fixtures: an isolated home with its own keys and no network notices."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def session_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder all test processes of this session share."""
    base = tmp_path_factory.getbasetemp()
    # Under pytest-xdist every process has a base of its own inside the session's.
    return base.parent if base.name.startswith("popen-") else base


@pytest.fixture(scope="session")
def parsed_home(session_root: Path) -> Path:
    """A home that holds nothing but the parsed project (parsing takes many seconds). Copy it."""
    from orchestration.settings import Settings
    from orchestration.warehouse.dbt_runner import load_manifest
    from tests.support.home import made_once

    return made_once(
        session_root / "parsed", lambda home: load_manifest(Settings.load({"VOC_HOME": str(home)}))
    )


@pytest.fixture
def corpus_dir() -> Path:
    """Folder of real texts, or skip."""
    folder = os.environ.get("VOC_CORPUS_DIR")
    if not folder or not Path(folder).is_dir():
        pytest.skip("VOC_CORPUS_DIR is not set")
    return Path(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`corpus` tests skip by themselves; say so in one place."""
    for item in items:
        if "corpus" in item.keywords and not os.environ.get("VOC_CORPUS_DIR"):
            item.add_marker(pytest.mark.skip(reason="VOC_CORPUS_DIR is not set"))
