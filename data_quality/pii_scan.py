"""Search a whole home folder, decoded, for planted values (canaries) that should not be there.

Opens every store the project writes (DuckDB, SQLite incl. Dagster's event storage and zlib
payloads, Parquet, gz/zip members, JSON, HTML, logs) and compares in normal form: NFKC, lower case,
number words as digits, nothing but letters and digits. Besides, the raw bytes of every file are
searched, so that what a store no longer shows but still holds is found, too. Finding personal data
that nobody planted is the masker's work (`orchestration/admission/masking`).
"""

from __future__ import annotations

import bz2
import gzip
import html
import io
import lzma
import os
import re
import shutil
import sqlite3
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click
import duckdb
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

DEFAULT_EXCLUDE = ("restricted", "landing")
RAW_BYTES = "(bytes)"

_BATCH_CHARACTERS = 1_000_000
_ROWS = 20_000
_MAX_NESTING = 4
_MAX_MEMBER_BYTES = 256 * 1024 * 1024
_SHORTEST = 5
_JOINT = re.compile(r"[^\w\n]+|_+")
_NUMBER_WORDS = ("零〇○洞", "一壹幺", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒拐", "八捌", "九玖勾")
_WORD_TABLE = {ord(word): str(digit) for digit, words in enumerate(_NUMBER_WORDS) for word in words}
_ESCAPED = re.compile(r"\\u[0-9a-fA-F]{4}")
_ESCAPE = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)")
_SIDE_FILES = ("-wal", "-shm", "-journal", ".wal")


class ScanError(Exception):
    """A store that could not be opened: nothing can be said about what it holds."""


class Hit(NamedTuple):
    """One canary found: file (relative to the home), table or member, column, and row from 0."""

    canary: str
    file: str
    table: str
    column: str
    row: int


class _Column(NamedTuple):
    table: str
    column: str
    first_row: int
    texts: list[str]


def scan(home: Path, canaries: Iterable[str], exclude: Sequence[str] = DEFAULT_EXCLUDE) -> list[Hit]:
    """Return every place under `home` where a canary stands, in order of file, table, column, row.

    `exclude` are folders or files relative to `home` that may hold personal data. Symbolic links are
    not followed: what they point at is scanned where it lies.

    Raises:
        ScanError: a store that cannot be opened, or a canary too short to be told from chance.

    """
    finder = _Finder(canaries)
    hits: set[Hit] = set()
    for path in _files(home, exclude):
        name = path.relative_to(home).as_posix()
        for column in _decoded(path):
            hits.update(
                Hit(canary, name, column.table, column.column, column.first_row + row)
                for canary, row in finder.in_texts(column.texts)
            )
        hits.update(
            Hit(canary, name, RAW_BYTES, "", row) for canary, row in finder.in_bytes(path.read_bytes())
        )
    return sorted(hits)


