"""Runs dbt in this process: one invocation per build, the project parsed once and kept.

A build takes its window from the control tables (`control.py`), never from changing `--vars`,
which would parse the project again. What the models say stands in `dbt_project/`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.collector import paused_collector
from orchestration.contracts import channel_contract
from orchestration.faults import fault_point
from orchestration.settings import Settings
from orchestration.warehouse.connection import (
    WarehouseError,
    connect_writer,
    dbt_environment,
    environment,
)
from orchestration.warehouse.selection import IdleNodes, read_news

PROJECT_FILE_SUFFIXES = (".sql", ".yml", ".csv")
GOOD_STATUSES = frozenset({"success", "pass", "warn", "skipped"})
IDLE_TAG = "idle"
# Enough models to have written some tables and not others.
MODELS_BEFORE_MID_DBT = 5

EventCallback = Callable[[Any], None]


class DbtError(WarehouseError):
    """dbt could not run at all (bad project, bad profile); a failed model or test is a result."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    seconds: float
    failures: int
    message: str

    @property
    def ok(self) -> bool:
        """True unless the node failed or was skipped because one before it failed."""
        return self.status in GOOD_STATUSES - {"skipped"}


@dataclass(frozen=True)
class BuildResult:
    """All nodes of one invocation, in the order in which they ended."""

    success: bool
    nodes: tuple[NodeResult, ...] = field(default_factory=tuple)

    @property
    def failed(self) -> tuple[NodeResult, ...]:
        """Nodes that failed themselves (not those skipped for their sake)."""
        return tuple(node for node in self.nodes if node.status in {"error", "fail", "runtime error"})

    def summary(self) -> str:
        """One line per failed node, for logs and notifications."""
        return "\n".join(f"{node.name}: {node.status}: {node.message}" for node in self.failed)


def feedback_channels(settings: Settings) -> str:
    """Return the channels with a voice entity, sorted and joined by commas."""
    return ",".join(name for name in sorted(settings.channels) if _has_voices(settings, name))


def _has_voices(settings: Settings, channel: str) -> bool:
    return any(entity.is_voice for entity in channel_contract(settings, channel).entities.values())


