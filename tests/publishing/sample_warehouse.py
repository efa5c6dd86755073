"""A small warehouse and its dbt meta, as the publisher meets them.

Table and column names follow the dbt models; the rows are made from a seed by SQL so that
"one changed day", "one more day" or "a changed text of equal count" are one call each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import duckdb

from orchestration.publishing.publisher import PublishedVersion, publish, publish_from_warehouse
from orchestration.settings import Settings

AS_OF = date(2026, 3, 31)
FEEDBACK_COLUMNS = {
    "feedback_id": "反馈编号",
    "channel": "渠道",
    "feedback_date": "反馈日",
    "verbatim": "脱敏原声",
    "customer_id": "客户",
    "dealer_code": "经销商",
    "sentiment_score": "情感分",
    "claim_cost_cny": "金额（元）",
    "occurred_at": "发生时刻（UTC）",
}


def model(
    schema: str,
    name: str,
    columns: dict[str, str],
    audiences: Sequence[str],
    partition_by: str | None = None,
    narrowed: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    """Return a manifest node as dbt writes it."""
    meta: dict[str, Any] = {"audiences": list(audiences)}
    if partition_by:
        meta |= {"partition_by": partition_by, "partition_kind": "feedback"}
    return {
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": schema,
        "description": f"{name} 的说明；it's quoted。一行 = 一条",
        "config": {"meta": meta},
        "columns": {
            column: {"name": column, "description": text, "config": {"meta": _narrow(narrowed, column)}}
            for column, text in columns.items()
        },
    }


def _narrow(narrowed: dict[str, list[str]] | None, column: str) -> dict[str, Any]:
    return {"audiences": narrowed[column]} if narrowed and column in narrowed else {}


def manifest_of(*nodes: dict[str, Any]) -> dict[str, Any]:
    """Return a dbt manifest with these models."""
    return {"nodes": {f"model.voc.{node['name']}": node for node in nodes}}


def sample_manifest() -> dict[str, Any]:
    """Return the meta of the sample tables; `int_feedback` is not published."""
    hidden = model("intermediate", "int_feedback", {"feedback_id": ""}, [])
    hidden["config"]["meta"] = {}
    return manifest_of(
        model(
            "core",
            "fct_feedback",
            FEEDBACK_COLUMNS,
            ["bi", "voice"],
            "feedback_date",
            {"verbatim": ["voice"]},
        ),
        model("core", "dim_channel", {"channel": "渠道", "label_zh": "中文名"}, ["bi", "voice", "finance"]),
        model("experience", "agg_daily", {"feedback_date": "日", "feedback_count": "条数"}, ["bi", "voice"]),
        model("finance", "fct_cost", {"cost_date": "日", "cost_cny": "元"}, ["finance"], "cost_date"),
        model("reports", "rpt_total", {"total": "总条数"}, ["bi", "voice"]),
        hidden,
    )


class SampleWarehouse:
    """Builds and changes `warehouse.duckdb`, and publishes it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.manifest = sample_manifest()

    def build(self, days: int = 30, rows_per_day: int = 20, until: date = AS_OF) -> None:
        """Write a fresh warehouse of `days` days ending at `until`."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        self.settings.warehouse_path.unlink(missing_ok=True)
        first = until - timedelta(days=days - 1)
        self.run(
            "create schema core",
            "create schema experience",
            "create schema finance",
            "create schema reports",
            "create schema ctl",
            "create table ctl.window_delivery as select 'd1' as delivery_id",
            "create table ctl.built_delivery as select 'd1' as delivery_id",
            "create table ctl.build_state as select 'p1' as project_hash, 's1' as scorer_version,"
            " 1 as pseudonym_key_version",
            "create table ctl.affected_partition (partition_kind varchar, event_date date)",
            f"""create table core.fct_feedback as
                select md5(i::varchar) as feedback_id, 'forum' as channel,
                    date '{first}' + cast(i // {rows_per_day} as integer) as feedback_date,
                    '刹车异响 ' || i as verbatim, 'k1_' || (i % 97) as customer_id,
                    case when i % 3 = 0 then null else 'D' || (i % 7) end as dealer_code,
                    ((i % 21) - 10) / 10.0::double as sentiment_score,
                    cast(i * 1.25 as decimal(18, 2)) as claim_cost_cny,
                    timestamp '2026-01-01 00:00:00' + to_seconds(i) as occurred_at
                from range({days * rows_per_day}) as r (i)""",
            "create table core.dim_channel as select 'forum' as channel, '论坛' as label_zh",
            "create table finance.fct_cost (cost_date date, cost_cny decimal(18, 2))",
            "create table experience.agg_daily (feedback_date date, feedback_count bigint)",
            "create table reports.rpt_total (total bigint)",
            "create table ctl.run_window as "
            f"select date '{until}' as as_of, 'w1' as window_key, true as is_full_rebuild",
        )
        self.refresh_aggregates()

    def next_window(self, key: str, kind: str = "feedback", days: Sequence[date] = ()) -> None:
        """Record a further build of one delivery that touched `days`, as the builder would."""
        self.run(
            f"update ctl.run_window set window_key = '{key}', is_full_rebuild = false",
            f"create or replace table ctl.window_delivery as select '{key}' as delivery_id",
            f"insert into ctl.built_delivery select '{key}'",
            "delete from ctl.affected_partition",
            *(f"insert into ctl.affected_partition values ('{kind}', '{day}')" for day in days),
        )

    def publish_built(self) -> dict[str, PublishedVersion]:
        """Publish what `ctl` says was built."""
        return publish_from_warehouse(self.settings, self.manifest)

    def refresh_aggregates(self) -> None:
        """Bring the aggregates up to the fact, as dbt would."""
        self.run(
            "create or replace table experience.agg_daily as "
            "select feedback_date, count(*) as feedback_count from core.fct_feedback group by 1",
            "create or replace table reports.rpt_total as select count(*) as total from core.fct_feedback",
        )

    def add_day(self, day: date, rows: int = 20, tag: str = "new") -> None:
        """Add one day of feedback and refresh the aggregates."""
        self.run(
            "insert into core.fct_feedback "
            f"select md5('{tag}{day}' || i), 'forum', date '{day}', '原声 ' || i, "
            f"null, null, 0.5, 1.00, timestamp '{day} 01:00:00' from range({rows}) as r (i)"
        )
        self.refresh_aggregates()

    def run(self, *statements: str) -> None:
        """Run statements in the warehouse and close it."""
        with duckdb.connect(str(self.settings.warehouse_path)) as connection:
            for statement in statements:
                connection.execute(statement)

    def value(self, sql: str) -> Any:
        """Return the first value of a query on the warehouse."""
        with duckdb.connect(str(self.settings.warehouse_path), read_only=True) as connection:
            row = connection.execute(sql).fetchone()
        return None if row is None else row[0]

    def publish(self, **options: Any) -> dict[str, PublishedVersion]:
        """Publish with the sample manifest."""
        arguments = {"as_of": AS_OF, "window_key": "w1"} | options
        return publish(self.settings, self.manifest, **arguments)
