"""Workbooks at the door: what cells mean, damage, spans, release; the sample dealer's files in full."""

from __future__ import annotations

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from data_quality.contract import ContractError, load_contract
from orchestration.admission.admit import admit_pending
from orchestration.admission.canonical import Canonicaliser
from orchestration.admission.ledger import Ledger
from orchestration.admission.quarantine import Resolution, original_of, release
from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.records import Tiling
from orchestration.admission.unpack import MAX_MEMBERS, Opened
from orchestration.admission.xlsx_book import open_workbooks
from orchestration.admission.xlsx_reader import read_xlsx
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.landing import deliver
from sample_oem import generate
from tests.admission.conftest import RECEIVED
from tests.admission.test_mail import TEXT, contract

AS_OF = date(2024, 6, 30)
HEADER = (
    "笔记编号", "经销商代码", "顾问工号", "岗位", "客户姓名", "客户电话", "车牌号", "线索编号", "阶段", "战败原因", "战败竞品",
    "笔记内容", "记录时间", "更新时间",
)  # fmt: skip
WRITTEN = datetime(2024, 5, 20, 10, 30)  # noqa: DTZ001 - cells know no zones
SPREADSHEET = b"http://schemas.openxmlformats.org/spreadsheetml/2006"
LINKS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"
DECISION = Resolution("tester", "looked at it", datetime(2024, 6, 3, tzinfo=UTC))


def note(number: int, **cells: Any) -> list[Any]:
    row = dict.fromkeys(HEADER) | {
        "笔记编号": f"N{number}", "经销商代码": "D001", "客户电话": 13800138000 + number, "阶段": "保养",
        "笔记内容": f"客户反映异响{number}", "记录时间": WRITTEN, "更新时间": "2024-05-20 18:00:00",
    }  # fmt: skip
    return list((row | cells).values())


def saved(book: Workbook) -> bytes:
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def workbook(*rows: list[Any], sheet: str = "笔记", change: Callable[[Any], None] | None = None) -> bytes:
    book = Workbook()
    table = book.active
    table.title = sheet
    for row in (list(HEADER), *rows):
        table.append(row)
    if change is not None:
        change(table)
    return saved(book)


