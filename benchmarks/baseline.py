"""The rival: one hand-written script from delivery files to one published DuckDB file.

What a capable engineer would write instead of this project, and no straw man: strict decoding, type
checks, quarantine to a file, keyed pseudonyms, masking (`--no-mask` leaves it out), exactly-once by
key, the same lexicon and taxonomy read from `ml/resources`, the same facts and aggregates. What it
leaves out is what a script leaves out: no ledger, no byte accounting, no versions, no contracts to
configure, no backfill, no checks beyond its own, no audiences, no crash safety past one transaction.

    python -m benchmarks.baseline --input FOLDER --state FOLDER [--no-mask] [--timings FILE]

`FOLDER/deliveries.json` lists the files of the day (see `benchmarks.deliveries`).
"""

# Tables of columns, phrases and SQL are read more easily unbroken.
# ruff: noqa: E501

from __future__ import annotations

import argparse
import base64
import csv
import gc
import hashlib
import hmac
import io
import json
import os
import re
import shutil
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import orjson
import pyarrow as pa

RESOURCES = Path(__file__).resolve().parent.parent / "ml" / "resources"
KEY = b"a key of the script's own"
csv.field_size_limit(1 << 24)

# --- what each file holds: column -> (name, check, pii) --------------------------------------------


class Column(NamedTuple):
    """One source column: its name in the warehouse, its check, whether it is needed, its PII class."""

    source: str
    name: str
    check: str = ""
    required: bool = False
    pii: str = ""


class Shape(NamedTuple):
    """One kind of file: its columns, key, voice key, version, event time and text."""

    channel: str
    entity: str
    encoding: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    voice: tuple[str, ...] = ()
    version: str = ""
    event: str = ""
    text: str = ""


_C = Column
_STAMP = _C("更新时间", "updated_at", "datetime", True)
SHAPES = (
    Shape("complaint_site", "complaint", "utf-8", (
        _C("投诉编号", "complaint_no", "[0-9]{14,24}", True), _C("投诉品牌", "brand_zh"), _C("投诉车系", "series_zh"),
        _C("投诉车型", "model_zh"), _C("投诉简述", "verbatim", "", True, "text"), _C("投诉问题", "problem_system_zh"),
        _C("问题类型", "problem_type_zh"), _C("投诉日期", "complaint_date", "date", True),
    ), ("complaint_no", "problem_system_zh", "problem_type_zh"), ("complaint_no",), "", "complaint_date", "verbatim"),
    Shape("forum", "post", "utf-8", (_C("text", "verbatim", "", True, "text"),), ("verbatim",), ("verbatim",), text="verbatim"),
    Shape("media_comments", "comment", "utf-8", (
        _C("content_id", "comment_no", "[0-9A-Za-z_-]{1,40}", True), _C("content", "verbatim", "", True, "text"),
        _C("subject", "label_aspect_zh"), _C("sentiment_value", "label_polarity", "int:-1:1"), _C("sentiment_word", "label_word"),
    ), ("comment_no", "label_aspect_zh"), ("comment_no",), text="verbatim"),
    Shape("survey", "invitation", "gb18030", (
        _C("邀请编号", "invitation_no", "[0-9A-Za-z-]{4,40}", True), _C("客户编号", "customer", "", False, "customer"),
        _C("手机号", "phone", "", False, "phone"), _C("车架号", "vin", "", False, "vin"),
        _C("经销商代码", "dealer_code", "[0-9A-Z]{2,12}"), _C("触点", "touchpoint", "=销售交付|售后服务|热线|产品体验|品牌关系", True),
        _C("邀请方式", "invite_channel", "=短信|微信|App|电话|邮件"),
        _C("邀请状态", "status", "=已发送|已打开|已完成|已退订|发送失败", True), _C("邀请时间", "invited_at", "datetime", True), _STAMP,
    ), ("invitation_no",), (), "updated_at", "invited_at"),
    Shape("survey", "response", "gb18030", (
        _C("答卷编号", "response_no", "[0-9A-Za-z-]{4,40}", True), _C("邀请编号", "invitation_no", "[0-9A-Za-z-]{4,40}", True),
        _C("指标", "metric", "=NPS|CSAT", True), _C("量表", "scale", "=0-10|1-5|1-10", True), _C("得分", "score", "int:0:10", True),
        _C("评论", "verbatim", "", False, "text"), _C("提交时间", "submitted_at", "datetime", True),
    ), ("response_no", "metric"), ("response_no",), "", "submitted_at", "verbatim"),
    Shape("warranty_claims", "claim_line", "utf-8", (
        _C("索赔单号", "claim_no", "[0-9A-Za-z-]{4,40}", True), _C("行号", "line_no", "int:1:999", True),
        _C("车架号", "vin", "", True, "vin"), _C("经销商代码", "dealer_code", "[0-9A-Z]{2,12}", True),
        _C("故障日期", "failure_date", "date", True), _C("维修日期", "repair_date", "date"), _C("申请日期", "submitted_date", "date"),
        _C("里程", "mileage_km", "int:0:2000000"), _C("零件号", "part_code", "[0-9A-Z-]{2,30}"), _C("故障代码", "fault_code", "[0-9A-Z]{2,12}"),
        _C("故障描述", "fault_note", "", False, "text"), _C("费用类型", "cost_type", "=配件|工时|外协", True),
        _C("申请金额", "claimed_amount_cny", "decimal", True), _C("批准金额", "approved_amount_cny", "decimal"),
        _C("状态", "status", "=已申请|已批准|已拒绝|已冲销|作废", True), _STAMP,
    ), ("claim_no", "line_no"), (), "updated_at", "failure_date"),
    Shape("customers_vehicles", "customer", "utf-8", (
        _C("客户编号", "customer", "", True, "customer"), _C("姓名", "name", "", False, "drop"), _C("手机号", "phone", "", False, "phone"),
        _C("邮箱", "mail", "", False, "mail"), _C("身份证号", "id_card", "", False, "id_card"), _C("地址", "address", "", False, "drop"),
        _C("省份", "province_zh"), _C("城市", "city_zh"), _C("性别", "gender", "=男|女|未知"), _C("出生年", "birth_year", "int:1900:2030"),
        _C("注册时间", "registered_at", "datetime", True), _STAMP,
    ), ("customer",), (), "updated_at", "registered_at"),
    Shape("customers_vehicles", "vehicle", "utf-8", (
        _C("车架号", "vin", "", True, "vin"), _C("车主客户编号", "customer", "", False, "customer"), _C("车牌号", "plate", "", False, "plate"),
        _C("车型代码", "vehicle_model_code", "[0-9A-Z-]{2,20}", True), _C("销售经销商代码", "dealer_code", "[0-9A-Z]{2,12}"),
        _C("生产日期", "build_date", "date"), _C("销售日期", "sold_date", "date", True), _STAMP,
    ), ("vin",), (), "updated_at", "sold_date"),
    Shape("customers_vehicles", "dealer", "utf-8", (
        _C("经销商代码", "dealer_code", "[0-9A-Z]{2,12}", True), _C("经销商名称", "dealer_name_zh", "", True), _C("省份", "province_zh"),
        _C("城市", "city_zh"), _C("开业日期", "opened_date", "date", True), _STAMP,
    ), ("dealer_code",), (), "updated_at", "opened_date"),
    Shape("customers_vehicles", "vehicle_model", "utf-8", (
        _C("车型代码", "vehicle_model_code", "[0-9A-Z-]{2,20}", True), _C("品牌", "brand_zh", "", True), _C("车系", "series_zh", "", True),
        _C("车型名称", "model_zh", "", True), _C("年款", "model_year", "int:1990:2040"),
        _C("动力类型", "powertrain_type", "=燃油|混动|插混|增程|纯电"), _C("上市日期", "launched_date", "date", True), _STAMP,
    ), ("vehicle_model_code",), (), "updated_at", "launched_date"),
)  # fmt: skip
CALL = Shape("call_center", "call", "utf-8", (
    _C("call_id", "call_no", "[0-9A-Za-z-]{4,40}", True), _C("started_at_ms", "started_at", "epoch", True),
    _C("ended_at_ms", "ended_at", "epoch"), _C("updated_at_ms", "updated_at", "epoch", True), _C("status", "status", "=active|deleted"),
    _C("caller_phone", "phone", "", False, "phone"), _C("customer_id", "customer", "", False, "customer"), _C("vin", "vin", "", False, "vin"),
    _C("agent_id", "agent_no", "[0-9A-Za-z-]{1,20}"), _C("queue", "queue", "[a-z_]{1,40}"), _C("turns", "verbatim", "", True, "text"),
), ("call_no",), ("call_no",), "updated_at", "started_at", "verbatim")  # fmt: skip

