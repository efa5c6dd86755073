"""The identity tables are a function of the set of deliveries: their order does not show in them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ml.identity.graph import RESULTS, read_result
from orchestration.admission.admit import admit_pending
from orchestration.admission.ledger import Ledger
from orchestration.linking import link_pending
from orchestration.settings import Settings
from sample_oem import generate
from tests.support.home import Delivered, Home, Warm, read_manifest

AS_OF = date(2026, 3, 31)
HEADER = "客户编号,姓名,手机号,邮箱,身份证号,地址,省份,城市,性别,出生年,注册时间,更新时间"
# Name, phone and day of each version; A gives P1 up, B takes it over.
VERSIONS = (
    ("A", "13800000001", "2024-01-01"),
    ("A", "13800000002", "2024-06-01"),
    ("A", "13800000003", "2024-09-01"),
    ("B", "13800000001", "2024-08-01"),
)


def results(settings: Settings) -> dict[str, list[str]]:
    folder = settings.identity_folder
    return {name: sorted(map(repr, read_result(folder, name).to_pylist())) for name in RESULTS}


def linked(home: Home, batches: Sequence[Sequence[Delivered]]) -> dict[str, list[str]]:
    """Admit and link batch by batch; return the identity tables."""
    for batch in batches:
        home.land(batch)
        admit_pending(home.settings, AS_OF)
        with Ledger.open(home.settings) as ledger:
            link_pending(home.settings, ledger)
    return results(home.settings)


def version_file(folder: Path, number: int) -> Delivered:
    """One delivery with one version of a customer, received in the order of `VERSIONS`."""
    name, phone, day = VERSIONS[number]
    path = folder / f"customers_{number}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    registered = "2023-12-01 10:00:00" if name == "A" else "2024-07-01 10:00:00"
    row = f"{name},某某,{phone},,,,浙江,杭州,未知,1980,{registered},{day} 10:00:00"
    path.write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    return Delivered("customers_vehicles", path, datetime(2024, 10, 1 + number, 2, tzinfo=UTC))


def test_a_late_older_version_of_a_master_counts_as_if_it_came_in_time(tmp_path: Path) -> None:
    files = [version_file(tmp_path / "in", number) for number in range(len(VERSIONS))]
    found = {}
    for number, order in enumerate(itertools.permutations(files)):
        if number % 6:  # four of the twenty-four orders
            continue
        home = Home.create(tmp_path / f"home{number}", Warm(tmp_path))
        found[order] = linked(home, [[one] for one in order])
    expected = found[tuple(files)]
    assert all(one == expected for one in found.values())
    held = read_result(home.settings.identity_folder, "key_person").to_pylist()
    phones = [row for row in held if row["domain"] == "phone"]
    assert len(phones) == 4, "the phone that was handed on has two holders in turn"


def test_a_kept_version_is_superseded_in_the_counts_and_stands_in_raw(tmp_path: Path) -> None:
    home = Home.create(tmp_path / "home", Warm(tmp_path))
    new, old = version_file(tmp_path / "in", 1), version_file(tmp_path / "in", 0)
    linked(home, [[new], [old]])
    with Ledger.open(home.settings) as ledger:
        counts = [(one.records_in, one.admitted, one.superseded) for one in ledger.deliveries()]
        assert sorted(counts) == [(1, 0, 1), (1, 1, 0)]
        assert all(one.closed for one in ledger.equations())
        paths = [home.path / one.path for one in ledger.files("raw")]
    keys = [row["version_key"] for path in paths for row in pq.read_table(path).to_pylist()]
    assert len(keys) == 2
    assert max(keys).startswith("2024-06-01")


@pytest.mark.slow
def test_shuffled_deliveries_of_a_carmaker_give_equal_identity_tables(tmp_path: Path) -> None:
    channels = ("customers_vehicles", "crm", "sales", "call_center", "online_chat", "survey", "service")
    generate(tmp_path / "out", tmp_path / "truth", days=8, end=AS_OF, seed=5, owners=250, channels=channels)
    rows = [row for row in read_manifest(tmp_path / "out") if row.channel in channels]
    expected = linked(Home.create(tmp_path / "in order", Warm(tmp_path)), [rows])
    assert len(expected["voice_link"]) > 100
    mixed = list(rows)
    random.Random(1).shuffle(mixed)
    home = Home.create(tmp_path / "mixed", Warm(tmp_path))
    found = linked(home, [mixed[at::3] for at in range(3)])
    different: dict[str, Any] = {
        name: (set(expected[name]) ^ set(found[name])) for name in RESULTS if expected[name] != found[name]
    }
    assert {name: sorted(one)[:4] for name, one in different.items()} == {}
