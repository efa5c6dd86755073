"""Writing the files of the identity folder. What stands in them: `evidence`, `resolve`, `voices`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def write_whole(table: pa.Table, path: Path) -> None:
    """Write a Parquet file whole or not at all: temporary name, sync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_of(path)
    try:
        with temporary.open("wb") as handle:
            pq.write_table(table, handle, compression="zstd")
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_of(path: Path) -> Path:
    """Return the name under which a file is written before it is complete."""
    unique = hashlib.sha256(f"{path} {os.getpid()}".encode()).hexdigest()[:8]
    return path.with_name(f".{path.name}.{unique}.tmp")