# --- masking -----------------------------------------------------------------------------------------

_SURNAME = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜谢邹喻柏水窦章云苏潘葛范彭郎鲁韦昌马苗方俞任袁柳唐罗薛雷贺倪汤滕殷郝安常于傅顾孟黄萧尹姚邵汪毛狄米贝戴宋庞熊纪舒项祝董梁杜阮蓝季贾江童颜郭梅林钟徐邱骆高夏蔡田樊胡凌霍万柯卢莫房丁邓洪包左石崔龚程邢裴陆荣翁段侯宁仇武刘龙叶黎白蒲邰赖乔谭阎曾关温庄晏"
_CN_DIGIT = "零〇一二三四五六七八九幺两"
_PII = re.compile(
    r"(?P<mail>[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{2,63}){1,4})"
    r"|(?P<id_card>(?<![0-9A-Za-z])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z]))"
    r"|(?P<bank_card>(?<![0-9A-Za-z])62[0-9]{2}(?:[ -]?[0-9]{4}){3}[0-9]{0,3}(?![0-9A-Za-z]))"
    r"|(?P<phone>(?<![0-9])(?:(?:\+|00)86[ -]?)?1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}(?![0-9]))"
    r"|(?P<vin>(?<![0-9A-Za-z])(?=[A-HJ-NPR-Z0-9]*[A-Z])[A-HJ-NPR-Z0-9]{17}(?![0-9A-Za-z]))"
    r"|(?P<landline>(?<![0-9])(?:0[0-9]{2,3}[ -]?)[2-9][0-9]{6,7}(?![0-9]))"
)
_PII_ZH = re.compile(
    r"(?P<plate>[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·. ]?[A-HJ-NP-Z0-9]{5,6}(?![0-9A-Za-z]))"
    rf"|(?P<phone>[一幺][三四五六七八九][{_CN_DIGIT}]{{9}}(?![{_CN_DIGIT}]))"
    r"|(?:微信|[Vv]信|wx|VX)[号:： ]{0,3}(?P<wechat>[A-Za-z][A-Za-z0-9_-]{5,19})"
    r"|[Qq]{2}[号:： ]{0,3}(?P<qq>[1-9][0-9]{4,10})"
    rf"|(?:我叫|我姓名是|姓名[:：])(?P<person_name>[{_SURNAME}][\u4e00-\u9fff]{{1,2}})"
    r"|(?:地址|家住|住在)[:：是]?(?P<address>[\u4e00-\u9fff]{2,12}(?:路|街|道|村|小区)[0-9一二三四五六七八九十]*[号弄幢栋]?[0-9-]*)"
)
_TOKEN = {"phone": "[手机]", "landline": "[座机]", "id_card": "[身份证]", "bank_card": "[银行卡]", "mail": "[邮箱]",
          "plate": "[车牌]", "vin": "[车架号]", "wechat": "[微信]", "qq": "[QQ]", "person_name": "[姓名]", "address": "[地址]"}  # fmt: skip
_WORTH = re.compile(r"[0-9０-９]{4}|[0-9][ -][0-9]|@")
_WORTH_ZH = re.compile(
    rf"[A-Z][A-Z0-9·. ]{{5}}|[一幺][三四五六七八九][{_CN_DIGIT}]{{4}}|微信|[Vv]信|wx|VX|[Qq]{{2}}|我叫|姓名|地址|家住|住在"
)
_FULL = {0xFF10 + d: str(d) for d in range(10)} | {0x3000: " ", 0xFF20: "@"}


def _replaced(match: re.Match[str]) -> str:
    kind = str(match.lastgroup)
    return match[0].replace(match[kind], _TOKEN[kind])


