"""Physical records: what the readers hand on, with byte spans that tile the delivery.

Here: the shapes, the limits and the check of the tiling, which knows nothing of the readers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

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
    values: Sequence[Any] | None = None
    extra: Any = None
    problem: Problem | None = None
    header: tuple[int, int] | None = None
    cut_column: str | None = None  # last column of a record without a line end: a cut shows there


class SpanError(Exception):
    """Spans that do not tile their delivery: a fault of the reader, never of the data."""


def check_tiling(spans: Iterable[tuple[int, int, bool]], size: int) -> tuple[int, int]:
    """Return (bytes of structure, bytes of records) after proving that spans cover [0, size) once.

    Raises:
        SpanError: a gap, an overlap or a wrong end; says at which byte.

    """
    position = structure = records = 0
    for start, end, is_record in spans:
        if start != position or end < start:
            raise SpanError(f"span [{start}, {end}) follows byte {position}")
        if is_record:
            records += end - start
        else:
            structure += end - start
        position = end
    if position != size:
        raise SpanError(f"spans end at byte {position} of {size}")
    return structure, records
