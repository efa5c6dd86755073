"""Which models and tests of a daily build have nothing to do, so that dbt need not be asked.

Most days bring news of a few channels only, and a node costs dbt some hundredths of a second however
little it does. A node is idle if running it would leave every table as it is: a model that is
rebuilt by days whose kind has no affected day in this window, or a model or test all of whose inputs
are idle. The answer comes from dbt's manifest and the control tables of the window
(`control_tables.py`); running is `dbt_runner.py`'s. A full rebuild leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from orchestration.warehouse.control_tables import FEEDBACK
from orchestration.warehouse.restated import SPINES

# Says which days to redo; what it means for a node is told by the node's kind.
_NEUTRAL_SOURCES = frozenset({"ctl.affected_partition"})
_SCORE_VIEWS = frozenset({"score_text", "score_mention"})


@dataclass(frozen=True)
class News:
    """What a window brings.

    `quiet`: names of the views of schema `raw` that hold no rows.
    `kinds`: kinds of partition with affected days; `known_kinds`: all kinds that stand in
    ctl.affected_partition (others are derived by models of the same build).
    """

    quiet: frozenset[str]
    kinds: frozenset[str]
    known_kinds: frozenset[str]


def read_news(connection: duckdb.DuckDBPyConnection) -> News:
    """Read from the control tables and raw views what the window that was fixed last brings.

    Only views over the window's own records count as quiet; any other (identity, groups of texts) is
    made anew by a step of its own and may always hold something else.
    """
    found = connection.execute("select distinct partition_kind from ctl.affected_partition").fetchall()
    kinds = frozenset(row[0] for row in found)
    channels = [row[0] for row in connection.execute("select channel from ctl.channel").fetchall()]
    views = [
        row[0]
        for row in connection.execute(
            "select view_name from duckdb_views() where schema_name = 'raw' order by 1"
        ).fetchall()
    ]
    records = [name for name in views if name in _SCORE_VIEWS or name.split("__")[0] in channels]
    return News(
        quiet=frozenset(name for name in records if not _has_rows(connection, name)),
        kinds=kinds,
        known_kinds=frozenset({FEEDBACK, *SPINES, *(set(records) - _SCORE_VIEWS)}),
    )


def _has_rows(connection: duckdb.DuckDBPyConnection, view: str) -> bool:
    return connection.execute(f"select 1 from raw.{view} limit 1").fetchone() is not None


@dataclass
class IdleNodes:
    """Answers whether a node of the manifest is idle in a window."""

    manifest: Any
    news: News
    _known: dict[str, bool] = field(default_factory=dict)

    def unique_ids(self) -> list[str]:
        """Return the ids of the idle models and tests that a daily run would otherwise take up, sorted."""
        return sorted(
            unique_id
            for unique_id, node in self.manifest.nodes.items()
            if _is_run_daily(node) and self.is_idle(unique_id)
        )

    def is_idle(self, unique_id: str) -> bool:
        """Tell whether the node (or source) has nothing new to say in this window."""
        if unique_id not in self._known:
            self._known[unique_id] = self._judge(unique_id)
        return self._known[unique_id]

    def _judge(self, unique_id: str) -> bool:
        if unique_id in self.manifest.sources:
            return self._is_quiet(self.manifest.sources[unique_id])
        node = self.manifest.nodes[unique_id]
        if node.resource_type == "seed":
            return True
        kind = partition_kind_of(node)
        if kind in self.news.known_kinds:
            return kind not in self.news.kinds
        parents = node.depends_on.nodes
        return bool(parents) and all(self.is_idle(parent) for parent in parents)

    def _is_quiet(self, source: Any) -> bool:
        if f"{source.source_name}.{source.name}" in _NEUTRAL_SOURCES:
            return True
        return source.source_name == "raw" and source.name in self.news.quiet


def partition_kind_of(node: Any) -> str | None:
    """Return the kind of the days that a model rebuilds or a data test looks at; None if it has none."""
    if node.resource_type == "test":
        arguments: Mapping[str, Any] = getattr(getattr(node, "test_metadata", None), "kwargs", None) or {}
        return arguments.get("kind")
    if node.resource_type == "model" and node.config.materialized == "incremental":
        return node.config.meta.get("partition_kind")
    return None


def _is_run_daily(node: Any) -> bool:
    is_view = node.resource_type == "model" and node.config.materialized == "view"
    return node.resource_type in {"model", "test"} and not is_view