def mask(text: str) -> str:
    """Return `text` with identifiers replaced by typed tokens; two cheap looks before two slow ones."""
    if _WORTH.search(text):
        text = _PII.sub(_replaced, text.translate(_FULL) if max(text) >= "０" else text)
    if _WORTH_ZH.search(text):
        text = _PII_ZH.sub(_replaced, text)
    return text


# --- reading and checking ----------------------------------------------------------------------------

_LONE = re.compile("[\ud800-\udfff]")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")


def _is_date(value: str) -> bool:
    try:
        return len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_datetime(value: str) -> bool:
    try:
        return len(value) == 19 and value[10] == " " and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _integer(low: int, high: int) -> Callable[[str], bool]:
    shape = re.compile(r"-?(?:0|[1-9][0-9]{0,17})").fullmatch
    return lambda value: bool(shape(value)) and low <= int(value) <= high


def _check(rule: str) -> Callable[[str], Any]:
    if rule.startswith("int:"):
        return _integer(*map(int, rule[4:].split(":")))
    if rule.startswith("="):
        return frozenset(rule[1:].split("|")).__contains__
    named = {
        "date": _is_date,
        "datetime": _is_datetime,
        "decimal": _DECIMAL.fullmatch,
        "epoch": _integer(0, 10**14),
    }
    return named.get(rule) or re.compile(rule).fullmatch


class Table(NamedTuple):
    """Checked records of one file as columns (text), the places kept and what was put aside."""

    shape: Shape
    columns: dict[str, list[str]]
    records: int
    quarantined: list[tuple[int, str, str, bytes]]


def read_csv(data: bytes, channel: str) -> Table:
    """Read one CSV file strictly; the header says which shape it has."""
    shapes = [shape for shape in SHAPES if shape.channel == channel]
    encoding = shapes[0].encoding
    try:
        text, broken = data.decode(encoding), False
    except UnicodeDecodeError:
        text, broken = data.decode(encoding, "surrogateescape"), True
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    header, rows = rows[0], [row for row in rows[1:] if row]
    shape = next(shape for shape in shapes if {c.source for c in shape.columns} <= set(header))
    bad: dict[int, tuple[str, str]] = {}
    for place, row in enumerate(rows):
        if len(row) != len(header):
            bad[place] = ("", "column_count")
        elif broken and _LONE.search("".join(row)):
            bad[place] = ("", "encoding")
    columns = list(
        zip(*(row if len(row) == len(header) else [""] * len(header) for row in rows), strict=True)
    )
    found = {column.name: columns[header.index(column.source)] for column in shape.columns}
    originals = [",".join(row).encode("utf-8", "surrogateescape") for row in (rows[p] for p in bad)]
    return _checked(shape, found, len(rows), bad, dict(zip(bad, originals, strict=True)), rows)


def read_calls(data: bytes) -> Table:
    """Read the JSONL file of calls; what the customer said becomes the text."""
    lines, records, bad = data.rstrip(b"\n").split(b"\n"), [], {}
    for place, line in enumerate(lines):
        try:
            record = orjson.loads(line)
            record["turns"] = "\n".join(
                t["text"] for t in record.get("turns", ()) if t["speaker"] == "customer"
            )
        except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
            record, bad[place] = {}, ("", "json")
        records.append(record)
    found = {
        column.name: [
            "" if (value := record.get(column.source)) is None else str(value) for record in records
        ]
        for column in CALL.columns
    }
    return _checked(CALL, found, len(lines), bad, {}, lines)


def _checked(
    shape: Shape,
    found: dict[str, Sequence[str]],
    records: int,
    bad: dict[int, tuple[str, str]],
    originals: dict[int, bytes],
    source: list[Any],
) -> Table:
    for column in shape.columns:
        if column.required:
            bad |= {
                p: (column.name, "missing")
                for p, v in enumerate(found[column.name])
                if not v and p not in bad
            }
        if column.check:
            holds = _check(column.check)
            bad |= {
                p: (column.name, "type")
                for p, v in enumerate(found[column.name])
                if v and not holds(v) and p not in bad
            }
    put_aside = []
    for place, (field, reason) in sorted(bad.items()):
        row = source[place]
        payload = originals.get(place) or (
            row if isinstance(row, bytes) else ",".join(row).encode("utf-8", "replace")
        )
        put_aside.append((place, field, reason, payload))
    if bad:
        found = {name: [v for p, v in enumerate(values) if p not in bad] for name, values in found.items()}
    return Table(shape, {name: list(values) for name, values in found.items()}, records, put_aside)


# --- ids, pseudonyms, once only ----------------------------------------------------------------------


def keyed(values: Iterable[str], domain: str) -> list[str | None]:
    """Return 32 hex of HMAC-SHA-256 for each value, None for an empty one."""
    prefix, digest = f"{domain}|".encode(), hmac.digest
    return [digest(KEY, prefix + v.encode(), "sha256")[:16].hex() if v else None for v in values]


def admit(
    table: Table, received_at: str, warehouse: duckdb.DuckDBPyConnection, with_mask: bool
) -> tuple[pa.Table, Counter[str]]:
    """Keep each record once: newest version of a key wins; count what became of every record."""
    shape, columns = table.shape, table.columns
    keys = keyed(
        map("\x1f".join, zip(*(columns[name] for name in shape.key), strict=True)),
        f"{shape.channel}|{shape.entity}",
    )
    versions = columns[shape.version] if shape.version else [received_at] * len(keys)
    joined = map("\x1f".join, zip(*columns.values(), strict=True))
    hashes = [hashlib.blake2b(content.encode(), digest_size=16).hexdigest() for content in joined]
    counts = Counter(records_in=table.records, quarantined=len(table.quarantined))
    known = _known(warehouse, shape, keys)
    winners: dict[str, int] = {}
    for place, (key, version, content) in enumerate(zip(keys, versions, hashes, strict=True)):
        counts[_judge(place, str(key), (version, content), known, winners, not shape.version)] += 1
    kept = sorted(winners.values())
    return _clean(table, kept, keys, versions, hashes, received_at, with_mask), counts


def _known(
    warehouse: duckdb.DuckDBPyConnection, shape: Shape, keys: list[str | None]
) -> dict[str, tuple[str, str]]:
    incoming = pa.table({"record_id": keys})  # noqa: F841  (read by DuckDB by its name)
    rows = warehouse.execute(
        f"select record_id, version_key, content_hash from rec_{shape.entity} semi join incoming using (record_id)"
    ).fetchall()
    return {record_id: (version, content) for record_id, version, content in rows}


