"""What goes wrong with business files: damaged rows, one bad day per channel, a file that comes twice.

Damaged rows are copies of sound ones and stand beside them, so that no record is lost. The bad day's file
arrives with another system's column names, or cut in the middle of a row; the right one comes the same
morning. Every expected verdict is counted here. Sound files are written in ``shapes_business``; voice
channels have ``damage`` and ``faults``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from sample_oem.context import csv_line
from sample_oem.damage import first_half, half, not_an_object
from sample_oem.faults import parse_csv
from sample_oem.truth import Damaged, DeliveryTruth

if TYPE_CHECKING:
    from sample_oem.shapes_business import BusinessDelivery, Calendar, Shape

DAMAGED_EVERY = 250  # rows of one entity, counted through all its files
RECOVERED_AFTER = timedelta(hours=3, minutes=10)
_LEAST_DAYS, _LEAST_ROWS = 8, 2
# Entity → column, contract field, reason of admission, the value written there.
_FIELD_DAMAGE: dict[str, tuple[str, str, str, str]] = {
    "customer": ("性别", "gender", "value_not_allowed", "?"),
    "vehicle": ("使用性质", "usage_kind", "value_not_allowed", "飞行"),
    "ownership": ("关系", "owner_relation", "value_not_allowed", "租客"),
    "claim_line": ("申请金额", "claimed_amount_cny", "invalid_number", "12O0"),
    "policy": ("含税保费", "premium_incl_tax_cny", "invalid_number", "约3000"),
    "gl_control_total": ("口径", "entry_kind", "value_not_allowed", "估计"),
    "vehicle_usage": ("month", "usage_month", "invalid_time", "2026-13-01"),
    "software_install": ("result", "install_result", "value_not_allowed", "半途"),
    "vehicle_part_lot": ("built_date", "built_date", "invalid_time", "32.01.2025"),
    "part_shipment": ("quantity", "quantity", "invalid_number", "两件"),
    "part_stock": ("on_hand", "on_hand", "invalid_number", "很多"),
    "vehicle_order": ("status", "status", "value_not_allowed", "待定"),
    "order_option": ("option_code", "option_code", "pattern_mismatch", "选装 一"),
    "accessory_order": ("status", "status", "value_not_allowed", "待定"),
    "service_visit": ("visit_reason", "visit_reason", "value_not_allowed", "闲逛"),
    "repair_line": ("payer", "payer", "value_not_allowed", "邻居"),
    "lead": ("status", "status", "value_not_allowed", "待定"),
    "contact": ("contact_channel", "contact_channel", "value_not_allowed", "信鸽"),
    "complaint_case": ("status", "status", "value_not_allowed", "待定"),
    "goodwill": ("goodwill_kind", "goodwill_kind", "value_not_allowed", "礼品"),
    "consent": ("purpose", "purpose", "value_not_allowed", "其他"),
}
# Contract field of each entity's first key column, where it is not the column's own name.
_KEY_FIELD = {
    "customer": "customer",
    "vehicle": "vin",
    "ownership": "vin",
    "dealer": "dealer_code",
    "vehicle_model": "vehicle_model_code",
    "claim_line": "claim_no",
    "policy": "policy_no",
    "ota_release": "ota_release_no",
    "ota_wave": "ota_release_no",
    "gl_control_total": "fiscal_period",
    "close_calendar": "fiscal_period",
}
Broken = tuple[str, str, bytes]  # reason, contract field, the line


class Damager:
    """Damages every ``DAMAGED_EVERY``-th row of one entity, each time in another way."""

    def __init__(self, shape: Shape, delimiter: str) -> None:
        """``delimiter`` is empty for JSON lines."""
        self.shape, self.delimiter = shape, delimiter
        self._rows = self._turn = 0

    def mixed_in(self, lines: list[bytes], first_line: int) -> tuple[list[bytes], tuple[Damaged, ...]]:
        """Return the lines with damaged ones between them; ``first_line`` is where records begin."""
        out: list[bytes] = []
        found: list[Damaged] = []
        line_no = first_line
        for line in lines:
            out.append(line)
            line_no += line.count(b"\n")
            self._rows += 1
            if self._rows % DAMAGED_EVERY == 0:
                reason, name, broken = self._broken(line)
                found.append(Damaged(len(out), line_no, reason, name))
                out.append(broken)
                line_no += broken.count(b"\n")
        return out, tuple(found)

    def _broken(self, line: bytes) -> Broken:
        ways = _CSV_WAYS if self.delimiter else _JSON_WAYS
        self._turn += 1
        # Channels have several entities: each begins at another way, so that all ways come about.
        return ways[(self._turn + len(self.shape.entity)) % len(ways)](self, line)

    def with_field(self, line: bytes) -> Broken:
        """Write a value the contract does not know."""
        name, field, reason, value = _FIELD_DAMAGE.get(
            self.shape.entity, (self.shape.names[-1], "updated_at", "invalid_time", "昨天下午")
        )
        return reason, field, self._written(line, name, value)

    def without_key(self, line: bytes) -> Broken:
        """Leave the first key column empty."""
        name = self.shape.names[self.shape.key[0]]
        return "missing_value", _KEY_FIELD.get(self.shape.entity, name), self._written(line, name, "")

    def with_bad_time(self, line: bytes) -> Broken:
        """Write a version time that is none."""
        return "invalid_time", "updated_at", self._written(line, self.shape.names[-1], "2026-13-45 25:00:00")

    def _written(self, line: bytes, name: str, value: str) -> bytes:
        if not self.delimiter:
            return orjson.dumps(orjson.loads(line) | {name: value}) + b"\n"
        cells = parse_csv(line, delimiter=self.delimiter)
        cells[self.shape.names.index(name)] = value
        return csv_line(cells, delimiter=self.delimiter)

    def too_short(self, line: bytes) -> Broken:
        """Leave the last column out."""
        cells = parse_csv(line, delimiter=self.delimiter)[:-1]
        return "too_few_fields", "", csv_line(cells, delimiter=self.delimiter)

    def too_long(self, line: bytes) -> Broken:
        """Add a column."""
        cells = [*parse_csv(line, delimiter=self.delimiter), "多出一列"]
        return "too_many_fields", "", csv_line(cells, delimiter=self.delimiter)

    def undecodable(self, line: bytes) -> Broken:
        """Put bytes into the row that are no UTF-8."""
        return "invalid_encoding", "", b"\xff\xfe" + line


Way = Callable[[Damager, bytes], Broken]
_CSV_WAYS: tuple[Way, ...] = (
    Damager.with_field,
    Damager.without_key,
    Damager.too_short,
    Damager.with_bad_time,
    Damager.undecodable,
    Damager.too_long,
)
_JSON_WAYS: tuple[Way, ...] = (
    Damager.with_field,
    lambda _, line: half(line, 0),
    Damager.without_key,
    lambda _, line: not_an_object(line, 0),
    Damager.with_bad_time,
    Damager.undecodable,
)
_CUT_CHANNELS = frozenset({"crm", "sales", "service", "warranty_claims", "connected_car"})


def with_bad_day(files: list[BusinessDelivery], calendar: Calendar) -> Iterator[BusinessDelivery]:
    """Spoil one file past the middle of the window, and let the right one follow the same morning."""
    place = _bad_place(files, calendar)
    for n, one in enumerate(files):
        if n != place:
            yield one
        elif _is_cut(one):
            yield from _cut(one)
        else:
            yield from _renamed(one)


def _bad_place(files: list[BusinessDelivery], calendar: Calendar) -> int:
    """Find a file without other mishaps, three fifths into the window if there is one (-1: none at all).

    The first file of an entity stays whole. What a cut file holds is counted by its rows, so it must not
    hold two versions of one record.
    """
    if calendar.days < _LEAST_DAYS:
        return -1
    day = str(calendar.first_day + calendar.days * 3 // 5)
    first = {one.entity: n for n, one in reversed(list(enumerate(files)))}
    fit = [
        n
        for n, one in enumerate(files)
        if n != first[one.entity]
        and one.truth.records_in >= _LEAST_ROWS
        and (one.truth.records_in == one.truth.admitted if _is_cut(one) else not one.truth.quarantined)
    ]
    later = [n for n in fit if str(files[n].received_at.date()) >= day]
    return later[0] if later else fit[-1] if fit else -1


def _is_cut(one: BusinessDelivery) -> bool:
    return one.channel in _CUT_CHANNELS


def _named(one: BusinessDelivery, truth: DeliveryTruth) -> BusinessDelivery:
    made = replace(one, truth=truth)
    truth.file, truth.received_at = made.path_name, made.received_text
    return made


def _again(one: BusinessDelivery, already: int) -> BusinessDelivery:
    """The right file under another name; ``already`` of its records were admitted."""
    stem, dot, suffix = one.name.partition(".")
    later = replace(one, name=f"{stem}_更正{dot}{suffix}", received_at=one.received_at + RECOVERED_AFTER)
    admitted, duplicate = one.truth.admitted - already, one.truth.duplicate + already
    return _named(later, replace(one.truth, kind="recovered", admitted=admitted, duplicate=duplicate))


def _renamed(one: BusinessDelivery) -> Iterator[BusinessDelivery]:
    """Another system's column names: nothing of the file can be read, it is one record in quarantine."""
    header, _, body = one.payload.partition(b"\n")
    names = b",".join(b"F%02d" % n for n in range(header.count(b",") + header.count(b";") + 1))
    truth = DeliveryTruth(one.channel, "", one.entity, "", "wrong_columns", 1, quarantined=1)
    verdict = (Damaged(0, 1, "unknown_header", ""),)
    if b";" in header:
        names = names.replace(b",", b";")
    yield _named(replace(one, payload=names + b"\n" + body, damaged=verdict), truth)
    yield _again(one, 0)


