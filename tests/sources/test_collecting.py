"""Collecting: a failed channel stands alone, says so once a day, and everything else goes its way."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orchestration.admission.ledger import Ledger
from orchestration.settings import ConfigError, Settings
from orchestration.sources import collecting
from orchestration.sources.collecting import CONNECTORS, KINDS, failure_of
from orchestration.sources.commands import collect_command
from orchestration.sources.connector import SetDigest
from orchestration.sources.files import copy_durably
from tests.sources.conftest import CONTRACT, NOW, Bench

LATER = NOW + timedelta(days=1)


@pytest.fixture
def two(bench: Bench) -> Bench:
    """A channel that fails between two that do not."""
    make_database(bench.folder / "shop.db")
    table = {"post": {"cursor": "at", "key": "id"}}
    bench.set("alpha", kind="sqlite", url=f"sqlite:///{bench.folder}/shop.db", tables=table)
    bench.set("beta", kind="sqlite", url=f"sqlite:///{bench.folder}/gone.db", tables=table)
    bench.set("gamma", kind="watched_folder", path="inbox/gamma", stable_s=0)
    (bench.home / "inbox/gamma").mkdir(parents=True)
    (bench.home / "inbox/gamma/a.csv").write_text("text\n响\n", encoding="utf-8")
    return bench


def make_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table post (id integer, at text)")
        connection.execute("insert into post values (1, '2024-05-01 08:00:00')")
    connection.close()


def voc(bench: Bench, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    for name, value in bench.environment.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(collect_command, arguments)


def test_one_failed_channel_leaves_the_others_landed(two: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    result = voc(two, monkeypatch, "--json", "--received-at", "2024-06-01T10:30:00+08:00")
    assert result.exit_code == 3
    landed = json.loads(result.stdout)
    assert [one["channel"] for one in landed] == ["alpha", "gamma"]
    assert landed[0]["received_at"] == "2024-06-01T02:30:00+00:00"
    (line,) = [one for one in result.stderr.splitlines() if one.startswith("failed")]
    assert line == f"failed: beta: {two.folder}/gone.db: there is no such SQLite file; check `url`"


def test_failure_is_told_once_a_day_and_forgotten_when_it_is_over(two: Bench) -> None:
    two.run()
    two.run()
    assert [one["subject"] for one in two.notices()] == ["beta"]
    assert two.notices()[0]["kind"] == "collect_failed"
    assert "no such SQLite file" in failure_of(two.settings, "beta")
    make_database(two.folder / "gone.db")
    found = {one.channel: one for one in two.run(LATER)}
    assert len(found["beta"].deliveries) == 1
    assert failure_of(two.settings, "beta") == ""


def test_only_the_named_channel_is_read(two: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    result = voc(two, monkeypatch, "--channel", "alpha", "--json")
    assert result.exit_code == 0
    assert [one["channel"] for one in json.loads(result.stdout)] == ["alpha"]
    assert "nothing to collect" in voc(two, monkeypatch, "--channel", "alpha").output
    result = voc(two, monkeypatch, "--channel", "delta")
    assert result.exit_code == 2
    assert "unknown channel 'delta'; known: alpha, beta, gamma" in result.output


def test_unforeseen_error_of_a_connector_is_contained(two: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_job: Any) -> Any:
        raise KeyError("13800138000")

    monkeypatch.setattr(collecting, "_connector", lambda *_: broken)
    found = {one.channel: one for one in two.run()}
    assert "KeyError in" in found["alpha"].failure
    assert "13800138000" not in found["alpha"].failure
    assert len(found["gamma"].deliveries) == 1


def test_missing_package_is_named(two: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONNECTORS, "sqlite", "package_not_there:extract")
    assert "package_not_there is not installed" in two.run()[0].failure


def test_unknown_kind_lists_the_known_ones(bench: Bench) -> None:
    bench.set(kind="ftp")
    failure = bench.failure()
    assert "voc.yml: channels.forum.source.kind: is 'ftp'; allowed: watched_folder" in failure
    assert all(kind in failure for kind in KINDS)


def test_channel_another_process_reads_is_left_to_it(two: Bench) -> None:
    folder = two.home / "restricted/spool/alpha"
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        (alpha,) = two.run(channels=["alpha"])
    assert (alpha.deliveries, alpha.failure) == ([], "")
    assert any("another process" in line for line in two.lines)
    assert len(two.run(channels=["alpha"])[0].deliveries) == 1


def test_delivery_killed_before_the_ledger_knew_it_is_not_read_twice(
    two: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payload and its manifest, with the cursor in it, come into place in one step."""
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "register_delivery", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            two.run(channels=["alpha"])
    assert two.run(LATER, channels=["alpha"])[0].deliveries == []
    with Ledger.open(two.settings) as ledger:
        (known,) = ledger.deliveries(channel="alpha")
    assert known.source["tables"]["post"]["cursor"] == "2024-05-01 08:00:00"


def test_files_of_a_person_do_not_move_the_cursor(two: Bench) -> None:
    from orchestration.sources.landing import deliver

    two.run(channels=["alpha"])
    settings = two.settings
    path = two.folder / "by_hand.jsonl"
    path.write_text("{}\n")
    with Ledger.open(settings) as ledger:
        deliver(settings, ledger, "alpha", [path], LATER)
    assert two.run(LATER, channels=["alpha"])[0].deliveries == []