def _judge(
    place: int,
    key: str,
    mark: tuple[str, str],
    known: dict[str, tuple[str, str]],
    winners: dict[str, int],
    same_is_enough: bool,
) -> str:
    held = known.get(key)
    if held is not None and (held[1] == mark[1] or (same_is_enough and held == mark)):
        return "duplicate"
    if held is not None and mark < held:
        return "superseded"
    known[key], winners[key] = mark, place
    return "admitted"


def _clean(
    table: Table,
    kept: list[int],
    keys: list[Any],
    versions: Sequence[str],
    hashes: list[str],
    received_at: str,
    with_mask: bool,
) -> pa.Table:
    shape, columns = table.shape, table.columns
    if len(kept) != len(keys):
        columns = {name: [values[p] for p in kept] for name, values in columns.items()}
        keys, versions, hashes = ([values[p] for p in kept] for values in (keys, versions, hashes))
    voices = (
        keyed(map("\x1f".join, zip(*(columns[n] for n in shape.voice), strict=True)), shape.channel)
        if shape.voice
        else keys
    )
    out: dict[str, Any] = {
        "record_id": keys,
        "voice_id": voices,
        "version_key": versions,
        "content_hash": hashes,
    }
    for column in shape.columns:
        values = columns[column.name]
        if column.pii == "text":
            out[column.name] = _masked(values) if with_mask else values
        elif column.pii and column.pii != "drop":
            out[f"{column.name}_key"] = _keyed_once(values, column.pii)
        elif not column.pii:
            out[column.name] = values
    count = len(keys)
    out |= {
        "received_at": [received_at] * count,
        "event": columns[shape.event] if shape.event else [""] * count,
    }
    return pa.table({name: pa.array(values, pa.string()) for name, values in out.items()})


def _masked(values: Sequence[str]) -> list[str]:
    done = {text: mask(text) for text in dict.fromkeys(values)}
    return [done[text] for text in values]


def _keyed_once(values: Sequence[str], domain: str) -> list[str | None]:
    distinct = list(dict.fromkeys(values))
    done = dict(zip(distinct, keyed(distinct, domain), strict=True))
    return [done[value] for value in values]


# --- scoring by the project's lexicon ----------------------------------------------------------------

NEGATES, ASKS, SUPPOSES, WISHES, DRIVES, TURNS, EXPLAINS = 1, 2, 4, 8, 16, 32, 64
_MOVES = {
    "negator": NEGATES, "soft_negator": NEGATES, "rhetorical": NEGATES, "enquiry": ASKS, "hypothetical": SUPPOSES,
    "wish": WISHES, "driving": DRIVES, "contrast": TURNS, "why": EXPLAINS,
}  # fmt: skip
URGENCIES = ("safety", "immobilised", "function", "comfort", "wish", "none")
ALARM_STRENGTH = (3, 3, 2, 1, 1, 1)
SERVICE = frozenset(("SAL", "AFT", "PRI"))
_HASHED = 1 << 21


class Role(NamedTuple):
    """What a term says: aspects and how outright, sign x strength, fault, bits of `moves`, scale, part, symptom."""

    aspects: tuple[str, ...] = ()
    weight: int = 0
    judgement: int = 0
    fault: int = 0
    moves: int = 0
    more: int = 0
    parts: tuple[str, ...] = ()
    symptoms: tuple[str, ...] = ()


def _rows(name: str) -> list[dict[str, str]]:
    lines = (RESOURCES / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if line and not line.startswith("#")))


def _plain_codes() -> np.ndarray:
    """Return code point -> code point: full width, upper case and traditional characters made plain."""
    table = np.arange(1 << 16, dtype=np.uint32)
    for code in (*range(0x20, 0x250), *range(0x2460, 0x2500), *range(0xFE30, 0xFFF0)):
        plain = unicodedata.normalize("NFKC", chr(code)).lower()
        table[code] = ord(plain) if len(plain) == 1 else code
    for row in _rows("traditional_simplified"):
        if max(row["traditional"], row["simplified"]) < "\uffff":
            table[ord(row["traditional"])] = ord(row["simplified"])
    return table


class Lexicon:
    """Terms of the resource files: longer ones by their first two characters, single ones apart."""

    def __init__(self) -> None:
        self.directions: dict[str, int] = {}
        self.masks: set[str] = set()
        roles = self._read()
        self.roles = {term: self._with_inner(term, role, roles) for term, role in roles.items()}
        sizes: dict[str, set[int]] = defaultdict(set)
        for term in self.roles:
            if len(term) > 1:
                sizes[term[:2]].add(len(term))
        self.sizes = {prefix: tuple(sorted(found, reverse=True)) for prefix, found in sizes.items()}
        self.is_pair = np.zeros(_HASHED, bool)
        self.is_pair[[(ord(pair[0]) * 31 + ord(pair[1])) % _HASHED for pair in self.sizes]] = True
        self.is_single = np.zeros(1 << 16, bool)
        self.is_single[[ord(term) for term in self.roles if len(term) == 1]] = True
        self.rules: dict[tuple[str, str], list[tuple[int, dict[str, str]]]] = defaultdict(list)
        for order, rule in enumerate(_rows("urgency_rules")):
            self.rules[rule["component"], rule["symptom"]].append((order, rule))

    def _read(self) -> dict[str, Role]:
        roles: dict[str, Role] = defaultdict(Role)

        def change(row: dict[str, str], how: Callable[[Role], Role]) -> None:
            for term in row["terms"].lower().split("|"):
                roles[term] = how(roles[term])

        for row in _rows("aspect_terms"):
            code, weight = row["aspect_code"], int(row["weight"])
            self.directions[code] = {"more_good": 1, "more_bad": -1}.get(
                row["direction"], 0
            ) or self.directions.get(code, 0)
            if row["kind"] != "regex":
                change(
                    row,
                    lambda old, c=code, w=weight: old._replace(
                        aspects=tuple(dict.fromkeys((*old.aspects, c))), weight=max(w, old.weight)
                    ),
                )
        for row in _rows("polarity_words"):
            value = {"more": {"more": 1}, "less": {"more": -1}}.get(
                row["kind"], {"judgement": int(row["polarity"]) * int(row["intensity"])}
            )
            change(row, lambda old, v=value: old._replace(**v))
            self.masks |= set(row["terms"].split("|")) if row["kind"] == "mask" else set()
        for row in _rows("fault_words"):
            change(row, lambda old, n=int(row["intensity"]): old._replace(fault=max(n, old.fault)))
        for row in _rows("modifiers"):
            bit = _MOVES.get(row["kind"], 0)
            change(row, lambda old, bit=bit: old._replace(moves=old.moves | bit))
        for row in _rows("urgency_terms"):
            field = "parts" if row["role"] == "component" else "symptoms"
            change(row, lambda old, f=field, n=row["name"]: old._replace(**{f: (*getattr(old, f), n)}))
        return {term: role for term, role in roles.items() if term}

    def _with_inner(self, term: str, role: Role, roles: dict[str, Role]) -> Role:
        """Let 油耗高 name the aspect of 油耗 and 刹车失灵 part and symptom: the longest match hides them."""
        if term in self.masks:
            return Role(moves=role.moves)
        inside = {term[a:b] for a in range(len(term)) for b in range(a + 2, len(term) + 1)} & roles.keys() - {
            term
        }
        inner = [roles[piece] for piece in sorted(inside - self.masks)]
        if not role.aspects and inner:
            codes = dict.fromkeys(code for other in inner for code in other.aspects)
            role = role._replace(aspects=tuple(codes), weight=max(other.weight for other in inner))
        if not (role.judgement or role.fault or role.moves or role.more):
            role = role._replace(fault=max((other.fault for other in inner), default=0))
        return role._replace(
            parts=tuple({*role.parts, *(part for other in inner for part in other.parts)}),
            symptoms=role.symptoms
            or tuple(dict.fromkeys(name for other in inner for name in other.symptoms)),
        )


