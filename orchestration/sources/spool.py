"""A spool of complete pages: what a killed or timed-out extraction has read is not read again.

`records.jsonl` holds the records of all complete pages, `journal.jsonl` one line a page. A page is
flushed to disk before its line, so the last whole line of the journal tells how much of the records
counts and where to go on; anything after it is cut off.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.sources.files import fsync_path, open_owner_only

RECORDS, JOURNAL = "records.jsonl", "journal.jsonl"


def short_hash(text: str | bytes) -> str:
    """Return 16 hex digits that stand for a text."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return hashlib.blake2b(data, digest_size=8).hexdigest()


class PageSpool:
    """Pages of one extraction window.

    `identity` names the window (options, sequence number): a spool of another one is thrown away.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.records = folder / RECORDS
        self.journal = folder / JOURNAL
        self._folder = folder
        self._identity = dict(identity)
        self.restart()
        self._restore()

    def restart(self) -> None:
        """Forget in memory what was read."""
        self.pages = self.rows = self.bytes = 0
        self.position: Any = None
        self.is_complete = False
        self.seen: set[str] = set()
        self.last_page = ""
        self.notes: dict[str, Any] = {}

    def clear(self) -> None:
        """Throw all pages away."""
        self.restart()
        self.journal.unlink(missing_ok=True)  # first: without it the records mean nothing
        self.records.unlink(missing_ok=True)

    def append(
        self, body: bytes, rows: int, position: Any, *, seen: str, page: str, notes: Mapping[str, Any]
    ) -> None:
        """Keep one complete page and where the next one is (`None`: there is no next one)."""
        if not self.journal.exists():
            _append(self.journal, _line({"identity": self._identity}))
        _append(self.records, body)
        entry = {
            "bytes": self.bytes + len(body),
            "rows": self.rows + rows,
            "next": position,
            "seen": seen,
            "page": page,
            "notes": dict(notes),
        }
        _append(self.journal, _line(entry))
        if self.pages == 0:
            fsync_path(self._folder)
        self._take(entry)

    def _take(self, entry: Mapping[str, Any]) -> None:
        self.pages += 1
        self.rows, self.bytes, self.position = entry["rows"], entry["bytes"], entry["next"]
        self.is_complete = self.position is None
        if entry["seen"]:
            self.seen.add(entry["seen"])
        self.last_page = entry["page"]
        self.notes = dict(entry["notes"])

    def _restore(self) -> None:
        entries = _whole_lines(self.journal)
        if not entries or entries[0].get("identity") != self._identity:
            self.clear()
            return
        for entry in entries[1:]:
            self._take(entry)
        # Lines are cut to the whole ones, too: the next page must not be glued to a torn line.
        _cut(self.journal, sum(len(_line(one)) for one in entries))
        _cut(self.records, self.bytes)


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True, sort_keys=True).encode() + b"\n"


def _append(path: Path, data: bytes) -> None:
    with open_owner_only(path, append=True) as writer:
        writer.write(data)
        writer.flush()
        os.fsync(writer.fileno())


def _cut(path: Path, size: int) -> None:
    if path.exists():
        os.truncate(path, size)


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    found = []
    for line in path.read_bytes().splitlines(keepends=True):
        try:
            found.append(json.loads(line))
        except ValueError:
            break
        if not line.endswith(b"\n"):
            found.pop()
    return found
