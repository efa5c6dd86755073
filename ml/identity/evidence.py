"""Sightings: which identifying keys stood together in one record of a raw file.

Here: the rule table, and one raw Parquet file → its sightings (one row per raw row, one column per
key domain). What the keys prove is judged in `resolve`; keeping those of many files is `state`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ml.lexicon import RESOURCES, ResourceError, content_version, read_resource

_PACKAGE = RESOURCES.parent
RULES_PATH = RESOURCES / "identity_rules.csv"
# A change of these makes all sightings be read anew.
_CODE = ("identity/evidence.py", "identity/state.py", "resources/identity_rules.csv")
KINDS = frozenset(
    (
        "same_person",
        "owns_vehicle",
        "uses_vehicle",
        "uses_device",
        "vehicle_alias",
        "staff",
        "consent",
        "given",
    )
)
# One column each in a sighting; `lead … voice` are the plain codes that join business tables.
DOMAINS = (
    "customer", "id_card", "phone", "mail", "account", "handle", "vin", "vin8", "plate",
    "order", "lead", "visit", "invitation", "voice",
)  # fmt: skip
_SYSTEM = (
    "record_id", "voice_id", "version_key", "content_hash", "is_deleted", "event_at", "event_basis",
    "received_at", "text_keys", "score_input_hash", "updated_at", "is_granted",
)  # fmt: skip

SIGHTING = pa.schema(
    [
        ("channel", pa.string()),
        ("entity", pa.string()),
        ("record_id", pa.string()),
        ("voice_id", pa.string()),
        ("version_key", pa.string()),
        ("content_hash", pa.string()),
        ("is_deleted", pa.bool_()),
        ("event_at", pa.timestamp("us")),
        ("is_received_basis", pa.bool_()),
        ("version_at", pa.timestamp("us")),
        ("received_at", pa.timestamp("us")),
        ("from_date", pa.date32()),
        ("until_date", pa.date32()),
        ("detail", pa.string()),
        *((f"{domain}_key", pa.string()) for domain in DOMAINS),
        ("text_keys", pa.list_(pa.string())),
    ]
)


class EvidenceError(ValueError):
    """A rule table or raw file that cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class Rule:
    """Two fields of an entity whose keys, seen in one record, prove something; or one that speaks alone."""

    channel: str
    entity: str
    field_a: str
    domain_a: str
    field_b: str
    domain_b: str
    method: str
    kind: str
    confidence: float
    from_field: str
    until_field: str
    detail_field: str
    is_history: bool


@dataclass(frozen=True)
class Source:
    """One raw file: where it lies, the name it is noted under, and whose records it holds."""

    path: Path
    name: str
    channel: str
    entity: str


@lru_cache(maxsize=4)
def load_rules(path: Path = RULES_PATH) -> tuple[Rule, ...]:
    """Read the rule table.

    Raises:
        EvidenceError: a file that cannot be read, or naming the line with too few or many fields, an
            unknown kind or domain, or a confidence that is no number in (0, 1].

    """
    try:
        rows = read_resource(path.name, path.parent)
    except ResourceError as error:
        raise EvidenceError(str(error)) from error
    lacking = {*Rule.__dataclass_fields__} - {*rows[0]} if rows else set()
    if lacking:
        raise EvidenceError(
            f"{path}: lacks the columns {', '.join(sorted(lacking))}; restore the header line"
        )
    return tuple(_rule(row, f"{path}, line {row['_line']}") for row in rows)


def _rule(row: Mapping[str, str], where: str) -> Rule:
    if row["kind"] not in KINDS:
        raise EvidenceError(f"{where}: unknown kind {row['kind']!r}; use one of {', '.join(sorted(KINDS))}")
    unknown = {row["domain_a"], row["domain_b"]} - {*DOMAINS, ""}
    if unknown:
        raise EvidenceError(f"{where}: unknown domain {unknown.pop()!r}; use one of {', '.join(DOMAINS)}")
    confidence = _number(row["confidence"], where)
    if not 0 < confidence <= 1:
        raise EvidenceError(f"{where}: confidence {confidence} is not in (0, 1]")
    texts = {
        name: row[name] for name in Rule.__dataclass_fields__ if name not in ("confidence", "is_history")
    }
    return Rule(**texts, confidence=confidence, is_history=row["is_history"] == "true")


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise EvidenceError(f"{where}: confidence {text!r} is no number; write e.g. 0.9") from error


def rules_version() -> str:
    """Return 12 hex of the rule table and of the code that makes and keeps sightings."""
    return content_version(_CODE, _PACKAGE)


def where_of(rules: Iterable[Rule]) -> str:
    """Return SQL that is true of the sightings these rules speak of."""
    pairs = sorted({(rule.channel, rule.entity) for rule in rules})
    return " or ".join(f"(channel = '{channel}' and entity = '{entity}')" for channel, entity in pairs)


@lru_cache(maxsize=512)
def fields_of(channel: str, entity: str) -> Mapping[str, str]:
    """Return domain → field of an entity, as its rules name them."""
    found: dict[str, str] = {}
    for rule in load_rules():
        if (rule.channel, rule.entity) == (channel, entity):
            found |= {
                domain: field
                for domain, field in ((rule.domain_a, rule.field_a), (rule.domain_b, rule.field_b))
                if domain
            }
    return found


