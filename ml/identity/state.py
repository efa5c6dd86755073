"""All sightings in one place: the current row of every record, and the versions of master records.

A state is a function of the set of raw files: adding one file after the other gives the same rows
as reading all at once. New files cost what they hold; a file that is gone (erased), and other rules,
make it be built anew. Keys, records and voices are numbers here, 64 bits of MD5 over their kind and
text (ten million keys of one kind meet with a chance of one in 400,000): joins of numbers cost a
fraction of joins of texts. `key_name` and `voice_name` tell the texts again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from ml.files import replacing
from ml.identity.evidence import (
    DOMAINS,
    SIGHTING,
    Source,
    load_rules,
    read_sightings,
    rules_version,
    where_of,
)

# Newest version of a record first; the rest only makes the order total.
_NEWEST = "version_key desc, content_hash desc, received_at asc, event_at asc"
# How the engine says that a file is not whole, no database, or one of another release.
_SPOILED = re.compile(
    "not a valid DuckDB database file|Could not read enough bytes|Corrupt|replaying WAL|version number"
)
_BATCH_ROWS = 200_000
_KEYS = [f"{domain}_key" for domain in DOMAINS]
# Columns of `sight` and `history`: as sighted, but for what is a number.
_COLUMNS = ", ".join({"record_id": "record", "voice_id": "voice"}.get(name, name) for name in SIGHTING.names)
_TABLE = ", ".join(
    f"{name} {kind}"
    for name, kind in (
        ("channel", "varchar"), ("entity", "varchar"), ("record", "ubigint"), ("voice", "ubigint"),
        ("version_key", "varchar"), ("content_hash", "varchar"), ("is_deleted", "boolean"),
        ("event_at", "timestamp"), ("is_received_basis", "boolean"), ("version_at", "timestamp"),
        ("received_at", "timestamp"), ("from_date", "date"), ("until_date", "date"), ("detail", "varchar"),
        *((key, "ubigint") for key in _KEYS), ("text_keys", "varchar[]"),
    )
)  # fmt: skip
# The version itself; what follows in a version key tells sightings of one version apart.
_VERSION = "split_part(version_key, '|', 1)"


class StateError(OSError):
    """The state cannot be opened, and not for what stands in it; the message says what to do."""


def number_of(domain: str, text: str) -> str:
    """Return SQL for the number of a key; `domain` and `text` are SQL. Both kinds of person share one."""
    family = f"case when {domain} in ('customer', 'id_card') then 'person' else {domain} end"
    return f"md5_number_lower({family} || ':' || {text})"


class SightingState:
    """The compact sightings in `<folder>/state.duckdb`, attached as `state`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.duckdb"

    def update(
        self,
        connection: duckdb.DuckDBPyConnection,
        sources: Sequence[Source],
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Attach the state and bring it to exactly these raw files; return how many were read.

        Raises:
            StateError: another process has the state open, or it may not be opened; nothing is deleted.

        """
        names = {one.name: one for one in sources}
        before = self._attach(connection)
        if not before <= names.keys():
            # Deleted rows leave their bytes in a file: what is erased must be gone.
            self._begin_anew(connection)
            before = set()
        fresh = [one for name, one in sorted(names.items()) if name not in before]
        if not fresh:
            return 0
        self._read(connection, fresh, progress)
        connection.execute("begin")
        try:
            self._merge(connection)
            connection.execute("insert into state.file select unnest($1)", [[one.name for one in fresh]])
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("drop table fresh; drop table met")
        connection.execute("checkpoint state")
        return len(fresh)

    def _attach(self, connection: duckdb.DuckDBPyConnection) -> set[str]:
        """Attach the file; return the raw files it holds. One of other rules or not readable is replaced."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open(connection)
            rows = connection.execute("select name from state.file").fetchall()
            rules = connection.execute("select rules from state.made_by").fetchall()
            if rules == [(_made_by(),)]:
                return {name for (name,) in rows}
        except duckdb.Error as error:
            if not _is_spoiled(error):
                raise StateError(
                    f"{self.path}: cannot be opened ({error}); wait for a running refresh or close the tool"
                    " that has it open; if nothing has, delete the file, it is rebuilt"
                ) from error
        self._begin_anew(connection)
        return set()

    def _open(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(f"attach '{escaped(self.path)}' as state (type duckdb)")

    def _begin_anew(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("detach database if exists state")
        for path in (self.path, self.path.with_name(f"{self.path.name}.wal")):
            path.unlink(missing_ok=True)
        self._open(connection)
        connection.execute(f"""
            begin;
            create table state.file(name varchar);
            create table state.sight({_TABLE});
            create table state.history({_TABLE});
            create table state.key_name(key ubigint, name varchar);
            create table state.voice_name(voice ubigint, name varchar);
            create table state.made_by as select '{_made_by()}' as rules;
            commit""")

    def _read(
        self,
        connection: duckdb.DuckDBPyConnection,
        fresh: Sequence[Source],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        """Fill `fresh` (numbers, in no order) and `met` (the texts of its keys)."""
        connection.execute(f"create or replace temp table fresh({_TABLE})")
        connection.execute("create or replace temp table met(kind varchar, key ubigint, name varchar)")
        numbered = {
            "record_id": "md5_number_lower(record_id)",
            "voice_id": "md5_number_lower(voice_id)",
            "text_keys": "case when len(text_keys) > 0 then text_keys end",
            **{f"{one}_key": number_of(f"'{one}'", f"{one}_key") for one in DOMAINS},
        }
        columns = ", ".join(numbered.get(name, name) for name in SIGHTING.names)
        for batch in _batches(fresh, progress):
            connection.register("batch", batch)
            connection.execute(f"insert into fresh select {columns} from batch")
            connection.execute(f"insert into met {_names()}")
            connection.unregister("batch")

    def _merge(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(f"""
            create or replace temp view candidates as
            select {_COLUMNS} from fresh
            union all
            select {_COLUMNS} from state.sight where record in (select record from fresh)""")
        # Most records come once: only the others are ranked, which is what costs.
        connection.execute(
            "create or replace temp table repeated as"
            " select record from candidates group by record having count(*) > 1"
        )
        connection.execute(f"""
            create or replace temp table renewed as
            select {_COLUMNS} from (
                select {_COLUMNS.replace("event_at", _event_at())},
                    row_number() over (partition by record order by {_NEWEST}) as place
                from candidates where record in (select record from repeated))
            where place = 1""")
        connection.execute(f"""
            delete from state.sight where record in (select record from repeated);
            insert into state.sight
            select {_COLUMNS} from fresh where record not in (select record from repeated)
            union all
            select {_COLUMNS} from renewed;
            drop table renewed""")
        self._merge_history(connection)
        for kind, table in (("key", "key_name"), ("voice", "voice_name")):
            connection.execute(
                f"insert into state.{table} select distinct key, name from met where kind = '{kind}'"
                f" and key not in (select {table[:-5]} from state.{table})"
            )

    @staticmethod
    def _merge_history(connection: duckdb.DuckDBPyConnection) -> None:
        """Keep one row of each version of a master record, whichever delivery brought it."""
        is_history = where_of(rule for rule in load_rules() if rule.is_history)
        connection.execute(f"""
            create or replace temp table past as
            select {_COLUMNS} from (
                select {_COLUMNS} from fresh where {is_history}
                union all
                select {_COLUMNS} from state.history where record in (select record from fresh))
            qualify row_number() over (partition by record, {_VERSION} order by {_NEWEST}) = 1;
            delete from state.history where record in (select record from past);
            insert into state.history select {_COLUMNS} from past;
            drop table past""")


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


def _names() -> str:
    """Return SQL for the texts behind the numbers of a batch."""
    numbers = {one: number_of(f"'{one}'", f"{one}_key") for one in DOMAINS}
    parts = [
        f"select distinct 'key', {number}, {one}_key from batch where {one}_key is not null"
        for one, number in numbers.items()
    ]
    parts.append(
        "select distinct 'voice', md5_number_lower(voice_id), voice_id from batch where voice_id is not null"
    )
    return " union all ".join(parts)


def copy_rows(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the rows of an ordered query as one Parquet file, whole or not at all."""
    with replacing(path) as temporary:
        connection.execute(
            f"copy ({query}) to '{escaped(temporary)}' "
            " (format parquet, compression zstd, compression_level 1)"
        )


def _is_spoiled(error: duckdb.Error) -> bool:
    """Tell whether a file is of no use: not whole, no database, or of another form."""
    return isinstance(error, duckdb.CatalogException) or bool(_SPOILED.search(str(error)))


def _made_by() -> str:
    """Name what the rows of a state follow from besides the raw files."""
    return json.dumps([rules_version(), _TABLE])


def _event_at() -> str:
    """Where the source gave no time, the earliest sighting of a record is its time."""
    return (
        "case when is_received_basis then min(event_at) over (partition by record)"
        " else event_at end as event_at"
    )


def escaped(path: Path) -> str:
    """Return a path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")
