"""Strict reader of JSON lines over bytes: one object a line, each with its span.

Depth, duplicate keys, surrogates and numbers that are none are checked before a value is believed.
`readers.py` chooses the reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from data_quality.contract import Contract, Entity
from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.records import MAX_JSON_DEPTH, MAX_RECORD_BYTES, Physical, one_of
from orchestration.admission.unpack import Member

_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NOT_BRACKET = re.compile(rb"[^\[\]{}]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
RECORD_TYPE = "record_type"


class JsonNumber(str):
    """A JSON number kept as it was written, where the contract has decimals."""

    __slots__ = ()


class _NotFinite(ValueError):  # noqa: N818 - told apart from a syntax error
    """NaN or an infinity where JSON has no such thing."""


def read_jsonl(contract: Contract, member: Member) -> Iterator[Physical]:
    """Yield the physical spans of one JSON lines member, tiling it from first to last byte."""
    if problem := _whole_problem(contract, member):
        yield Physical(member.base, member.base + member.size, 1, problem=problem)
        return
    exact = any(one.type == "decimal" for entity in contract.entities.values() for one in entity.fields)
    line_no = start = 0
    data, base = member.data, member.base
    while start < member.size:
        found = data.find(b"\n", start)
        end = member.size if found < 0 else found + 1
        line_no += 1
        line = bytes(data[start : min(end, start + MAX_RECORD_BYTES + 1)])
        if line_no == 1:
            line = line.removeprefix(_BOM)
        if end - start <= MAX_RECORD_BYTES and not line.strip():
            yield Physical(base + start, base + end, line_no, is_record=False)
        else:
            oversized = end - start > MAX_RECORD_BYTES
            item = Physical(base + start, base + end, line_no)
            outcome = (
                Problem(Reason.RECORD_TOO_LARGE, detail=f"{end - start} bytes, at most {MAX_RECORD_BYTES}")
                if oversized
                else parse_line(line, exact=exact)
            )
            _fill(contract, item, outcome, terminated=found >= 0)
            yield item
        start = end


def parse_line(line: bytes, *, exact: bool = False) -> dict[str, Any] | Problem:
    """Parse one line strictly; `exact` keeps numbers with a fraction as written."""
    bare = _STRING.sub(b"", line)
    if bare.count(b"[") + bare.count(b"{") > MAX_JSON_DEPTH and _depth(bare) > MAX_JSON_DEPTH:
        return Problem(Reason.JSON_TOO_DEEP, detail=f"more than {MAX_JSON_DEPTH} levels")
    if b"\x00" in line:
        return Problem(Reason.NUL_CHARACTER, detail=f"byte {line.index(0) + 1} of the record")
    try:
        value = _exact(line) if exact else orjson.loads(line)
    except (ValueError, RecursionError):
        return _why_not(line)
    if not isinstance(value, dict):
        return Problem(Reason.NOT_AN_OBJECT, detail=f"found {_kind(value)}")
    # Keys of the object as written against keys that survived parsing: fewer means a key twice.
    if bare.count(b":") != _count_keys(value):
        return Problem(Reason.DUPLICATE_JSON_KEY, detail="a key stands twice in one object")
    return value


def compact(value: Any) -> str:
    """Write a JSON value in its canonical compact form."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole_problem(contract: Contract, member: Member) -> Problem | None:
    head = bytes(member.data[:4096])
    if not head.strip(_BOM + b" \t\r\n") and not bytes(member.data[:]).strip(_BOM + b" \t\r\n"):
        return Problem(Reason.EMPTY_DELIVERY, detail="no data at all")
    if head.startswith(_UTF16_BOMS) or head.count(b"\x00") * 3 > len(head):
        return Problem(
            Reason.WRONG_ENCODING, detail=f"looks like UTF-16, the contract says {contract.encoding}"
        )
    return None


def _fill(contract: Contract, item: Physical, outcome: dict[str, Any] | Problem, *, terminated: bool) -> None:
    if isinstance(outcome, Problem):
        if not terminated and outcome.reason in (Reason.INVALID_JSON, Reason.INVALID_ENCODING):
            outcome = Problem(Reason.TRUNCATED_RECORD, detail="the last line ends early")
        item.problem = outcome
        return
    entity = _entity(contract, outcome)
    if isinstance(entity, Problem):
        item.problem = entity
        return
    item.entity = entity.name
    if entity.has_plain_sources:
        item.values = [outcome.pop(one.source, None) for one in entity.fields]
    else:
        item.values = [
            one_of(one.sources, [_take(outcome, name) for name in one.sources]) for one in entity.fields
        ]
        outcome = _named(entity, outcome)
    if outcome:
        item.extra = outcome


def _take(value: dict[str, Any], source: str) -> Any:
    """Take what stands under a name or a path such as `author.id` out of a record (None: nothing)."""
    if source in value or "." not in source:  # a literal key with a dot wins
        return value.pop(source, None)
    *outer, leaf = source.split(".")
    place: Any = value
    for step in outer:
        place = place.get(step) if isinstance(place, dict) else None
    return place.pop(leaf, None) if isinstance(place, dict) else None


def _named(entity: Entity, rest: dict[str, Any]) -> dict[str, Any]:
    """Name what is left of objects the contract looks into by its path; what was read whole is gone."""
    opened = entity.opened_sources
    out: dict[str, Any] = {}
    for key, one in rest.items():
        if key not in opened or not isinstance(one, dict):
            out[key] = one
        else:
            out |= {f"{key}.{inner}": left for inner, left in one.items() if left != {}}
    return out


def _entity(contract: Contract, value: dict[str, Any]) -> Entity | Problem:
    if len(contract.entities) == 1:
        return next(iter(contract.entities.values()))
    name = value.pop(RECORD_TYPE, None)
    if isinstance(name, str) and name in contract.entities:
        return contract.entities[name]
    return Problem(Reason.UNKNOWN_RECORD_TYPE, RECORD_TYPE, "known: " + ", ".join(contract.entities))


def _why_not(line: bytes) -> Problem:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return Problem(Reason.INVALID_ENCODING, detail=f"not utf-8 at byte {error.start + 1} of the record")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except _NotFinite:
        return Problem(Reason.NOT_FINITE, detail="NaN and infinities are no JSON")
    except RecursionError:
        return Problem(Reason.JSON_TOO_DEEP, detail=f"more than {MAX_JSON_DEPTH} levels")
    except ValueError as error:
        at = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        return Problem(Reason.INVALID_JSON, detail=f"not valid JSON{at}")
    if _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        return Problem(Reason.LONE_SURROGATE, detail="half of a surrogate pair")
    return Problem(Reason.INVALID_JSON, detail="not valid JSON")


def _exact(line: bytes) -> Any:
    # orjson is the judge of validity; the slower parser only keeps the digits.
    orjson.loads(line)
    return json.loads(line, parse_float=JsonNumber, parse_constant=_refuse_constant)


def _refuse_constant(_: str) -> Any:
    raise _NotFinite


def _depth(bare: bytes) -> int:
    depth = deepest = 0
    for byte in _NOT_BRACKET.sub(b"", bare):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _count_keys(value: Any) -> int:
    """Return the number of keys of all objects; the depth was bounded before."""
    if isinstance(value, dict):
        total, items = len(value), value.values()
    else:
        total, items = 0, value
    for item in items:
        kind = type(item)
        if kind is dict or kind is list:
            total += _count_keys(item)
    return total


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
