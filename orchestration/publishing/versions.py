"""Published versions as they lie on disk: which there are, which is current, going back.

    published/publications.jsonl               one line per publish: which version each audience got
    published/<audience>/objects/<sha256>.parquet
    published/<audience>/versions/<version_id>/{manifest.json, voc_<audience>.duckdb}
    published/<audience>/current -> versions/<version_id>
    published/<audience>/history/<version_id>/ small aggregates of removed versions, kept for good

A rollback moves pointers only, and holds until the next publish. Versions are written in
`publisher`; reading their tables is `query`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.publishing.catalogue import PublishError
from orchestration.publishing.files import canonical_json, point_to, share_file, write_durably
from orchestration.settings import Settings
from orchestration.sources.files import sha256_of

PREVIOUS = "previous"
# A reader that has just followed `current` needs a moment to open what it names.
GRACE_SECONDS = 3600.0
# A table with a column of such a name is row by row, no aggregate: it leaves with its version,
# so that an erased person does not live on in the history.
_ROW_LEVEL_SUFFIXES = ("_id", "_key")
_AGGREGATE_PREFIXES = ("agg_", "rpt_", "est_")


@dataclass(frozen=True)
class VersionInfo:
    """One version of one audience, as listed."""

    audience: str
    version_id: str
    as_of: str
    sequence: int
    is_current: bool
    rows: int
    bytes: int


@dataclass(frozen=True)
class AudienceStore:
    """The folder of one audience."""

    settings: Settings
    audience: str

    @property
    def root(self) -> Path:
        """Folder of this audience."""
        return self.settings.published / self.audience

    @property
    def objects(self) -> Path:
        """Content-addressed Parquet."""
        return self.root / "objects"

    @property
    def versions(self) -> Path:
        """Complete versions."""
        return self.root / "versions"

    @property
    def database_name(self) -> str:
        """File name of the DuckDB file inside a version."""
        return f"voc_{self.audience}.duckdb"

    def current_id(self) -> str | None:
        """Return the version id `current` names, or None."""
        link = self.root / "current"
        if not link.is_symlink():
            return None
        return link.readlink().name

    def version_ids(self) -> list[str]:
        """Return the ids of complete versions on disk, in name order."""
        if not self.versions.is_dir():
            return []
        return sorted(p.parent.name for p in self.versions.glob("v*/manifest.json"))

    def manifest(self, version_id: str) -> dict[str, Any] | None:
        """Return a version's manifest, or None if the version is not (or no longer) there."""
        path = self.versions / version_id / "manifest.json"
        try:
            document: dict[str, Any] = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        return document

    def object_path(self, sha256: str) -> Path:
        """Return where the object of this hash lies."""
        return self.objects / f"{sha256}.parquet"

    def point_current(self, version_id: str) -> None:
        """Move `current` in one step."""
        point_to(self.root / "current", f"versions/{version_id}")


@contextlib.contextmanager
def publish_lock(settings: Settings) -> Iterator[None]:
    """Hold the one right to move pointers or write versions; refuse at once if another has it."""
    settings.published.mkdir(parents=True, exist_ok=True)
    with (settings.published / ".lock").open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PublishError(
                f"{settings.published}: another publish or rollback is at work; try again when it has ended"
            ) from error
        yield


def publications(settings: Settings) -> list[dict[str, Any]]:
    """Return every publication, oldest first: `{sequence, as_of, window_key, state, versions}`."""
    path = settings.published / "publications.jsonl"
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def record_publication(settings: Settings, versions: Mapping[str, str], facts: Mapping[str, str]) -> bool:
    """Add a line to the list of publications unless the last one names the same versions already.

    `facts` are kept beside them: `as_of`, `window_key`, `state` (see `publisher.publish`).
    """
    known = publications(settings)
    if known and known[-1]["versions"] == dict(versions):
        return False
    sequence = known[-1]["sequence"] + 1 if known else 1
    entry = {"sequence": sequence, **facts, "versions": dict(versions)}
    lines = [json.dumps(line, ensure_ascii=False, sort_keys=True) for line in [*known, entry]]
    write_durably(settings.published / "publications.jsonl", ("\n".join(lines) + "\n").encode())
    return True


