"""Channel contracts: what a source promises, read from YAML and checked before anything trusts it.

Here: the loader and its frozen dataclasses. Next door: `orchestration/admission` applies a contract
to deliveries, dbt reads the same names from the raw files. Meaning of each entry: docs/interfaces.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import yaml

try:  # ten times faster, where the wheel has it
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

FORMATS = ("csv", "jsonl")
ENCODINGS = ("utf-8", "gb18030")
ID_BASES = ("source", "content")
FIELD_TYPES = ("string", "integer", "decimal", "boolean", "date", "datetime", "epoch_ms", "json")
TIME_TYPES = frozenset({"date", "datetime", "epoch_ms"})
IDENTIFIER_CLASSES = (
    "phone", "landline", "mail", "id_card", "bank_card", "vin", "plate", "customer_no", "wechat", "qq",
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

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_TOP_KEYS = frozenset(
    [
        "channel",
        "version",
        "label_zh",
        "description_zh",
        "format",
        "encoding",
        "csv",
        "id_basis",
        "attributes",
        "entities",
    ]
)
_ENTITY_KEYS = frozenset(
    ["record_key", "voice_key", "version_field", "event_time", "verbatim", "tombstone", "fields"]
)
_FIELD_KEYS = frozenset(
    [
        "name",
        "source",
        "type",
        "required",
        "pii",
        "pattern",
        "values",
        "min",
        "max",
        "max_chars",
        "optional_column",
        "zone",
        "any_time",
    ]
)


class ContractError(Exception):
    """A contract a person has to mend: says which file, entity and field, and what to do."""


@dataclass(frozen=True)
class Field:
    """One contract field: where it comes from, its type, its checks and its privacy class."""

    name: str
    source: str
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
    """Where the voice's own words stand: a text field, or the items of one role in a JSON list."""

    field: str
    item_text: str | None = None
    item_role: str | None = None
    role: str | None = None


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
    def required_columns(self) -> frozenset[str]:
        """Source columns that have to be there."""
        return frozenset(one.source for one in self.fields if not one.optional_column)

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
    attributes: Mapping[str, Any] = field(default_factory=dict)


