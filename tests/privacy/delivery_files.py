"""Rows of a contract as a delivery file in the contract's format: whole, or broken in ways no contract admits.

What stands in the rows is `canaries`' affair; here is only how a source system writes them down.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Any

from openpyxl import Workbook

Contract = dict[str, Any]
Rows = list[dict[str, Any]]
EPOCH = datetime(2026, 3, 1)  # noqa: DTZ001 - a separator line knows no zone


def whole(contract: Contract, rows: Rows) -> bytes:
    """Return a file of `rows` (source name → value); a dotted name is a place within an object."""
    return _WRITERS[contract["format"]](contract, rows)


def damaged(contract: Contract, rows: Rows) -> bytes:
    """Return a file that holds the values of some rows in places that no contract admits."""
    kind = contract["format"]
    if kind == "jsonl":
        return _damaged_lines(rows)
    if kind == "mbox":
        return b"".join(_mail(row | {"message_id": "", "date": ""}) for row in rows[:40])
    head, *cells = _cells(rows)
    shifted = [row[1:] for row in cells[:20]] + [[*row, "多出"] for row in cells[20:40]]
    moved = [row[::-1] for row in cells[40:60]]
    return _TABLES[kind](contract, [head, *shifted, *moved])


def _damaged_lines(rows: Rows) -> bytes:
    """Lines that end too early, and lines whose first value is an object."""
    lines = [json.dumps(_nested(row), ensure_ascii=False) for row in rows[:40]]
    cut = [line.rstrip("}") for line in lines[20:]]
    broken = [
        json.dumps(
            _nested(row) | {next(iter(row)).split(".")[0]: {"not": list(row.values())[1:4]}},
            ensure_ascii=False,
        )
        for row in rows[:20]
    ]
    return "".join(f"{line}\n" for line in (*cut, *broken)).encode()


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in row.items():
        *parents, last = name.split(".")
        place = result
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return result


def _lines(contract: Contract, rows: Rows) -> bytes:
    return "".join(json.dumps(_nested(row), ensure_ascii=False) + "\n" for row in rows).encode()


def _cells(rows: Rows) -> list[list[Any]]:
    return [list(rows[0]), *(list(row.values()) for row in rows)]


def _csv(contract: Contract, cells: Sequence[Sequence[Any]]) -> bytes:
    buffer = io.StringIO()
    delimiter = contract["csv"]["delimiter"]
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(cells)
    return buffer.getvalue().encode(contract["encoding"])


def _xlsx(contract: Contract, cells: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = contract["xlsx"]["sheet"]
    for row in cells:
        sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _mbox(contract: Contract, rows: Rows) -> bytes:
    return b"".join(map(_mail, rows))


def _mail(row: dict[str, Any]) -> bytes:
    """One letter of an mbox: the row's headers, its own words as text, a file beside them."""
    mail = EmailMessage(SMTPUTF8.clone(linesep="\n", max_line_length=998))
    headers = {
        "Message-ID": _message_id(row["message_id"]),
        "From": row["from"],
        "To": row["to"],
        "Date": row["date"] and datetime.fromisoformat(row["date"]).replace(tzinfo=UTC),
        "Subject": row["subject"],
        "In-Reply-To": _message_id(row["in_reply_to"]),
        "List-Unsubscribe": row["list_unsubscribe"],
    }
    for name, value in headers.items():
        if value:
            mail[name] = value
    mail.set_content(row["body_own"], cte="8bit")
    mail.add_attachment(b"-", maintype="image", subtype="png", filename=row["attachment_names"])
    mail.set_boundary("=_part_of_a_planted_mail_=")
    return f"From - {EPOCH:%a %b %d %H:%M:%S %Y}\n".encode() + mail.as_bytes() + b"\n"


def _message_id(value: str) -> str:
    """A message id is one word."""
    word = re.sub(r"[^\w.@-]", "", value)
    return f"<{word}>" if word else ""


_TABLES: dict[str, Callable[[Contract, Sequence[Sequence[Any]]], bytes]] = {"csv": _csv, "xlsx": _xlsx}
_WRITERS: dict[str, Callable[[Contract, Rows], bytes]] = {
    "jsonl": _lines,
    "mbox": _mbox,
    "csv": lambda contract, rows: _csv(contract, _cells(rows)),
    "xlsx": lambda contract, rows: _xlsx(contract, _cells(rows)),
}
