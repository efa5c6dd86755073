"""Raw shape and files of the business channels: record versions become the lines their systems export.

The first file of an entity is the initial export (the newest state of every older record), later files
carry what changed that day. Whole columns are written at once, and repeats counted here, because rows never
become ``truth.Item`` objects; what is damaged is in ``damage_business``. Texts inside claims and repair lines
come from the composer. Voice channels have their own shapes next door.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from sample_oem.arrivals import Arrival, utc_text
from sample_oem.business.frames import DAY_S, NONE, Frame, length, select, zero_filled
from sample_oem.context import quoted
from sample_oem.damage_business import Damager, second_copies, with_bad_day
from sample_oem.events import Happenings
from sample_oem.truth import Damaged, DeliveryTruth

# Column kinds: s text, i integer, d date, t date and time, m money (cents), h tenths, b boolean, j JSON.
# The last column is the version time of the record.
_TABLES = """
customers_vehicles.customer 客户编号 姓名 手机号 邮箱 身份证号 地址 省份 城市 性别 出生年:i 客户类型 收入档 注册时间:t 更新时间:t
customers_vehicles.vehicle 车架号 车主客户编号 车牌号 车型代码 销售经销商代码 生产日期:d 销售日期:d 使用性质 三包起算日:d 报废日期:d 更新时间:t
customers_vehicles.ownership 车架号 客户编号 拥有起始日:d 拥有截止日:d 关系 更新时间:t
customers_vehicles.dealer 经销商代码 经销商名称 省份 城市 开业日期:d 更新时间:t
customers_vehicles.vehicle_model 车型代码 品牌 车系 车型名称 年款:i 动力类型 上市日期:d 更新时间:t
warranty_claims.claim_line 索赔单号 行号:i 车架号 经销商代码 故障日期:d 维修日期:d 申请日期:d 里程:i 零件号 故障代码 故障描述 费用类型 申请金额:m 批准金额:m 状态 索赔类型 工单号 批准日期:d 过账日期:d 冲销日期:d 供应商代码 零件批次 税率:m 币种 成本中心 更新时间:t
sales.vehicle_order order_no customer_no phone dealer_code vehicle_model_code vin lead_no order_kind buyer_type trade_in_vin status price_incl_tax_cny:m discount_cny:m margin_cny:m payment ordered_at:t promised_date:d invoiced_date:d delivered_date:d cancelled_date:d cancel_reason_zh updated_at:t
sales.order_option order_no option_code option_name_zh is_offered_only:b is_taken:b price_incl_tax_cny:m margin_cny:m chosen_at:t updated_at:t
sales.accessory_order accessory_order_no customer_no phone app_user_id item_zh variant_zh amount_incl_tax_cny:m status ordered_at:t shipped_at:t received_by_customer_at:t returned_at:t return_reason_zh updated_at:t
service.service_visit visit_no customer_no phone vin dealer_code adviser_no visit_reason mileage_km:i is_online_booked:b arrived_at:t finished_at:t delivered_at:t customer_paid_incl_tax_cny:m updated_at:t
service.repair_line visit_no line_no:i vin dealer_code payer part_code fault_code labour_code labour_h:h parts_amount_cny:m labour_amount_cny:m complaint_note cause_note correction_note is_repeat_repair:b part_wait_days:h opened_at:t updated_at:t
insurance.policy 保单号 险种 车架号 客户编号 投保人电话 出单渠道 经销商代码 续保类型 含税保费:m 税率:m 含税手续费:m 状态 起保日期:d 到期日期:d 签单日期:d 更新时间:t
connected_car.ota_release release_no software_version vehicle_model_code aspect_tag release_note released_date:d updated_at:t
connected_car.ota_wave release_no wave_no:i city is_pilot start_date:d updated_at:t
connected_car.software_install vin software_version release_no result installed_at:t updated_at:t
connected_car.vehicle_part_lot vin component_code supplier_code lot_no built_date:d updated_at:t
connected_car.vehicle_usage vin month:d odometer_km:i distance_km:i active_days:i app_open_days:i updated_at:t
parts.part_shipment shipment_no line_no:i part_code supplier_code dealer_code quantity:i is_urgent ordered_date:d shipped_date:d received_date:d updated_at:t
parts.part_stock part_code warehouse_code on_hand:i backorder:i stock_date:d updated_at:t
crm.lead lead_no customer_no phone dealer_code vehicle_model_code lead_source referrer_customer_no campaign_no status lost_reason_zh lost_to_brand_zh order_no closed_date:d created_at:t updated_at:t
crm.test_drive test_drive_no lead_no customer_no dealer_code vehicle_model_code duration_min:i driven_at:t updated_at:t
crm.contact contact_no contact_channel source_voice_no customer_no phone contact_reason aspect_tag handling_min:h cost_cny:m case_no is_auto_answered:b wait_s:i cost_centre started_at:t updated_at:t
crm.complaint_case case_no customer_no vin source_channel aspect_tag severity:i status first_responded_at:t resolved_at:t closed_at:t resolution is_confirmed_by_customer:b team opened_at:t updated_at:t
crm.goodwill goodwill_no goodwill_kind form customer_no vin case_no claim_no aspect_tag amount_cny:m points:m status granted_date:d redeemed_date:d posted_date:d reversed_date:d cost_centre updated_at:t
crm.consent consent_no customer_no purpose contact_channel is_granted:b valid_from:t valid_to:t source updated_at:t
crm.campaign campaign_no campaign_name_zh claim_text aspect_tag vehicle_model_code medium spend_cny:m brand_side brand_zh service_script start_date:d end_date:d updated_at:t
crm.app_account account_no app_user_id customer_no phone vin bound_at:t unbound_at:t updated_at:t
crm.dealer_staff staff_no dealer_code phone role joined_date:d left_date:d updated_at:t
crm.improvement_action action_no action_name_zh action_kind aspect_tag vehicle_model_code scope:j cost_cny:m start_date:d end_date:d ota_release_no owner_department updated_at:t
finance_books.gl_control_total 会计期间 期间起始日:d 科目 科目名称 成本中心 口径 金额:m 币种 更新时间:t
finance_books.close_calendar 会计期间 期间起始日:d 期间截止日:d 结账日:d 结账状态 更新时间:t
"""  # noqa: E501
_KEYS: dict[str, int | tuple[int, ...]] = {
    "customer": 1,
    "vehicle": 1,
    "ownership": (0, 2),
    "dealer": 1,
    "vehicle_model": 1,
    "claim_line": 2,
    "order_option": 2,
    "repair_line": 2,
    "policy": 2,
    "ota_wave": 3,
    "software_install": 2,
    "vehicle_part_lot": 2,
    "vehicle_usage": 2,
    "part_shipment": 2,
    "part_stock": (0, 1, 4),
    "gl_control_total": (0, 2, 4, 5),
}
# Minute after midnight (Shanghai) at which a system's files arrive.
ARRIVAL = {
    "customers_vehicles": 60,
    "crm": 70,
    "sales": 82,
    "service": 90,
    "insurance": 100,
    "connected_car": 105,
    "parts": 115,
    "finance_books": 250,
    "warranty_claims": 280,
}
JSONL_CHANNELS = frozenset({"crm", "sales", "service"})
_REPEATED_FROM_DAYS = 6
GERMAN_CHANNELS = frozenset({"insurance", "finance_books"})


@dataclass(frozen=True)
class Shape:
    """Columns of one entity with their kinds, and the places of its key."""

    channel: str
    entity: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    key: tuple[int, ...]


def _parsed() -> dict[tuple[str, str], Shape]:
    shapes = {}
    for line in _TABLES.strip().splitlines():
        head, *columns = line.split()
        channel, entity = head.split(".")
        names, kinds = zip(*((c.partition(":")[0], c.partition(":")[2] or "s") for c in columns), strict=True)
        key = _KEYS.get(entity, 1)
        shapes[channel, entity] = Shape(
            channel, entity, names, kinds, tuple(range(key)) if isinstance(key, int) else key
        )
    return shapes


SHAPES = _parsed()
BUSINESS_CHANNELS: tuple[str, ...] = tuple(sorted({channel for channel, _ in SHAPES}))


@dataclass(frozen=True)
class BusinessDelivery(Arrival):
    """One file of a business system with the counts and verdicts a correct warehouse must find in it."""

    truth: DeliveryTruth
    damaged: tuple[Damaged, ...] = ()


@dataclass(frozen=True)
class Calendar:
    """First event day and length of the window."""

    first_day: np.datetime64
    days: int

    def dates(self, day: np.ndarray, form: str) -> np.ndarray:
        """Texts of days; empty where ``NONE``. ``form`` is iso or german."""
        values, place = np.unique(day, return_inverse=True)
        table = (
            (self.first_day + np.where(values == NONE, 0, values))
            .astype("datetime64[D]")
            .astype(str)
            .tolist()
        )
        if form == "german":
            table = [f"{t[8:10]}.{t[5:7]}.{t[:4]}" for t in table]
        made = np.array([*table, ""], dtype=object)[:-1]
        made[values == NONE] = ""
        return made[place]

    def times(self, second: np.ndarray, form: str) -> np.ndarray:
        """Texts of seconds since the first midnight."""
        day = np.where(second == NONE, NONE, second // DAY_S)
        rest = np.where(second == NONE, 0, second % DAY_S)
        clock = _clock()[rest]
        return np.where(second == NONE, "", self.dates(day, form) + clock).astype(object)


_CLOCK: list[np.ndarray] = []


def _clock() -> np.ndarray:
    if not _CLOCK:
        _CLOCK.append(
            np.array(
                [f" {s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(DAY_S)], dtype=object
            )
        )
    return _CLOCK[0]


def deliver(
    happenings: Happenings, calendar: Calendar, channel: str, note: Callable[[int], tuple[str, str, str]]
) -> Iterator[BusinessDelivery]:
    """All files of one business channel in order of receipt.

    ``note(problem)`` gives (complaint, cause, correction) in words for a repair; -1 is a due service.
    """
    made: list[BusinessDelivery] = []
    place = 0
    for (of, entity), shape in SHAPES.items():
        if of == channel:
            made += _entity(happenings.business.frames[of, entity], calendar, shape, note, place)
            place += 1
    made.sort(key=lambda d: (d.received_at, d.entity))
    made = list(with_bad_day(made, calendar))
    if calendar.days >= _REPEATED_FROM_DAYS:
        made += second_copies(made, utc_text(received_at(calendar, channel, calendar.days - 1, 0)))
    yield from sorted(made, key=lambda d: (d.received_at, d.entity))


def _entity(
    frame: Frame, calendar: Calendar, shape: Shape, note: Callable[[int], tuple[str, str, str]], place: int
) -> Iterator[BusinessDelivery]:
    frame, keys = _exported(frame, calendar.days, shape)
    if not length(frame):
        return
    if shape.entity in ("claim_line", "repair_line"):
        frame = frame | _notes(frame, shape.entity, note)
    cells = [_cells(frame, calendar, shape, n) for n in range(len(shape.names))]
    lines = _lines(cells, shape)
    day = np.maximum(frame["_at"] // DAY_S, 0)
    edges = np.flatnonzero(np.diff(day, prepend=-1))
    damager = Damager(shape, _delimiter(shape))
    for start, end in zip(edges, [*edges[1:], len(day)], strict=True):
        yield _file(calendar, shape, int(day[start]), place, lines[start:end], keys[start:end], damager)


def _exported(frame: Frame, days: int, shape: Shape) -> tuple[Frame, list[int]]:
    """Keep what is known by the end, and of older versions the newest of each record; in order of export.

    Returns the rows and the number of each row's key.
    """
    frame = select(frame, np.flatnonzero(frame["_at"] < days * DAY_S))
    key = _joined_key([frame[shape.names[n]] for n in shape.key])
    order = np.lexsort((frame["_at"], key))
    old = frame["_at"][order] < 0
    follows = np.append(key[order][1:] == key[order][:-1], False)
    next_is_old = np.append(old[1:], False)
    kept = order[~(old & follows & next_is_old)]
    kept = kept[
        np.lexsort((key[kept], np.maximum(frame["_at"][kept], 0), np.maximum(frame["_at"][kept] // DAY_S, 0)))
    ]
    return select(frame, kept), key[kept].tolist()


def _joined_key(columns: list[np.ndarray]) -> np.ndarray:
    """Dense number of each key (equal numbers for equal keys)."""
    number = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values = column.astype(str) if column.dtype == object else column
        _, place = np.unique(values, return_inverse=True)
        number = number * (int(place.max(initial=0)) + 1) + place
    return number


def _notes(frame: Frame, entity: str, note: Callable[[int], tuple[str, str, str]]) -> Frame:
    """Words of the workshop, the same for all versions and lines of one repair."""
    told: dict[int, tuple[str, str, str]] = {}
    rows = [told.setdefault(p, note(p)) if p not in told else told[p] for p in frame["_problem"].tolist()]
    columns = [np.array(c, dtype=object) for c in zip(*rows, strict=True)]
    if entity == "claim_line":
        return {"故障描述": columns[0]}
    return dict(zip(("complaint_note", "cause_note", "correction_note"), columns, strict=True))


def _cells(frame: Frame, calendar: Calendar, shape: Shape, n: int) -> np.ndarray:
    """Texts of one column."""
    name, kind = shape.names[n], shape.kinds[n]
    is_last = n == len(shape.names) - 1
    values = frame["_at"] if is_last else frame[name]
    form = "german" if shape.channel in GERMAN_CHANNELS else "iso"
    if kind == "d":
        return calendar.dates(values, form)
    if kind == "t":
        return calendar.times(values, form)
    if kind in "mh":
        return _decimal(values, 100 if kind == "m" else 10, "," if form == "german" else ".")
    if kind == "i":
        return np.where(values == NONE, "", values.astype(str)).astype(object)
    return values


def _decimal(values: np.ndarray, scale: int, point: str) -> np.ndarray:
    width = len(str(scale)) - 1
    size = np.abs(values)
    whole, rest = (size // scale).astype(str), zero_filled(size % scale, width)
    sign = np.where(values < 0, "-", "")
    made = np.char.add(np.char.add(sign, whole), np.char.add(point, rest))
    return np.where(values == NONE, "", made).astype(object)


def _delimiter(shape: Shape) -> str:
    """Column separator of a shape; empty for JSON lines."""
    if shape.channel in JSONL_CHANNELS:
        return ""
    return ";" if shape.channel in GERMAN_CHANNELS else ","


def _lines(cells: list[np.ndarray], shape: Shape) -> list[bytes]:
    if shape.channel in JSONL_CHANNELS:
        return _json_lines(cells, shape)
    delimiter = _delimiter(shape)
    columns = [
        quoted(c.tolist(), delimiter) if k == "s" else c.tolist()
        for c, k in zip(cells, shape.kinds, strict=True)
    ]
    return [(delimiter.join(row) + "\n").encode() for row in zip(*columns, strict=True)]


def _json_lines(cells: list[np.ndarray], shape: Shape) -> list[bytes]:
    """JSON objects with the record's type first; empty cells are left out as a database's NULLs are."""
    columns = []
    for name, kind, values in zip(shape.names, shape.kinds, cells, strict=True):
        head = f',"{name}":'
        plain = kind in "imhbj"
        columns.append(
            [
                "" if v == "" else head + (v if plain else json.dumps(v, ensure_ascii=False))
                for v in values.tolist()
            ]
        )
    start = f'{{"record_type":"{shape.entity}"'
    return [(start + "".join(row) + "}\n").encode() for row in zip(*columns, strict=True)]


def _file(
    calendar: Calendar,
    shape: Shape,
    day: int,
    place: int,
    lines: list[bytes],
    keys: list[int],
    damager: Damager,
) -> BusinessDelivery:
    """One file; on some days its last rows come twice (an export that overlaps itself)."""
    repeated = max(1, len(lines) // 200) if day % 6 == 2 and len(lines) > 3 else 0
    lines, keys = (
        [*lines, *lines[-repeated:]] if repeated else lines,
        [*keys, *keys[-repeated:]] if repeated else keys,
    )
    distinct = len(keys) - repeated
    newest = len(set(keys))
    received = received_at(calendar, shape.channel, day, place)
    suffix = "jsonl" if shape.channel in JSONL_CHANNELS else "csv"
    date = str(calendar.first_day + np.timedelta64(day, "D")).replace("-", "")
    name = f"{shape.entity}_{date}.{suffix}"
    head = b"" if suffix == "jsonl" else (_delimiter(shape).join(shape.names) + "\n").encode()
    lines, damaged = damager.mixed_in(lines, 2 if head else 1)
    truth = DeliveryTruth(
        shape.channel, "", shape.entity, "", "daily", len(lines), newest, repeated, distinct - newest
    )
    truth.quarantined = len(damaged)
    payload = head + b"".join(lines)
    made = BusinessDelivery(shape.channel, shape.entity, name, received, payload, truth, damaged)
    truth.file, truth.received_at = made.path_name, made.received_text
    return made


def received_at(calendar: Calendar, channel: str, day: int, place: int) -> datetime:
    """Records of event day ``d`` arrive early on ``d + 1`` (Shanghai), one entity after the other."""
    midnight = datetime.fromisoformat(str(calendar.first_day + np.timedelta64(day + 1, "D"))).replace(
        tzinfo=UTC
    )
    return (
        midnight
        - timedelta(hours=8)
        + timedelta(
            minutes=ARRIVAL[channel],
            seconds=place * 20 + (day * 7) % 20,
            microseconds=(day * 9973) % 1_000_000,
        )
    )
