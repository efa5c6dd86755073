"""What is published to whom, as the dbt manifest says it.

A model names its audiences in `meta.audiences` (none: not published), a column narrows them
with its own `meta.audiences`, `meta.partition_by` names the day column of a partitioned fact
and `meta.partition_grain` whether its objects hold a day or (few rows a day, long history) a month.
This module only reads and checks that; `publisher` does the writing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TEXT_AUDIENCE = "voice"
_TEXT_NAME = re.compile(r"(^|_)(verbatim|transcript|comment|evidence_text|quote|free_text)(_|$)")
_STRING_TYPES = frozenset({"string", "varchar", "text", "char", "json"})
_PUBLISHED_KINDS = ("model", "seed", "snapshot")


class PublishError(Exception):
    """Publishing cannot go on; says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class Column:
    """One published column: DuckDB type and comment."""

    name: str
    type: str
    comment: str

    def as_json(self) -> dict[str, str]:
        """Return the shape that stands in the version's manifest."""
        return {"name": self.name, "type": self.type, "comment": self.comment}


@dataclass(frozen=True)
class DeclaredTable:
    """A published model as declared: `columns` maps name to (audiences, comment, holds text)."""

    schema: str
    name: str
    comment: str
    audiences: frozenset[str]
    columns: Mapping[str, tuple[frozenset[str], str, bool]]
    partition_by: str | None
    partition_kind: str | None = None
    by_month: bool = False

    @property
    def key(self) -> str:
        """`schema.table`, the name used in manifests."""
        return f"{self.schema}.{self.name}"

    def columns_for(self, audience: str) -> list[str]:
        """Return the names of the columns this audience may see."""
        return [name for name, (audiences, _, _) in self.columns.items() if audience in audiences]

    @property
    def holds_text(self) -> bool:
        """True if some column holds what a customer wrote or said."""
        return any(is_text for _, _, is_text in self.columns.values())


def load_manifest(manifest: Path | Mapping[str, Any] | Any) -> Mapping[str, Any]:
    """Return the dbt manifest as a mapping; takes a manifest.json, a mapping or dbt's own object.

    Raises:
        PublishError: if the file is missing or is not a manifest.

    """
    if isinstance(manifest, Mapping):
        return manifest
    if not isinstance(manifest, Path):
        return {"nodes": {key: node.to_dict() for key, node in manifest.nodes.items()}}
    if not manifest.is_file():
        raise PublishError(
            f"{manifest}: dbt manifest not found; run `voc refresh` (or `voc dbt -- parse`) first"
        )
    try:
        document = json.loads(manifest.read_bytes())
    except ValueError as error:
        raise PublishError(f"{manifest}: not a dbt manifest ({error}); run `voc dbt -- parse`") from error
    if not isinstance(document, dict) or "nodes" not in document:
        raise PublishError(f"{manifest}: not a dbt manifest (no `nodes`); run `voc dbt -- parse`")
    return document


def declared_tables(manifest: Mapping[str, Any], audiences: Collection[str]) -> list[DeclaredTable]:
    """Return every published model, ordered by name, and hold the rule on free text.

    Raises:
        PublishError: for an audience `voc.yml` does not know, a missing column list, or a
            column of free text meant for anyone but the audience `voice`.

    """
    tables = []
    for node in manifest["nodes"].values():
        meta = _meta(node)
        if node.get("resource_type") in _PUBLISHED_KINDS and meta.get("audiences"):
            tables.append(_declared(node, meta, audiences))
    tables.sort(key=lambda table: table.key)
    _refuse_published_text(tables)
    return tables


def _meta(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    config = holder.get("config") or {}
    return {**(holder.get("meta") or {}), **(config.get("meta") or {})}


def _declared(node: Mapping[str, Any], meta: Mapping[str, Any], known: Collection[str]) -> DeclaredTable:
    where = f"dbt model {node['name']}"
    wanted = _audiences(meta["audiences"], known, where)
    columns = {}
    for name, column in (node.get("columns") or {}).items():
        column_meta = _meta(column)
        narrowed = wanted
        if "audiences" in column_meta:
            narrowed = wanted & _audiences(column_meta["audiences"], known, f"{where}.{name}")
        is_text = bool(column_meta.get("free_text", _looks_like_text(name, column.get("data_type"))))
        columns[name] = (narrowed, (column.get("description") or "").strip(), is_text)
    if not columns:
        raise PublishError(f"{where}: published but documents no column; list its columns in its yml")
    partition_by = meta.get("partition_by")
    if partition_by is not None and partition_by not in columns:
        raise PublishError(f"{where}: meta.partition_by names {partition_by!r}, which is not a column of it")
    grain = meta.get("partition_grain", "day")
    if grain not in ("day", "month"):
        raise PublishError(f"{where}: meta.partition_grain {grain!r} is not known; use day or month")
    return DeclaredTable(
        schema=node["schema"],
        name=node.get("alias") or node["name"],
        comment=(node.get("description") or "").strip(),
        audiences=wanted,
        columns=columns,
        partition_by=partition_by,
        partition_kind=meta.get("partition_kind"),
        by_month=grain == "month",
    )


def _looks_like_text(name: str, data_type: str | None) -> bool:
    is_string = (data_type or "string").lower().split("(")[0] in _STRING_TYPES
    return is_string and _TEXT_NAME.search(name) is not None


def _audiences(value: Any, known: Collection[str], where: str) -> frozenset[str]:
    names = frozenset([value] if isinstance(value, str) else value or ())
    unknown = sorted(names - frozenset(known))
    if unknown:
        raise PublishError(
            f"{where}: meta.audiences names {', '.join(unknown)}; voc.yml knows {', '.join(sorted(known))}"
        )
    return names


def _refuse_published_text(tables: Sequence[DeclaredTable]) -> None:
    for table in tables:
        for name, (audiences, _, is_text) in table.columns.items():
            leaking = sorted(audiences - {TEXT_AUDIENCE})
            if is_text and leaking:
                raise PublishError(
                    f"dbt model {table.name}, column {name}: free text may only go to {TEXT_AUDIENCE!r}, "
                    f"not to {', '.join(leaking)}; set the column's meta.audiences: [{TEXT_AUDIENCE}] "
                    "(or meta.free_text: false if a customer's words can never stand in it)"
                )
