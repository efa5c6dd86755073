"""From source values to canonical text, field by field, as the contract says.

Here: types, checks and time limits. Structure is the readers' work, pseudonyms and masks `shape.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from data_quality.contract import TIME_TYPES, Entity, Field
from orchestration.admission.characters import character_problem
from orchestration.admission.jsonl_reader import JsonNumber, compact, parse_line
from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.records import MAX_FIELD_CHARS, Ambiguous, Physical
from orchestration.partitions import business_date, day_start

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
TOLERANCE = timedelta(hours=24)
_REMEMBERED = 10_000
_REMEMBERED_CHARS = 64

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?")
# Points only as thousands marks: 12.50 is a number of another country.
_DECIMAL_COMMA = re.compile(r"-?(?:[0-9]{1,18}|[0-9]{1,3}(?:\.[0-9]{3}){1,5})(?:,[0-9]{1,9})?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Seconds are required: `10:00` may be what is left of `10:00:00` in a file that was cut.
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_TRUTHS = {"true": "true", "1": "true", "是": "true", "false": "false", "0": "false", "否": "false"}

Convert = Callable[[Any], str | None]


class RefusedError(Exception):
    """A value that breaks its contract; carries the problem."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class Canonicaliser:
    """Turns the values of one entity into canonical texts, or says which field is wrong and why."""

    def __init__(self, entity: Entity, received_at: datetime, *, typed: bool) -> None:
        """Compile the checks; `typed` sources (JSON) must bring the right types, others bring text."""
        self._converters = [
            (_converter(one, received_at, typed=typed), one.required) for one in entity.fields
        ]
        self._names = [one.name for one in entity.fields]
        self._sources = {(one.name, source) for one in entity.fields for source in one.sources}
        self.can_judge = len(entity.fields) > 1 and any(_tells(one) for one in entity.fields)

    def __call__(self, values: Sequence[Any]) -> tuple[str | None, ...] | Problem:
        """Return canonical texts in contract order, or the first problem."""
        out: list[str | None] = []
        try:
            for (convert, required), value in zip(self._converters, values, strict=True):
                text = None if value is None or value == "" else convert(value)
                if text is None and required:
                    return Problem(Reason.MISSING_VALUE, self._names[len(out)])
                out.append(text)
        except RefusedError as refused:
            return Problem(refused.reason, self._names[len(out)], refused.detail)
        except _ProblemError as found:
            return found.problem
        return tuple(out)

    def check(self, item: Physical) -> tuple[str | None, ...] | Problem:
        """Judge a physical record; a fault in the last column of a cut last line is the cut."""
        assert item.values is not None  # noqa: S101 - readers give values or a problem
        outcome = self(item.values)
        cut = item.cut_column
        if isinstance(outcome, Problem) and cut is not None and (outcome.field, cut) in self._sources:
            return Problem(Reason.TRUNCATED_RECORD, outcome.field, "the last line ends early")
        return outcome


class _ProblemError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def _tells(one: Field) -> bool:
    return one.required and (one.type != "string" or bool(one.values) or one.pattern is not None)


def _converter(one: Field, received_at: datetime, *, typed: bool) -> Convert:
    convert = _BUILDERS[one.type](one, typed)
    if one.type in TIME_TYPES and not one.any_time:
        convert = _within_time(convert, one, received_at)
    if one.values:
        convert = _within_values(convert, frozenset(one.values))
    if len(one.sources) > 1:
        convert = _unambiguous(convert)
    # Brands, places, dates and codes repeat; free text does not.
    return convert if typed or one.pii == "free_text" else _remembering(convert)


def _remembering(convert: Convert) -> Convert:
    known: dict[str, str] = {}

    def remembered(value: Any) -> str | None:
        text = known.get(value)
        if text is None:
            text = convert(value)
            if text is not None and len(known) < _REMEMBERED:
                known[value] = text
        return text

    return remembered


