"""Databases (PostgreSQL, SQLite): rows that changed since the last delivery, in one snapshot, as JSON lines.

Per table a cursor column says what is new; rows committed late are caught by an overlap, whose rows
are landed again only if one of them changed. Rows without a (credible) cursor are read in full every
time and landed when they changed. Deletions are seen where the source records them: a flag among the
columns, or a table of deletions given as one more table of the same `record_type`.

Not dlt's `sql_table`: it reads each table over a connection of its own (no common snapshot), leaves
out rows without a cursor, and keeps its state in a folder.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import orjson

from orchestration.sources.connector import Budget, Harvest, Job, SetDigest, SourceError
from orchestration.sources.files import open_owner_only
from orchestration.sources.options import Options
from orchestration.sources.sql_cursor import AHEAD, latest_credible, moved
from orchestration.sources.sql_values import UnusableValueError, canonical, line_of

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

DEFAULT_OVERLAP_S = 600
CHUNK_ROWS = 2_000
SAY_EVERY_ROWS = 50_000
FIRST_WAIT_S = 1.0
_SCRATCH = "rows.jsonl"
_BUFFER = 1024**2
DRIVERS = ("sqlite", "postgresql")


@dataclass(frozen=True)
class TableOptions:
    """One entry under `tables`: where rows of an entity stand and how to tell new ones."""

    name: str
    record_type: str
    table: str
    cursor: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    fixed: Mapping[str, Any]
    overlap: float

    @classmethod
    def of(cls, name: str, options: Options, overlap: float) -> TableOptions:
        """Read and check one entry."""
        found = cls(
            name=name,
            record_type=options.text("record_type", name),
            table=options.text("table", name),
            cursor=options.text("cursor", ""),
            key=options.texts("key"),
            columns=options.texts("columns"),
            fixed=options.plain("set"),
            overlap=options.number("overlap_s", overlap),
        )
        if found.cursor and not found.key:
            raise options.fail("key", "is needed beside `cursor`: the columns that name a row")
        options.reject_unknown()
        return found


@dataclass
class TableRun:
    """What reading one table came to; `state` goes into the manifest."""

    state: dict[str, Any]
    rows: int = 0
    odd: int = 0
    unfinished: bool = False


def extract(job: Job) -> Iterator[Harvest]:
    """Read what changed in all tables of a channel, in one snapshot; yields nothing if nothing did.

    Raises:
        ConfigError: a wrong option.
        SourceError: no connection, no such table or column, a column that cannot be written.

    """
    tables = _tables(job.options)
    url, schema = job.options.text("url"), job.options.text("schema", "")
    budget = job.budget()
    attempts = int(job.options.number("attempts", 3, minimum=1))
    job.options.flag("stop_at_receipt", default=False)
    job.options.reject_unknown()
    engine = _engine(url, job)
    scratch = job.folder / _SCRATCH
    try:
        runs = _with_patience(
            job, budget, attempts, lambda: _read(engine, schema, scratch, job, budget, tables)
        )
        harvest = _harvest(job, scratch, runs)
        if harvest is not None:
            yield harvest
    except UnusableValueError as error:
        raise SourceError(
            f"{_where(engine)}: {error}; leave it out by `columns`, or cast it in a view"
        ) from error
    except _sql_errors() as error:
        raise SourceError(f"{_where(engine)}: {_first_line(error)}") from error
    finally:
        engine.dispose()
        scratch.unlink(missing_ok=True)


def _with_patience(
    job: Job, budget: Budget, attempts: int, read: Callable[[], dict[str, TableRun]]
) -> dict[str, TableRun]:
    """Read anew, in a new snapshot, where the connection failed or broke off."""
    from sqlalchemy.exc import OperationalError

    for attempt in range(1, attempts + 1):
        try:
            return read()
        except OperationalError:
            wait_s = FIRST_WAIT_S * 2**attempt * job.clock.fraction()
            if attempt == attempts or wait_s >= budget.left:
                raise
            job.clock.sleep(wait_s)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _read(
    engine: Engine, schema: str, scratch: Path, job: Job, budget: Budget, tables: Sequence[TableOptions]
) -> dict[str, TableRun]:
    with _snapshot(engine, budget) as connection, open_owner_only(scratch, buffering=_BUFFER) as sink:
        return _read_all(_Reader(connection, schema, sink, job, budget), tables)


def _tables(options: Options) -> list[TableOptions]:
    overlap = options.number("overlap_s", DEFAULT_OVERLAP_S)
    section = options.section("tables")
    names = list(options.plain("tables"))
    if not names:
        raise options.fail("tables", "name at least one: {entity: {table, cursor, key}}")
    return [TableOptions.of(str(name), section.section(name), overlap) for name in names]


def _read_all(reader: _Reader, tables: Sequence[TableOptions]) -> dict[str, TableRun]:
    before = reader.job.state.get("tables", {})
    runs: dict[str, TableRun] = {}
    for table in tables:
        known = before.get(table.name, {})
        if any(run.unfinished for run in runs.values()):
            runs[table.name] = TableRun(dict(known))  # its turn comes with the next collect
            continue
        runs[table.name] = reader.read(table, known)
    return runs


def _harvest(job: Job, scratch: Path, runs: Mapping[str, TableRun]) -> Harvest | None:
    rows = sum(run.rows for run in runs.values())
    for name, run in runs.items():
        if run.odd:
            job.say(f"{job.channel}: {name}: {run.odd} row(s) without a credible cursor, read in full")
        if run.unfinished:
            job.say(
                f"{job.channel}: {name}: time budget used up; the next collect goes on behind the rows landed"
            )
    if not rows:
        return None
    source = {
        "kind": "sql",
        "sequence": job.sequence,
        "records": rows,
        "tables": {name: run.state for name, run in runs.items()},
    }
    return Harvest(scratch, f"{job.channel}-{job.sequence:06d}.jsonl", source)


class _Reader:
    """Reads tables over one connection into one file."""

    def __init__(
        self, connection: Connection, schema: str, sink: IO[bytes], job: Job, budget: Budget
    ) -> None:
        self.connection, self.schema, self.sink = connection, schema, sink
        self.job, self.budget = job, budget
        self.stop_at_receipt = job.options.flag("stop_at_receipt", default=False)
        self._written = 0

    def read(self, table: TableOptions, known: Mapping[str, Any]) -> TableRun:
        """Write what is new in one table."""
        shape = _Shape.of(self.connection, self.schema, table)
        if not table.cursor:
            return self._whole(shape, known)
        cursor = shape.cursor
        # Rows past the cap: with `stop_at_receipt` they are not there yet, otherwise their time is wrong.
        ahead = timedelta(0) if self.stop_at_receipt else AHEAD
        greatest = self._greatest(shape)
        cap = latest_credible(greatest, self.job.received_at, ahead)
        odd_where = f"{cursor} is null"
        if cap is not None and not self.stop_at_receipt:
            odd_where += f" or {cursor} > {shape.bound('cap')}"
        run = TableRun({})
        odd, odd_rows = self._if_changed(shape, odd_where, {"cap": cap}, known.get("odd"), table.key)
        run.odd = odd.count
        newest = greatest if cap is None else self._greatest(shape, cap)
        run.rows = odd_rows + self._overlap(shape, known) + self._fresh(shape, known, newest, run)
        if not run.unfinished:
            last = newest if newest is not None else known.get("cursor")
            run.state |= {"cursor": last, "overlap": self._tail(shape, last)}
        run.state["odd"] = str(odd)
        return run

    def _whole(self, shape: _Shape, known: Mapping[str, Any]) -> TableRun:
        digest, rows = self._if_changed(shape, "1 = 1", {}, known.get("all"), shape.options.key)
        return TableRun({"all": str(digest)}, rows)

    def _greatest(self, shape: _Shape, cap: Any = None) -> Any:
        """Return the greatest cursor, up to `cap` if there is one; None: there is no row."""
        limit = "" if cap is None else f" where {shape.cursor} <= {shape.bound('cap')}"
        return canonical(self._value(f"select max({shape.cursor}) from {shape.table}{limit}", {"cap": cap}))

    def _overlap(self, shape: _Shape, known: Mapping[str, Any]) -> int:
        """Write the rows of the overlap again if any of them changed or came late."""
        last = known.get("cursor")
        if last is None or known.get("after"):
            return 0
        where, values = shape.between(moved(last, shape.options.overlap), last)
        return self._if_changed(shape, where, values, known.get("overlap"), shape.order)[1]

    def _tail(self, shape: _Shape, last: Any) -> str:
        if last is None:
            return str(SetDigest())
        where, values = shape.between(moved(last, shape.options.overlap), last)
        digest = SetDigest()
        for line, _ in self._lines(shape, where, values, ()):
            digest.add(line)
        return str(digest)

    def _fresh(self, shape: _Shape, known: Mapping[str, Any], newest: Any, run: TableRun) -> int:
        """Write rows behind the last cursor; when the budget ends, note behind which row to go on."""
        if newest is None:
            return 0
        where, values = shape.between(known.get("cursor"), newest)
        if known.get("after"):
            where, values = shape.behind(known["after"], newest)
        rows = 0
        for line, position in self._lines(shape, where, values, shape.order):
            self._write(line)
            rows += 1
            # At least one chunk a time: otherwise a short budget would never come to an end.
            if rows % CHUNK_ROWS == 0 and self.budget.is_spent:
                after = [canonical(one) for one in position]
                run.state |= {"cursor": after[0], "after": after}
                run.unfinished = True
                break
        return rows

    def _if_changed(
        self, shape: _Shape, where: str, values: Mapping[str, Any], before: Any, order: Sequence[str]
    ) -> tuple[SetDigest, int]:
        """Write the rows of a condition unless they are what they were; return digest and rows written."""
        digest = SetDigest()
        for line, _ in self._lines(shape, where, values, ()):
            digest.add(line)
        if str(digest) == before or not digest.count:
            return digest, 0
        for line, _ in self._lines(shape, where, values, order):
            self._write(line)
        return digest, digest.count

    def _lines(
        self, shape: _Shape, where: str, values: Mapping[str, Any], order: Sequence[str]
    ) -> Iterator[tuple[bytes, Sequence[Any]]]:
        """Stream rows as JSON lines, each with its cursor and key values."""
        from sqlalchemy import text

        by = f" order by {', '.join(order)}" if order else ""
        place = ", ".join((*shape.columns, *shape.order))
        statement = f"select {place} from {shape.table} where {where}{by}"
        asked = {name: value for name, value in values.items() if f":{name}" in where}
        result = self.connection.execution_options(stream_results=True, yield_per=CHUNK_ROWS).execute(
            text(statement), asked
        )
        width = len(shape.names)
        with result:
            for row in result:
                yield line_of(shape.names, row[:width], shape.fixed), row[width:]

    def _write(self, line: bytes) -> None:
        self.sink.write(line)
        self._written += 1
        if self._written % SAY_EVERY_ROWS == 0:
            self.job.say(f"{self.job.channel}: {self._written:,} rows")

    def _value(self, statement: str, values: Mapping[str, Any]) -> Any:
        from sqlalchemy import text

        asked = {name: value for name, value in values.items() if f":{name}" in statement}
        return self.connection.execute(text(statement), asked).scalar()


@dataclass(frozen=True)
class _Shape:
    """A table as the database has it: quoted names, types of cursor and key."""

    options: TableOptions
    table: str
    names: tuple[str, ...]  # as the source calls its columns
    columns: tuple[str, ...]  # quoted
    cursor: str
    keys: tuple[str, ...]
    casts: Mapping[str, str] = field(default_factory=dict)
    fixed: bytes = b""

    @classmethod
    def of(cls, connection: Connection, schema: str, options: TableOptions) -> _Shape:
        from sqlalchemy import inspect
        from sqlalchemy.exc import NoSuchTableError

        quote = connection.dialect.identifier_preparer.quote_identifier
        inspector = inspect(connection)
        try:
            found = {
                str(one["name"]): one["type"]
                for one in inspector.get_columns(options.table, schema=schema or None)
            }
        except NoSuchTableError:
            found = {}
        if not found:
            known = sorted(inspector.get_table_names(schema=schema or None))[:20]
            raise SourceError(
                f"there is no table {options.table} (tables.{options.name}); there are: {', '.join(known)}"
            )
        names = options.columns or tuple(found)
        for one in (*names, *options.key, *filter(None, [options.cursor])):
            if one not in found:
                raise SourceError(
                    f"table {options.table} has no column {one} (tables.{options.name}); "
                    f"it has: {', '.join(list(found)[:40])}"
                )
        if "record_type" in names:
            raise SourceError(
                f"table {options.table}: a column record_type is in the way; rename it in a view"
            )
        fixed = {"record_type": options.record_type} | dict(options.fixed)
        names = tuple(one for one in names if one not in fixed)
        wanted = (*options.key, *filter(None, [options.cursor]))
        is_sqlite = connection.dialect.name == "sqlite"
        return cls(
            options,
            (f"{quote(schema)}." if schema else "") + quote(options.table),
            names,
            tuple(quote(one) for one in names),
            quote(options.cursor) if options.cursor else "",
            tuple(quote(one) for one in options.key),
            # SQLite compares what is stored, in the column's affinity; others want the column's type.
            {} if is_sqlite else {one: found[one].compile(connection.dialect) for one in wanted},
            orjson.dumps(fixed)[1:-1],
        )

    @property
    def order(self) -> tuple[str, ...]:
        """Cursor and key, quoted: the order rows are read in."""
        return (self.cursor, *self.keys) if self.cursor else self.keys

    def bound(self, name: str, column: str = "") -> str:
        """Return a placeholder in the type of the cursor, or of another column."""
        kind = self.casts.get(column or self.options.cursor)
        return f"cast(:{name} as {kind})" if kind else f":{name}"

    def between(self, low: Any, high: Any) -> tuple[str, dict[str, Any]]:
        """Return the condition low < cursor <= high (no low: from the start)."""
        upper = f"{self.cursor} <= {self.bound('high')}"
        if low is None:
            return upper, {"high": self._value(high)}
        return f"{self.cursor} > {self.bound('low')} and {upper}", {
            "low": self._value(low),
            "high": self._value(high),
        }

    def behind(self, after: Sequence[Any], high: Any) -> tuple[str, dict[str, Any]]:
        """Return the condition (cursor, key) > after and cursor <= high."""
        columns = (self.options.cursor, *self.options.key)
        places = ", ".join(self.bound(f"after{n}", one) for n, one in enumerate(columns))
        values = {f"after{n}": self._value(one) for n, one in enumerate(after)}
        where = f"({', '.join(self.order)}) > ({places}) and {self.cursor} <= {self.bound('high')}"
        return where, values | {"high": self._value(high)}

    def _value(self, value: Any) -> Any:
        """A typed placeholder takes text; SQLite takes the value as it is stored."""
        return str(value) if self.casts and value is not None else value


# -- connecting ----------------------------------------------------------------------------------


def _engine(url: str, job: Job) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except ArgumentError:
        raise job.options.fail(
            "url", "is no database address; e.g. postgresql+psycopg://user@host/db"
        ) from None
    if parsed.get_backend_name() not in DRIVERS:
        raise job.options.fail(
            "url", f"{parsed.get_backend_name()} is not supported; use {' or '.join(DRIVERS)}"
        )
    if parsed.get_backend_name() == "sqlite":
        path = job.settings.home / (parsed.database or "")
        if not path.is_file():
            raise SourceError(f"{path}: there is no such SQLite file; check `url`")
        engine = create_engine("sqlite://", creator=lambda: _open_sqlite(path))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("begin"))
        return engine
    if "+" not in parsed.drivername:
        parsed = parsed.set(drivername="postgresql+psycopg")
    try:
        return create_engine(
            parsed, connect_args={"connect_timeout": 15, "application_name": "voc-warehouse"}
        )
    except ModuleNotFoundError as error:
        raise SourceError(
            f'the driver {error.name} is not installed; `pip install "psycopg[binary]"`'
        ) from error


def _open_sqlite(path: Path) -> Any:
    import sqlite3
    from urllib.parse import quote

    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, timeout=30)


@contextlib.contextmanager
def _snapshot(engine: Engine, budget: Budget) -> Iterator[Connection]:
    """Yield a read-only connection that sees one state of the database, whatever others commit."""
    with engine.connect() as plain:
        connection = plain
        if engine.dialect.name == "postgresql":
            connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("set local time zone 'UTC'")
                # No statement may hang for longer than the channel has left; reading rows is many.
                limit_ms = max(1_000, int(budget.left * 1_000))
                connection.exec_driver_sql(f"set local statement_timeout = {limit_ms}")
            yield connection


def _sql_errors() -> tuple[type[Exception], ...]:
    import sqlite3

    from sqlalchemy.exc import SQLAlchemyError

    return (SQLAlchemyError, sqlite3.Error)


def _where(engine: Engine) -> str:
    return str(engine.url.render_as_string(hide_password=True)) if engine.url.host else "the database"


def _first_line(error: Exception) -> str:
    """The driver's own words, without the statement and its parameters."""
    origin = getattr(error, "orig", None) or error
    return str(origin).strip().splitlines()[0][:300] if str(origin).strip() else type(origin).__name__
