"""Durable files: write, link, rename. Nothing here knows what a version is."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from orchestration.sources.files import fsync_path


def canonical_json(value: Any) -> bytes:
    """Return the one JSON text of a value: sorted keys, UTF-8, a closing newline."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1)
    return (text + "\n").encode()


def write_durably(path: Path, content: bytes) -> None:
    """Replace `path` with `content` so that a reader sees the old or the new, never a part."""
    temporary = path.with_name(f".tmp-{path.name}")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    fsync_path(path.parent)


def move_durably(source: Path, target: Path) -> None:
    """Rename a finished file or folder (already synced) into place."""
    source.rename(target)
    fsync_path(target.parent)


def share_file(source: Path, target: Path) -> None:
    """Give `source` a second name (hard link; a copy where the file system has none)."""
    if target.exists():
        return
    try:
        os.link(source, target)
    except OSError:
        temporary = target.with_name(f".tmp-{target.name}")
        shutil.copy2(source, temporary)
        fsync_path(temporary)
        temporary.replace(target)


def point_to(link: Path, target: str) -> None:
    """Make `link` a symbolic link to `target`, replacing an older one in a single step."""
    temporary = link.with_name(f".tmp-{link.name}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)
    fsync_path(link.parent)