def last_publication(settings: Settings, audience: str) -> dict[str, Any]:
    """Return the newest publication that gave this audience a version (whatever `current` names), or {}."""
    return next((e for e in reversed(publications(settings)) if audience in e["versions"]), {})


def list_versions(settings: Settings, audience: str) -> list[VersionInfo]:
    """Return the kept versions of an audience, newest publication first."""
    store = AudienceStore(settings, audience)
    current = store.current_id()
    sequence = {
        e["versions"][audience]: e["sequence"] for e in publications(settings) if audience in e["versions"]
    }
    infos = []
    for version_id in store.version_ids():
        manifest = store.manifest(version_id)
        if manifest is None:
            continue
        infos.append(
            VersionInfo(
                audience=audience,
                version_id=version_id,
                as_of=manifest["as_of"],
                sequence=sequence.get(version_id, 0),
                is_current=version_id == current,
                rows=sum(table["rows"] for table in manifest["tables"].values()),
                bytes=manifest["database"]["bytes"] + sum(p["bytes"] for p in _partitions(manifest)),
            )
        )
    return sorted(infos, key=lambda info: (-info.sequence, info.version_id))


def current_version(settings: Settings, audience: str) -> Path | None:
    """Return the folder of the current version with every link resolved, or None."""
    store = AudienceStore(settings, audience)
    version_id = store.current_id()
    if version_id is None or store.manifest(version_id) is None:
        return None
    return (store.versions / version_id).resolve()


def check_version(store: AudienceStore, version_id: str, *, hash_database: bool) -> None:
    """Check that everything a version's manifest names is there, by size and (database) by hash.

    Raises:
        PublishError: naming the file that is missing or damaged.

    """
    manifest = store.manifest(version_id)
    if manifest is None:
        raise PublishError(
            f"{store.versions / version_id}: no such version; `voc rollback --list` shows them"
        )
    database = store.versions / version_id / manifest["database"]["file"]
    if not database.is_file() or database.stat().st_size != manifest["database"]["bytes"]:
        raise PublishError(
            f"{database}: missing or of another size than its manifest says; version not usable"
        )
    if hash_database and sha256_of(database) != manifest["database"]["sha256"]:
        raise PublishError(
            f"{database}: content does not match its manifest (damaged file); version not usable"
        )
    for partition in _partitions(manifest):
        path = store.object_path(partition["sha256"])
        if not path.is_file() or path.stat().st_size != partition["bytes"]:
            raise PublishError(f"{path}: missing or of another size than version {version_id} says")


def rollback(
    settings: Settings,
    target: str = PREVIOUS,
    *,
    audience: str | None = None,
    audit: Callable[[str, Mapping[str, Any]], None] | None = None,
) -> dict[str, str]:
    """Point `current` of one or all audiences to an earlier publication; return audience → version.

    `target` is `previous` (the publication before the one that is current) or a version id of
    any audience (its publication). Files are checked by hash before any pointer moves. Holds
    until the next publish. `audit("rollback", {...})` is called once, after the move.

    Raises:
        PublishError: nothing published, unknown or removed version, damaged file.

    """
    with publish_lock(settings):
        entry = _target_publication(settings, target, audience)
        wanted = {n: v for n, v in entry["versions"].items() if audience in (None, n)}
        stores = {name: AudienceStore(settings, name) for name in sorted(wanted)}
        for name, store in stores.items():
            check_version(store, wanted[name], hash_database=True)
        before = {name: store.current_id() for name, store in stores.items()}
        for name, store in stores.items():
            if before[name] != wanted[name]:
                store.point_current(wanted[name])
    if audit is not None:
        audit("rollback", {"from": before, "to": wanted, "sequence": entry["sequence"]})
    return wanted


