"""Strict CSV reader over bytes: one physical record after another, each with its span.

RFC 4180 with the contract's delimiter and encoding; nothing is guessed. A quote that never closes
costs its own line, not the good lines after it. `readers.py` chooses the reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from data_quality.contract import Contract
from orchestration.admission.characters import looks_like_utf8
from orchestration.admission.headers import Layout, find_layout
from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.records import MAX_RECORD_BYTES, Physical
from orchestration.admission.unpack import Member

_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_OTHER_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"')

# Says whether the fields of a line make a valid record by the contract (None: it cannot tell).
LineJudge = Callable[[str, Sequence[Any]], bool]


class _Open(Exception):  # noqa: N818 - a state of the scanner, not an error
    """The text ends inside a quoted field."""


class _Stray(Exception):  # noqa: N818 - likewise
    """A quote stands where none may."""


@dataclass(frozen=True)
class _Line:
    start: int
    end: int
    body: bytes  # without its line end
    terminated: bool


class CsvReader:
    """Reads one member of a CSV delivery."""

    def __init__(self, contract: Contract, member: Member, judge: LineJudge) -> None:
        self._contract = contract
        self._member = member
        self._judge = judge
        self._delimiter = contract.delimiter
        self._encoding = contract.encoding
        self._line_no = 0
        self._pushed: list[_Line] = []
        self._position = 0
        self._newline = b"\n"

    def __iter__(self) -> Iterator[Physical]:
        """Yield spans in order; a member that cannot be read at all is one quarantined record."""
        whole = self._whole_problem()
        if whole is None:
            header, layout, whole = self._read_header()
        if whole is not None or layout is None:
            yield self._everything(whole or Problem(Reason.UNKNOWN_HEADER))
            return
        yield Physical(self._base(0), self._base(header.end), 1, is_record=False)
        count = 0
        held: list[Physical] = []  # structure after the header, until a first record shows up
        for item in self._body(layout):
            count += item.is_record
            if count == 0:
                held.append(item)
                continue
            yield from held
            held = []
            yield item
        if count == 0:
            raise _HeaderOnly

    def _base(self, offset: int) -> int:
        return self._member.base + offset

    def _everything(self, problem: Problem) -> Physical:
        return Physical(self._base(0), self._base(self._member.size), 1, problem=problem)

    def _whole_problem(self) -> Problem | None:
        head = bytes(self._member.data[:4096])
        if not head.strip(b"\xef\xbb\xbf \t\r\n") and self._is_blank():
            return Problem(Reason.EMPTY_DELIVERY, detail="no data at all")
        if head.startswith(_UTF16_BOMS) or (b"\x00" in head and self._is_utf16(head)):
            return Problem(
                Reason.WRONG_ENCODING, detail=f"looks like UTF-16, the contract says {self._encoding}"
            )
        if self._member.data.find(b"\n") < 0 and b"\r" in head:
            self._newline = b"\r"
        return None

    def _is_utf16(self, head: bytes) -> bool:
        if head.count(b"\x00") * 3 > len(head):
            return True
        for encoding in ("utf-16-le", "utf-16-be"):
            first = head.decode(encoding, "ignore").partition("\n")[0].rstrip("\r")
            if self._fits(first.encode("utf-8", "ignore"), "utf-8", self._delimiter):
                return True
        return False

    def _is_blank(self) -> bool:
        return not bytes(self._member.data[:]).strip(b"\xef\xbb\xbf \t\r\n")

    def _next_line(self) -> _Line | None:
        if self._pushed:
            self._line_no += 1
            return self._pushed.pop()
        start = self._position
        if start >= self._member.size:
            return None
        found = self._member.data.find(self._newline, start)
        end = self._member.size if found < 0 else found + 1
        self._position = end
        self._line_no += 1
        # An oversized line is refused by its length; its body need not be in memory.
        body = bytes(self._member.data[start : min(end, start + MAX_RECORD_BYTES + 2)])
        return _Line(start, end, body.rstrip(b"\r\n") if found >= 0 else body, found >= 0)

    def _read_header(self) -> tuple[_Line, Layout | None, Problem | None]:
        line = self._next_line()
        while line is not None and not line.body.removeprefix(_BOM).strip():
            line = self._next_line()
        if line is None:
            return _Line(0, 0, b"", False), None, Problem(Reason.EMPTY_DELIVERY)
        body = line.body.removeprefix(_BOM)
        try:
            cells = scan(body.decode(self._encoding), self._delimiter)
        except UnicodeDecodeError:
            return line, None, self._header_encoding(body)
        except (_Open, _Stray):
            return line, None, Problem(Reason.UNKNOWN_HEADER, detail="the header has a damaged quote")
        problem, layout = self._layout(cells, line)
        if problem and problem.reason is Reason.UNKNOWN_HEADER:
            problem = self._better_reason(body, problem)
        return line, layout, problem

    def _layout(self, cells: Sequence[str], line: _Line) -> tuple[Problem | None, Layout | None]:
        start = line.start + (len(_BOM) if line.body.startswith(_BOM) else 0)
        found = find_layout(self._contract, cells, (self._base(start), self._base(line.end)))
        return (found, None) if isinstance(found, Problem) else (None, found)

    def _better_reason(self, body: bytes, problem: Problem) -> Problem:
        if looks_like_utf8(body) and self._encoding != "utf-8" and self._fits(body, "utf-8", self._delimiter):
            return Problem(Reason.WRONG_ENCODING, detail=f"is UTF-8, the contract says {self._encoding}")
        for delimiter in _OTHER_DELIMITERS.replace(self._delimiter, ""):
            if self._fits(body, self._encoding, delimiter):
                name = "tab" if delimiter == "\t" else delimiter
                return Problem(
                    Reason.WRONG_DELIMITER, detail=f"delimiter is {name}, the contract says {self._delimiter}"
                )
        return problem

    def _header_encoding(self, body: bytes) -> Problem:
        for encoding in ("utf-8", "gb18030"):
            if encoding != self._encoding and self._fits(body, encoding, self._delimiter):
                return Problem(
                    Reason.WRONG_ENCODING, detail=f"is {encoding}, the contract says {self._encoding}"
                )
        return Problem(Reason.INVALID_ENCODING, detail=f"the header is not {self._encoding}")

    def _fits(self, body: bytes, encoding: str, delimiter: str) -> bool:
        try:
            present = {cell.strip() for cell in scan(body.decode(encoding), delimiter)}
        except (UnicodeDecodeError, _Open, _Stray):
            return False
        return any(one.fits(present) for one in self._contract.entities.values())

    def _body(self, layout: Layout) -> Iterator[Physical]:
        width, delimiter, encoding = len(layout.columns), self._delimiter, self._encoding
        watch_utf8 = encoding != "utf-8"
        name, span, base = layout.entity.name, layout.span, self._member.base
        while (line := self._next_line()) is not None:
            body = line.body
            # Fast path: short, no quote, no NUL, right width.
            if b'"' not in body and len(body) < MAX_RECORD_BYTES and b"\x00" not in body:
                if not body.strip():
                    yield Physical(base + line.start, base + line.end, self._line_no, is_record=False)
                    continue
                try:
                    cells = body.decode(encoding).split(delimiter)
                except UnicodeDecodeError:
                    cells = []
                if len(cells) == width and not (watch_utf8 and not body.isascii() and looks_like_utf8(body)):
                    yield Physical(
                        base + line.start, base + line.end, self._line_no, True, name,
                        layout.pick(cells), layout.unlisted(cells), None, span,
                        None if line.terminated else layout.columns[-1],
                    )  # fmt: skip
                    continue
            yield self._careful(line, layout)

    def _careful(self, line: _Line, layout: Layout) -> Physical:
        line_no = self._line_no
        if line.end - line.start > MAX_RECORD_BYTES:
            return self._bad(line, layout, line_no, Problem(Reason.RECORD_TOO_LARGE, detail=_size(line)))
        outcome = self._cells(line.body, len(layout.columns))
        if outcome == "open":
            joined = self._join(line, layout)
            if joined is None:
                reason = Reason.UNCLOSED_QUOTE if line.terminated else Reason.TRUNCATED_RECORD
                return self._bad(line, layout, line_no, Problem(reason))
            line, outcome = joined
        if isinstance(outcome, Problem):
            if not line.terminated and outcome.reason in _CUT_REASONS:
                outcome = Problem(Reason.TRUNCATED_RECORD, detail="the last line ends early")
            return self._bad(line, layout, line_no, outcome)
        return Physical(
            self._base(line.start), self._base(line.end), line_no, True, layout.entity.name,
            layout.pick(outcome), layout.unlisted(outcome), None, layout.span,
            None if line.terminated else layout.columns[-1],
        )  # fmt: skip

    def _bad(self, line: _Line, layout: Layout, line_no: int, problem: Problem) -> Physical:
        return Physical(
            self._base(line.start), self._base(line.end), line_no, True, layout.entity.name,
            None, None, problem, layout.span,
        )  # fmt: skip

    def _cells(self, body: bytes, width: int) -> list[str] | Problem | str:
        """Return the cells, a problem, or "open" when a quoted field is still open at the end."""
        problem = None
        if b"\x00" in body:
            problem = Problem(Reason.NUL_CHARACTER, detail=f"byte {body.index(0) + 1} of the record")
        try:
            text = body.decode(self._encoding)
        except UnicodeDecodeError as error:
            detail = f"not {self._encoding} at byte {error.start + 1} of the record"
            problem = problem or Problem(Reason.INVALID_ENCODING, detail=detail)
            text = body.decode(self._encoding, "replace")
        try:
            cells = scan(text, self._delimiter)
        except _Open:
            return "open"
        except _Stray:
            return problem or Problem(Reason.STRAY_QUOTE)
        return problem or self._shape(body, text, cells, width) or cells

    def _shape(self, body: bytes, text: str, cells: list[str], width: int) -> Problem | None:
        if self._encoding != "utf-8" and not body.isascii() and looks_like_utf8(body):
            return Problem(Reason.WRONG_ENCODING, detail=f"is UTF-8, the contract says {self._encoding}")
        if len(cells) == width:
            return None
        for delimiter in _OTHER_DELIMITERS.replace(self._delimiter, ""):
            if len(cells) == 1 and width > 1 and text.count(delimiter) == width - 1:
                return Problem(Reason.WRONG_DELIMITER, detail=f"the contract says {self._delimiter}")
        reason = Reason.TOO_FEW_FIELDS if len(cells) < width else Reason.TOO_MANY_FIELDS
        return Problem(reason, detail=f"{len(cells)} fields, the header has {width}")

    def _join(self, first: _Line, layout: Layout) -> tuple[_Line, list[str] | Problem] | None:
        """Join lines until the quote closes; None when the first line has to stand alone.

        By RFC 4180 a record ends with the first line at which the count of quotes is even. If it does
        not parse there, or if a line inside is a valid record by itself, the quote is damage: the
        first line is given up and reading goes on behind it. (A text that quotes a whole valid row of
        its own export on a line of its own would be split, too; losing rows silently is worse.)
        """
        lines = [first]
        odd = first.body.count(b'"') % 2
        while odd:
            line = self._next_line()
            if line is None or line.end - first.start > MAX_RECORD_BYTES:
                self._give_back(lines + ([line] if line else []))
                return None
            lines.append(line)
            odd ^= line.body.count(b'"') % 2
        last = lines[-1]
        cut = len(last.body) - (last.end - last.start)
        raw = bytes(self._member.data[first.start : last.end])
        body = raw[:cut] if cut else raw
        outcome = self._cells(body, len(layout.columns))
        broken = isinstance(outcome, str) or (
            isinstance(outcome, Problem) and outcome.reason in _SHAPE_REASONS
        )
        if broken or any(self._stands_alone(line, layout) for line in lines[1:]):
            self._give_back(lines)
            return None
        assert not isinstance(outcome, str)  # noqa: S101 - excluded by `broken`
        return _Line(first.start, last.end, body, last.terminated), outcome

    def _give_back(self, lines: list[_Line]) -> None:
        later = lines[1:]
        self._pushed.extend(reversed(later))
        self._line_no -= len(later)

    def _stands_alone(self, line: _Line, layout: Layout) -> bool:
        outcome = self._cells(line.body, len(layout.columns))
        return isinstance(outcome, list) and self._judge(layout.entity.name, layout.pick(outcome))


class _HeaderOnly(Exception):  # noqa: N818 - told apart by `read_csv`
    """There is a header and nothing else."""


_CUT_REASONS = frozenset(
    {Reason.TOO_FEW_FIELDS, Reason.INVALID_ENCODING, Reason.STRAY_QUOTE, Reason.UNCLOSED_QUOTE}
)
# Too many fields is no sign of a lost quote: a quote that swallows delimiters leaves fewer.
_SHAPE_REASONS = frozenset({Reason.STRAY_QUOTE, Reason.TOO_FEW_FIELDS, Reason.WRONG_DELIMITER})


def read_csv(contract: Contract, member: Member, judge: LineJudge) -> Iterator[Physical]:
    """Yield the physical spans of one CSV member, tiling it from first to last byte."""
    started = False
    kept: Physical | None = None
    try:
        for item in CsvReader(contract, member, judge):
            if kept is None and not started and not item.is_record:
                kept = item  # the header: with nothing behind it the member is one finding
                continue
            if kept is not None:
                yield kept
                kept = None
            started = True
            yield item
    except _HeaderOnly:
        problem = Problem(Reason.HEADER_ONLY, detail="a header and no record")
        yield Physical(member.base, member.base + member.size, 1, problem=problem)


def scan(text: str, delimiter: str) -> list[str]:
    """Split one record into cells, strictly (raises `_Open` or `_Stray`)."""
    cells: list[str] = []
    position, size = 0, len(text)
    while True:
        if position < size and text[position] == '"':
            match = _QUOTED.match(text, position)
            if match is None:
                raise _Open
            cells.append(match[1].replace('""', '"'))
            end = match.end()
            if end < size and text[end] != delimiter:
                raise _Stray
        else:
            end = text.find(delimiter, position)
            end = size if end < 0 else end
            cell = text[position:end]
            if '"' in cell:
                raise _Stray
            cells.append(cell)
        if end >= size:
            return cells
        position = end + 1


def _size(line: _Line) -> str:
    return f"{line.end - line.start} bytes, at most {MAX_RECORD_BYTES}"


__all__ = ["CsvReader", "LineJudge", "read_csv", "scan"]
