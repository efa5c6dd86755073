"""`voc refresh` as a person meets it: what it prints, publishes, refuses and leaves alone."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from orchestration.journey import MAX_EVENTS, widest_journey
from orchestration.lease import lease
from orchestration.settings import PROJECT_ROOT
from orchestration.warehouse.dbt_runner import feedback_channels
from tests.support.home import LIGHT, Delivered, Home, split

HEAVY = ("dagster", "dbt", "great_expectations", "sklearn", "jieba")
VOICES = "select channel, count(*) as n from core.fct_feedback group by channel order by channel"

pytestmark = pytest.mark.slow


def config_copy(folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A `voc.yml` like the project's, changed, with contracts found from anywhere."""
    document = yaml.safe_load((PROJECT_ROOT / "voc.yml").read_text(encoding="utf-8"))
    for entry in document["channels"].values():
        entry["contract"] = str(PROJECT_ROOT / entry["contract"])
    change(document)
    path = folder / "voc.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def voices(home: Home) -> dict[str, int]:
    return {row["channel"]: row["n"] for row in home.sql(VOICES)}


# -- what a refresh leaves ------------------------------------------------------------------


def test_first_refresh_publishes_every_audience_with_closed_equations(
    nine_days: Home, deliveries: list[Delivered]
) -> None:
    text = (nine_days.root / "first_refresh.txt").read_text()
    for channel in nine_days.settings.channels:
        assert channel in text
    assert set(nine_days.published_versions()) == {"bi", "voice", "finance"}
    assert all(nine_days.published_versions().values())
    status = nine_days.status()
    assert status["all_equations_closed"]
    assert not status["is_refreshing"]
    assert status["last_run"]["status"] == "success"
    delivered = {row.channel for row in split(deliveries)[0]}
    assert len(delivered) > 20  # of the rarest channels nothing may come in nine days
    assert {row["channel"] for row in status["channels"] if row["admitted"]} == delivered
    speaking = set(feedback_channels(nine_days.settings).split(","))
    assert set(voices(nine_days)) == speaking & delivered


def test_widest_journey_is_one_persons_in_order_and_can_be_read(nine_days: Home) -> None:
    events = widest_journey(nine_days.settings)
    assert 1 < len(events) <= MAX_EVENTS
    assert len({event.person_id for event in events}) == 1
    assert len({event.source_channel for event in events}) >= 6
    places = [(event.event_date, event.day_event_no) for event in events]
    assert places == sorted(places)


def test_zones_that_can_name_a_person_are_owner_only(nine_days: Home) -> None:
    for zone in ("landing", "restricted"):
        top = nine_days.path / zone
        assert stat.S_IMODE(top.stat().st_mode) == 0o700
        loose = [path for path in top.rglob("*") if path.stat().st_mode & 0o077]
        assert loose == []


def test_second_refresh_finds_nothing_and_loads_nothing(ten_days: Home) -> None:
    before = ten_days.published_bytes()
    again = ten_days.voc_cold("refresh", options=("-X", "importtime")).ok()
    assert "nothing new as of 2026-03-31" in again.out
    loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in again.err.splitlines() if "|" in line}
    assert "orchestration" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert ten_days.published_bytes() == before


def test_next_day_makes_a_new_version_that_shares_what_did_not_change(
    nine_days: Home, ten_days: Home
) -> None:
    old, new = nine_days.published_versions(), ten_days.published_versions()
    assert all(old[audience] != new[audience] for audience in ("bi", "voice"))
    assert sum(voices(ten_days).values()) > sum(voices(nine_days).values())
    for audience in ("bi", "voice"):
        kept = ten_days.path / "published" / audience / "versions" / str(old[audience])
        assert (kept / "manifest.json").is_file()
        objects = [
            {
                part["sha256"]
                for table in home.published_manifest(audience)["tables"].values()
                for part in table["partitions"]
            }
            for home in (nine_days, ten_days)
        ]
        assert len(objects[0] & objects[1]) > len(objects[1]) / 3