def test_backdated_collections_go_on_from_the_last_one_made(two: Bench) -> None:
    """State follows the order of collecting, not the times of receipt."""
    two.run(LATER, channels=["alpha"])
    with sqlite3.connect(two.folder / "shop.db") as connection:
        connection.execute("insert into post values (2, '2024-05-01 09:00:00')")
    connection.close()
    (one,) = two.run(NOW, channels=["alpha"])
    assert [record["id"] for record in two.records(one.deliveries)] == [2]
    assert two.run(LATER, channels=["alpha"])[0].deliveries == []


def test_copy_of_the_home_goes_on(two: Bench, tmp_path: Path) -> None:
    two.run(channels=["alpha"])
    shutil.copytree(two.home, tmp_path / "other")
    two.home = tmp_path / "other"
    assert two.run(LATER, channels=["alpha"])[0].deliveries == []


def test_scratch_is_for_the_owner_alone_and_left_empty(two: Bench) -> None:
    two.run()
    spool = two.home / "restricted/spool"
    for path in (two.home / "restricted", spool, *spool.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, (path, oct(mode))
    assert {path.name for path in spool.rglob("*") if path.is_file()} == {"lock", "failure.json"}


def test_full_disk_is_told(two: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> tuple[int, str]:
        copy_durably(source, target)
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("orchestration.sources.landing.copy_durably", full)
    failures = [one.failure for one in two.run(channels=["alpha", "gamma"])]
    assert all("No space left on device" in failure for failure in failures)
    monkeypatch.undo()
    assert [len(one.deliveries) for one in two.run(channels=["alpha", "gamma"])] == [1, 1]


def test_outage_is_made_good_by_the_next_collection(benches: Callable[[], Bench]) -> None:
    """Three days of outage at the source end in the same records as none."""
    records: list[set[str]] = []
    for outage in (range(0), range(2, 5)):
        bench = benches()
        make_database(bench.folder / "shop.db")
        table = {"post": {"cursor": "at", "key": "id"}}
        bench.set("alpha", kind="sqlite", url=f"sqlite:///{bench.folder}/shop.db", tables=table)
        landed: set[str] = set()
        for day in range(8):
            with sqlite3.connect(bench.folder / "shop.db") as connection:
                connection.execute(f"insert into post values ({day + 2}, '2024-05-{day + 2:02d} 08:00:00')")
                connection.execute(f"update post set at = '2024-05-{day + 2:02d} 09:00:00' where id = {day}")
            connection.close()
            if day in outage:
                (bench.folder / "shop.db").rename(bench.folder / "down.db")
            (one,) = bench.run(NOW + timedelta(days=day))
            assert bool(one.failure) == (day in outage)
            landed |= {json.dumps(record, sort_keys=True) for record in bench.records(one.deliveries)}
            if day in outage:
                (bench.folder / "down.db").rename(bench.folder / "shop.db")
        records.append({line for line in landed if is_last(line, landed)})
    assert records[0] == records[1]
    assert len(records[0]) == 9


def is_last(line: str, lines: set[str]) -> bool:
    """Tell whether no other line has a later version of the record."""
    record = json.loads(line)
    versions = [json.loads(one)["at"] for one in lines if json.loads(one)["id"] == record["id"]]
    return bool(record["at"] == max(versions))


def test_digest_of_a_set_forgets_order_and_counts_repeats() -> None:
    def digest(*records: bytes) -> str:
        found = SetDigest()
        for record in records:
            found.add(record)
        return str(found)

    assert digest(b"a", b"b") == digest(b"b", b"a")
    assert len({digest(), digest(b"a"), digest(b"a", b"a"), digest(b"b", b"c")}) == 4


# -- secrets in voc.yml ------------------------------------------------------------------------


def load(folder: Path, source: str, **environment: str) -> Settings:
    (folder / "voc.yml").write_text(
        f"channels:\n  forum: {{contract: {CONTRACT}, source: {source}}}\n", encoding="utf-8"
    )
    return Settings.load({"VOC_CONFIG": str(folder / "voc.yml"), "VOC_HOME": str(folder), **environment})


@pytest.mark.parametrize("secret", ["p: #x", "'\"{}[],&*", "\\n %TAG", "0123", "1e3", "密码", "- a"])
@pytest.mark.parametrize(
    "shape", ["{kind: imap, password: ${SECRET}}", "{kind: imap, password: '${SECRET}'}"]
)
def test_secret_of_any_characters_arrives_as_it_is(tmp_path: Path, secret: str, shape: str) -> None:
    assert load(tmp_path, shape, SECRET=secret).channel("forum").source["password"] == secret


def test_references_inside_and_alone(tmp_path: Path) -> None:
    found = (
        load(
            tmp_path,
            "{kind: sql, url: 'postgresql://${USER_NAME}:${PASS}${X_}@${HOST}/db', port: ${PORT}, more: [${ON}, ${NONE}]}",
            USER_NAME="u",
            PASS="p@:",
            X_="_",
            HOST="h",
            PORT="5432",
            ON="true",
        )
        .channel("forum")
        .source
    )
    assert found["url"] == "postgresql://u:p@:_@h/db"
    assert found["port"] == 5432
    assert found["more"] == [True, ""]


@pytest.mark.parametrize("source", ["folder", "[a]", "{path: x}"])
def test_source_without_a_kind_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(ConfigError, match=r"channels\.forum\.source: needs `kind:`"):
        load(tmp_path, source)