def read_sightings(source: Source) -> pa.Table:
    """Return the sightings of one raw file (schema `SIGHTING`), a row per raw row, in raw order.

    A field the file does not have (written under an older contract) gives nulls.

    Raises:
        EvidenceError: the file is no raw Parquet file.

    """
    channel, entity = source.channel, source.entity
    try:
        with pq.ParquetFile(source.path) as file:
            wanted = _columns_of(channel, entity)
            table = file.read([name for name in file.schema_arrow.names if name in wanted])
    except (OSError, pa.ArrowInvalid) as error:
        raise EvidenceError(f"{source.path}: cannot be read as Parquet ({error})") from error
    if "version_key" not in table.column_names:
        raise EvidenceError(f"{source.path}: lacks the raw column version_key; is it a raw file?")
    columns = {
        "channel": pa.repeat(pa.scalar(channel), table.num_rows),
        "entity": pa.repeat(pa.scalar(entity), table.num_rows),
        "is_received_basis": pc.equal(table.column("event_basis"), "received"),
        "version_at": _instants(table, "updated_at"),
        **_extras(table, channel, entity),
        **_keys(table, channel, entity),
    }
    for name in (
        "record_id",
        "voice_id",
        "version_key",
        "content_hash",
        "is_deleted",
        "event_at",
        "received_at",
    ):
        columns[name] = table.column(name)
    arrays = [_cast(columns.get(field.name), field, table.num_rows) for field in SIGHTING]
    return pa.table(arrays, schema=SIGHTING)


def has_evidence(channel: str, entity: str, *, is_voice: bool) -> bool:
    """Tell whether an entity says anything of persons or vehicles: a rule, or a text that may name some."""
    return is_voice or bool(fields_of(channel, entity))


@lru_cache(maxsize=512)
def _columns_of(channel: str, entity: str) -> frozenset[str]:
    """Return the raw columns that evidence of an entity is made of: texts are never read."""
    fields = set(fields_of(channel, entity).values())
    for rule in load_rules():
        if (rule.channel, rule.entity) == (channel, entity):
            fields |= {rule.from_field, rule.until_field, rule.detail_field}
    keys = {f"{field}{end}" for field in fields for end in ("", "_key", "8_key")}
    return frozenset({*_SYSTEM, *keys})


def _keys(table: pa.Table, channel: str, entity: str) -> dict[str, pa.ChunkedArray | None]:
    columns = {}
    for domain, field in fields_of(channel, entity).items():
        columns[f"{domain}_key"] = _first_of(table, (f"{field}_key", field))
        if domain == "vin":
            columns.setdefault("vin8_key", _first_of(table, (f"{field}8_key",)))
    columns["text_keys"] = _spoken_keys(table)
    return columns


def _spoken_keys(table: pa.Table) -> pa.ChunkedArray | None:
    """Return keys found in the texts of the speaker: a row of another role has no text of its own."""
    if not {"text_keys", "score_input_hash"} <= set(table.column_names):
        return None
    return pc.if_else(
        pc.is_valid(table.column("score_input_hash")),
        table.column("text_keys").cast(pa.list_(pa.string())),
        pa.scalar(None, pa.list_(pa.string())),
    )


def _extras(table: pa.Table, channel: str, entity: str) -> dict[str, pa.ChunkedArray | None]:
    """Return the interval and the detail of a record, where a rule of its entity names fields for them."""
    found: dict[str, pa.ChunkedArray | None] = {}
    for rule in load_rules():
        if (rule.channel, rule.entity) != (channel, entity) or not rule.from_field:
            continue
        found["from_date"] = _days(table, rule.from_field)
        found["until_date"] = _days(table, rule.until_field)
        if rule.detail_field:
            found["detail"] = _first_of(table, (rule.detail_field,))
        if rule.kind == "consent":
            granted = pc.equal(table.column("is_granted"), "true")
            found["detail"] = pc.if_else(granted, found["detail"], pa.scalar(None, pa.string()))
    return found


def _first_of(table: pa.Table, names: Iterable[str]) -> pa.ChunkedArray | None:
    return next((table.column(name) for name in names if name in table.column_names), None)


def _days(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    """Return a date field as it is, a time field as its Shanghai day (canonical texts are UTC)."""
    texts = _first_of(table, (name,))
    if texts is None:
        return None
    is_day = pc.equal(pc.utf8_length(texts), 10)
    midnights = pc.if_else(is_day, pc.binary_join_element_wise(texts, " 00:00:00.000000", ""), texts)
    instants = pc.strptime(pc.utf8_slice_codeunits(midnights, 0, 19), "%Y-%m-%d %H:%M:%S", "us")
    shift = pc.if_else(
        is_day, pa.scalar(0, pa.duration("us")), pa.scalar(8 * 3600 * 10**6, pa.duration("us"))
    )
    return pc.add(instants, shift).cast(pa.date32(), safe=False)


def _instants(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    texts = _first_of(table, (name,))
    if texts is None:
        return None
    return pc.strptime(pc.utf8_slice_codeunits(texts, 0, 19), "%Y-%m-%d %H:%M:%S", "us")


def _cast(values: pa.ChunkedArray | pa.Array | None, field: pa.Field, rows: int) -> pa.Array:
    if values is None:
        return pa.nulls(rows, field.type)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.cast(field.type)