def _string(one: Field, typed: bool) -> Convert:  # noqa: ARG001 - one shape for all builders
    name, pattern, limit = one.name, one.pattern, min(one.max_chars or MAX_FIELD_CHARS, MAX_FIELD_CHARS)

    def convert(value: Any) -> str | None:
        if not isinstance(value, str):
            raise RefusedError(Reason.WRONG_TYPE, f"a text is expected, found {type(value).__name__}")
        if len(value) > limit:
            reason = Reason.FIELD_TOO_LARGE if limit == MAX_FIELD_CHARS else Reason.TEXT_TOO_LONG
            raise RefusedError(reason, f"{len(value)} characters, at most {limit}")
        if pattern is not None and pattern.fullmatch(value):
            return value
        if (problem := character_problem(name, value)) is not None:
            raise _ProblemError(problem)
        if pattern is not None:
            raise RefusedError(Reason.PATTERN_MISMATCH)
        return value if value.strip() else None

    return convert


def _integer(one: Field, typed: bool) -> Convert:
    def convert(value: Any) -> str | None:
        number = _int_of(value, typed)
        _check_bounds(one, number)
        return str(number)

    return convert


def _int_of(value: Any, typed: bool) -> int:
    if typed:
        if not isinstance(value, int) or isinstance(value, bool):
            raise RefusedError(Reason.WRONG_TYPE, f"a whole number is expected, found {type(value).__name__}")
        return value
    text = value.strip()
    if not _INTEGER.fullmatch(text):
        raise RefusedError(_number_reason(text), "a whole number is expected")
    return int(text)


def _decimal(one: Field, typed: bool) -> Convert:
    def convert(value: Any) -> str | None:
        if typed and (isinstance(value, bool) or not isinstance(value, int | JsonNumber)):
            raise RefusedError(Reason.WRONG_TYPE, f"a number is expected, found {type(value).__name__}")
        text = str(value).strip()
        if one.decimal_comma:
            text = _with_point(text)
        elif not _DECIMAL.fullmatch(text):
            raise RefusedError(_number_reason(text), "a decimal number such as 12.50 is expected")
        _check_bounds(one, float(text))
        return text

    return convert


def _with_point(text: str) -> str:
    if not _DECIMAL_COMMA.fullmatch(text):
        raise RefusedError(_number_reason(text), "a decimal number such as 1.234,56 is expected")
    return text.replace(".", "").replace(",", ".")


def _number_reason(text: str) -> Reason:
    return Reason.NOT_FINITE if _NOT_FINITE.fullmatch(text) else Reason.INVALID_NUMBER


def _check_bounds(one: Field, number: float) -> None:
    if one.minimum is not None and number < one.minimum:
        raise RefusedError(Reason.NUMBER_OUT_OF_RANGE, f"below {one.minimum}")
    if one.maximum is not None and number > one.maximum:
        raise RefusedError(Reason.NUMBER_OUT_OF_RANGE, f"above {one.maximum}")


def _boolean(one: Field, typed: bool) -> Convert:  # noqa: ARG001
    def convert(value: Any) -> str | None:
        if isinstance(value, bool):
            return "true" if value else "false"
        if typed:
            raise RefusedError(Reason.WRONG_TYPE, f"true or false is expected, found {type(value).__name__}")
        truth = _TRUTHS.get(value.strip().lower())
        if truth is None:
            raise RefusedError(Reason.INVALID_BOOLEAN)
        return truth

    return convert


def _date(one: Field, typed: bool) -> Convert:  # noqa: ARG001
    reform = _reform(one)

    def convert(value: Any) -> str | None:
        text = reform(_time_text(value))
        if not _DATE.fullmatch(text):
            raise RefusedError(Reason.INVALID_TIME, "a date such as 2024-01-31 is expected")
        try:
            date.fromisoformat(text)
        except ValueError as error:
            raise RefusedError(Reason.INVALID_TIME, "no such day") from error
        return text

    return convert


def _datetime(one: Field, typed: bool) -> Convert:  # noqa: ARG001
    zone = one.zone or ZoneInfo("UTC")
    reform = _reform(one)

    def convert(value: Any) -> str | None:
        text = reform(_time_text(value))
        if not _DATETIME.fullmatch(text):
            raise RefusedError(Reason.INVALID_TIME, "a time such as 2024-01-31 08:00:00 is expected")
        try:
            instant = datetime.fromisoformat(text)
            return utc_text(instant if instant.tzinfo else instant.replace(tzinfo=zone))
        except (ValueError, OverflowError) as error:
            raise RefusedError(Reason.INVALID_TIME, "no such time") from error

    return convert


