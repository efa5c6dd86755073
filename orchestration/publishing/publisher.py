"""Publish: make an immutable version of the warehouse for each audience and point to it.

All versions are built and verified first, then the pointers move. Everything is written under a
temporary name, synced and renamed; the manifest comes last; a version id names its content, so
a rerun after a crash ends at the same version and a publish of nothing new writes nothing.
Which table goes to whom is `catalogue`; the objects are `exporting`; what differs is `comparing`;
pointers and retention are `versions`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.faults import fault_point
from orchestration.publishing.catalogue import (
    Column,
    DeclaredTable,
    PublishError,
    declared_tables,
    load_manifest,
)
from orchestration.publishing.comparing import (
    WAREHOUSE,
    Fingerprint,
    PublishedTable,
    fingerprints,
    literal,
    quoted,
    resolve_table,
    warehouse_columns,
)
from orchestration.publishing.exporting import Exporter, Wish, export_table
from orchestration.publishing.files import canonical_json, move_durably, write_durably
from orchestration.publishing.versions import (
    GRACE_SECONDS,
    AudienceStore,
    check_version,
    last_publication,
    prune,
    publish_lock,
    record_publication,
)
from orchestration.publishing.window import Affected, read_window
from orchestration.settings import Settings
from orchestration.sources.files import fsync_path, sha256_of

STORAGE_VERSION = "v1.2.0"
VERSION_TABLE = "reports.rpt_published_version"
_VERIFY_BATCH = 200
_KEY_SUFFIXES = ("_id", "_key", "_no")
_VERSION_COLUMNS = {
    "version_id": "已发布版本号",
    "audience": "受众",
    "as_of": "截止营业日（上海）",
    "created_from": "构建窗口",
    "fact_days_from": "本文件中事实表的起始日（更早的在 Parquet 对象里）",
}


@dataclass(frozen=True)
class PublishedVersion:
    """What one audience got: `is_new` if a version was written, `is_moved` if `current` moved."""

    audience: str
    version_id: str
    as_of: date
    path: Path
    is_new: bool
    is_moved: bool
    exported: int = 0
    reused: int = 0
    widened: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        """The DuckDB file readers open."""
        return self.path / f"voc_{self.audience}.duckdb"


@dataclass(frozen=True)
class _Request:
    """What a publish was asked for."""

    as_of: date
    window_key: str
    affected: Affected
    affected_since: str | None
    state: str

    def affected_beside(self, published: Mapping[str, Any]) -> Affected:
        """Return the affected days if they are relative to the publication taken over from."""
        if self.affected_since is None or published.get("state") in (self.affected_since, self.state):
            return self.affected
        return None


@dataclass(frozen=True)
class _Draft:
    """A version whose objects are in place and whose id is known."""

    store: AudienceStore
    tables: Sequence[PublishedTable]
    manifest: dict[str, Any]
    exporter: Exporter

    @property
    def version_id(self) -> str:
        return str(self.manifest["version_id"])


def publish(
    settings: Settings,
    manifest: Path | Mapping[str, Any],
    *,
    as_of: date,
    window_key: str,
    affected: Affected = None,
    affected_since: str | None = None,
    state: str | None = None,
) -> dict[str, PublishedVersion]:
    """Publish the warehouse to every audience the dbt manifest names; return audience → version.

    `affected` maps `schema.table` to the days changed (a partitioned table it leaves out has
    none; None for a table, or for all, compares every row with the last version). It is relative
    to the warehouse state `affected_since`; `state` names the state now (default: the window
    key). If the last publication was of another state (a publish refused or lost in between),
    `affected` is not believed and every row is compared.

    Raises:
        PublishError: nothing to publish, a rule on audiences broken, or published and warehouse
            differ; the last version stays as it is.

    """
    fault_point("before_publish")
    request = _Request(as_of, window_key, affected, affected_since, state or window_key)
    declared = declared_tables(load_manifest(manifest), settings.audiences)
    audiences = [name for name in sorted(settings.audiences) if any(name in t.audiences for t in declared)]
    if not audiences:
        raise PublishError("no dbt model has meta.audiences; name the audiences of the models to publish")
    with publish_lock(settings):
        _clear_leftovers(settings)
        connection = _open_warehouse(settings)
        try:
            drafts = _drafts(
                connection, [AudienceStore(settings, name) for name in audiences], declared, request
            )
            is_new = {draft.store.audience: _build(connection, settings, draft) for draft in drafts}
        finally:
            connection.close()
            _clear_leftovers(settings)
        return _hand_over(settings, drafts, is_new, request)


def publish_from_warehouse(settings: Settings, manifest: Any = None) -> dict[str, PublishedVersion]:
    """Publish the warehouse as it is: window, affected days and state come from its `ctl` schema.

    `manifest` is dbt's (path, mapping or object); by default the project's own is loaded.

    Raises:
        PublishError: no warehouse, no finished build in it, or what `publish` raises.

    """
    if not settings.warehouse_path.is_file():
        raise PublishError(f"{settings.warehouse_path}: no warehouse yet; run `voc refresh` first")
    if manifest is None:
        from orchestration.warehouse.dbt_runner import load_manifest as load_dbt_manifest

        manifest = load_dbt_manifest(settings)
    nodes = load_manifest(manifest)
    connection = _open_warehouse(settings)
    try:
        window = read_window(connection, declared_tables(nodes, settings.audiences))
    finally:
        connection.close()
    return publish(
        settings,
        nodes,
        as_of=window.as_of,
        window_key=window.window_key,
        affected=window.affected,
        affected_since=window.since,
        state=window.state,
    )


def _open_warehouse(settings: Settings) -> duckdb.DuckDBPyConnection:
    if not settings.warehouse_path.is_file():
        raise PublishError(f"{settings.warehouse_path}: no warehouse yet; run `voc refresh` first")
    connection = duckdb.connect(
        config={
            "memory_limit": str(settings.limits["duckdb_memory"]),
            "threads": int(settings.limits["duckdb_threads"]),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("set timezone = 'UTC'")
    spill = settings.published / ".tmp-spill"
    connection.execute(f"set temp_directory = {literal(str(spill))}")
    try:
        connection.execute(f"attach {literal(str(settings.warehouse_path))} as {WAREHOUSE} (read_only)")
    except duckdb.IOException as error:
        connection.close()
        raise PublishError(f"{settings.warehouse_path} cannot be read now: {error}") from error
    return connection


def _clear_leftovers(settings: Settings) -> None:
    """Remove what a killed publish left under temporary names."""
    for pattern in (".tmp-*", "*/.tmp-*", "*/*/.tmp-*", "*/*/*/.tmp-*"):
        for path in settings.published.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _drafts(
    connection: duckdb.DuckDBPyConnection,
    stores: Sequence[AudienceStore],
    declared: Sequence[DeclaredTable],
    request: _Request,
) -> list[_Draft]:
    """Bring the objects of every audience up to the warehouse, table by table."""
    known = warehouse_columns(connection)
    exporters = [Exporter(store) for store in stores]
    wishes = [_wishes(exporter, known, declared, request) for exporter in exporters]
    entries: list[dict[str, Any]] = [{} for _ in stores]
    for table in declared:
        wanting = [place for place, wished in enumerate(wishes) if table.key in wished]
        found = export_table(connection, [wishes[place][table.key] for place in wanting]) if wanting else []
        for place, partitions in zip(wanting, found, strict=True):
            heading = wishes[place][table.key].table.heading()
            rows = sum(partition["rows"] for partition in partitions)
            entries[place][table.key] = heading | {"rows": rows, "partitions": partitions}
    drafts = []
    for exporter, wished, made in zip(exporters, wishes, entries, strict=True):
        if exporter.store.objects.is_dir():
            fsync_path(exporter.store.objects)
        tables = [wish.table for wish in wished.values()]
        drafts.append(
            _Draft(exporter.store, tables, _manifest(exporter.store.audience, request, made), exporter)
        )
    return drafts


def _wishes(
    exporter: Exporter,
    known: Mapping[tuple[str, str], Mapping[str, str]],
    declared: Sequence[DeclaredTable],
    request: _Request,
) -> dict[str, Wish]:
    """Return what one audience is to get, by table, beside what it had."""
    store = exporter.store
    published = last_publication(store.settings, store.audience)
    newest = published.get("versions", {}).get(store.audience)
    previous = (store.manifest(newest) if newest else None) or {"tables": {}}
    # Row hashes are compared with stored ones only if the same engine made both.
    if previous.get("engine") != _engine():
        previous = {"tables": {}}
    affected = request.affected_beside(published)
    wishes = {}
    for table in (one for one in declared if one.columns_for(store.audience)):
        resolved = resolve_table(known, table, store.audience, _months_before(request.as_of, 1))
        before = previous["tables"].get(table.key)
        if before is not None and _shape(before) != _shape(resolved.heading()):
            before = None
        days = None if affected is None or before is None else affected.get(table.key, set())
        wishes[table.key] = Wish(exporter, resolved, before, days)
    return wishes


def _engine() -> str:
    return f"duckdb {duckdb.__version__}"


def _shape(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        entry["partition_by"],
        entry.get("partition_grain"),
        [(c["name"], c["type"]) for c in entry["columns"]],
    )


def _manifest(audience: str, request: _Request, tables: Mapping[str, Any]) -> dict[str, Any]:
    """Build the manifest without its database part. The id covers content, not the window."""
    content = canonical_json({"audience": audience, "storage_version": STORAGE_VERSION, "tables": tables})
    return {
        "version_id": f"v{request.as_of:%Y%m%d}-{hashlib.sha256(content).hexdigest()[:12]}",
        "audience": audience,
        "as_of": request.as_of.isoformat(),
        "created_from": request.window_key,
        "engine": _engine(),
        "tables": tables,
    }


def _build(connection: duckdb.DuckDBPyConnection, settings: Settings, draft: _Draft) -> bool:
    """Write the version's folder unless a complete one with this content is there already."""
    store, version_id = draft.store, draft.version_id
    folder = store.versions / version_id
    if folder.exists():
        try:
            check_version(store, version_id, hash_database=store.current_id() != version_id)
        except PublishError:
            # Damaged or half removed: it cannot have served a reader, its path may be used again.
            shutil.rmtree(folder)
        else:
            return False
    fault_point("mid_publish")
    building = store.versions / f".tmp-{version_id}"
    building.mkdir(parents=True)
    first_day = _first_fact_day(settings, draft)
    database = building / store.database_name
    _write_database(connection, draft, database, first_day)
    draft.manifest["database"] = {
        "file": database.name,
        "bytes": database.stat().st_size,
        "sha256": sha256_of(database),
        "storage_version": STORAGE_VERSION,
        "fact_days_from": first_day.isoformat(),
    }
    write_durably(building / "manifest.json", canonical_json(draft.manifest))
    move_durably(building, folder)
    return True


