"""Ways to damage one record of a layout: what is broken, in which field, and the broken bytes.

Each way is a ``registry.Break``. Which records are damaged, and when, is decided in ``faults``; business
files use the same ways of JSON lines in ``damage_business``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from sample_oem.registry import Break

# (reason, contract field, dotted source path, value written there)
FieldDamage = tuple[str, str, str, object]


def json_breaks(keys: Mapping[str, str], fields: Sequence[FieldDamage]) -> tuple[Break, ...]:
    """Breaks of JSON lines: cut, not an object, bad bytes, and each field damage in turn.

    ``keys`` are source paths of the record key with a format for the damaged record's own number.
    """
    return (
        half,
        not_an_object,
        lambda line, _n: ("invalid_encoding", "", line[:-2] + b"\xff\xfe}\n"),
        *(_field_break(keys, damage) for damage in fields),
    )


def first_half(line: bytes) -> bytes:
    """Cut a line in the middle, but not within a character: it must stay readable text."""
    return line[: len(line) // 2].decode("utf-8", errors="ignore").encode()


def half(line: bytes, _n: int) -> tuple[str, str, bytes]:
    """Leave half an object."""
    return "invalid_json", "", first_half(line) + b"\n"


def not_an_object(_line: bytes, _n: int) -> tuple[str, str, bytes]:
    """Write a list where an object should be."""
    return "not_an_object", "", b"[1,2,3]\n"


def _field_break(keys: Mapping[str, str], damage: FieldDamage) -> Break:
    reason, name, path, value = damage

    def broken(line: bytes, n: int) -> tuple[str, str, bytes]:
        body = orjson.loads(line)
        for key, pattern in keys.items():
            _put(body, key, pattern.format(n))
        _put(body, path, value)
        return reason, name, orjson.dumps(body) + b"\n"

    return broken


def _put(body: dict[str, object], path: str, value: object) -> None:
    *parents, last = path.split(".")
    place = body
    for name in parents:
        inner = place.setdefault(name, {})
        assert isinstance(inner, dict)  # noqa: S101 - the damaged line is one of ours
        place = inner
    place[last] = value
