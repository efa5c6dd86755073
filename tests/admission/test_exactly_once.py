
"""Exactly once: re-delivery, re-ordering, corrections, tombstones and crashes end in one state."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.admission.admit import admit_pending
from orchestration.admission.keys import create_key_file
from orchestration.admission.ledger import Ledger
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.landing import deliver
from tests.admission.conftest import COMPLAINT_HEADER, RECEIVED

AS_OF = date(2024, 7, 30)


def complaint(number: int, text: str, day: str, system: str = "发动机") -> str:
    return f"20240501120000{number:04d},大众,朗逸,2021款,{text},{system},异响,{day}"


def call(number: int, updated: int, text: str, status: str = "active") -> str:
    return json.dumps(
        {
            "call_id": f"C-{number:04d}", "started_at_ms": 1716170000000 + number, "updated_at_ms": 1716170000000 + updated,
            "status": status, "caller_phone": f"1380013{number:04d}", "turns": [{"speaker": "customer", "text": text}],
        }, ensure_ascii=False,
    )  # fmt: skip


def stream() -> list[tuple[str, str, datetime]]:
    """Twelve deliveries: repeats, a correction that empties a day, edits, reverts, tombstones, late rows."""

    def at(day: int, minute: int = 0) -> datetime:
        return datetime(2024, 6, day, 3, minute, tzinfo=UTC)

    def csv(*rows: str) -> str:
        return "\n".join([COMPLAINT_HEADER, *rows]) + "\n"

    def comments(*rows: str) -> str:
        return "\n".join(["content_id,content,subject,sentiment_value,sentiment_word", *rows]) + "\n"

    day_one = csv(
        complaint(1, "甲", "2024-05-20"),
        complaint(1, "甲", "2024-05-20", "变速箱"),
        complaint(2, "乙", "2024-05-21"),
    )
    first_comments = comments("c1,很吵,动力,-1,吵", "c2,不错,空间,1,不错")
    return [
        ("complaint_site", day_one, at(1)),
        (
            "complaint_site",
            csv(complaint(2, "乙", "2024-05-25"), complaint(3, "丙", "2024-05-22")),
            at(2),
        ),  # empties 21st
        ("complaint_site", day_one, at(3)),  # the same bytes again, after a correction: latest receipt counts
        ("complaint_site", csv(complaint(2, "乙", "2024-05-26")), at(4)),
        ("complaint_site", csv(complaint(3, "丙", "2024-05-22"), complaint(4, "丁", "2024-05-19")), at(5)),
        (
            "call_center",
            "\n".join([call(1, 100, "异响"), call(2, 100, "漏油"), call(3, 100, "刹车")]) + "\n",
            at(1),
        ),
        ("call_center", "\n".join([call(1, 300, "异响，更正"), call(2, 200, "", "deleted")]) + "\n", at(2)),
        (
            "call_center",
            "\n".join([call(1, 200, "异响，旧的更正"), call(3, 100, "刹车"), call(4, 100, "空调")]) + "\n",
            at(4),
        ),
        ("media_comments", first_comments, at(2)),
        ("media_comments", comments("c1,很吵,动力,0,吵", "c3,便宜,价格,1,便宜"), at(3)),
        ("media_comments", comments("c2,不错,空间,1,不错", "c1,很吵,动力,-1,吵"), at(1, 30)),  # seen earlier
        ("media_comments", comments("c3,便宜,价格,1,便宜"), at(6)),
    ]


def new_home(path: Path) -> Settings:
    path.mkdir(parents=True)
    if not (path.parent / "keys.json").exists():
        create_key_file(path.parent / "keys.json")
    return Settings.load({"VOC_HOME": str(path), "VOC_KEYS": str(path.parent / "keys.json")})


def feed(settings: Settings, items: list[tuple[str, str, datetime]], groups: int) -> None:
    """Deliver and admit in the given order, in `groups` refreshes."""
    size = -(-len(items) // groups)
    with Ledger.open(settings) as ledger:
        for start in range(0, len(items), size):
            for number, (channel, text, moment) in enumerate(items[start : start + size]):
                path = settings.home.parent / f"in-{settings.home.name}-{start + number}.dat"
                path.write_text(text, encoding="utf-8")
                # The name is the item's, not the order's: it is part of the delivery's identity.
                named = settings.home.parent / f"{settings.home.name}-in" / f"{channel}-{moment:%d%H%M}.dat"
                named.parent.mkdir(exist_ok=True)
                path.replace(named)
                deliver(settings, ledger, channel, [named], moment)
            report = admit_pending(settings, AS_OF)
            assert report.withheld == {}
        assert all(one.closed for one in ledger.equations())


def current_state(settings: Settings) -> list[tuple[Any, ...]]:
    """The winning raw row of every record by (version_key, content_hash), without the version key itself."""
    out: list[tuple[Any, ...]] = []
    for folder in sorted(settings.raw.iterdir()):
        relation = duckdb.sql(
            f"select * exclude (version_key) from read_parquet('{folder}/*/*.parquet')"
            " qualify row_number() over (partition by record_id order by version_key desc, content_hash desc) = 1"
            " order by record_id"
        )
        out += [(folder.name, *(str(cell) for cell in row)) for row in relation.fetchall()]
    return out


def key_state(settings: Settings) -> list[tuple[Any, ...]]:
    with Ledger.open(settings) as ledger:
        return ledger.connection.execute(
            "select e.channel, e.entity, hex(record_id), hex(voice_id), version, hex(content_hash), event_date,"
            " is_deleted, first_sighting, content_sighting from record_key join entity e using (entity_id) order by 1, 2, 3"
        ).fetchall()


def test_any_order_ends_in_one_state(tmp_path: Path) -> None:
    items = stream()
    clean = new_home(tmp_path / "clean")
    feed(clean, items, groups=1)
    expected, expected_keys = current_state(clean), key_state(clean)
    assert len(expected) == 5 + 4 + 3  # records: complaints (one number in two rows), calls, comments
    texts = set(duckdb.sql(
        f"select complaint_no, complaint_date from read_parquet('{clean.raw}/complaint_site/*/*.parquet')"
        " qualify row_number() over (partition by record_id order by version_key desc, content_hash desc) = 1"
    ).fetchall())  # fmt: skip
    assert ("202405011200000002", "2024-05-26") in texts
    for seed in range(6):
        shuffled = items[:]
        random.Random(seed).shuffle(shuffled)
        settings = new_home(tmp_path / f"shuffle{seed}")
        feed(settings, shuffled, groups=len(items) if seed % 2 else 4)
        assert key_state(settings) == expected_keys, f"seed {seed}"
        got = _without_lineage(current_state(settings))
        assert got == _without_lineage(expected), f"seed {seed}"


def _without_lineage(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    # delivery_id, ordinal and byte span name the file that brought the row; a revert may bring it again.
    return [row[:4] + row[8:] for row in rows]


def test_touched_days_hold_old_and_new_voice_days(tmp_path: Path) -> None:
    settings = new_home(tmp_path / "home")
    feed(settings, stream()[:2], groups=2)
    with Ledger.open(settings) as ledger:
        first, second = ledger.deliveries(channel="complaint_site")
        days = {str(one.event_date) for one in ledger.touched_days([second.delivery_id])}
        assert days == {"2024-05-21", "2024-05-25", "2024-05-22"}
        assert {str(one.event_date) for one in ledger.touched_days([first.delivery_id])} == {
            "2024-05-20",
            "2024-05-21",
        }


def test_voice_day_is_the_earliest_record_of_the_voice(tmp_path: Path) -> None:
    settings = new_home(tmp_path / "home")
    head = COMPLAINT_HEADER + "\n"
    items = [
        ("complaint_site", head + complaint(1, "甲", "2024-05-20") + "\n", RECEIVED),
        (
            "complaint_site",
            head + complaint(1, "甲", "2024-05-10", "车身") + "\n",
            RECEIVED + timedelta(days=1),
        ),
        (
            "complaint_site",
            head + complaint(1, "甲", "2024-05-15", "车身") + "\n",
            RECEIVED + timedelta(days=2),
        ),
    ]
    feed(settings, items, groups=3)
    with Ledger.open(settings) as ledger:
        days = [
            {str(day.event_date) for day in ledger.touched_days([one.delivery_id])}
            for one in ledger.deliveries()
        ]
    assert days == [{"2024-05-20"}, {"2024-05-20", "2024-05-10"}, {"2024-05-10", "2024-05-15"}]


def test_same_bytes_under_another_name(settings: Settings, ledger: Ledger, drop: Any) -> None:
    text = COMPLAINT_HEADER + "\n" + complaint(1, "甲", "2024-05-20") + "\nkaputt\n"
    drop("complaint_site", text, "a.csv")
    drop("complaint_site", text, "b.csv", RECEIVED + timedelta(hours=1))
    admit_pending(settings, AS_OF)
    first, second = ledger.deliveries()
    assert (first.status, first.admitted, first.quarantined) == ("admitted", 1, 1)
    assert (second.status, second.duplicate, second.records_in) == ("duplicate_delivery", 2, 2)
    assert all(one.closed for one in ledger.equations())
    assert ledger.touched_days([second.delivery_id]) == []


def test_second_run_finds_nothing(settings: Settings, ledger: Ledger, drop: Any) -> None:
    drop("complaint_site", COMPLAINT_HEADER + "\n" + complaint(1, "甲", "2024-05-20") + "\n")
    assert len(admit_pending(settings, AS_OF).deliveries) == 1
    assert admit_pending(settings, AS_OF).deliveries == ()


def test_later_deliveries_wait_for_their_day(settings: Settings, drop: Any) -> None:
    drop("complaint_site", COMPLAINT_HEADER + "\n" + complaint(1, "甲", "2024-05-20") + "\n")
    assert admit_pending(settings, date(2024, 5, 31)).deliveries == ()
    assert admit_pending(settings, date(2024, 6, 1)).channels["complaint_site"].admitted == 1


ADMIT = """
import sys
from datetime import date, datetime, UTC
from pathlib import Path
from orchestration.settings import Settings
from orchestration.admission.ledger import Ledger
from orchestration.admission.admit import admit_pending
from orchestration.sources.landing import deliver
settings = Settings.load()
with Ledger.open(settings) as ledger:
    for path in sorted(Path(sys.argv[1]).glob("*.dat")):
        channel, day, hour = path.stem.split("-")
        deliver(settings, ledger, channel, [path], datetime(2024, 6, int(day), int(hour), tzinfo=UTC))
