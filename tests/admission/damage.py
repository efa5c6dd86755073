"""The damaged corpus: deliveries that are wrong in one known way, made from good rows.

Each `Case` says what was done (`kind`), which reasons are expected in quarantine and which good records
must still be admitted (by the text that is unique to each). Deterministic; nothing is stored as a file.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

GOOD_ROWS = 8
COMPLAINT = ["投诉编号", "投诉品牌", "投诉车系", "投诉车型", "投诉简述", "投诉问题", "问题类型", "投诉日期"]
SURVEY = ["答卷编号", "邀请编号", "指标", "量表", "得分", "评论", "提交时间"]
CLAIM = [
    "索赔单号",
    "行号",
    "车架号",
    "经销商代码",
    "故障日期",
    "维修日期",
    "申请日期",
    "里程",
    "零件号",
    "故障代码",
    "故障描述",
    "费用类型",
    "申请金额",
    "批准金额",
    "状态",
    "更新时间",
]
COMMENT = ["content_id", "content", "subject", "sentiment_value", "sentiment_word"]
ENCODING = {"survey": "gb18030"}
_WORDS = [
    "发动机",
    "异响",
    "变速箱",
    "顿挫",
    "刹车",
    "偏软",
    "中控",
    "黑屏",
    "充电",
    "很慢",
    "座椅",
    "松动",
    "空调",
    "不冷",
    "漆面",
    "掉色",
    "车门",
    "关不严",
]


@dataclass(frozen=True)
class Case:
    """One damaged delivery and what has to become of it."""

    name: str
    kind: str
    channel: str
    data: bytes
    reasons: tuple[str, ...]  # sorted, one per quarantined record
    good: int  # good records that must be admitted
    file_name: str = ""
    marks: tuple[str, ...] = field(default=())  # texts of the good records


def cases() -> list[Case]:
    """Return the whole corpus: over 200 cases in over 25 kinds."""
    found = [case for maker in _MAKERS for case in maker()]
    names = [case.name for case in found]
    assert len(set(names)) == len(names), "case names must be unique"
    return found


# -- good material ---------------------------------------------------------------------------------


def mark(seed: int, number: int) -> str:
    """A text that only this row has."""
    rng = random.Random(f"{seed}/{number}")
    return "".join(rng.choice(_WORDS) for _ in range(6)) + f"记{seed}之{number}"


def row(channel: str, seed: int, number: int) -> list[str]:
    text = mark(seed, number)
    if channel == "complaint_site":
        return [
            f"2024010112000{seed:04d}{number:02d}",
            "大众",
            "朗逸",
            "2021款 舒适型",
            text,
            "发动机",
            "异响",
            "2024-05-20",
        ]
    if channel == "survey":
        return [
            f"R-{seed:04d}-{number:02d}",
            f"I-{seed:04d}-{number:02d}",
            "NPS",
            "0-10",
            "7",
            text,
            "2024-05-20 10:00:00",
        ]
    if channel == "warranty_claims":
        return [
            f"W-{seed:04d}-{number:02d}", "1", "LSVAB4BR2EN123456", "D001", "2024-05-01", "2024-05-02", "2024-05-03",
            "12000", "P-100", "F12", text, "配件", "120.50", "100.00", "已批准", "2024-05-20 10:00:00",
        ]  # fmt: skip
    return [f"m{seed:04d}_{number:02d}", text, "动力", "-1", "异响"]


def call(seed: int, number: int) -> dict[str, object]:
    return {
        "call_id": f"C-{seed:04d}-{number:02d}", "started_at_ms": 1716170000000 + number, "ended_at_ms": 1716170060000,
        "updated_at_ms": 1716170090000, "status": "active", "caller_phone": "13800138000", "customer_id": "KH001",
        "vin": "LSVAB4BR2EN123456", "agent_id": "A-7", "queue": "sales", "agent_tags": ["动力"],
        "turns": [{"speaker": "agent", "text": "您好"}, {"speaker": "customer", "text": mark(seed, number)}],
    }  # fmt: skip


HEADERS = {"complaint_site": COMPLAINT, "survey": SURVEY, "warranty_claims": CLAIM, "media_comments": COMMENT}
TEXT_AT = {"complaint_site": 4, "survey": 5, "warranty_claims": 10, "media_comments": 1}


def cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') else text


def line(cells: list[str], delimiter: str = ",") -> str:
    return delimiter.join(cell(one) for one in cells)


def lines_of(channel: str, seed: int, count: int = GOOD_ROWS) -> list[str]:
    return [line(HEADERS[channel])] + [line(row(channel, seed, n)) for n in range(count)]


def data_of(channel: str, lines: list[str], end: str = "\n") -> bytes:
    return (end.join(lines) + end).encode(ENCODING.get(channel, "utf-8"))


def jsonl(seed: int, count: int = GOOD_ROWS) -> list[str]:
    return [json.dumps(call(seed, n), ensure_ascii=False) for n in range(count)]


def _case(
    kind: str, channel: str, seed: int, data: bytes, reasons: list[str], lost: set[int], name: str = ""
) -> Case:
    good = [n for n in range(GOOD_ROWS) if n not in lost]
    return Case(
        f"{kind}-{channel}-{seed}", kind, channel, data, tuple(sorted(reasons)), len(good),
        name or (f"{kind}-{seed}." + ("jsonl" if channel == "call_center" else "csv")),
        tuple(mark(seed, n) for n in good),
    )  # fmt: skip


# -- rows spoilt one at a time -------------------------------------------------------------------------

CSV_CHANNELS = ("complaint_site", "survey", "warranty_claims", "media_comments")
_seeds = itertools.count(1)


def _next() -> int:
    return next(_seeds)


def _spoil_rows(
    kind: str, reason: str, change: Callable[[str, list[str]], bytes | str], positions=(0, 3, 7)
) -> Iterator[Case]:
    """Replace single rows of every CSV channel, at the beginning, middle and end."""
    for channel in CSV_CHANNELS:
        for at in positions:
            seed = _next()
            lines: list[bytes] = [
                one.encode(ENCODING.get(channel, "utf-8")) for one in lines_of(channel, seed)
            ]
            bad = change(channel, row(channel, seed, at))
            lines[at + 1] = bad if isinstance(bad, bytes) else bad.encode(ENCODING.get(channel, "utf-8"))
            yield _case(kind, channel, seed, b"\n".join(lines) + b"\n", [reason], {at})


def _with_text(channel: str, cells: list[str], text: str) -> list[str]:
    return [text if i == TEXT_AT[channel] else one for i, one in enumerate(cells)]


def _invalid_bytes() -> Iterator[Case]:
    def change(channel: str, cells: list[str]) -> bytes:
        other = "utf-8" if channel == "survey" else "gb18030"
        return line(_with_text(channel, cells, "车子经常熄火，很危险")).encode(other)

    for case in _spoil_rows("mixed_encoding", "invalid_encoding", change, (1, 5)):
        yield case if case.channel != "survey" else _renamed(case, ("wrong_encoding",))

    def broken(channel: str, cells: list[str]) -> bytes:
        return (
            line(_with_text(channel, cells, "破损@@文字"))
            .encode(ENCODING.get(channel, "utf-8"))
            .replace(b"@@", b"\xff\xff")
        )

    yield from _spoil_rows("broken_bytes", "invalid_encoding", broken, (2,))


def _renamed(case: Case, reasons: tuple[str, ...]) -> Case:
    return Case(case.name, case.kind, case.channel, case.data, reasons, case.good, case.file_name, case.marks)


def _quotes() -> Iterator[Case]:
    yield from _spoil_rows(
        "stray_quote", "stray_quote", lambda c, r: ",".join(_with_text(c, r, '屏幕 5" 太小'))
    )
    yield from _spoil_rows(
        "quote_then_text", "stray_quote", lambda c, r: ",".join(_with_text(c, r, '"屏幕"太小')), (2,)
    )
    yield from _spoil_rows(
        "unclosed_quote", "unclosed_quote", lambda c, r: ",".join(_with_text(c, r, '"没有闭合'))
    )
    for channel in CSV_CHANNELS:  # two halves of a pair on different rows: the text between happens to parse
        seed = _next()
        lines = lines_of(channel, seed)
        lines[2] = ",".join(_with_text(channel, row(channel, seed, 1), '"开头'))
        lines[6] = ",".join(_with_text(channel, row(channel, seed, 5), '结尾"'))
        yield _case(
            "swallowing_quote",
            channel,
            seed,
            data_of(channel, lines),
            ["unclosed_quote", "stray_quote"],
            {1, 5},
        )
    for channel in CSV_CHANNELS:  # quoted rows follow an unclosed quote
        seed = _next()
        lines = [line(HEADERS[channel])] + [_all_quoted(row(channel, seed, n)) for n in range(GOOD_ROWS)]
        lines[3] = lines[3][:-1]
        yield _case("unclosed_last_quote", channel, seed, data_of(channel, lines), ["unclosed_quote"], {2})


def _all_quoted(cells: list[str]) -> str:
    return ",".join('"' + one.replace('"', '""') + '"' for one in cells)


def _columns() -> Iterator[Case]:
    yield from _spoil_rows("half_row", "too_few_fields", lambda _, r: line(r[: len(r) // 2]))
    yield from _spoil_rows("extra_field", "too_many_fields", lambda _, r: line([*r, "多"]), (4,))
    yield from _spoil_rows(
        "extra_field_over_lines",
        "too_many_fields",
        lambda c, r: line([*_with_text(c, r, "换了两次，\n还是响"), "多"]),
        (4,),
    )
    yield from _spoil_rows(
        "unquoted_comma", "too_many_fields", lambda c, r: ",".join(_with_text(c, r, "响,很响")), (6,)
    )
    yield from _spoil_rows("wrong_row_delimiter", "wrong_delimiter", lambda _, r: ";".join(r), (1,))


def _characters() -> Iterator[Case]:
    yield from _spoil_rows("nul", "nul_character", lambda c, r: line(_with_text(c, r, "坏\x00字")), (0, 5))
    yield from _spoil_rows(
        "control", "control_character", lambda c, r: line(_with_text(c, r, "坏\x1b[31m字")), (2,)
    )
    for broken in ("latin-1", "gbk"):

        def change(c: str, r: list[str], broken: str = broken) -> str:
            text = "发动机异响厂家一直不处理希望解决".encode().decode(broken, "replace")
            return line(_with_text(c, r, text))

        for case in _spoil_rows(f"mojibake_{broken}", "mojibake", change, (3,)):
            # In GB18030 such text *is* UTF-8 again, byte for byte.
            is_utf8 = case.channel == "survey" and broken == "gbk"
            told = _renamed(case, ("wrong_encoding",)) if is_utf8 else case
            yield Case(told.name, "mojibake", *_rest(told))


def _rest(case: Case) -> tuple:
    return case.channel, case.data, case.reasons, case.good, case.file_name, case.marks


def _values() -> Iterator[Case]:
    def put(position: dict[str, int], value: str) -> Callable[[str, list[str]], str]:
        return lambda c, r: line([value if i == position[c] else one for i, one in enumerate(r)])

    time_at = {"complaint_site": 7, "survey": 6, "warranty_claims": 4}
    key_at = {"complaint_site": 0, "survey": 0, "warranty_claims": 0, "media_comments": 0}

    def only(cases: Iterator[Case]) -> Iterator[Case]:
        return (case for case in cases)

    for kind, reason, value in (
        ("future_time", "time_out_of_range", "2099-01-01"),
        ("absurd_time", "time_out_of_range", "1970-01-01"),
        ("other_date_style", "invalid_time", "03/04/2024"),
        ("no_such_day", "invalid_time", "2024-02-30"),
        ("type_change_time", "invalid_time", "昨天"),
    ):
        for channel, at in time_at.items():
            seed = _next()
            lines = lines_of(channel, seed)
            cells = row(channel, seed, 4)
            cells[at] = value + (" 10:00:00" if channel == "survey" and value[:1].isdigit() else "")
            lines[5] = line(cells)
            yield _case(kind, channel, seed, data_of(channel, lines), [reason], {4})
    yield from only(_spoil_rows("missing_key", "missing_value", put(key_at, ""), (1,)))
    yield from only(_spoil_rows("formula_key", "pattern_mismatch", put(key_at, "=cmd|' /C calc'!A0"), (2,)))
    number_at = {"survey": 4, "warranty_claims": 7, "media_comments": 3}
    for kind, reason, value in (
        ("type_change_number", "invalid_number", "七分"),
        ("nan_number", "not_finite", "NaN"),
        ("inf_number", "not_finite", "-Infinity"),
        ("huge_number", "number_out_of_range", "999999999"),
    ):
        for channel, at in number_at.items():
            seed = _next()
            lines = lines_of(channel, seed)
            cells = row(channel, seed, 3)
            cells[at] = value
            lines[4] = line(cells)
            yield _case(kind, channel, seed, data_of(channel, lines), [reason], {3})
    for channel, at, value in (
        ("survey", 2, "满意"),
        ("warranty_claims", 11, "其他"),
        ("warranty_claims", 14, "?"),
    ):
        seed = _next()
        lines = lines_of(channel, seed)
        cells = row(channel, seed, 0)
        cells[at] = value
        lines[1] = line(cells)
        yield _case("unknown_value", channel, seed, data_of(channel, lines), ["value_not_allowed"], {0})


def _sizes() -> Iterator[Case]:
    for channel in ("complaint_site", "media_comments"):
        seed = _next()
        lines = lines_of(channel, seed)
        lines[4] = line(_with_text(channel, row(channel, seed, 3), "长" * 3_500_000))
        yield _case("ten_megabyte_field", channel, seed, data_of(channel, lines), ["record_too_large"], {3})
        seed = _next()
        lines = lines_of(channel, seed)
        lines[4] = line(_with_text(channel, row(channel, seed, 3), "a" * 300_000))
        yield _case("large_field", channel, seed, data_of(channel, lines), ["field_too_large"], {3})
    seed = _next()
    lines = lines_of("complaint_site", seed)
    lines[2] = line([*row("complaint_site", seed, 1)[:1], "牌" * 61, *row("complaint_site", seed, 1)[2:]])
    yield _case("long_name", "complaint_site", seed, data_of("complaint_site", lines), ["text_too_long"], {1})


# -- whole deliveries ------------------------------------------------------------------------------------

ALL = set(range(GOOD_ROWS))


def _whole() -> Iterator[Case]:
    for channel in CSV_CHANNELS:
        encoding = ENCODING.get(channel, "utf-8")
        other = "utf-8" if encoding == "gb18030" else "gb18030"
        text = "\n".join(lines_of(channel, 0)) + "\n"
        whole = {
            "empty_file": (b"", "empty_delivery"),
            "blank_file": (b"\n \r\n\n", "empty_delivery"),
            "header_only": (data_of(channel, lines_of(channel, 0)[:1]), "header_only"),
            "utf16": (text.encode("utf-16"), "wrong_encoding"),
            "utf16_no_bom": (text.encode("utf-16-le"), "wrong_encoding"),
            "foreign_header": ("甲,乙,丙\n1,2,3\n".encode(encoding), "unknown_header"),
            "no_header": ("\n".join(lines_of(channel, 0)[1:]).encode(encoding), "unknown_header"),
            "wrong_delimiter": (text.replace(",", ";").encode(encoding), "wrong_delimiter"),
            "missing_column": (_without_column(channel).encode(encoding), "missing_column"),
            "duplicate_column": (_doubled_column(channel).encode(encoding), "duplicate_column"),
        }
        if channel != "media_comments":  # its header is ASCII and says nothing about the encoding
            whole["wrong_encoding"] = (text.encode(other), "wrong_encoding")
        for kind, (data, reason) in whole.items():
            yield _case(kind, channel, _next(), data, [reason], ALL)
    for kind, data, reason in (
        ("empty_file", b"", "empty_delivery"),
        ("utf16", ("\n".join(jsonl(0))).encode("utf-16"), "wrong_encoding"),
    ):
        yield _case(kind, "call_center", _next(), data, [reason], ALL)


def _without_column(channel: str) -> str:
    rows = [HEADERS[channel], *(row(channel, 0, n) for n in range(GOOD_ROWS))]
    drop = 1 if channel == "media_comments" else len(HEADERS[channel]) - 1
    return "\n".join(line([one for i, one in enumerate(cells) if i != drop]) for cells in rows) + "\n"


def _doubled_column(channel: str) -> str:
    rows = [HEADERS[channel], *(row(channel, 0, n) for n in range(GOOD_ROWS))]
    return "\n".join(line([*cells, cells[0]]) for cells in rows) + "\n"


def _truncated() -> Iterator[Case]:
    for channel in CSV_CHANNELS:
        for base in (3, 12, 25):
            # The last two columns of comments may be missing values without being wrong.
            cut = base + 8 if channel == "media_comments" else base
            seed = _next()
            data = data_of(channel, lines_of(channel, seed))
            last = data.rstrip(b"\n").rsplit(b"\n", 1)[1]
            kept = data[: len(data) - 1 - min(cut, len(last) - 2)]
            yield _case("truncated_file", channel, seed, kept, ["truncated_record"], {GOOD_ROWS - 1})
    for cut in (1, 20, 120):
        seed = _next()
        data = "\n".join(jsonl(seed)).encode()[:-cut]
        yield _case("truncated_file", "call_center", seed, data, ["truncated_record"], {GOOD_ROWS - 1})


def _archives() -> Iterator[Case]:
    for channel in ("complaint_site", "media_comments", "survey"):
        packed = gzip.compress(data_of(channel, lines_of(channel, 0)), mtime=0)
        bomb = gzip.compress(b"0" * 40_000_000, mtime=0)
        zeros = _zip({"a.csv": b"0" * 40_000_000})
        many = _zip({f"{n}.csv": b"" for n in range(1001)})
        yield _case("archive_truncated", channel, _next(), packed[:-20], ["archive_damaged"], ALL, "x.csv.gz")
        yield _case(
            "archive_broken", channel, _next(), b"PK\x03\x04kaputt" * 9, ["archive_damaged"], ALL, "x.zip"
        )
        yield _case(
            "archive_name_no_text", channel, _next(), _zip_name_no_text(), ["archive_damaged"], ALL, "x.zip"
        )
        yield _case(
            "archive_lzma_broken", channel, _next(), _zip_lzma_broken(), ["archive_damaged"], ALL, "x.zip"
        )
        yield _case("archive_not_one", channel, _next(), b"plain text", ["archive_damaged"], ALL, "x.csv.gz")
        yield _case("gzip_bomb", channel, _next(), bomb, ["archive_limit"], ALL, "x.csv.gz")
        yield _case("zip_bomb", channel, _next(), zeros, ["archive_limit"], ALL, "x.zip")
        yield _case("zip_many_members", channel, _next(), many, ["archive_limit"], ALL, "x.zip")
        yield _case("zip_empty", channel, _next(), _zip({}), ["empty_delivery"], ALL, "x.zip")
    seed = _next()
    good = data_of("complaint_site", lines_of("complaint_site", seed))
    yield _case(
        "zip_one_bad_member",
        "complaint_site",
        seed,
        _zip({"a.csv": b"a,b\n1,2\n", "b.csv": good}),
        ["unknown_header"],
        set(),
        "x.zip",
    )


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def _zip_name_no_text() -> bytes:
    """Return a zip whose member name is said to be UTF-8 and is not."""
    return _zip({"数据.csv": b"a,b\n1,2\n"}).replace("数".encode(), b"\xff\xff\xff")


def _zip_lzma_broken() -> bytes:
    packed = _zip({"a.csv": bytes(range(256)) * 40}, zipfile.ZIP_LZMA)
    return packed[:60] + b"\xff" * 40 + packed[100:]


# -- JSON lines --------------------------------------------------------------------------------------


def _json() -> Iterator[Case]:
    deep_array = "[" * 70 + "]" * 70
    very_deep = "[" * 200_000 + "]" * 200_000
    spoilt: dict[str, tuple[str, Callable[[str], str]]] = {
        "broken_json": ("invalid_json", lambda s: s[: len(s) // 2]),
        "trailing_comma": ("invalid_json", lambda s: s[:-1] + ",}"),
        "two_objects": ("invalid_json", lambda s: s + s),
        "single_quotes": ("invalid_json", lambda s: s.replace('"', "'")),
        "json_list": ("not_an_object", lambda s: f"[{s}]"),
        "json_text": ("not_an_object", lambda _: '"text"'),
        "duplicate_key": ("duplicate_json_key", lambda s: s[:-1] + ',"status":"deleted"}'),
        "duplicate_inner_key": ("duplicate_json_key", lambda s: s.replace('"speaker": "agent"', '"speaker":"agent","speaker":"customer"')),
        "deep_json": ("json_too_deep", lambda s: s[:-1] + f',"x":{deep_array}}}'),
        "very_deep_json": ("json_too_deep", lambda s: s[:-1] + f',"x":{very_deep}}}'),
        "json_nan": ("not_finite", lambda s: s[:-1] + ',"x":NaN}'),
        "json_infinity": ("not_finite", lambda s: s[:-1] + ',"x":-Infinity}'),
        "lone_surrogate": ("lone_surrogate", lambda s: s.replace("您好", "\\ud83d")),
        "json_nul": ("nul_character", lambda s: s.replace("您好", "\\u0000")),
        "json_number_as_text": ("wrong_type", lambda s: s.replace("1716170090000", '"1716170090000"')),
        "json_text_as_number": ("wrong_type", lambda s: s.replace('"A-7"', "7")),
        "json_seconds": ("time_out_of_range", lambda s: s.replace("1716170090000", "1716170090")),
        "json_bool_time": ("wrong_type", lambda s: s.replace("1716170090000", "true")),
        "json_huge_id": ("wrong_type", lambda s: s.replace("1716170090000", str(2**63 + 1) + "0")),
        "json_no_key": ("missing_value", lambda s: s.replace('"call_id"', '"other_id"')),
        "json_unknown_value": ("value_not_allowed", lambda s: s.replace('"active"', '"paused"')),
        "json_mojibake": ("mojibake", lambda s: s.replace("您好", "您好，请问有什么可以帮您".encode().decode("latin-1"))),
        "json_huge_line": ("record_too_large", lambda s: s[:-1] + ',"x":"' + "y" * 1_100_000 + '"}'),
    }  # fmt: skip
    for kind, (reason, change) in spoilt.items():
        for at in (0, 5):
            seed = _next()
            lines = jsonl(seed)
            lines[at] = change(lines[at])
            yield _case(kind, "call_center", seed, ("\n".join(lines) + "\n").encode(), [reason], {at})
    seed = _next()
    lines = [one.encode() for one in jsonl(seed)]
    lines[2] = lines[2].decode().encode("gb18030")
    yield _case("mixed_encoding", "call_center", seed, b"\n".join(lines) + b"\n", ["invalid_encoding"], {2})


# -- unusual but good: nothing may be quarantined ------------------------------------------------------


def _harmless() -> Iterator[Case]:
    for channel in CSV_CHANNELS:
        texts = {
            "emoji": "刹车😀🚗👨‍👩‍👧不灵",
            "four_byte_ideograph": "𠮷野家旁的店𪚥态度差",
            "formula_text": "=HYPERLINK(1)+cmd",
            "embedded_newline": "第一行\n第二行\r\n第三行",
            "embedded_quote": '他说"没问题"，其实有',
            "comma_in_quotes": "响,很响,非常响",
            "accents": "Café Zürich 的 Señor 说 naïve",
            "row_like_text": "a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n完",
        }
        for kind, text in texts.items():
            seed = _next()
            lines = lines_of(channel, seed)
            lines[3] = line(_with_text(channel, row(channel, seed, 2), text + mark(seed, 2)))
            yield _case(kind, channel, seed, data_of(channel, lines), [], set())
        seed = _next()
        yield _case(
            "windows_lines", channel, seed, data_of(channel, lines_of(channel, seed), "\r\n"), [], set()
        )
        seed = _next()
        yield _case(
            "no_last_newline", channel, seed, data_of(channel, lines_of(channel, seed))[:-1], [], set()
        )
        seed = _next()
        yield _case(
            "blank_lines",
            channel,
            seed,
            data_of(channel, lines_of(channel, seed)).replace(b"\n", b"\n\n"),
            [],
            set(),
        )
        seed = _next()
        yield _case("reordered_columns", channel, seed, _reordered(channel, seed), [], set())
        seed = _next()
        yield _case("extra_column", channel, seed, _extra_column(channel, seed), [], set())
        seed = _next()
        packed = gzip.compress(data_of(channel, lines_of(channel, seed)), mtime=0)
        yield _case("gzip", channel, seed, packed, [], set(), "x.csv.gz")
    for channel in ("complaint_site", "warranty_claims", "media_comments"):
        seed = _next()
        yield _case(
            "utf8_bom", channel, seed, b"\xef\xbb\xbf" + data_of(channel, lines_of(channel, seed)), [], set()
        )
    seed = _next()
    yield _case(
        "utf8_bom", "call_center", seed, b"\xef\xbb\xbf" + ("\n".join(jsonl(seed)) + "\n").encode(), [], set()
    )


def _table(channel: str, seed: int) -> list[list[str]]:
    return [HEADERS[channel], *(row(channel, seed, n) for n in range(GOOD_ROWS))]


def _reordered(channel: str, seed: int) -> bytes:
    return data_of(channel, [line(cells[::-1]) for cells in _table(channel, seed)])


def _extra_column(channel: str, seed: int) -> bytes:
    rows = _table(channel, seed)
    return data_of(channel, [line([*cells, "新列" if n == 0 else "值"]) for n, cells in enumerate(rows)])


_MAKERS = (
    _invalid_bytes, _quotes, _columns, _characters, _values, _sizes, _whole, _truncated, _archives, _json, _harmless,
)  # fmt: skip

__all__ = ["Case", "cases", "csv"]
