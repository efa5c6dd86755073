"""Files that are whole or not at all, also after a power cut.

Here: where an unfinished file stands, and when it takes its name. What stands in it is the writer's.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync_folder(path: Path) -> None:
    """Make the names in a folder last."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the name under which to write a file; afterwards it is synced and replaces `path`.

    The folder is made if there is none. After an error `path` is as before and nothing else is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two processes do not write into each other's file.
    unique = hashlib.sha256(f"{path} {os.getpid()}".encode()).hexdigest()[:8]
    temporary = path.with_name(f".{path.name}.{unique}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
