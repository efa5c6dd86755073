"""A workbook as received: is it one, is it safe, and which parts of it hold the contract's sheet.

Only the parts that are needed are unpacked, under the limits of `unpack.py`. What stands in the sheet
is `xlsx_reader.py`, what a cell means `xlsx_cells.py`. The format is ECMA-376 (SpreadsheetML).
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import IO
from xml.parsers import expat

from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.unpack import (
    MAX_MEMBERS,
    UNREADABLE,
    LimitError,
    Member,
    Opened,
    open_payload,
    plain_words,
    pour,
)
from orchestration.admission.xlsx_cells import DURATION, GENERAL, MAX_PLACES, MOMENT, PLACES, CellReader

_OLE_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP_MAGIC = b"PK\x03\x04"
_TYPES = "[Content_Types].xml"
_ZEROS = re.compile("0{2,15}")
# Formats a workbook knows by number alone, among them those of Chinese Excel (ECMA-376 18.8.30).
_BUILTIN_MOMENTS = frozenset((*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)))
_BUILTIN_DURATIONS = frozenset({46})


@dataclass(frozen=True)
class Book:
    """One sheet and what its cells need; `original` is the workbook as received."""

    sheet: str
    original: bytes
    shared: tuple[str, ...]
    styles: tuple[int, ...]
    is_1904: bool

    @cached_property
    def cells(self) -> CellReader:
        """What tells the meaning of its cells."""
        return CellReader(self.shared, self.styles, is_1904=self.is_1904)


class _RefusedError(Exception):
    """A file that is no workbook to be read; carries why."""

    def __init__(self, detail: str, reason: Reason = Reason.NOT_A_WORKBOOK) -> None:
        super().__init__(detail)
        self.problem = Problem(reason, detail=detail)


@contextmanager
def open_workbooks(path: Path, file_name: str, scratch: Path, sheet: str | None) -> Iterator[Opened]:
    """Open a landed workbook, or an archive of workbooks; members are the XML of the wanted sheet.

    `sheet` is the name of the sheet, None the first one. A workbook that cannot be read is a member
    of its own with its bytes as received and the problem in place of the book.
    """
    with path.open("rb") as file:
        head = file.read(8)
        is_archive = head[:2] == b"\x1f\x8b" or (head[:4] == _ZIP_MAGIC and not _is_workbook(file))
    if not is_archive:
        yield _in_a_row([_opened(file_name, path.read_bytes(), sheet)])
        return
    with open_payload(path, file_name, scratch) as opened:
        if opened.problem is not None:
            yield opened
            return
        yield _in_a_row([_opened(one.name, bytes(one.data[:]), sheet) for one in opened.members])


def _is_workbook(file: IO[bytes]) -> bool:
    """Tell a workbook from an archive; a damaged one is a workbook, so that it stays in one piece."""
    try:
        names = zipfile.ZipFile(file).namelist()
    except UNREADABLE:
        return True
    # A workbook that lost its table of contents is still no archive of workbooks.
    return _TYPES in names or any(one.startswith("xl/") for one in names)


def _in_a_row(members: list[Member]) -> Opened:
    placed, base = [], 0
    for one in members:
        placed.append(replace(one, base=base))
        base += one.size
    return Opened(tuple(placed), base)


def _opened(name: str, data: bytes, sheet: str | None) -> Member:
    try:
        xml, book = _read(data, sheet)
    except _RefusedError as refused:
        return Member(name, data, 0, len(data), refused.problem)
    except LimitError as error:
        return Member(name, data, 0, len(data), Problem(Reason.ARCHIVE_LIMIT, detail=str(error)))
    except UNREADABLE as error:
        problem = Problem(Reason.ARCHIVE_DAMAGED, detail=plain_words(error))
        return Member(name, data, 0, len(data), problem)
    return Member(name, xml, 0, len(xml), book)


def _read(data: bytes, wanted: str | None) -> tuple[bytes, Book]:
    if not data:
        raise _RefusedError("no data at all", Reason.EMPTY_DELIVERY)
    if data.startswith(_OLE_MAGIC):
        raise _RefusedError("is encrypted or an old .xls; .xlsx without a password is expected")
    if not data.startswith(_ZIP_MAGIC):
        raise _RefusedError("is no .xlsx file, whatever its name says")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = _Parts(archive, len(data))
        parts.check()
        main = parts.main()
        sheets, is_1904 = _sheets(parts.read(main), main)
        targets = _relations(parts.read(_relations_of(main)), main)
        name, target = _choose(sheets, targets, wanted)
        shared = next((path for kind, path in targets.values() if kind == "sharedStrings"), None)
        styles = next((path for kind, path in targets.values() if kind == "styles"), None)
        book = Book(
            name,
            data,
            () if shared is None else _shared_strings(parts.read(shared), shared),
            () if styles is None else _styles(parts.read(styles), styles),
            is_1904,
        )
        return parts.read(target), book


class _Parts:
    """The parts of a package, unpacked within limits."""

    def __init__(self, archive: zipfile.ZipFile, packed: int) -> None:
        self._archive, self._packed, self._total = archive, packed, 0
        self._names = archive.namelist()

    def check(self) -> None:
        """Refuse what is no plain workbook."""
        names = self._names
        if len(names) > MAX_MEMBERS:
            raise LimitError(f"{len(names)} parts, at most {MAX_MEMBERS} allowed")
        if len(set(names)) < len(names):
            raise _RefusedError("a part stands twice in the file")
        if any(one.lower().endswith("vbaproject.bin") for one in names):
            raise _RefusedError("contains macros; .xlsx without macros is expected")
        if "xl/workbook.bin" in names:
            raise _RefusedError("is a binary workbook (.xlsb); .xlsx is expected")
        if _TYPES not in names:
            raise _RefusedError("its table of contents is missing")

    def read(self, name: str) -> bytes:
        """Return one part (absent: no workbook)."""
        if name not in self._names:
            raise _RefusedError("a part that it names is missing")
        sink = io.BytesIO()
        with self._archive.open(name) as source:
            self._total += pour(source, sink, self._total, self._packed)
        return sink.getvalue()

    def main(self) -> str:
        """Return the name of the part that lists the sheets."""
        for kind, path in _relations(self.read("_rels/.rels"), "").values():
            if kind == "officeDocument":
                return path
        raise _RefusedError("holds no workbook")


def _relations_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _relations(xml: bytes, part: str) -> dict[str, tuple[str, str]]:
    """Return id → (kind, path of the part) of a list of relations."""
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if local(tag) == "Relationship" and attributes.get("TargetMode") != "External":
            target = posixpath.join("/", posixpath.dirname(part), attributes.get("Target", ""))
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, posixpath.normpath(target).lstrip("/"))

    _walk(xml, "relations", start)
    return found


def _sheets(xml: bytes, part: str) -> tuple[list[tuple[str, str]], bool]:
    """Return (name, relation id) of every sheet in order, and whether days count from 1904."""
    sheets: list[tuple[str, str]] = []
    flags: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        if name == "sheet":
            ids = [value for key, value in attributes.items() if local(key) == "id"]
            sheets.append((attributes.get("name", "").strip(), ids[-1] if ids else ""))
        elif name == "workbookPr":
            flags.append(attributes.get("date1904", "0"))

    _walk(xml, part, start)
    return sheets, any(one in ("1", "true", "on") for one in flags)


def _choose(
    sheets: list[tuple[str, str]], targets: dict[str, tuple[str, str]], wanted: str | None
) -> tuple[str, str]:
    for name, relation in sheets:
        kind, path = targets.get(relation, ("", ""))
        if kind == "worksheet" and wanted in (None, name):
            return name, path
    raise _RefusedError(
        "has no sheet with cells" if wanted is None else f"has no sheet {wanted}", Reason.UNKNOWN_SHEET
    )


def _shared_strings(xml: bytes, part: str) -> tuple[str, ...]:
    """Return the shared strings as stored: runs of rich text joined, phonetic hints left out."""
    strings: list[str] = []
    pieces: list[str] = []
    state = {"text": False, "hint": False}

    def start(tag: str, _attributes: dict[str, str]) -> None:
        name = local(tag)
        if name == "si":
            pieces.clear()
        elif name == "rPh":
            state["hint"] = True
        elif name == "t":
            state["text"] = not state["hint"]

    def end(tag: str) -> None:
        name = local(tag)
        if name == "si":
            strings.append("".join(pieces))
        elif name == "rPh":
            state["hint"] = False
        elif name == "t":
            state["text"] = False

    def text(data: str) -> None:
        if state["text"]:
            pieces.append(data)

    _walk(xml, part, start, end, text)
    return tuple(strings)


def _styles(xml: bytes, part: str) -> tuple[int, ...]:
    """Return per cell format what it makes of a number."""
    own: dict[str, str] = {}
    used: list[str] = []
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = local(tag)
        inside.append(name)
        if name == "numFmt" and inside[-2:-1] == ["numFmts"]:
            own[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and inside[-2:-1] == ["cellXfs"]:
            used.append(attributes.get("numFmtId", "0"))

    _walk(xml, part, start, lambda _: inside.pop())
    meanings = {one: _meaning(one, own.get(one)) for one in set(used)}
    return tuple(meanings[one] for one in used)


def _meaning(number: str, code: str | None) -> int:
    if code is None:
        known = int(number) if number.isdecimal() and len(number) < 6 else 0
        if known in _BUILTIN_DURATIONS:
            return DURATION
        return MOMENT if known in _BUILTIN_MOMENTS else GENERAL
    # Loaded here: only workbooks need it, and it is half a second.
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format

    if _ZEROS.fullmatch(code):  # codes of fixed length, such as 000123
        return PLACES + min(len(code), MAX_PLACES)
    if is_timedelta_format(code):
        return DURATION
    return MOMENT if is_date_format(code) else GENERAL


# -- XML ------------------------------------------------------------------------------------------


def local(tag: str) -> str:
    """Return a name without its namespace prefix."""
    return tag.rpartition(":")[2]


def new_parser() -> expat.XMLParserType:
    """Return a parser for UTF-8 without document types: those are a known bomb and never needed."""
    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise _RefusedError("has a document type declaration")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def parse(parser: expat.XMLParserType, xml: bytes, part: str) -> Problem | None:
    """Run a parser over a whole part; return why it is not sound XML (None: it is)."""
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        return Problem(Reason.NOT_A_WORKBOOK, detail=f"{part} is damaged in line {error.lineno}")
    except _RefusedError as refused:
        return refused.problem
    return None


def _walk(
    xml: bytes,
    part: str,
    start: Callable[[str, dict[str, str]], object],
    end: Callable[[str], object] | None = None,
    text: Callable[[str], object] | None = None,
) -> None:
    parser = new_parser()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    problem = parse(parser, xml, part)
    if problem is not None:
        raise _RefusedError(problem.detail)