def normal_form(text: str) -> str:
    """Return NFKC, lower case, number words as digits, and of the rest letters, digits and newlines."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_WORD_TABLE)
    return _JOINT.sub("", text.lower())


class _Finder:
    """Finds many short strings at once: a table of hashed beginnings, then an exact look."""

    def __init__(self, canaries: Iterable[str]) -> None:
        self._needles: dict[bytes, set[str]] = {}
        self._plain: dict[bytes, set[str]] = {}
        for canary in canaries:
            normal = normal_form(canary).replace("\n", "")
            if len(normal) < _SHORTEST:
                raise ScanError(
                    f"a canary of {len(normal)} letters and digits is too short; use {_SHORTEST} or more"
                )
            digits = re.sub(r"[^0-9]", "", normal)
            forms = {normal}
            if len(digits) >= 10:
                # Abroad a landline is written without the 0 of its area code.
                forms |= {digits, digits.removeprefix("0")}
            for form in forms:
                self._needles.setdefault(form.encode(), set()).add(canary)
            self._plain.setdefault(canary.encode(), set()).add(canary)
            self._plain.setdefault(normal.encode(), set()).add(canary)
        self._search_needles = _Search(self._needles)
        self._search_plain = _Search(self._plain)

    def in_texts(self, texts: list[str]) -> Iterator[tuple[str, int]]:
        """Yield (canary, index of the text)."""
        joined = "\n".join(text.replace("\n", " ") if "\n" in text else text for text in texts)
        data = normal_form(joined).encode("utf-8", "surrogatepass")
        ends: np.ndarray | None = None
        for needle, place in self._search_needles.find(data):
            if ends is None:
                ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10)
            row = int(np.searchsorted(ends, place))
            yield from ((canary, row) for canary in self._needles[needle])

    def in_bytes(self, data: bytes) -> Iterator[tuple[str, int]]:
        """Yield (canary, byte offset) of the plain forms."""
        for needle, place in self._search_plain.find(data):
            yield from ((canary, place) for canary in self._plain[needle])


class _Search:
    """Exact search for many byte strings of at least 5 bytes; linear in the data."""

    _FACTOR = np.uint64(0x9E3779B97F4A7C15)
    _BITS = 20

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._groups: list[tuple[int, dict[bytes, list[bytes]], np.ndarray]] = []
        by_size: dict[int, dict[bytes, list[bytes]]] = {}
        for needle in sorted(needles):
            size = 8 if len(needle) >= 8 else _SHORTEST
            by_size.setdefault(size, {}).setdefault(needle[:size], []).append(needle)
        for size, heads in sorted(by_size.items()):
            table = np.zeros(1 << self._BITS, dtype=bool)
            for head in heads:
                table[self._hashes(np.frombuffer(head, dtype=np.uint8), size)] = True
            self._groups.append((size, heads, table))

    def find(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield (needle, offset)."""
        for start in range(0, len(data), 8_000_000):
            # Overlap by more than the longest needle, and report each place once.
            part = data[start : start + 8_000_000 + 256]
            for needle, place in self._find(part):
                if place < 8_000_000:
                    yield needle, start + place

    def _find(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        codes = np.frombuffer(data, dtype=np.uint8)
        for size, heads, table in self._groups:
            if len(codes) < size:
                continue
            for place in np.flatnonzero(table[self._hashes(codes, size)]).tolist():
                for needle in heads.get(data[place : place + size], ()):
                    if data.startswith(needle, place):
                        yield needle, place

    def _hashes(self, codes: np.ndarray, size: int) -> np.ndarray:
        count = len(codes) - size + 1
        packed = codes[:count].astype(np.uint64)
        for offset in range(1, size):
            packed = (packed << np.uint64(8)) | codes[offset : offset + count]
        return (packed * self._FACTOR) >> np.uint64(64 - self._BITS)


def _files(home: Path, exclude: Sequence[str]) -> Iterator[Path]:
    left_out = {Path(name) for name in exclude}
    for folder, subfolders, names in os.walk(home):
        here = Path(folder)
        subfolders[:] = sorted(
            name
            for name in subfolders
            if (here / name).relative_to(home) not in left_out and not (here / name).is_symlink()
        )
        for name in sorted(names):
            path = here / name
            if path.relative_to(home) not in left_out and path.is_file() and not path.is_symlink():
                yield path


def _decoded(path: Path) -> Iterator[_Column]:
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(b"SQLite format 3\0"):
        yield from _with_copy(path, _sqlite_columns)
    elif head[8:12] == b"DUCK":
        yield from _with_copy(path, _duckdb_columns)
    elif head.startswith(b"PAR1"):
        yield from _parquet_columns(path, "")
    else:
        yield from _blob_columns(path.read_bytes(), "")


def _with_copy(path: Path, read: Callable[[Path], Iterator[_Column]]) -> Iterator[_Column]:
    """Read a database from a copy, with its log: the original may be in use and is never changed."""
    with tempfile.TemporaryDirectory(prefix="pii-scan-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        for suffix in _SIDE_FILES:
            side = path.with_name(path.name + suffix)
            if side.is_file():
                shutil.copyfile(side, copy.with_name(copy.name + suffix))
        try:
            yield from read(copy)
        except (duckdb.Error, sqlite3.Error) as error:
            raise ScanError(f"{path}: cannot be read as a database: {error}") from error


def _duckdb_columns(path: Path) -> Iterator[_Column]:
    with duckdb.connect(str(path)) as connection:
        for catalogue in ("duckdb_tables()", "duckdb_views()", "duckdb_columns()"):
            rows = connection.execute(f"SELECT * FROM {catalogue} WHERE NOT internal").fetchall()
            yield _Column(f"({catalogue})", "", 0, [str(row) for row in rows])
        columns = connection.execute(
            "SELECT c.schema_name, c.table_name, c.column_name, c.data_type FROM duckdb_columns() c "
            "JOIN duckdb_tables() t USING (database_name, schema_name, table_name) "
            "WHERE NOT c.internal ORDER BY ALL"
        ).fetchall()
        for schema, table, column, data_type in columns:
            chosen = _quoted(column) if data_type == "BLOB" else f"CAST({_quoted(column)} AS VARCHAR)"
            cursor = connection.execute(f"SELECT {chosen} FROM {_quoted(schema)}.{_quoted(table)}")
            yield from _batches(f"{schema}.{table}", column, iter(partial(cursor.fetchmany, _ROWS), []))


def _sqlite_columns(path: Path) -> Iterator[_Column]:
    connection = sqlite3.connect(path)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        names = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        yield _Column("(sqlite_master)", "sql", 0, [str(sql) for _, sql in names])
        for (table,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall():
            for column in [row[1] for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]:
                cursor = connection.execute(f"SELECT {_quoted(column)} FROM {_quoted(table)}")
                yield from _batches(table, column, iter(partial(cursor.fetchmany, _ROWS), []))
    finally:
        connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _batches(table: str, column: str, batches: Iterable[list[tuple[Any, ...]]]) -> Iterator[_Column]:
    first = 0
    for batch in batches:
        texts = []
        for row, (value,) in enumerate(batch):
            if isinstance(value, bytes):
                for inner in _blob_columns(value, table):
                    yield from (_Column(inner.table, column, first + row, [text]) for text in inner.texts)
            texts.append("" if value is None or isinstance(value, bytes) else _unescaped(str(value)))
        yield _Column(table, column, first, texts)
        first += len(batch)


def _parquet_columns(source: Path | io.BytesIO, table: str) -> Iterator[_Column]:
    try:
        file = pq.ParquetFile(source)
    except (pa.ArrowInvalid, OSError) as error:
        raise ScanError(f"{source}: cannot be read as Parquet: {error}") from error
    yield _Column(table, "(metadata)", 0, [str(file.schema_arrow.metadata), str(file.metadata.metadata)])
    first = 0
    for batch in file.iter_batches(batch_size=_ROWS):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            rows = [
                (value if isinstance(value, str | bytes | None) else _as_text(value),)
                for value in column.to_pylist()
            ]
            for part in _batches(table, name, [rows]):
                yield part._replace(first_row=first + part.first_row)
        first += batch.num_rows


def _as_text(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return str(value)


def _blob_columns(data: bytes, table: str, depth: int = 0) -> Iterator[_Column]:
    """Open packed bytes as far as they go; what is left is read as text, line by line."""
    if depth < _MAX_NESTING:
        if data.startswith(b"PK\x03\x04"):
            yield from _zip_columns(data, table, depth)
            return
        if data.startswith(b"PAR1") and data.endswith(b"PAR1"):
            yield from _parquet_columns(io.BytesIO(data), table)
            return
        unpacked = _unpacked(data)
        if unpacked is not None:
            yield from _blob_columns(unpacked, table, depth + 1)
            return
    lines = _decode(data).split("\n")
    for first in range(0, len(lines), _ROWS):
        yield _Column(table, "", first, [_unescaped(line) for line in lines[first : first + _ROWS]])


def _zip_columns(data: bytes, table: str, depth: int) -> Iterator[_Column]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            with archive.open(member) as file:
                inner = file.read(_MAX_MEMBER_BYTES)
            yield from _blob_columns(inner, f"{table}{member.filename}", depth + 1)


def _unpacked(data: bytes) -> bytes | None:
    """Return what gzip, zlib, bzip2 or xz bytes hold, None if they are none of these."""
    try:
        if data.startswith(b"\x1f\x8b"):
            return gzip.decompress(data)
        if data[:1] == b"\x78" and len(data) > 2 and int.from_bytes(data[:2], "big") % 31 == 0:
            return zlib.decompress(data)
        if data.startswith(b"BZh"):
            return bz2.decompress(data)
        if data.startswith(b"\xfd7zXZ"):
            return lzma.decompress(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return None
    return None


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace")


def _unescaped(text: str) -> str:
    r"""Return a text with the readings of \uXXXX and &#…; behind it, where it has any."""
    if "\\u" in text and _ESCAPED.search(text):
        text += " " + _ESCAPE.sub(lambda match: _from_escapes(match[1]), text)
    if "&" in text and ";" in text:
        text += " " + html.unescape(text)
    return text


def _from_escapes(escapes: str) -> str:
    units = b"".join(int(code, 16).to_bytes(2, "big") for code in escapes.split("\\u")[1:])
    return units.decode("utf-16-be", "replace")


@click.command()
@click.argument("home", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("canaries", type=click.File(encoding="utf-8"))
@click.option(
    "--exclude", multiple=True, default=DEFAULT_EXCLUDE, show_default=True, help="Left out, under HOME."
)
def main(home: Path, canaries: io.TextIOBase, exclude: tuple[str, ...]) -> None:
    """Scan HOME for the values in CANARIES (one a line); exit 4 if one is found. Prints no value."""
    try:
        hits = scan(home, [line.strip() for line in canaries if line.strip()], exclude)
    except ScanError as error:
        raise click.ClickException(str(error)) from error
    for hit in hits:
        click.echo(f"{hit.file}\t{hit.table}\t{hit.column}\trow {hit.row}")
    click.echo(f"{len(hits)} hits", err=True)
    raise SystemExit(4 if hits else 0)


if __name__ == "__main__":
    main()