def test_late_delivery_rebuilds_its_day(home: Home, tmp_path: Path) -> None:
    late = tmp_path / "late.csv"
    late.write_text(
        "content_id,content,subject,sentiment_value,sentiment_word\n"
        "m990001,空调不冷，开了半小时还是热风,空调,-1,\n"
    )
    before = voices(home)
    landed = home.voc(
        "deliver", "media_comments", str(late), "--received-at", "2026-03-27T20:00:00+08:00", "--json"
    )
    assert json.loads(landed.ok().out)[0]["status"] == "landed"
    outcome = home.voc("refresh", "--channel", "media_comments", **LIGHT).ok()
    assert "1 records, 1 admitted" in outcome.err
    # A day that is past does not take the published day back.
    assert home.published_manifest("bi")["as_of"] == "2026-03-30"
    assert "1 deliveries, touched days" in outcome.err
    assert voices(home) == before | {"media_comments": before["media_comments"] + 1}
    assert home.sql("select count(*) as n from core.fct_feedback where feedback_date = date '2026-03-27' "
                    "and channel = 'media_comments'")[0]["n"] >= 1  # fmt: skip


# -- what it refuses ------------------------------------------------------------------------


def test_keys_that_are_missing_or_damaged(ten_days: Home, tmp_path: Path) -> None:
    loose, broken = tmp_path / "loose.json", tmp_path / "broken.json"
    loose.write_text("{}")
    loose.chmod(0o644)
    broken.write_text("{")
    broken.chmod(0o600)
    for path, word in ((tmp_path / "none.json", "voc keys init"), (loose, "chmod 600"), (broken, "backup")):
        outcome = ten_days.voc("refresh", VOC_KEYS=str(path)).no_traceback()
        assert outcome.code == 65
        assert word in outcome.err
        assert str(path) in outcome.err


def test_wrong_usage_is_named(ten_days: Home) -> None:
    for arguments, word in (
        (("--as-of", "2999-01-01"), "has not begun"),
        (("--as-of", "31.3.2026"), "2026-03-31"),
        (("--channel", "forums"), "forum"),
    ):
        outcome = ten_days.voc("refresh", *arguments).no_traceback()
        assert outcome.code == 2, (arguments, outcome)
        assert word in outcome.err


def test_configuration_that_cannot_be_read(ten_days: Home, tmp_path: Path) -> None:
    broken = tmp_path / "voc.yml"
    for text in ("channels: [", "channels: {}", "channels: {a1: {contract: nowhere.yml}}"):
        broken.write_text(text)
        for command in (("refresh",), ("status",), ("quarantine", "list"), ("deliver", "forum", str(broken))):
            outcome = ten_days.voc(*command, VOC_CONFIG=str(broken)).no_traceback()
            assert outcome.code == 65, (text, command, outcome)
            assert str(broken) in outcome.err


# -- a channel that cannot be admitted --------------------------------------------------------


def check_withheld(home: Home, channel: str, before: dict[str, int]) -> None:
    """The channel is withheld and told; the others have moved on."""
    after = voices(home)
    assert after[channel] == before[channel]
    assert sum(after.values()) > sum(before.values())
    rows = {row["channel"]: row for row in home.status()["channels"]}
    assert [name for name, row in rows.items() if row["withheld"]] == [channel]
    told = [notice for notice in home.notices() if notice["kind"] == "channel_withheld"]
    assert {notice["subject"] for notice in told} == {channel}


def test_payload_that_is_gone_withholds_its_channel(
    home: Home, last_day: list[Delivered], ten_days: Home
) -> None:
    home.land(last_day)
    payload = next(home.path.glob("landing/forum/2026-03-31/*/payload"))
    kept = payload.read_bytes()
    payload.unlink()
    before = voices(home)
    outcome = home.voc("refresh", **LIGHT).ok().no_traceback()
    assert "WITHHELD" in outcome.err
    assert "withheld" in outcome.out
    check_withheld(home, "forum", before)
    payload.write_bytes(kept)
    home.voc("refresh", **LIGHT).ok()
    assert home.hashes() == ten_days.hashes()


