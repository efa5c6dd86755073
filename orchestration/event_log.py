"""Dagster's own SQLite event log, with its database files kept open between events.

Dagster opens, commits with a sync and closes a database file several times for every event; a day
of this graph writes five hundred events, and on a quiet day that was a third of all its work. Here:
one connection per file, and commits that a killed process cannot lose but a power cut may. What must
survive a power cut is in the ledger (`orchestration.admission.ledger`); this is the history of runs
as the UI shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import StaticPool

# The index and a few runs: a process that lives long must not hold a file for every run there was.
_OPEN_FILES = 4


class OpenSqliteEventLogStorage(SqliteEventLogStorage):
    """The event log in the same files as `SqliteEventLogStorage`; either may open them."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Keep the event log in the folder `base_dir`."""
        self._engines: dict[str, db.Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> OpenSqliteEventLogStorage:
        """Build it from its entry in `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[db.Connection]:
        # The lock of the parent lets one thread in at a time, so one connection per file is enough.
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> db.Engine:
        if shard not in self._engines:
            if len(self._engines) >= _OPEN_FILES:
                self._close()
            engine = db.create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            db.event.listen(engine, "connect", _commit_without_sync)
            self._engines[shard] = engine
        return self._engines[shard]

    def has_table(self, table_name: str) -> bool:
        """Return whether the index file has the table; may be asked within a transaction."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def wipe(self) -> None:
        """Delete all events, and with them the files of the runs."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close the files."""
        self._close()
        super().dispose()

    def _close(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()


def instance_in(home: Path) -> dg.DagsterInstance:
    """Return the Dagster instance of `home` for a run in this process.

    It keeps this event log in the files where the UI looks for it, and what steps print goes to the
    terminal alone: to copy it into files Dagster starts four processes a step.
    """
    storage = {
        "module": OpenSqliteEventLogStorage.__module__,
        "class": OpenSqliteEventLogStorage.__name__,
        "config": {"base_dir": str(home / "history" / "runs")},
    }
    printed = {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
    overrides = {"event_log_storage": storage, "compute_logs": printed}
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=overrides))


def _commit_without_sync(connection: Any, _record: Any) -> None:
    # In WAL mode NORMAL loses nothing when a process dies and never damages the file.
    connection.execute("pragma synchronous=normal")
