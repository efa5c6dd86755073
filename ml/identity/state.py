"""All sightings in one place: the current row of every record, and the versions of master records.

A state is a function of the set of raw files: adding one file after the other gives the same rows
as reading all at once. New files cost what they hold plus one copy of the state; a file that is gone
(erased), and other rules, make it be built anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from ml.identity.evidence import SIGHTING, Source, load_rules, read_sightings, rules_version
from ml.identity.files import temporary_of

# Newest version of a record first; the rest only makes the order total.
_NEWEST = "version_key desc, content_hash desc, received_at asc, event_at asc"
_COLUMNS = ", ".join(SIGHTING.names)
_BATCH_ROWS = 200_000


class SightingState:
    """The compact sightings in `<folder>/current.parquet` and `<folder>/history.parquet`."""

    def __init__(self, folder: Path) -> None:
        self.current = folder / "current.parquet"
        self.history = folder / "history.parquet"
        self._notes = folder / "files.json"

    def included(self) -> tuple[str, ...]:
        """Return the names of the raw files the state holds; none if it is not whole or of other rules."""
        if not (self._notes.is_file() and self.current.is_file() and self.history.is_file()):
            return ()
        notes = json.loads(self._notes.read_text(encoding="utf-8"))
        return tuple(notes["files"]) if notes["rules"] == rules_version() else ()

    def update(
        self,
        connection: duckdb.DuckDBPyConnection,
        sources: Sequence[Source],
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Bring the state to exactly these raw files; return how many were read."""
        names = {one.name: one for one in sources}
        before = set(self.included())
        kept = before if before <= names.keys() else set()
        fresh = [one for name, one in sorted(names.items()) if name not in kept]
        if not fresh and kept == before and self._notes.is_file():
            return 0
        self.current.parent.mkdir(parents=True, exist_ok=True)
        # An interrupted update leaves no state that claims to be whole.
        self._notes.unlink(missing_ok=True)
        self._read(connection, fresh, progress)
        self._load(connection, is_kept=bool(kept))
        self._write(connection)
        temporary = temporary_of(self._notes)
        notes = {"rules": rules_version(), "files": sorted(names)}
        temporary.write_text(json.dumps(notes), encoding="utf-8")
        temporary.replace(self._notes)
        return len(fresh)

    def _read(
        self,
        connection: duckdb.DuckDBPyConnection,
        fresh: Sequence[Source],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        connection.register("no_sightings", SIGHTING.empty_table())
        connection.execute(f"create or replace temp table fresh as select {_COLUMNS} from no_sightings")
        for batch in _batches(fresh, progress):
            connection.register("batch", batch)
            connection.execute(f"insert into fresh select {_COLUMNS} from batch")
            connection.unregister("batch")

    def _load(self, connection: duckdb.DuckDBPyConnection, *, is_kept: bool) -> None:
        old, old_history = (
            (f"read_parquet({_quoted([path])})" if is_kept else "no_sightings")
            for path in (self.current, self.history)
        )
        connection.execute(f"""
            create or replace temp view candidates as
            select {_COLUMNS} from fresh
            union all
            select {_COLUMNS} from {old} where record_id in (select record_id from fresh)""")
        connection.execute(
            "create or replace temp table repeated as"
            " select record_id from candidates group by record_id having count(*) > 1"
        )
        # Most records come once: only the others are ranked, which is what costs.
        connection.execute(f"""
            create or replace temp table renewed as
            select {_COLUMNS} from fresh where record_id not in (select record_id from repeated)
            union all
            select {_COLUMNS} from (
                select {_COLUMNS.replace("event_at", _event_at())},
                    row_number() over (partition by record_id order by {_NEWEST}) as place
                from candidates where record_id in (select record_id from repeated))
            where place = 1""")
        connection.execute(f"""
            create or replace temp view current_rows as
            select {_COLUMNS} from renewed
            union all
            select {_COLUMNS} from {old} where record_id not in (select record_id from fresh)""")
        connection.execute(f"""
            create or replace temp view history_rows as
            select {_COLUMNS}
            from (select {_COLUMNS} from fresh union all select {_COLUMNS} from {old_history})
            where {_is_history()}
            qualify row_number() over (partition by record_id, version_key order by {_NEWEST}) = 1""")

    def _write(self, connection: duckdb.DuckDBPyConnection) -> None:
        for view, path in (("current_rows", self.current), ("history_rows", self.history)):
            copy_rows(connection, f"select * from {view}", path)
        for name in ("fresh", "renewed", "repeated"):
            connection.execute(f"drop table {name} cascade")


def _batches(sources: Sequence[Source], progress: Callable[[int, int], None] | None) -> Iterator[pa.Table]:
    """Yield the sightings of many files in few tables: one insert each costs more than small files hold."""
    tables: list[pa.Table] = []
    rows = 0
    for done, one in enumerate(sources, 1):
        tables.append(read_sightings(one))
        rows += tables[-1].num_rows
        if progress:
            progress(done, len(sources))
        if rows >= _BATCH_ROWS or done == len(sources):
            yield pa.concat_tables(tables)
            tables, rows = [], 0


def copy_rows(connection: duckdb.DuckDBPyConnection, query: str, path: Path, order: str = "") -> None:
    """Write the rows of a query as one Parquet file, whole or not at all; in a stated order if one is given.

    A state needs none (nothing depends on it); results have one, so that equal results are equal bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_of(path)
    rows = f"select * from ({query}) order by {order}" if order else query
    try:
        connection.execute(f"copy ({rows}) to '{_escaped(temporary)}' (format parquet, compression zstd)")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _event_at() -> str:
    """Where the source gave no time, the earliest sighting of a record is its time."""
    return (
        "case when is_received_basis then min(event_at) over (partition by record_id)"
        " else event_at end as event_at"
    )


def _is_history() -> str:
    pairs = sorted({(rule.channel, rule.entity) for rule in load_rules() if rule.is_history})
    return " or ".join(f"(channel = '{channel}' and entity = '{entity}')" for channel, entity in pairs)


def _quoted(paths: Iterable[Path]) -> str:
    return ", ".join(f"'{_escaped(path)}'" for path in paths)


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