def project_hash(settings: Settings, channels: str) -> str:
    """Return 16 hex that change when models, macros, seeds or the list of voice channels change."""
    digest = hashlib.sha256(channels.encode())
    for path in _project_files(settings.dbt_project):
        digest.update(str(path.relative_to(settings.dbt_project)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def run_build(
    settings: Settings,
    full_refresh: bool,
    on_event: EventCallback | None = None,
    *,
    warehouse_path: Path | None = None,
    leave_out_idle: bool = True,
) -> BuildResult:
    """Build every model and run every data test in one invocation.

    On a daily run the views are left as they are (they hold no data and change only with the
    project, which makes the next run a full rebuild), tests look at affected days, and models and
    tests that have nothing to do in this window are left out (`selection.py`) unless
    `leave_out_idle` is false.

    Raises:
        DbtError: dbt could not start; the message says why.

    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if full_refresh:
        arguments.append("--full-refresh")
    else:
        # `empty`: the views only, not the tests that hang on them.
        arguments += ["--exclude", "config.materialized:view", "resource_type:seed", f"tag:{IDLE_TAG}"]
        arguments += ["--indirect-selection", "empty"]
    manifest = load_manifest(settings)
    if leave_out_idle and not full_refresh:
        _tag_idle(settings, manifest, warehouse_path)
    fault_point("before_dbt")
    result = invoke(settings, arguments, on_event=on_event, warehouse_path=warehouse_path, manifest=manifest)
    fault_point("after_dbt")
    return result


def _tag_idle(settings: Settings, manifest: Any, warehouse_path: Path | None) -> None:
    """Mark the idle nodes in this copy of the manifest: one tag is sought faster than a hundred names."""
    # A reader's connection may open no file, and the raw views stand over files.
    with connect_writer(settings, warehouse_path) as connection:
        idle = IdleNodes(manifest, read_news(connection))
    for unique_id in idle.unique_ids():
        manifest.nodes[unique_id].tags.append(IDLE_TAG)


def invoke(
    settings: Settings,
    arguments: Sequence[str],
    *,
    on_event: EventCallback | None = None,
    warehouse_path: Path | None = None,
    manifest: Any = None,
) -> BuildResult:
    """Run one dbt command in this process; close its connections after.

    `manifest`: run this one instead of the kept manifest of the project (for tests of the tests).

    Raises:
        DbtError: dbt could not run; the message is dbt's own.

    """
    channels = feedback_channels(settings)
    with paused_collector(), environment(_environment(settings, channels, warehouse_path)):
        from dbt.cli.main import dbtRunner

        manifest = manifest or load_manifest(settings, channels)
        callbacks = [_mid_dbt_fault(), *([on_event] if on_event else [])]
        try:
            outcome = dbtRunner(manifest=manifest, callbacks=callbacks).invoke(
                [*_global_flags(), *arguments, *_path_flags(settings)]
            )
        finally:
            close_connections()
    if outcome.exception is not None:
        raise DbtError(f"dbt {arguments[0]}: {outcome.exception}") from outcome.exception
    return BuildResult(success=outcome.success, nodes=_node_results(outcome.result))


def load_manifest(settings: Settings, channels: str | None = None) -> Any:
    """Return dbt's manifest of the project, parsed only when the project changed.

    Raises:
        DbtError: the project does not parse.

    """
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    channels = feedback_channels(settings) if channels is None else channels
    kept = _target(settings) / f"manifest-{_manifest_key(settings, channels)}.msgpack"
    if kept.is_file():
        return Manifest.from_msgpack(kept.read_bytes())
    with environment(_environment(settings, channels, None)):
        outcome = dbtRunner().invoke(
            [*_global_flags(), "parse", *_path_flags(settings), "--no-partial-parse"]
        )
    if not outcome.success:
        raise DbtError(f"{settings.dbt_project}: the dbt project does not parse: {outcome.exception}")
    _keep(kept, outcome.result)
    return Manifest.from_msgpack(kept.read_bytes())


def close_connections() -> None:
    """Let go of the warehouse file: dbt-duckdb keeps it locked until told otherwise."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    opened = DuckDBConnectionManager._ENV
    if opened is not None:
        opened.close()
    DuckDBConnectionManager.close_all_connections()
    reset_adapters()


def _environment(settings: Settings, channels: str, warehouse_path: Path | None) -> dict[str, str]:
    return {
        **dbt_environment(settings, warehouse_path),
        "VOC_FEEDBACK_CHANNELS": channels,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def _global_flags() -> list[str]:
    return [
        "--quiet",
        "--no-write-json",
        "--no-use-colors",
        "--log-level",
        "none",
        "--log-level-file",
        "none",
    ]


def _path_flags(settings: Settings) -> list[str]:
    project = str(settings.dbt_project)
    return [
        "--project-dir", project,
        "--profiles-dir", project,
        "--target-path", str(_target(settings)),
        "--log-path", str(settings.home / "logs" / "dbt"),
    ]  # fmt: skip


def _target(settings: Settings) -> Path:
    folder = settings.home / "dbt" / "target"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _manifest_key(settings: Settings, channels: str) -> str:
    from dbt.version import __version__

    target = os.environ.get("VOC_TARGET", "duckdb")
    return hashlib.sha256(
        "\x1f".join((project_hash(settings, channels), __version__, target)).encode()
    ).hexdigest()[:16]


def _keep(path: Path, manifest: Any) -> None:
    for old in path.parent.glob("manifest-*.msgpack"):
        old.unlink()
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(manifest.to_msgpack())
    temporary.replace(path)


def _project_files(project: Path) -> list[Path]:
    return sorted(
        path
        for path in project.rglob("*")
        if path.suffix in PROJECT_FILE_SUFFIXES and "target" not in path.relative_to(project).parts
    )


def _mid_dbt_fault() -> EventCallback:
    finished = 0

    def after_some_models(event: Any) -> None:
        nonlocal finished
        if event.info.name != "LogModelResult":
            return
        finished += 1
        if finished >= MODELS_BEFORE_MID_DBT:
            fault_point("mid_dbt")

    return after_some_models


def _node_results(result: Any) -> tuple[NodeResult, ...]:
    rows: Iterable[Any] = getattr(result, "results", None) or ()
    return tuple(
        NodeResult(
            unique_id=row.node.unique_id,
            name=row.node.name,
            resource_type=str(row.node.resource_type),
            status=str(row.status),
            seconds=float(row.execution_time or 0.0),
            failures=int(row.failures or 0),
            message=str(row.message or ""),
        )
        for row in rows
    )