class Clause(NamedTuple):
    """A clause with its finds: hits low..high, those of its sentence, text number, span in the text."""

    low: int
    high: int
    sentence_low: int
    sentence_high: int
    number: int
    begin: int
    end: int


class Scorer:
    """Aspect mentions of many texts at once: numpy finds where a term may begin, Python reads clauses."""

    CHUNK = 2000
    SENTENCE_ENDS = "。！!？?；;…~\n"
    BREAKS = SENTENCE_ENDS + ",:：， \t"

    def __init__(self) -> None:
        import rjieba

        self.lexicon = Lexicon()
        self._cut: Callable[[str], list[str]] = rjieba.cut
        self._plain = _plain_codes()
        self._is_break, self._is_end = np.zeros(1 << 16, bool), np.zeros(1 << 16, bool)
        self._is_break[[ord(mark) for mark in self.BREAKS]] = True
        self._is_end[[ord(mark) for mark in self.SENTENCE_ENDS]] = True

    def score(self, texts: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return rows (text number, aspect, polarity, intensity, urgency rank, start, end, confidence)."""
        mentions: list[tuple[Any, ...]] = []
        for first in range(0, len(texts), self.CHUNK):
            self._score_chunk(texts[first : first + self.CHUNK], first, mentions)
        return mentions

    def _score_chunk(self, texts: Sequence[str], first: int, mentions: list[tuple[Any, ...]]) -> None:
        raw = np.frombuffer(("\n".join(texts) + "\n\n").encode("utf-32-le", "surrogatepass"), np.uint32)
        codes = self._plain[np.minimum(raw, 0xFFFF)]
        corpus = codes.tobytes().decode("utf-32-le", "surrogatepass")
        places, roles = self._find(corpus, codes)
        if not places:
            return
        merged: dict[str, list[Any]] = {}
        last: tuple[str, ...] = ()
        last_number = -1
        for clause in self._clauses(texts, codes, places, roles):
            if clause.number != last_number:
                _put_out(merged, first + last_number, mentions)
                merged, last, last_number = {}, (), clause.number
            last = self._read(clause, places, roles, last, merged)
        _put_out(merged, first + last_number, mentions)

    def _clauses(
        self, texts: Sequence[str], codes: np.ndarray, places: list[int], roles: list[Role]
    ) -> Iterable[Clause]:
        """Yield the clauses that hold a term; a contrast word begins a clause of its own."""
        at = np.array(places)
        turning = at[[bool(role.moves & TURNS) for role in roles]]
        marks = np.flatnonzero(self._is_break[codes])
        # A mark ends the clause behind it, a contrast word begins one where it stands: half a step apart.
        breaks = np.sort(np.concatenate([2 * marks, 2 * turning - 1]))
        clause = np.searchsorted(breaks, 2 * at)
        groups = np.flatnonzero(np.diff(clause, prepend=-1))
        sentence = np.searchsorted(np.flatnonzero(self._is_end[codes]), at)
        edges = np.concatenate([[-2], breaks])
        text_starts = np.concatenate([[0], np.cumsum([len(text) + 1 for text in texts])])
        number = np.searchsorted(text_starts, at[groups], "right") - 1
        begin = edges[clause[groups]] // 2 + 1
        end = (breaks[clause[groups]] + 1) // 2
        columns = (
            groups, np.append(groups[1:], len(places)), np.searchsorted(sentence, sentence[groups]),
            np.searchsorted(sentence, sentence[groups], "right"), number, begin - text_starts[number], end - text_starts[number],
        )  # fmt: skip
        return map(Clause._make, zip(*(column.tolist() for column in columns), strict=True))

    def _find(self, corpus: str, codes: np.ndarray) -> tuple[list[int], list[Role]]:
        """Return places and roles of the terms: leftmost longest, single characters only as whole words."""
        roles, sizes, free = self.lexicon.roles, self.lexicon.sizes, 0
        found: list[tuple[int, Role]] = []
        ends: list[int] = []
        for place in np.flatnonzero(self.lexicon.is_pair[(codes[:-1] * 31 + codes[1:]) % _HASHED]).tolist():
            if place < free:
                continue
            for size in sizes.get(corpus[place : place + 2], ()):
                role = roles.get(corpus[place : place + size])
                if role is not None:
                    free = place + size
                    found.append((place, role))
                    ends.append(free)
                    break
        edges = np.zeros(len(codes) + 1, np.int8)
        edges[[place for place, _ in found]] += 1
        edges[ends] -= 1
        covered = np.cumsum(edges) > 0
        words = np.fromiter(map(len, self._cut(corpus)), np.int64)
        starts = np.cumsum(words) - words
        single = starts[(words == 1) & ~covered[starts]]
        single = single[self.lexicon.is_single[codes[single]]].tolist()
        found += [(place, roles[corpus[place]]) for place in single]
        found.sort(key=itemgetter(0))
        return [place for place, _ in found], [role for _, role in found]

    def _read(  # noqa: C901  (one loop over the finds: a call for each costs a tenth of the day)
        self,
        clause: Clause,
        places: list[int],
        roles: list[Role],
        last: tuple[str, ...],
        merged: dict[str, list[Any]],
    ) -> tuple[str, ...]:
        """Judge one clause and add what it says to `merged`; return the aspects it leaves open."""
        low, high = clause.low, clause.high
        turned, total, strength, fault, moves, weight = -9, 0, 1, 0, 0, 0
        named: tuple[str, ...] = ()
        ill: list[str] = []
        for place, (aspects, outright, judgement, broken, moving, more, _, symptoms) in zip(
            places[low:high], roles[low:high], strict=True
        ):
            sign = -1 if place - turned <= 8 else 1
            if aspects:
                named = named + aspects if named else aspects
                weight = max(weight, outright)
            if judgement:
                total, strength = total + sign * judgement, max(strength, abs(judgement))
            if broken and sign > 0:
                total, fault = total - broken, max(fault, broken)
            if symptoms and sign > 0 and not moves & SUPPOSES:
                ill += symptoms
            if more and (named or last):
                total += sign * more * self.lexicon.directions.get((named or last)[0], 0)
            if moving:
                moves |= moving
                turned = place if moving & NEGATES else turned
        if moves & ASKS and not moves & EXPLAINS:
            total, ill = 0, []
        codes = named if len(named) < 2 else tuple(dict.fromkeys(named))
        codes = codes or (last if total else ())
        if not codes and not ill:
            return ()
        polarity = (total > 0) - (total < 0)
        rank, alarm_code = self._alarm(ill, clause, roles) if ill else (5, "")
        if alarm_code:
            _add(merged, alarm_code, -1, ALARM_STRENGTH[rank], rank, clause, 3, moves)
        if weight < 2 and not polarity and named:
            return named
        for code in codes:
            urgency = (
                5
                if polarity >= 0
                else rank
                if rank < 5
                else (4 if moves & WISHES else 5)
                if code[:3] in SERVICE
                else 3
            )
            _add(merged, code, polarity, max(strength, fault), urgency, clause, weight or 3, moves)
        return codes

    def _alarm(self, ill: list[str], clause: Clause, roles: list[Role]) -> tuple[int, str]:
        """Return (urgency rank, aspect) of the topmost rule that fits part x symptom x where."""
        around: set[str] = set()
        moves = 0
        for role in roles[clause.sentence_low : clause.sentence_high]:
            around.update(role.parts)
            moves |= role.moves
        near = {part for role in roles[clause.low : clause.high] for part in role.parts}
        fitting = [
            (order, rule)
            for symptom in ill
            for part in ("*", *around)
            for order, rule in self.lexicon.rules.get((part, symptom), ())
            if (rule["context"] != "driving" or moves & DRIVES)
            and (part == "*" or rule["near"] != "clause" or part in near)
        ]
        if not fitting:
            return 5, ""
        rule = min(fitting, key=itemgetter(0))[1]
        return URGENCIES.index(rule["urgency"]), rule["aspect_code"]


def _add(
    merged: dict[str, list[Any]],
    code: str,
    polarity: int,
    strength: int,
    rank: int,
    clause: Clause,
    weight: int,
    moves: int,
) -> None:
    """Add one judgement of an aspect: what follows a contrast counts half as much again."""
    value = strength * (1.5 if moves & TURNS else 1.0)
    entry = merged.get(code)
    if entry is None:
        merged[code] = [
            value if polarity > 0 else 0.0,
            value if polarity < 0 else 0.0,
            strength,
            rank,
            clause.begin,
            clause.end,
            weight,
            1,
        ]
        return
    if polarity and (entry[0] == entry[1] == 0 or strength > entry[2] or rank < entry[3]):
        entry[2], entry[4], entry[5] = max(strength, entry[2]), clause.begin, clause.end
    entry[0 if polarity > 0 else 1] += value if polarity else 0.0
    entry[3], entry[6], entry[7] = min(rank, entry[3]), max(weight, entry[6]), entry[7] + 1


def _put_out(merged: dict[str, list[Any]], number: int, mentions: list[tuple[Any, ...]]) -> None:
    """Append one mention per aspect of a text; a tie of good and bad is bad."""
    for code, (good, bad, strength, rank, begin, end, weight, count) in merged.items():
        polarity = 0 if good == bad == 0 else 1 if good > bad else -1
        naming = (0.4, 0.4, 0.6, 0.75)[weight]
        confidence = naming * (
            0.8 if polarity == 0 else 0.6 + 0.4 * abs(good - bad) / (good + bad)
        ) + 0.05 * min(3, count - 1)
        mentions.append((number, code, polarity, strength, rank, begin, end, round(min(0.95, confidence), 4)))


# --- warehouse ---------------------------------------------------------------------------------------

VOICE_ENTITIES = ("complaint", "post", "comment", "response", "call")
_EVENT = {
    "complaint": "cast(event as date)",
    "response": "cast(cast(event as timestamp) as date)",
    "call": "cast(make_timestamp(cast(event as bigint) * 1000) + interval 8 hours as date)",
    "post": "cast(cast(received_at as timestamptz) at time zone 'Asia/Shanghai' as date)",
    "comment": "cast(cast(received_at as timestamptz) at time zone 'Asia/Shanghai' as date)",
}
_MENTION_TYPE = pa.schema(
    [("text_no", pa.int32()), ("aspect_code", pa.string()), ("polarity", pa.int8()), ("intensity", pa.int8()),
     ("urgency_rank", pa.int8()), ("evidence_start", pa.int32()), ("evidence_end", pa.int32()),
     ("confidence", pa.float64())]
)  # fmt: skip


def prepare(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that are not there yet."""
    for shape in (*SHAPES, CALL):
        names = ["record_id", "voice_id", "version_key", "content_hash"]
        names += [
            f"{c.name}_key" if c.pii not in ("", "text") else c.name for c in shape.columns if c.pii != "drop"
        ]
        columns = ", ".join(f"{name} varchar" for name in (*names, "received_at", "event"))
        warehouse.execute(f"create table if not exists rec_{shape.entity} ({columns})")
    warehouse.execute(
        """
        create table if not exists fct_feedback (
            feedback_id varchar, channel varchar, event_date date, received_at varchar, verbatim varchar,
            customer_key varchar, vin_key varchar, vehicle_model_code varchar, dealer_code varchar,
            sentiment_polarity tinyint, urgency varchar, mention_count integer);
        create table if not exists fct_feedback_mention (
            feedback_id varchar, seq integer, event_date date, channel varchar, aspect_code varchar, polarity tinyint,
            intensity tinyint, urgency varchar, evidence_start integer, evidence_end integer, confidence double, customer_key varchar);
        create table if not exists agg_nps_daily (event_date date, touchpoint varchar, n bigint, promoters bigint, detractors bigint);
        create table if not exists agg_csat_daily (event_date date, touchpoint varchar, n bigint, satisfied bigint, score_sum bigint);
        create table if not exists agg_aspect_sentiment_daily (
            event_date date, channel varchar, aspect_code varchar, positive bigint, neutral bigint, negative bigint, voices bigint);
        """
    )


def store(warehouse: duckdb.DuckDBPyConnection, entity: str, records: pa.Table) -> None:
    """Replace older versions of the records by these."""
    warehouse.register("records", records)
    warehouse.execute(f"delete from rec_{entity} where record_id in (select record_id from records)")
    warehouse.execute(f"insert into rec_{entity} by name select * from records")


def voices_of_day(warehouse: duckdb.DuckDBPyConnection, changed: dict[str, pa.Table]) -> pa.Table:
    """Return one row per voice that the day's records belong to."""
    parts = []
    for entity, records in changed.items():
        warehouse.register(f"new_{entity}", records)
        have = set(records.column_names)
        key = {
            name: (f"any_value({name})" if name in have else "null")
            for name in ("customer_key", "phone_key", "vin_key")
        }
        invitation = "any_value(invitation_no)" if entity == "response" else "null"
        parts.append(
            f"select voice_id, '{entity}' as entity, min({_EVENT[entity]}) as event_date, min(received_at) as received_at, "
            f"arg_min(verbatim, record_id) as verbatim, {key['customer_key']} as customer_key, {key['phone_key']} as phone_key, "
            f"{key['vin_key']} as vin_key, {invitation} as invitation_no "
            f"from rec_{entity} where voice_id in (select voice_id from new_{entity}) group by voice_id"
        )
    return warehouse.sql(" union all ".join(parts)).to_arrow_table()


def score_voices(voices: pa.Table, scorer: Scorer) -> tuple[pa.Table, pa.Table]:
    """Return (mentions, text scores) of the voices; equal texts are scored once."""
    distinct = voices.column("verbatim").combine_chunks().dictionary_encode()
    mentions = scorer.score(["" if text is None else text for text in distinct.dictionary.to_pylist()])
    columns = list(zip(*mentions, strict=True)) or [()] * len(_MENTION_TYPE)
    table = pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, _MENTION_TYPE, strict=True)], schema=_MENTION_TYPE
    )
    return table, pa.table({"voice_id": voices.column("voice_id"), "text_no": distinct.indices})


