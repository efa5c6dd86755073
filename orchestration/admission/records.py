"""Physical records: what the readers hand on, with byte spans that tile the delivery.

Here: the shapes, the limits and the check of the tiling, which knows nothing of the readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestration.admission.reasons import Problem

MAX_RECORD_BYTES = 1024**2
MAX_FIELD_CHARS = 262_144
MAX_JSON_DEPTH = 64


@dataclass(slots=True)
class Physical:
    """One span of a delivery: a record with its values or its problem, or structure (`is_record` false).

    `start`/`end` are byte offsets in the concatenated members, `header` the offset span of the CSV
    header the record was read under (needed to replay it alone).
    """

    start: int
    end: int
    line_no: int
    is_record: bool = True
    entity: str = ""
    values: Sequence[Any] | None = None  # as read; once judged: canonical texts, or None with a problem
    extra: Any = None
    problem: Problem | None = None
    header: tuple[int, int] | None = None
    cut_column: str | None = None  # last column of a record without a line end: a cut shows there
    ordinal: int = 0


class Ambiguous(NamedTuple):
    """Several columns of one field (renamed at the source) that say different things in one record."""

    sources: tuple[str, ...]


def one_of(sources: Sequence[str], values: Sequence[Any]) -> Any:
    """Return the value of a field with several names at the source: the first that is not empty.

    `values` are what the record says under each of `sources` (None or "" where it says nothing).
    """
    said = [(name, value) for name, value in zip(sources, values, strict=True) if value not in (None, "")]
    if not said:
        return None
    if any(value != said[0][1] for _, value in said[1:]):
        return Ambiguous(tuple(name for name, _ in said))
    return said[0][1]


class SpanError(Exception):
    """Spans that do not tile their delivery: a fault of the reader, never of the data."""


class Tiling:
    """Proves, span by span, that a delivery is covered exactly once."""

    def __init__(self) -> None:
        self._position = 0
        self.bytes_structure = 0
        self.bytes_records = 0

    def add(self, start: int, end: int, *, is_record: bool) -> None:
        """Take the next span.

        Raises:
            SpanError: a gap or an overlap; says at which byte.

        """
        if start != self._position or end < start:
            raise SpanError(f"span [{start}, {end}) follows byte {self._position}")
        if is_record:
            self.bytes_records += end - start
        else:
            self.bytes_structure += end - start
        self._position = end

    def finish(self, size: int) -> None:
        """Check the end against a size that was counted elsewhere.

        Raises:
            SpanError: the spans end somewhere else.

        """
        if self._position != size:
            raise SpanError(f"spans end at byte {self._position} of {size}")
