"""From an opened payload to judged records: reads every member, checks values, proves the tiling.

Here: the joint of reader, contract and span check. The formats are `csv_reader.py`, `jsonl_reader.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from data_quality.contract import Contract
from orchestration.admission.canonical import Canonicaliser
from orchestration.admission.csv_reader import read_csv
from orchestration.admission.jsonl_reader import read_jsonl
from orchestration.admission.ledger_types import Delivery
from orchestration.admission.reasons import Problem
from orchestration.admission.records import Physical, check_tiling
from orchestration.admission.unpack import Member, Opened


@dataclass(slots=True)
class Judged:
    """One physical record with its ordinal and either canonical values or a problem."""

    ordinal: int
    item: Physical
    values: tuple[str | None, ...] | None
    problem: Problem | None


@dataclass
class Reading:
    """All of a delivery: records in order, structure spans, byte sums, columns the contract does not know."""

    records: list[Judged] = field(default_factory=list)
    structure: list[Physical] = field(default_factory=list)
    bytes_structure: int = 0
    bytes_records: int = 0
    unlisted: set[str] = field(default_factory=set)


def read_delivery(contract: Contract, delivery: Delivery, opened: Opened) -> Reading:
    """Read and judge a whole delivery.

    Raises:
        SpanError: the spans do not tile the delivery (a fault of this program, not of the data).

    """
    typed = contract.format == "jsonl"
    checks = {
        name: Canonicaliser(entity, delivery.received_at, typed=typed)
        for name, entity in contract.entities.items()
    }
    reading = Reading()
    spans: list[tuple[int, int, bool]] = []
    for item in _items(contract, opened, checks):
        spans.append((item.start, item.end, item.is_record))
        if not item.is_record:
            reading.structure.append(item)
            continue
        values, problem = None, item.problem
        if problem is None:
            outcome = checks[item.entity].check(item)
            values, problem = (None, outcome) if isinstance(outcome, Problem) else (outcome, None)
            item.values = None  # the canonical texts are enough from here on
        if item.extra:
            reading.unlisted.update(item.extra)
        reading.records.append(Judged(len(reading.records) + 1, item, values, problem))
    reading.bytes_structure, reading.bytes_records = check_tiling(spans, opened.size)
    return reading


def _items(contract: Contract, opened: Opened, checks: dict[str, Canonicaliser]) -> Sequence[Physical]:
    if opened.problem is not None:
        return [Physical(0, opened.size, 1, problem=opened.problem)]
    return [item for member in opened.members for item in _read(contract, member, checks)]


def _read(contract: Contract, member: Member, checks: dict[str, Canonicaliser]) -> list[Physical]:
    if contract.format == "jsonl":
        return list(read_jsonl(contract, member))

    def judge(entity: str, values: Sequence[str | None]) -> bool:
        check = checks[entity]
        return check.can_judge and not isinstance(check(values), Problem)

    return list(read_csv(contract, member, judge))
