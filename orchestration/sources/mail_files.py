"""Mail on disk: a maildir or an mbox file that a mail server or a fetcher writes; nothing is moved.

A maildir message is known by its unique name (the part before the flags), which the manifests of the
channel's deliveries list as short hashes. An mbox only grows: what stands behind the part landed before
is new; where that part changed, the whole file is landed again (admission knows the messages by id).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from orchestration.sources.connector import Harvest, Job, SourceError
from orchestration.sources.files import open_owner_only
from orchestration.sources.mbox_format import mbox_entry
from orchestration.sources.spool import short_hash

DEFAULT_STABLE_S = 30
_SCRATCH = "messages.mbox"
_CHUNK = 1024**2


def extract_maildir(job: Job) -> Iterator[Harvest]:
    """Yield one mbox of all messages of a maildir that were not landed yet.

    Raises:
        SourceError: the folder is no maildir or cannot be read.

    """
    folder = job.settings.home / job.options.text("path")
    job.options.reject_unknown()
    known = {name for one in job.history for name in one.get("messages", ())}
    scratch = job.folder / _SCRATCH
    try:
        if not (folder / "cur").is_dir() or not (folder / "new").is_dir():
            raise SourceError(f"{folder}: is no maildir (it needs cur/ and new/); check `path`")
        new = {name: path for name, path in _messages(folder).items() if short_hash(name) not in known}
        if not new:
            return
        landed = _write_mbox(new, scratch)
    except OSError as error:
        raise SourceError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from error
    source = {
        "kind": "maildir",
        "sequence": job.sequence,
        "records": len(landed),
        "messages": [short_hash(name) for name in landed],
    }
    if landed:
        yield Harvest(scratch, f"{job.channel}-{job.sequence:06d}.mbox", source)


def _messages(folder: Path) -> dict[str, Path]:
    """Return messages by unique name, in the order of their names (which start with the time)."""
    found = {}
    for part in ("new", "cur"):
        with os.scandir(folder / part) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                    found[entry.name.split(":")[0]] = Path(entry.path)
    return dict(sorted(found.items()))


def _write_mbox(messages: dict[str, Path], target: Path) -> list[str]:
    """Write messages as an mbox; one that a mail program moved meanwhile comes next time."""
    landed = []
    with open_owner_only(target) as sink:
        for name, path in messages.items():
            try:
                data, changed = path.read_bytes(), path.stat().st_mtime
            except FileNotFoundError:
                continue
            sink.write(mbox_entry(data, datetime.fromtimestamp(changed, UTC)))
            landed.append(name)
    return landed


def extract_mbox(job: Job) -> Iterator[Harvest]:
    """Yield what an mbox file gained since the last delivery, once it has not changed for `stable_s`.

    Raises:
        SourceError: the file is missing, unreadable or no mbox.

    """
    path = job.settings.home / job.options.text("path")
    stable_s = job.options.number("stable_s", DEFAULT_STABLE_S)
    job.options.reject_unknown()
    try:
        before = path.stat()
        if job.clock.wall() - before.st_mtime < stable_s:
            return
        known = job.state
        if (known.get("bytes"), known.get("ctime_ns")) == (before.st_size, before.st_ctime_ns):
            return  # nobody wrote to it: mailboxes are large, and this is asked every few minutes
        start, digest = _start_of_news(path, known, before.st_size)
        if start == before.st_size:
            return
        scratch = job.folder / _SCRATCH
        _copy_tail(path, scratch, start, before.st_size, digest)
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror}); check `path` and its permissions"
        ) from error
    with scratch.open("rb") as file:
        if file.read(5) != b"From ":
            raise SourceError(f"{path}: is no mbox (a message must start with a line `From …`); check `path`")
    source = {
        "kind": "mbox",
        "sequence": job.sequence,
        "bytes": before.st_size,
        "sha256": digest.hexdigest(),
        "ctime_ns": before.st_ctime_ns,
    }
    yield Harvest(scratch, path.name, source)


def _start_of_news(path: Path, known: Mapping[str, Any], size_now: int) -> tuple[int, hashlib._Hash]:
    """Return the offset behind what was landed and the sha256 up to there; 0 if that part has changed."""
    size = int(known.get("bytes", 0))
    if not size or size > size_now:
        return 0, hashlib.sha256()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in _chunks(file, size):
            digest.update(chunk)
        tail = file.read(5)
    is_same = digest.hexdigest() == known.get("sha256") and tail in (b"", b"From ")
    return (size, digest) if is_same else (0, hashlib.sha256())


def _copy_tail(path: Path, target: Path, start: int, end: int, digest: hashlib._Hash) -> None:
    """Copy the bytes from `start` to `end`; `digest`, that of all before them, takes them in."""
    with path.open("rb") as file, open_owner_only(target) as sink:
        file.seek(start)
        for chunk in _chunks(file, end - start):
            digest.update(chunk)
            sink.write(chunk)


def _chunks(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(_CHUNK, size))):
        size -= len(chunk)
        yield chunk