def build(
    warehouse: duckdb.DuckDBPyConnection, voices: pa.Table, mentions: pa.Table, texts: pa.Table
) -> None:
    """Write facts of the voices and rebuild the aggregates of the days they touch."""
    for name, table in {"voices": voices, "mentions": mentions, "texts": texts}.items():
        warehouse.register(name, table)
    warehouse.execute(_BUILD_SQL)


_CHANNEL = "case entity when 'complaint' then 'complaint_site' when 'post' then 'forum' when 'comment' then 'media_comments' when 'call' then 'call_center' else 'survey' end"
_BUILD_SQL = f"""
create temp table touched as
    select distinct event_date from voices
    union select distinct event_date from fct_feedback where feedback_id in (select voice_id from voices);
delete from fct_feedback_mention where feedback_id in (select voice_id from voices);
delete from fct_feedback where feedback_id in (select voice_id from voices);
insert into fct_feedback
    with phones as (select phone_key, min(customer_key) as customer_key from rec_customer where phone_key is not null group by phone_key)
    select v.voice_id, {_CHANNEL}, v.event_date, v.received_at, v.verbatim,
        coalesce(v.customer_key, i.customer_key, p.customer_key, e.customer_key), coalesce(v.vin_key, i.vin_key) as vin,
        e.vehicle_model_code, coalesce(i.dealer_code, e.dealer_code), coalesce(t.sentiment_polarity, 0), coalesce(t.urgency, 'none'), coalesce(t.mention_count, 0)
    from voices v
    left join rec_invitation i on i.invitation_no = v.invitation_no
    left join rec_vehicle e on e.vin_key = coalesce(v.vin_key, i.vin_key)
    left join phones p on p.phone_key = coalesce(v.phone_key, i.phone_key)
    left join texts x on x.voice_id = v.voice_id
    left join (
        select text_no, sign(sum(polarity * intensity)) as sentiment_polarity, list_extract(['safety', 'immobilised', 'function', 'comfort', 'wish', 'none'], min(urgency_rank) + 1) as urgency,
            count(*) as mention_count from mentions group by text_no) t on t.text_no = x.text_no
    order by v.event_date;
insert into fct_feedback_mention
    select f.feedback_id, row_number() over (partition by f.feedback_id order by m.evidence_start, m.aspect_code), f.event_date, f.channel,
        m.aspect_code, m.polarity, m.intensity, list_extract(['safety', 'immobilised', 'function', 'comfort', 'wish', 'none'], m.urgency_rank + 1),
        m.evidence_start, m.evidence_end, m.confidence, f.customer_key
    from mentions m join texts x using (text_no) join fct_feedback f on f.feedback_id = x.voice_id
    where f.event_date in (select event_date from touched) order by f.event_date;
delete from agg_nps_daily where event_date in (select event_date from touched);
delete from agg_csat_daily where event_date in (select event_date from touched);
delete from agg_aspect_sentiment_daily where event_date in (select event_date from touched);
create temp table answers as
    select cast(cast(r.event as timestamp) as date) as event_date, r.metric, r.scale, cast(r.score as integer) as score, i.touchpoint
    from rec_response r left join rec_invitation i using (invitation_no)
    where cast(cast(r.event as timestamp) as date) in (select event_date from touched);
insert into agg_nps_daily
    select event_date, touchpoint, count(*), count(*) filter (score >= 9), count(*) filter (score <= 6)
    from answers where metric = 'NPS' and scale = '0-10' group by all order by all;
insert into agg_csat_daily
    select event_date, touchpoint, count(*), count(*) filter (score >= 4), sum(score)
    from answers where metric = 'CSAT' and scale = '1-5' group by all order by all;
insert into agg_aspect_sentiment_daily
    select event_date, channel, aspect_code, count(*) filter (polarity > 0), count(*) filter (polarity = 0),
        count(*) filter (polarity < 0), count(distinct feedback_id)
    from fct_feedback_mention where event_date in (select event_date from touched) group by all order by all;
create or replace view rpt_safety_watch as
    select f.feedback_id, f.channel, f.event_date, f.customer_key, f.vehicle_model_code, f.verbatim, m.aspect_code, m.evidence_start, m.evidence_end
    from fct_feedback_mention m join fct_feedback f using (feedback_id) where m.urgency = 'safety';
create or replace table fct_warranty_claim_line as
    select record_id, claim_no, cast(line_no as integer) as line_no, vin_key, dealer_code, cast(failure_date as date) as failure_date,
        cast(claimed_amount_cny as decimal(14, 2)) as claimed_amount_cny, try_cast(approved_amount_cny as decimal(14, 2)) as approved_amount_cny,
        fault_note, cost_type, status from rec_claim_line where status <> '作废';
"""


