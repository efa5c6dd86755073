"""Writing the files of a delivery: temporary name, fsync, content-addressed name, fsync of the folder.

A file exists for the others only once the ledger lists it. What is in the files is `shape.py`'s.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.faults import fault_point
from orchestration.sources.files import OWNER_FILE, fsync_path, make_folder, sha256_of

PART = ".part-"


@dataclass(frozen=True)
class Written:
    """A file in place."""

    path: Path
    sha256: str
    rows: int
    bytes: int


def write_table(table: pa.Table, folder: Path, name: str, top: Path, *, owner_only: bool) -> Written:
    """Write a table as `folder/name`, where `{sha}` and `{sha16}` in `name` stand for its content hash."""
    if owner_only:
        make_folder(folder, top)
    else:
        folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{PART}{os.getpid()}-{secrets.token_hex(4)}"
    pq.write_table(table, part, compression="zstd")
    if owner_only:
        part.chmod(OWNER_FILE)
    fsync_path(part)
    digest = sha256_of(part)
    target = folder / name.format(sha=digest, sha16=digest[:16])
    size = part.stat().st_size
    fault_point("before_raw_rename")
    part.replace(target)
    fsync_path(folder)
    fault_point("after_raw_rename")
    return Written(target, digest, table.num_rows, size)


def sweep_unlisted(
    folder: Path, listed: Collection[str], home: Path, of: Collection[str] | None = None
) -> list[Path]:
    """Delete files of a folder that the ledger does not list: leavings of a run that died.

    `of`: only temporary files and those of these deliveries (whose id begins their name).
    """
    if not folder.is_dir():
        return []
    names = [
        name
        for name in sorted(one.name for one in folder.iterdir())
        if of is None or name.startswith(PART) or name[:16] in of
    ]
    gone = [folder / name for name in names if (folder / name).relative_to(home).as_posix() not in listed]
    for one in gone:
        one.unlink(missing_ok=True)
    return gone
