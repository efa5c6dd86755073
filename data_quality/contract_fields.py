"""The fields of a contract: reading one entry, and the checks of single values.

Here: `read_field` and the small readers of names, flags, lists and numbers that every part of a
contract uses. Next door: `contract.py` reads the file around them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from data_quality.contract_types import FIELD_TYPES, PII_CLASSES, SYSTEM_COLUMNS, ContractError, Field

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_FIELD_KEYS = frozenset(
    (
        "name", "source", "type", "required", "pii", "pattern", "values", "min", "max", "max_chars",
        "optional_column", "zone", "any_time", "date_format", "decimal_comma",
    )
)  # fmt: skip
_DAY_CODES, _CLOCK_CODES = {"Y", "m", "d"}, {"H", "M", "S"}


def read_field(where: str, entry: Any) -> Field:
    """Read one entry under `fields:` (ContractError: which field, what is wrong, what to do)."""
    if not isinstance(entry, dict) or "name" not in entry:
        raise ContractError(f"{where}: a field needs at least name, source, type and pii")
    name = check_name(f"{where}, field {entry['name']}", entry["name"])
    at = f"{where}, field {name}"
    refuse_unknown(at, entry, _FIELD_KEYS)
    kind = check_one_of(f"{at}: type", entry.get("type"), FIELD_TYPES)
    pii = check_one_of(f"{at}: pii", entry.get("pii"), PII_CLASSES)
    one = Field(
        name=name,
        sources=_sources(at, entry.get("source")),
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
        date_format=_date_format(at, kind, entry.get("date_format")),
        decimal_comma=_flag(at, entry, "decimal_comma"),
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
    if one.decimal_comma and one.type != "decimal":
        raise ContractError(f"{at}: decimal_comma is for decimal, not {one.type}")
    if one.required and one.optional_column:
        raise ContractError(f"{at}: is required, so its column cannot be optional; drop one of the two")


def _sources(at: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (check_text(f"{at}: source", value),)
    names = tuple(check_text(f"{at}: source", one) for one in value)
    if not names or len(set(names)) < len(names):
        raise ContractError(f"{at}: source must be a name or a list of different names, newest first")
    return names


def _date_format(at: str, kind: str, value: Any) -> str | None:
    """Check a format of %Y %m %d (%H %M %S) and signs between (of fixed width, so no sign is fine)."""
    if value is None:
        return None
    if kind not in ("date", "datetime"):
        raise ContractError(f"{at}: date_format is for date and datetime, not {kind}")
    codes = re.findall("%(.?)", check_text(f"{at}: date_format", value), re.DOTALL)
    wanted = _DAY_CODES if kind == "date" else _DAY_CODES | (_CLOCK_CODES & {*codes, "H", "M"})
    if len(set(codes)) < len(codes) or set(codes) != wanted:
        needs = "%Y, %m and %d" if kind == "date" else "%Y, %m, %d, %H, %M (and %S)"
        raise ContractError(f"{at}: date_format {value!r} needs {needs}, each once and no other")
    return str(value)


def check_name(where: str, value: Any) -> str:
    """Return a name of ours: lower case, digits and _."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ContractError(f"{where}: {value!r} is not a name; use lower case letters, digits and _")
    return value


def check_text(where: str, value: Any) -> str:
    """Return a text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise ContractError(f"{where}: missing; give a text")
    return value


def check_one_of(where: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return one of a closed list of words."""
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


def refuse_unknown(where: str, entry: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse entries nobody reads: a slip of the pen must not pass in silence."""
    unknown = sorted(str(key) for key in set(entry) - known)
    if unknown:
        raise ContractError(f"{where}: unknown entry {', '.join(unknown)}; known: {', '.join(sorted(known))}")
