"""All sightings in one place: the current row of every record, and the versions of master records.

A state is a function of the set of sighting files: adding one file after the other gives the same
rows as reading all at once. New files cost what they hold plus one copy of the state; a file that
is gone (erased, or written under other rules) makes it be built anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from ml.identity.evidence import SIGHTING, load_rules
from ml.identity.files import temporary_of

# Newest version of a record first; the rest only makes the order total.
_NEWEST = "version_key desc, content_hash desc, received_at asc, event_at asc"
_COLUMNS = ", ".join(SIGHTING.names)


class SightingState:
    """The compact sightings in `<folder>/current.parquet` and `<folder>/history.parquet`."""

    def __init__(self, folder: Path) -> None:
        self.current = folder / "current.parquet"
        self.history = folder / "history.parquet"
        self._notes = folder / "files.json"

    def included(self) -> tuple[str, ...]:
        """Return the names of the sighting files the state holds; none if it is not whole."""
        if not (self._notes.is_file() and self.current.is_file() and self.history.is_file()):
            return ()
        return tuple(json.loads(self._notes.read_text(encoding="utf-8")))

    def update(self, connection: duckdb.DuckDBPyConnection, files: Sequence[Path], root: Path) -> int:
        """Bring the state to exactly these sighting files; return how many were read.

        `root` is what file names are noted relative to.
        """
        names = {str(path.relative_to(root)): path for path in files}
        before = set(self.included())
        kept = before if before <= names.keys() else set()
        fresh = [path for name, path in sorted(names.items()) if name not in kept]
        if not fresh and kept == before and self._notes.is_file():
            return 0
        self.current.parent.mkdir(parents=True, exist_ok=True)
        # An interrupted update leaves no state that claims to be whole.
        self._notes.unlink(missing_ok=True)
        self._load(connection, fresh, is_kept=bool(kept))
        self._write(connection)
        temporary = temporary_of(self._notes)
        temporary.write_text(json.dumps(sorted(names)), encoding="utf-8")
        temporary.replace(self._notes)
        return len(fresh)

    def _load(self, connection: duckdb.DuckDBPyConnection, fresh: Sequence[Path], *, is_kept: bool) -> None:
        connection.register("no_sightings", SIGHTING.empty_table())
        parts = [f"select {_COLUMNS} from no_sightings"]
        if fresh:
            parts.append(f"select {_COLUMNS} from read_parquet([{_quoted(fresh)}])")
        connection.execute(f"create or replace temp table fresh as {' union all '.join(parts)}")
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