admit_pending(settings, date(2024, 7, 30))
"""


def _run(settings: Settings, folder: Path, fault: str = "") -> int:
    environment = os.environ | {
        "VOC_HOME": str(settings.home), "VOC_KEYS": str(settings.keys_path), "PYTHONPATH": str(PROJECT_ROOT),
        "VOC_FAULT": fault,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", ADMIT, str(folder)], env=environment, check=False, timeout=120
    ).returncode


def _everything(settings: Settings) -> dict[str, Any]:
    files = {
        path.relative_to(settings.home).as_posix()
        for top in (settings.raw, settings.restricted, settings.landing)
        for path in top.rglob("*")
        if path.is_file() and "ops.sqlite" not in path.name
    }
    with Ledger.open(settings) as ledger:
        tables = {
            name: ledger.connection.execute(f"select * from {name} order by 1, 2, 3").fetchall()
            for name in ("delivery", "record_key", "touched_day", "quarantine", "past_content")
        }
        tables["file"] = ledger.connection.execute(
            "select zone, path, sha256, rows from file order by path"
        ).fetchall()
    return {"files": files, **tables}


POINTS = [
    "after_land_file",
    "before_raw_rename",
    "after_raw_rename",
    "before_ledger_commit",
    "after_ledger_commit",
]
SAMPLE = [f"{point}:{nth}" for point, nth in zip(POINTS, (2, 3, 5, 2, 1), strict=True)]
REST = [f"{point}:{nth}" for point in POINTS for nth in (1, 2, 3, 4) if f"{point}:{nth}" not in SAMPLE]


@pytest.mark.parametrize("fault", [*SAMPLE, *(pytest.param(one, marks=pytest.mark.full) for one in REST)])
def test_kill_and_rerun_is_the_clean_state(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for channel, text, moment in [*stream()[:2], *stream()[5:7]]:
        (folder / f"{channel}-{moment:%d-%H}.dat").write_text(text + "kaputt\n", encoding="utf-8")
    clean, killed = new_home(tmp_path / "clean"), new_home(tmp_path / "killed")
    assert _run(clean, folder) == 0
    assert _run(killed, folder, fault) == -signal.SIGKILL, "the fault point was never reached"
    assert _run(killed, folder) == 0
    assert _everything(killed) == _everything(clean)
    with Ledger.open(killed) as ledger:
        assert all(one.closed for one in ledger.equations())
