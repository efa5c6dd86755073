"""From a payload as received to the bytes that are read: plain, gzip or zip, within safe limits.

Here: opening and counting. What the bytes mean is `readers.py`. The limits hold against what really
comes out of the archive, not against what its directory claims.
"""

from __future__ import annotations

import gzip
import lzma
import mmap
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from orchestration.admission.reasons import Problem, Reason

MAX_RATIO = 100
MAX_MEMBERS = 1_000
MAX_UNPACKED_BYTES = 4 * 1024**3
# Below this size a high ratio is normal (a few repeated lines) and harmless.
RATIO_FREE_BYTES = 1024**2
_CHUNK = 1024**2
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_ZIP_EMPTY = b"PK\x05\x06"

# What the library raises for archives that are no sound ones. RuntimeError: encrypted, or (its subclass)
# a compression it does not know; ValueError: names that are no text, places before the start.
UNREADABLE = (
    OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile,
)  # fmt: skip

Bytes = bytes | mmap.mmap


@dataclass(frozen=True)
class Member:
    """One file to be read; `base` is its offset in the concatenation of all members."""

    name: str
    data: Bytes
    base: int
    size: int
    book: Any = None  # of a workbook: its `Book` (`data` is its sheet), or the `Problem` it has


@dataclass(frozen=True)
class Opened:
    """What is in a payload. With `problem` the payload stays whole: one span of `size` bytes."""

    members: tuple[Member, ...]
    size: int
    problem: Problem | None = None


class LimitError(Exception):
    """An archive that grows beyond its limits."""


@contextmanager
def open_payload(path: Path, file_name: str, scratch: Path) -> Iterator[Opened]:
    """Open a landed payload; decompressed bytes live in an unnamed file under `scratch`."""
    size = path.stat().st_size
    with path.open("rb") as head:
        magic = head.read(4)
    kind = _kind(file_name, magic)
    if kind == "plain":
        with _mapped(path) as data:
            yield Opened((Member(file_name, data, 0, size),), size)
        return
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryFile(dir=scratch) as sink:
        try:
            parts = _inflate_gzip(path, sink, file_name) if kind == "gzip" else _inflate_zip(path, sink)
        except LimitError as error:
            yield Opened((), size, Problem(Reason.ARCHIVE_LIMIT, detail=str(error)))
            return
        except UNREADABLE as error:
            yield Opened((), size, Problem(Reason.ARCHIVE_DAMAGED, detail=plain_words(error)))
            return
        if not parts:
            yield Opened((), size, Problem(Reason.EMPTY_DELIVERY, detail="the archive has no file in it"))
            return
        yield _members(parts, sink)


def _kind(file_name: str, magic: bytes) -> str:
    lower = file_name.lower()
    if magic.startswith(_GZIP_MAGIC) or lower.endswith(".gz"):
        return "gzip"
    if magic in (_ZIP_MAGIC, _ZIP_EMPTY) or lower.endswith(".zip"):
        return "zip"
    return "plain"


@contextmanager
def _mapped(path: Path) -> Iterator[Bytes]:
    if path.stat().st_size == 0:  # an empty file cannot be mapped
        yield b""
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def _members(parts: list[tuple[str, int]], sink: IO[bytes]) -> Opened:
    sink.seek(0)
    members, base = [], 0
    for name, size in parts:
        members.append(Member(name, sink.read(size), base, size))
        base += size
    return Opened(tuple(members), base)


def _inflate_gzip(path: Path, sink: IO[bytes], file_name: str) -> list[tuple[str, int]]:
    packed = path.stat().st_size
    with gzip.open(path, "rb") as source:
        size = pour(source, sink, 0, packed)
    return [(file_name.removesuffix(".gz"), size)]


def _inflate_zip(path: Path, sink: IO[bytes]) -> list[tuple[str, int]]:
    parts: list[tuple[str, int]] = []
    packed, total = path.stat().st_size, 0
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_MEMBERS:
            raise LimitError(f"{len(entries)} members, at most {MAX_MEMBERS} allowed")
        for entry in entries:
            if entry.is_dir():
                continue
            with archive.open(entry) as source:
                size = pour(source, sink, total, packed)
            parts.append((entry.filename, size))
            total += size
    return parts


def pour(source: IO[bytes] | gzip.GzipFile, sink: IO[bytes], already: int, packed: int) -> int:
    """Unpack one member into `sink`; returns its bytes (LimitError: it grows beyond the limits)."""
    size = 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        total = already + size
        if total > max(RATIO_FREE_BYTES, MAX_RATIO * packed):
            raise LimitError(f"more than {MAX_RATIO} times its packed size of {packed} bytes")
        if total > MAX_UNPACKED_BYTES:
            raise LimitError(f"more than {MAX_UNPACKED_BYTES} bytes unpacked")
        sink.write(chunk)
    return size


def plain_words(error: Exception) -> str:
    """Say why an archive cannot be opened."""
    if isinstance(error, RuntimeError) and "password" in str(error):
        return "the archive is encrypted"
    if isinstance(error, NotImplementedError):
        return "the archive uses an unsupported compression"
    if isinstance(error, EOFError):
        return "the archive ends too early"
    return "the archive cannot be read"
