"""`voc sql`: what is let through, what is not, and what is printed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.publishing.commands import sql_command
from orchestration.publishing.query import (
    QueryError,
    QueryResult,
    as_csv,
    as_table,
    neutralise,
    run_query,
    run_sql,
)
from orchestration.settings import Settings
from tests.publishing.sample_warehouse import SampleWarehouse

READING = [
    "select count(*) from core.fct_feedback",
    "with t as (select 1 as a) select a from t",
    "from core.dim_channel",
    "values (1)",
    "describe core.fct_feedback",
    "summarize core.dim_channel",
    "show all tables",
    "explain select 1",
]
ESCAPES = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from glob('/etc/*')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from query('select * from read_csv(''/etc/passwd'')')",
    "select * from parquet_metadata('{objects}')",
    "copy core.dim_channel to '{out}'",
    "copy (select 1) to '{out}' (format parquet)",
    "export database '{out}'",
    "import database '{out}'",
    "attach '{warehouse}' as w",
    "attach ':memory:' as w",
    "detach voc_bi",
    "install httpfs",
    "load httpfs",
    "load icu",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set memory_limit = '100GB'",
    "reset enable_external_access",
    "set variable x = 1",
    "pragma enable_profiling",
    "pragma database_list",
    "call enable_profiling(save_location = '{out}')",
    "select * from enable_profiling(save_location := '{out}')",
    "select * from enable_logging(storage = 'file', storage_path = '{out}')",
    "select * from duckdb_secrets()",
    "create secret s (type s3)",
    "create table t (a int)",
    "create temp table t (a int)",
    "create or replace view v as select 1",
    "create macro m() as 1",
    "insert into core.dim_channel values ('x', 'y')",
    "update core.dim_channel set channel = 'x'",
    "delete from core.dim_channel",
    "with x as (delete from core.dim_channel returning *) select * from x",
    "drop table core.dim_channel",
    "alter table core.dim_channel add column c int",
    "comment on table core.dim_channel is 'x'",
    "checkpoint",
    "vacuum",
    "use memory",
    "begin",
    "prepare p as select 1",
    "execute p",
    "select 1; copy (select 1) to '{out}'",
    "select getenv('HOME')",
]


@pytest.fixture
def published(warehouse: SampleWarehouse, settings: Settings) -> Settings:
    warehouse.build(days=2)
    warehouse.publish()
    return settings


@pytest.mark.parametrize("sql", READING)
def test_reading_statements_succeed(published: Settings, sql: str) -> None:
    assert run_query(published, "bi", sql).columns


def test_escapes_are_blocked_and_leave_no_trace(published: Settings, tmp_path: Path) -> None:
    places = {
        "out": str(tmp_path / "out"),
        "warehouse": str(published.warehouse_path),
        "objects": str(next((published.published / "bi" / "objects").glob("*.parquet"))),
    }
    got_through = []
    for sql in ESCAPES:
        try:
            rows = run_query(published, "bi", sql.format(**places)).rows
        except QueryError:
            continue
        got_through.append((sql, rows))
    assert got_through == []
    assert not (tmp_path / "out").exists()
    assert run_query(published, "bi", "select count(*) from core.dim_channel").rows == ((1,),)


def test_bi_cannot_read_the_text_that_voice_can(published: Settings) -> None:
    assert (
        run_query(published, "voice", "select verbatim from core.fct_feedback limit 1")
        .rows[0][0]
        .startswith("刹车异响")
    )
    with pytest.raises(QueryError, match="verbatim"):
        run_query(published, "bi", "select verbatim from core.fct_feedback")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "select * from core.fct_feedbak",
            "no table 'fct_feedbak' is published for 'bi'; near names: core.fct_feedback",
        ),
        ("select * from dim_chanel", "near names: core.dim_channel"),
        ("select * from zzz", "tables: core.dim_channel, core.fct_feedback"),
        ("select chanel from core.dim_channel", 'Candidate bindings: "channel"'),
        ("selec 1", "syntax error"),
        ("", "expected one statement, found 0"),
        ("select 1; select 2", "expected one statement, found 2"),
        ("drop table core.dim_channel", "DROP is not allowed here"),
    ],
)
def test_errors_say_what_to_do(published: Settings, sql: str, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        run_query(published, "bi", sql)
    assert said in str(caught.value)


def test_nothing_published_and_unknown_audience(settings: Settings) -> None:
    with pytest.raises(QueryError, match=r"nothing is published for 'bi' yet .* run `voc refresh`"):
        run_query(settings, "bi", "select 1")
    with pytest.raises(QueryError, match=r"unknown audience 'board'; .* knows: bi, finance, voice"):
        run_query(settings, "board", "select 1")


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1+1",
    "\u3000=1",
    "\ufeff=1",
    "\u200b=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "−1",
    "|calc",
    "%0A=1",
    '=HYPERLINK("http://x","y")',
    "=cmd|' /C calc'!A0",
]


def test_formula_cells_are_inert_in_csv_unless_raw() -> None:
    result = QueryResult("v", ("=a", "b"), tuple((text, -1.5) for text in FORMULAS))
    rows = list(csv.reader(io.StringIO(as_csv(result), newline="")))
    assert [row[0] for row in rows] == ["'=a", *("'" + text for text in FORMULAS)]
    assert {row[1] for row in rows[1:]} == {"-1.5"}
    assert [row[0] for row in csv.reader(io.StringIO(as_csv(result, raw=True), newline=""))] == [
        "=a",
        *FORMULAS,
    ]


@pytest.mark.parametrize("value", ["空调不冷", "a=b", "2026-03-31", "", None, -3, 1.5, True, "[手机] 打不通"])
def test_ordinary_cells_stay_as_they_are(value: object) -> None:
    assert neutralise(value) == value


def test_formats(published: Settings) -> None:
    sql = (
        "select feedback_date, claim_cost_cny, dealer_code "
        "from core.fct_feedback order by occurred_at limit 2"
    )
    table = run_sql(published, "bi", sql)
    assert "claim_cost_cny" in table
    assert table.rstrip().endswith(run_query(published, "bi", sql).version_id)
    assert run_sql(published, "bi", sql, "csv").splitlines()[1] == "2026-03-30,0.00,"
    assert json.loads(run_sql(published, "bi", sql, "json"))[1] == {
        "feedback_date": "2026-03-30",
        "claim_cost_cny": 1.25,
        "dealer_code": "D1",
    }
    with pytest.raises(QueryError, match="unknown format 'xml'"):
        run_sql(published, "bi", sql, "xml")


def test_json_keeps_exact_money_and_has_no_nan(published: Settings) -> None:
    sql = (
        "select 0.1::decimal(38,20) + 12345678901234567.1::decimal(38,20) as m, "
        "'nan'::double as n, [date '2026-01-01'] as l"
    )
    row = json.loads(run_sql(published, "bi", sql, "json"))[0]
    assert row == {"m": "12345678901234567.20000000000000000000", "n": None, "l": ["2026-01-01"]}


def test_terminal_control_characters_do_not_reach_the_terminal() -> None:
    shown = as_table(QueryResult("v", ("a",), (("\x1b[2J[red]x[/red]\u202e",),)))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[red]x[/red]" in shown


def test_long_results_say_so(published: Settings) -> None:
    assert "300 rows, first 200 shown" in run_sql(published, "bi", "select * from range(300)")


def test_command(published: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOC_HOME", str(published.home))
    done = CliRunner().invoke(sql_command, ["--format", "csv", "--raw-csv", "select '=1' as a"])
    assert (done.exit_code, done.output) == (0, "a\n=1\n")
    failed = CliRunner().invoke(sql_command, ["select * from nothing_here"])
    assert failed.exit_code == 3
    assert "no table 'nothing_here' is published" in failed.output
    assert "Traceback" not in failed.output