def rezipped(
    data: bytes, change: Callable[[dict[str, bytes]], object], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return sink.getvalue()


def edited(data: bytes, old: str, new: str, part: str = SHEET) -> bytes:
    def change(parts: dict[str, bytes]) -> None:
        assert old.encode() in parts[part]
        parts[part] = parts[part].replace(old.encode(), new.encode(), 1)

    return rezipped(data, change)


def with_shared_texts(data: bytes) -> bytes:
    """Move inline texts into the part of shared texts, where most programs write them."""
    texts: list[bytes] = []

    def shared(found: re.Match[bytes]) -> bytes:
        if found[1] not in texts:
            texts.append(found[1])
        return b't="s"><v>%d</v></c>' % texts.index(found[1])

    def change(parts: dict[str, bytes]) -> None:
        parts[SHEET] = re.sub(rb't="inlineStr"><is>(.*?)</is></c>', shared, parts[SHEET])
        strings = b"".join(b"<si>%s</si>" % one for one in texts)
        parts["xl/sharedStrings.xml"] = b'<sst xmlns="%s/main">%s</sst>' % (SPREADSHEET, strings)
        links = parts["xl/_rels/workbook.xml.rels"]
        link = b'<Relationship Id="rId9" Type="%s/sharedStrings" Target="/xl/sharedStrings.xml"/>' % LINKS
        parts["xl/_rels/workbook.xml.rels"] = links.replace(b"</Rel", link + b"</Rel")

    return rezipped(data, change)


def values_of(tmp_path: Path, data: bytes, fields: list[dict[str, Any]]) -> list[Any]:
    """Canonical texts or the problem per record; spans are proven on the way."""
    made = contract(tmp_path, "xlsx", fields)
    path = tmp_path / "probe.xlsx"
    path.write_bytes(data)
    check = Canonicaliser(made.entities["one"], RECEIVED, typed=False)
    with open_workbooks(path, path.name, tmp_path, made.sheet) as opened:
        items = [item for member in opened.members for item in read_xlsx(made, member)]
        prove(items, opened)
    return [one.problem or check(one.values) for one in items if one.is_record]


def prove(items: list[Any], opened: Opened) -> None:
    tiling = Tiling()
    for one in items:
        tiling.add(one.start, one.end, is_record=one.is_record)
    tiling.finish(opened.size)


def table(*rows: list[Any], formats: dict[str, str] | None = None, is_1904: bool = False) -> bytes:
    book = Workbook()
    if is_1904:
        book.epoch = CALENDAR_MAC_1904
    for row in rows:
        book.active.append(row)
    for place, code in (formats or {}).items():
        book.active[place].number_format = code
    return saved(book)


# -- cells ----------------------------------------------------------------------------------------

STRING = {"type": "string", "pii": "free_text"}
DAY = {"type": "date", "pii": "none"}
TIME = {"type": "datetime", "pii": "none", "zone": "Asia/Shanghai"}
CELLS = [
    (date(2024, 5, 20), "yyyy-mm-dd", DAY, "2024-05-20"),
    (date(2024, 5, 20), "yyyy-mm-dd", TIME, "2024-05-19 16:00:00.000000"),
    (WRITTEN, "yyyy/m/d h:mm;@", TIME, "2024-05-20 02:30:00.000000"),
    (WRITTEN, "m/d/yy h:mm", DAY, Reason.INVALID_TIME),  # a date field cuts nothing off
    (WRITTEN, 'yyyy"年"m"月"d"日"', STRING, "2024-05-20 10:30:00"),
    (WRITTEN + timedelta(seconds=59.5), "yyyy-mm-dd hh:mm:ss.000", STRING, "2024-05-20 10:30:59.500"),
    (45432, "[$-804]yyyy\\-mm\\-dd", DAY, "2024-05-20"),
    (45432, "General", DAY, Reason.INVALID_TIME),  # a number without a date format is no date
    (60, "yyyy-mm-dd", STRING, Reason.INVALID_TIME),  # 1900-02-29
    (45432, "dd.mm.yyyy", DAY | {"date_format": "%d.%m.%Y"}, "2024-05-20"),
    (45432.5, "dd.mm.yyyy", DAY | {"date_format": "%d.%m.%Y"}, Reason.INVALID_TIME),
    (time(8, 5, 7), "hh:mm:ss", STRING, "08:05:07"),
    (1.5, "[h]:mm:ss", STRING, "36:00:00"),
    (0.1 + 0.2, "0.00", {"type": "decimal", "pii": "none"}, "0.3"),
    (1234.5, "General", {"type": "decimal", "pii": "none", "decimal_comma": True}, "1234.5"),
    ("1.234,5", "@", {"type": "decimal", "pii": "none", "decimal_comma": True}, "1234.5"),
    (12.0, "General", {"type": "integer", "pii": "none"}, "12"),
    (1.5e-7, "General", {"type": "decimal", "pii": "none"}, "0.00000015"),
    (13800138000, "0", STRING, "13800138000"),
    (42, "000000", STRING, "000042"),
    (110101199001011234, "0", STRING, Reason.PRECISION_LOST),
    (999999999999999, "0", STRING, "999999999999999"),
    (True, "General", {"type": "boolean", "pii": "none"}, "true"),
    ("<异响> & \"吵\"", "General", STRING, "<异响> & \"吵\""),
    ("_x0041_一_x005F_", "General", STRING, "A一_"),
    ("_xD83D__xDE00_", "General", STRING, "😀"),
    ("#N/A", "General", STRING, Reason.CELL_ERROR),
    ("=1+1", "General", STRING, Reason.FORMULA_WITHOUT_VALUE),
]  # fmt: skip


@pytest.mark.parametrize(("value", "form", "field", "wanted"), CELLS)
def test_cells_become_what_they_show(value: Any, form: str, field: Any, wanted: Any, tmp_path: Path) -> None:
    data = table(["nr", "x"], ["1", value], formats={"B2": form})
    (outcome,) = values_of(tmp_path, data, [{"name": "x", "source": "x"} | field])
    if isinstance(wanted, Reason):
        assert isinstance(outcome, Problem)
        assert (outcome.reason, outcome.field) == (wanted, "x")
    else:
        assert outcome == ("1", wanted)


@pytest.mark.parametrize("code", [14, 22, 30, 31, 57])
def test_builtin_formats_of_chinese_workbooks_are_dates(code: int, tmp_path: Path) -> None:
    data = table(["nr", "x"], ["1", 45432], formats={"B2": "yyyy-mm-dd"})
    data = rezipped(data, lambda parts: parts.update({
        "xl/styles.xml": re.sub(rb'(?<=<xf numFmtId=")164(?=")', str(code).encode(), parts["xl/styles.xml"]),
    }))  # fmt: skip
    assert values_of(tmp_path, data, [{"name": "x", "source": "x"} | DAY]) == [("1", "2024-05-20")]


def test_days_count_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    data = table(["nr", "x"], ["1", WRITTEN], formats={"B2": "yyyy-mm-dd hh:mm"}, is_1904=True)
    assert b"date1904" in zipfile.ZipFile(io.BytesIO(data)).read("xl/workbook.xml")
    outcome = values_of(tmp_path, data, [{"name": "x", "source": "x"} | TIME])
    assert outcome == [("1", "2024-05-20 02:30:00.000000")]


@pytest.mark.parametrize("is_shared", [False, True])
def test_rich_text_is_joined_and_phonetic_hints_are_left_out(is_shared: bool, tmp_path: Path) -> None:
    rich = CellRichText("车门", TextBlock(InlineFont(b=True), "异响"), "严重")
    hint = '严重</t></r><rPh sb="0" eb="2"><t>chemen</t></rPh>'
    data = edited(table(["nr", "x"], ["1", rich], ["2", rich]), "严重</t></r>", hint)
    data = with_shared_texts(data) if is_shared else data
    wanted = [("1", "车门异响严重"), ("2", "车门异响严重")]
    assert values_of(tmp_path, data, [{"name": "x", "source": "x"} | TEXT]) == wanted


def test_a_shared_text_that_is_not_there_is_told(tmp_path: Path) -> None:
    data = edited(with_shared_texts(table(["nr", "x"], ["1", "甲"])), "<v>3</v>", "<v>4</v>")
    (problem,) = values_of(tmp_path, data, [{"name": "x", "source": "x"} | TEXT])
    assert (problem.reason, problem.field) == (Reason.CELL_ERROR, "x")


def test_a_formula_with_a_stored_value_counts_as_its_value(tmp_path: Path) -> None:
    made = table(["nr", "x"], ["1", "=1+1"])
    data = edited(made, "<f>1+1</f><v />", "<f>1+1</f><v>2</v>")
    field = {"name": "x", "source": "x", "type": "integer", "pii": "none"}
    assert values_of(tmp_path, data, [field]) == [("1", "2")]
    empty = edited(made, '<c r="B2"><f>1+1</f><v />', '<c r="B2" t="str"><f>1+1</f><v></v>')
    assert values_of(tmp_path, empty, [field]) == [("1", None)]
    (lost,) = values_of(tmp_path, edited(made, "<f>1+1</f><v />", "<f>1+1</f>"), [field])
    assert lost.reason == Reason.FORMULA_WITHOUT_VALUE


def test_a_byte_order_mark_and_a_declaration_are_part_of_the_structure(tmp_path: Path) -> None:
    head = "\ufeff<?xml version='1.0' encoding='UTF-8'?>\n<worksheet"
    data = edited(table(["nr", "x"], ["1", "甲"]), "<worksheet", head)
    assert values_of(tmp_path, data, [{"name": "x", "source": "x"} | TEXT]) == [("1", "甲")]


def test_columns_by_reference_blank_rows_and_unnamed_columns(tmp_path: Path) -> None:
    rows = [
        [None, None],
        ["nr", None, "x", None],
        [None],
        ["1", None, "甲"],
        [" ", ""],
        ["2", None, "乙"],
        [""],
    ]
    outcome = values_of(tmp_path, table(*rows), [{"name": "x", "source": "x"} | TEXT])
    assert outcome == [("1", "甲"), ("2", "乙")]
    beyond = table(["nr", "x"], ["1", "甲", None, "丙"])
    assert (
        values_of(tmp_path, beyond, [{"name": "x", "source": "x"} | TEXT])[0].reason == Reason.TOO_MANY_FIELDS
    )
    prefixed = rezipped(table(*rows), lambda parts: parts.update({
        SHEET: re.sub(rb"<(/?)(row|c|v|is|t|sheetData)\b", rb"<\1x:\2", parts[SHEET]).replace(
            b"<worksheet ", b'<worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        )
    }))  # fmt: skip
    assert values_of(tmp_path, prefixed, [{"name": "x", "source": "x"} | TEXT]) == outcome


# -- damage through the real door -------------------------------------------------------------------

GOOD = workbook(note(1), note(2), note(3))
LZMA = rezipped(GOOD, len, zipfile.ZIP_LZMA)
LONG = workbook(*([note(7, 笔记内容="响" * 30_000)] * 200))


def in_sheet(data: bytes) -> int:
    """Return a place inside the packed sheet."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.getinfo(SHEET).header_offset + 120


WHOLE = {
    "no bytes": (b"", Reason.EMPTY_DELIVERY),
    "text named xlsx": ("笔记编号,经销商代码\n1,2\n".encode(), Reason.NOT_A_WORKBOOK),
    "encrypted or old": (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, Reason.NOT_A_WORKBOOK),
    "cut file": (GOOD[: len(GOOD) // 2], Reason.ARCHIVE_DAMAGED),
    "flipped byte": (
        GOOD[: in_sheet(GOOD)] + b"\xff\xff" + GOOD[in_sheet(GOOD) + 2 :], Reason.ARCHIVE_DAMAGED,
    ),
    "name that is no text": (
        rezipped(GOOD, lambda parts: parts.update({"甲.xml": b"x"})).replace("甲".encode(), b"\xff\xff\xff"),
        Reason.ARCHIVE_DAMAGED,
    ),
    "lzma broken": (
        LZMA[: in_sheet(LZMA)] + b"\xff" * 40 + LZMA[in_sheet(LZMA) + 40 :], Reason.ARCHIVE_DAMAGED,
    ),
    "parts before the start": (GOOD[:-3] + b"\x01" + GOOD[-2:], Reason.ARCHIVE_DAMAGED),
    "macros": (rezipped(GOOD, lambda parts: parts.update({"xl/vbaProject.bin": b"x"})), Reason.NOT_A_WORKBOOK),
    "binary": (rezipped(GOOD, lambda parts: parts.update({"xl/workbook.bin": b"x"})), Reason.NOT_A_WORKBOOK),
    "no sheet part": (rezipped(GOOD, lambda parts: parts.pop(SHEET)), Reason.NOT_A_WORKBOOK),
    "no contents": (rezipped(GOOD, lambda parts: parts.pop("[Content_Types].xml")), Reason.NOT_A_WORKBOOK),
    "many parts": (
        rezipped(GOOD, lambda parts: parts.update({f"xl/p{at}": b"" for at in range(MAX_MEMBERS)})), Reason.ARCHIVE_LIMIT,
    ),
    "other sheet": (workbook(note(1), sheet="Sheet1"), Reason.UNKNOWN_SHEET),
    "broken xml": (edited(GOOD, "</sheetData>", ""), Reason.NOT_A_WORKBOOK),
    "document type": (
        edited(GOOD, "<worksheet", '<!DOCTYPE a [<!ENTITY b "c">]><worksheet'), Reason.NOT_A_WORKBOOK,
    ),
    "hidden row": (edited(GOOD, "<sheetData>", "<sheetData><!-- <row r='9'></row> -->"), Reason.NOT_A_WORKBOOK),
    "bomb": (
        rezipped(with_shared_texts(GOOD), lambda parts: parts.update({"xl/sharedStrings.xml": b" " * 8 * 1024**2})),
        Reason.ARCHIVE_LIMIT,
    ),
    "large sheet": (LONG, Reason.ARCHIVE_LIMIT),
    "repeated text": (with_shared_texts(LONG), Reason.ARCHIVE_LIMIT),
    "header only": (workbook([None], ["", " "]), Reason.HEADER_ONLY),
    "no row": (workbook(change=lambda one: one.delete_rows(1)), Reason.EMPTY_DELIVERY),
    "title above": (workbook(change=lambda one: one.insert_rows(1) or one.cell(1, 1, "日报")), Reason.UNKNOWN_HEADER),
    "column twice": (workbook(note(1), change=lambda one: one.cell(1, 3, "岗位")), Reason.DUPLICATE_COLUMN),
    "column gone": (workbook(note(1), change=lambda one: one.delete_cols(14)), Reason.MISSING_COLUMN),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_workbook_that_cannot_be_read_stays_whole(
    name: str, settings: Settings, drop: Any, ledger: Ledger
) -> None:
    data, reason = WHOLE[name]
    made = drop("dealer_note", data, "notes.xlsx")
    report = admit_pending(settings, AS_OF)
    assert report.withheld == {}
    delivery = ledger.delivery(made.delivery_id)
    assert delivery is not None
    assert (delivery.status, delivery.status_reason) == ("quarantined_whole", str(reason))
    assert ledger.equations(made.delivery_id)[0].closed
    (row,) = ledger.quarantine_rows()
    assert original_of(settings, ledger, row).payload == data  # as received, so that it can be released
    (again,) = release(settings, ledger, [row], DECISION)
    assert (settings.home / again.landing_path).read_bytes() == data


BROKEN_ROWS = {
    "missing value": (note(9, 经销商代码=None), Reason.MISSING_VALUE, "dealer_code"),
    "not allowed": (note(9, 阶段="成交"), Reason.VALUE_NOT_ALLOWED, "stage"),
    "no time": (note(9, 更新时间="上午"), Reason.INVALID_TIME, "updated_at"),
    "time as number": (note(9, 更新时间=45432.5), Reason.INVALID_TIME, "updated_at"),
    "future": (note(9, 更新时间=datetime(2031, 1, 1)), Reason.TIME_OUT_OF_RANGE, "updated_at"),  # noqa: DTZ001
    "long number": (note(9, 线索编号=123456789012345678), Reason.PRECISION_LOST, "lead_no"),
    "error": (note(9, 笔记内容="#REF!"), Reason.CELL_ERROR, "content"),
    "formula": (note(9, 笔记内容='="a"&"b"'), Reason.FORMULA_WITHOUT_VALUE, "content"),
    "too wide": ([*note(9), "多"], Reason.TOO_MANY_FIELDS, ""),
    "control": (note(9, 笔记内容="响_x0007_"), Reason.CONTROL_CHARACTER, "content"),
    "mojibake": (note(9, 笔记内容="锟斤拷锟斤拷"), Reason.MOJIBAKE, "content"),
    "blank key": (note(9, 笔记编号="  "), Reason.PATTERN_MISMATCH, "note_no"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_ROWS)
def test_a_damaged_row_costs_no_neighbour_and_can_be_released(
    name: str, settings: Settings, drop: Any, ledger: Ledger
) -> None:
    bad, reason, field = BROKEN_ROWS[name]
    drop("dealer_note", workbook(note(1), bad, note(2)), "notes.xlsx")
    counts = admit_pending(settings, AS_OF).channels["dealer_note"]
    assert (counts.admitted, counts.quarantined) == (2, 1)
    (row,) = ledger.quarantine_rows()
    assert (row.reason_code, row.field, row.line_no) == (str(reason), field, 3)
    original = original_of(settings, ledger, row)
    assert original.header is not None
    assert "笔记编号" in original.header.decode()
    assert original.payload.startswith('<row sheet="笔记" r="3">'.encode())
    release(settings, ledger, [row], DECISION)
    assert admit_pending(settings, AS_OF).channels["dealer_note"].quarantined == 1
    (again,) = ledger.quarantine_rows(status="open")
    assert (again.reason_code, again.field, again.line_no) == (str(reason), field, 3)
    assert original_of(settings, ledger, again) == original
    assert all(one.closed for one in ledger.equations())


def test_merged_cells_are_told(settings: Settings, drop: Any, ledger: Ledger) -> None:
    rows = [note(1), note(2), note(3)]
    drop("dealer_note", workbook(*rows, change=lambda one: one.merge_cells("E3:E4")), "notes.xlsx")
    assert admit_pending(settings, AS_OF).channels["dealer_note"].admitted == 1
    found = [(one.line_no, one.reason_code) for one in ledger.quarantine_rows()]
    assert sorted(found) == [(3, "merged_cells"), (4, "merged_cells")]


@pytest.mark.parametrize("is_1904", [False, True])
def test_released_rows_keep_their_cells_under_a_mended_contract(
    is_1904: bool, settings: Settings, drop: Any, ledger: Ledger, tmp_path: Path
) -> None:
    rich = '车_x000D_\n门 <b> & "异响"'  # a line end as workbooks write it
    book = Workbook()
    if is_1904:
        book.epoch = CALENDAR_MAC_1904
    book.active.title = "笔记"
    cells = [
        note(1, 阶段="成交", 笔记内容=rich, 线索编号=42),
        note(2),
        note(3, 阶段="成交", 更新时间=WRITTEN),
    ]
    for row in (list(HEADER), *cells):
        book.active.append(row)
    book.active["H2"].number_format = "000000"
    drop("dealer_note", with_shared_texts(saved(book)), "notes.xlsx")
    assert admit_pending(settings, AS_OF).channels["dealer_note"].quarantined == 2
    (landed,) = release(settings, ledger, ledger.quarantine_rows(status="open"), DECISION)
    text = (PROJECT_ROOT / "data_quality/contracts/dealer_note.yml").read_text(encoding="utf-8")
    (tmp_path / "dealer_note.yml").write_text(text.replace("战败]", "战败, 成交]"), encoding="utf-8")
    config = (PROJECT_ROOT / "voc.yml").read_text(encoding="utf-8")
    mended = config.replace("data_quality/contracts/dealer_note.yml", str(tmp_path / "dealer_note.yml"))
    mended = mended.replace("contract: data_quality", f"contract: {PROJECT_ROOT}/data_quality")
    (tmp_path / "voc.yml").write_text(mended, encoding="utf-8")
    again = Settings.load({
        "VOC_HOME": str(settings.home), "VOC_KEYS": str(settings.keys_path), "VOC_CONFIG": str(tmp_path / "voc.yml"),
    })  # fmt: skip
    counts = admit_pending(again, AS_OF).channels["dealer_note"]
    assert (counts.admitted, counts.quarantined) == (2, 0)
    (entry,) = ledger.files("raw", delivery_ids=[landed.delivery_id])
    rows = pq.read_table(settings.home / entry.path).to_pylist()
    assert [one["note_no"] for one in rows] == ["N1", "N3"]
    assert [one["updated_at"] for one in rows] == ["2024-05-20 10:00:00.000000", "2024-05-20 02:30:00.000000"]
    assert {one["written_at"] for one in rows} == {"2024-05-20 02:30:00.000000"}
    assert rows[0]["content"] == '车\r\n门 <b> & "异响"'
    assert rows[0]["lead_no"] == "000042"
    assert all(one.closed for one in ledger.equations())


def test_archives_of_workbooks_and_redelivery(settings: Settings, drop: Any, ledger: Ledger) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xlsx", GOOD)
        archive.writestr("b.xlsx", b"no workbook")
        archive.writestr("c.xlsx", workbook(note(4)))
    drop("dealer_note", sink.getvalue(), "notes.zip")
    drop("dealer_note", sink.getvalue(), "notes_again.zip", RECEIVED + timedelta(days=1))
    first, second = admit_pending(settings, AS_OF).deliveries
    assert (first.admitted, first.quarantined, first.reasons) == (4, 1, {"not_a_workbook": 1})
    assert (second.status, second.duplicate) == ("duplicate_delivery", 5)
    assert all(one.closed for one in ledger.equations())
    (row,) = ledger.quarantine_rows()
    assert original_of(settings, ledger, row).payload == b"no workbook"


def test_spans_cover_whatever_the_sheet_holds(tmp_path: Path) -> None:
    rng = random.Random(11)
    for _ in range(60):
        rows = [["nr", "x"]]
        for at in range(rng.randrange(6)):
            rows.append(rng.choice(([f"{at}", "甲"], [None], [f"{at}", None, 3], [None, "b"], ["", " "])))
        data = with_shared_texts(table(*rows)) if rng.random() < 0.5 else table(*rows)
        made = zipfile.ZipFile(io.BytesIO(data)).read(SHEET)
        cut = rng.randrange(len(made))
        junk = rng.choice(
            (
                b"",
                b"<row/>",
                b"<!-- x -->",
                b"\xff",
                b"</row>",
                "<row><c t='inlineStr'><is><t>二</t></is></c></row>".encode(),
            )
        )
        part = made if rng.random() < 0.3 else made[:cut] + junk + made[cut:]
        changed = rezipped(data, lambda parts, part=part: parts.update({SHEET: part}))
        values_of(tmp_path, changed, [{"name": "x", "source": "x"} | TEXT])  # tiling is asserted inside


def test_the_sample_dealers_notes_are_admitted_as_expected(
    settings: Settings, ledger: Ledger, tmp_path: Path
) -> None:
    out, truth = tmp_path / "out", tmp_path / "truth"
    channels = ("customers_vehicles", "dealer_note")
    generate(out, truth, days=6, owners=300, voices_per_day=200, channels=channels)
    with (truth / "deliveries_expected.csv").open(encoding="utf-8") as file:
        expected = {one["file"]: one for one in csv.DictReader(file)}
    names = {}
    for path in sorted(out.glob("*/*__*")):
        moment = datetime.fromisoformat(expected[path.name]["received_at"])
        names[deliver(settings, ledger, path.parent.name, [path], moment)[0].delivery_id] = path.name
    report = admit_pending(settings, date(2026, 4, 2), channels)
    assert report.withheld == {}
    wrong = [
        (names[one.delivery_id], column, getattr(one, column))
        for one in report.deliveries
        for column in ("records_in", "admitted", "duplicate", "superseded", "quarantined")
        if str(getattr(one, column)) != expected[names[one.delivery_id]][column]
    ]
    assert wrong == []
    assert sum(one.channel == "dealer_note" for one in report.deliveries) >= 6
    assert report.channels["dealer_note"].admitted > 50
    assert all(one.closed for one in ledger.equations())


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("xlsx: {sheet: 笔记}", "xlsx: {sheet: ''}", "xlsx.sheet"),
        ("xlsx: {sheet: 笔记}", "xlsx: {tab: 笔记}", "tab"),
        ("xlsx: {sheet: 笔记}", "xlsx: 笔记", "mapping"),
        ("format: xlsx", "format: csv", "is for format xlsx"),
        ("encoding: utf-8", "encoding: gb18030", "says it itself"),
    ],
)
def test_bad_entries_say_what_to_do(old: str, new: str, word: str, tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "data_quality/contracts/dealer_note.yml").read_text(encoding="utf-8")
    path = tmp_path / "dealer_note.yml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContractError, match=word):
        load_contract(path)
