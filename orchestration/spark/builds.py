"""Where the builds of Spark lie, and which of them is read: a folder each, and one small file that names one.

A name in a file, and no renamed folder, because object storage renames nothing at once.
"""

from __future__ import annotations

import json
from pathlib import Path

CURRENT_FILE = "current.json"
PUBLISHED = ("core", "experience", "finance", "reports")


def current_build(root: Path) -> Path | None:
    """Return the folder of the last build that ended well, if there is one."""
    path = root / CURRENT_FILE
    if not path.is_file():
        return None
    return root / "builds" / str(json.loads(path.read_text(encoding="utf-8"))["folder"])
