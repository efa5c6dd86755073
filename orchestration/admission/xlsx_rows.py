"""Rows of a sheet: their cells and exact byte spans, and rows that stand alone for the quarantine.

Here: one pass over the XML of a sheet. What the cells mean is `xlsx_cells.py`, which of them make a
record `xlsx_reader.py`; opening the workbook is `xlsx_book.py`.
"""

from __future__ import annotations

import functools
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr, unescape

from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.xlsx_book import Book, local, new_parser, parse
from orchestration.admission.xlsx_cells import DAYS_1904, DURATION, MAX_PLACES, MOMENT, Cell

_ROW = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?row[ \t\r\n/>]")
_LETTERS = re.compile("[A-Z]{1,3}")
_AREA = re.compile("[$]?[A-Z]{1,3}[$]?([0-9]{1,7})(?::[$]?[A-Z]{1,3}[$]?([0-9]{1,7}))?")
_ALONE = b"<row sheet="
_SHEET_NAME = re.compile(rb'<row sheet=("[^"]*"|\'[^\']*\')')


class Row(NamedTuple):
    """One `<row>`: its span in the XML, its number in the sheet and its cells as stored."""

    start: int
    end: int
    number: int
    cells: tuple[Cell, ...]


@dataclass
class Sheet:
    """All rows of a sheet in order, and the row ranges that merged cells cover."""

    rows: list[Row] = field(default_factory=list)
    merged: list[tuple[int, int]] = field(default_factory=list)
    problem: Problem | None = None


def read_sheet(xml: bytes) -> Sheet:
    """Read all rows; a sheet that is not sound, or whose rows two counts disagree on, has a problem."""
    scan = _Scan(xml)
    sheet = scan.sheet
    sheet.problem = parse(scan.parser, xml, "the sheet")
    if sheet.problem is None:
        first, last = scan.data_span
        count = sum(1 for _ in _ROW.finditer(xml, first, last))
        if count != len(sheet.rows):
            detail = f"{count} rows by one count, {len(sheet.rows)} by another"
            sheet.problem = Problem(Reason.NOT_A_WORKBOOK, detail=detail)
    return sheet


