"""Deliveries in any order and any batches end in one warehouse, and that is what a rebuild gives.

The past is the sample carmaker's, with its duplicates, deliveries sent twice and corrections, and on
top rows that come late (one row in ten leaves its file and comes days later) and rows that take a
day's last voice away. Only what a delivery met when it came (`admitted`, `duplicate`, `superseded`)
may depend on the order; those three stand in `reports.rpt_data_status`. So does what was ever the state:
an old version that comes after the new one is superseded and was never valid, in order it was. That is
`core.fct_feedback_version`, and with it when a voice was seen first (`agg_ingest_latency_daily`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.partitions import business_date
from tests.support.home import LIGHT, Delivered, Home, made_once, samples
from tests.support.table_hash import differing

ORDER_DEPENDENT = {
    "reports.rpt_data_status",
    "core.fct_feedback_version",
    "experience.agg_ingest_latency_daily",
}
VERDICTS = ("admitted_count", "duplicate_count", "superseded_count")
SIGHTINGS = ("late_voice_count",)
COMPLAINT_HEAD = "投诉编号,投诉品牌,投诉车系,投诉车型,投诉简述,投诉问题,问题类型,投诉日期\n"
EMPTIED = date(2026, 1, 15)
# Before the correction comes in a past of any length: a day to come would be refused.
MOVED_TO = date(2026, 2, 20)


@dataclass(frozen=True)
class Past:
    """Deliveries in order of receipt."""

    rows: list[Delivered]

    @property
    def as_of(self) -> date:
        return max(business_date(row.received_at) for row in self.rows)


def make_past(shared_root: Path, days: int, voices: float) -> Past:
    """The sample's deliveries with one row in ten sent late, and a day that is emptied again."""
    plain = samples(shared_root, days=days, voices_per_day=voices, owners=120, seed=11)

    def make(folder: Path) -> None:
        late_rows(plain, folder)
        emptied_day(plain, folder)

    extra = made_once(shared_root / f"past-{days}", make)
    replaced = {path.name: path for path in extra.glob("cut/*/*")}
    rows = [Delivered(row.channel, replaced.get(row.path.name, row.path), row.received_at) for row in plain]
    for path in sorted(extra.glob("late/*/*")):
        rows.append(Delivered(path.parent.name, path, datetime.fromisoformat(path.name.split("__")[0])))
    return Past(sorted(rows, key=lambda row: (row.received_at, row.path.name)))


def late_rows(plain: Sequence[Delivered], folder: Path) -> None:
    """Cut every tenth line out of the hotline's and the comments' files; it comes three days later."""
    last = max(row.received_at for row in plain)
    for row in plain:
        is_lines = row.channel == "call_center" and row.path.suffix == ".jsonl"
        if not is_lines and not (row.channel == "media_comments" and row.path.suffix == ".csv"):
            continue
        lines = row.path.read_bytes().splitlines(keepends=True)
        head, body = ([], lines) if is_lines else (lines[:1], lines[1:])
        if any(line.count(b'"') % 2 for line in body if not is_lines):
            continue  # a text over several lines cannot be cut by lines
        late = body[::10]
        received = min(row.received_at + timedelta(days=3, minutes=5), last)
        cut = folder / "cut" / row.channel / row.path.name
        sent = folder / "late" / row.channel / f"{received.isoformat()}__late_{row.path.name.split('__')[1]}"
        for path, part in ((cut, [one for one in body if one not in late]), (sent, late)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join([*head, *part]))


def emptied_day(plain: Sequence[Delivered], folder: Path) -> None:
    """A day whose only complaint is corrected to another day later."""
    first = plain[0].received_at
    for delay, day in ((timedelta(hours=3), EMPTIED), (timedelta(days=4), MOVED_TO)):
        received = first + delay
        path = folder / "late" / "complaint_site" / f"{received.isoformat()}__moved.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        line = f"20260115000001,启岚,启岚E5,2025款,中控黑屏,中控黑屏重启三次,影音系统,{day}\n"
        path.write_text(COMPLAINT_HEAD + line, encoding="utf-8")


def refresh_in_batches(home: Home, past: Past, batches: Sequence[Sequence[Delivered]]) -> None:
    for batch in batches:
        home.land(batch)
        home.voc("refresh", "--as-of", past.as_of.isoformat(), **LIGHT).ok()