def check(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Refuse to publish what cannot be right."""
    row = warehouse.execute(
        "select count(*) - count(distinct feedback_id), count(*) filter (event_date is null), "
        "(select count(*) from fct_feedback_mention where aspect_code is null) from fct_feedback"
    ).fetchone()
    if row is None or any(row):
        raise SystemExit(f"checks failed (repeated ids, no date, no aspect): {row}")


def publish(state: Path) -> None:
    """Copy the warehouse file beside the published one and rename it into place."""
    target = state / "published.duckdb"
    shutil.copyfile(state / "warehouse.duckdb", target.with_suffix(".new"))
    target.with_suffix(".new").replace(target)


# --- the day -----------------------------------------------------------------------------------------


class Clock:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}
        self._last = 0.0

    def lap(self, stage: str) -> None:
        """Book everything since the last lap to `stage`."""
        now = time.process_time()
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self._last
        self._last = now


def put_aside(state: Path, delivery: dict[str, str], table: Table) -> None:
    """Append bad records with place, field, reason and original bytes."""
    with (state / "quarantine.jsonl").open("ab") as out:
        for place, field, reason, payload in table.quarantined:
            entry = {"file": delivery["path"], "record": place, "field": field, "reason": reason,
                     "payload": base64.b64encode(payload).decode()}  # fmt: skip
            out.write(orjson.dumps(entry) + b"\n")


def refresh(input_folder: Path, state: Path, with_mask: bool = True) -> dict[str, Any]:
    """Run one day; return counts by channel and CPU seconds by stage."""
    clock = Clock()
    clock.lap("start")
    state.mkdir(parents=True, exist_ok=True)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    with duckdb.connect(
        str(state / "warehouse.duckdb"), config={"threads": 2, "memory_limit": "1GB"}
    ) as warehouse:
        prepare(warehouse)
        warehouse.execute("begin")
        changed = _admit_all(input_folder, state, warehouse, totals, with_mask)
        clock.lap("admit")
        if changed:
            voices = voices_of_day(warehouse, changed)
            clock.lap("build")
            scored = score_voices(voices, Scorer())
            clock.lap("score")
            build(warehouse, voices, *scored)
            check(warehouse)
        warehouse.execute("commit")
        warehouse.execute("checkpoint")
        clock.lap("build")
    publish(state)
    clock.lap("publish")
    return {
        "channels": {name: dict(counts) for name, counts in sorted(totals.items())},
        "cpu_s": clock.stages,
    }


def _admit_all(
    input_folder: Path,
    state: Path,
    warehouse: duckdb.DuckDBPyConnection,
    totals: dict[str, Counter[str]],
    with_mask: bool,
) -> dict[str, pa.Table]:
    changed: dict[str, list[pa.Table]] = defaultdict(list)
    for delivery in sorted(
        json.loads((input_folder / "deliveries.json").read_text()),
        key=lambda d: (d["received_at"], d["path"]),
    ):
        data, channel = Path(delivery["path"]).read_bytes(), delivery["channel"]
        table = read_calls(data) if channel == "call_center" else read_csv(data, channel)
        if table.quarantined:
            put_aside(state, delivery, table)
        records, counts = admit(table, delivery["received_at"], warehouse, with_mask)
        store(warehouse, table.shape.entity, records)
        totals[channel] += counts
        if table.shape.voice and records.num_rows:
            changed[table.shape.entity].append(records)
    return {entity: pa.concat_tables(tables) for entity, tables in changed.items()}


def main() -> None:
    """Run one day from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--input", type=Path, required=True, help="folder with deliveries.json")
    parser.add_argument("--state", type=Path, required=True, help="folder of the script's own files")
    parser.add_argument("--no-mask", action="store_true", help="leave masking out")
    parser.add_argument("--timings", type=Path, help="write counts and CPU seconds here as JSON")
    options = parser.parse_args()
    gc.disable()  # millions of small tuples and no cycles: looking for rubbish costs a tenth of the day
    result = refresh(options.input, options.state, not options.no_mask)
    text = json.dumps(result, ensure_ascii=False, indent=1)
    print(text)
    if options.timings:
        options.timings.write_text(text + os.linesep, encoding="utf-8")


if __name__ == "__main__":
    main()
