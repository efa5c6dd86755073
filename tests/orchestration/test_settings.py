"""Configuration errors name file, entry and remedy; secrets come from the environment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.partitions import business_date, day_end, day_start, last_closed_day
from orchestration.settings import PROJECT_ROOT, ConfigError, Settings

CONTRACT = PROJECT_ROOT / "data_quality/contracts/forum.yml"


def _load(tmp_path: Path, text: str, **env: str) -> Settings:
    config = tmp_path / "voc.yml"
    config.write_text(text, encoding="utf-8")
    return Settings.load({"VOC_CONFIG": str(config), "VOC_HOME": str(tmp_path / "home"), **env})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("channels: {}", "no channel"),
        ("- a\n- b", "expected a mapping"),
        ("channels: {forum: {}}", "channels.forum: needs `contract"),
        ("channels: {forum: {contract: nowhere.yml}}", "does not exist"),
        ("channels: {'Bad Name': {contract: x}}", "lower case"),
        ("channels: [", "not valid YAML"),
    ],
)
def test_bad_configuration_says_what_to_mend(tmp_path: Path, text: str, words: str):
    with pytest.raises(ConfigError, match=words):
        _load(tmp_path, text)


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"none\.yml"):
        Settings.load({"VOC_CONFIG": str(tmp_path / "none.yml")})


def test_environment_references_are_filled(tmp_path: Path):
    text = f"channels: {{forum: {{contract: {CONTRACT}}}}}\nnotify: {{webhook: '${{HOOK}}'}}"
    assert _load(tmp_path, text, HOOK="http://127.0.0.1/x").notify["webhook"] == "http://127.0.0.1/x"
    assert _load(tmp_path, text).notify["webhook"] in ("", None)


def test_unknown_channel_lists_the_known_ones(tmp_path: Path):
    settings = _load(tmp_path, f"channels: {{forum: {{contract: {CONTRACT}}}}}")
    with pytest.raises(ConfigError, match="known: forum"):
        settings.channel("nope")


def test_business_day_is_shanghai():
    instant = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    assert business_date(instant).isoformat() == "2026-11-21"
    assert last_closed_day(instant).isoformat() == "2026-11-20"
    day = business_date(instant)
    assert day_start(day) == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert day_end(day) == datetime(2026, 11, 21, 16, tzinfo=UTC)
    with pytest.raises(ValueError, match="aware"):
        business_date(datetime(2026, 1, 1))  # noqa: DTZ001
