"""The run lease: one refresh at a time, whoever starts it (schedule, UI or command line).

A `flock` on `<home>/lease.lock`, held by the process that refreshes. The kernel drops it when the
process ends, however it ends, so a dead run never blocks the next one. The file's content only
tells a person who holds it; the lock itself is the truth.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXIT_LEASE_HELD = 75  # EX_TEMPFAIL

_held: dict[Path, int] = {}


class LeaseHeldError(Exception):
    """Another refresh holds the lease."""


@contextmanager
def lease(path: Path, purpose: str) -> Iterator[None]:
    """Hold the lease at `path`; nested use in the same process passes through.

    Raises:
        LeaseHeldError: another process holds it; the message says which.

    """
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 500).decode("utf-8", "replace").strip()
        os.close(descriptor)
        raise LeaseHeldError(
            f"another refresh is running ({holder or 'holder unknown'}); try again later"
        ) from None
    _held[path] = descriptor
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "purpose": purpose}).encode())
        yield
    finally:
        del _held[path]
        os.close(descriptor)
