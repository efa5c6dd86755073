"""The project's own dbt models, published: meta is complete, days are incremental, the brief reads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.brief.render import render_brief
from orchestration.publishing.publisher import PublishedVersion, publish_from_warehouse
from orchestration.publishing.query import run_query
from orchestration.publishing.versions import AudienceStore
from orchestration.settings import Settings
from orchestration.warehouse.control import close_window, open_window
from orchestration.warehouse.dbt_runner import run_build
from tests.support.raw_home import SCORER_VERSION, RawHome
from tests.support.sample_history import deliver_day, deliver_masters

pytestmark = pytest.mark.slow

DAYS = 12


@pytest.mark.slow
def test_the_projects_models_are_published_day_by_day(tmp_path: Path, parsed_home: Path) -> None:
    shutil.copytree(parsed_home / "dbt", tmp_path / "home" / "dbt")
    settings = Settings.load({"VOC_HOME": str(tmp_path / "home"), "VOC_KEYS": str(tmp_path / "keys.json")})
    home = RawHome(settings)
    deliver_masters(home)
    for index in range(DAYS - 1):
        deliver_day(home, index)
    first = build_and_publish(settings, home, DAYS - 1)
    assert {"bi", "voice", "finance"} <= first.keys()
    second = build_and_publish(settings, home, DAYS)
    assert second["bi"].reused > second["bi"].exported
    assert second["bi"].widened == {}
    assert not any(version.is_new for version in publish_from_warehouse(settings).values())
    for audience, schema in (("bi", "core"), ("voice", "core"), ("finance", "finance")):
        tables = AudienceStore(settings, audience).manifest(second[audience].version_id)["tables"]
        assert any(name.startswith(f"{schema}.") for name in tables)
    columns = run_query(settings, "bi", "select column_name from information_schema.columns").rows
    assert not {("verbatim",), ("evidence_text",)} & set(columns)
    page = render_brief(settings)
    assert second["voice"].version_id in page
    assert "<mark>" in page


def build_and_publish(settings: Settings, home: RawHome, days: int) -> dict[str, PublishedVersion]:
    """Deliver one more day, build it and publish."""
    window = open_window(settings, home, deliver_day(home, days - 1), scorer_version=SCORER_VERSION)
    assert run_build(settings, window.is_full_rebuild).success
    close_window(settings, window)
    return publish_from_warehouse(settings)
