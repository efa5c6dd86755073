"""Writes down what a build covers for another engine: control tables as Parquet, raw relations as file lists.

What is in a window decides `orchestration/warehouse/control.py`; who builds it is `build.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa

from ml.files import replacing
from orchestration.settings import Settings
from orchestration.warehouse.connection import connect_writer, quoted
from orchestration.warehouse.control import open_window
from orchestration.warehouse.control_tables import LedgerReader, RawRelation, Scope, raw_relations
from orchestration.warehouse.dbt_runner import feedback_channels

WINDOW_FILE = "window.json"


@dataclass(frozen=True)
class WindowExport:
    """A window as it lies on disk, and how much it covers."""

    path: Path
    as_of: date
    delivery_count: int
    raw_file_count: int


def export_window(
    settings: Settings, ledger: LedgerReader, as_of: date, folder: Path, *, scorer_version: str
) -> WindowExport:
    """Write the window of everything admitted up to the end of `as_of` into `folder`.

    Raises:
        WarehouseError: a listed raw file is not on disk.

    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as scratch:
        path = Path(scratch) / "control.duckdb"
        window = open_window(
            settings,
            ledger,
            as_of,
            scorer_version=scorer_version,
            force_full_rebuild=True,
            warehouse_path=path,
        )
        with connect_writer(settings, path) as connection:
            control = _export_control(connection, folder)
            relations = raw_relations(
                Scope.of(
                    connection=connection,
                    settings=settings,
                    ledger=ledger,
                    as_of=window.as_of,
                    delivery_ids=window.delivery_ids,
                    scorer_version=scorer_version,
                )
            )
    document = {
        "as_of": window.as_of.isoformat(),
        "window_key": window.window_key,
        "feedback_channels": feedback_channels(settings),
        "dbt_project": str(settings.dbt_project),
        "control": control,
        "raw": _raw(relations),
    }
    path = folder / WINDOW_FILE
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    return WindowExport(path, window.as_of, len(window.delivery_ids), window.raw_file_count)


def _export_control(connection: duckdb.DuckDBPyConnection, folder: Path) -> Mapping[str, str]:
    tables = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'ctl' order by table_name"
    ).fetchall()
    paths = {}
    for (name,) in tables:
        path = folder / f"ctl__{name}.parquet"
        connection.execute(f"copy ctl.{name} to {quoted(path)} (format parquet)")
        paths[name] = str(path)
    return paths


def _raw(relations: Iterable[RawRelation]) -> Mapping[str, Any]:
    return {
        relation.name: {
            "columns": {field.name: spark_type(field.type) for field in relation.schema},
            "files": [str(path) for path in relation.paths],
        }
        for relation in relations
    }


def spark_type(kind: pa.DataType) -> str:
    """Return the name of an Arrow type in Spark SQL.

    Raises:
        TypeError: a type that no raw file has had so far.

    """
    if pa.types.is_list(kind):
        return f"array<{spark_type(kind.value_type)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp_ntz" if kind.tz is None else "timestamp"
    simple = {
        pa.string(): "string", pa.large_string(): "string", pa.bool_(): "boolean", pa.date32(): "date",
        pa.int8(): "tinyint", pa.int16(): "smallint", pa.int32(): "int", pa.int64(): "bigint",
        pa.float32(): "float", pa.float64(): "double",
    }  # fmt: skip
    if kind not in simple:
        raise TypeError(f"no Spark type is known for {kind}; add it to {__name__}.spark_type")
    return simple[kind]
