"""The one place that opens DuckDB.

Every connection runs in UTC, within the configured memory and threads, spills inside the home
folder and never fetches an extension. What stands in the file is the matter of `control.py` and of
the dbt project; who may read what is the matter of `orchestration/publishing`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import Settings


class WarehouseError(Exception):
    """The warehouse file cannot be opened or is not what it should be; says what to do."""


def temp_directory(settings: Settings) -> Path:
    """Return the folder in which DuckDB may spill (created, owner-only)."""
    folder = settings.home / "tmp" / "duckdb"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def connect_writer(settings: Settings, path: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a warehouse file for writing; by default the build file. One process at a time.

    Raises:
        WarehouseError: the file is held by another process or is not a DuckDB file.

    """
    target = path or settings.warehouse_path
    target.parent.mkdir(parents=True, exist_ok=True)
    connection = _open(target, read_only=False, config=_limits(settings))
    try:
        _use_utc(connection)
        yield connection
    finally:
        connection.close()


@contextmanager
def connect_reader(path: Path, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database file for reading only.

    The session can read no other file and cannot change its own settings, so that SQL from
    outside (`voc sql`) reaches what the file holds and nothing else.

    Raises:
        WarehouseError: the file is missing, held by a writer, or not a DuckDB file.

    """
    if not path.is_file():
        raise WarehouseError(f"{path}: no such database; run `voc refresh` first")
    connection = _open(path, read_only=True, config=_limits(settings))
    try:
        _use_utc(connection)
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection
    finally:
        connection.close()


def dbt_environment(settings: Settings, warehouse_path: Path | None = None) -> dict[str, str]:
    """Return the environment variables that `dbt_project/profiles.yml` reads."""
    return {
        "VOC_WAREHOUSE_PATH": str(warehouse_path or settings.warehouse_path),
        "VOC_DUCKDB_MEMORY": str(settings.limits["duckdb_memory"]),
        "VOC_DUCKDB_THREADS": str(settings.limits["duckdb_threads"]),
        "VOC_DUCKDB_TEMP": str(temp_directory(settings)),
    }


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the length of a block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def quoted(value: object) -> str:
    """Return a value as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


def _limits(settings: Settings) -> dict[str, Any]:
    return {
        "memory_limit": str(settings.limits["duckdb_memory"]),
        "threads": str(settings.limits["duckdb_threads"]),
        "temp_directory": str(temp_directory(settings)),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }


def _open(path: Path, *, read_only: bool, config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise WarehouseError(
                f"{path}: held by another process; wait for the running refresh, "
                "or close the tool that has it open"
            ) from error
        raise WarehouseError(f"{path}: cannot be opened: {error}") from error
    except duckdb.Error as error:
        raise WarehouseError(f"{path}: cannot be opened: {error}") from error


def _use_utc(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("set TimeZone = 'UTC'")
