"""Reader of workbooks: every row of the contract's sheet a record, with its span in the sheet's XML.

A table as for CSV: the first row with a value is the header, empty rows are structure. What the
cells mean is `xlsx_cells.py`, their spans `xlsx_rows.py`; `readers.py` chooses the reader.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from data_quality.contract import Contract, Field
from orchestration.admission.headers import Layout, find_layout
from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.records import MAX_RECORD_BYTES, Physical
from orchestration.admission.unpack import MAX_RATIO, RATIO_FREE_BYTES, Member
from orchestration.admission.xlsx_book import Book
from orchestration.admission.xlsx_cells import CellReader, Moment, Value
from orchestration.admission.xlsx_rows import Row, Sheet, column_name, read_sheet


def read_xlsx(contract: Contract, member: Member) -> Iterator[Physical]:
    """Yield the physical spans of one sheet, tiling its XML from first to last byte."""
    if isinstance(member.book, Problem):
        yield Physical(member.base, member.base + member.size, 1, problem=member.book)
        return
    table = _Table(contract, member, member.book)
    if table.problem is not None:
        yield Physical(member.base, member.base + member.size, 1, problem=table.problem)
        return
    yield from table


class _Table:
    """The rows of one sheet under its header."""

    def __init__(self, contract: Contract, member: Member, book: Book) -> None:
        self._contract, self._member = contract, member
        self._reader: CellReader = book.cells
        sheet = read_sheet(bytes(member.data))
        self._rows = sheet.rows
        self._merged = _Merged(sheet)
        self._left = max(RATIO_FREE_BYTES, MAX_RATIO * len(book.original))
        self._layout: Layout | None = None
        self.problem = sheet.problem or self._open()

    def _open(self) -> Problem | None:
        """Find the header; return why there is no table (None: there is one)."""
        first = next((at for at, row in enumerate(self._rows) if _has_value(row)), None)
        if first is None:
            return Problem(Reason.EMPTY_DELIVERY, detail="the sheet has no value in it")
        self._first = first
        header = self._rows[first]
        cells = self._values(header)
        if isinstance(cells, Problem):
            return Problem(Reason.UNKNOWN_HEADER, detail="the header row is damaged")
        names = [str(one).strip() if isinstance(one, str) else "" for one in cells]
        while names and not names[-1]:
            names.pop()
        # Every column has a name of its own; one without a name in the header is nobody's.
        names = [name or f"({column_name(at)})" for at, name in enumerate(names)]
        base = self._member.base
        layout = find_layout(self._contract, names, (base + header.start, base + header.end))
        if isinstance(layout, Problem):
            return layout
        self._layout = layout
        if not any(_has_value(row) for row in self._rows[first + 1 :]):
            return Problem(Reason.HEADER_ONLY, detail="a header and no record")
        return self._repeated_texts()

    def _repeated_texts(self) -> Problem | None:
        """Refuse a sheet that names few long texts very often: it would fill the disk."""
        value = self._reader.value
        total = 0
        for row in self._rows:
            for cell in row.cells:
                if cell.kind == "s" and isinstance(text := value(cell), str):
                    total += len(text)
            if total > self._left:
                detail = f"its texts are more than {MAX_RATIO} times the size of the file"
                return Problem(Reason.ARCHIVE_LIMIT, detail=detail)
        return None

    def __iter__(self) -> Iterator[Physical]:
        layout = self._layout
        assert layout is not None  # noqa: S101 - asked for only without a problem
        base, position = self._member.base, 0
        rows = self._rows
        for at in range(self._first + 1, len(rows)):
            row = rows[at]
            rows[at] = row._replace(cells=())  # its values live on in the record
            if not _has_value(row):
                continue
            item = self._record(row, layout)
            if _is_empty(item):
                continue
            if row.start > position:
                yield Physical(base + position, base + row.start, row.number, is_record=False)
            yield item
            position = row.end
        yield Physical(base + position, base + self._member.size, self._rows[-1].number, is_record=False)

    def _record(self, row: Row, layout: Layout) -> Physical:
        base = self._member.base
        item = Physical(base + row.start, base + row.end, row.number, True, layout.entity.name)
        item.header = layout.span
        if row.end - row.start > MAX_RECORD_BYTES:
            size = f"{row.end - row.start} bytes, at most {MAX_RECORD_BYTES}"
            item.problem = Problem(Reason.RECORD_TOO_LARGE, detail=size)
            return item
        if self._merged.covers(row.number):
            item.problem = Problem(Reason.MERGED_CELLS, detail="a merged cell reaches into the row")
            return item
        cells = self._values(row, len(layout.columns))
        if isinstance(cells, Problem):
            item.problem = cells
            return item
        item.problem, item.values = _fitted(layout.entity.fields, layout.pick(cells))
        if layout.extras:
            item.extra = {name: _plain(cells[at]) for name, at in layout.extras}
        return item

    def _values(self, row: Row, width: int | None = None) -> list[Any] | Problem:
        """Return the values of a row by column, or why they have no place."""
        wide = width if width is not None else max((one.column for one in row.cells), default=-1) + 1
        values: list[Any] = [None] * wide
        value = self._reader.value
        last = -1
        for cell in row.cells:
            at = cell.column
            if at <= last:
                return Problem(Reason.TOO_MANY_FIELDS, detail="two cells stand in one place")
            last = at
            if at < wide:
                values[at] = value(cell)
            elif (cell.text or "").strip():
                return Problem(
                    Reason.TOO_MANY_FIELDS, detail=f"column {column_name(at)} has no name in the header"
                )
        return values


def _fitted(fields: Sequence[Field], values: Sequence[Any]) -> tuple[Problem | None, Sequence[Any] | None]:
    """Return the values as texts of their fields, or the first that is damaged."""
    out = []
    for one, value in zip(fields, values, strict=True):
        if value is None or type(value) is str:
            out.append(value)
        elif isinstance(value, Moment):
            out.append(_written(one, value))
        elif isinstance(value, Problem):
            return Problem(value.reason, one.name, value.detail), None
        else:  # a `Number`
            out.append(value.replace(".", ",") if one.decimal_comma else str(value))
    return None, out


def _has_value(row: Row) -> bool:
    return any(cell.has_formula or (cell.text or "").strip() for cell in row.cells)


def _is_empty(item: Physical) -> bool:
    """Tell a row whose formulas give nothing: it is no record."""
    if item.problem is not None or any(one not in (None, "") for one in item.values or ()):
        return False
    return not any((item.extra or {}).values())


def _written(one: Field, value: Moment) -> str:
    """Return a moment as the field's contract writes it; nothing of it is cut off."""
    at, form = value.at, one.date_format
    # What the format has no place for is left in, so that the contract refuses it.
    if form is not None and at == datetime.strptime(at.strftime(form), form):  # noqa: DTZ007
        return at.strftime(form)
    return _plain_moment(value, with_time=one.type == "datetime")


def _plain_moment(value: Moment, *, with_time: bool) -> str:
    at = value.at
    if not with_time and (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0):
        return at.date().isoformat()
    return at.isoformat(" ", "milliseconds" if at.microsecond else "seconds")


def _plain(value: Value) -> str:
    if isinstance(value, Moment):
        return _plain_moment(value, with_time=False)
    return f"({value.reason})" if isinstance(value, Problem) else value or ""


class _Merged:
    """Rows that merged cells reach into."""

    def __init__(self, sheet: Sheet) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for first, last in sorted(sheet.merged):
            if self._ends and first <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], last)
            else:
                self._starts.append(first)
                self._ends.append(last)

    def covers(self, number: int) -> bool:
        """Tell whether a row has a part of a merged cell."""
        at = bisect_right(self._starts, number) - 1
        return at >= 0 and number <= self._ends[at]
