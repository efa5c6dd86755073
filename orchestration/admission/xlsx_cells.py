"""Cells of a workbook: what a stored value means under its number format.

Here: numbers, moments, truth values, texts and what is damage in one cell. Which parts a workbook has
is `xlsx_book.py`, which cells make a record `xlsx_reader.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from orchestration.admission.reasons import Problem, Reason

# Number formats of a cell as far as they change what its number means; above PLACES: so many digits.
GENERAL, MOMENT, DURATION, PLACES = 0, 1, 2, 2
MAX_PLACES = 15
# A workbook keeps 15 digits of a number; longer ones (identity cards, bank cards) have lost their end.
_FIRST_LOSSY = 1e15
_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook knows no zones
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - likewise
DAYS_1904 = 1462
_FIRST_SOUND_DAY = 61  # day 60 is 1900-02-29, which never was; before it days count from another epoch
_LAST_DAY = 2_958_466  # 10000-01-01
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z?)?")
_NEAR_SECOND = 5_000  # µs: what rounding of the stored fraction of a day can take away
_TRUTHS = {"1": "true", "true": "true", "0": "false", "false": "false"}


class Cell(NamedTuple):
    """One cell as stored: `kind` is its `t`, `style` an index of cell formats, `text` its raw value."""

    column: int
    kind: str
    style: int
    text: str | None
    has_formula: bool


class Moment(NamedTuple):
    """A cell that holds a moment, wall time of wherever the workbook was made."""

    at: datetime


class Number(str):
    """The text of a cell that holds a number, with a point before its decimals."""

    __slots__ = ()


Value = str | Moment | Problem | None


class CellReader:
    """Says what the cells of one workbook mean."""

    def __init__(self, shared: Sequence[str], styles: Sequence[int], *, is_1904: bool) -> None:
        """Take the shared strings (as stored), the meaning of each cell format and the date system."""
        self._shared = [unescaped(one) for one in shared]
        self._styles = styles
        self._is_1904 = is_1904

    def value(self, cell: Cell) -> Value:
        """Return a text, a moment, nothing, or why the cell cannot be read."""
        _, kind, _, text, has_formula = cell
        if text is None or text == "":
            # A formula may give an empty text, but then its cell says so.
            lost = has_formula and (text is None or kind != "str")
            return Problem(Reason.FORMULA_WITHOUT_VALUE) if lost else None
        if kind == "s":
            return self._shared_text(text)
        read = _READERS.get(kind)
        return self._number(text.strip(), self.style_of(cell)) if read is None else read(text)

    def style_of(self, cell: Cell) -> int:
        """Return what the cell's number format means (an unknown one means nothing)."""
        return self._styles[cell.style] if 0 <= cell.style < len(self._styles) else GENERAL

    def _shared_text(self, text: str) -> Value:
        at = text.strip()
        if at.isdecimal() and len(at) < 10 and int(at) < len(self._shared):
            return self._shared[int(at)]
        return Problem(Reason.CELL_ERROR, detail="the cell names a shared text that is not there")

    def _number(self, text: str, style: int) -> Value:
        if not _NUMBER.fullmatch(text):
            return Problem(Reason.INVALID_NUMBER, detail="the cell is a number without a number in it")
        number = float(text)
        if style == MOMENT:
            return _moment(number, is_1904=self._is_1904)
        if style == DURATION:
            return _duration(number)
        if abs(number) >= _FIRST_LOSSY:
            return Problem(Reason.PRECISION_LOST, detail="a number of more than 15 digits")
        if text.isdecimal() and text[0] != "0" and style <= PLACES:
            return Number(text)
        # As a workbook shows it: 0.30000000000000004 is 0.3.
        plain = format(Decimal(f"{number:.15g}"), "f")
        return Number(plain.zfill(style - PLACES) if style > PLACES and plain.isdecimal() else plain)


def _truth(text: str) -> Value:
    return _TRUTHS.get(text.strip().lower()) or Problem(Reason.INVALID_BOOLEAN)


def _error(_text: str) -> Value:
    return Problem(Reason.CELL_ERROR, detail="the cell holds an error such as #N/A")


def unescaped(text: str) -> str:
    """Replace `_xHHHH_`, by which a workbook writes characters that XML does not have."""
    if "_x" not in text or not _ESCAPED.search(text):
        return text
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    # Pairs of surrogates are one character; a lone one becomes a sign of damage, never an error later.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _moment(number: float, *, is_1904: bool) -> Value:
    if is_1904:
        if not 0 <= number < _LAST_DAY - DAYS_1904:
            return Problem(Reason.INVALID_TIME, detail="a day the calendar of a workbook does not have")
        return Moment(_plus(_EPOCH_1904, number))
    if 0 <= number < 1:
        return f"{_plus(_EPOCH_1900, number):%H:%M:%S}"
    if not _FIRST_SOUND_DAY <= number < _LAST_DAY:
        return Problem(Reason.INVALID_TIME, detail="a day the calendar of a workbook does not have")
    return Moment(_plus(_EPOCH_1900, number))


def _plus(epoch: datetime, days: float) -> datetime:
    whole = int(days)
    micros = round((days - whole) * 86_400_000_000)
    near = (micros + _NEAR_SECOND) // 1_000_000 * 1_000_000
    micros = near if abs(micros - near) <= _NEAR_SECOND else round(micros, -3)
    return epoch + timedelta(days=whole, microseconds=micros)


def _duration(days: float) -> Value:
    if abs(days) >= _LAST_DAY:
        return Problem(Reason.INVALID_TIME, detail="a duration of more than 8,000 years")
    seconds = round(abs(days) * 86_400)
    sign = "-" if days < 0 else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _iso_moment(text: str) -> Value:
    if _ISO.fullmatch(text.strip()):
        try:
            return Moment(datetime.fromisoformat(text.strip()[:26].removesuffix("Z")))
        except ValueError:
            pass
    return Problem(Reason.INVALID_TIME, detail="a date cell without a date")


# By the type of a cell; those of type `n`, and of one nobody knows, have to be numbers.
_READERS: dict[str, Callable[[str], Value]] = {
    "inlineStr": unescaped, "str": unescaped, "b": _truth, "e": _error, "d": _iso_moment,
}  # fmt: skip
