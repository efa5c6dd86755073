"""Headers of tables: which entity of the contract a row of column names is, and what fills its fields.

Here: what CSV and workbooks have in common. Cells and their bytes are `csv_reader.py`, `xlsx_reader.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from data_quality.contract import Contract, Entity, Field
from orchestration.admission.reasons import Problem, Reason
from orchestration.admission.records import one_of


@dataclass(frozen=True)
class Layout:
    """How the columns of one header fill the fields of one entity."""

    entity: Entity
    columns: tuple[str, ...]
    picks: tuple[int, ...]  # column of each contract field, -1 where the optional column is missing
    extras: tuple[tuple[str, int], ...]
    rivals: tuple[tuple[int, tuple[str, ...], tuple[int, ...]], ...]  # field, its columns, where they stand
    span: tuple[int, int] = (0, 0)
    straight: bool = False  # columns are exactly the fields in order

    def pick(self, cells: Sequence[str]) -> Sequence[Any]:
        """Return the cells in the order of the contract's fields."""
        if self.straight:
            return cells
        picked: list[Any] = [cells[index] if index >= 0 else None for index in self.picks]
        for at, names, indexes in self.rivals:
            picked[at] = one_of(names, [cells[index] for index in indexes])
        return picked

    def unlisted(self, cells: Sequence[str]) -> dict[str, str] | None:
        """Return the cells of the columns no field names."""
        return {column: cells[index] for column, index in self.extras} if self.extras else None


def find_layout(contract: Contract, cells: Sequence[str], span: tuple[int, int]) -> Layout | Problem:
    """Return the layout of a header row, or why it is none. Columns without a name are nobody's."""
    columns = tuple(cell.strip() for cell in cells)
    at = {column: index for index, column in enumerate(columns)}
    if len(at) < len(columns):
        return Problem(Reason.DUPLICATE_COLUMN, detail="a column name stands twice in the header")
    fitting = [one for one in contract.entities.values() if one.fits(at)]
    if not fitting:
        return _closest(contract, set(at))
    entity = max(fitting, key=lambda one: sum(item.is_in(at) for item in one.fields))
    present = [tuple(name for name in one.sources if name in at) for one in entity.fields]
    known = {name for names in present for name in names}
    picks = tuple(at[names[0]] if names else -1 for names in present)
    return Layout(
        entity,
        columns,
        picks,
        tuple((column, index) for column, index in at.items() if column not in known),
        tuple(
            (index, names, tuple(at[name] for name in names))
            for index, names in enumerate(present)
            if len(names) > 1
        ),
        span,
        picks == tuple(range(len(columns))),
    )


def _closest(contract: Contract, present: set[str]) -> Problem:
    def missing(one: Entity) -> list[Field]:
        return [item for item in one.required_fields if not item.is_in(present)]

    best = min(
        contract.entities.values(), key=lambda one: len(missing(one)) / max(1, len(one.required_fields))
    )
    gone = missing(best)
    if len(gone) * 2 > len(best.required_fields):
        return Problem(Reason.UNKNOWN_HEADER, detail="no entity of the contract has this header")
    return Problem(
        Reason.MISSING_COLUMN, gone[0].name, "missing: " + ", ".join(" or ".join(one.sources) for one in gone)
    )
