"""The shapes of a channel contract: frozen dataclasses, the closed lists of names, the error.

Here: what a read contract looks like. Next door: `contract.py` reads the file, `contract_fields.py`
its fields. Meaning of each entry: docs/interfaces.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FORMATS = ("csv", "jsonl", "mbox", "xlsx")
ENCODINGS = ("utf-8", "gb18030", "mime")
# What a mail gives; a contract of format mbox names these as sources.
MAIL_SOURCES = (
    "message_id", "from", "from_name", "to", "subject", "date", "in_reply_to", "body", "body_own",
    "attachment_names", "list_unsubscribe",
)  # fmt: skip
ID_BASES = ("source", "content")
FIELD_TYPES = ("string", "integer", "decimal", "boolean", "date", "datetime", "epoch_ms", "json")
TIME_TYPES = frozenset({"date", "datetime", "epoch_ms"})
IDENTIFIER_CLASSES = (
    "phone", "landline", "mail", "id_card", "bank_card", "vin", "plate", "customer_no", "wechat", "qq",
    "app_account", "handle", "vin8",
)  # fmt: skip
TEXT_CLASSES = ("free_text", "short_text")
RESTRICTED_CLASSES = ("person_name", "address")
PII_CLASSES = ("none", *TEXT_CLASSES, *IDENTIFIER_CLASSES, *RESTRICTED_CLASSES)
LOOPS = ("inner", "outer")
AUTHOR_ROLES = ("owner", "prospect", "public", "agent", "advisor", "technician", "system")

SYSTEM_COLUMNS = (
    "record_id", "voice_id", "version_key", "content_hash", "delivery_id", "record_ordinal", "byte_start",
    "byte_end", "received_at", "ingest_date", "event_at", "event_date", "event_basis", "is_deleted",
    "contract_version", "masker_version", "pii_found", "text_keys", "verbatim", "score_input_hash",
)  # fmt: skip


class ContractError(Exception):
    """A contract a person has to mend: says which file, entity and field, and what to do."""


@dataclass(frozen=True)
class Field:
    """One contract field: where it comes from, its type, its checks and its privacy class."""

    name: str
    sources: tuple[str, ...]  # names at the source, as it renamed them; the first one present counts
    type: str
    pii: str
    required: bool = False
    pattern: re.Pattern[str] | None = None
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_chars: int | None = None
    optional_column: bool = False
    zone: ZoneInfo | None = None
    any_time: bool = False
    date_format: str | None = None
    decimal_comma: bool = False

    @property
    def source(self) -> str:
        """The first of its names at the source."""
        return self.sources[0]

    def is_in(self, present: Collection[str]) -> bool:
        """Tell whether one of its names is among these columns."""
        return any(name in present for name in self.sources)

    @property
    def is_identifier(self) -> bool:
        """Whether raw holds keyed pseudonyms of it instead of the value."""
        return self.pii in IDENTIFIER_CLASSES

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """Names of the raw columns this field becomes (none for names and addresses)."""
        if self.pii in RESTRICTED_CLASSES:
            return ()
        if self.pii == "vin":
            return tuple(self.name + suffix for suffix in ("_key", "8_key", "_wmi", "_model_year", "_plant"))
        return (f"{self.name}_key",) if self.is_identifier else (self.name,)


@dataclass(frozen=True)
class Verbatim:
    """Where the voice's own words stand.

    Text fields (joined by line ends), or the items of one role in a JSON list (`item_text`,
    `item_role`, `role`). With `role_field` only records whose role is `role` speak for the voice.
    """

    fields: tuple[str, ...]
    item_text: str | None = None
    item_role: str | None = None
    role: str | None = None
    role_field: str | None = None


@dataclass(frozen=True)
class Tombstone:
    """Values of a field by which the source says "deleted"."""

    field: str
    values: frozenset[str]


@dataclass(frozen=True)
class Entity:
    """One kind of record of a channel."""

    name: str
    fields: tuple[Field, ...]
    record_key: tuple[str, ...]
    voice_key: tuple[str, ...] = ()
    version_field: str | None = None
    keeps_versions: bool = False  # older versions that come late stand in raw, too
    event_field: str | None = None  # None: basis received
    verbatim: Verbatim | None = None
    tombstone: Tombstone | None = None

    def field_named(self, name: str) -> Field:
        """Return one field (KeyError if the contract has none of that name)."""
        return self._by_name[name]

    @property
    def _by_name(self) -> dict[str, Field]:
        return {one.name: one for one in self.fields}

    @property
    def required_fields(self) -> tuple[Field, ...]:
        """Fields whose source column has to be there, under one of its names."""
        return tuple(one for one in self.fields if not one.optional_column)

    def fits(self, present: Collection[str]) -> bool:
        """Tell whether a header has all columns that have to be there."""
        return all(one.is_in(present) for one in self.required_fields)

    @cached_property
    def has_plain_sources(self) -> bool:
        """Whether every field has one name that is no path into an object."""
        return not any(len(one.sources) > 1 or "." in one.source for one in self.fields)

    @cached_property
    def opened_sources(self) -> frozenset[str]:
        """Names of objects at the source that fields look into by a path such as `author.id`."""
        names = (name for one in self.fields for name in one.sources)
        return frozenset(name.partition(".")[0] for name in names if "." in name)

    @property
    def event_basis(self) -> str:
        """How the event time is known: source_time, source_date or received."""
        if self.event_field is None:
            return "received"
        return "source_date" if self.field_named(self.event_field).type == "date" else "source_time"

    @property
    def is_voice(self) -> bool:
        """Whether its records are customer voices (else business records)."""
        return bool(self.voice_key)

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """Raw contract columns in order, without the system columns."""
        return tuple(column for one in self.fields for column in one.raw_columns)


@dataclass(frozen=True)
class Contract:
    """A whole channel contract."""

    path: Path
    channel: str
    version: int
    label_zh: str
    description_zh: str
    format: str
    encoding: str
    id_basis: str
    entities: Mapping[str, Entity]
    delimiter: str = ","
    sheet: str | None = None  # of a workbook; None: its first one
    attributes: Mapping[str, Any] = field(default_factory=dict)
