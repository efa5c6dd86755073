"""Channel contracts: what a source promises, read from YAML and checked before anything trusts it.

Here: the loader. Next door: the shapes (`contract_types.py`) and fields (`contract_fields.py`);
`orchestration/admission` applies a contract to deliveries, dbt reads the same names from the raw
files. Meaning of each entry: docs/interfaces.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from data_quality.contract_fields import check_name, check_one_of, check_text, read_field, refuse_unknown
from data_quality.contract_types import (
    AUTHOR_ROLES,
    ENCODINGS,
    FORMATS,
    ID_BASES,
    LOOPS,
    MAIL_SOURCES,
    RESTRICTED_CLASSES,
    SYSTEM_COLUMNS,
    TEXT_CLASSES,
    TIME_TYPES,
    Contract,
    ContractError,
    Entity,
    Field,
    Tombstone,
    Verbatim,
)

try:  # ten times faster, where the wheel has it
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

_TOP_KEYS = frozenset(
    (
        "channel", "version", "label_zh", "description_zh", "format", "encoding", "csv", "xlsx",
        "id_basis", "attributes", "entities",
    )
)  # fmt: skip
_ENTITY_KEYS = frozenset(
    (
        "record_key", "voice_key", "version_field", "keeps_versions", "event_time", "verbatim", "tombstone",
        "fields",
    )
)  # fmt: skip
_VERBATIM_KEYS = frozenset(("field", "fields", "item_text", "item_role", "role_field", "role"))
# Each format has one kind of encoding that needs no saying.
_DEFAULT_ENCODING = {"mbox": "mime"}
_ENCODING_ALIASES = {"utf-8-sig": "utf-8"}  # a byte order mark is tolerated anyway


def load_contract(path: Path | str) -> Contract:
    """Read and check one contract file.

    Raises:
        ContractError: naming file, entity and field, and what to change.

    """
    path = Path(path)
    document = _read(path)
    refuse_unknown(f"{path}", document, _TOP_KEYS)
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ContractError(
            f"{path}: version {version!r}; give a whole number from 1, and raise it on change"
        )
    entities = document.get("entities")
    if not isinstance(entities, dict) or not entities:
        raise ContractError(f"{path}: no entity under `entities:`; name at least one kind of record")
    form = check_one_of(f"{path}: format", document.get("format"), FORMATS)
    contract = Contract(
        path=path,
        channel=check_name(f"{path}: channel", document.get("channel")),
        version=version,
        label_zh=check_text(f"{path}: label_zh", document.get("label_zh")),
        description_zh=check_text(f"{path}: description_zh", document.get("description_zh")),
        format=form,
        encoding=_encoding(path, form, document.get("encoding")),
        id_basis=check_one_of(f"{path}: id_basis", document.get("id_basis", "source"), ID_BASES),
        delimiter=_delimiter(path, document),
        sheet=_sheet(path, form, document.get("xlsx")),
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


def _encoding(path: Path, form: str, value: Any) -> str:
    default = _DEFAULT_ENCODING.get(form, "utf-8")
    encoding = default if value is None else _ENCODING_ALIASES.get(value, value)
    check_one_of(f"{path}: encoding", encoding, ENCODINGS)
    if form != "csv" and encoding != default:
        reasons = {
            "jsonl": "JSON lines are UTF-8",
            "xlsx": "a workbook says it itself",
            "mbox": "mails say it",
        }
        raise ContractError(f"{path}: {reasons[form]}; set `encoding: {default}`")
    if form == "csv" and encoding == "mime":
        raise ContractError(f"{path}: encoding mime is for mails (`format: mbox`); use utf-8 or gb18030")
    return str(encoding)


def _check_format(contract: Contract) -> None:
    if contract.delimiter != "," and contract.format != "csv":
        raise ContractError(f"{contract.path}: `csv:` is for format csv, not {contract.format}")
    if contract.format == "jsonl":
        _check_json(contract)
    if contract.format == "mbox":
        _check_mail(contract)
    if contract.format == "jsonl" and len(contract.entities) > 1:
        return
    seen: dict[frozenset[tuple[str, ...]], str] = {}
    for entity in contract.entities.values():
        columns = frozenset(one.sources for one in entity.fields)
        if columns in seen:
            raise ContractError(
                f"{contract.path}: entities {seen[columns]} and {entity.name} have the same columns "
                "and cannot be told apart by their header; give them channels of their own"
            )
        seen[columns] = entity.name


def _check_json(contract: Contract) -> None:
    for entity in contract.entities.values():
        where = f"{contract.path}: entity {entity.name}"
        for one in entity.fields:
            if one.decimal_comma:
                raise ContractError(
                    f"{where}, field {one.name}: decimal_comma is for texts; JSON has numbers, drop it"
                )
        paths = sorted((path, one.name) for one in entity.fields for path in one.sources)
        for (outer, _), (inner, name) in combinations(paths, 2):
            if inner.startswith(outer + "."):
                raise ContractError(
                    f"{where}, field {name}: source {inner} lies inside source {outer} of another field; "
                    "read either the whole object or parts of it"
                )


def _check_mail(contract: Contract) -> None:
    if len(contract.entities) != 1:
        raise ContractError(f"{contract.path}: a mailbox has one kind of record; keep one entity")
    for entity in contract.entities.values():
        for one in entity.fields:
            for source in one.sources:
                if source not in MAIL_SOURCES:
                    raise ContractError(
                        f"{contract.path}: entity {entity.name}, field {one.name}: a mail has no {source!r}; "
                        f"use one of {', '.join(MAIL_SOURCES)}"
                    )


def _delimiter(path: Path, document: Mapping[str, Any]) -> str:
    options = document.get("csv") or {}
    if not isinstance(options, dict):
        raise ContractError(f'{path}: csv: expected a mapping such as {{delimiter: ","}}')
    refuse_unknown(f"{path}: csv", options, frozenset({"delimiter"}))
    delimiter = options.get("delimiter", ",")
    if delimiter not in (",", ";", "\t", "|"):
        raise ContractError(f"{path}: csv.delimiter {delimiter!r}; use one of , ; | or a tab")
    return str(delimiter)


def _sheet(path: Path, form: str, options: Any) -> str | None:
    if options is None:
        return None
    if form != "xlsx":
        raise ContractError(f"{path}: `xlsx:` is for format xlsx, not {form}")
    if not isinstance(options, dict):
        raise ContractError(f"{path}: xlsx: expected a mapping such as {{sheet: NAME}}")
    refuse_unknown(f"{path}: xlsx", options, frozenset({"sheet"}))
    return check_text(f"{path}: xlsx.sheet", options.get("sheet")).strip()


def _attributes(path: Path, entry: Any) -> dict[str, Any]:
    where = f"{path}: attributes"
    if not isinstance(entry, dict):
        raise ContractError(
            f"{where}: missing; needs loop, is_solicited, author_role, is_first_hand, is_identified"
        )
    check_one_of(f"{where}.loop", entry.get("loop"), LOOPS)
    check_one_of(f"{where}.author_role", entry.get("author_role"), AUTHOR_ROLES)
    for flag in ("is_solicited", "is_first_hand", "is_identified"):
        if not isinstance(entry.get(flag), bool):
            raise ContractError(f"{where}.{flag}: {entry.get(flag)!r}; give true or false")
    return dict(entry)


def _entity(path: Path, name: Any, entry: Any) -> Entity:
    where = f"{path}: entity {name}"
    check_name(where, name)
    if not isinstance(entry, dict) or not isinstance(entry.get("fields"), list) or not entry["fields"]:
        raise ContractError(f"{where}: needs `record_key:` and a list of `fields:`")
    refuse_unknown(where, entry, _ENTITY_KEYS)
    fields = tuple(read_field(where, one) for one in entry["fields"])
    _refuse_repeats(where, fields)
    known = {one.name: one for one in fields}
    entity = Entity(
        name=str(name),
        fields=fields,
        record_key=_key(where, "record_key", entry.get("record_key"), known, needed=True),
        voice_key=_key(where, "voice_key", entry.get("voice_key"), known, needed=False),
        version_field=_version_field(where, entry.get("version_field"), known),
        keeps_versions=_keeps_versions(where, entry),
        event_field=_event_field(where, entry.get("event_time"), known),
        verbatim=_verbatim(where, entry.get("verbatim"), known),
        tombstone=_tombstone(where, entry.get("tombstone"), known),
    )
    if entity.verbatim and not entity.is_voice:
        raise ContractError(
            f"{where}: has `verbatim:` but no `voice_key:`; name the fields that tell one voice"
        )
    return entity


def _refuse_repeats(where: str, fields: tuple[Field, ...]) -> None:
    sources: set[str] = set()
    columns: set[str] = set()
    for one in fields:
        for source in one.sources:
            if source in sources:
                raise ContractError(f"{where}, field {one.name}: source {source} is used twice; keep one")
            sources.add(source)
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


def _keeps_versions(where: str, entry: Mapping[str, Any]) -> bool:
    wanted = entry.get("keeps_versions", False)
    if not isinstance(wanted, bool):
        raise ContractError(f"{where}: keeps_versions {wanted!r}; give true or false")
    if wanted and (entry.get("version_field") is None or entry.get("voice_key") is not None):
        raise ContractError(f"{where}: keeps_versions is for business records with a `version_field:`")
    return wanted


def _event_field(where: str, entry: Any, known: Mapping[str, Field]) -> str | None:
    if not isinstance(entry, dict) or set(entry) not in ({"field"}, {"basis"}):
        raise ContractError(f"{where}: event_time must be {{field: NAME}} or {{basis: received}}")
    if "basis" in entry:
        check_one_of(f"{where}: event_time.basis", entry["basis"], ("received",))
        return None
    name = entry["field"]
    if name not in known or known[name].type not in TIME_TYPES or not known[name].required:
        raise ContractError(f"{where}: event_time.field {name!r} must be a required field of a time type")
    return str(name)


def _verbatim(where: str, entry: Any, known: Mapping[str, Field]) -> Verbatim | None:
    if entry is None:
        return None
    if not isinstance(entry, dict) or ("field" in entry) == ("fields" in entry):
        raise ContractError(f"{where}: verbatim must be {{field: NAME}} or {{fields: [NAME, NAME]}}")
    refuse_unknown(f"{where}: verbatim", entry, _VERBATIM_KEYS)
    names = entry["fields"] if "fields" in entry else [entry["field"]]
    if not isinstance(names, list) or not names or len(set(map(str, names))) < len(names):
        raise ContractError(f"{where}: verbatim.fields must be a list of field names, each once")
    for name in names:
        if name not in known:
            raise ContractError(f"{where}: verbatim.field {name!r} must name one of {', '.join(known)}")
        if known[name].pii not in TEXT_CLASSES:
            raise ContractError(
                f"{where}, field {name}: verbatim must be free_text or short_text, so that it is masked"
            )
    by_row = _row_role(where, entry, known)
    items = [entry.get(name) for name in ("item_text", "item_role")]
    items.append(None if by_row else entry.get("role"))
    is_json = any(known[name].type == "json" for name in names)
    if is_json != all(items) or (not is_json and any(items)) or (is_json and (len(names) > 1 or by_row)):
        raise ContractError(
            f"{where}: verbatim of one json field needs item_text, item_role and role; a text none of them"
            " (or role_field and role, where every record has a role)"
        )
    item_text, item_role, role = (
        None if item is None else str(item) for item in (*items[:2], entry.get("role"))
    )
    return Verbatim(tuple(names), item_text, item_role, role, by_row)


def _row_role(where: str, entry: Mapping[str, Any], known: Mapping[str, Field]) -> str | None:
    """Return the field that tells the role of a whole record (None: there is none)."""
    name = entry.get("role_field")
    if name is None:
        return None
    if name not in known:
        raise ContractError(f"{where}: verbatim.role_field {name!r} must name one of {', '.join(known)}")
    role, values = entry.get("role"), known[name].values
    if not isinstance(role, str) or (values and role not in values):
        raise ContractError(
            f"{where}: verbatim.role {role!r} must be one value of {name}"
            + (f": {', '.join(values)}" if values else "")
        )
    return str(name)


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


__all__ = [
    "MAIL_SOURCES", "RESTRICTED_CLASSES", "SYSTEM_COLUMNS", "TEXT_CLASSES", "TIME_TYPES", "Contract",
    "ContractError", "Entity", "Field", "Tombstone", "Verbatim", "load_contract",
]  # fmt: skip