def _cut(one: BusinessDelivery) -> Iterator[BusinessDelivery]:
    """A transfer that broke off in the middle of a row: what stood before it is admitted."""
    lines = one.payload.splitlines(keepends=True)
    head = len(lines) - one.truth.records_in
    kept = head + one.truth.records_in // 2
    rest, admitted = first_half(lines[kept]), kept - head
    truth = DeliveryTruth(one.channel, "", one.entity, "", "cut", admitted + 1, admitted, quarantined=1)
    verdict = (Damaged(admitted, kept + 1, "truncated_record", ""),)
    yield _named(replace(one, payload=b"".join([*lines[:kept], rest]), damaged=verdict), truth)
    yield _again(one, admitted)


def second_copies(files: list[BusinessDelivery], last: str) -> Iterator[BusinessDelivery]:
    """One plain file of the channel comes a second time two days later; ``last`` is the latest receipt."""
    daily = sorted(
        (f for f in files if f.truth.kind == "daily" and not f.truth.superseded and not f.damaged),
        key=lambda f: f.received_at,
    )
    if not daily:
        return
    first = daily[len(daily) * 2 // 5]
    later = first.received_at + timedelta(days=2, minutes=20)
    newer = [f for f in files if f.entity == first.entity and first.received_at < f.received_at <= later]
    stem, dot, suffix = first.name.partition(".")
    truth = DeliveryTruth(first.channel, "", first.entity, "", "redelivered", first.truth.records_in)
    truth.duplicate = first.truth.records_in
    copy = replace(first, name=f"{stem}_重发{dot}{suffix}", received_at=later)
    if copy.received_text <= last and not newer:
        yield _named(copy, truth)
