"""From an opened payload to judged records: reads every member, checks values, proves the tiling.

Here: the joint of reader, contract and span check. The formats are `csv_reader.py`, `jsonl_reader.py`,
`mail_reader.py`, `xlsx_reader.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from data_quality.contract import Contract
from orchestration.admission.canonical import Canonicaliser
from orchestration.admission.csv_reader import read_csv
from orchestration.admission.jsonl_reader import read_jsonl
from orchestration.admission.ledger_types import Delivery
from orchestration.admission.mail_reader import read_mail
from orchestration.admission.reasons import Problem
from orchestration.admission.records import Physical, Tiling
from orchestration.admission.unpack import Member, Opened
from orchestration.admission.xlsx_reader import read_xlsx


@dataclass
class Reading:
    """All of a delivery: records in order, structure spans, byte sums, columns the contract does not know."""

    records: list[Physical] = field(default_factory=list)
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
    reading, tiling = Reading(), Tiling()
    for item in _items(contract, opened, checks):
        tiling.add(item.start, item.end, is_record=item.is_record)
        if not item.is_record:
            reading.structure.append(item)
            continue
        if item.problem is None:
            outcome = checks[item.entity].check(item)
            if isinstance(outcome, Problem):
                item.values, item.problem = None, outcome
            else:
                item.values = outcome
        if item.extra:
            reading.unlisted.update(item.extra)
        reading.records.append(item)
        item.ordinal = len(reading.records)
    tiling.finish(opened.size)
    reading.bytes_structure, reading.bytes_records = tiling.bytes_structure, tiling.bytes_records
    return reading


def _items(contract: Contract, opened: Opened, checks: dict[str, Canonicaliser]) -> Iterator[Physical]:
    if opened.problem is not None:
        yield Physical(0, opened.size, 1, problem=opened.problem)
    for member in opened.members:
        yield from _read(contract, member, checks)


def _read(contract: Contract, member: Member, checks: dict[str, Canonicaliser]) -> Iterator[Physical]:
    if contract.format == "jsonl":
        return read_jsonl(contract, member)
    if contract.format == "xlsx":
        return read_xlsx(contract, member)
    if contract.format == "mbox":
        return read_mail(contract, member)

    def judge(entity: str, values: Sequence[str | None]) -> bool:
        check = checks[entity]
        return check.can_judge and not isinstance(check(values), Problem)

    return read_csv(contract, member, judge)