def in_days(past: Past, groups: int) -> list[list[Delivered]]:
    days = sorted({business_date(row.received_at) for row in past.rows})
    size = -(-len(days) // groups)
    parts = [set(days[start : start + size]) for start in range(0, len(days), size)]
    return [[row for row in past.rows if business_date(row.received_at) in part] for part in parts]


def shuffled(past: Past, groups: int, seed: int) -> list[list[Delivered]]:
    rows = list(past.rows)
    random.Random(seed).shuffle(rows)
    return [rows[start::groups] for start in range(groups)]


def data_status(home: Home) -> list[dict[str, Any]]:
    """`rpt_data_status` with the three verdicts added up."""
    with duckdb.connect(str(home.settings.warehouse_path), read_only=True) as connection:
        cursor = connection.execute("select * from reports.rpt_data_status order by all")
        names = [one[0] for one in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [
        {name: value for name, value in row.items() if name not in (*VERDICTS, *SIGHTINGS)}
        | {"met": sum(row[name] for name in VERDICTS)}
        for row in sorted(rows, key=lambda row: row["channel"])
    ]


def known_records(home: Home) -> list[Any]:
    """Which version of every record counts (without the delivery it came by)."""
    return [row[:-1] for row in home.ledger_state()["record_key"]]


def without_version_key(home: Home, table: str) -> list[Any]:
    with duckdb.connect(str(home.settings.warehouse_path), read_only=True) as connection:
        return connection.execute(f"select * exclude (version_key) from {table} order by all").fetchall()


def check_same(left: Home, right: Home) -> int:
    """Every table says the same; below core, a copy's own time of receipt may be another copy's."""
    found = set(differing(left.hashes(), right.hashes())) - ORDER_DEPENDENT
    inner = {table for table in found if table.startswith("intermediate.")}
    assert found - inner == set()
    for table in sorted(inner):
        assert without_version_key(left, table) == without_version_key(right, table), table
    assert data_status(left) == data_status(right)
    assert known_records(left) == known_records(right)
    return len(left.hashes())


def check_past(home: Home) -> None:
    """The past holds what the suite claims: duplicates, superseded rows, late rows, an emptied day."""
    rows = home.status()["channels"]
    assert sum(row["duplicate"] for row in rows) > 20
    assert sum(row["quarantined"] for row in rows) > 5
    assert home.status()["all_equations_closed"]
    query = (
        "select count(*) as n from core.fct_feedback "
        "where channel = 'complaint_site' and feedback_date = date '{}'"
    )
    assert home.sql(query.format(EMPTIED))[0]["n"] == 0
    assert home.sql(query.format(MOVED_TO))[0]["n"] >= 1


@pytest.mark.slow
def test_order_and_batches_do_not_matter(
    shared_root: Path, fresh_home: Callable[..., Home], record_property: Callable[[str, object], None]
) -> None:
    past = make_past(shared_root, 8, 16.0)
    forward, backward = fresh_home("forward"), fresh_home("backward")
    refresh_in_batches(forward, past, [past.rows])
    check_past(forward)
    refresh_in_batches(backward, past, in_days(past, 2)[::-1])
    tables = check_same(forward, backward)
    record_property("figure", f"{len(past.rows)} deliveries in 2 orders: {tables} tables with one hash")


@pytest.mark.full
def test_three_shuffles_of_thirty_days(
    shared_root: Path, fresh_home: Callable[..., Home], record_property: Callable[[str, object], None]
) -> None:
    past = make_past(shared_root, 30, 30.0)
    clean = fresh_home("clean")
    refresh_in_batches(clean, past, [past.rows])
    check_past(clean)
    for seed in (1, 2, 3):
        home = fresh_home(f"shuffle-{seed}")
        refresh_in_batches(home, past, shuffled(past, 5, seed))
        tables = check_same(clean, home)
        incremental = home.hashes()
        home.voc("refresh", "--full-rebuild", **LIGHT).ok()
        assert differing(incremental, home.hashes()) == {}
    record_property(
        "figure", f"{len(past.rows)} deliveries of 30 days, 3 shuffles: {tables} tables, one hash"
    )


@pytest.mark.full
def test_sample_carmaker_day_by_day_is_the_bulk_load(
    shared_root: Path, fresh_home: Callable[..., Home], record_property: Callable[[str, object], None]
) -> None:
    """S: 5,000 owners, 250 voices a day, 30 days; every day refreshed as of itself."""
    past = Past(samples(shared_root, days=30, owners=5_000, voices_per_day=250.0, seed=11))
    daily, bulk = fresh_home("daily"), fresh_home("bulk")
    refresh_in_batches(bulk, past, [past.rows])
    for batch in in_days(past, 30):
        daily.land(batch)
        day = max(business_date(row.received_at) for row in batch)
        daily.voc("refresh", "--as-of", day.isoformat(), **LIGHT).ok()
    tables = check_same(bulk, daily)
    voices = bulk.sql("select count(*) as n from core.fct_feedback")[0]["n"]
    record_property("figure", f"S: {voices} voices, 30 days = bulk: {tables} tables with one hash")