def _reform(one: Field) -> Callable[[str], str]:
    """Return what brings a text of the field's `date_format` into ISO order (without one: nothing)."""
    if one.date_format is None:
        return lambda text: text
    parts = re.split("%(.)", one.date_format)
    pattern = "".join(
        f"(?P<{part}>[0-9]{{{4 if part == 'Y' else 2}}})" if at % 2 else re.escape(part)
        for at, part in enumerate(parts)
    )
    match, shape = re.compile(pattern).fullmatch, one.date_format
    clock = " {H}:{M}:{S}" if one.type == "datetime" else ""

    def reform(text: str) -> str:
        found = match(text)
        if found is None:
            raise RefusedError(Reason.INVALID_TIME, f"a time written {shape} is expected")
        return ("{Y}-{m}-{d}" + clock).format(**{"S": "00", **found.groupdict()})

    return reform


def _time_text(value: Any) -> str:
    if not isinstance(value, str):
        raise RefusedError(Reason.WRONG_TYPE, f"a time as text is expected, found {type(value).__name__}")
    return value.strip()


def _epoch_ms(one: Field, typed: bool) -> Convert:  # noqa: ARG001
    def convert(value: Any) -> str | None:
        milliseconds = _int_of(value, typed)
        try:
            return utc_text(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds))
        except OverflowError as error:
            raise RefusedError(Reason.TIME_OUT_OF_RANGE, "milliseconds since 1970 are expected") from error

    return convert


def _json(one: Field, typed: bool) -> Convert:
    sound: set[str] = set()

    def convert(value: Any) -> str | None:
        if not typed:
            parsed = parse_line(b'{"value":' + value.encode() + b"}")
            if isinstance(parsed, Problem):
                raise RefusedError(parsed.reason, parsed.detail)
            value = parsed["value"]
        text = compact(value)
        if len(text) > MAX_FIELD_CHARS:
            raise RefusedError(Reason.FIELD_TOO_LARGE, f"{len(text)} characters, at most {MAX_FIELD_CHARS}")
        for item in strings_in(value):
            # Roles, queues and greetings repeat.
            if item in sound:
                continue
            if (problem := character_problem(one.name, item)) is not None:
                raise _ProblemError(problem)
            if len(item) <= _REMEMBERED_CHARS and len(sound) < _REMEMBERED:
                sound.add(item)
        return text

    return convert


def strings_in(value: Any) -> list[str]:
    """Return all texts in a JSON value, keys not included, in no special order."""
    found: list[str] = []
    waiting: list[Any] = [[value]]
    while waiting:
        one = waiting.pop()
        for item in one.values() if isinstance(one, dict) else one:
            if isinstance(item, str):
                found.append(item)
            elif isinstance(item, dict | list):
                waiting.append(item)
    return found


def _unambiguous(convert: Convert) -> Convert:
    def checked(value: Any) -> str | None:
        if isinstance(value, Ambiguous):
            names = ", ".join(value.sources)
            raise RefusedError(Reason.AMBIGUOUS_VALUE, f"{names} say different things")
        return convert(value)

    return checked


def _within_values(convert: Convert, allowed: frozenset[str]) -> Convert:
    def checked(value: Any) -> str | None:
        text = convert(value)
        if text is not None and text not in allowed:
            raise RefusedError(Reason.VALUE_NOT_ALLOWED)
        return text

    return checked


def _within_time(convert: Convert, one: Field, received_at: datetime) -> Convert:
    latest = received_at + TOLERANCE
    if one.type == "date":
        # The last Shanghai day that has begun by then.
        first_text, last_text = "2000-01-01", business_date(latest).isoformat()
    else:
        first_text, last_text = utc_text(EARLIEST), utc_text(latest)

    def checked(value: Any) -> str | None:
        text = convert(value)
        if text is not None and not first_text <= text <= last_text:
            raise RefusedError(Reason.TIME_OUT_OF_RANGE, f"not from {first_text} to {last_text}")
        return text

    return checked


def utc_text(instant: datetime) -> str:
    """Return `YYYY-MM-DD HH:MM:SS.ffffff` in UTC of an aware instant: text order is time order."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def event_instant(one: Field, text: str) -> datetime:
    """Return the UTC instant of a canonical time; a date stands for the start of its Shanghai day."""
    if one.type == "date":
        return day_start(date.fromisoformat(text))
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


_BUILDERS: dict[str, Callable[[Field, bool], Convert]] = {
    "string": _string,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "epoch_ms": _epoch_ms,
    "json": _json,
}
