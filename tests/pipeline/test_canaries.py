"""Nothing that identifies a person leaves `restricted/` and `landing/`, wherever it was planted.

Canaries of every class stand in every field of every entity of every channel, plain and disguised, in
records that are admitted and in records that are not. After a refresh, a brief, queries and
listings every store is opened and searched: warehouse, raw, scores, ledger export, published
versions, logs, Dagster's event storage, notices, dbt's target, and what the commands printed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data_quality.pii_scan import scan
from tests.privacy import canaries as planted
from tests.privacy.delivery_files import damaged, whole
from tests.support.home import Delivered, Home

RECEIVED = datetime(2026, 3, 31, 2, 0, tzinfo=UTC)
NEVER_SEARCHED = ("restricted", "landing")
# Where a listing may stand for the whole of a leak: file, table and column.
SHOWN = 20


def deliver_canaries(home: Home, folder: Path, values: dict[str, list[str]]) -> int:
    rows = []
    for channel in home.settings.channels:
        contract = planted.contract_of(channel)
        for entity in planted.entities(channel):
            written = planted.planted_rows(channel, values, entity)
            for name, make in (("good", whole), ("damaged", damaged)):
                path = folder / f"{channel}-{entity}-{name}.{contract['format']}"
                path.write_bytes(make(contract, written))
                rows.append(Delivered(channel, path, RECEIVED))
    return home.land(rows)


def use_everything(home: Home) -> None:
    """Run what a day runs; keep what was printed where the scan finds it."""
    printed = home.path / "logs" / "printed.txt"
    printed.parent.mkdir(exist_ok=True)
    commands = [
        ("refresh",),
        ("brief", "--output", str(home.path / "brief.html")),
        ("status", "--json"),
        ("quarantine", "list", "--format", "json"),
        ("sql", "--audience", "bi", "--format", "csv", "select * from core.fct_feedback"),
        ("sql", "--audience", "voice", "--format", "json", "select * from core.fct_feedback"),
        ("refresh", "--full-rebuild", "--channel", "forum"),
    ]
    for command in commands:
        outcome = home.voc(*command).ok()
        with printed.open("a", encoding="utf-8") as stream:
            stream.write(f"{command}\n{outcome.out}\n{outcome.err}\n")


@pytest.mark.parametrize(
    "count", [pytest.param(25, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.full)]
)
def test_no_canary_outside_restricted_and_landing(
    count: int,
    fresh_home: Callable[..., Home],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    values = planted.make_canaries(5, count)
    home = fresh_home()
    folder = tmp_path / "in"
    folder.mkdir()
    files = deliver_canaries(home, folder, values)
    use_everything(home)
    rows = {row["channel"]: row for row in home.status()["channels"]}
    assert all(row["admitted"] and row["quarantined"] for row in rows.values()), rows

    wanted = planted.flat(values)
    control = {hit.canary for hit in scan(home.path, wanted, exclude=())}
    assert set(wanted) - control == set()
    hits = scan(home.path, wanted, exclude=NEVER_SEARCHED)
    class_of = {value: name for name, some in values.items() for value in some}
    places = Counter(
        (class_of[hit.canary], hit.file.split("/2026")[0], hit.table, hit.column) for hit in hits
    )
    listing = "\n".join(f"{n:6} {place}" for place, n in places.most_common(SHOWN))
    record_property(
        "figure",
        f"{len(wanted)} canaries of {len(values)} classes in {files} deliveries: "
        f"control finds {len(control)}, outside restricted and landing {len({hit.canary for hit in hits})}",
    )
    assert not hits, f"{len(hits)} hits of {len({hit.canary for hit in hits})} canaries\n{listing}"
