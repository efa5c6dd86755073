"""An outage of one channel: the others publish, it is marked stale, and afterwards nothing tells that it was.

Two kinds. The source sends files that cannot be taken in (its contract does not read them): they are
withheld, tried again by every refresh, and admitted by the first that can. Or the source sends nothing
for days and then all of it: what is made is what a run makes that had the files lying there all along.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestration.partitions import business_date
from orchestration.settings import PROJECT_ROOT
from tests.support.home import LIGHT, Delivered, Home, Warm, differences, made_once, samples

CHANNEL = "call_center"
OUT_DAYS = 2


@pytest.fixture(scope="module")
def five_days(shared_root: Path) -> list[Delivered]:
    return samples(shared_root, days=5, owners=60, voices_per_day=12.0)


def days_of(rows: list[Delivered]) -> list[date]:
    return sorted({business_date(row.received_at) for row in rows})


def land(home: Home, rows: list[Delivered], day: date, *, but: str = "") -> None:
    home.land(row for row in rows if business_date(row.received_at) == day and row.channel != but)


def refresh(home: Home, day: date) -> str:
    return home.voc("refresh", "--as-of", day.isoformat(), **LIGHT).ok().out


@pytest.fixture(scope="module")
def before_outage(shared_root: Path, warm: Warm, five_days: list[Delivered], parsed_home: Path) -> Home:
    """The days before the outage, refreshed. Copy it, never write into it."""

    def make(folder: Path) -> None:
        home = Home.create(folder, warm, parsed=parsed_home)
        first = days_of(five_days)[:-OUT_DAYS]
        home.land(row for row in five_days if business_date(row.received_at) in first)
        refresh(home, first[-1])

    return Home(made_once(shared_root / "before-outage", make), warm)


@pytest.fixture(scope="module")
def no_outage(shared_root: Path, before_outage: Home, five_days: list[Delivered]) -> Home:
    """The same days without one, day by day. Never write into it."""

    def make(folder: Path) -> None:
        folder.rmdir()
        home = before_outage.copy(folder)
        for day in days_of(five_days)[-OUT_DAYS:]:
            land(home, five_days, day)
            refresh(home, day)

    return Home(made_once(shared_root / "no-outage", make), before_outage.warm)


@pytest.fixture
def home(before_outage: Home, tmp_path: Path) -> Iterator[Home]:
    yield before_outage.copy(tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)


def check_outage(home: Home, day: date, *, is_withheld: bool) -> None:
    """The channel is stale and says so in the marts that hang on it; the others hold this day."""
    status = {row["channel"]: row for row in home.sql("select * from reports.rpt_data_status")}
    assert status[CHANNEL]["is_stale"]
    assert (status[CHANNEL]["withheld_delivery_count"] > 0) == is_withheld
    assert str(status["media_comments"]["last_received_at"])[:10] >= str(day - timedelta(days=1))
    assert not status["media_comments"]["is_stale"]
    newest = home.sql(
        "select channel, cast(max(feedback_date) as varchar) as newest from core.fct_feedback group by 1"
    )
    assert max(row["newest"] for row in newest if row["channel"] != CHANNEL) >= str(day - timedelta(days=1))
    watched = home.sql(f"select is_source_stale from reports.rpt_safety_watch where channel = '{CHANNEL}'")
    assert watched
    assert all(row["is_source_stale"] for row in watched)


def config_with_broken_contract(folder: Path) -> Path:
    """A copy of voc.yml in which the channel's contract cannot be read."""
    broken = folder / "broken.yml"
    broken.write_text(f"channel: {CHANNEL}\nversion: [", encoding="utf-8")
    text = (PROJECT_ROOT / "voc.yml").read_text(encoding="utf-8")
    text = text.replace(f"contract: data_quality/contracts/{CHANNEL}.yml", f"contract: {broken}")
    config = folder / "voc.yml"
    config.write_text(
        text.replace("contract: data_quality", f"contract: {PROJECT_ROOT}/data_quality"), encoding="utf-8"
    )
    return config


@pytest.mark.slow
def test_withheld_channel_catches_up_by_itself(
    home: Home, no_outage: Home, five_days: list[Delivered], tmp_path: Path
) -> None:
    config = config_with_broken_contract(tmp_path)
    days = days_of(five_days)[-OUT_DAYS:]
    for day in days[:-1]:
        land(home, five_days, day)
        out = home.voc("refresh", "--as-of", day.isoformat(), VOC_CONFIG=str(config), **LIGHT).ok().out
        assert "withheld" in out
    check_outage(home, days[-2], is_withheld=True)
    # The contract is mended: the next refresh, which knows nothing of the outage, takes all of it.
    land(home, five_days, days[-1])
    refresh(home, days[-1])
    assert differences(home.state(), no_outage.state()) == {}
    status = {row["channel"]: row for row in home.sql("select * from reports.rpt_data_status")}
    assert not status[CHANNEL]["is_stale"]
    assert status[CHANNEL]["withheld_delivery_count"] == 0


@pytest.mark.full
def test_silent_channel_catches_up_by_itself(
    home: Home, before_outage: Home, no_outage: Home, five_days: list[Delivered], tmp_path: Path
) -> None:
    """Sent late means received late: the twin is a run that gets the same files at those times at once."""
    days = days_of(five_days)[-OUT_DAYS:]
    missed = [
        row for row in five_days if row.channel == CHANNEL and business_date(row.received_at) in days[:-1]
    ]
    assert missed
    recovered = max(row.received_at for row in five_days)
    late = [
        Delivered(row.channel, row.path, recovered + timedelta(minutes=n)) for n, row in enumerate(missed)
    ]
    for day in days[:-1]:
        land(home, five_days, day, but=CHANNEL)
        refresh(home, day)
    check_outage(home, days[-2], is_withheld=False)
    land(home, five_days, days[-1])
    home.land(late)
    refresh(home, business_date(late[-1].received_at))
    at_once = before_outage.copy(tmp_path / "at-once")
    for day in days[:-1]:
        land(at_once, five_days, day, but=CHANNEL)
    land(at_once, five_days, days[-1])
    at_once.land(late)
    refresh(at_once, business_date(late[-1].received_at))
    assert home.hashes() == at_once.hashes()
    assert home.published_hashes() == at_once.published_hashes()
    # Nothing is lost and nothing doubled against the run without outage: the same voices, on their days.
    voices = "select feedback_id, cast(feedback_date as varchar) as day from core.fct_feedback order by 1"
    assert home.sql(voices) == no_outage.sql(voices)
