"""The step `link` in a home: what it reads, when it has nothing to do, decisions, and what dbt makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from ml.identity.graph import read_result
from orchestration.admission.ledger import Ledger
from orchestration.identity_commands import identity_group
from orchestration.journey import WIDEST_JOURNEY_SQL
from orchestration.linking import LinkError, decide, decisions, link_pending, pending_links
from orchestration.settings import Settings
from orchestration.warehouse import control, dbt_runner
from tests.support import sample_history as history
from tests.support.raw_home import SCORER_VERSION, RawHome

NOW = datetime(2026, 1, 5, tzinfo=UTC)


class Both:
    """The files of a fixture home, the decisions of a real ledger."""

    def __init__(self, home: RawHome, ledger: Ledger) -> None:
        self.files, self.connection = home.files, ledger.connection


@pytest.fixture
def home(tmp_path: Path) -> RawHome:
    made = RawHome(Settings.load({"VOC_HOME": str(tmp_path / "home")}))
    history.deliver_masters(made)
    for index in range(2):
        history.deliver_day(made, index)
    return made


@pytest.fixture
def ledger(home: RawHome) -> Iterator[Any]:
    with Ledger.open(home.settings) as opened:
        yield Both(home, opened)


def voices(settings: Settings) -> dict[str, dict[str, Any]]:
    rows = read_result(settings.identity_folder, "voice_link").to_pylist()
    return {row["feedback_id"]: row for row in rows}


def test_a_pass_links_voices_and_the_next_has_nothing_to_do(home: RawHome, ledger: Any) -> None:
    assert pending_links(home.settings, ledger) == "identities are not linked"
    report = link_pending(home.settings, ledger)
    assert report.voices_linked > 20
    assert report.persons >= history.CUSTOMERS
    assert pending_links(home.settings, ledger) == ""
    assert link_pending(home.settings, ledger).is_unchanged
    history.deliver_day(home, 2)
    again = link_pending(home.settings, ledger)
    assert again.voices_linked > report.voices_linked


def test_a_decision_is_audited_and_applied_by_the_next_pass(home: RawHome, ledger: Any) -> None:
    link_pending(home.settings, ledger)
    by_phone = [row for row in voices(home.settings).values() if row["link_method"] == "phone"]
    assert by_phone
    edges = read_result(home.settings.identity_folder, "link_edge").to_pylist()
    key = next(
        row["key_b"]
        for row in edges
        if row["method"] == "master_phone" and row["key_a"] == by_phone[0]["customer_key"]
    )
    pair = (f"phone:{key}", f"customer:{by_phone[0]['customer_key']}")
    decide(home.settings, "unmerge", pair, reason="另一位客户的号码", by="tester", at=NOW)
    assert [one["action"] for one in decisions(ledger)] == ["unmerge"]
    entry = ledger.connection.execute("select action, actor from audit order by seq desc limit 1").fetchone()
    assert entry == ("identity_unmerge", "tester")
    assert pending_links(home.settings, ledger)
    link_pending(home.settings, ledger)
    row = voices(home.settings)[by_phone[0]["feedback_id"]]
    assert row["customer_key"] != by_phone[0]["customer_key"]


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("13800000000", "customer:A"), "is no key; write domain:key"),
        (("fax:1", "customer:A"), "is no key"),
        (("customer:A", "customer:A"), "the two keys are the same"),
        (("vin:V", "phone:P"), "a car is not a person"),
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused(home: RawHome, pair: tuple[str, str], words: str) -> None:
    with pytest.raises(LinkError, match=words):
        decide(home.settings, "merge", pair, reason="x", by="tester", at=NOW)


def test_the_command_says_what_it_did_and_what_is_wrong(
    home: RawHome, ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    link_pending(home.settings, ledger)
    monkeypatch.setenv("VOC_HOME", str(home.settings.home))
    runner = CliRunner()
    key = next(iter(read_result(home.settings.identity_folder, "key_person").to_pylist()))
    shown = runner.invoke(identity_group, ["show", f"{key['domain']}:{key['key']}"])
    assert shown.exit_code == 0, shown.output
    assert str(key["person_id"])[:12] in shown.output
    unknown = runner.invoke(identity_group, ["show", "phone:nobody"])
    assert unknown.exit_code == 3
    assert "is not known" in unknown.output
    done = runner.invoke(identity_group, ["unmerge", "phone:a", "customer:b", "--reason", "测试"])
    assert done.exit_code == 0, done.output
    assert "`voc refresh` applies it" in done.output
    assert runner.invoke(identity_group, ["merge", "phone:a", "customer:b"]).exit_code == 2
    assert "测试" in runner.invoke(identity_group, ["list"]).output


def kept_channels(settings: Settings) -> set[str]:
    """Channels of which the state holds keys."""
    path = settings.identity_folder / "state" / "state.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return {one for (one,) in connection.execute("select distinct channel from sight").fetchall()}


def test_sightings_of_files_that_left_are_forgotten(home: RawHome, ledger: Any) -> None:
    link_pending(home.settings, ledger)
    assert "call_center" in kept_channels(home.settings)
    gone = SimpleNamespace(
        files=lambda zone: [one for one in home.files(zone) if one.channel != "call_center"],
        connection=ledger.connection,
    )
    link_pending(home.settings, gone)  # type: ignore[arg-type]
    assert "call_center" not in kept_channels(home.settings)
    assert "call_center" not in {row["channel"] for row in voices(home.settings).values()}


@pytest.mark.slow
def test_dbt_tells_persons_owners_and_journeys(home: RawHome, ledger: Any) -> None:
    settings = dataclasses.replace(home.settings)
    day: date = history.FIRST_DAY + timedelta(days=1)
    # A customer moves: the old town stays true of the old days.
    home.deliver(
        "customers_vehicles", "customer", history.received(day, 9), [history.customer(4, day, "上海")]
    )
    link_pending(settings, ledger)
    window = control.open_window(settings, home, day, scorer_version=SCORER_VERSION)
    result = dbt_runner.run_build(settings, window.is_full_rebuild)
    assert result.success, result.summary()
    ask: Callable[[str], list[tuple]] = _asker(settings)
    assert ask("select count(*) from core.dim_customer where is_current") == [(history.CUSTOMERS,)]
    moved = ask(
        "select version_no, province_zh, is_current from core.dim_customer where customer_key in"
        " (select customer_key from core.dim_customer where version_no = 2) order by 1"
    )
    assert moved == [(1, "浙江", False), (2, "上海", True)]
    assert ask("select count(*) from core.dim_customer where person_id is null") == [(0,)]
    linked = ask(
        "select count(*), count(distinct person_id) from core.bridge_feedback_customer where person_id is not null"
    )
    assert linked[0][0] > 20
    kinds = ask(
        "select count(distinct event_kind), count(*), count(distinct journey_event_id) from core.fct_journey_event"
    )
    assert kinds[0][0] >= 4
    assert kinds[0][1] == kinds[0][2]
    # A journey has one order and names the source of every event.
    assert ask("select count(*) from core.fct_journey_event where source_channel is null") == [(0,)]
    assert ask(
        "select count(*) from core.fct_journey_event where event_kind = 'voice' and source_channel not in"
        " (select channel from core.dim_channel)"
    ) == [(0,)]
    days = "select person_id, event_date, count(*) as n, max(day_event_no) as last, count(distinct day_event_no) as d"
    assert ask(
        f"select count(*) from ({days} from core.fct_journey_event group by all) where n <> last or n <> d"
    ) == [(0,)]
    widest = ask(WIDEST_JOURNEY_SQL)
    assert len({row[5] for row in widest}) == max(
        row[0]
        for row in ask("select count(distinct source_channel) from core.fct_journey_event group by person_id")
    )
    assert len({row[0] for row in widest}) == 1
    assert [row[1:3] for row in widest] == sorted(row[1:3] for row in widest)
    totals = ask(
        "select sum(feedback_count), (select count(*) from core.fct_feedback), sum(person_linked_count)"
        " from reports.rpt_identity_quality"
    )
    assert totals[0][0] == totals[0][1]
    assert totals[0][2] == linked[0][0]


def _asker(settings: Settings) -> Callable[[str], list[tuple]]:
    def ask(query: str) -> list[tuple]:
        with duckdb.connect(str(settings.warehouse_path), read_only=True) as connection:
            return connection.execute(query).fetchall()

    return ask