def test_broken_contract_withholds_its_channel(home: Home, last_day: list[Delivered], tmp_path: Path) -> None:
    contract = tmp_path / "forum.yml"
    contract.write_text((PROJECT_ROOT / "data_quality/contracts/forum.yml").read_text() + "\nentities: 3\n")
    config = config_copy(
        tmp_path, lambda document: document["channels"]["forum"].update(contract=str(contract))
    )
    home.land(last_day)
    before = voices(home)
    outcome = home.voc("refresh", VOC_CONFIG=str(config), **LIGHT).no_traceback()
    assert outcome.code == 0, outcome
    check_withheld(home, "forum", before)
    assert str(contract) in outcome.out + outcome.err


# -- a gate that fails ------------------------------------------------------------------------


def test_failed_gate_leaves_the_version_before(home: Home, last_day: list[Delivered], ten_days: Home) -> None:
    """A raw file that lost a row between admission and build is caught, told and publishes nothing."""
    home.land(last_day)
    before = home.published_bytes()
    assert home.voc("refresh", VOC_FAULT="before_dbt", **LIGHT).was_killed
    raw = next(home.path.glob("raw/media_comments/2026-03-31/*.parquet"))
    kept = raw.read_bytes()
    table = pq.read_table(raw)
    pq.write_table(table.slice(1), raw)
    for _ in range(2):
        failed = home.voc("refresh", **LIGHT).no_traceback()
        assert failed.code == 4
        assert "assert_raw_rows_equal_ledger" in failed.err
        assert "the version before stays" in failed.err
        by_hand = home.voc("publish", **LIGHT).no_traceback()
        assert by_hand.code == 4
        assert "the last build did not end well" in by_hand.err
        assert home.published_bytes() == before
    assert {notice["kind"] for notice in home.notices()} >= {"run_failed"}
    raw.write_bytes(kept)
    home.voc("refresh", **LIGHT).ok()
    assert home.hashes() == ten_days.hashes()
    assert home.published_versions() == ten_days.published_versions()


def test_publish_by_hand_takes_the_lease_and_finds_nothing_new(ten_days: Home) -> None:
    before = ten_days.published_bytes()
    with lease(ten_days.settings.lease_path, "a test"):
        held = ten_days.voc("publish", **LIGHT).no_traceback()
        assert held.code == 75
    done = ten_days.voc("publish", **LIGHT).ok()
    assert done.out.count("unchanged") == 3
    assert ten_days.published_bytes() == before


# -- beside a running refresh -----------------------------------------------------------------


def test_status_deliver_and_quarantine_work_during_a_refresh(
    home: Home, last_day: list[Delivered], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    home.land(last_day)
    running = home.start("refresh")
    refused, seen, count = None, set(), 0
    while not running.has_ended:
        count += 1
        late = tmp_path / f"late-{count}.csv"
        late.write_text(f"text\n第{count}次提车，座椅很舒服\n")
        status = json.loads(home.voc("status", "--json").ok().out)
        seen.add(status["is_refreshing"])
        home.voc("deliver", "forum", str(late), "--received-at", "2026-03-31T21:00:00+08:00").ok()
        home.voc("quarantine", "list").ok()
        home.sql("select count(*) as n from core.fct_feedback")
        if status["is_refreshing"] and refused is None:
            refused = home.voc("refresh", **LIGHT).no_traceback()
    running.wait().ok()
    assert True in seen
    assert refused is not None
    assert refused.code == 75
    assert "another refresh is running" in refused.err
    assert home.status()["all_equations_closed"]
    home.voc("refresh", **LIGHT).ok()
    posts = home.sql("select count(*) as n from core.fct_feedback where channel = 'forum' and "
                     "feedback_date = date '2026-03-31'", "voice")[0]["n"]  # fmt: skip
    assert posts >= count
    record_property(
        "figure", f"{count} rounds of status, deliver, quarantine, sql during a refresh: 0 failures"
    )
