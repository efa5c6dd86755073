"""Durable file steps shared by landing and admission: write, fsync, rename, fsync the folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

OWNER_FILE = 0o600
OWNER_FOLDER = 0o700
_CHUNK = 1024**2


def open_owner_only(path: Path, *, append: bool = False, buffering: int = -1) -> BinaryIO:
    """Open a file for writing that only its owner may read from the moment it exists.

    What it holds is cut off, or kept and written behind with `append`. Raises OSError as `open` does.
    """
    how = os.O_APPEND if append else os.O_TRUNC
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, OWNER_FILE)
    return os.fdopen(descriptor, "ab" if append else "wb", buffering)


def make_folder(path: Path, top: Path) -> None:
    """Create `path` and its parents below `top` as owner-only folders."""
    missing = [one for one in (path, *path.parents) if one.is_relative_to(top) and not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=OWNER_FOLDER, exist_ok=True)


def fsync_path(path: Path) -> None:
    """Make the content of a written file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_durably(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file owner-only and fsync it; return (bytes, sha256 hex) of what was written."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reader, open_owner_only(target) as writer:
        while chunk := reader.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    return size, digest.hexdigest()


def write_durably(target: Path, data: bytes) -> None:
    """Write bytes owner-only and fsync them."""
    with open_owner_only(target) as writer:
        writer.write(data)
        writer.flush()
        os.fsync(writer.fileno())


def sha256_of(path: Path) -> str:
    """Return the sha256 hex of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