def _target_publication(settings: Settings, target: str, audience: str | None) -> dict[str, Any]:
    known = publications(settings)
    if not known:
        raise PublishError(f"{settings.published}: nothing is published yet; run `voc refresh` first")
    if target != PREVIOUS:
        for entry in reversed(known):
            if target in entry["versions"].values():
                return entry
        raise PublishError(
            f"unknown version {target!r}; `voc rollback --list` shows the versions that are kept"
        )
    names = [audience] if audience else sorted({n for e in known for n in e["versions"]})
    current = {name: AudienceStore(settings, name).current_id() for name in names}
    for position in range(len(known) - 1, -1, -1):
        if _says(known[position], current):
            earlier = [e for e in known[:position] if not _says(e, current)]
            if earlier:
                return earlier[-1]
            break
    raise PublishError(
        "there is no earlier publication to go back to; `voc rollback --list` shows what is kept"
    )


def _says(entry: Mapping[str, Any], current: Mapping[str, str | None]) -> bool:
    return all(entry["versions"].get(name) == version for name, version in current.items())


def prune(store: AudienceStore, keep: int, *, grace_seconds: float = GRACE_SECONDS) -> list[str]:
    """Remove versions beyond the newest `keep`; return the ids removed.

    A version stays while it is current, while any process seen through /proc has a file of it
    open, and for `grace_seconds` after it was superseded. (A removed file that a reader still
    holds open stays readable to that reader; the rules protect readers that open file by file.)
    Its small aggregates go to `history/` first. Objects go when no kept manifest names them.
    """
    listed = [info.version_id for info in list_versions(store.settings, store.audience) if info.sequence]
    keepers = {*listed[: max(keep, 1)], store.current_id()}
    in_use = _open_paths(store.root)
    age = {v: _superseded_for(store, listed[i - 1]) for i, v in enumerate(listed) if i}
    removed = []
    for version_id in store.version_ids():
        folder = store.versions / version_id
        if version_id in keepers or any(folder in path.parents for path in in_use):
            continue
        if version_id in listed:
            if age[version_id] < grace_seconds:
                continue
            _keep_aggregates(store, version_id)
        shutil.rmtree(folder)
        removed.append(version_id)
    _collect_objects(store, in_use)
    return removed


def _superseded_for(store: AudienceStore, successor: str) -> float:
    return time.time() - (store.versions / successor / "manifest.json").stat().st_mtime


def _open_paths(root: Path) -> set[Path]:
    """Files under `root` that some visible process holds open (Linux; elsewhere: none seen)."""
    resolved = root.resolve()
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            path = link.readlink()
            if resolved in path.parents:
                found.add(root / path.relative_to(resolved))
    return found


def _keep_aggregates(store: AudienceStore, version_id: str) -> None:
    manifest = store.manifest(version_id)
    target = store.root / "history" / version_id
    if manifest is None or (target / "manifest.json").is_file():
        return
    kept = {name: table for name, table in manifest["tables"].items() if is_aggregate(name, table)}
    target.mkdir(parents=True, exist_ok=True)
    for name, table in sorted(kept.items()):
        for partition in table["partitions"]:
            suffix = f".{partition['key']}" if partition["key"] else ""
            share_file(store.object_path(partition["sha256"]), target / f"{name}{suffix}.parquet")
    summary = {key: manifest[key] for key in ("version_id", "as_of", "created_from")} | {"tables": kept}
    write_durably(target / "manifest.json", canonical_json(summary))


def is_aggregate(name: str, table: Mapping[str, Any]) -> bool:
    """Tell whether a published table is an aggregate without text or row-level ids (kept for good)."""
    if not name.split(".", 1)[1].startswith(_AGGREGATE_PREFIXES) or table["holds_text"]:
        return False
    return not any(column["name"].endswith(_ROW_LEVEL_SUFFIXES) for column in table["columns"])


def _collect_objects(store: AudienceStore, in_use: set[Path]) -> None:
    named = {
        p["sha256"] for v in store.version_ids() for p in _partitions(store.manifest(v) or {"tables": {}})
    }
    for path in store.objects.glob("*.parquet"):
        if path.stem not in named and path not in in_use:
            path.unlink()


def _partitions(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [partition for table in manifest["tables"].values() for partition in table["partitions"]]