class _Scan:
    """The state of one pass over a sheet."""

    def __init__(self, xml: bytes) -> None:
        self.sheet = Sheet()
        self.data_span = (0, 0)
        self.parser = new_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._xml = xml
        self._in_data = False
        self._row: tuple[int, int] | None = None
        self._cells: list[Cell] = []
        self._cell: dict[str, str] | None = None
        self._column = self._number = 0
        self._pieces: list[str] = []
        self._has_value = self._has_formula = self._reads = self._in_hint = False

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag if ":" not in tag else local(tag)
        if name == "is":  # around inline texts: as frequent as cells
            return
        if name == "c" and self._row is not None:
            self._cell = attributes
            self._pieces = []
            self._has_value = self._has_formula = False
        elif name in ("v", "t") and self._cell is not None:
            self._reads = not self._in_hint
            self._has_value = True
        elif name == "row" and self._in_data:
            said = attributes.get("r", "")
            self._number = int(said) if said.isdecimal() and len(said) < 8 else self._number + 1
            self._row = (self.parser.CurrentByteIndex, self._number)
            self._cells, self._column = [], -1
        elif name == "f":
            self._has_formula = True
        elif name == "rPh":
            self._in_hint = True
        elif name == "sheetData":
            self._in_data = True
            self.data_span = (self.parser.CurrentByteIndex, len(self._xml))
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _end(self, tag: str) -> None:
        name = tag if ":" not in tag else local(tag)
        if name == "is":
            return
        if name in ("v", "t"):
            self._reads = False
        elif name == "c" and self._cell is not None:
            self._close_cell(self._cell)
            self._cell = None
        elif name == "row" and self._row is not None:
            start, number = self._row
            self.sheet.rows.append(Row(start, self._close(), number, tuple(self._cells)))
            self._row = None
        elif name == "rPh":
            self._in_hint = False
        elif name == "sheetData":
            self._in_data = False
            self.data_span = (self.data_span[0], self.parser.CurrentByteIndex)

    def _text(self, data: str) -> None:
        if self._reads:
            self._pieces.append(data)

    def _close_cell(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("r")
        self._column = self._column + 1 if reference is None else _column(reference.rstrip("0123456789"))
        if not self._has_value and not self._has_formula:
            return  # an empty cell with a format of its own
        style = attributes.get("s", "")
        self._cells.append(
            Cell(
                self._column,
                attributes.get("t", "n"),
                int(style) if style.isdecimal() else 0,
                "".join(self._pieces) if self._has_value else None,
                self._has_formula,
            )
        )

    def _close(self) -> int:
        """Return where the row's end tag ends; an empty element has ended already."""
        at = self.parser.CurrentByteIndex
        return self._xml.index(b">", at) + 1 if self._xml[at : at + 2] == b"</" else at

    def _merge(self, reference: str) -> None:
        if found := _AREA.fullmatch(reference):
            self.sheet.merged.append((int(found[1]), int(found[2] or found[1])))


@functools.lru_cache(maxsize=1024)
def _column(letters: str) -> int:
    """Return the index of the column of letters such as `AB` (-1: there is none)."""
    if not _LETTERS.fullmatch(letters):
        return -1
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def column_name(index: int) -> str:
    """Return the letters of a column, counted from 0."""
    name, index = "", index + 1
    while index:
        index, letter = divmod(index - 1, 26)
        name = chr(65 + letter) + name
    return name


# -- rows that stand alone ------------------------------------------------------------------------


def alone(book: Book, xml: bytes) -> bytes:
    """Return a row with all it needs: texts inline, formats by their meaning, days counted from 1900."""
    rows = read_sheet(b"<sheetData>" + xml + b"</sheetData>").rows
    if len(rows) != 1:  # a namespace prefix that is declared further out does not matter here
        raise ValueError("a span that is no row")
    cells = "".join(_cell_alone(book, one, rows[0].number) for one in rows[0].cells)
    return f'<row sheet={quoteattr(book.sheet)} r="{rows[0].number}">{cells}</row>'.encode()


def _cell_alone(book: Book, cell: Cell, number: int) -> str:
    style = book.cells.style_of(cell)
    kind, text = cell.kind, cell.text
    at = f'r="{column_name(cell.column)}{number}"' if cell.column >= 0 else 'r="?"'
    if kind == "s" and text is not None:
        place = text.strip()
        if place.isdecimal() and len(place) < 10 and int(place) < len(book.shared):
            kind, text = "inlineStr", book.shared[int(place)]
    if kind == "n" and style == MOMENT and book.is_1904 and text:
        text = _from_1900(text)
    formula = "<f/>" if cell.has_formula else ""
    if text is None:
        return f'<c {at} t="{escape(kind)}" s="{style}">{formula}</c>'
    safe = escape(text, {"\r": "&#13;"})
    if kind == "inlineStr":
        return f'<c {at} t="inlineStr"><is><t xml:space="preserve">{safe}</t></is></c>'
    return f'<c {at} t="{escape(kind)}" s="{style}">{formula}<v>{safe}</v></c>'


def _from_1900(days: str) -> str:
    try:
        return format(Decimal(days.strip()) + DAYS_1904, "f")
    except InvalidOperation:
        return days


def is_alone(header: bytes) -> bool:
    """Tell a row made by `alone` from a line of text."""
    return header.startswith(_ALONE)


def workbook_of(rows: Sequence[bytes]) -> bytes:
    """Return a workbook of rows made by `alone`, the header first: always the same bytes for them."""
    found = _SHEET_NAME.match(rows[0])
    name = unescape(found[1].decode()[1:-1], {"&quot;": '"'}) if found else "Sheet1"
    body = b"".join(_SHEET_NAME.sub(b"<row", one, count=1) for one in rows)
    parts = _FRAME | {
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>'
        f'<sheet name={quoteattr(name)} sheetId="1" r:id="rId1"/></sheets></workbook>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in sorted(parts.items()):
            archive.writestr(zipfile.ZipInfo(part), text.encode(), zipfile.ZIP_DEFLATED)
        sheet = f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode() + body + b"</sheetData></worksheet>"
        archive.writestr(zipfile.ZipInfo("xl/worksheets/sheet1.xml"), sheet, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# One cell format per meaning of `xlsx_cells.py`, in the order of its numbers.
_CODES = {MOMENT: "yyyy\\-mm\\-dd\\ hh:mm:ss", DURATION: "[h]:mm:ss"} | {
    DURATION + places: "0" * places for places in range(1, MAX_PLACES + 1)
}
_FRAME = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_REL}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="{len(_CODES)}">'
    + "".join(f'<numFmt numFmtId="{163 + at}" formatCode="{code}"/>' for at, code in _CODES.items())
    + '</numFmts><fonts count="1"><font/></fonts><fills count="1"><fill><patternFill patternType="none"/>'
    '</fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    f'<cellXfs count="{len(_CODES) + 1}"><xf/>'
    + "".join(f'<xf numFmtId="{163 + at}" applyNumberFormat="1"/>' for at in _CODES)
    + "</cellXfs></styleSheet>",
}
