"""Reading a published version: a hardened connection, and what `voc sql` prints.

The connection sees one immutable file, cannot write, cannot reach any other file or the network,
and cannot change its own settings. Only statements that read are let through.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publishing.versions import AudienceStore, current_version
from orchestration.settings import Settings
from orchestration.warehouse.connection import WarehouseError, connect_reader

FORMATS = ("table", "csv", "json")
TABLE_ROW_LIMIT = 200
# A spreadsheet takes a cell that begins so for a formula; full-width forms are folded by some.
_FORMULA_START = re.compile(r"^[\s\u200b\ufeff]*[=+\-@|%＝＋－﹣−＠｜％]|^[\t\r\n]")
_READING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})


class QueryError(Exception):
    """A query a person has to mend; says what to do."""


@dataclass(frozen=True)
class QueryResult:
    """Columns and rows of a query, and the version they came from."""

    version_id: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@contextlib.contextmanager
def open_published(settings: Settings, audience: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """Open the current version of an audience for reading; give the connection and its folder.

    The folder has its links resolved: the connection keeps reading that version whatever is
    published meanwhile.

    Raises:
        QueryError: unknown audience, nothing published for it yet, or a file that does not open.

    """
    if audience not in settings.audiences:
        known = ", ".join(sorted(settings.audiences))
        raise QueryError(f"unknown audience {audience!r}; {settings.config_path} knows: {known}")
    store = AudienceStore(settings, audience)
    folder = current_version(settings, audience)
    if folder is None:
        raise QueryError(
            f"nothing is published for {audience!r} yet (looked in {store.root}); run `voc refresh`"
        )
    try:
        with connect_reader(folder / store.database_name, settings) as connection:
            yield connection, folder
    except WarehouseError as error:
        raise QueryError(str(error)) from error


def run_query(settings: Settings, audience: str, sql: str) -> QueryResult:
    """Run one reading statement against the current version of an audience.

    Raises:
        QueryError: not a single reading statement, unknown table or column (with near names),
            or anything DuckDB refuses.

    """
    with open_published(settings, audience) as (connection, folder):
        try:
            statement = _single_reading_statement(connection, sql)
            cursor = connection.execute(statement)
            columns = tuple(item[0] for item in cursor.description or ())
            rows = tuple(cursor.fetchall())
        except duckdb.Error as error:
            raise QueryError(_explain(connection, audience, error)) from error
    return QueryResult(folder.name, columns, rows)


def run_sql(settings: Settings, audience: str, sql: str, fmt: str = "table", *, raw_csv: bool = False) -> str:
    """Run one reading statement and return its result as text (`table`, `csv` or `json`).

    CSV cells that a spreadsheet would run as a formula get a leading `'` unless `raw_csv`.

    Raises:
        QueryError: see `run_query`; also for an unknown format.

    """
    writers: dict[str, Callable[[QueryResult], str]] = {
        "table": as_table,
        "csv": lambda result: as_csv(result, raw=raw_csv),
        "json": as_json,
    }
    if fmt not in writers:
        raise QueryError(f"unknown format {fmt!r}; choose from {', '.join(FORMATS)}")
    return writers[fmt](run_query(settings, audience, sql))


def _single_reading_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise QueryError(f"expected one statement, found {len(statements)}")
    kind = statements[0].type
    if kind not in _READING:
        raise QueryError(
            f"{kind.name} is not allowed here: published versions are read-only; use SELECT, WITH, FROM, "
            "VALUES, DESCRIBE, SUMMARIZE, SHOW or EXPLAIN"
        )
    return statements[0]


def _explain(connection: duckdb.DuckDBPyConnection, audience: str, error: duckdb.Error) -> str:
    text = str(error)
    missing = re.search(r"Table with name \"?([^\"\s]+)\"? does not exist", text)
    if missing is None:
        return text
    tables = published_tables(connection)
    wanted = missing[1].lower()
    short = {name.split(".", 1)[1]: name for name in tables}
    near = [short[name] for name in difflib.get_close_matches(wanted, short, n=3, cutoff=0.4)]
    hint = f"near names: {', '.join(near)}" if near else f"tables: {', '.join(tables)}"
    return f"no table {missing[1]!r} is published for {audience!r}; {hint}"


def published_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return every table of an open version as `schema.table`."""
    found = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables order by 1"
    ).fetchall()
    return [row[0] for row in found]


def as_table(result: QueryResult) -> str:
    """Return the first rows as a text table, with a line that says how many there are."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_edge=False, pad_edge=False)
    numeric = [_is_numeric([row[i] for row in result.rows]) for i in range(len(result.columns))]
    for name, is_number in zip(result.columns, numeric, strict=True):
        table.add_column(Text(_visible(name)), justify="right" if is_number else "left", overflow="fold")
    for row in result.rows[:TABLE_ROW_LIMIT]:
        table.add_row(*(Text("" if value is None else _visible(str(value))) for value in row))
    console = Console(file=io.StringIO(), width=_console_width(), force_terminal=False, legacy_windows=False)
    console.print(table)
    shown = min(len(result.rows), TABLE_ROW_LIMIT)
    more = "" if shown == len(result.rows) else f", first {shown} shown (--format csv gives all)"
    console.print(Text(f"{len(result.rows)} rows{more} · {result.version_id}"))
    output: io.StringIO = console.file  # type: ignore[assignment]
    return output.getvalue()


def _console_width() -> int:
    import shutil

    return max(shutil.get_terminal_size((160, 24)).columns, 80)


def _visible(text: str) -> str:
    """Terminal control characters would let a customer's text redraw the screen."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def _is_numeric(values: Sequence[Any]) -> bool:
    return all(
        isinstance(v, (int, float, Decimal)) and not isinstance(v, bool) for v in values if v is not None
    )


def as_csv(result: QueryResult, *, raw: bool = False) -> str:
    """Return all rows as CSV.

    Quoted as RFC 4180 says; lines end in LF, null is empty, an empty text is `""`.
    Cells a spreadsheet would run as a formula are made inert unless `raw`.
    """
    lines = [result.columns, *result.rows]
    return "".join(
        ",".join(_cell(value if raw else neutralise(value)) for value in line) + "\n" for line in lines
    )


def _cell(value: Any) -> str:
    """Quote a cell; not by the csv module, which leaves a lone CR unquoted when lines end in LF."""
    if value is None:
        return ""
    text = str(value)
    needs_quotes = not text or any(character in text for character in '",\r\n')
    return '"' + text.replace('"', '""') + '"' if needs_quotes else text


def neutralise(value: Any) -> Any:
    """Return a cell value a spreadsheet will not run: text that looks like a formula gets a `'`."""
    if value is None or isinstance(value, (bool, int, float, Decimal)):
        return value
    text = str(value)
    return f"'{text}" if _FORMULA_START.match(text) else text


def as_json(result: QueryResult) -> str:
    """Return all rows as a JSON list of objects; dates as ISO text, NaN and infinity as null."""
    rows = [dict(zip(result.columns, map(_plain, row), strict=True)) for row in result.rows]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        # A JSON number is read as a double: keep it one only where that loses nothing.
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