def load_contract(path: Path | str) -> Contract:
    """Read and check one contract file.

    Raises:
        ContractError: naming file, entity and field, and what to change.

    """
    path = Path(path)
    document = _read(path)
    _refuse_unknown(f"{path}", document, _TOP_KEYS)
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ContractError(
            f"{path}: version {version!r}; give a whole number from 1, and raise it on change"
        )
    entities = document.get("entities")
    if not isinstance(entities, dict) or not entities:
        raise ContractError(f"{path}: no entity under `entities:`; name at least one kind of record")
    contract = Contract(
        path=path,
        channel=_name(f"{path}: channel", document.get("channel")),
        version=version,
        label_zh=_text(f"{path}: label_zh", document.get("label_zh")),
        description_zh=_text(f"{path}: description_zh", document.get("description_zh")),
        format=_one_of(f"{path}: format", document.get("format"), FORMATS),
        encoding=_one_of(f"{path}: encoding", document.get("encoding", "utf-8"), ENCODINGS),
        id_basis=_one_of(f"{path}: id_basis", document.get("id_basis", "source"), ID_BASES),
        delimiter=_delimiter(path, document),
        attributes=MappingProxyType(_attributes(path, document.get("attributes"))),
        entities=MappingProxyType(
            {str(name): _entity(path, name, entry) for name, entry in entities.items()}
        ),
    )
    _check_format(contract)
    return contract


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=SafeLoader)
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise ContractError(f"{path}: cannot be read ({reason}); check `contract:` in voc.yml") from error
    except UnicodeDecodeError as error:
        raise ContractError(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from error
    except yaml.YAMLError as error:
        raise ContractError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(document, dict):
        raise ContractError(f"{path}: expected a mapping starting with `channel:`; see the shipped contracts")
    return document


def _check_format(contract: Contract) -> None:
    if contract.format == "jsonl" and contract.encoding != "utf-8":
        raise ContractError(f"{contract.path}: JSON lines are UTF-8; set `encoding: utf-8`")
    if contract.format == "jsonl" and len(contract.entities) > 1:
        return
    seen: dict[frozenset[str], str] = {}
    for entity in contract.entities.values():
        columns = frozenset(one.source for one in entity.fields)
        if columns in seen:
            raise ContractError(
                f"{contract.path}: entities {seen[columns]} and {entity.name} have the same columns "
                "and cannot be told apart by their header; give them channels of their own"
            )
        seen[columns] = entity.name


def _delimiter(path: Path, document: Mapping[str, Any]) -> str:
    options = document.get("csv") or {}
    if not isinstance(options, dict):
        raise ContractError(f'{path}: csv: expected a mapping such as {{delimiter: ","}}')
    _refuse_unknown(f"{path}: csv", options, frozenset({"delimiter"}))
    delimiter = options.get("delimiter", ",")
    if delimiter not in (",", ";", "\t", "|"):
        raise ContractError(f"{path}: csv.delimiter {delimiter!r}; use one of , ; | or a tab")
    return str(delimiter)


def _attributes(path: Path, entry: Any) -> dict[str, Any]:
    where = f"{path}: attributes"
    if not isinstance(entry, dict):
        raise ContractError(
            f"{where}: missing; needs loop, is_solicited, author_role, is_first_hand, is_identified"
        )
    _one_of(f"{where}.loop", entry.get("loop"), LOOPS)
    _one_of(f"{where}.author_role", entry.get("author_role"), AUTHOR_ROLES)
    for flag in ("is_solicited", "is_first_hand", "is_identified"):
        if not isinstance(entry.get(flag), bool):
            raise ContractError(f"{where}.{flag}: {entry.get(flag)!r}; give true or false")
    return dict(entry)


def _entity(path: Path, name: Any, entry: Any) -> Entity:
    where = f"{path}: entity {name}"
    _name(where, name)
    if not isinstance(entry, dict) or not isinstance(entry.get("fields"), list) or not entry["fields"]:
        raise ContractError(f"{where}: needs `record_key:` and a list of `fields:`")
    _refuse_unknown(where, entry, _ENTITY_KEYS)
    fields = tuple(_field(where, one) for one in entry["fields"])
    _refuse_repeats(where, fields)
    known = {one.name: one for one in fields}
    entity = Entity(
        name=str(name),
        fields=fields,
        record_key=_key(where, "record_key", entry.get("record_key"), known, needed=True),
        voice_key=_key(where, "voice_key", entry.get("voice_key"), known, needed=False),
        version_field=_version_field(where, entry.get("version_field"), known),
        event_field=_event_field(where, entry.get("event_time"), known),
        verbatim=_verbatim(where, entry.get("verbatim"), known),
        tombstone=_tombstone(where, entry.get("tombstone"), known),
    )
    if entity.verbatim and not entity.is_voice:
        raise ContractError(
            f"{where}: has `verbatim:` but no `voice_key:`; name the fields that tell one voice"
        )
    return entity


def _field(where: str, entry: Any) -> Field:
    if not isinstance(entry, dict) or "name" not in entry:
        raise ContractError(f"{where}: a field needs at least name, source, type and pii")
    name = _name(f"{where}, field {entry['name']}", entry["name"])
    at = f"{where}, field {name}"
    _refuse_unknown(at, entry, _FIELD_KEYS)
    kind = _one_of(f"{at}: type", entry.get("type"), FIELD_TYPES)
    pii = _one_of(f"{at}: pii", entry.get("pii"), PII_CLASSES)
    one = Field(
        name=name,
        source=_text(f"{at}: source", entry.get("source")),
        type=kind,
        pii=pii,
        required=_flag(at, entry, "required"),
        pattern=_pattern(at, entry.get("pattern")),
        values=_values(at, entry.get("values")),
        minimum=_number(at, "min", entry.get("min")),
        maximum=_number(at, "max", entry.get("max")),
        max_chars=_max_chars(at, entry.get("max_chars")),
        optional_column=_flag(at, entry, "optional_column"),
        zone=_zone(at, kind, entry.get("zone")),
        any_time=_flag(at, entry, "any_time"),
    )
    _check_pii(at, one)
    _check_types(at, one)
    return one


def _check_pii(at: str, one: Field) -> None:
    if one.type == "string" and one.pii == "none" and one.pattern is None and not one.values:
        raise ContractError(
            f"{at}: a string with `pii: none` needs `pattern` or `values` that keep people's data out; "
            "or declare it free_text or short_text"
        )
    if one.type == "json" and one.pii != "free_text":
        raise ContractError(f"{at}: a json field can hold any text; declare `pii: free_text`")
    if one.type not in ("string", "json") and one.pii != "none":
        raise ContractError(f"{at}: `pii: {one.pii}` needs `type: string`, not {one.type}")
    taken = [column for column in one.raw_columns if column in SYSTEM_COLUMNS]
    if taken:
        raise ContractError(f"{at}: {taken[0]} is a name of the warehouse's own columns; choose another name")


def _check_types(at: str, one: Field) -> None:
    if (one.minimum is not None or one.maximum is not None) and one.type not in ("integer", "decimal"):
        raise ContractError(f"{at}: min and max are for integer and decimal, not {one.type}")
    if one.pattern and one.type != "string":
        raise ContractError(f"{at}: pattern is for strings, not {one.type}")
    if one.required and one.optional_column:
        raise ContractError(f"{at}: is required, so its column cannot be optional; drop one of the two")


def _refuse_repeats(where: str, fields: tuple[Field, ...]) -> None:
    sources: set[str] = set()
    columns: set[str] = set()
    for one in fields:
        if one.source in sources:
            raise ContractError(f"{where}, field {one.name}: source {one.source} is used twice; keep one")
        sources.add(one.source)
        for column in (*one.raw_columns, one.name):
            if column in columns and column != one.name:
                raise ContractError(
                    f"{where}, field {one.name}: column {column} exists already; rename the field"
                )
        if one.name in columns:
            raise ContractError(f"{where}, field {one.name}: the name is used twice; rename one")
        columns.update({one.name, *one.raw_columns})


def _key(where: str, entry: str, names: Any, known: Mapping[str, Field], *, needed: bool) -> tuple[str, ...]:
    if names is None and not needed:
        return ()
    if not isinstance(names, list) or not names:
        raise ContractError(f"{where}: {entry} must be a list of field names, such as [complaint_no]")
    for name in names:
        if name not in known:
            raise ContractError(
                f"{where}: {entry} names {name!r}, which is not a field; known: {', '.join(known)}"
            )
    if not any(known[name].required for name in names):
        raise ContractError(
            f"{where}: {entry} has no required field, so it can be empty; make one `required: true`"
        )
    return tuple(names)


def _version_field(where: str, name: Any, known: Mapping[str, Field]) -> str | None:
    if name is None:
        return None
    if name not in known:
        raise ContractError(f"{where}: version_field {name!r} is not a field; known: {', '.join(known)}")
    one = known[name]
    if one.type not in (*TIME_TYPES, "integer") or not one.required:
        raise ContractError(f"{where}, field {name}: a version must be a required time or integer")
    return str(name)


def _event_field(where: str, entry: Any, known: Mapping[str, Field]) -> str | None:
    if not isinstance(entry, dict) or set(entry) not in ({"field"}, {"basis"}):
        raise ContractError(f"{where}: event_time must be {{field: NAME}} or {{basis: received}}")
    if "basis" in entry:
        _one_of(f"{where}: event_time.basis", entry["basis"], ("received",))
        return None
    name = entry["field"]
    if name not in known or known[name].type not in TIME_TYPES or not known[name].required:
        raise ContractError(f"{where}: event_time.field {name!r} must be a required field of a time type")
    return str(name)


def _verbatim(where: str, entry: Any, known: Mapping[str, Field]) -> Verbatim | None:
    if entry is None:
        return None
    if not isinstance(entry, dict) or entry.get("field") not in known:
        raise ContractError(f"{where}: verbatim.field must name one of {', '.join(known)}")
    _refuse_unknown(f"{where}: verbatim", entry, frozenset({"field", "item_text", "item_role", "role"}))
    one = known[entry["field"]]
    if one.pii not in TEXT_CLASSES:
        raise ContractError(
            f"{where}, field {one.name}: verbatim must be free_text or short_text, so that it is masked"
        )
    items = [entry.get(name) for name in ("item_text", "item_role", "role")]
    if (one.type == "json") != all(items) or (one.type != "json" and any(items)):
        raise ContractError(
            f"{where}: verbatim of a json field needs item_text, item_role and role; a text none of them"
        )
    return Verbatim(one.name, *(None if item is None else str(item) for item in items))


def _tombstone(where: str, entry: Any, known: Mapping[str, Field]) -> Tombstone | None:
    if entry is None:
        return None
    if (
        not isinstance(entry, dict)
        or entry.get("field") not in known
        or not isinstance(entry.get("values"), list)
    ):
        raise ContractError(
            f"{where}: tombstone must be {{field: NAME, values: [...]}} with a field of this entity"
        )
    one = known[entry["field"]]
    values = frozenset(_spell(one, value) for value in entry["values"])
    if one.values and not values <= set(one.values):
        raise ContractError(f"{where}, field {one.name}: tombstone values must be among its `values`")
    return Tombstone(one.name, values)


def _spell(one: Field, value: Any) -> str:
    if one.type == "boolean" and isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _name(where: str, value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ContractError(f"{where}: {value!r} is not a name; use lower case letters, digits and _")
    return value


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ContractError(f"{where}: missing; give a text")
    return value


def _one_of(where: str, value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ContractError(f"{where}: {value!r} is not known; use one of {', '.join(allowed)}")
    return str(value)


def _flag(at: str, entry: Mapping[str, Any], key: str) -> bool:
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise ContractError(f"{at}: {key} {value!r}; give true or false")
    return value


def _pattern(at: str, value: Any) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        return re.compile(str(value))
    except re.error as error:
        raise ContractError(f"{at}: pattern is not a regular expression ({error})") from error


def _values(at: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not value:
        raise ContractError(f"{at}: values must be a list of allowed values")
    if any(not isinstance(one, str | int) or isinstance(one, bool) for one in value):
        raise ContractError(f"{at}: quote the entries of values, YAML reads some of them as another type")
    return tuple(str(one) for one in value)


def _number(at: str, key: str, value: Any) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ContractError(f"{at}: {key} {value!r} is not a number")
    return value


def _max_chars(at: str, value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ContractError(f"{at}: max_chars {value!r}; give a whole number from 1")
    return value


def _zone(at: str, kind: str, value: Any) -> ZoneInfo | None:
    if value is None:
        if kind == "datetime":
            raise ContractError(f"{at}: a datetime needs its `zone:`, such as Asia/Shanghai or UTC")
        return None
    try:
        return ZoneInfo(str(value))
    except (KeyError, ValueError, OSError) as error:
        raise ContractError(f"{at}: zone {value!r} is not known; use a name such as Asia/Shanghai") from error


def _refuse_unknown(where: str, entry: Mapping[str, Any], known: frozenset[str]) -> None:
    unknown = sorted(str(key) for key in set(entry) - known)
    if unknown:
        raise ContractError(f"{where}: unknown entry {', '.join(unknown)}; known: {', '.join(sorted(known))}")
