"""Names of unfinished files of the identity folder. What stands in them: `evidence`, `resolve`, `voices`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def temporary_of(path: Path) -> Path:
    """Return the name under which a file is written before it is complete."""
    unique = hashlib.sha256(f"{path} {os.getpid()}".encode()).hexdigest()[:8]
    return path.with_name(f".{path.name}.{unique}.tmp")