def _first_fact_day(settings: Settings, draft: _Draft) -> date:
    """First day of the month that lies `published_fact_months` before as_of."""
    as_of = date.fromisoformat(draft.manifest["as_of"])
    return _months_before(as_of, int(settings.retention["published_fact_months"]))


def _months_before(day: date, count: int) -> date:
    """First day of the month that lies `count` months before a day's."""
    months = day.year * 12 + day.month - 1 - count
    return date(months // 12, months % 12 + 1, 1)


def _write_database(
    connection: duckdb.DuckDBPyConnection, draft: _Draft, path: Path, first_day: date
) -> None:
    """Fill the DuckDB file from the objects (not from the warehouse: so both are proven equal)."""
    # An older storage format, so that drivers of earlier DuckDB releases can open the file.
    connection.execute(f"attach {literal(str(path))} as pub (storage_version {literal(STORAGE_VERSION)})")
    try:
        connection.execute(";\n".join(("begin", *map(_creation, draft.tables), "commit")))
        _write_version_table(connection, draft, first_day)
        for table in draft.tables:
            partitions = draft.manifest["tables"][table.key]["partitions"]
            held = _within(table, partitions, first_day)
            _fill(connection, draft, table, held)
            fresh = draft.exporter.fresh[table.key] - {p["key"] for p in held}
            _verify_objects(connection, draft, table, [p for p in partitions if p["key"] in fresh])
        connection.execute("checkpoint pub")
    finally:
        connection.execute("detach pub")
    path.chmod(0o444)
    fsync_path(path)


def _fill(
    connection: duckdb.DuckDBPyConnection,
    draft: _Draft,
    table: PublishedTable,
    partitions: Sequence[Mapping[str, Any]],
) -> None:
    """Fill one table of the file and compare it with the warehouse."""
    if partitions:
        source = _objects(draft, partitions)
        connection.execute(f"insert into {_target(table)} select {table.select_list} from {source}")
    found = fingerprints(connection, [table], _target(table))[0]
    _compare(table, "the DuckDB file differs from its objects", found, partitions)


def _verify_objects(
    connection: duckdb.DuckDBPyConnection,
    draft: _Draft,
    table: PublishedTable,
    partitions: Sequence[Mapping[str, Any]],
) -> None:
    """Compare new objects that the file does not hold (days before its first) with the warehouse."""
    for start in range(0, len(partitions), _VERIFY_BATCH):
        batch = partitions[start : start + _VERIFY_BATCH]
        found = fingerprints(connection, [table], _objects(draft, batch))[0]
        _compare(table, "the exported objects differ from the warehouse", found, batch)


def _objects(draft: _Draft, partitions: Sequence[Mapping[str, Any]]) -> str:
    files = ", ".join(literal(str(draft.store.object_path(p["sha256"]))) for p in partitions)
    return f"read_parquet([{files}])"


def _compare(
    table: PublishedTable,
    fault: str,
    found: Mapping[str, Fingerprint],
    partitions: Sequence[Mapping[str, Any]],
) -> None:
    expected = {p["key"]: Fingerprint(p["rows"], int(p["hash_sum"])) for p in partitions}
    if found != expected:
        differing = sorted(k for k in found.keys() | expected.keys() if found.get(k) != expected.get(k))
        where = ", ".join(key or "(whole)" for key in differing[:5])
        raise PublishError(f"{table.key}: {fault} at {where}; nothing was published, the last version stays")


def _target(table: PublishedTable) -> str:
    return f"pub.{quoted(table.declared.schema)}.{quoted(table.declared.name)}"


def _creation(table: PublishedTable) -> str:
    """Return the statements that make an empty table with its comments."""
    target = _target(table)
    columns = ", ".join(
        f"{quoted(c.name)} {c.type}{' using compression zstd' if _is_manifold(table, c) else ''}"
        for c in table.columns
    )
    return ";\n".join(
        (
            f"create schema if not exists pub.{quoted(table.declared.schema)}",
            f"create table {target} ({columns})",
            f"comment on table {target} is {literal(table.declared.comment)}",
            *(f"comment on column {target}.{quoted(c.name)} is {literal(c.comment)}" for c in table.columns),
        )
    )


def _is_manifold(table: PublishedTable, column: Column) -> bool:
    """Tell texts and keys, for which trying the other encodings is time lost; codes are better off."""
    holds_text = table.declared.columns[column.name][2]
    return column.type == "VARCHAR" and (holds_text or column.name.endswith(_KEY_SUFFIXES))


def _within(
    table: PublishedTable, partitions: Sequence[dict[str, Any]], first_day: date
) -> list[dict[str, Any]]:
    """Facts are cut to the last months; aggregates by day are small and stay whole."""
    if table.partition_by is None or not table.declared.name.startswith(("fct_", "bridge_")):
        return list(partitions)
    return [p for p in partitions if p["key"] >= first_day.isoformat()]


def _write_version_table(connection: duckdb.DuckDBPyConnection, draft: _Draft, first_day: date) -> None:
    """One row that says which version this file is, for readers that see only the file."""
    name = f"pub.{VERSION_TABLE}"
    values = {key: draft.manifest[key] for key in ("version_id", "audience", "as_of", "created_from")}
    values["fact_days_from"] = first_day.isoformat()
    connection.execute("create schema if not exists pub.reports")
    connection.execute(
        f"create table {name} (version_id varchar, audience varchar, as_of date, created_from varchar, "
        "fact_days_from date)"
    )
    connection.execute(f"insert into {name} values (?, ?, ?, ?, ?)", list(values.values()))
    connection.execute(f"comment on table {name} is '本文件是哪个已发布版本。一行 = 本文件'")
    for column, comment in _VERSION_COLUMNS.items():
        connection.execute(f"comment on column {name}.{column} is {literal(comment)}")


def _hand_over(
    settings: Settings, drafts: Sequence[_Draft], is_new: Mapping[str, bool], request: _Request
) -> dict[str, PublishedVersion]:
    """Move the pointers, note the publication, then let old versions go."""
    result = {}
    for draft in drafts:
        store = draft.store
        is_moved = store.current_id() != draft.version_id
        if is_moved:
            fault_point("before_current_swap")
            store.point_current(draft.version_id)
            fault_point("after_current_swap")
        result[store.audience] = PublishedVersion(
            audience=store.audience,
            version_id=draft.version_id,
            as_of=request.as_of,
            path=store.versions / draft.version_id,
            is_new=is_new[store.audience],
            is_moved=is_moved,
            exported=draft.exporter.exported,
            reused=draft.exporter.reused,
            widened=draft.exporter.widened,
        )
    facts = {"as_of": request.as_of.isoformat(), "window_key": request.window_key, "state": request.state}
    record_publication(settings, {name: version.version_id for name, version in result.items()}, facts)
    grace = float(settings.retention.get("published_grace_minutes", GRACE_SECONDS / 60)) * 60
    for draft in drafts:
        prune(draft.store, int(settings.retention["published_versions"]), grace_seconds=grace)
    return result
