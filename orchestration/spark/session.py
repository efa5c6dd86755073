"""Starts the Spark session and lays the window's relations over its files. Runs in Spark's environment.

Every setting that decides a value stands here (UTC, timestamps without zone, ANSI arithmetic), so that
a site sets only where Spark runs: `VOC_SPARK_MASTER` and, for anything else, `spark-defaults.conf`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# What results depend on. Literals keep backslashes, a division by zero is an error and never a null.
MEANING = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parser.escapedStringLiterals": "true",
    "spark.sql.legacy.charVarcharAsString": "true",
}
# Defaults that a site may change: nothing listens but on this machine.
LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.memory": "3g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


def start(warehouse: Path, master: str = "") -> SparkSession:
    """Start the one session of this process; dbt's session method takes it over."""
    from pyspark.sql import SparkSession

    where = master or os.environ.get("VOC_SPARK_MASTER", "local[2]")
    builder = SparkSession.builder.appName("voc-warehouse").master(where)
    for name, value in {
        **(LOCAL if "127.0.0.1" in where or where.startswith("local") else {}),
        **MEANING,
    }.items():
        builder = builder.config(name, value)
    return builder.config("spark.sql.warehouse.dir", str(warehouse)).getOrCreate()


def lay_window(spark: SparkSession, window: Mapping[str, Any]) -> int:
    """Create the schemas `ctl` and `raw` as views over the window's files; returns how many."""
    for schema in ("ctl", "raw"):
        spark.sql(f"create database if not exists {schema}")
    for name, path in window["control"].items():
        spark.sql(f"create or replace view ctl.{name} as select * from parquet.`{path}`")
    for name, relation in window["raw"].items():
        spark.sql(f"create or replace view raw.{name} as {view_of(relation['columns'], relation['files'])}")
    return len(window["control"]) + len(window["raw"])


def view_of(columns: Mapping[str, str], files: Sequence[str]) -> str:
    """Return a query over files of one relation that lack a column here and there, and over no file, too."""
    parts = [_no_rows(columns)]
    for present, paths in _by_columns(files).items():
        source = paths[0] if len(paths) == 1 else "/{" + ",".join(path.lstrip("/") for path in paths) + "}"
        cells = ", ".join(
            f"cast({name if name in present else 'null'} as {kind}) as {name}"
            for name, kind in columns.items()
        )
        parts.append(f"select {cells} from parquet.`{source}`")
    return " union all ".join(parts)


def _no_rows(columns: Mapping[str, str]) -> str:
    return (
        f"select {', '.join(f'cast(null as {kind}) as {name}' for name, kind in columns.items())} where false"
    )


def _by_columns(files: Iterable[str]) -> Mapping[frozenset[str], list[str]]:
    found: dict[frozenset[str], list[str]] = defaultdict(list)
    for path in files:
        found[frozenset(pq.read_schema(path).names)].append(path)
    return found
